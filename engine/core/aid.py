"""Mutual aid: a neighbour's unit is asked for, kept while the neighbour thinks, and sent once it has said yes.

The request is a rung of an assignment (`requested`), below reserved: the unit is on the incident and its slot is
taken, so nobody else is sent for it meanwhile; it is released, merged and cancelled as a reservation is.
"""

from engine.core import guard, sending
from engine.core.lookup import check_text, known_unit
from engine.core.recorder import ENGINE, Recorder, Refused
from engine.model.crew_facts import AidCommitted, AidDeclined, AidRequested
from engine.model.crew_inputs import AnswerAid
from engine.model.lifecycle import Outcome, Status
from engine.state.deadlines import Deadline
from engine.state.records import Incident, UnitRecord
from engine.state.world import World


def request(turn: Recorder, unit_id: str, incident: Incident, slot: str | None, by: str, deviation: str = "") -> None:
    """Ask a neighbour for a unit that is free, or reserved for this incident, and keep it until the answer."""
    world = turn.world
    unit = world.units[world.fleet.rows[unit_id]]
    guard.may_send(world, unit, incident)
    agency = world.neighbour(unit.row)
    assert agency is not None, f"{unit_id} is our own: nobody has to be asked for it"
    turn.record(
        AidRequested(
            unit=unit_id,
            agency=agency.id,
            incident=incident.id,
            slot=slot,
            expires_ms=turn.now + agency.answer_within_ms,
            by=by,
            eta_ms=turn.dispatch.estimate(world, unit.row, incident).eta_ms,
            deviation=deviation,
        )
    )
    sending.wait_over(turn, incident)


def answer_aid(turn: Recorder, given: AnswerAid) -> None:
    """Take the neighbour's word: the unit goes at once, or somebody else is found at once."""
    unit = known_unit(turn.world, given.unit)
    check_text(reason=given.reason)
    incident = _asked_for(turn.world, unit, given.incident)
    if given.committed:
        _commit(turn, unit, incident, given.by)
    else:
        _decline(turn, unit, incident, given.reason or "declined", given.by)
    turn.match = True


def _asked_for(world: World, unit: UnitRecord, named: str) -> Incident:
    """Return the incident that the unit was asked for, under the name that it had then."""
    asked = world.incidents.get(named)
    while asked is not None and asked.merged_into is not None:
        asked = world.incidents.get(asked.merged_into)
    if asked is None or unit.incident != asked.id or asked.assigned[unit.id].status is not Status.REQUESTED:
        raise Refused(
            "not_requested",
            "unit",
            f"Nobody waits for an answer about {unit.id} for {named} (any more). Nothing was changed.",
        )
    return asked


def _commit(turn: Recorder, unit: UnitRecord, incident: Incident, by: str) -> None:
    turn.record(AidCommitted(unit.id, _agency(turn.world, unit), incident.id, by))
    kept = incident.assigned[unit.id]
    try:
        guard.may_send(turn.world, unit, incident)
    except Refused:
        # Its crew calls for help itself: it stays reserved, and somebody is reminded that it was not sent.
        return
    sending.dispatch(turn, unit.id, incident, slot=kept.slot, by=by, deviation=kept.deviation)


def expire(turn: Recorder, entry: Deadline) -> None:
    """Give a request up that was not answered in time."""
    incident = turn.world.open.get(entry.subject)
    assignment = incident.assigned.get(entry.unit) if incident else None
    if incident is None or assignment is None or assignment.sent_ms != entry.since_ms:
        return
    if assignment.status is Status.REQUESTED:
        unit = known_unit(turn.world, entry.unit)
        _decline(turn, unit, incident, f"no answer within {(turn.now - entry.since_ms) // 1000} s", ENGINE)
        turn.match = True


def _decline(turn: Recorder, unit: UnitRecord, incident: Incident, reason: str, by: str) -> None:
    turn.record(AidDeclined(unit.id, _agency(turn.world, unit), incident.id, reason, by))
    sending.end_assignment(turn, unit.id, Outcome.DECLINED, by=by, reason=reason)


def _agency(world: World, unit: UnitRecord) -> str:
    """Return whose the unit is; "" if another place that was adopted meanwhile has made it our own."""
    agency = world.neighbour(unit.row)
    return agency.id if agency else ""
