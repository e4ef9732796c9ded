"""A place: everything about an agency that decisions rest on. Frozen, and journaled when it is adopted.

Nothing here is secret and nothing here names an endpoint's address: those are the gateways' own settings.
Capabilities are bits; `Place.capabilities` says which bit bears which name.
"""

from enum import StrEnum

from msgspec import Struct

from engine.model.geometry import Polygon, Projection
from engine.model.moves import MoveRules
from engine.model.plans import Order, Plan
from engine.model.rules import (
    CoverageRules,
    DuplicateRules,
    GeofenceRules,
    Limits,
    MatchingRules,
    WatchRules,
    WorkRules,
)

CAPABILITIES_MAX = 63
"""Capabilities are one 64-bit mask; the top bit stays free so that a mask is never negative."""

PRIORITIES = (1, 2, 3, 4, 5)
"""1 is the most urgent. Edges convert (EIDO counts 10 as highest)."""


class IncidentType(Struct, frozen=True):
    """A kind of incident, by the agency's own code."""

    id: str
    name: str
    priority: int
    """The priority where the reporter names none."""


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
    capacity: int = 0
    """So many units may belong there at once; 0: no limit."""
    minimum: int = 0
    """So many free units stay: an idle one is not moved away if fewer would remain."""


class Hospital(Struct, frozen=True):
    """A destination of patients."""

    id: str
    name: str
    x_m: int
    y_m: int
    services: tuple[str, ...] = ()
    """What it can do, in the agency's own words: trauma, stroke, burns."""
    beds: int = 0
    """Patients that it takes in at once without delay; 0: not known."""


class ResponseArea(Struct, frozen=True):
    """A polygon of responsibility. Areas are tried in their order; the first that holds the point counts."""

    id: str
    name: str
    polygon: Polygon
    stations: tuple[str, ...] = ()
    """First-due order: station ids."""
    order: Order | None = None
    """Overrides that of the plan."""


class Crew(Struct, frozen=True):
    """People. Units that name the same crew are cross-staffed: one out means all out."""

    id: str
    shift: str | None = None


class Agency(Struct, frozen=True):
    """A neighbour whose units may be asked for: mutual or automatic aid, within what was agreed."""

    id: str
    name: str
    units_max: int
    """So many of its units may be out for us at once."""
    penalty_ms: int = 120_000
    """What it costs to ask a neighbour instead of sending an own unit."""
    answer_within_ms: int = 60_000
    """A request that has not been answered by then has failed, and somebody else is asked."""
    automatic: bool = False
    """Automatic aid: its units are sent like our own, without asking."""


class Determination(Struct, frozen=True):
    """What a determinant code means here. Which code leads to which response is a local decision."""

    codes: tuple[str, ...]
    """Patterns, see `determinants.py`."""
    type: str
    priority: int


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
    staff: int = 0
    """Its full crew; 0: people are not counted."""
    staff_min: int = 0
    """With fewer it is not sent."""
    agency: str | None = None
    """The neighbour that it belongs to; None: our own."""


class Profile(Struct, frozen=True):
    """How travel times change over the week. Of several, the first that names a street's class counts for it."""

    classes: tuple[str, ...]
    """Street classes; none means all."""
    percent: tuple[int, ...]
    """168 of them, one an hour from Monday 00:00 local time: travel time in percent of the usual."""


class Access(StrEnum):
    """Where what stands beside the streets is reached from."""

    ROAD = "road"
    """The nearest point of the nearest road."""
    NODE = "node"
    """The nearest node of the graph, straight across: how JEMSS and other simulators reckon."""


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
    off_road_normal_percent: int = 100
    """Between a position and the road without lights and sirens: so much of the time with them."""
    access: Access = Access.ROAD

    def under_lights(self, priority: int) -> bool:
        """Tell whether units drive with lights and sirens to an incident of this priority."""
        return priority <= self.lights_to_priority


JOINT = "+"
"""Between the endpoints of one rung of the ladder, which are tried side by side."""


class AlertSettings(Struct, frozen=True):
    """How a unit is told. The ladder's names are endpoints of the alerts gateway, tried in order.

    A rung may name several, as `pager+sms`: all are tried at once, and one of them is enough for a delivery.
    """

    ladder: tuple[str, ...] = ("log",)
    attempts: int = 3
    """Attempts at each endpoint before the next one of the ladder."""
    retry_after_ms: int = 2_000
    """Wait after the first failed attempt; doubles with each further one."""
    acknowledge_within_ms: int = 30_000
    """An alert without acknowledgement by then goes one rung up the ladder."""
    deadline_ms: int = 120_000
    """Without acknowledgement by then a person is told, whatever the ladder still holds."""


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
    matching: MatchingRules = MatchingRules()
    coverage: CoverageRules = CoverageRules()
    work: WorkRules = WorkRules()
    watch: WatchRules = WatchRules()
    duplicates: DuplicateRules = DuplicateRules()
    moves: MoveRules = MoveRules()
    agencies: tuple[Agency, ...] = ()
    determinations: tuple[Determination, ...] = ()
    """Looked at in their order; the first that fits a code says its type and priority."""
    emergency_type: str = "unit_emergency"
    """The incident type that a unit's own emergency (panic, mayday) opens. Must be one of `types`."""
    streets: str = ""
    """Digest of the street graph that travel times rest on; "" means straight lines."""
    geofence: GeofenceRules = GeofenceRules()

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
