"""What must hold of the watch over units after every turn, as sentences about what does not.

Said in its own words, not by asking the functions that the watch itself goes by: the one is held against the other.
"""

from collections.abc import Iterator, Mapping

from engine.model.alert_facts import AlarmKind, Purpose
from engine.model.lifecycle import Status
from engine.state.deadlines import Reminder
from engine.state.records import Alarm, Assignment, UnitRecord
from engine.state.world import World

Reminded = Mapping[tuple[Reminder, str, str, int], int]
TOLD_TO_GO = (Status.DISPATCHED, Status.ACKNOWLEDGED)
ON_THE_WAY = (*TOLD_TO_GO, Status.EN_ROUTE)
ON_THE_GROUND = (Status.ON_SCENE, Status.AT_PATIENT)
NO_TIME = -1


def watch_violations(world: World, reminded: Reminded) -> Iterator[str]:
    """Give a sentence for each thing about timers, roll-calls and alarms that is not as it must be."""
    for unit in world.units:
        assignment = None if unit.incident is None else world.open[unit.incident].assigned[unit.id]
        for rule, kind, due_ms in _matters(world, unit, assignment):
            told = (rule, unit.incident or "", unit.id, due_ms) in reminded
            if not told and not _stands(world, kind, unit):
                yield f"{unit.id} is due for {rule} at {due_ms}, and nobody would look"
        yield from _roll(world, unit, assignment, reminded)
    for alarm in world.alarms.values():
        yield from _alarm(world, alarm)
        yield from _rungs(world, alarm, reminded)
    for alert in world.alerts.values():
        asked = world.unit(alert.unit)
        if alert.purpose is Purpose.ROLL_CALL and not (
            asked is not None and asked.incident == alert.incident and asked.roll_due_ms
        ):
            yield f"{alert.id} asks {alert.unit} how it is at {alert.incident}, where it owes no answer"
    if sum(count for key, count in reminded.items() if key[0] is Reminder.ORPHANS) != 1:
        yield "nobody would look for orphans, or more than one would"


def _matters(
    world: World, unit: UnitRecord, assignment: Assignment | None
) -> Iterator[tuple[Reminder, AlarmKind, int]]:
    """Give what a unit is watched for, and when each of it is due."""
    turnout_ms, overdue_ms = _turnout(world, assignment), _overdue(world, assignment)
    unchanged_ms = _unchanged(world, unit, assignment)
    if turnout_ms != NO_TIME:
        yield Reminder.TURNOUT, AlarmKind.TURNOUT, turnout_ms
    if overdue_ms != NO_TIME:
        yield Reminder.OVERDUE, AlarmKind.OVERDUE, overdue_ms
    if unchanged_ms != NO_TIME:
        yield Reminder.UNCHANGED, AlarmKind.UNCHANGED, unchanged_ms
    if unit.roll_due_ms:
        yield Reminder.ROLL_ANSWER, AlarmKind.ROLL_UNANSWERED, unit.roll_due_ms


def _turnout(world: World, assignment: Assignment | None) -> int:
    rule_ms = world.settled.watch.turnout_ms
    if rule_ms == 0 or assignment is None or assignment.status not in TOLD_TO_GO:
        return NO_TIME
    return assignment.sent_ms + rule_ms + _excused(assignment)


def _overdue(world: World, assignment: Assignment | None) -> int:
    rules = world.settled.watch
    if rules.overdue_ms == 0 or assignment is None or assignment.status not in ON_THE_WAY:
        return NO_TIME
    if Status.STAGING in assignment.stamps or assignment.eta_ms == -1:
        return NO_TIME
    percent_ms = assignment.eta_ms * rules.overdue_percent // 100
    return assignment.sent_ms + assignment.eta_ms + _excused(assignment) + max(percent_ms, rules.overdue_ms)


def _excused(assignment: Assignment) -> int:
    """Whoever says that it comes later has that much longer."""
    promised_ms = assignment.sent_ms if assignment.eta_ms == -1 else assignment.sent_ms + assignment.eta_ms
    return assignment.said_ms - promised_ms if assignment.said_ms > promised_ms else 0


def _unchanged(world: World, unit: UnitRecord, assignment: Assignment | None) -> int:
    status, since_ms = unit.duty, unit.reported_ms
    if assignment is not None:
        status, since_ms = assignment.status, assignment.reported_ms
    rule_ms = dict(reversed(world.settled.watch.unchanged_ms)).get(status, 0)
    listed = any(each.id == unit.id for each in world.settled.units) if rule_ms else False
    return since_ms + rule_ms if rule_ms and since_ms and listed else NO_TIME


def _roll(world: World, unit: UnitRecord, assignment: Assignment | None, reminded: Reminded) -> Iterator[str]:
    """Who owes an answer is on scene and not in need of help; who owes none is asked in time."""
    exposed = assignment is not None and assignment.status in ON_THE_GROUND
    if unit.roll_due_ms and not (exposed and unit.emergency is None):
        yield f"{unit.id} owes a roll-call its answer, and is not on scene or calls for help itself"
    if assignment is None or unit.incident is None:
        return
    if exposed != (assignment.accounted_ms > 0) or assignment.accounted_ms > world.now:
        yield f"{unit.id} is {assignment.status}, and was accounted for at {assignment.accounted_ms}"
    every_ms = world.plans[world.open[unit.incident].plan].par_every_ms
    if not (exposed and every_ms and world.settled.watch.par_answer_ms) or unit.roll_due_ms or unit.emergency:
        return
    if (Reminder.ROLL_CALL, unit.incident, unit.id, assignment.accounted_ms + every_ms) not in reminded:
        yield f"{unit.id} is on scene of {unit.incident}, and nobody would ask how it is"


def _alarm(world: World, alarm: Alarm) -> Iterator[str]:
    """Each alarm is about something that is still so."""
    unit = None if alarm.unit is None else world.unit(alarm.unit)
    incident = world.open.get(alarm.incident)
    if alarm.about is AlarmKind.ORPHAN:
        holds = alarm.incident in world.orphans()
    elif alarm.about is AlarmKind.WITHHELD:
        holds = incident is not None and alarm.incident in world.waiting
    elif alarm.about in (AlarmKind.TURNOUT, AlarmKind.OVERDUE, AlarmKind.UNCHANGED, AlarmKind.ROLL_UNANSWERED):
        assignment = None if incident is None or alarm.unit is None else incident.assigned.get(alarm.unit)
        where = unit is not None and (unit.incident or "") == alarm.incident
        dues = {kind: due for _, kind, due in _matters(world, unit, assignment)} if where and unit else {}
        holds = dues.get(alarm.about, world.now + 1) <= world.now
    else:
        holds = True
    if not holds:
        yield f"{alarm.id} says {alarm.about} of {alarm.incident} and {alarm.unit}, which is no longer so"


def _rungs(world: World, alarm: Alarm, reminded: Reminded) -> Iterator[str]:
    """An alarm that nobody has taken on goes up, as far as there is somebody above."""
    rules = world.settled.watch
    if alarm.rung < (alarm.about is AlarmKind.UNIT_EMERGENCY) or not alarm.raised_ms <= alarm.rung_ms <= world.now:
        yield f"{alarm.id} is on rung {alarm.rung} since {alarm.rung_ms}"
    if alarm.acknowledged_by is not None:
        return
    rises = rules.escalate_ms and alarm.rung < rules.escalations
    if rises and (Reminder.ALARM_RUNG, alarm.id, "", alarm.rung_ms) not in reminded:
        yield f"nobody has taken {alarm.id} on, and nobody else would be told"
    unheard = alarm.about is AlarmKind.ROLL_UNANSWERED and rules.par_answer_ms
    if unheard and (Reminder.ROLL_HELP, alarm.id, "", alarm.raised_ms) not in reminded:
        yield f"{alarm.unit} does not answer, and nobody would be sent to it"


def _stands(world: World, kind: AlarmKind, unit: UnitRecord) -> bool:
    about = world.alarms.about(unit.incident or "")
    return any(alarm.about is kind and alarm.unit == unit.id for alarm in about)
