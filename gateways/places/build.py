"""From the files' words to the engine's: names become bits, degrees metres, seconds milliseconds.

Rule: only called when the files were read whole and agree, so nothing here can fail.
"""

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.geometry import Projection
from engine.model.moves import MoveRules
from engine.model.place import (
    Agency,
    AlertSettings,
    Crew,
    Hospital,
    IncidentType,
    Place,
    Profile,
    ResponseArea,
    Shift,
    Station,
    TravelSettings,
    Unit,
)
from engine.model.roads import HOURS_OF_WEEK
from engine.model.rules import (
    CoverageRules,
    DuplicateRules,
    GeofenceRules,
    Limits,
    MatchingRules,
    WatchRules,
    WorkRules,
)
from gateways.places.build_plans import determination_of, mask_of, ms, plan_of
from gateways.places.coverage import Points, coverage_points
from gateways.places.draft import Draft
from gateways.places.files import AgencyRow, AlertsTable, Bounds, LimitsTable, PlaceFile, TravelTable
from gateways.places.hours import parse_windows
from gateways.places.rule_files import rules_in
from gateways.places.timezones import utc_offsets

MARGIN_M = 10_000
"""Where a place gives neither bounds nor a margin."""

Box = tuple[int, int, int, int]


def build_place(draft: Draft, file: PlaceFile, areas: tuple[ResponseArea, ...], streets: str) -> Place:
    """Return the place of a draft without mistakes; `streets` is the digest of its street graph, or ""."""
    projection = projection_of(file)
    bits = {name: 1 << bit for bit, name in enumerate(file.capabilities)}
    stations = tuple(
        Station(
            row.id,
            row.name,
            *projection.to_metres(row.lat, row.lon),
            post=row.post == "yes",
            capacity=row.capacity,
            minimum=row.minimum,
        )
        for row in draft.stations
    )
    hospitals = tuple(
        Hospital(row.id, row.name, *projection.to_metres(row.lat, row.lon), tuple(row.services.split()), row.beds)
        for row in draft.hospitals
    )
    return Place(
        id=file.id,
        name=file.name,
        projection=projection,
        timezone=file.timezone,
        utc_offsets=utc_offsets(file.timezone),
        bounds=_bounds(file, projection, stations, hospitals, areas, draft),
        capabilities=file.capabilities,
        types=tuple(IncidentType(row.id, row.name, row.priority) for row in draft.types),
        plans=tuple(plan_of(row, bits) for row in draft.plans),
        stations=stations,
        units=_units(draft, bits),
        hospitals=hospitals,
        areas=areas,
        crews=tuple(Crew(row.id, row.shift) for row in draft.crews),
        shifts=tuple(Shift(row.id, parse_windows(row.windows)) for row in draft.shifts),
        travel=_travel(file.travel),
        alerts=_alerts(file.alerts),
        limits=_limits(file.limits),
        matching=rules_in(draft.rules, "matching", MatchingRules),
        coverage=rules_in(draft.rules, "coverage", CoverageRules, points=_points(draft, projection)),
        work=rules_in(draft.rules, "work", WorkRules),
        watch=rules_in(draft.rules, "watch", WatchRules),
        duplicates=rules_in(draft.rules, "duplicates", DuplicateRules),
        geofence=rules_in(draft.rules, "geofence", GeofenceRules),
        moves=rules_in(draft.rules, "moves", MoveRules),
        agencies=tuple(_agency(row) for row in draft.agencies),
        determinations=tuple(determination_of(row) for row in draft.determinations),
        emergency_type=file.emergency_type,
        streets=streets,
    )


def projection_of(file: PlaceFile) -> Projection:
    """Return the projection about the centre of the place."""
    return Projection(file.centre.lat, file.centre.lon)


def _units(draft: Draft, bits: dict[str, int]) -> tuple[Unit, ...]:
    return tuple(
        Unit(
            row.id,
            row.kind,
            mask_of(row.capabilities.split(), bits),
            row.station,
            crew=row.crew,
            shift=row.shift,
            turnout_ms=ms(row.turnout_s),
            tracked=row.tracked == "yes",
            staff=row.staff,
            staff_min=row.staff_min,
            agency=row.agency,
        )
        for row in draft.units
    )


def _agency(row: AgencyRow) -> Agency:
    return Agency(row.id, row.name, row.units_max, ms(row.penalty_s), ms(row.answer_within_s), automatic=row.automatic)


def _points(draft: Draft, projection: Projection) -> Points:
    """Return where cover is wanted: as coverage.csv says, or else where demand is."""
    if draft.coverage is not None:
        return tuple((*projection.to_metres(row.lat, row.lon), row.weight) for row in draft.coverage)
    return coverage_points(_zones(draft, projection)) if draft.demand is not None else ()


def _zones(draft: Draft, projection: Projection) -> tuple[Zone, ...]:
    return tuple(Zone(*projection.to_metres(row.lat, row.lon), row.half_m, row.weight) for row in draft.zones)


def _travel(table: TravelTable) -> TravelSettings:
    return TravelSettings(
        circuity_percent=table.circuity_percent,
        speed_mm_per_s=round(table.speed_km_per_h / 0.0036),
        lights_to_priority=table.lights_to_priority,
        off_road_mm_per_s=round(table.off_road_km_per_h / 0.0036),
        off_road_normal_percent=table.off_road_normal_percent,
        access=table.access,
        uturn_ms=ms(table.uturn_s),
        lights_turn_ms=ms(table.lights_turn_s),
        # Hours of a day that is like every other day stand for the week.
        profiles=tuple(Profile(p.classes, p.percent * (HOURS_OF_WEEK // len(p.percent))) for p in table.profile),
    )


def _alerts(table: AlertsTable) -> AlertSettings:
    return AlertSettings(
        ladder=table.ladder,
        attempts=table.attempts,
        retry_after_ms=ms(table.retry_after_s),
        acknowledge_within_ms=ms(table.acknowledge_within_s),
        deadline_ms=ms(table.deadline_s),
    )


def _limits(table: LimitsTable) -> Limits:
    one, two, three, four, five = table.pending_after_s
    return Limits(
        stale_after_ms=ms(table.stale_after_s),
        pending_after_ms=(ms(one), ms(two), ms(three), ms(four), ms(five)),
        joint_slots=table.joint_slots,
        nearest_explained=table.nearest_explained,
        answers_kept=table.answers_kept,
        closed_kept=table.closed_kept,
        resume_grace_ms=ms(table.resume_grace_s),
        hold_ms=ms(table.hold_s),
    )


def _bounds(
    file: PlaceFile,
    projection: Projection,
    stations: tuple[Station, ...],
    hospitals: tuple[Hospital, ...],
    areas: tuple[ResponseArea, ...],
    draft: Draft,
) -> Box:
    """Return the given bounds, or a box around everything that the place names."""
    if file.bounds is not None:
        return _box_of(file.bounds, projection)
    points = [(each.x_m, each.y_m) for each in stations]
    points += [(each.x_m, each.y_m) for each in hospitals]
    points += [corner for area in areas for corner in area.polygon]
    points += [projection.to_metres(zone.lat, zone.lon) for zone in draft.zones]
    margin = MARGIN_M if file.margin_m is None else file.margin_m
    xs, ys = [x for x, _ in points] or [0], [y for _, y in points] or [0]
    return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin


def _box_of(bounds: Bounds, projection: Projection) -> Box:
    west, south = projection.to_metres(bounds.south, bounds.west)
    east, north = projection.to_metres(bounds.north, bounds.east)
    return west, south, east, north


def build_demand(draft: Draft, file: PlaceFile) -> Demand | None:
    """Return the demand, if the place has one."""
    demand = draft.demand
    if demand is None:
        return None
    projection = projection_of(file)
    return Demand(
        calls_per_day=demand.calls_per_day,
        hourly=demand.hourly,
        shares=tuple(TypeShare(share.type, share.priority, share.share) for share in demand.share),
        zones=_zones(draft, projection),
        care=CareTimes(ms(demand.care.on_scene_s), demand.care.transport_share, ms(demand.care.handover_s)),
    )
