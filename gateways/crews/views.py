"""What a crew sees: its job, the way, the dangers, who else comes, and what it may say next. All of it in one view.

Rule: a view is whole. A page that has the newest one has missed nothing, however long it was away.
"""

from msgspec import Struct

from engine.live.clock import Pace
from engine.model.alert_facts import Purpose
from engine.model.lifecycle import CREW_REPORTS, DUTY_REPORTS, ENDS, FREE, MAY_CLEAR, RELEASABLE, UNTOLD, Status
from engine.model.surroundings import Severity
from engine.policy.cautions import cautions_at
from engine.state.posts import post_of
from engine.state.records import Assignment, Incident, UnitRecord
from engine.state.world import World
from gateways.views import NoteView, RouteView, WordsView, view_route, view_words

NOTES_SHOWN = 20
CARRYING = (Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL)
"""Rungs that mean something only where there are hospitals."""


class Danger(Struct, frozen=True, kw_only=True):
    """What is known of the place."""

    severity: Severity
    text: str


class Other(Struct, frozen=True, kw_only=True):
    """Another unit on the same incident."""

    unit: str
    kind: str
    status: Status
    arrive_ms: int | None


class Job(Struct, frozen=True, kw_only=True):
    """What the crew was sent to."""

    incident: str
    type: str
    type_name: str
    code: str
    priority: int
    address: str
    lat: float
    lon: float
    caller: str
    status: Status
    sent_ms: int
    arrive_ms: int | None
    """Expected on scene, until it is there."""
    route: RouteView | None
    stamps: dict[str, int]
    dangers: tuple[Danger, ...]
    others: tuple[Other, ...]
    notes: tuple[NoteView, ...]
    """The latest ones, oldest first."""
    destination: str | None
    """The name of the hospital that the patient is brought to."""


class Notice(Struct, frozen=True, kw_only=True):
    """An alert that the crew has not answered."""

    alert: str
    purpose: Purpose
    text: str
    at_ms: int


class Posting(Struct, frozen=True, kw_only=True):
    """Where the unit belongs, if it is to drive there."""

    post: str
    name: str
    lat: float
    lon: float


class CrewView(Struct, frozen=True, kw_only=True):
    """All that a crew has to know."""

    seq: int
    now_ms: int
    unit: str
    kind: str
    status: Status
    station: str
    emergency: str | None
    """The incident opened for its own emergency."""
    roll_due_ms: int | None
    """It owes the answer that its people are well by then."""
    job: Job | None
    posting: Posting | None
    notices: tuple[Notice, ...]
    words: tuple[WordsView, ...]
    lat: float
    lon: float
    fix_ms: int | None


class Ladder(Struct, frozen=True, kw_only=True):
    """What a crew may report, from where it stands: so that a page without a connection offers the right buttons."""

    order: tuple[Status, ...]
    """Of an assignment, in which it is usually gone through."""
    reports: dict[Status, tuple[Status, ...]]
    declinable: tuple[Status, ...]
    """Until it has arrived, a crew may decline, or say that it is late."""


class Hello(Struct, frozen=True, kw_only=True):
    """The first event of a feed."""

    unit: str
    principal: str
    now_ms: int
    pace: Pace
    ladder: Ladder
    push_key: str | None
    """With which a browser subscribes to pushes; None: they are not configured."""


def ladder_of(world: World) -> Ladder:
    """Return what a crew of this place may report."""
    left_out = () if world.settled.hospitals else CARRYING
    order = tuple(status for status in CREW_REPORTS if status not in UNTOLD and status not in left_out)
    reports: dict[Status, tuple[Status, ...]] = {}
    for status in order:
        ends = [duty for duty in ENDS if duty not in FREE or (duty is not Status.ON_BREAK and status in MAY_CLEAR)]
        reports[status] = (*(each for each in order if each in CREW_REPORTS[status]), *ends)
    for duty, allowed in DUTY_REPORTS.items():
        reports[duty] = tuple(each for each in Status if each in allowed)
    declinable = tuple(status for status in order if status in RELEASABLE)
    return Ladder(order=order, reports=reports, declinable=declinable)


def view_crew(world: World, unit: UnitRecord) -> CrewView:
    """Return what the unit's crew sees in this World."""
    fleet, row = world.fleet, unit.row
    lat, lon = world.settled.projection.to_degrees(int(fleet.x_m[row]), int(fleet.y_m[row]))
    fix_ms = int(fleet.fix_ms[row])
    assignment = world.assignment(unit)
    told = assignment is not None and assignment.status not in UNTOLD
    return CrewView(
        seq=world.seq,
        now_ms=world.now,
        unit=unit.id,
        kind=fleet.units[row].kind,
        # That it is kept for something is not its crew's business yet.
        status=world.status(unit) if told else unit.duty,
        station=fleet.units[row].station,
        emergency=unit.emergency,
        roll_due_ms=unit.roll_due_ms or None,
        job=_job(world, world.open[str(unit.incident)], assignment) if told and assignment is not None else None,
        posting=_posting(world, unit),
        notices=_notices(world, unit),
        words=view_words(world, unit),
        lat=lat,
        lon=lon,
        fix_ms=fix_ms if fix_ms >= 0 and not fleet.assumed[row] else None,
    )


def _job(world: World, incident: Incident, assignment: Assignment) -> Job:
    kind = world.types.get(incident.type)
    lat, lon = world.settled.projection.to_degrees(incident.x_m, incident.y_m)
    hospitals = {each.id: each.name for each in world.settled.hospitals}
    under_way = assignment.status in RELEASABLE
    cautions = cautions_at(world, incident.x_m, incident.y_m)
    return Job(
        incident=incident.id,
        type=incident.type,
        type_name=incident.type if kind is None else kind.name,
        code=incident.code,
        priority=incident.priority,
        address=incident.address,
        lat=lat,
        lon=lon,
        caller=incident.caller,
        status=assignment.status,
        sent_ms=assignment.sent_ms,
        arrive_ms=assignment.arrive_ms or None if under_way else None,
        route=view_route(world, assignment.route) if under_way else None,
        stamps={str(status): at_ms for status, at_ms in assignment.stamps.items()},
        dangers=tuple(Danger(severity=each.severity, text=each.text) for each in cautions),
        others=tuple(
            _other(world, each) for name, each in sorted(incident.assigned.items()) if name != assignment.unit
        ),
        notes=tuple(NoteView(note.at_ms, note.by, note.text) for note in incident.notes[-NOTES_SHOWN:]),
        destination=hospitals.get(assignment.destination or "", assignment.destination),
    )


def _other(world: World, assignment: Assignment) -> Other:
    kind = world.fleet.units[world.fleet.rows[assignment.unit]].kind
    arrive_ms = assignment.arrive_ms or None if assignment.status in RELEASABLE else None
    return Other(unit=assignment.unit, kind=kind, status=assignment.status, arrive_ms=arrive_ms)


def _posting(world: World, unit: UnitRecord) -> Posting | None:
    post = post_of(world, unit)
    if unit.move is None or post not in world.stations:
        return None
    station = world.settled.stations[world.stations[post]]
    lat, lon = world.settled.projection.to_degrees(station.x_m, station.y_m)
    return Posting(post=station.id, name=station.name, lat=lat, lon=lon)


def _notices(world: World, unit: UnitRecord) -> tuple[Notice, ...]:
    owed = [alert for alert in world.alerts.values() if alert.unit == unit.id]
    return tuple(
        Notice(alert=each.id, purpose=each.purpose, text=each.text, at_ms=each.created_ms)
        for each in sorted(owed, key=lambda alert: alert.created_ms)
    )
