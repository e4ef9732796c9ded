"""Decisions about alerts: tried, failed, tried again, up the ladder, to a person. At least once, under one key."""

from engine.core.recorder import Recorder, Refused
from engine.model.alert_facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    AlertAcknowledged,
    AlertAttemptFailed,
    AlertDelivered,
    AlertEscalated,
    AlertHandedOver,
    AlertRequested,
    CopyMarked,
    CopyState,
    Purpose,
)
from engine.model.inputs import AcknowledgeAlarm, AcknowledgeAlert, ReportAttempt, ReportCopy, ReportReceipt
from engine.model.lifecycle import Status
from engine.state.records import Alarm, Alert, AlertState

DETAIL_MAX = 300
"""Characters of an endpoint's own words that are kept."""
_UNTOLD = {Purpose.CAUTION: AlarmKind.CAUTION_UNTOLD, Purpose.MESSAGE: AlarmKind.MESSAGE_UNTOLD}
_SEEN = (AlarmKind.DECLINED, AlarmKind.HELP_REQUESTED)
"""What a crew has said, once, to a person: it is over when one has taken it on."""


def report_attempt(turn: Recorder, given: ReportAttempt) -> None:
    """Take note of how an attempt went; a report about an attempt that is over changes nothing."""
    alert = turn.world.alerts.get(given.alert)
    # Of a rung with several copies one may have been delivered and another not: that one is tried again.
    partly = alert is not None and alert.state is AlertState.DELIVERED and not given.delivered and alert.taken
    current = (
        alert is not None
        and (alert.state is AlertState.REQUESTED or partly)
        and (alert.rung, alert.attempt) == (given.rung, given.attempt)
    )
    if alert is None or not current:
        raise Refused("stale_report", "alert", f"{given.alert} does not wait for attempt {given.attempt}.")
    if not given.delivered:
        _failed(turn, alert, given.detail[:DETAIL_MAX])
        return
    turn.record(AlertDelivered(alert.id, given.rung, given.attempt))
    if alert.purpose is Purpose.RELEASE:
        # "You are released" asks for no answer: taken by an endpoint, it is done.
        turn.record(AlertAcknowledged(alert.id, alert.endpoint))


def _failed(turn: Recorder, alert: Alert, detail: str) -> None:
    settings = turn.world.settled.alerts
    last = alert.attempt >= settings.attempts
    wait_ms = settings.retry_after_ms << (alert.attempt - 1)
    retry_at_ms = 0 if last else turn.now + wait_ms
    turn.record(AlertAttemptFailed(alert.id, alert.rung, alert.attempt, detail, retry_at_ms))
    # Where somebody of this rung has been told, the rung keeps its time to lead to an acknowledgement.
    if last and not alert.taken:
        climb(turn, alert, f"{alert.attempt} attempts at {alert.endpoint} failed: {detail}")


def report_copy(turn: Recorder, given: ReportCopy) -> None:
    """Take note of how far a recipient's copy has come; an acknowledgement stops the ladder for everybody."""
    alert = turn.world.alerts.get(given.alert)
    if alert is None:
        raise Refused("unknown_alert", "alert", f"{given.alert} is not open: it is over, or never existed.")
    known = alert.copy_of(given.endpoint, given.recipient)
    if known is not None and given.rung <= known.rung and given.state not in _FOLLOWS[known.state]:
        raise Refused("stale_report", "state", f"the copy is {known.state} already.")
    rung = given.rung if given.rung >= 0 else alert.rung if known is None else known.rung
    turn.record(
        CopyMarked(
            alert=alert.id,
            unit=alert.unit,
            incident=alert.incident,
            rung=rung,
            endpoint=given.endpoint,
            recipient=given.recipient,
            state=given.state,
            detail=given.detail[:DETAIL_MAX],
            at_ms=given.at_ms,
        )
    )
    if given.state is CopyState.ACKNOWLEDGED and alert.purpose is not Purpose.RELEASE:
        who = given.by or given.recipient
        turn.record(AlertAcknowledged(alert.id, f"{who} via {given.endpoint}" if who else given.endpoint))


_ANY = tuple(CopyState)
_FOLLOWS: dict[CopyState, tuple[CopyState, ...]] = {
    CopyState.OFF_DUTY: _ANY,
    CopyState.FAILED: _ANY,
    CopyState.SENT: (CopyState.DELIVERED, CopyState.ACKNOWLEDGED, CopyState.FAILED, CopyState.EXPIRED),
    CopyState.DELIVERED: (CopyState.ACKNOWLEDGED, CopyState.FAILED, CopyState.EXPIRED),
    CopyState.EXPIRED: (CopyState.DELIVERED, CopyState.ACKNOWLEDGED),
    CopyState.ACKNOWLEDGED: (),
}
"""What news may follow on what is known of a copy at the same rung; at a new rung it begins anew."""


def retry(turn: Recorder, alert: Alert) -> None:
    """Ask for the next attempt at the same rung."""
    _request(turn, alert, alert.rung, alert.attempt + 1)


def climb(turn: Recorder, alert: Alert, reason: str) -> None:
    """Go one rung up the ladder; at its end a person has to tell the crew."""
    ladder = turn.world.settled.alerts.ladder
    rung = alert.rung + 1
    if rung >= len(ladder):
        hand_to_person(turn, alert, reason)
        return
    turn.record(AlertEscalated(alert.id, rung, reason))
    _request(turn, alert, rung, 1)


def _request(turn: Recorder, alert: Alert, rung: int, attempt: int) -> None:
    ladder = turn.world.settled.alerts.ladder
    turn.record(
        AlertRequested(
            alert=alert.id,
            purpose=alert.purpose,
            unit=alert.unit,
            incident=alert.incident,
            rung=rung,
            endpoint=ladder[min(rung, len(ladder) - 1)],
            attempt=attempt,
            text=alert.text,
        )
    )


def hand_to_person(turn: Recorder, alert: Alert, reason: str) -> None:
    """The machine has done what it can: say so where a person cannot miss it."""
    for each in [each for each in alert.copies if each.taken]:
        turn.record(
            CopyMarked(
                alert=alert.id,
                unit=alert.unit,
                incident=alert.incident,
                rung=each.rung,
                endpoint=each.endpoint,
                recipient=each.recipient,
                state=CopyState.EXPIRED,
            )
        )
    turn.record(AlertHandedOver(alert.id, reason))
    turn.record(
        AlarmRaised(
            alarm=f"W{turn.world.alarm_number + 1}",
            about=_UNTOLD.get(alert.purpose, AlarmKind.ALERT_UNDELIVERED),
            incident=alert.incident,
            unit=alert.unit,
            text=f"{alert.unit} may not know: {alert.text}. Tell the crew by voice. ({reason})",
        )
    )


def report_receipt(turn: Recorder, given: ReportReceipt) -> None:
    """The recipient has answered: the ladder stops."""
    _acknowledge(turn, given.alert, given.by)


def acknowledge_alert(turn: Recorder, given: AcknowledgeAlert) -> None:
    """A person has told the recipient: the ladder stops."""
    _acknowledge(turn, given.alert, given.by)


def _acknowledge(turn: Recorder, alert_id: str, by: str) -> None:
    if alert_id not in turn.world.alerts:
        raise Refused("unknown_alert", "alert", f"{alert_id} is not open: it was acknowledged, or never existed.")
    turn.record(AlertAcknowledged(alert_id, by))


def acknowledge_alarm(turn: Recorder, given: AcknowledgeAlarm) -> None:
    """A person owns the matter."""
    alarm = turn.world.alarms.get(given.alarm)
    if alarm is None:
        raise Refused("unknown_alarm", "alarm", f"{given.alarm} is not raised (any more).")
    turn.record(AlarmAcknowledged(alarm.id, given.by))
    untold = alarm.about is AlarmKind.ALERT_UNDELIVERED and not _is_sent(turn, alarm)
    if untold or alarm.about in _UNTOLD.values():
        # A released crew owes no further word about that incident, and no status says that a crew knows of a danger,
        # so the alarm would never end by itself.
        turn.record(AlarmCleared(alarm.id, f"{given.by} tells the crew"))
    elif alarm.about in _SEEN:
        turn.record(AlarmCleared(alarm.id, f"{given.by} has seen it"))


def _is_sent(turn: Recorder, alarm: Alarm) -> bool:
    incident = turn.world.open.get(alarm.incident)
    assignment = incident.assigned.get(alarm.unit) if incident and alarm.unit else None
    return assignment is not None and assignment.status is Status.DISPATCHED
