"""Decisions that time asks for. A reminder only says where to look; what is true now decides."""

from collections.abc import Callable

from engine.core import (
    aid,
    alerts,
    destinations,
    holding,
    move_ends,
    reviewing,
    roads,
    rollcall,
    surroundings,
    watching,
)
from engine.core.alarms import raise_alarm
from engine.core.recorder import Recorder
from engine.model.alert_facts import AlarmKind
from engine.model.facts import Resumed, Ticked
from engine.model.inputs import Resume, Tick
from engine.model.lifecycle import Status
from engine.state.deadlines import Deadline, Reminder
from engine.state.records import AlertState


def resume(turn: Recorder, given: Resume) -> None:
    """Come back after an outage: alarms wait until held-back reports could arrive; waiting incidents do not."""
    del given
    turn.record(Resumed(turn.now + turn.world.settled.limits.resume_grace_ms))
    turn.match = turn.look_at_all = True


def tick(turn: Recorder, given: Tick) -> None:
    """Look at everything that is due."""
    del given
    due = turn.world.deadlines.due(turn.now)
    turn.record(Ticked())
    for entry in due:
        _LOOK[entry.about](turn, entry)


def _pending(turn: Recorder, entry: Deadline) -> None:
    incident = turn.world.open.get(entry.subject)
    if incident is None or not turn.world.awaits(incident) or incident.waiting_since_ms != entry.since_ms:
        return
    lacks = ", ".join(f"{count} {slot}" for slot, count in turn.world.lacking(incident).items())
    waited_s = (turn.now - entry.since_ms) // 1000
    on = f" It waits for {incident.stacked_on}, which is busy." if incident.stacked_on else ""
    raise_alarm(
        turn,
        AlarmKind.PENDING,
        entry.subject,
        None,
        f"{entry.subject} has waited {waited_s} s and lacks {lacks}.{on}",
    )


def _not_acknowledged(turn: Recorder, entry: Deadline) -> None:
    incident = turn.world.open.get(entry.subject)
    assignment = incident.assigned.get(entry.unit) if incident else None
    if assignment is None or assignment.sent_ms != entry.since_ms:
        return
    waited_s = (turn.now - entry.since_ms) // 1000
    if assignment.status is Status.DISPATCHED:
        text = f"{entry.unit} was sent to {entry.subject} {waited_s} s ago and has not acknowledged. Call the crew."
        raise_alarm(turn, AlarmKind.NOT_ACKNOWLEDGED, entry.subject, entry.unit, text)
    elif assignment.status is Status.RESERVED:
        text = f"{entry.unit} was reserved for {entry.subject} {waited_s} s ago and is not sent. Send or release it."
        raise_alarm(turn, AlarmKind.NOT_SENT, entry.subject, entry.unit, text)


def _alert_retry(turn: Recorder, entry: Deadline) -> None:
    alert = turn.world.alerts.get(entry.subject)
    if alert is not None and alert.state is AlertState.WAITING and alert.rung_since_ms == entry.since_ms:
        alerts.retry(turn, alert)


def _alert_rung(turn: Recorder, entry: Deadline) -> None:
    alert = turn.world.alerts.get(entry.subject)
    if alert is not None and alert.rung_since_ms == entry.since_ms:
        alerts.climb(turn, alert, f"no acknowledgement through {alert.endpoint}")


def _alert_deadline(turn: Recorder, entry: Deadline) -> None:
    alert = turn.world.alerts.get(entry.subject)
    if alert is not None:
        alerts.hand_to_person(turn, alert, "no acknowledgement in time")


def _look_again(turn: Recorder, entry: Deadline) -> None:
    del entry
    if turn.world.waiting:
        turn.match = turn.look_at_all = True


def _condition_over(turn: Recorder, entry: Deadline) -> None:
    del entry
    roads.lapse(turn)


def _caution_over(turn: Recorder, entry: Deadline) -> None:
    surroundings.lapse(turn, entry)


def _hospital_over(turn: Recorder, entry: Deadline) -> None:
    destinations.lapse(turn, entry)


def _hour(turn: Recorder, entry: Deadline) -> None:
    del entry
    roads.begin_hour(turn)


_LOOK: dict[Reminder, Callable[[Recorder, Deadline], None]] = {
    Reminder.PENDING: _pending,
    Reminder.NOT_ACKNOWLEDGED: _not_acknowledged,
    Reminder.ALERT_RETRY: _alert_retry,
    Reminder.ALERT_RUNG: _alert_rung,
    Reminder.ALERT_DEADLINE: _alert_deadline,
    Reminder.LOOK_AGAIN: _look_again,
    Reminder.AID_ANSWER: aid.expire,
    Reminder.HOLD_OVER: holding.hold_over,
    Reminder.PROGRESS: reviewing.progress,
    Reminder.CONDITION_OVER: _condition_over,
    Reminder.CAUTION_OVER: _caution_over,
    Reminder.HOSPITAL_OVER: _hospital_over,
    Reminder.HOUR: _hour,
    Reminder.TURNOUT: watching.look,
    Reminder.OVERDUE: watching.look,
    Reminder.UNCHANGED: watching.look,
    Reminder.ROLL_CALL: rollcall.look,
    Reminder.ROLL_ANSWER: watching.look,
    Reminder.ROLL_HELP: rollcall.send_help,
    Reminder.ALARM_RUNG: watching.look_at_alarm,
    Reminder.ORPHANS: watching.look_for_orphans,
    Reminder.MOVE: move_ends.look,
}
