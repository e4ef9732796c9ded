"""What must hold in every World after every turn, as a list of sentences about what does not.

Rule: pure, complete, and slow on purpose (it looks at everything). Tests ask after each turn; a running system may
ask now and then, of a follower's World, and count what it is told: the count stays 0.
"""

from collections.abc import Iterator

from engine.core.crew_invariants import crew_violations
from engine.core.move_invariants import move_violations
from engine.core.response_invariants import response_violations
from engine.core.road_invariants import book_violations
from engine.core.surroundings_invariants import endangered, surroundings_violations
from engine.core.watch_invariants import watch_violations
from engine.model.alert_facts import AlarmKind, Purpose
from engine.model.lifecycle import DUTY, FREE, RUNGS, Phase, Status
from engine.state.deadlines import Reminder
from engine.state.fleet import (
    STANDING_ASSIGNED,
    STANDING_CREW_BUSY,
    STANDING_FREE,
    STANDING_NOT_IN_SERVICE,
    STANDING_UNDERSTAFFED,
)
from engine.state.fold_units import REOPENS
from engine.state.index import METRES_MAX
from engine.state.records import Alarm, AlertState, Incident, UnitRecord
from engine.state.world import World

UNTOLD = (None, Status.REQUESTED, Status.RESERVED)
"""Where a unit stands on an incident as far as its crew has been told: it is not on it."""

Reminded = dict[tuple[Reminder, str, str, int], int]
"""How many reminders there are of each (about, subject, unit, since_ms)."""


def violations(world: World) -> list[str]:
    """Return a sentence for each invariant that the World breaks; none if it is whole."""
    reminded: Reminded = {}
    for entry in world.deadlines.entries():
        key = (entry.about, entry.subject, entry.unit, entry.since_ms)
        reminded[key] = reminded.get(key, 0) + 1
    found = [*_board(world, reminded), *book_violations(world, reminded)]
    found += watch_violations(world, reminded)
    found += surroundings_violations(world, reminded)
    holders: dict[str, list[str]] = {unit.id: [] for unit in world.units}
    for incident in world.open.values():
        for unit_id in incident.assigned:
            holders[unit_id].append(incident.id)
    listed = {unit.id: unit.capabilities for unit in world.settled.units}
    for record in world.units:
        found += _unit(world, record, holders[record.id])
        found += _columns(world, record, listed.get(record.id))
    for incident in world.incidents.values():
        found += _open(world, incident, reminded) if incident.open else _ended(world, incident)
    found += response_violations(world, reminded)
    found += [*crew_violations(world, reminded), *move_violations(world, reminded), *_alerts(world, reminded)]
    for alarm in world.alarms.values():
        found += _alarm(world, alarm)
    return found


def _board(world: World, reminded: Reminded) -> Iterator[str]:
    """Nothing accepted is lost, and the board's lists agree with each other."""
    tally = world.tally.get
    ended = sum(tally(f"incidents_{phase}", 0) for phase in (Phase.CLOSED, Phase.CANCELLED, Phase.MERGED))
    ended -= tally("incidents_reopened", 0) + tally("incidents_split", 0)
    if not world.incident_number == tally("incidents_reported", 0) == len(world.open) + ended:
        yield f"{world.incident_number} incidents were reported, {len(world.open)} are open and {ended} have ended"
    if list(world.open) != [incident.id for incident in world.incidents.values() if incident.open]:
        yield "the open incidents are not those of the record"
    if set(world.closed) != set(world.incidents) - set(world.open):
        yield "the ended incidents are not those of the record"
    if world.orphans():
        yield f"nobody and no queue has {world.orphans()}"
    order = [(incident.priority, incident.reported_ms, incident.number) for incident in world.queue()]
    if order != sorted(order) or len(order) != len(world.waiting):
        yield "the queue is out of order"
    looks = sum(count for key, count in reminded.items() if key[0] is Reminder.LOOK_AGAIN)
    if looks != world.looking_again or (world.waiting and not looks):
        yield f"{len(world.waiting)} incidents wait, and {looks} reminders to look again are set"
    owed = [tally(f"alerts_{how}", 0) for how in ("acknowledged", "handed_over", "withdrawn")]
    if tally("alerts_owed", 0) != sum(owed) + len(world.alerts):
        yield f"{tally('alerts_owed', 0)} alerts were owed, {sum(owed)} are settled and {len(world.alerts)} open"


def _unit(world: World, unit: UnitRecord, holders: list[str]) -> Iterator[str]:
    """A unit is on one open incident at most, both sides say so, and its crew is nowhere else."""
    if world.fleet.ids[unit.row] != unit.id or world.fleet.rows[unit.id] != unit.row:
        yield f"{unit.id} is not at row {unit.row}"
    if unit.duty not in DUTY or (unit.incident is not None and unit.duty not in FREE):
        yield f"{unit.id} has the duty {unit.duty} while on {unit.incident}"
    if holders != ([] if unit.incident is None else [unit.incident]):
        yield f"{unit.id} says that it is on {unit.incident}, the board says {holders}"
    if unit.incident is not None:
        for row in world.fleet.siblings[unit.row]:
            if world.units[row].incident is not None:
                yield f"{unit.id} and {world.units[row].id} share a crew and are both out"
    if unit.emergency is not None and unit.emergency not in world.open:
        yield f"the emergency of {unit.id} is {unit.emergency}, which is not open"
    if unit.reported_ms > world.now:
        yield f"{unit.id} has reported in the future"


def _columns(world: World, unit: UnitRecord, capabilities: int | None) -> Iterator[str]:
    """The columns that the kernels read say the same as the records."""
    fleet, row = world.fleet, unit.row
    busy = any(world.units[other].occupied for other in fleet.siblings[row])
    if unit.incident is not None:
        standing = STANDING_ASSIGNED
    elif unit.duty not in FREE or unit.emergency is not None or not fleet.listed[row]:
        standing = STANDING_NOT_IN_SERVICE
    elif world.understaffed(unit):
        standing = STANDING_UNDERSTAFFED
    else:
        standing = STANDING_CREW_BUSY if busy else STANDING_FREE
    if fleet.standing[row] != standing:
        yield f"the column says {fleet.standing[row]} of {unit.id}, the record {standing}"
    if bool(fleet.listed[row]) != (capabilities is not None):
        yield f"{unit.id} is listed wrongly"
    if int(fleet.capability[row]) != (0 if capabilities is None else capabilities | unit.brings):
        yield f"{unit.id} has other capabilities in its column than in the place and by its crew"
    if max(abs(int(fleet.x_m[row])), abs(int(fleet.y_m[row]))) > METRES_MAX:
        yield f"{unit.id} is nowhere"
    if fleet.tree is not None and row not in fleet.index:
        yield f"{unit.id} is not in the index"


def _open(world: World, incident: Incident, reminded: Reminded) -> Iterator[str]:
    """An open incident's slots, queue, reminders and units agree."""
    name = incident.id
    slots = {slot.id: slot for slot in world.slots(incident)}
    taken: dict[str, int] = {}
    for unit_id, assignment in incident.assigned.items():
        if assignment.unit != unit_id or assignment.status not in RUNGS:
            yield f"{name} holds {assignment.unit} as {unit_id}, {assignment.status}"
        if assignment.slot is not None:
            taken[assignment.slot] = taken.get(assignment.slot, 0) + 1
        yield from _assignment(world, incident, unit_id, reminded)
    served = [ended.assignment.slot for ended in incident.past if ended.outcome not in REOPENS]
    for slot in {**incident.filled, **taken}:
        filled, count = incident.filled.get(slot, 0), taken.get(slot, 0)
        if filled == count == 0:
            continue  # of another way to answer, in which it was served before
        if slot not in slots or not count <= filled <= count + served.count(slot):
            yield f"{name} counts {filled} places of {slot} as filled, by {count} units and {served.count(slot)} before"
    if (bool(world.lacking(incident)) and not incident.set_aside) != (name in world.waiting):
        yield f"{name} lacks {world.lacking(incident)}, and waits: {name in world.waiting}"
    standing = [choice for choice in incident.recommended if choice.replaces not in incident.assigned]
    if name not in world.waiting and (standing or incident.short):
        yield f"{name} does not wait and has a recommendation"
    pending = (Reminder.PENDING, name, "", incident.waiting_since_ms) in reminded
    if world.awaits(incident) and not (pending or _has_alarm(world, AlarmKind.PENDING, name, None)):
        yield f"{name} waits, and nobody would be told"
    if incident.type not in world.types or incident.number > world.incident_number:
        yield f"{name} has the type {incident.type} and the number {incident.number}"


def _assignment(world: World, incident: Incident, unit_id: str, reminded: Reminded) -> Iterator[str]:
    """A unit that is only reserved, or has not answered, is somebody's business by a certain time."""
    assignment = incident.assigned[unit_id]
    kinds = {Status.RESERVED: AlarmKind.NOT_SENT, Status.DISPATCHED: AlarmKind.NOT_ACKNOWLEDGED}
    kind = kinds.get(assignment.status)
    key = (Reminder.NOT_ACKNOWLEDGED, incident.id, unit_id, assignment.sent_ms)
    if kind is not None and key not in reminded and not _has_alarm(world, kind, incident.id, unit_id):
        yield f"{unit_id} is {assignment.status} on {incident.id}, and nobody would be told"
    if assignment.status not in assignment.stamps or max(assignment.stamps.values()) > world.now:
        yield f"{unit_id} is {assignment.status} on {incident.id} with the stamps {assignment.stamps}"


def _ended(world: World, incident: Incident) -> Iterator[str]:
    """An ended incident holds nothing and nobody."""
    name = incident.id
    if incident.assigned or incident.recommended or incident.short or incident.set_aside or name in world.waiting:
        yield f"{name} is {incident.phase} and still holds units or a place in the queue"
    if (incident.merged_into is not None) is not (incident.phase is Phase.MERGED):
        yield f"{name} is {incident.phase} and went into {incident.merged_into}"
    if not incident.reported_ms <= incident.ended_ms <= world.now:
        yield f"{name} ended at {incident.ended_ms}"


def _alerts(world: World, reminded: Reminded) -> Iterator[str]:
    """Each alert that is owed is true, and on its way to somebody within its deadline."""
    for name, alert in world.alerts.items():
        if alert.id != name or alert not in world.alerts.about(alert.incident):
            yield f"{name} is filed wrongly"
        unit = world.unit(alert.unit)
        status = world.status(unit) if unit is not None and unit.incident == alert.incident else None
        if alert.purpose is Purpose.DISPATCH and status is not Status.DISPATCHED:
            yield f"{name} tells {alert.unit} to go to {alert.incident}, which it knows or need not"
        if alert.purpose is Purpose.RELEASE and status not in UNTOLD:
            yield f"{name} tells {alert.unit} that it is released from {alert.incident}, where it is wanted"
        if alert.purpose is Purpose.CAUTION and (status in UNTOLD or not endangered(world, alert.incident)):
            yield f"{name} tells {alert.unit} of a danger at {alert.incident}, which is over, or none of its business"
        if (Reminder.ALERT_DEADLINE, name, "", alert.created_ms) not in reminded:
            yield f"{name} has no deadline"
        if (Reminder.ALERT_RUNG, name, "", alert.rung_since_ms) not in reminded:
            yield f"{name} would stay on rung {alert.rung}"
        retry = (Reminder.ALERT_RETRY, name, "", alert.rung_since_ms) in reminded
        if alert.state is AlertState.WAITING and not retry:
            yield f"{name} waits for an attempt that nothing asks for"


def _alarm(world: World, alarm: Alarm) -> Iterator[str]:
    """Each alarm is about something that is still so."""
    if alarm not in world.alarms.about(alarm.incident):
        yield f"{alarm.id} is filed wrongly"
    unit = None if alarm.unit is None else world.unit(alarm.unit)
    status = world.status(unit) if unit is not None and unit.incident == alarm.incident else None
    match alarm.about:
        case AlarmKind.PENDING:
            holds = alarm.incident in world.open and world.awaits(world.open[alarm.incident])
        case AlarmKind.NOT_ACKNOWLEDGED:
            holds = status is Status.DISPATCHED
        case AlarmKind.NOT_SENT:
            holds = status is Status.RESERVED
        case AlarmKind.CAUTION_UNTOLD:
            holds = status not in UNTOLD and endangered(world, alarm.incident)
        case AlarmKind.UNIT_EMERGENCY:
            holds = unit is not None and unit.emergency == alarm.incident
        case AlarmKind.ALERT_UNDELIVERED:
            # A crew that was not told to go has not answered; one that was not told of its release is elsewhere.
            untold = status in UNTOLD or (unit is not None and unit.roll_due_ms > 0)
            holds = status is Status.DISPATCHED or (untold and alarm.acknowledged_by is None)
        case _:
            holds = True  # see watch_invariants
    if not holds:
        yield f"{alarm.id} says {alarm.about} of {alarm.incident} and {alarm.unit}, which is no longer so"


def _has_alarm(world: World, about: AlarmKind, incident_id: str, unit_id: str | None) -> bool:
    return any(alarm.about is about and alarm.unit == unit_id for alarm in world.alarms.about(incident_id))
