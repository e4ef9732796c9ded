"""What the facts about crews do to the World: who is on board, and what neighbours were asked for."""

from engine.model.crew_facts import AidCommitted, AidDeclined, AidRequested, StaffingChanged
from engine.model.lifecycle import Status
from engine.model.place import Place
from engine.state.fold_units import assign, remind_crew
from engine.state.records import Assignment
from engine.state.world import World, folds


@folds(StaffingChanged)
def staffing_changed(world: World, fact: StaffingChanged) -> None:
    """Let the unit be able to do what its people are."""
    unit = world.units[world.fleet.rows[fact.unit]]
    unit.staff, unit.brings = fact.staff, fact.brings
    world.restand(unit)
    world.count("staffing_reports")


@folds(AidRequested)
def aid_requested(world: World, fact: AidRequested) -> None:
    """Keep the neighbour's unit for the incident, its slot taken, until somebody answers."""
    if world.units[world.fleet.rows[fact.unit]].incident is None:
        assignment = assign(world, fact, Status.REQUESTED)
    else:
        assignment = _goes_to(world, fact, Status.REQUESTED)
    remind_crew(world, fact.incident, assignment)
    world.count("aid_requested")


@folds(AidCommitted)
def aid_committed(world: World, fact: AidCommitted) -> None:
    """It is ours to send, which the facts that follow do."""
    remind_crew(world, fact.incident, _goes_to(world, fact, Status.RESERVED))
    world.count("aid_committed")


@folds(AidDeclined)
def aid_declined(world: World, fact: AidDeclined) -> None:
    """Do not ask again; the end of the assignment, which follows, opens its slot."""
    incident = world.open[fact.incident]
    if fact.unit not in incident.declined:
        incident.declined.append(fact.unit)
    world.count("aid_declined")


def _goes_to(world: World, fact: AidRequested | AidCommitted, rung: Status) -> Assignment:
    assignment = world.open[fact.incident].assigned[fact.unit]
    assignment.status = rung
    assignment.sent_ms = assignment.reported_ms = assignment.stamps[rung] = world.now
    return assignment


def keep_skills(world: World, place: Place) -> None:
    """Carry over what crews bring to a place whose capabilities may stand in another order, or be gone."""
    old = world.place
    if old is None or old.capabilities == place.capabilities:
        return
    for unit in world.units:
        known = tuple(name for name in old.names(unit.brings) if name in place.capabilities)
        unit.brings = place.mask(known)
