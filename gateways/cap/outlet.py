"""One receiver of what we publish: every message, in order, signed, until it has been taken, or a person has it left out."""

import time
from collections import Counter
from pathlib import Path

from gateways.cap.alert import CapAlert
from gateways.cap.press import Press
from gateways.cap.writing import write_alert
from gateways.log import logger
from gateways.outward.carrier import Carrier, carrying
from gateways.outward.feed import Receiver
from gateways.outward.parking import Parking
from gateways.outward.signature import key_of, signed_headers

CAP = "application/cap+xml"
_log = logger("cap")


class Outlet:
    """Serves one receiver; one that hangs costs nobody else anything."""

    def __init__(self, name: str, receiver: Receiver, press: Press, data: Path) -> None:
        """Go on where it stood. Raises PositionDamaged, OSError."""
        self.counts: Counter[str] = Counter()
        self.name = f"cap-out-{name}"
        self.parking = Parking(data, self.name)
        self.head: str | None = None
        """Identifier of what is being sent, until it has been taken."""
        self.last = ""
        """What went wrong last."""
        self._left_out: str | None = None
        self._name = name
        self._receiver = receiver
        self._press = press
        self._keys = [key_of(secret) for secret in receiver.secrets]
        self._number = press.sent(name)

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)

    def levels(self) -> dict[str, int]:
        """Return how it stands now."""
        return {"waiting": self.behind, "parked": int(self.parking.parked is not None)}

    @property
    def behind(self) -> int:
        """Messages that it has not taken."""
        return len(self._press.messages(self._number))

    def leave_out(self, key: str) -> bool:
        """Go on behind the message of this identifier, as if it had been taken; False if it is not being sent."""
        if self.head is None or key != self.head:
            return False
        self._left_out = key
        self.parking.tell()
        return True

    async def run(self) -> None:
        """Serve until cancelled."""
        to = self._receiver
        async with carrying(to.url, allow_private=to.allow_private, timeout_s=to.timeout_s) as carrier:
            while True:
                news = self._press.news
                while self._press.message(self._number) is not None:
                    await self._deliver(carrier)
                    self._number += 1
                    await self._keep()
                await news.wait()

    async def _deliver(self, carrier: Carrier) -> None:
        """Send the next message until it has been taken, or is left out."""
        try:
            await self._insist(carrier)
        finally:
            self.head = self._left_out = None

    async def _insist(self, carrier: Carrier) -> None:
        wait_s = self._receiver.retry_s
        # Read anew for each attempt: its words may be forgotten while the receiver is away.
        while (alert := self._press.message(self._number)) is not None:
            self.head = alert.identifier
            if self._left_out == self.head:
                self.counts["left_out"] += 1
                _log.warning("an alert of ours is left out, by a person's word", receiver=self._name, alert=self.head)
                return
            if self.parking.parked is None and await self._taken(carrier, alert):
                return
            if self._left_out != self.head:
                await self.parking.rest(wait_s)
            wait_s = min(2 * wait_s, self._receiver.retry_max_s)

    async def _taken(self, carrier: Carrier, alert: CapAlert) -> bool:
        """Send it once; tell whether it was taken."""
        body = write_alert(alert)
        headers = signed_headers(self._keys, alert.identifier, int(time.time()), body)
        answer = await carrier.ask("POST", body, {**headers, "content-type": CAP})
        if answer.good:
            self.counts["sent"] += 1
            self.parking.accepted()
            return True
        self.counts["failed"] += 1
        self.last = answer.refusal()
        _log.warning("an alert of ours was not taken; it is tried again", receiver=self._name, why=self.last)
        if answer.refuses:
            await self.parking.refused(self._receiver.park_after_s, self.last)
        return False

    async def _keep(self) -> None:
        try:
            await self._press.take_sent(self._name, self._number)
        except OSError as error:
            self.counts["unwritten"] += 1
            _log.warning("what a receiver has taken cannot be written down; it may be sent again", detail=str(error))
