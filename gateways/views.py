"""How incidents, units and alarms look to people and other systems: degrees, names, and no internals.

These shapes are part of the published vocabulary (`gateways/schema/`): fields are added, never changed.
"""

import numpy as np
from msgspec import Struct

from engine.model.alert_facts import AlarmKind
from engine.model.facts import Choice, Shortage
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.response_facts import DelayCause, Suspect
from engine.model.route import Route, RouteLeg
from engine.policy.cautions import cautions_at
from engine.policy.duplicates import Call, find, standing
from engine.policy.honesty import clear_ms
from engine.state.fold_suggestions import still_suggested
from engine.state.posts import post_of
from engine.state.records import Alarm, Assignment, Incident, UnitRecord
from engine.state.world import World


class RouteView(Struct, frozen=True, gc=False, kw_only=True):
    """A way over the streets."""

    travel_ms: int
    metres: int
    legs: tuple[RouteLeg, ...]
    """Streets in the order in which they are driven."""
    line: tuple[tuple[float, float], ...]
    """(lat, lon) in WGS84 degrees, first to last."""


class AssignmentView(Struct, frozen=True, gc=False, kw_only=True):
    """A unit on an incident. `stamps` says when each rung was reached, in ms since the epoch."""

    unit: str
    slot: str | None
    status: Status
    eta_ms: int
    """Dispatch to arrival, as estimated when it was sent."""
    spread_ms: int = -1
    """Two arrivals of three lie within this much of it; -1 where nothing is known."""
    route: RouteView | None = None
    """The way that the estimate rests on; None once the assignment is over, or where no streets were used."""
    stamps: dict[str, int]
    by: str
    deviation: str = ""
    diverted: bool = False
    """It came here from a less urgent incident, and is not turned round again."""
    arrive_ms: int | None = None
    """Expected on scene, as known now; None once the assignment is over."""
    late: DelayCause | None = None
    """Why it is expected later than told; None: as told."""
    destination: str | None = None
    """The hospital that it brings its patient to."""
    outcome: Outcome | None = None
    """How it ended; None while it lasts."""
    ended_ms: int | None = None


class NoteView(Struct, frozen=True, gc=False):
    """A remark."""

    at_ms: int
    by: str
    text: str


class IncidentView(Struct, frozen=True, gc=False, kw_only=True):
    """An incident as it stands now."""

    id: str
    type: str
    priority: int
    phase: Phase
    lat: float
    lon: float
    area: str | None
    address: str
    caller: str
    external: str
    plan: str
    reported_ms: int
    waiting_since_ms: int | None
    """Since when it has lacked something; None if it lacks nothing."""
    lacks: dict[str, int]
    """By slot of the plan: how many units are still to be found."""
    assigned: tuple[AssignmentView, ...]
    past: tuple[AssignmentView, ...]
    recommended: tuple[Choice, ...]
    short: tuple[Shortage, ...]
    notes: tuple[NoteView, ...]
    links: tuple[str, ...]
    merged_into: str | None
    ended_ms: int | None
    disposition: str
    code: str = ""
    """Determinant code."""
    option: str = ""
    """Which of the plan's ways to answer; "" is its own."""
    alarm_level: int = 1
    decided_seq: int = 0
    """The turn of the recommendation that stands: what `accept` names. 0: there is none."""
    held_until_ms: int | None = None
    """Nobody more is sent before then; None: it is not held."""
    held_reason: str = ""
    stacked_on: str | None = None
    """The busy unit that goes there next."""
    suspects: tuple[Suspect, ...] = ()
    """Open incidents that may be the same occurrence, as it looked when it was reported."""
    cautions: tuple[str, ...] = ()
    """Ids of the cautions that hold there, the gravest first."""
    reported_by: str = ""
    """Who took the call."""
    redacted: tuple[str, ...] = ()
    """Kinds of personal data that are there and not for the reader: caller, narrative, medical, place."""


class WordsView(Struct, frozen=True, gc=False):
    """Something said between a crew and the people who dispatch."""

    at_ms: int
    by: str
    text: str
    to_unit: bool
    unread: bool = False
    """The crew has not shown yet that it knows them."""


class SuggestedView(Struct, frozen=True, gc=False):
    """What a unit's position suggests while its crew has not said so."""

    status: Status
    since_ms: int
    reason: str


class UnitView(Struct, frozen=True, gc=False, kw_only=True):
    """A unit as it stands now."""

    id: str
    kind: str
    capabilities: tuple[str, ...]
    station: str
    crew: str | None
    status: Status
    incident: str | None
    emergency: str | None
    lat: float
    lon: float
    fix_ms: int | None
    """Time of its position; None: assumed at its station, or not known at all (see `assumed`)."""
    assumed: bool
    reported_ms: int
    clear_at_ms: int | None = None
    """When it will probably be free, as was to be expected at its last report; None for one that is on no incident."""
    agency: str | None = None
    """The neighbour that it belongs to; None: our own."""
    staff: int | None = None
    """People on board; None: its full crew."""
    stack: tuple[str, ...] = ()
    """Incidents that it goes to next."""
    roll_due_ms: int | None = None
    """It owes an answer to a roll-call by then."""
    post: str = ""
    """The station or post where it belongs now: `station`, unless it was moved."""
    move: str | None = None
    """The move by which it is under way to its post."""
    words: tuple[WordsView, ...] = ()
    """What was said to its crew and by it lately, the latest last."""
    suggested: SuggestedView | None = None
    """What its position suggests; None where the crew has spoken since."""


class AlarmView(Struct, frozen=True, gc=False, kw_only=True):
    """A matter for a person."""

    id: str
    about: AlarmKind
    incident: str
    unit: str | None
    text: str
    raised_ms: int
    acknowledged_by: str | None
    rung: int = 0
    """For whom it is: it goes up while nobody acknowledges it."""
    redacted: bool = False
    """Its text is personal, and not for the reader."""


class PositionView(Struct, frozen=True, gc=False, array_like=True):
    """Where a unit is, as [unit, lat, lon, fix_ms, speed in m/s or null, heading in degrees or null]."""

    unit: str
    lat: float
    lon: float
    fix_ms: int
    speed_mps: float | None
    heading_deg: int | None


def view_incident(world: World, incident: Incident) -> IncidentView:
    """Return the incident as it stands in this World."""
    lat, lon = world.settled.projection.to_degrees(incident.x_m, incident.y_m)
    lacks = world.lacking(incident) if incident.open and incident.plan in world.plans else {}
    return IncidentView(
        id=incident.id,
        type=incident.type,
        priority=incident.priority,
        phase=incident.phase,
        lat=lat,
        lon=lon,
        area=incident.area,
        address=incident.address,
        caller=incident.caller,
        external=incident.external,
        plan=incident.plan,
        reported_ms=incident.reported_ms,
        waiting_since_ms=incident.waiting_since_ms if lacks else None,
        lacks=lacks,
        assigned=tuple(
            _view_assignment(assignment, view_route(world, assignment.route))
            for assignment in incident.assigned.values()
        ),
        past=tuple(_view_assignment(ended.assignment, None, ended.outcome, ended.at_ms) for ended in incident.past),
        recommended=incident.recommended,
        short=incident.short,
        notes=tuple(NoteView(note.at_ms, note.by, note.text) for note in incident.notes),
        links=tuple(incident.links),
        merged_into=incident.merged_into,
        ended_ms=incident.ended_ms or None,
        disposition=incident.disposition,
        code=incident.code,
        option=incident.option,
        alarm_level=incident.alarm,
        decided_seq=incident.decided_seq if incident.recommended else 0,
        held_until_ms=incident.held_until_ms or None,
        held_reason=incident.held_reason,
        stacked_on=incident.stacked_on,
        suspects=standing(world, incident) if incident.open else (),
        cautions=tuple(caution.id for caution in cautions_at(world, incident.x_m, incident.y_m))
        if incident.open
        else (),
        reported_by=incident.reported_by,
    )


def view_route(world: World, route: Route | None) -> RouteView | None:
    """Return the way in degrees."""
    if route is None:
        return None
    x_m, y_m = (np.array(column, np.int32) for column in zip(*route.line, strict=True))
    lat, lon = world.settled.projection.columns_to_degrees(x_m, y_m)
    line = tuple(zip(lat.tolist(), lon.tolist(), strict=True))
    return RouteView(travel_ms=route.travel_ms, metres=route.metres, legs=route.legs, line=line)


def _view_assignment(
    assignment: Assignment, route: RouteView | None, outcome: Outcome | None = None, ended_ms: int | None = None
) -> AssignmentView:
    return AssignmentView(
        unit=assignment.unit,
        slot=assignment.slot,
        status=assignment.status,
        eta_ms=assignment.eta_ms,
        spread_ms=assignment.spread_ms,
        route=route,
        stamps=dict(assignment.stamps),
        by=assignment.by,
        deviation=assignment.deviation,
        diverted=assignment.diverted,
        arrive_ms=assignment.arrive_ms or None if outcome is None else None,
        late=assignment.late,
        destination=assignment.destination,
        outcome=outcome,
        ended_ms=ended_ms,
    )


def view_unit(world: World, unit: UnitRecord) -> UnitView:
    """Return the unit as it stands in this World."""
    fleet, row = world.fleet, unit.row
    described = fleet.units[row]
    lat, lon = world.settled.projection.to_degrees(int(fleet.x_m[row]), int(fleet.y_m[row]))
    fix_ms = int(fleet.fix_ms[row])
    return UnitView(
        id=unit.id,
        kind=described.kind,
        capabilities=world.settled.names(described.capabilities),
        station=described.station,
        crew=described.crew,
        status=world.status(unit),
        incident=unit.incident,
        emergency=unit.emergency,
        lat=lat,
        lon=lon,
        fix_ms=fix_ms if fix_ms >= 0 else None,
        assumed=bool(fleet.assumed[row]),
        reported_ms=unit.reported_ms,
        clear_at_ms=None if unit.incident is None else world.now + clear_ms(world, row),
        agency=described.agency,
        staff=unit.staff,
        stack=tuple(unit.stack),
        roll_due_ms=unit.roll_due_ms or None,
        post=post_of(world, unit),
        move=unit.move,
        words=view_words(world, unit),
        suggested=view_suggested(world, unit),
    )


def view_suggested(world: World, unit: UnitRecord) -> SuggestedView | None:
    """Return what the unit's position suggests, as long as that says anything."""
    told = unit.suggested
    if told is None or not still_suggested(world, unit, told):
        return None
    return SuggestedView(told.status, told.since_ms, told.reason)


def view_words(world: World, unit: UnitRecord) -> tuple[WordsView, ...]:
    """Return what was said to the crew and by it lately, the latest last."""
    return tuple(
        WordsView(each.at_ms, each.by, each.text, bool(each.alert), each.alert in world.alerts) for each in unit.words
    )


def view_alarm(alarm: Alarm) -> AlarmView:
    """Return the alarm."""
    return AlarmView(
        id=alarm.id,
        about=alarm.about,
        incident=alarm.incident,
        unit=alarm.unit,
        text=alarm.text,
        raised_ms=alarm.raised_ms,
        acknowledged_by=alarm.acknowledged_by,
        rung=alarm.rung,
    )


def view_positions(world: World, rows: list[int]) -> tuple[PositionView, ...]:
    """Return where the units of these rows are. Columns are read whole: item by item would hold up the loop."""
    fleet = world.fleet
    picked = np.array(rows, np.int64)
    lat, lon = world.settled.projection.columns_to_degrees(fleet.x_m[picked], fleet.y_m[picked])
    speeds = fleet.speed_dm_s[picked].tolist()
    headings = fleet.heading[picked].tolist()
    columns = (rows, lat.tolist(), lon.tolist(), fleet.fix_ms[picked].tolist(), speeds, headings)
    return tuple(
        PositionView(fleet.ids[row], y, x, fix_ms, None if speed < 0 else speed / 10, None if heading < 0 else heading)
        for row, y, x, fix_ms, speed, heading in zip(*columns, strict=True)
    )


def suspects_of(world: World, lat: float, lon: float, kind: str, address: str, caller: str) -> tuple[Suspect, ...]:
    """Judge a call that has not been reported yet against what is on the board; likeliest first."""
    x_m, y_m = world.settled.projection.to_metres(lat, lon)
    return find(world, Call(x_m=x_m, y_m=y_m, kind=kind, at_ms=world.now, caller=caller, address=address))
