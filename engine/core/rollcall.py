"""Roll-calls (PAR, personnel accountability reports): is everybody on scene well?

Each unit has its own clock, and only its own answer, or leaving the scene, ends what it owes: no unit speaks for
another. The first clock that runs out calls the roll for all units of the incident. Nobody is called about an
incident that has ended, however long the engine was away.
"""

from engine.core import emergencies, sending
from engine.core.lookup import known_unit, open_incident
from engine.core.recorder import ENGINE, Recorder, Refused
from engine.core.watching import is_of_a_unit
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlertAcknowledged, AlertWithdrawn, Purpose
from engine.model.crew_facts import RollAnswered, RollCalled
from engine.model.crew_inputs import AnswerRoll, CallRoll
from engine.model.facts import AnyFact, AssignmentMoved, EmergencyDeclared, NoteAdded
from engine.state.deadlines import Deadline
from engine.state.records import Incident, UnitRecord
from engine.state.watch_times import AT_SCENE, roll_due

UNANSWERED = "unanswered roll-call"
"""What is said of an emergency that the engine declares."""


def call_roll(turn: Recorder, given: CallRoll) -> None:
    """Ask every unit on scene that does not owe an answer already: asking again gives nobody more time."""
    world = turn.world
    incident = open_incident(world, given.incident)
    if not world.settled.watch.par_answer_ms:
        raise Refused("switched_off", "incident", "Roll-calls are switched off: [watch] par_answer_ms is 0.")
    units = _to_ask(turn, incident)
    if not units:
        owing = [name for name in sorted(incident.assigned) if world.units[world.fleet.rows[name]].roll_due_ms]
        if owing:
            raise Refused("already_called", "incident", f"{', '.join(owing)} on {incident.id} owe an answer already.")
        raise Refused("nobody_on_scene", "incident", f"No unit is on scene of {incident.id}: there is nobody to ask.")
    _call(turn, incident, units, given.by)


def look(turn: Recorder, entry: Deadline) -> None:
    """Call the roll if this unit's clock has run out."""
    unit = turn.world.unit(entry.unit)
    due_ms = None if unit is None else roll_due(turn.world, unit)
    if unit is not None and due_ms is not None and due_ms <= turn.now:
        assert unit.incident is not None
        incident = turn.world.open[unit.incident]
        _call(turn, incident, _to_ask(turn, incident), ENGINE)


def _to_ask(turn: Recorder, incident: Incident) -> list[UnitRecord]:
    """Return the units on scene that owe no answer, in order of id. Who calls for help is not asked how it is."""
    world = turn.world
    on_scene = [name for name in sorted(incident.assigned) if incident.assigned[name].status in AT_SCENE]
    units = [world.units[world.fleet.rows[name]] for name in on_scene]
    return [unit for unit in units if not unit.roll_due_ms and unit.emergency is None]


def _call(turn: Recorder, incident: Incident, units: list[UnitRecord], by: str) -> None:
    answer_by_ms = turn.now + turn.world.settled.watch.par_answer_ms
    turn.record(RollCalled(incident.id, tuple(unit.id for unit in units), answer_by_ms, by))
    for unit in units:
        _ask(turn, unit, incident.id)


def _ask(turn: Recorder, unit: UnitRecord, incident_id: str) -> None:
    left_s = max(0, unit.roll_due_ms - turn.now) // 1000
    text = f"{unit.id} ROLL-CALL {incident_id}: report that your people are well, within {left_s} s"
    sending.request_alert(turn, Purpose.ROLL_CALL, unit.id, incident_id, text)


def settle(turn: Recorder) -> None:
    """End the alerts of roll-calls that are over; ask those anew who were taken along into another incident."""
    world = turn.world
    asked = bool(world.tally.get("roll_calls"))
    for fact in tuple(turn.facts):
        # Where nobody was ever asked, only a word that comes unasked ends anything.
        if (asked or isinstance(fact, (RollAnswered, EmergencyDeclared))) and is_of_a_unit(fact):
            unit = world.units[world.fleet.rows[fact.unit]]
            if unit.roll_due_ms and isinstance(fact, AssignmentMoved):
                _ask(turn, unit, fact.into)
            elif not unit.roll_due_ms and unit.incident is not None:
                _stop_asking(turn, unit, unit.incident, fact)


def _stop_asking(turn: Recorder, unit: UnitRecord, incident_id: str, fact: AnyFact) -> None:
    asked = [alert for alert in turn.world.alerts.about(incident_id) if alert.unit == unit.id]
    for alert in asked:
        if alert.purpose is Purpose.ROLL_CALL and isinstance(fact, RollAnswered):
            turn.record(AlertAcknowledged(alert.id, fact.by))
        elif alert.purpose is Purpose.ROLL_CALL:
            turn.record(AlertWithdrawn(alert.id, f"{unit.id} owes no answer any more"))
    heard = f"{unit.id} has been heard" if isinstance(fact, RollAnswered) else f"{unit.id} is in an emergency"
    if isinstance(fact, (RollAnswered, EmergencyDeclared)):
        for alarm in turn.world.alarms.about(incident_id):
            if alarm.about is AlarmKind.ALERT_UNDELIVERED and alarm.unit == unit.id:
                turn.record(AlarmCleared(alarm.id, heard))


def answer_roll(turn: Recorder, given: AnswerRoll) -> None:
    """Take the word that this unit's people are well. It may come unasked."""
    unit = known_unit(turn.world, given.unit)
    if unit.emergency is not None:
        # An answer that comes too late does not call the help off: that takes a person who knows that it is safe.
        turn.record(NoteAdded(unit.emergency, f"{unit.id} answers the roll-call. Is it safe?", given.by))
        return
    assignment = turn.world.assignment(unit)
    if assignment is None or unit.incident is None or assignment.status not in AT_SCENE:
        raise Refused("not_on_scene", "unit", f"{unit.id} is {turn.world.status(unit)}: it owes no answer.")
    turn.record(RollAnswered(unit.id, unit.incident, given.by))


def send_help(turn: Recorder, entry: Deadline) -> None:
    """Declare the emergency of a unit that has not answered, and about which nobody has taken on the alarm."""
    alarm, answer_ms = turn.world.alarms.get(entry.subject), turn.world.settled.watch.par_answer_ms
    if alarm is None or alarm.acknowledged_by is not None or alarm.unit is None or not answer_ms:
        return
    unit = turn.world.units[turn.world.fleet.rows[alarm.unit]]
    if unit.roll_due_ms and alarm.raised_ms + answer_ms <= turn.now and emergencies.possible(turn.world):
        emergencies.declare(turn, unit, UNANSWERED, ENGINE)
