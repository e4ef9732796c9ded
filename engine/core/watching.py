"""What each watch rule asks, and when its alarm is over.

Rule: one alarm for one cause. A reminder makes us look; the alarm is raised if its time has come by what is true
now, and it is cleared in the turn whose facts end its cause, whoever recorded them.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeGuard, get_args

from msgspec import Struct

from engine.core import alarms
from engine.core.recorder import Recorder
from engine.model.alert_facts import AlarmCleared, AlarmEscalated, AlarmKind
from engine.model.crew_facts import AidCommitted, AidRequested, DelayReported, RollAnswered
from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    DutyChanged,
    EmergencyDeclared,
    PlaceAdopted,
    UnitDispatched,
    UnitReserved,
)
from engine.state.deadlines import Deadline, Reminder
from engine.state.progress import left_ms
from engine.state.records import Alarm, UnitRecord
from engine.state.watch_times import Due, answer_due, overdue_due, turnout_due, unchanged_due
from engine.state.world import World

OfAUnit: TypeAlias = (
    AidCommitted
    | AidRequested
    | AssignmentAdvanced
    | AssignmentEnded
    | AssignmentMoved
    | DelayReported
    | DutyChanged
    | EmergencyDeclared
    | RollAnswered
    | UnitDispatched
    | UnitReserved
)
"""Facts that may end what an alarm about a unit is about."""
_OF_A_UNIT = frozenset(get_args(OfAUnit))


def is_of_a_unit(fact: AnyFact) -> TypeGuard[OfAUnit]:
    """Tell whether it is one of these. Every fact of every turn is asked about: by its type alone."""
    return type(fact) in _OF_A_UNIT


class Rule(Struct, frozen=True):
    """What is asked about a unit."""

    about: AlarmKind
    due: Due
    says: Callable[[World, UnitRecord], str]


def look(turn: Recorder, entry: Deadline) -> None:
    """Raise the rule's alarm about a unit if its time has come."""
    rule, unit = _RULES[entry.about], turn.world.unit(entry.unit)
    if unit is not None and _has_come(turn.world, unit, rule.due):
        alarms.raise_alarm(turn, rule.about, unit.incident or "", unit.id, rule.says(turn.world, unit))


def _has_come(world: World, unit: UnitRecord, due: Due) -> bool:
    due_ms = due(world, unit)
    return due_ms is not None and due_ms <= world.now


def look_at_alarm(turn: Recorder, entry: Deadline) -> None:
    """Take an alarm a rung up that nobody has taken on."""
    alarm, rules = turn.world.alarms.get(entry.subject), turn.world.settled.watch
    if alarm is None or alarm.acknowledged_by is not None or not rules.escalate_ms:
        return
    if alarm.rung < rules.escalations and alarm.rung_ms + rules.escalate_ms <= turn.now:
        turn.record(AlarmEscalated(alarm.id, alarm.rung + 1))


def look_for_orphans(turn: Recorder, entry: Deadline) -> None:
    """Raise an alarm about each open incident that nobody has. There are none, or the program is broken."""
    del entry
    for name in turn.world.orphans():
        text = (
            f"{name} is open, and no unit, no queue and no time has it: a fault of the program. "
            "Send a unit by hand, and tell whoever looks after the system."
        )
        alarms.raise_alarm(turn, AlarmKind.ORPHAN, name, None, text)


# ── what ends an alarm ──────────────────────────────────────────────────────────────────────────────────────


def settle(turn: Recorder) -> None:
    """Clear the alarms whose cause the facts of this turn have ended. Called when all else has been decided."""
    world = turn.world
    if not world.alarms:
        return
    for fact in tuple(turn.facts):
        if is_of_a_unit(fact):
            _settle_unit(turn, world.units[world.fleet.rows[fact.unit]], fact)
        elif isinstance(fact, PlaceAdopted):
            for alarm in tuple(world.alarms.values()):
                _end(turn, alarm, "the rules have changed")
    if world.tally.get(f"alarms_{AlarmKind.ORPHAN}"):
        _settle_orphans(turn)


def _settle_unit(turn: Recorder, unit: UnitRecord, fact: AnyFact) -> None:
    world = turn.world
    reason = _reason(world, unit, fact)
    for name in dict.fromkeys((unit.incident or "", getattr(fact, "incident", ""), "")):
        for alarm in world.alarms.about(name):
            if alarm.unit == unit.id:
                _end(turn, alarm, reason)


def _reason(world: World, unit: UnitRecord, fact: AnyFact) -> str:
    if isinstance(fact, RollAnswered):
        return f"{unit.id} has answered"
    if isinstance(fact, DelayReported):
        return f"{unit.id} has said when it comes"
    if isinstance(fact, EmergencyDeclared):
        return f"{unit.id} is in an emergency"
    return f"{unit.id} is {world.status(unit)}"


def _end(turn: Recorder, alarm: Alarm, reason: str) -> None:
    if not still_so(turn.world, alarm):
        turn.record(AlarmCleared(alarm.id, reason))


def still_so(world: World, alarm: Alarm) -> bool:
    """Tell whether the cause of an alarm about a unit lasts. Of alarms of other kinds we say nothing: they stand."""
    rule = _BY_KIND.get(alarm.about)
    unit = None if alarm.unit is None else world.unit(alarm.unit)
    if rule is None or unit is None:
        return True
    return (unit.incident or "") == alarm.incident and _has_come(world, unit, rule.due)


def _settle_orphans(turn: Recorder) -> None:
    orphans = turn.world.orphans()
    for alarm in tuple(turn.world.alarms.values()):
        if alarm.about is AlarmKind.ORPHAN and alarm.incident not in orphans:
            turn.record(AlarmCleared(alarm.id, f"{alarm.incident} is somebody's again"))


# ── what is said ────────────────────────────────────────────────────────────────────────────────────────────


def _says_turnout(world: World, unit: UnitRecord) -> str:
    assignment = world.assignment(unit)
    assert assignment is not None
    waited = _span(world.now - assignment.sent_ms)
    return f"{unit.id} was sent to {unit.incident} {waited} ago and is not rolling. Call the crew, or send another."


def _says_overdue(world: World, unit: UnitRecord) -> str:
    assignment = world.assignment(unit)
    assert assignment is not None
    assert unit.incident is not None
    told_ms = assignment.sent_ms + assignment.eta_ms
    where = world.open[unit.incident].address or "see map"
    to_go_ms = left_ms(assignment, world.now)
    more = f" By what is known now it arrives in {_span(to_go_ms)}."
    return (
        f"{unit.id} is expected at {unit.incident} ({where}) and is {_span(world.now - told_ms)} later than told."
        f"{more if to_go_ms > 0 else ''} Ask where it is."
    )


def _says_unchanged(world: World, unit: UnitRecord) -> str:
    assignment = world.assignment(unit)
    since_ms = unit.reported_ms if assignment is None else assignment.reported_ms
    where = f" on {unit.incident}" if unit.incident else ""
    silent = _span(world.now - since_ms)
    return f"{unit.id} has been {world.status(unit)}{where} for {silent} without a word. Ask the crew how it is."


def _says_unanswered(world: World, unit: UnitRecord) -> str:
    help_ms = world.settled.watch.par_answer_ms
    return (
        f"{unit.id} on {unit.incident} has not answered the roll-call. Reach its crew, and acknowledge this alarm: "
        f"without a word its emergency is declared in {_span(help_ms)}."
    )


def _span(ms: int) -> str:
    """Return a time that has passed, in words for the radio."""
    seconds = ms // 1000
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


_RULES = {
    Reminder.TURNOUT: Rule(AlarmKind.TURNOUT, turnout_due, _says_turnout),
    Reminder.OVERDUE: Rule(AlarmKind.OVERDUE, overdue_due, _says_overdue),
    Reminder.UNCHANGED: Rule(AlarmKind.UNCHANGED, unchanged_due, _says_unchanged),
    Reminder.ROLL_ANSWER: Rule(AlarmKind.ROLL_UNANSWERED, answer_due, _says_unanswered),
}
_BY_KIND = {rule.about: rule for rule in _RULES.values()}
