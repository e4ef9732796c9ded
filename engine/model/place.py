"""A place: everything about an agency that decisions rest on. Frozen, and journaled when it is adopted.

Nothing here is secret and nothing here names an endpoint's address: those are the gateways' own settings.
Capabilities are bits; `Place.capabilities` says which bit bears which name.
"""

from enum import StrEnum

from msgspec import Struct

from engine.model.geometry import Polygon, Projection

CAPABILITIES_MAX = 63
"""Capabilities are one 64-bit mask; the top bit stays free so that a mask is never negative."""

PRIORITIES = (1, 2, 3, 4, 5)
"""1 is the most urgent. Edges convert (EIDO counts 10 as highest)."""


class Mode(StrEnum):
    """How far the engine goes by itself, per plan."""

    SHADOW = "shadow"
    """Only record what we would do."""
    ADVISE = "advise"
    """Recommend to a person."""
    AUTO = "auto"
    """Dispatch."""


class IncidentType(Struct, frozen=True):
    """A kind of incident, by the agency's own code."""

    id: str
    name: str
    priority: int
    """The priority where the reporter names none."""


class Alternative(Struct, frozen=True):
    """A unit that may fill a slot, and what it costs to accept it instead of the first choice."""

    needs: int
    """Capability mask: a unit fits if it has all of these bits."""
    penalty_ms: int = 0


class Slot(Struct, frozen=True):
    """One kind of place in a plan, wanted `count` times."""

    id: str
    choices: tuple[Alternative, ...]
    """In order of preference; the first is what the plan really asks for."""
    count: int = 1
    target_ms: int = 480_000
    """Call to arrival; used by clocks and shown to people."""

    def fits(self, capabilities: int) -> bool:
        """Tell whether a unit with this mask may fill it."""
        return any(capabilities & choice.needs == choice.needs for choice in self.choices)


class Plan(Struct, frozen=True):
    """A response plan (run card): what an incident needs, by its type and priority."""

    id: str
    types: tuple[str, ...]
    """Incident type ids; "*" stands for any."""
    priorities: tuple[int, ...]
    mode: Mode
    slots: tuple[Slot, ...]
    acknowledge_within_ms: int = 60_000
    """A dispatched unit that has not acknowledged by then raises an alarm."""


class Shift(Struct, frozen=True):
    """Hours of duty, in minutes of the local week (Monday 00:00 is 0)."""

    id: str
    windows: tuple[tuple[int, int], ...]
    """Half-open [from, to) spans, sorted, each inside one week; a night shift over Sunday is two spans."""


class Station(Struct, frozen=True):
    """A base of units; a post has no building."""

    id: str
    name: str
    x_m: int
    y_m: int
    post: bool = False


class Hospital(Struct, frozen=True):
    """A destination of patients."""

    id: str
    name: str
    x_m: int
    y_m: int


class ResponseArea(Struct, frozen=True):
    """A polygon of responsibility. Areas are tried in their order; the first that holds the point counts."""

    id: str
    name: str
    polygon: Polygon


class Crew(Struct, frozen=True):
    """People. Units that name the same crew are cross-staffed: one out means all out."""

    id: str
    shift: str | None = None


class Unit(Struct, frozen=True):
    """A crewed vehicle or team that can be sent."""

    id: str
    kind: str
    """The agency's own word for it: engine, ladder, als ambulance, patrol car."""
    capabilities: int
    station: str
    crew: str | None = None
    shift: str | None = None
    """Overrides the crew's shift; without either the unit is always on."""
    turnout_ms: int = 60_000
    """Dispatch to wheels rolling, when the unit stands in quarters."""
    tracked: bool = True
    """Has a device that reports positions. An untracked unit is assumed at its station until it says otherwise."""


class Profile(Struct, frozen=True):
    """How travel times change over the week. Of several, the first that names a street's class counts for it."""

    classes: tuple[str, ...]
    """Street classes; none means all."""
    percent: tuple[int, ...]
    """168 of them, one an hour from Monday 00:00 local time: travel time in percent of the usual."""


class TravelSettings(Struct, frozen=True):
    """How long a way takes: over the streets, or in a straight line where a place has none."""

    circuity_percent: int = 130
    """Straight line: the way is so much longer than the distance."""
    speed_mm_per_s: int = 11_000
    """Straight line: one speed, under lights and sirens."""
    lights_to_priority: int = 3
    """Units drive with lights and sirens to incidents of this priority and more urgent ones."""
    off_road_mm_per_s: int = 2_800
    """Between a position and the road: a yard, a track, on foot."""
    uturn_ms: int = 10_000
    lights_turn_ms: int = 5_000
    """A turn that is forbidden to others, taken under lights and sirens."""
    profiles: tuple[Profile, ...] = ()

    def under_lights(self, priority: int) -> bool:
        """Tell whether units drive with lights and sirens to an incident of this priority."""
        return priority <= self.lights_to_priority


class AlertSettings(Struct, frozen=True):
    """How a unit is told. The ladder's names are endpoints of the alerts gateway, tried in order."""

    ladder: tuple[str, ...] = ("log",)
    attempts: int = 3
    """Attempts at each endpoint before the next one of the ladder."""
    retry_after_ms: int = 2_000
    """Wait after the first failed attempt; doubles with each further one."""
    acknowledge_within_ms: int = 30_000
    """An alert without acknowledgement by then goes one rung up the ladder."""
    deadline_ms: int = 120_000
    """Without acknowledgement by then a person is told, whatever the ladder still holds."""


class Limits(Struct, frozen=True):
    """Bounds on what decisions may rest on and how much is kept."""

    stale_after_ms: int = 600_000
    """A position older than this excludes a tracked unit, and the reason says so."""
    pending_after_ms: tuple[int, int, int, int, int] = (60_000, 300_000, 900_000, 1_800_000, 3_600_000)
    """By priority: an incident without its units for longer raises an alarm."""
    joint_slots: int = 256
    """Waiting slots solved together; what ranks behind waits for the next turn."""
    nearest_explained: int = 12
    """Eligible units listed by name in a decision's why; the others are counted."""
    answers_kept: int = 100_000
    """Commands whose answers are remembered, so that the same id gets the same answer."""
    closed_kept: int = 5_000
    """Closed incidents that stay in memory for look-ups; the journal keeps all of them."""
    resume_grace_ms: int = 10_000
    """After a restart alarms wait this long, so that reports held back during the outage can arrive first."""


class Place(Struct, frozen=True):
    """One agency's world, complete."""

    id: str
    name: str
    projection: Projection
    timezone: str
    """IANA name, for people."""
    utc_offsets: tuple[tuple[int, int], ...]
    """(from_ms, offset_ms) in rising order: local time without reading a time zone database in a decision."""
    bounds: tuple[int, int, int, int]
    """(x_min, y_min, x_max, y_max) in metres: positions outside are refused."""
    capabilities: tuple[str, ...]
    types: tuple[IncidentType, ...]
    plans: tuple[Plan, ...]
    stations: tuple[Station, ...]
    units: tuple[Unit, ...]
    hospitals: tuple[Hospital, ...] = ()
    areas: tuple[ResponseArea, ...] = ()
    crews: tuple[Crew, ...] = ()
    shifts: tuple[Shift, ...] = ()
    travel: TravelSettings = TravelSettings()
    alerts: AlertSettings = AlertSettings()
    limits: Limits = Limits()
    emergency_type: str = "unit_emergency"
    """The incident type that a unit's own emergency (panic, mayday) opens. Must be one of `types`."""
    streets: str = ""
    """Digest of the street graph that travel times rest on; "" means straight lines."""

    def mask(self, names: tuple[str, ...]) -> int:
        """Return the capability mask of the names. Raises KeyError for one that the place does not know."""
        bits = {name: 1 << bit for bit, name in enumerate(self.capabilities)}
        mask = 0
        for name in names:
            mask |= bits[name]
        return mask

    def names(self, mask: int) -> tuple[str, ...]:
        """Return the capability names of the mask, in the place's order."""
        return tuple(name for bit, name in enumerate(self.capabilities) if mask >> bit & 1)
