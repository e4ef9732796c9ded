"""What the facts about units do to the World."""

from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    DutyChanged,
    EmergencyDeclared,
    EmergencyResolved,
    PositionsMoved,
    UnitDispatched,
    UnitDiverted,
    UnitReserved,
)
from engine.model.lifecycle import Outcome, Status
from engine.state.deadlines import Reminder
from engine.state.records import Assignment, Ended, UnitRecord
from engine.state.world import World, folds

REOPENS = frozenset({Outcome.DIVERTED, Outcome.FAILED})
"""Outcomes after which the slot has to be filled again. A unit released by a person waives its place."""


@folds(PositionsMoved)
def moved(world: World, fact: PositionsMoved) -> None:
    """Put the units where the fixes say."""
    world.fleet.move(fact.fixes)


@folds(UnitReserved)
def reserved(world: World, fact: UnitReserved) -> None:
    """Keep the unit for the incident."""
    _assign(world, fact, Status.RESERVED)


@folds(UnitDispatched)
def dispatched(world: World, fact: UnitDispatched) -> None:
    """Send the unit; a reserved one goes on from where it was kept."""
    unit = _known(world, fact.unit)
    if unit.incident is None:
        assignment = _assign(world, fact, Status.DISPATCHED)
    else:
        assignment = world.open[fact.incident].assigned[fact.unit]
        assignment.status, assignment.sent_ms, assignment.eta_ms = Status.DISPATCHED, world.now, fact.eta_ms
        assignment.stamps[Status.DISPATCHED] = world.now
        assignment.by, assignment.deviation = fact.by, fact.deviation or assignment.deviation
    plan = world.plans[world.open[fact.incident].plan]
    world.deadlines.set(
        world.now + plan.acknowledge_within_ms,
        Reminder.NOT_ACKNOWLEDGED,
        fact.incident,
        unit=fact.unit,
        since_ms=assignment.sent_ms,
    )
    world.count("units_dispatched")


def _assign(world: World, fact: UnitReserved | UnitDispatched, status: Status) -> Assignment:
    unit = _known(world, fact.unit)
    assert unit.incident is None, f"{fact.unit} is on {unit.incident} and cannot be on {fact.incident} as well"
    incident = world.open[fact.incident]
    assignment = Assignment(
        unit=fact.unit,
        slot=fact.slot,
        status=status,
        eta_ms=fact.eta_ms,
        sent_ms=world.now,
        reported_ms=world.now,
        stamps={status: world.now},
        by=fact.by,
        deviation=fact.deviation,
    )
    incident.assigned[fact.unit] = assignment
    if fact.slot is not None:
        incident.filled[fact.slot] = incident.filled.get(fact.slot, 0) + 1
    unit.incident = fact.incident
    world.restand(unit)
    incident.recommended = tuple(choice for choice in incident.recommended if choice.unit != fact.unit)
    world.requeue(incident)
    return assignment


@folds(UnitDiverted)
def diverted(world: World, fact: UnitDiverted) -> None:
    """Only the headline: the facts that follow in the turn end one assignment and begin the other."""
    del fact
    world.count("units_diverted")


@folds(AssignmentAdvanced)
def advanced(world: World, fact: AssignmentAdvanced) -> None:
    """Move this assignment, and nothing else, to its new rung."""
    assignment = world.open[fact.incident].assigned[fact.unit]
    assignment.status = fact.status
    assignment.reported_ms = fact.at_ms
    assignment.stamps[fact.status] = fact.at_ms


@folds(AssignmentEnded)
def ended(world: World, fact: AssignmentEnded) -> None:
    """Take the unit off the incident."""
    incident = world.open[fact.incident]
    assignment = incident.assigned.pop(fact.unit)
    incident.past.append(Ended(assignment, fact.outcome, fact.at_ms))
    if fact.outcome in REOPENS and assignment.slot is not None:
        incident.filled[assignment.slot] -= 1
    unit = _known(world, fact.unit)
    unit.incident = None
    unit.duty, unit.reported_ms = fact.duty, fact.at_ms
    world.restand(unit)
    was_waiting = incident.id in world.waiting
    world.requeue(incident)
    if incident.id in world.waiting and not was_waiting:
        after_ms = world.settled.limits.pending_after_ms[incident.priority - 1]
        world.deadlines.set(world.now + after_ms, Reminder.PENDING, incident.id, since_ms=world.now)


@folds(DutyChanged)
def duty_changed(world: World, fact: DutyChanged) -> None:
    """Set what an unassigned unit is."""
    unit = _known(world, fact.unit)
    unit.duty, unit.reported_ms = fact.duty, fact.at_ms
    world.restand(unit)


@folds(EmergencyDeclared)
def emergency_declared(world: World, fact: EmergencyDeclared) -> None:
    """Mark the unit."""
    _known(world, fact.unit).emergency = fact.incident
    world.count("unit_emergencies")


@folds(EmergencyResolved)
def emergency_resolved(world: World, fact: EmergencyResolved) -> None:
    """Unmark the unit."""
    _known(world, fact.unit).emergency = None


def _known(world: World, unit_id: str) -> UnitRecord:
    return world.units[world.fleet.rows[unit_id]]
