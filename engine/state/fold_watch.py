"""What the watch over units keeps in the World: its reminders, roll-calls, and the orphan watchdog's beat.

The folds of other files call these functions where something starts a time. A reminder set once too often does no harm.
"""

from engine.model.alert_facts import AlarmKind
from engine.model.crew_facts import RollAnswered, RollCalled
from engine.state.deadlines import Reminder
from engine.state.records import Alarm, Assignment, UnitRecord
from engine.state.watch_times import AT_SCENE, TIMES
from engine.state.world import World, folds

ORPHANS_EVERY_MS = 60_000
"""How often the board is searched for incidents that nobody has; a sign of life of the clock, too."""


def watch_unit(world: World, unit: UnitRecord) -> None:
    """Set the reminders that the unit needs as it stands now."""
    for about, due in TIMES.items():
        due_ms = due(world, unit)
        if due_ms is not None:
            world.deadlines.set(due_ms, about, unit.incident or "", unit=unit.id, since_ms=due_ms)


def watch_report(world: World, unit: UnitRecord, assignment: Assignment, at_ms: int) -> None:
    """Take a crew's report into account: silence counts anew, and a roll-call ends where the scene is left."""
    if assignment.status not in AT_SCENE:
        assignment.accounted_ms = unit.roll_due_ms = 0
    elif not assignment.accounted_ms:
        assignment.accounted_ms = at_ms
        _set(world, Reminder.ROLL_CALL, unit)
    _set(world, Reminder.UNCHANGED, unit)


def watch_duty(world: World, unit: UnitRecord) -> None:
    """Take into account that the unit has no assignment: it owes no roll-call an answer."""
    unit.roll_due_ms = 0
    _set(world, Reminder.UNCHANGED, unit)


def watch_need(world: World, unit: UnitRecord) -> None:
    """Take into account that the unit needs help, or is safe: either way its people are accounted for now."""
    assignment = world.assignment(unit)
    unit.roll_due_ms = 0
    if assignment is not None and assignment.status in AT_SCENE:
        assignment.accounted_ms = world.now
        _set(world, Reminder.ROLL_CALL, unit)


def watch_alarm(world: World, alarm: Alarm) -> None:
    """Have somebody else look if nobody takes the alarm on; who does not answer a roll-call is helped in the end."""
    rules = world.settled.watch
    if rules.escalate_ms and alarm.rung < rules.escalations:
        world.deadlines.set(alarm.rung_ms + rules.escalate_ms, Reminder.ALARM_RUNG, alarm.id, since_ms=alarm.rung_ms)
    if alarm.about is AlarmKind.ROLL_UNANSWERED:
        due_ms = alarm.raised_ms + rules.par_answer_ms
        world.deadlines.set(due_ms, Reminder.ROLL_HELP, alarm.id, since_ms=alarm.raised_ms)


def watch_anew(world: World) -> None:
    """Rules or plans have changed: set every reminder as they are now. What was set before passes quietly."""
    for unit in world.units:
        watch_unit(world, unit)
    for alarm in world.alarms.values():
        if alarm.acknowledged_by is None:
            watch_alarm(world, alarm)


def watch_board(world: World) -> None:
    """Have the board searched for orphans a minute from now."""
    world.deadlines.set(world.now + ORPHANS_EVERY_MS, Reminder.ORPHANS, "", since_ms=world.now)


def give_time(world: World, quiet_until_ms: int) -> None:
    """Give who was asked just before an outage the whole time once more: its answer may have found nobody."""
    until_ms = quiet_until_ms + world.settled.watch.par_answer_ms
    for unit in world.units:
        if unit.roll_due_ms and not _is_missed(world, unit):
            unit.roll_due_ms = max(unit.roll_due_ms, until_ms)
            _set(world, Reminder.ROLL_ANSWER, unit)
    world.deadlines.postpone(until_ms, frozenset({Reminder.ROLL_HELP}))


def _is_missed(world: World, unit: UnitRecord) -> bool:
    about = world.alarms.about(unit.incident or "")
    return any(alarm.about is AlarmKind.ROLL_UNANSWERED and alarm.unit == unit.id for alarm in about)


@folds(RollCalled)
def called(world: World, fact: RollCalled) -> None:
    """Each of these owes its own answer."""
    for unit_id in fact.units:
        unit = world.units[world.fleet.rows[unit_id]]
        unit.roll_due_ms = fact.answer_by_ms
        _set(world, Reminder.ROLL_ANSWER, unit)
    world.count("roll_calls")


@folds(RollAnswered)
def answered(world: World, fact: RollAnswered) -> None:
    """This one, and no other, is accounted for; its own clock starts anew."""
    unit = world.units[world.fleet.rows[fact.unit]]
    unit.roll_due_ms = 0
    world.open[fact.incident].assigned[fact.unit].accounted_ms = world.now
    _set(world, Reminder.ROLL_CALL, unit)
    world.count("roll_answers")


def _set(world: World, about: Reminder, unit: UnitRecord) -> None:
    due_ms = TIMES[about](world, unit)
    if due_ms is not None:
        world.deadlines.set(due_ms, about, unit.incident or "", unit=unit.id, since_ms=due_ms)
