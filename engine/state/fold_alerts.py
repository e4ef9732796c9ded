"""What the facts about alerts and alarms do to the World. The outbox is state: what is owed stands here."""

from engine.model.alert_facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmEscalated,
    AlarmKind,
    AlarmRaised,
    AlertAcknowledged,
    AlertAttemptFailed,
    AlertDelivered,
    AlertEscalated,
    AlertHandedOver,
    AlertRequested,
    AlertWithdrawn,
    CopyMarked,
)
from engine.state.deadlines import Reminder
from engine.state.fold_watch import watch_alarm
from engine.state.records import Alarm, Alert, AlertState, Copy
from engine.state.world import World, folds


@folds(AlertRequested)
def requested(world: World, fact: AlertRequested) -> None:
    """Owe the alert, or owe its next attempt."""
    settings = world.settled.alerts
    alert = world.alerts.get(fact.alert)
    if alert is None:
        world.alert_number += 1
        alert = Alert(
            id=fact.alert,
            purpose=fact.purpose,
            unit=fact.unit,
            incident=fact.incident,
            rung=-1,
            endpoint=fact.endpoint,
            attempt=0,
            text=fact.text,
            state=AlertState.REQUESTED,
            created_ms=world.now,
            rung_since_ms=world.now,
        )
        world.alerts.file(alert)
        world.deadlines.set(world.now + settings.deadline_ms, Reminder.ALERT_DEADLINE, alert.id, since_ms=world.now)
        world.count("alerts_owed")
    if fact.rung != alert.rung:
        alert.rung_since_ms = world.now
        world.deadlines.set(
            world.now + settings.acknowledge_within_ms, Reminder.ALERT_RUNG, alert.id, since_ms=world.now
        )
    alert.rung, alert.endpoint, alert.attempt = fact.rung, fact.endpoint, fact.attempt
    alert.state = AlertState.REQUESTED


@folds(AlertDelivered)
def delivered(world: World, fact: AlertDelivered) -> None:
    """An endpoint has it; now its recipient has to acknowledge."""
    alert = world.alerts[fact.alert]
    alert.state = AlertState.DELIVERED
    world.count("alerts_delivered")


@folds(AlertAttemptFailed)
def attempt_failed(world: World, fact: AlertAttemptFailed) -> None:
    """Wait for the time of the next attempt."""
    alert = world.alerts[fact.alert]
    alert.state = AlertState.WAITING
    world.count("alert_attempts_failed")
    if fact.retry_at_ms:
        world.deadlines.set(fact.retry_at_ms, Reminder.ALERT_RETRY, alert.id, since_ms=alert.rung_since_ms)


@folds(CopyMarked)
def copy_marked(world: World, fact: CopyMarked) -> None:
    """Keep how far this recipient's copy has come, beside the alert while that is open."""
    world.count(f"alert_copies_{fact.state}")
    alert = world.alerts[fact.alert]
    known = alert.copy_of(fact.endpoint, fact.recipient)
    if known is None:
        alert.copies.append(Copy(fact.endpoint, fact.recipient, fact.rung, fact.state, world.now, fact.detail))
        return
    known.rung, known.state, known.since_ms, known.detail = fact.rung, fact.state, world.now, fact.detail


@folds(AlertEscalated)
def escalated(world: World, fact: AlertEscalated) -> None:
    """Only the headline: the request for the next rung follows in the turn."""
    del fact
    world.count("alerts_escalated")


@folds(AlertAcknowledged)
def acknowledged(world: World, fact: AlertAcknowledged) -> None:
    """The ladder stops."""
    _over(world, fact.alert, "alerts_acknowledged")


@folds(AlertHandedOver)
def handed_over(world: World, fact: AlertHandedOver) -> None:
    """A person has it now; the alarm of the same turn says so."""
    _over(world, fact.alert, "alerts_handed_over")


@folds(AlertWithdrawn)
def withdrawn(world: World, fact: AlertWithdrawn) -> None:
    """Nobody has to be told any more."""
    _over(world, fact.alert, "alerts_withdrawn")


def _over(world: World, alert_id: str, tally: str) -> None:
    world.alerts.take_out(alert_id)
    world.count(tally)


@folds(AlarmRaised)
def raised(world: World, fact: AlarmRaised) -> None:
    """Put the matter before a person."""
    world.alarm_number += 1
    alarm = Alarm(fact.alarm, fact.about, fact.incident, fact.unit, fact.text, world.now, rung_ms=world.now)
    alarm.rung = int(fact.about is AlarmKind.UNIT_EMERGENCY)
    world.alarms.file(alarm)
    watch_alarm(world, alarm)
    world.count(f"alarms_{fact.about}")


@folds(AlarmEscalated)
def alarm_escalated(world: World, fact: AlarmEscalated) -> None:
    """Put it before those of the next rung."""
    alarm = world.alarms[fact.alarm]
    alarm.rung, alarm.rung_ms = fact.rung, world.now
    watch_alarm(world, alarm)
    world.count("alarms_escalated")


@folds(AlarmAcknowledged)
def alarm_acknowledged(world: World, fact: AlarmAcknowledged) -> None:
    """A person owns it."""
    world.alarms[fact.alarm].acknowledged_by = fact.by


@folds(AlarmCleared)
def alarm_cleared(world: World, fact: AlarmCleared) -> None:
    """Its cause is gone."""
    world.alarms.take_out(fact.alarm)
