"""What is measured, as data: a profile is a list of measures, each with its start, its stop and its limits.

The words are the same here and in an agency's own `clocks.toml`. A mistake in them raises ValueError, which msgspec
turns into a ValidationError that names the path.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from engine.model.lifecycle import Status

Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""Names become labels of metrics, so they are short and plain."""
MEASURES_MAX = 32
"""Of one profile: each one is a handful of series that somebody has to store."""


class Event(StrEnum):
    """A moment in the life of an incident, or of one unit's assignment to it."""

    REPORTED = "reported"
    """The clock's start: the report; of a scheduled incident when it is due or its hold was ended before."""
    RECOMMENDED = "recommended"
    """Units were first recommended."""
    FIRST_DISPATCHED = "first_dispatched"
    FIRST_EN_ROUTE = "first_en_route"
    FIRST_ON_SCENE = "first_on_scene"
    BEST_FITTING = "best_fitting_on_scene"
    """A unit is on scene that has what a slot asks for as its first choice: a substitute does not stop the clock.
    The slots are those of the measure, or else the plan's first one."""
    FULL_RESPONSE = "full_response_on_scene"
    """The units on scene fill every place of the first alarm, in any of the plan's ways to answer."""
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    AT_PATIENT = "at_patient"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    CLEAR = "clear"
    """The crew has finished: not released, diverted or failed."""


RUNG: dict[Event, Status] = {
    event: Status(event.value)
    for event in Event
    if event.value in {status.value for status in Status}  # all rungs that a crew reports, and dispatched
}
"""The rung that an event of one unit is."""
OF_A_UNIT = frozenset((*RUNG, Event.CLEAR))


class Who(StrEnum):
    """Whose times a measure between two moments of a unit takes."""

    EVERY = "every"
    """Each assignment gives a reading."""
    FIRST = "first"
    """One reading for an incident: of the unit that reached the stop first."""


class Limit(Struct, frozen=True, forbid_unknown_fields=True):
    """So many percent of the readings are to be within so many seconds."""

    within_s: int
    percent: int = 90

    def __post_init__(self) -> None:
        if self.within_s < 1 or not 1 <= self.percent <= 100:
            raise ValueError("a limit is at least 1 s, for 1 to 100 percent")

    @property
    def within_ms(self) -> int:
        """Return the limit in milliseconds."""
        return self.within_s * 1000


class Measure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"limits": "limit"}):
    """One clock. An empty list of incidents or units means all of them."""

    name: Name
    start: Event
    stop: Event
    limits: tuple[Limit, ...] = ()
    mean_s: int | None = None
    """The mean is to be no longer than this."""
    who: Who = Who.EVERY
    types: tuple[str, ...] = ()
    """Incident types."""
    priorities: tuple[int, ...] = ()
    areas: tuple[str, ...] = ()
    """Response areas."""
    asks: tuple[str, ...] = ()
    """Capabilities: the first slot of the incident's plan asks for one of these as its first choice. So "fire" and
    "EMS" mean something in every place, whatever its types are called."""
    slots: tuple[str, ...] = ()
    """Units sent for one of these slots; for `best_fitting_on_scene` the slots that count."""
    kinds: tuple[str, ...] = ()
    """Units of these kinds."""
    has: tuple[str, ...] = ()
    """Units with one of these capabilities."""
    unverified: bool = False
    """The figure is known at second hand only; the report says so."""

    def __post_init__(self) -> None:
        if self.start is self.stop:
            raise ValueError(f"{self.name}: start and stop are the same moment")
        if self.start in OF_A_UNIT and self.stop not in OF_A_UNIT:
            raise ValueError(f"{self.name}: a clock that starts with a unit stops with the same unit")
        if self.who is Who.FIRST and not self.of_a_unit:
            raise ValueError(f"{self.name}: `who` is about measures that stop with a unit's own moment")
        if self.mean_s is not None and self.mean_s < 1:
            raise ValueError(f"{self.name}: mean_s is at least 1")
        if not self.limits and self.mean_s is None:
            raise ValueError(f"{self.name}: it needs limits, or mean_s")

    @property
    def of_a_unit(self) -> bool:
        """Tell whether the clock stops with a moment of one unit."""
        return self.stop in OF_A_UNIT

    @property
    def every(self) -> bool:
        """Tell whether each assignment gives a reading of its own."""
        return self.of_a_unit and self.who is Who.EVERY


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"measures": "measure"}):
    """A standard, or a contract, by name."""

    name: Name
    title: str
    measures: tuple[Measure, ...]
    source: str = ""
    notes: tuple[str, ...] = ()
    """What a reader of its figures must know."""

    def __post_init__(self) -> None:
        names = [measure.name for measure in self.measures]
        twice = sorted(name for name in names if names.count(name) > 1)
        if twice:
            raise ValueError(f"{self.name}: the measure {twice[0]!r} is named twice")
        if not 1 <= len(names) <= MEASURES_MAX:
            raise ValueError(f"{self.name}: a profile has 1 to {MEASURES_MAX} measures")
