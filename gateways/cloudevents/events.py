"""A fact as a CloudEvent 1.0: stable id, who it is about, when it became true, and what.

Rule: pure; the same fact is the same bytes, on the first attempt and on the tenth, before and after a crash. Metres become
degrees. Without leave for personal data everything is blanked that may say who, where exactly, or what ails somebody:
by the names of fields, so that a new kind of fact is safe before anybody thinks of it.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from engine.model.facts import AnyFact, PlaceAdopted, PositionsMoved
from engine.model.fixes import Fixes
from engine.model.geometry import Projection
from engine.model.words import tag
from gateways.times import iso

TYPE: Final = "turnout."
PERSONAL: Final = frozenset(
    {
        "address", "caller", "caution", "code", "detail", "deviation", "disposition", "external", "hospital", "needs",
        "note", "ranked", "reason", "reasons", "recipient", "route", "text",
    }
)  # fmt: skip
"""Fields that may hold people's data. A text becomes "", anything else null."""
COARSE_DIGITS: Final = 2
"""Digits of a degree that are left of a place: about a kilometre."""
RINGS: Final = frozenset({"polygon", "line"})
"""Fields that hold corners in metres."""


class Setting(Struct, frozen=True):
    """What events are rendered with."""

    place: str
    projection: Projection
    units: Sequence[str]
    """Ids by row: batches of positions name units by their row."""
    personal: bool


def event_of(fact: AnyFact, position: tuple[int, int], at_ms: int, setting: Setting) -> dict[str, Any]:
    """Return the event of the fact at this position (seq of its turn, index in it), as JSON's own types."""
    seq, index = position
    kind = tag(type(fact).__name__)
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{setting.place}/{seq}/{index}",
        "source": f"/places/{setting.place}",
        "type": TYPE + kind,
        "time": iso(at_ms),
        "datacontenttype": "application/json",
        "sequence": f"{seq:012}.{index:06}",
    }
    subject = getattr(fact, "incident", None) or getattr(fact, "unit", None)
    if subject:
        event["subject"] = subject
    event["data"] = _data(fact, setting)
    return event


def encode(events: list[dict[str, Any]], *, batch: bool) -> bytes:
    """Return the body of a request: a list of events, or the only one."""
    return msgspec.json.encode(events if batch else events[0])


def _data(fact: AnyFact, setting: Setting) -> Any:
    if isinstance(fact, PlaceAdopted):
        # The configuration is large and internal; that it changed is what others need to know.
        return {"place": fact.place.id, "name": fact.place.name}
    painter = _Painter(setting.projection, personal=setting.personal)
    if isinstance(fact, PositionsMoved):
        return {"fixes": painter.painted(_fixes(fact.fixes, setting.units)), "ignored": fact.ignored}
    data = painter.painted(msgspec.to_builtins(fact))
    data.pop("kind", None)
    return data


def _fixes(fixes: Fixes, units: Sequence[str]) -> list[dict[str, Any]]:
    columns = [getattr(fixes, name).tolist() for name in ("unit", "x_m", "y_m", "fix_ms", "speed_dm_s", "heading")]
    return [
        {
            "unit": units[row] if row < len(units) else None,
            "x_m": x_m,
            "y_m": y_m,
            "fix_ms": fix_ms,
            "speed_mps": None if speed < 0 else speed / 10,
            "heading_deg": None if heading < 0 else heading,
        }
        for row, x_m, y_m, fix_ms, speed, heading in zip(*columns, strict=True)
    ]


class _Painter:
    """Turns metres into degrees, and blanks what is not for the receiver, all the way down."""

    def __init__(self, projection: Projection, *, personal: bool) -> None:
        self._projection = projection
        self._personal = personal

    def painted(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._fields(value)
        return [self.painted(item) for item in value] if isinstance(value, list | tuple) else value

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        painted: dict[str, Any] = {}
        for name, value in fields.items():
            if name in PERSONAL and not self._personal and not self._is_named(name, value):
                painted[name] = "" if isinstance(value, str) else None
            elif name == "x_m" and "y_m" in fields:
                painted["lat"], painted["lon"] = self._degrees(value, fields["y_m"])
            elif name in RINGS and value:
                painted[name] = [self._degrees(x_m, y_m) for x_m, y_m in value]
            elif name != "y_m" or "x_m" not in fields:
                painted[name] = self.painted(value)
        return painted

    def _is_named(self, name: str, value: Any) -> bool:
        """Tell whether `caution` is only the id of one that ended."""
        return name == "caution" and isinstance(value, str)

    def _degrees(self, x_m: int, y_m: int) -> tuple[float, float]:
        lat, lon = self._projection.to_degrees(x_m, y_m)
        return (lat, lon) if self._personal else (round(lat, COARSE_DIGITS), round(lon, COARSE_DIGITS))
