"""The acts on units that several decisions share: send, recall, hand over; each with the alert that it owes."""

from engine.core import guard
from engine.core.recorder import Recorder
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlertAcknowledged, AlertRequested, AlertWithdrawn, Purpose
from engine.model.facts import AssignmentEnded, AssignmentMoved, UnitDispatched
from engine.model.lifecycle import HAS_LEFT, UNTOLD, Outcome, Status
from engine.policy.cautions import warning
from engine.state.records import Incident

CREW_ALARMS = (AlarmKind.NOT_ACKNOWLEDGED, AlarmKind.NOT_SENT, AlarmKind.ALERT_UNDELIVERED)
"""Alarms about telling one unit of one incident."""
VIA_MAX = 3
"""Streets of the way that a pager's one line names."""


def dispatch(
    turn: Recorder,
    unit_id: str,
    incident: Incident,
    *,
    slot: str | None,
    by: str,
    deviation: str = "",
    diverted: bool = False,
) -> None:
    """Send a free or reserved unit by the way that is the fastest now, and owe its crew the alert."""
    row = turn.world.fleet.rows[unit_id]
    guard.may_send(turn.world, turn.world.units[row], incident)
    expected = turn.dispatch.estimate(turn.world, row, incident)
    # A word of release that is still on its way must not reach the crew after the new order.
    settle_alerts(turn, unit_id, incident.id, "the unit is sent")
    turn.record(
        UnitDispatched(
            unit=unit_id,
            incident=incident.id,
            slot=slot,
            eta_ms=expected.eta_ms,
            by=by,
            deviation=deviation,
            diverted=diverted,
            spread_ms=expected.spread_ms,
            route=expected.route,
        )
    )
    owe_alert(turn, Purpose.DISPATCH, unit_id, incident)
    wait_over(turn, incident)


def end_assignment(turn: Recorder, unit_id: str, outcome: Outcome, *, by: str, reason: str) -> None:
    """Take a unit off its incident; if its crew was told to go, owe it the word to stop."""
    unit = turn.world.units[turn.world.fleet.rows[unit_id]]
    assignment = turn.world.assignment(unit)
    assert assignment is not None
    assert unit.incident is not None
    incident = turn.world.open[unit.incident]
    was_told = assignment.status not in UNTOLD
    duty = Status.RETURNING if assignment.status in HAS_LEFT else unit.duty
    settle_alerts(turn, unit_id, incident.id, reason)
    turn.record(AssignmentEnded(unit_id, incident.id, outcome, duty, turn.now, by, reason))
    if was_told and outcome is not Outcome.DIVERTED:
        # A diverted crew is told by the dispatch that follows: one message, not a contradiction of two.
        owe_alert(turn, Purpose.RELEASE, unit_id, incident)


def hand_over(turn: Recorder, unit_id: str, source: Incident, into: Incident, *, by: str) -> None:
    """Move a unit from a merged incident to the one that goes on: it keeps its rung, and what it was told."""
    reason = f"{source.id} was merged into {into.id}"
    for incident in (source, into):
        settle_alerts(turn, unit_id, incident.id, reason)
    turn.record(AssignmentMoved(unit_id, source.id, into.id, first_slot(turn, unit_id, into), by))
    wait_over(turn, into)
    if into.assigned[unit_id].status is Status.DISPATCHED:
        owe_alert(turn, Purpose.DISPATCH, unit_id, into)


def first_slot(turn: Recorder, unit_id: str, incident: Incident) -> str | None:
    """Return the slot that the unit fills: the recommended one, else the first that it fits; None without room.

    Who calls for help fills none: others have to come.
    """
    if turn.world.units[turn.world.fleet.rows[unit_id]].emergency is not None:
        return None
    lacking = turn.world.lacking(incident)
    for choice in incident.recommended:
        if choice.unit == unit_id and choice.slot in lacking:
            return choice.slot
    return turn.world.free_slot(incident, turn.world.fleet.rows[unit_id])


def wait_over(turn: Recorder, incident: Incident) -> None:
    """End the alarm about an incident's wait once it has all that it asked for."""
    if incident.stacked_on is not None:
        _clear(turn, incident.id, (AlarmKind.WITHHELD,), f"it waits for {incident.stacked_on}")
    elif incident.id not in turn.world.waiting:
        reason = "the incident is held" if incident.held else "the incident has all its units"
        _clear(turn, incident.id, (AlarmKind.PENDING, AlarmKind.WITHHELD), reason)


def owe_alert(turn: Recorder, purpose: Purpose, unit_id: str, incident: Incident) -> None:
    """Ask the courier of the first rung to tell the crew."""
    verb = "GO" if purpose is Purpose.DISPATCH else "RELEASED FROM"
    name = turn.world.types[incident.type].name if incident.type in turn.world.types else incident.type
    where = incident.address or "see map"
    more = ""
    if purpose is Purpose.DISPATCH:
        more = _via(incident, unit_id) + warning(turn.world, incident.x_m, incident.y_m)
    text = f"{unit_id} {verb} {incident.id} P{incident.priority} {name}, {where}{more}"
    request_alert(turn, purpose, unit_id, incident.id, text)


def request_alert(turn: Recorder, purpose: Purpose, unit_id: str, incident_id: str, text: str) -> None:
    """Ask the courier of the first rung to bring the crew these words."""
    turn.record(
        AlertRequested(
            alert=f"A{turn.world.alert_number + 1}",
            purpose=purpose,
            unit=unit_id,
            incident=incident_id,
            rung=0,
            endpoint=turn.world.settled.alerts.ladder[0],
            attempt=1,
            text=text,
        )
    )


def _via(incident: Incident, unit_id: str) -> str:
    """Return the longest streets of the unit's way, in the order in which it drives them."""
    route = incident.assigned[unit_id].route
    if route is None:
        return ""
    named = [leg for leg in route.legs if not leg.street.startswith("(")]
    longest = sorted(named, key=lambda leg: -leg.metres)[:VIA_MAX]
    streets = list(dict.fromkeys(leg.street for leg in named if leg in longest))
    return f", via {', '.join(streets)}" if streets else ""


def settle_alerts(turn: Recorder, unit_id: str, incident_id: str, reason: str) -> None:
    """Withdraw what the crew no longer has to be told about this incident, and the alarms that asked for it."""
    for alert in turn.world.alerts.about(incident_id):
        # Somebody's own words hold whatever becomes of an order.
        if alert.unit == unit_id and alert.purpose is not Purpose.MESSAGE:
            turn.record(AlertWithdrawn(alert.id, reason))
    _clear(turn, incident_id, (*CREW_ALARMS, AlarmKind.CAUTION_UNTOLD, AlarmKind.DECLINED), reason, unit_id)


def crew_knows(turn: Recorder, unit_id: str, incident_id: str) -> None:
    """The crew has shown that it knows: its alerts about this incident are acknowledged, the alarms over."""
    for alert in turn.world.alerts.about(incident_id):
        if alert.unit == unit_id and alert.purpose is Purpose.DISPATCH:
            turn.record(AlertAcknowledged(alert.id, unit_id))
    _clear(turn, incident_id, CREW_ALARMS, "the crew has answered", unit_id)


def _clear(
    turn: Recorder, incident_id: str, kinds: tuple[AlarmKind, ...], reason: str, unit_id: str | None = None
) -> None:
    for alarm in turn.world.alarms.about(incident_id):
        if alarm.about in kinds and alarm.unit == unit_id:
            turn.record(AlarmCleared(alarm.id, reason))
