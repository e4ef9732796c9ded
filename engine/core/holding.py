"""Incidents that are kept for later: held and scheduled until a time, stacked until one busy unit is free.

Nobody is forgotten: a hold ends by its reminder, a stack as soon as its unit cannot or need not go there, in the
same turn. The clock of a stacked incident runs on, and so does its alarm.
"""

from engine.core import carrying, guard, sending
from engine.core.lookup import check_given, check_text, known_unit, nobody_in_need, open_incident
from engine.core.recorder import ENGINE, Recorder, Refused
from engine.core.reviewing import no_way, on_shift
from engine.model.facts import UnitDiverted
from engine.model.lifecycle import Status
from engine.model.response_facts import HoldEnded, IncidentHeld, IncidentStacked, IncidentUnstacked
from engine.model.response_inputs import EndHold, HoldIncident, StackIncident, UnstackIncident
from engine.state.deadlines import Deadline
from engine.state.records import Incident, UnitRecord
from engine.state.world import World

STACKED_FROM_PRIORITY = 3
"""More urgent incidents wait for no unit that is busy."""
STACK_MAX = 3
"""Incidents that one unit is to go to next: whoever ranks behind would wait for hours."""


# ── held and scheduled ──────────────────────────────────────────────────────────────────────────────────────


def hold_incident(turn: Recorder, given: HoldIncident) -> None:
    """Send nobody more before then. Units that are on it stay on it."""
    incident = open_incident(turn.world, given.incident)
    check_given(reason=given.reason)
    check_until(turn.world, "until_ms", given.until_ms)
    if given.until_ms <= turn.now:
        raise Refused("out_of_range", "until_ms", f"{given.until_ms} is not in the future of {turn.now}.")
    nobody_in_need(turn.world, incident)
    if incident.stacked_on is not None:
        turn.record(IncidentUnstacked(incident.id, incident.stacked_on, "it is held", given.by))
    turn.record(IncidentHeld(incident.id, given.until_ms, given.reason, given.by))
    sending.wait_over(turn, incident)
    turn.match = True


def check_until(world: World, field: str, until_ms: int) -> None:
    """Refuse a hold that lasts longer than the place allows: what nobody looks at for days is forgotten."""
    most_ms = world.settled.limits.hold_ms
    if until_ms > world.now + most_ms:
        raise Refused(
            "out_of_range",
            field,
            f"{until_ms} is more than {most_ms // 60_000} minutes ahead, for which nothing is held. Report it nearer "
            "to its time, or raise `hold_ms` in the place's limits.",
        )


def schedule(turn: Recorder, incident_id: str, due_ms: int | None, by: str) -> None:
    """Hold an incident that was just reported until it is due. What is due already is served like any other."""
    if due_ms is not None and due_ms > turn.now:
        turn.record(IncidentHeld(incident_id, due_ms, "scheduled", by))


def end_hold(turn: Recorder, given: EndHold) -> None:
    """Serve it now."""
    incident = open_incident(turn.world, given.incident)
    if not incident.held:
        raise Refused("not_held", "incident", f"{incident.id} is not held.")
    turn.record(HoldEnded(incident.id, given.by))
    turn.match = True


def hurry(turn: Recorder, incident: Incident, by: str) -> None:
    """End the hold of an incident that has become more urgent, or larger: what was put off was something else."""
    if incident.held:
        turn.record(HoldEnded(incident.id, by))


def hold_over(turn: Recorder, entry: Deadline) -> None:
    """The time has come, unless the hold was ended or moved meanwhile."""
    incident = turn.world.open.get(entry.subject)
    if incident is not None and incident.held_until_ms == entry.since_ms:
        turn.record(HoldEnded(incident.id, ENGINE))
        turn.match = True


# ── stacked ─────────────────────────────────────────────────────────────────────────────────────────────────


def stack_incident(turn: Recorder, given: StackIncident) -> None:
    """Let a busy unit go there next."""
    incident = open_incident(turn.world, given.incident)
    unit = known_unit(turn.world, given.unit)
    check_text(reason=given.reason)
    _may_be_stacked(turn, incident)
    _may_take_on(turn, unit, incident)
    turn.record(IncidentStacked(incident.id, unit.id, given.reason, given.by))
    sending.wait_over(turn, incident)
    turn.match = True


def _may_be_stacked(turn: Recorder, incident: Incident) -> None:
    if incident.held:
        raise Refused("incident_held", "incident", f"{incident.id} is held: end the hold first.")
    if incident.stacked_on is not None:
        raise Refused(
            "already_stacked", "incident", f"{incident.id} is stacked on {incident.stacked_on}: unstack it first."
        )
    if incident.priority < STACKED_FROM_PRIORITY:
        raise Refused(
            "too_urgent",
            "incident",
            f"{incident.id} is priority {incident.priority}, and only priorities {STACKED_FROM_PRIORITY} to 5 wait for "
            "a unit that is busy. Dispatch or divert a unit.",
        )
    lacks = sum(turn.world.lacking(incident).values())
    if lacks != 1:
        what = "has all its units" if not lacks else f"lacks {lacks} units, which nobody would look for meanwhile"
        raise Refused("not_stackable", "incident", f"{incident.id} {what}. Only what one unit can serve is stacked.")
    nobody_in_need(turn.world, incident)


def _may_take_on(turn: Recorder, unit: UnitRecord, incident: Incident) -> None:
    if unit.incident is None:
        raise Refused("not_assigned", "unit", f"{unit.id} is not on an incident: dispatch it instead.")
    if unit.incident == incident.id:
        raise Refused("already_there", "unit", f"{unit.id} is on {incident.id} already.")
    if unit.emergency is not None:
        raise Refused("unit_emergency", "unit", f"{unit.id} has declared an emergency. Choose another unit.")
    if len(unit.stack) >= STACK_MAX:
        raise Refused(
            "stack_full", "unit", f"{unit.id} goes to {', '.join(unit.stack)} next already. Choose another unit."
        )
    if sending.first_slot(turn, unit.id, incident) is None:
        raise Refused("cannot_do", "unit", f"{unit.id} cannot do what {incident.id} lacks. Choose another unit.")


def unstack_incident(turn: Recorder, given: UnstackIncident) -> None:
    """Let anybody go there."""
    incident = open_incident(turn.world, given.incident)
    check_text(reason=given.reason)
    if incident.stacked_on is None:
        raise Refused("not_stacked", "incident", f"{incident.id} is not stacked on a unit.")
    turn.record(IncidentUnstacked(incident.id, incident.stacked_on, given.reason, given.by))
    turn.match = True


def settle_stacks(turn: Recorder) -> bool:
    """Send units that came free to the first of their stacks; put back in the queue what no longer belongs there.

    Returns whether anything was changed.
    """
    world = turn.world
    if not world.stacked:
        return False
    said = len(turn.facts)
    for row in sorted({world.fleet.rows[str(incident.stacked_on)] for incident in world.stacked.values()}):
        unit = world.units[row]
        for incident in [world.open[name] for name in unit.stack]:
            reason = _why_not(turn, unit, incident)
            if reason:
                turn.record(IncidentUnstacked(incident.id, unit.id, reason, ENGINE))
                # Others have filled its places meanwhile: then nobody waits there any more.
                sending.wait_over(turn, incident)
        if unit.stack and unit.incident is None:
            _go_on(turn, unit, world.open[unit.stack[0]])
    return len(turn.facts) > said


def _go_on(turn: Recorder, unit: UnitRecord, incident: Incident) -> None:
    turn.record(IncidentUnstacked(incident.id, unit.id, f"{unit.id} is free", ENGINE))
    slot = sending.first_slot(turn, unit.id, incident)
    carrying.send(turn, unit.id, incident, slot=slot, by=ENGINE)


def _why_not(turn: Recorder, unit: UnitRecord, incident: Incident) -> str:
    """Return why the incident no longer waits for this unit; "" if it does."""
    if unit.incident == incident.id:
        return f"{unit.id} is on it"
    lacks = sum(turn.world.lacking(incident).values())
    if lacks != 1:
        return f"it lacks {lacks} units now" if lacks else "it has all its units"
    if incident.priority < STACKED_FROM_PRIORITY:
        return f"it is priority {incident.priority} now"
    if unit.emergency is not None:
        return f"{unit.id} has declared an emergency"
    if sending.first_slot(turn, unit.id, incident) is None:
        return f"{unit.id} cannot do what it lacks now"
    return _hindrance(turn, unit, incident)


def _hindrance(turn: Recorder, unit: UnitRecord, incident: Incident) -> str:
    """Return what keeps the unit from going there next; "" if nothing does."""
    if any(isinstance(fact, UnitDiverted) and fact.unit == unit.id for fact in turn.facts):
        return f"{unit.id} was diverted to {unit.incident}"
    if unit.incident is not None:
        return ""
    try:
        guard.may_send(turn.world, unit, incident)
    except Refused as refused:
        return refused.refusal.reason
    if unit.duty is Status.ON_BREAK:
        return f"{unit.id} is on its break"
    if not on_shift(turn.world, unit.row, turn.now):
        return f"the shift of {unit.id} is over"
    urgent = _more_urgent(turn.world, unit, incident)
    if urgent is not None:
        return f"{unit.id} is free, and {urgent} is more urgent"
    return f"there is no way for {unit.id}" if no_way(turn.world, unit.row, incident) else ""


def _more_urgent(world: World, unit: UnitRecord, incident: Incident) -> str | None:
    """Return a waiting incident that the unit should not pass by: both are matched then, and the queue decides."""
    for other in world.waiting.values():
        if other.priority >= incident.priority:
            return None
        if world.free_slot(other, unit.row) is not None:
            return other.id
    return None
