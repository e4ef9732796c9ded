"""The shape of each file of a place, as people write it.

Rule: durations carry their unit in the key and are seconds; positions are degrees; names are names. `build.py` turns
them into the engine's integers. Unknown keys are refused.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from engine.model.place import Access, AlertSettings, TravelSettings
from engine.model.roads import PERCENT_MAX, PERCENT_MIN
from engine.model.rules import Limits

PLACE, TYPES, PLANS, SHIFTS = "place.toml", "types.toml", "plans.toml", "shifts.toml"
STATIONS, HOSPITALS, UNITS, CREWS = "stations.csv", "hospitals.csv", "units.csv", "crews.csv"
AREAS, DEMAND, ZONES, STREETS = "areas.geojson", "demand.toml", "demand.csv", "streets.npz"
AGENCIES, DETERMINATIONS, RULES, COVERAGE = "agencies.toml", "determinations.toml", "rules.toml", "coverage.csv"
ADDRESSES = "addresses.csv"
REQUIRED = (PLACE, TYPES, PLANS, STATIONS, UNITS)
OPTIONAL = (
    *(SHIFTS, HOSPITALS, CREWS, AREAS, DEMAND, ZONES, STREETS),
    *(AGENCIES, DETERMINATIONS, RULES, COVERAGE, ADDRESSES),
)

Id = Annotated[str, Meta(pattern=r"^\w([\w .:/#+-]{0,62}[\w.:/#+-])?\Z")]
Word = Annotated[str, Meta(pattern=r"^\w[\w.:/#+-]{0,63}\Z")]
"""An id without spaces: capabilities are listed with spaces between them."""
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Latitude = Annotated[float, Meta(ge=-85, le=85)]
"""Nearer to a pole the flat projection breaks down."""
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Priority = Annotated[int, Meta(ge=1, le=5)]
Seconds = Annotated[float, Meta(ge=0, le=604_800)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
YesNo = Literal["yes", "no"]

_TRAVEL, _ALERTS, _LIMITS = TravelSettings(), AlertSettings(), Limits()


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a file; keys that are not named here are refused."""


class Centre(File, frozen=True):
    """Origin of the local metres."""

    lat: Latitude
    lon: Longitude


class Bounds(File, frozen=True):
    """Positions outside are refused."""

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude


class ProfileTable(File, frozen=True):
    """[[travel.profile]]: travel time over the week, in percent of the usual."""

    percent: tuple[Annotated[int, Meta(ge=PERCENT_MIN, le=PERCENT_MAX)], ...]
    """24 for every day alike, or 168 from Monday 00:00."""
    classes: tuple[Text, ...] = ()
    """Street classes; none means all."""


class TravelTable(File, frozen=True):
    """[travel]: over the streets where there are any; otherwise in straight lines at this detour and speed."""

    model: Literal["streets", "straight"] | None = None
    """Not given: streets where the place has a street graph."""
    circuity_percent: Annotated[int, Meta(ge=100, le=500)] = _TRAVEL.circuity_percent
    speed_km_per_h: Annotated[float, Meta(ge=1, le=400)] = _TRAVEL.speed_mm_per_s * 0.0036
    lights_to_priority: Annotated[int, Meta(ge=0, le=5)] = _TRAVEL.lights_to_priority
    """0: never with lights and sirens."""
    off_road_km_per_h: Annotated[float, Meta(ge=0.5, le=100)] = round(_TRAVEL.off_road_mm_per_s * 0.0036, 4)
    off_road_normal_percent: Annotated[int, Meta(ge=100, le=1000)] = _TRAVEL.off_road_normal_percent
    """Without lights and sirens the way to the road takes so much of its time with them."""
    access: Access = _TRAVEL.access
    """What lies beside the streets is reached from the nearest point of a road, or from the nearest node."""
    uturn_s: Annotated[float, Meta(ge=0, le=3600)] = _TRAVEL.uturn_ms / 1000
    lights_turn_s: Annotated[float, Meta(ge=0, le=600)] = _TRAVEL.lights_turn_ms / 1000
    profile: tuple[ProfileTable, ...] = ()


class AlertsTable(File, frozen=True):
    """[alerts]: how a unit is told."""

    ladder: tuple[Id, ...] = _ALERTS.ladder
    """Endpoints, tried in this order; those with a + between them are tried side by side."""
    attempts: Annotated[int, Meta(ge=1, le=100)] = _ALERTS.attempts
    retry_after_s: Seconds = _ALERTS.retry_after_ms / 1000
    acknowledge_within_s: Seconds = _ALERTS.acknowledge_within_ms / 1000
    deadline_s: Seconds = _ALERTS.deadline_ms / 1000


class LimitsTable(File, frozen=True):
    """[limits]: what decisions may rest on, and how much is kept."""

    stale_after_s: Seconds = _LIMITS.stale_after_ms / 1000
    pending_after_s: tuple[Seconds, Seconds, Seconds, Seconds, Seconds] = (60, 300, 900, 1800, 3600)
    joint_slots: Count = _LIMITS.joint_slots
    nearest_explained: Count = _LIMITS.nearest_explained
    answers_kept: Count = _LIMITS.answers_kept
    closed_kept: Count = _LIMITS.closed_kept
    resume_grace_s: Seconds = _LIMITS.resume_grace_ms / 1000
    hold_s: Annotated[float, Meta(ge=60, le=31_536_000)] = _LIMITS.hold_ms / 1000


class PlaceFile(File, frozen=True):
    """place.toml."""

    id: Id
    name: Text
    timezone: Text
    centre: Centre
    capabilities: tuple[Word, ...]
    emergency_type: Id
    bounds: Bounds | None = None
    margin_m: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """Instead of bounds: this far around everything the place names."""
    travel: TravelTable = TravelTable()
    alerts: AlertsTable = AlertsTable()
    limits: LimitsTable = LimitsTable()


class TypeRow(File, frozen=True):
    """[[type]] of types.toml."""

    id: Id
    name: Text
    priority: Priority


class ShiftRow(File, frozen=True):
    """[[shift]] of shifts.toml."""

    id: Id
    windows: tuple[str, ...]


class StationRow(File, frozen=True):
    """A line of stations.csv."""

    id: Id
    name: Text
    lat: Latitude
    lon: Longitude
    post: YesNo = "no"
    capacity: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """0: no limit."""
    minimum: Annotated[int, Meta(ge=0, le=100_000)] = 0


class HospitalRow(File, frozen=True):
    """A line of hospitals.csv."""

    id: Id
    name: Text
    lat: Latitude
    lon: Longitude
    services: str = ""
    """Words with spaces between them."""
    beds: Annotated[int, Meta(ge=0, le=100_000)] = 0


class CrewRow(File, frozen=True):
    """A line of crews.csv."""

    id: Id
    shift: Id | None = None


class UnitRow(File, frozen=True):
    """A line of units.csv."""

    id: Id
    kind: Text
    capabilities: str
    station: Id
    crew: Id | None = None
    shift: Id | None = None
    turnout_s: Annotated[float, Meta(ge=0, le=86_400)] = 60
    tracked: YesNo = "yes"
    staff: Annotated[int, Meta(ge=0, le=1000)] = 0
    staff_min: Annotated[int, Meta(ge=0, le=1000)] = 0
    agency: Id | None = None


class AgencyRow(File, frozen=True):
    """[[agency]] of agencies.toml."""

    id: Id
    name: Text
    units_max: Annotated[int, Meta(ge=1, le=100_000)]
    penalty_s: Seconds = 120
    answer_within_s: Annotated[float, Meta(ge=1, le=86_400)] = 60
    automatic: bool = False


class ShareTable(File, frozen=True):
    """[[share]] of demand.toml."""

    type: Id
    priority: Priority
    share: Share


class CareTable(File, frozen=True):
    """[care] of demand.toml: means."""

    on_scene_s: Seconds
    transport_share: Share
    handover_s: Seconds


class DemandFile(File, frozen=True):
    """demand.toml."""

    calls_per_day: Annotated[float, Meta(ge=0, le=1e9)]
    hourly: tuple[Annotated[float, Meta(ge=0, le=1000)], ...]
    share: tuple[ShareTable, ...]
    care: CareTable


class ZoneRow(File, frozen=True):
    """A line of demand.csv."""

    lat: Latitude
    lon: Longitude
    half_m: Annotated[int, Meta(ge=0, le=1_000_000)]
    weight: Annotated[float, Meta(ge=0, le=1e15)]


class PointRow(File, frozen=True):
    """A line of coverage.csv."""

    lat: Latitude
    lon: Longitude
    weight: Count


class AddressRow(File, frozen=True):
    """A line of addresses.csv."""

    number: Annotated[str, Meta(min_length=1, max_length=20)]
    street: Text
    lat: Latitude
    lon: Longitude
    unit: Annotated[str, Meta(max_length=40)] = ""
    city: Annotated[str, Meta(max_length=100)] = ""
    postcode: Annotated[str, Meta(max_length=20)] = ""
