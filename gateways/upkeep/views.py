"""How what operators look after is shown: devices, exchanges with others, and what a new table of recipients has changed."""

from msgspec import Struct


class DeviceView(Struct, frozen=True, kw_only=True):
    """A device of the roster, or one that was taken off it by word."""

    device: str
    unit: str | None
    """What it moves; None: nothing, by an operator's word."""
    listed: str | None
    """What the list of devices says that it moves; None: it is not listed."""
    moved_by: str = ""
    """Whose word stands above the list; empty: nobody's."""
    reason: str = ""
    moved_ms: int | None = None
    """When that was said, in milliseconds since the epoch."""
    seen_ms: int | None = None
    """When anything last came from it, believed or not; None: nothing since the start."""


class StrangerView(Struct, frozen=True, kw_only=True):
    """A device that sends and is on no roster."""

    device: str
    first_seen_ms: int
    last_seen_ms: int
    times: int


class ExchangeView(Struct, frozen=True, kw_only=True):
    """Somebody whom we tell, or follow: a subscription, an alarm company, a neighbour."""

    exchange: str
    parked_by: str
    """By whose word it is left alone (`turnout`: it has refused for as long as is configured); empty: it is not."""
    reason: str
    parked_ms: int | None
    behind: int | None
    """Turns that it has not been told of; None: it tells us."""
    head: str | None
    """Id of what is being sent and has not been taken yet."""
    last: str
    """What went wrong last; empty: nothing."""


class ReloadView(Struct, frozen=True, kw_only=True):
    """What a new table of recipients has changed, by their names."""

    recipients: int
    """How many there are now."""
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
