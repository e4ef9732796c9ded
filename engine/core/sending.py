"""The acts on units that several decisions share: send, recall, hand over; each with the alert that it owes."""

from engine.core import guard
from engine.core.recorder import Recorder
from engine.model.facts import (
    AlarmCleared,
    AlarmKind,
    AlertAcknowledged,
    AlertRequested,
    AlertWithdrawn,
    AssignmentAdvanced,
    AssignmentEnded,
    Purpose,
    UnitDispatched,
)
from engine.model.lifecycle import Outcome, Status
from engine.state.records import Incident


def dispatch(
    turn: Recorder,
    unit_id: str,
    incident: Incident,
    *,
    slot: str | None,
    eta_ms: int,
    by: str,
    deviation: str = "",
) -> None:
    """Send a free or reserved unit and owe its crew the alert."""
    guard.may_send(turn.world, turn.world.units[turn.world.fleet.rows[unit_id]], incident)
    turn.record(
        UnitDispatched(unit=unit_id, incident=incident.id, slot=slot, eta_ms=eta_ms, by=by, deviation=deviation)
    )
    owe_alert(turn, Purpose.DISPATCH, unit_id, incident)


def end_assignment(turn: Recorder, unit_id: str, outcome: Outcome, *, by: str, reason: str) -> None:
    """Take a unit off its incident; if its crew was told to go, owe it the word to stop."""
    unit = turn.world.units[turn.world.fleet.rows[unit_id]]
    assignment = turn.world.assignment(unit)
    assert assignment is not None
    assert unit.incident is not None
    incident = turn.world.open[unit.incident]
    was_told = assignment.status is not Status.RESERVED
    moving = assignment.status in (Status.RESERVED, Status.DISPATCHED, Status.ACKNOWLEDGED)
    duty = unit.duty if moving else Status.RETURNING
    settle_alerts(turn, unit_id, incident.id, reason)
    turn.record(AssignmentEnded(unit_id, incident.id, outcome, duty, turn.now, by, reason))
    if was_told and outcome is not Outcome.DIVERTED:
        # A diverted crew is told by the dispatch that follows: one message, not a contradiction of two.
        owe_alert(turn, Purpose.RELEASE, unit_id, incident)


def hand_over(turn: Recorder, unit_id: str, into: Incident, *, by: str) -> None:
    """Move a unit with its rung from a merged incident to the one that goes on."""
    unit = turn.world.units[turn.world.fleet.rows[unit_id]]
    assignment = turn.world.assignment(unit)
    assert assignment is not None
    assert unit.incident is not None
    source = unit.incident
    settle_alerts(turn, unit_id, source, f"merged into {into.id}")
    turn.record(AssignmentEnded(unit_id, source, Outcome.CANCELLED, unit.duty, turn.now, by, f"merged into {into.id}"))
    slot = first_slot(turn, unit_id, into)
    turn.record(UnitDispatched(unit=unit_id, incident=into.id, slot=slot, eta_ms=assignment.eta_ms, by=by))
    if assignment.status not in (Status.RESERVED, Status.DISPATCHED):
        turn.record(AssignmentAdvanced(unit_id, into.id, assignment.status, assignment.reported_ms, by))
    else:
        owe_alert(turn, Purpose.DISPATCH, unit_id, into)


def first_slot(turn: Recorder, unit_id: str, incident: Incident) -> str | None:
    """Return the slot that the unit fills: the recommended one, else the first with room that it fits."""
    for choice in incident.recommended:
        if choice.unit == unit_id:
            return choice.slot
    unit = turn.world.units[turn.world.fleet.rows[unit_id]]
    return next((slot for slot in turn.world.lacking(incident) if guard.fits(turn.world, unit, incident, slot)), None)


def owe_alert(turn: Recorder, purpose: Purpose, unit_id: str, incident: Incident) -> None:
    """Ask the courier of the first rung to tell the crew."""
    verb = "GO" if purpose is Purpose.DISPATCH else "RELEASED FROM"
    name = turn.world.types[incident.type].name if incident.type in turn.world.types else incident.type
    where = incident.address or "see map"
    turn.record(
        AlertRequested(
            alert=f"A{turn.world.alert_number + 1}",
            purpose=purpose,
            unit=unit_id,
            incident=incident.id,
            rung=0,
            endpoint=turn.world.settled.alerts.ladder[0],
            attempt=1,
            text=f"{unit_id} {verb} {incident.id} P{incident.priority} {name}, {where}",
        )
    )


def settle_alerts(turn: Recorder, unit_id: str, incident_id: str, reason: str) -> None:
    """Withdraw what the crew no longer has to be told about this incident, and the alarms that asked for it."""
    for alert in list(turn.world.alerts.values()):
        if alert.unit == unit_id and alert.incident == incident_id:
            turn.record(AlertWithdrawn(alert.id, reason))
    clear_alarms(turn, unit_id, incident_id, reason)


def crew_knows(turn: Recorder, unit_id: str, incident_id: str) -> None:
    """The crew has shown that it knows: its alerts about this incident are acknowledged, the alarms over."""
    for alert in list(turn.world.alerts.values()):
        if alert.unit == unit_id and alert.incident == incident_id and alert.purpose is Purpose.DISPATCH:
            turn.record(AlertAcknowledged(alert.id, unit_id))
    clear_alarms(turn, unit_id, incident_id, "the crew has answered")


def clear_alarms(turn: Recorder, unit_id: str, incident_id: str, reason: str) -> None:
    """End the alarms about telling this unit of this incident."""
    about = (AlarmKind.NOT_ACKNOWLEDGED, AlarmKind.ALERT_UNDELIVERED)
    for alarm in list(turn.world.alarms.values()):
        if alarm.unit == unit_id and alarm.incident == incident_id and alarm.about in about:
            turn.record(AlarmCleared(alarm.id, reason))
