"""The state of the roads, as people and feeds tell it: what is closed, what is slow, what the weather does.

`Conditions` is everything that today's travel times rest on beside the streets themselves. It is a value: equal
conditions give equal times, in the engine, in a planner's thread and in a replay years later.
"""

from msgspec import Struct

from engine.model.geometry import Polygon

HOURS_OF_WEEK = 168
"""Hour 0 begins on Monday at 00:00, local time."""
PERCENT_MIN, PERCENT_MAX = 20, 2_000
"""Bounds of any one factor on travel times: five times as fast to twenty times as slow."""


class Stretch(Struct, frozen=True):
    """Which arcs are meant: those that fit everything named here. Naming nothing means the whole place."""

    streets: tuple[str, ...] = ()
    """Names of streets; any of them fits."""
    classes: tuple[str, ...] = ()
    """Street classes; any of them fits."""
    polygon: Polygon | None = None
    """Arcs with an end or a crossing in it."""
    arcs: tuple[int, ...] = ()
    """Rows of the street graph."""

    @property
    def everywhere(self) -> bool:
        """Tell whether nothing is named."""
        return not (self.streets or self.classes or self.polygon or self.arcs)

    @property
    def words(self) -> str:
        """What is meant, for people."""
        parts = [", ".join(self.streets), *(f"class {name}" for name in self.classes)]
        parts.append("within a polygon" if self.polygon else "")
        parts.append(f"{len(self.arcs)} arcs" if self.arcs else "")
        return "; ".join(part for part in parts if part) or "everywhere"


class Closure(Struct, frozen=True):
    """A stretch that nobody drives through. Who stands in it may leave, and an incident in it can be reached."""

    id: str
    stretch: Stretch
    reason: str = ""
    until_ms: int | None = None
    """None: until somebody opens it."""


class Slowing(Struct, frozen=True):
    """A stretch where driving takes this part of its usual time."""

    id: str
    stretch: Stretch
    percent: int
    """Travel time in percent of the usual: 150 is half as long again."""
    until_ms: int


class Weather(Struct, frozen=True):
    """What the weather does to all driving."""

    kind: str
    """In words: snow, ice, heavy rain."""
    percent: int
    until_ms: int


class Learned(Struct, frozen=True):
    """What the fleet's own driving has taught about travel times."""

    classes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """(street class, 168 percents of its usual travel time by hour of the week)."""
    arcs: tuple[tuple[int, int], ...] = ()
    """(row of the street graph, percent of its class's travel time), by arc."""
    observations: int = 0
    """How many drives along an arc it rests on."""
    spread_percent: int = 0
    """How far single drives lie apart: one standard deviation in percent of the travel time; 0 where none is known."""


BLOCK_HOURS = 3
BLOCKS_OF_DAY = 24 // BLOCK_HOURS
"""Parts of the local day within which crews are taken to behave alike: 0 is from 00:00 to 03:00."""


class Turnout(Struct, frozen=True):
    """How long crews need from dispatch to wheels rolling, as they have shown."""

    station: str
    unit_kind: str
    block: int
    """Part of the local day, below BLOCKS_OF_DAY."""
    turnout_ms: int


OTHER_CLASSES = "*"
"""In `Conditions.class_percent`: every class that is not named there."""


class Conditions(Struct, frozen=True, cache_hash=True):
    """All that the streets' travel times rest on at one moment."""

    closures: tuple[Closure, ...] = ()
    """By id."""
    slowings: tuple[Slowing, ...] = ()
    """By id; where several touch an arc they multiply."""
    weather: Weather | None = None
    class_percent: tuple[tuple[str, int], ...] = ()
    """Travel time by street class in percent, for this hour of the week: the place's profile times what was
    learned; by class. A class that is not named counts as `OTHER_CLASSES` does; without that, 100."""
    arc_percent: tuple[tuple[int, int], ...] = ()
    """Single arcs that are known better than by their class, in percent of the class's time; by arc."""
