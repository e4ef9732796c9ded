"""What was published about an incident, without the words: its people have been forgotten. Pure.

Rule: whatever a person typed goes; that there was an alert, of what gravity, when and around which spot stays, so it can
still be updated and cancelled.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from engine.model.personal import ERASED
from gateways.cap.alert import Area, CapAlert, Info
from gateways.cap.orders import Order

ABOUT: Final = ("restriction", "addresses", "note")
SAID: Final = ("event", "headline", "description", "instruction", "contact")
Worded = TypeVar("Worded", bound=Struct)


def wordless_order(order: Order) -> Order:
    """Return the order without its words."""
    return replace(_erased(order, (*ABOUT, *SAID, "area")), web="")


def wordless_alert(alert: CapAlert) -> CapAlert:
    """Return the message without its words."""
    return replace(_erased(alert, ABOUT), infos=tuple(map(_wordless_info, alert.infos)))


def _wordless_info(info: Info) -> Info:
    return replace(_erased(info, SAID), web="", areas=tuple(map(_wordless_area, info.areas)))


def _wordless_area(area: Area) -> Area:
    return _erased(area, ("described",))


def _erased(worded: Worded, names: Sequence[str]) -> Worded:
    """Return it with these erased; what was empty stays empty."""
    return replace(worded, **{name: ERASED for name in names if getattr(worded, name)})
