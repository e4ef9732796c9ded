"""The operators' desk: what may be done to a running server by word. Every deed is checked, done, and written down with its author.

Rule: the parts know nothing of each other and hang themselves in here; what is not configured is not there. Nothing of this
touches what is decided: devices, exchanges and recipients are the server's, not the World's.
"""

from collections.abc import Sequence
from typing import Protocol

from gateways.outward.parking import Parking
from gateways.upkeep.books import Books
from gateways.upkeep.views import DeviceView, ExchangeView, ReloadView, StrangerView


class NotDone(Exception):
    """It was not done, and nothing has changed. The message says why and what to do."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.field, self.reason = code, field, reason


class Devices(Protocol):
    """Which device rides on which unit."""

    def views(self) -> Sequence[DeviceView]:
        """Return every device, in the order of its name."""

    def strangers(self) -> Sequence[StrangerView]:
        """Return those that send and are on no roster, latest first."""

    async def move(self, device: str, unit: str | None, by: str, reason: str) -> DeviceView:
        """Put it on this unit, or on none, whatever the list says. Raises NotDone."""

    async def restore(self, device: str) -> DeviceView:
        """Let the list say again what it rides on. Raises NotDone."""


class Exchange(Protocol):
    """Somebody whom we tell, or follow."""

    name: str
    parking: Parking
    last: str

    @property
    def head(self) -> str | None:
        """Id of what is being sent."""

    @property
    def behind(self) -> int | None:
        """Turns that it has not been told of."""

    def leave_out(self, key: str) -> bool:
        """Go on behind what is being sent under this id; False if that is not being sent."""


class Recipients(Protocol):
    """Who is told of alerts."""

    async def reload(self) -> ReloadView:
        """Read the table again. Raises NotDone where it does not hold; the old one stands then."""


class Desk:
    """One per process."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.devices: Devices | None = None
        self.recipients: Recipients | None = None
        self.exchanges: dict[str, Exchange] = {}

    async def move_device(self, device: str, unit: str | None, by: str, reason: str) -> DeviceView:
        """Put a device on a unit, or on none. Raises NotDone."""
        moved = await self.the_devices().move(device, unit, by, reason)
        await self.books.operated(by, "device_moved", device=device, unit=unit, listed=moved.listed, reason=reason)
        return moved

    async def restore_device(self, device: str, by: str, reason: str) -> DeviceView:
        """Let the list say again what a device rides on. Raises NotDone."""
        restored = await self.the_devices().restore(device)
        await self.books.operated(by, "device_restored", device=device, unit=restored.unit, reason=reason)
        return restored

    def the_devices(self) -> Devices:
        """Return the devices. Raises NotDone where there are none."""
        if self.devices is None:
            raise NotDone("unavailable", "", "This server takes no positions.")
        return self.devices

    async def reload_recipients(self, by: str, reason: str) -> ReloadView:
        """Read the table of recipients again. Raises NotDone, and then the old one stands."""
        if self.recipients is None:
            raise NotDone(
                "unavailable", "", "This server has no table of recipients ([recipients] in its configuration)."
            )
        told = await self.recipients.reload()
        await self.books.operated(
            by, "recipients_reloaded", added=told.added, changed=told.changed, removed=told.removed, reason=reason
        )
        return told

    def views_of_exchanges(self) -> list[ExchangeView]:
        """Return how it stands with each."""
        return [_view(each) for each in self.exchanges.values()]

    async def park(self, name: str, by: str, reason: str) -> ExchangeView:
        """Leave it alone from now on. Raises NotDone."""
        exchange = self._exchange(name)
        if exchange.parking.parked is not None:
            raise NotDone("already_parked", "exchange", f"{name} is parked already, by {exchange.parking.parked.by}.")
        try:
            await exchange.parking.park(by, reason)
        except OSError as error:
            raise _unwritten(error) from error
        await self.books.operated(by, "exchange_parked", exchange=name, reason=reason)
        return _view(exchange)

    async def resume(self, name: str, by: str, reason: str) -> ExchangeView:
        """Go on with it, where it stopped. Raises NotDone."""
        exchange = self._exchange(name)
        if exchange.parking.parked is None:
            raise NotDone("not_parked", "exchange", f"{name} is not parked.")
        try:
            await exchange.parking.resume()
        except OSError as error:
            raise _unwritten(error) from error
        await self.books.operated(by, "exchange_resumed", exchange=name, reason=reason)
        return _view(exchange)

    async def skip(self, name: str, key: str, by: str, reason: str) -> ExchangeView:
        """Leave out what is being sent there under this id, and go on behind it. Raises NotDone."""
        exchange = self._exchange(name)
        head = exchange.head
        if head is None or head != key:
            now = "nothing is being sent there" if head is None else f"what is being sent is {head}"
            raise NotDone("not_the_head", "head", f"{key[:80]} is not what is being sent to {name}: {now}.")
        await self.books.operated(by, "exchange_skipped", exchange=name, id=key, reason=reason)
        if not exchange.leave_out(key):
            raise NotDone(
                "not_the_head", "head", f"{key[:80]} has been taken by {name} meanwhile: nothing was left out."
            )
        return _view(exchange)

    def _exchange(self, name: str) -> Exchange:
        found = self.exchanges.get(name)
        if found is None:
            there = ", ".join(self.exchanges) or "none"
            raise NotDone("unknown_exchange", "exchange", f"There is no exchange {name[:80]!r}. There are: {there}.")
        return found


def _view(exchange: Exchange) -> ExchangeView:
    parked = exchange.parking.parked
    return ExchangeView(
        exchange=exchange.name,
        parked_by="" if parked is None else parked.by,
        reason="" if parked is None else parked.reason,
        parked_ms=None if parked is None else parked.at_ms,
        behind=exchange.behind,
        head=exchange.head,
        last=exchange.last,
    )


def _unwritten(error: OSError) -> NotDone:
    return NotDone("not_written", "", f"It could not be written down ({error.strerror}), so nothing was done.")
