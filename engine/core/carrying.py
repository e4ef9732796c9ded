"""Carrying out one choice: send, divert or supersede. The same acts whether the engine or a person decided."""

from engine.core import aid, guard, sending
from engine.core.recorder import Recorder, Refused
from engine.model.facts import Choice, UnitDiverted
from engine.model.lifecycle import Outcome
from engine.model.response_facts import UnitSuperseded
from engine.state.progress import left_ms
from engine.state.records import Incident


def carry_out(turn: Recorder, incident: Incident, choice: Choice, *, by: str) -> None:
    """Do what the choice says. A unit that is waited for is not sent before it is free."""
    if choice.clear_ms >= 0:
        return
    if choice.source:
        divert(turn, choice.unit, incident, slot=choice.slot, by=by, reason="more urgent")
    elif choice.replaces:
        supersede(turn, choice.replaces, choice.unit, incident, by=by, reason="arrives sooner")
    else:
        send(turn, choice.unit, incident, slot=choice.slot, by=by)


def refusal(turn: Recorder, incident: Incident, choice: Choice) -> str:
    """Return why the choice cannot be carried out at this moment; "" if it can, or if it is only waited for."""
    world = turn.world
    unit = world.units[world.fleet.rows[choice.unit]]
    if choice.clear_ms >= 0:
        return ""
    if not choice.replaces and choice.slot not in world.lacking(incident):
        return f"{incident.id} has its {choice.slot} by now."
    if choice.source and choice.source != unit.incident:
        return f"{choice.unit} is not on {choice.source} any more."
    try:
        if choice.source:
            guard.may_divert(world, unit, incident)
        elif choice.replaces:
            guard.may_supersede(world, world.units[world.fleet.rows[choice.replaces]], unit, incident)
        else:
            guard.may_send(world, unit, incident)
    except Refused as refused:
        return refused.refusal.reason
    return ""


def send(turn: Recorder, unit_id: str, incident: Incident, *, slot: str | None, by: str, deviation: str = "") -> None:
    """Dispatch a free or reserved unit; a neighbour's is asked for first, unless it was agreed otherwise.

    What is asked beyond the quota is asked of automatic aid as well: the neighbour says whether it can.
    """
    world = turn.world
    unit = world.units[world.fleet.rows[unit_id]]
    agency = world.neighbour(unit.row)
    if agency is not None and (not agency.automatic or (unit.incident is None and world.must_ask(agency))):
        aid.request(turn, unit_id, incident, slot, by, deviation)
    else:
        sending.dispatch(turn, unit_id, incident, slot=slot, by=by, deviation=deviation)


def divert(
    turn: Recorder, unit_id: str, target: Incident, *, slot: str | None, by: str, reason: str, deviation: str = ""
) -> None:
    """Take a unit from a less urgent incident, whose clock runs on; it waits again from this moment."""
    unit = turn.world.units[turn.world.fleet.rows[unit_id]]
    guard.may_divert(turn.world, unit, target)
    source = unit.incident
    assert source is not None
    turn.record(UnitDiverted(unit_id, source, target.id, reason, by))
    sending.end_assignment(turn, unit_id, Outcome.DIVERTED, by=by, reason=f"diverted to {target.id}")
    sending.dispatch(turn, unit_id, target, slot=slot, by=by, deviation=deviation, diverted=True)


def supersede(turn: Recorder, unit_id: str, replacement: str, incident: Incident, *, by: str, reason: str) -> None:
    """Let another unit go in the place of one that has not arrived; its slot passes on in the same turn."""
    world = turn.world
    row = world.fleet.rows[replacement]
    guard.may_supersede(world, world.units[world.fleet.rows[unit_id]], world.units[row], incident)
    leaving = incident.assigned[unit_id]
    saves_ms = left_ms(leaving, world.now) - turn.dispatch.estimate(world, row, incident).eta_ms
    turn.record(UnitSuperseded(unit_id, replacement, incident.id, saves_ms, reason, by))
    sending.end_assignment(turn, unit_id, Outcome.SUPERSEDED, by=by, reason=f"{replacement} goes instead")
    sending.dispatch(turn, replacement, incident, slot=leaving.slot, by=by)
