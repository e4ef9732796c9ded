"""What the facts about units do to the World."""

from msgspec.structs import replace

from engine.model.crew_facts import AidRequested
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    DutyChanged,
    EmergencyDeclared,
    EmergencyResolved,
    PositionsMoved,
    UnitDispatched,
    UnitDiverted,
    UnitReserved,
)
from engine.model.lifecycle import HAS_LEFT, Outcome, Status
from engine.model.suggestions import BY_POSITION
from engine.state import duty
from engine.state.deadlines import Reminder
from engine.state.fold_watch import watch_duty, watch_need, watch_report, watch_unit
from engine.state.posts import go_home
from engine.state.progress import watch
from engine.state.records import Assignment, Ended, Incident, UnitRecord
from engine.state.world import World, folds

REOPENS = frozenset({Outcome.DIVERTED, Outcome.SUPERSEDED, Outcome.FAILED, Outcome.DECLINED})
"""Outcomes after which the slot has to be filled again. A unit released by a person waives its place, while others come."""


@folds(PositionsMoved)
def moved(world: World, fact: PositionsMoved) -> None:
    """Put the units where the fixes say."""
    world.fleet.move(fact.fixes)


@folds(UnitReserved)
def reserved(world: World, fact: UnitReserved) -> None:
    """Keep the unit for the incident."""
    remind_crew(world, fact.incident, assign(world, fact, Status.RESERVED))


@folds(UnitDispatched)
def dispatched(world: World, fact: UnitDispatched) -> None:
    """Send the unit; a reserved one goes on from where it was kept."""
    unit = _known(world, fact.unit)
    if unit.incident is None:
        assignment = assign(world, fact, Status.DISPATCHED)
    else:
        assignment = world.open[fact.incident].assigned[fact.unit]
        assignment.status, assignment.eta_ms = Status.DISPATCHED, fact.eta_ms
        assignment.sent_ms = assignment.reported_ms = assignment.stamps[Status.DISPATCHED] = world.now
        assignment.by, assignment.deviation = fact.by, fact.deviation or assignment.deviation
    assignment.diverted = fact.diverted
    assignment.spread_ms, assignment.route = fact.spread_ms, fact.route
    assignment.arrive_ms = world.now + max(0, fact.eta_ms)
    _begin_watch(world, assignment)
    remind_crew(world, fact.incident, assignment)
    world.count("units_dispatched")


def _begin_watch(world: World, assignment: Assignment) -> None:
    """Judge the unit's way from here on."""
    row = world.fleet.rows[assignment.unit]
    assignment.seen_m = int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
    assignment.moved_ms = world.now
    assignment.to_go_ms = assignment.least_to_go_ms = -1
    watch(world)


def remind_crew(world: World, incident_id: str, assignment: Assignment) -> None:
    """Have somebody look if a neighbour, the dispatcher or the crew has not answered for the unit by then."""
    about, within_ms = Reminder.NOT_ACKNOWLEDGED, world.plans[world.open[incident_id].plan].acknowledge_within_ms
    if assignment.status is Status.REQUESTED:
        agency = world.neighbour(world.fleet.rows[assignment.unit])
        about, within_ms = Reminder.AID_ANSWER, agency.answer_within_ms if agency else 0
    sent_ms = assignment.sent_ms
    world.deadlines.set(sent_ms + within_ms, about, incident_id, unit=assignment.unit, since_ms=sent_ms)
    watch_unit(world, _known(world, assignment.unit))


def assign(world: World, fact: UnitReserved | UnitDispatched | AidRequested, status: Status) -> Assignment:
    """Put a unit that is on no incident on this one, at that rung."""
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
    _join(world, unit, incident, assignment)
    return assignment


def _join(world: World, unit: UnitRecord, incident: Incident, assignment: Assignment) -> None:
    incident.assigned[unit.id] = assignment
    incident.emptied_by = ""
    if assignment.slot is not None:
        incident.filled[assignment.slot] = incident.filled.get(assignment.slot, 0) + 1
        world.settle_option(incident)
    unit.incident = incident.id
    world.restand(unit)
    incident.recommended = tuple(choice for choice in incident.recommended if choice.unit != unit.id)
    world.requeue(incident)


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
    if fact.by == BY_POSITION:
        assignment.by_position = fact.status  # no report: what the crew says of an earlier time is still news
    else:
        assignment.reported_ms = fact.at_ms
        if assignment.by_position is fact.status:
            assignment.by_position = None
            assignment.stamps.pop(fact.status, None)
    # The first time counts: a crew that presses "on scene" again has not arrived later.
    assignment.stamps.setdefault(fact.status, fact.at_ms)
    watch_report(world, _known(world, fact.unit), assignment, fact.at_ms)


@folds(AssignmentEnded)
def ended(world: World, fact: AssignmentEnded) -> None:
    """Take the unit off the incident."""
    incident = world.open[fact.incident]
    assignment = incident.assigned.pop(fact.unit)
    incident.past.append(Ended(assignment, fact.outcome, fact.at_ms))
    if fact.outcome in REOPENS and assignment.slot is not None:
        incident.filled[assignment.slot] -= 1
    if fact.outcome is Outcome.CLEARED:
        incident.been.append(fact.unit)
    unit = _known(world, fact.unit)
    if assignment.status in HAS_LEFT and fact.outcome is not Outcome.DIVERTED:
        duty.came_home(world, unit, fact.at_ms)
    unit.incident = None
    unit.duty, unit.reported_ms = fact.duty, fact.at_ms
    _keep_post(world, unit)
    watch_duty(world, unit)
    world.restand(unit)
    world.requeue(incident)


@folds(AssignmentMoved)
def assignment_moved(world: World, fact: AssignmentMoved) -> None:
    """Carry the assignment over as it stands; the merged incident keeps a copy."""
    source, into = world.open[fact.incident], world.open[fact.into]
    assignment = source.assigned.pop(fact.unit)
    kept = replace(assignment, stamps=dict(assignment.stamps))
    source.past.append(Ended(kept, Outcome.CANCELLED, world.now))
    assignment.slot = fact.slot
    assignment.to_go_ms = assignment.least_to_go_ms = -1
    _join(world, _known(world, fact.unit), into, assignment)
    watch(world)
    remind_crew(world, into.id, assignment)


@folds(DutyChanged)
def duty_changed(world: World, fact: DutyChanged) -> None:
    """Set what an unassigned unit is."""
    unit = _known(world, fact.unit)
    duty.changes(unit, fact.duty, fact.at_ms)
    unit.duty, unit.reported_ms = fact.duty, fact.at_ms
    _keep_post(world, unit)
    watch_duty(world, unit)
    world.restand(unit)


def _keep_post(world: World, unit: UnitRecord) -> None:
    """Let who goes off duty belong to its home again; and note that a crew that was moved is rolling."""
    if unit.duty is Status.OFF_DUTY:
        go_home(world, unit)
    elif unit.duty is Status.RETURNING and unit.move is not None:
        world.moves[unit.move].rolled = True


@folds(EmergencyDeclared)
def emergency_declared(world: World, fact: EmergencyDeclared) -> None:
    """Mark the unit. Under way it will not arrive: its place is open to others, and it stays on its incident."""
    unit = _known(world, fact.unit)
    unit.emergency = fact.incident
    assignment = world.assignment(unit)
    if assignment is not None and assignment.slot is not None and world.is_stopped(assignment):
        incident = world.open[str(unit.incident)]
        incident.filled[assignment.slot] -= 1
        assignment.slot = None
        world.requeue(incident)
    watch_need(world, unit)
    world.restand(unit)
    world.count("unit_emergencies")


@folds(EmergencyResolved)
def emergency_resolved(world: World, fact: EmergencyResolved) -> None:
    """Unmark the unit. Under way it goes on, in its place if nobody has it."""
    unit = _known(world, fact.unit)
    assignment = world.assignment(unit)
    stopped = assignment is not None and world.is_stopped(assignment)
    unit.emergency = None
    if stopped:
        incident = world.open[str(unit.incident)]
        world.seat(incident, unit.id)
        world.requeue(incident)
    watch_need(world, unit)
    world.restand(unit)


def _known(world: World, unit_id: str) -> UnitRecord:
    return world.units[world.fleet.rows[unit_id]]
