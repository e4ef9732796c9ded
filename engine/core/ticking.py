"""Decisions that time asks for. A reminder only says where to look; what is true now decides."""

from collections.abc import Callable

from engine.core import alerts, roads
from engine.core.recorder import Recorder
from engine.model.alert_facts import AlarmKind, AlarmRaised
from engine.model.facts import Resumed, Ticked
from engine.model.inputs import Resume, Tick
from engine.model.lifecycle import Status
from engine.state.deadlines import Deadline, Reminder
from engine.state.records import AlertState


def resume(turn: Recorder, given: Resume) -> None:
    """Come back after an outage: alarms wait until held-back reports could arrive; waiting incidents do not."""
    del given
    turn.record(Resumed(turn.now + turn.world.settled.limits.resume_grace_ms))
    turn.match = True


def tick(turn: Recorder, given: Tick) -> None:
    """Look at everything that is due."""
    del given
    due = turn.world.deadlines.due(turn.now)
    turn.record(Ticked())
    for entry in due:
        _LOOK[entry.about](turn, entry)


def _pending(turn: Recorder, entry: Deadline) -> None:
    incident = turn.world.waiting.get(entry.subject)
    if incident is None or incident.waiting_since_ms != entry.since_ms:
        return
    lacks = ", ".join(f"{count} {slot}" for slot, count in turn.world.lacking(incident).items())
    waited_s = (turn.now - entry.since_ms) // 1000
    _alarm(
        turn,
        AlarmKind.PENDING,
        entry.subject,
        None,
        f"{entry.subject} has waited {waited_s} s and lacks {lacks}.",
    )


def _not_acknowledged(turn: Recorder, entry: Deadline) -> None:
    incident = turn.world.open.get(entry.subject)
    assignment = incident.assigned.get(entry.unit) if incident else None
    if assignment is None or assignment.sent_ms != entry.since_ms:
        return
    waited_s = (turn.now - entry.since_ms) // 1000
    if assignment.status is Status.DISPATCHED:
        text = f"{entry.unit} was sent to {entry.subject} {waited_s} s ago and has not acknowledged. Call the crew."
        _alarm(turn, AlarmKind.NOT_ACKNOWLEDGED, entry.subject, entry.unit, text)
    elif assignment.status is Status.RESERVED:
        text = f"{entry.unit} was reserved for {entry.subject} {waited_s} s ago and is not sent. Send or release it."
        _alarm(turn, AlarmKind.NOT_SENT, entry.subject, entry.unit, text)


def _alarm(turn: Recorder, about: AlarmKind, incident: str, unit: str | None, text: str) -> None:
    for alarm in turn.world.alarms.about(incident):
        if (alarm.about, alarm.unit) == (about, unit):
            return
    name = f"W{turn.world.alarm_number + 1}"
    turn.record(AlarmRaised(alarm=name, about=about, incident=incident, unit=unit, text=text))


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
    turn.match = turn.look_at_all = bool(turn.world.waiting)


def _condition_over(turn: Recorder, entry: Deadline) -> None:
    del entry
    roads.lapse(turn)


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
    Reminder.CONDITION_OVER: _condition_over,
    Reminder.HOUR: _hour,
}
