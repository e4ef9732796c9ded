"""One receiver of what we publish: every message, in order, signed, until it has been taken."""

import time
from collections import Counter

import trio

from gateways.cap.press import Press
from gateways.cap.writing import write_alert
from gateways.log import logger
from gateways.outward.carrier import Carrier, carrying
from gateways.outward.feed import Receiver
from gateways.outward.signature import key_of, signed_headers

CAP = "application/cap+xml"
_log = logger("cap")


class Outlet:
    """Serves one receiver; one that hangs costs nobody else anything."""

    def __init__(self, name: str, receiver: Receiver, press: Press) -> None:
        self.counts: Counter[str] = Counter()
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
        return {"waiting": len(self._press.messages(self._number))}

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
        """Send the next message until it has been taken."""
        wait_s = self._receiver.retry_s
        # Read anew for each attempt: its words may be forgotten while the receiver is away.
        while (alert := self._press.message(self._number)) is not None:
            body = write_alert(alert)
            headers = signed_headers(self._keys, alert.identifier, int(time.time()), body)
            answer = await carrier.ask("POST", body, {**headers, "content-type": CAP})
            if answer.good:
                self.counts["sent"] += 1
                return
            self.counts["failed"] += 1
            _log.warning("an alert of ours was not taken; it is tried again", receiver=self._name, why=answer.refusal())
            await trio.sleep(wait_s)
            wait_s = min(2 * wait_s, self._receiver.retry_max_s)

    async def _keep(self) -> None:
        try:
            await self._press.take_sent(self._name, self._number)
        except OSError as error:
            self.counts["unwritten"] += 1
            _log.warning("what a receiver has taken cannot be written down; it may be sent again", detail=str(error))
