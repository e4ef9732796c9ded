"""Decisions about what crews say of their orders, and what they are told: decline, delay, help, words.

A crew's word is never overwritten by what a position suggests. One that does not go is believed at once: its place is
matched again in the same turn, and a person is told.
"""

from engine.core import alarms, sending
from engine.core.lookup import check_given, check_text, known_unit
from engine.core.recorder import Recorder, Refused
from engine.core.reviewing import told_ms
from engine.core.statuses import AHEAD_MS_MAX
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlarmRaised, Purpose
from engine.model.crew_facts import DelayReported, DispatchDeclined, HelpRequested, UnitSaid, UnitTold
from engine.model.crew_inputs import DeclineDispatch, ReportDelay, RequestHelp, TellDispatch, TellUnit
from engine.model.facts import AssignmentAdvanced, AssignmentEnded
from engine.model.lifecycle import HAS_LEFT, RELEASABLE, UNTOLD, Outcome, Status
from engine.state.records import Assignment, UnitRecord

DELAY_MINUTES_MAX = 240
WORDS_MAX = 1_000
"""Characters of a message to a crew or of one: it is read at the wheel."""


def decline_dispatch(turn: Recorder, given: DeclineDispatch) -> None:
    """Take the unit off the incident, which is decided anew in this very turn, and tell a person."""
    unit = known_unit(turn.world, given.unit)
    check_given(reason=given.reason)
    assignment = _under_way(turn, unit, given.incident, "decline")
    at_ms = _said_at(turn, given.at_ms)
    duty = Status.RETURNING if assignment.status in HAS_LEFT else unit.duty
    sending.settle_alerts(turn, unit.id, given.incident, f"its crew does not go: {given.reason}")
    turn.record(DispatchDeclined(unit.id, given.incident, given.reason, at_ms, given.by))
    turn.record(AssignmentEnded(unit.id, given.incident, Outcome.DECLINED, duty, turn.now, given.by, given.reason))
    text = f"{unit.id} does not go to {given.incident}: {given.reason}. See that somebody does."
    alarms.raise_alarm(turn, AlarmKind.DECLINED, given.incident, unit.id, text)
    turn.match = True


def report_delay(turn: Recorder, given: ReportDelay) -> None:
    """Expect the unit later; whoever could be there sooner may take its place, as with any unit that is late."""
    unit = known_unit(turn.world, given.unit)
    check_text(reason=given.reason)
    assignment = _under_way(turn, unit, given.incident, "be late for")
    if not 1 <= given.minutes <= DELAY_MINUTES_MAX:
        raise Refused(
            "out_of_range", "minutes", f"{given.minutes} minutes is no delay: say 1 to {DELAY_MINUTES_MAX}, or decline."
        )
    at_ms = _said_at(turn, given.at_ms)
    arrive_ms = max(at_ms, assignment.arrive_ms) + 60_000 * given.minutes
    late_ms = arrive_ms - told_ms(assignment)
    if assignment.status is Status.DISPATCHED:
        # Who says when it comes has said yes.
        since_ms = max(at_ms, assignment.reported_ms)
        turn.record(AssignmentAdvanced(unit.id, given.incident, Status.ACKNOWLEDGED, since_ms, given.by))
    sending.crew_knows(turn, unit.id, given.incident)
    turn.record(DelayReported(unit.id, given.incident, arrive_ms, late_ms, given.reason, at_ms, given.by))
    turn.review = turn.match = True


def request_help(turn: Recorder, given: RequestHelp) -> None:
    """Put the crew's wish before a person: what is sent as well is the plan's next alarm, or a dispatcher's choice."""
    unit = known_unit(turn.world, given.unit)
    check_text(text=given.text)
    at_ms, where = _said_at(turn, given.at_ms), _working_on(turn, unit)
    turn.record(HelpRequested(unit.id, where, given.what, given.text, at_ms, given.by))
    wish = f"{unit.id} asks for {given.what.replace('_', ' ')}{f' on {where}' if where else ''}"
    text = f"{wish}{f': {given.text}' if given.text.strip() else ''}"
    for alarm in tuple(turn.world.alarms.about(where or "")):
        # Asked again, it is one alarm with the newest words. "Police" does not hide behind "more units".
        if (alarm.about, alarm.unit) == (AlarmKind.HELP_REQUESTED, unit.id) and alarm.text.startswith(wish):
            turn.record(AlarmCleared(alarm.id, f"{unit.id} has asked again"))
    name = f"W{turn.world.alarm_number + 1}"
    turn.record(AlarmRaised(alarm=name, about=AlarmKind.HELP_REQUESTED, incident=where or "", unit=unit.id, text=text))


def tell_unit(turn: Recorder, given: TellUnit) -> None:
    """Owe the crew these words: they climb the ladder like any alert, and in the end a person says them by voice."""
    unit = known_unit(turn.world, given.unit)
    _check_words(given.text)
    alert = f"A{turn.world.alert_number + 1}"
    turn.record(UnitTold(unit.id, _working_on(turn, unit), given.text, alert, given.by))
    sending.request_alert(turn, Purpose.MESSAGE, unit.id, "", f"{unit.id} MESSAGE: {given.text}")


def tell_dispatch(turn: Recorder, given: TellDispatch) -> None:
    """Write down what the crew says."""
    unit = known_unit(turn.world, given.unit)
    _check_words(given.text)
    turn.record(UnitSaid(unit.id, _working_on(turn, unit), given.text, _said_at(turn, given.at_ms), given.by))


def _check_words(text: str) -> None:
    check_given(text=text)
    if len(text) > WORDS_MAX:
        raise Refused("too_long", "text", f"The message has {len(text)} characters; at most {WORDS_MAX} are brought.")


def _under_way(turn: Recorder, unit: UnitRecord, incident_id: str, verb: str) -> Assignment:
    """Return the assignment that the crew speaks of, or refuse: it has been told to go, and has not arrived."""
    assignment = turn.world.assignment(unit)
    if assignment is None or unit.incident != incident_id or assignment.status in UNTOLD:
        raise Refused(
            "not_assigned", "incident", f"{unit.id} is not on {incident_id} (any more): there is nothing to {verb}."
        )
    if assignment.status not in RELEASABLE:
        raise Refused(
            "units_on_scene",
            "incident",
            f"{unit.id} is {assignment.status.plain} on {incident_id} and cannot {verb} it. Ask for help, or report clear.",
        )
    return assignment


def _said_at(turn: Recorder, at_ms: int | None) -> int:
    if at_ms is not None and at_ms > turn.now + AHEAD_MS_MAX:
        raise Refused("out_of_range", "at_ms", f"{at_ms} lies in the future of {turn.now}. Check the device's clock.")
    return turn.now if at_ms is None else min(at_ms, turn.now)


def _working_on(turn: Recorder, unit: UnitRecord) -> str | None:
    """Return the incident that the crew knows it is on."""
    assignment = turn.world.assignment(unit)
    return None if assignment is None or assignment.status in UNTOLD else unit.incident
