"""The gate: no unit is reserved, dispatched or diverted but through here, whoever proposed it.

What is checked holds at this very turn; a proposal that was right a second ago is judged again.
"""

from engine.core.recorder import Refused
from engine.model.lifecycle import FREE, RELEASABLE, Status
from engine.state.records import Incident, UnitRecord
from engine.state.world import World


def may_send(world: World, unit: UnitRecord, incident: Incident) -> None:
    """Refuse to send a unit that is not free for this incident."""
    crew_may_go(world, unit, "units")
    assignment = world.assignment(unit)
    if assignment is not None:
        if unit.incident == incident.id and assignment.status is Status.RESERVED:
            return
        where = "this incident" if unit.incident == incident.id else f"{unit.incident}"
        stays = assignment.status not in RELEASABLE
        then = (
            " until its crew says that it is clear. Choose another unit."
            if stays
            else ". Choose another unit, or divert it."
        )
        raise Refused("unit_assigned", "units", f"{unit.id} is on {where} ({assignment.status.plain}){then}")
    if not world.fleet.listed[unit.row]:
        raise Refused("unknown_unit", "units", f"The place no longer has {unit.id}. Choose another unit.")
    if unit.duty not in FREE:
        raise Refused("unit_not_in_service", "units", f"{unit.id} is {unit.duty.plain}. Choose another unit.")


def may_supersede(world: World, unit: UnitRecord, replacement: UnitRecord, incident: Incident) -> None:
    """Refuse to relieve a unit that has arrived, or by one that may not go."""
    assignment = incident.assigned.get(unit.id)
    if assignment is None:
        raise Refused("not_assigned", "unit", f"{unit.id} is not on {incident.id}.")
    if assignment.status not in RELEASABLE:
        raise Refused(
            "units_on_scene",
            "unit",
            f"{unit.id} is {assignment.status.plain}: its crew says when it is clear. Send {replacement.id} as well instead.",
        )
    agency = world.neighbour(replacement.row)
    if agency is not None and world.must_ask(agency):
        raise Refused(
            "must_ask",
            "replacement",
            f"{agency.name} has to be asked for {replacement.id}: dispatch it, and release {unit.id} once it is committed.",
        )
    if replacement.id == unit.id:
        raise Refused("repeated", "replacement", f"{unit.id} cannot go in its own place.")
    if replacement.id in incident.assigned:
        raise Refused(
            "already_there",
            "replacement",
            f"{replacement.id} has a place on {incident.id} already: dispatch it, and release {unit.id}.",
        )
    may_send(world, replacement, incident)
    slots = {slot.id: slot for slot in world.slots(incident)}
    capabilities = int(world.fleet.capability[replacement.row])
    if assignment.slot in slots and not slots[assignment.slot].fits(capabilities):
        raise Refused(
            "cannot_do",
            "replacement",
            f"{replacement.id} cannot do what {unit.id} is sent for ({assignment.slot}). Choose another unit.",
        )


def crew_may_go(world: World, unit: UnitRecord, field: str) -> None:
    """Refuse a unit whose people are too few, out with another vehicle, or call for help themselves."""
    if unit.emergency is not None:
        raise Refused(
            "unit_emergency",
            field,
            f"{unit.id} has declared an emergency ({unit.emergency}). Choose another unit, or resolve it first.",
        )
    for row in world.fleet.siblings[unit.row]:
        sibling = world.units[row]
        if sibling.occupied:
            raise Refused(
                "crew_busy",
                field,
                f"{unit.id} shares its crew with {sibling.id}, which {_doing(sibling)}. Choose another unit.",
            )
    if world.understaffed(unit):
        least = world.fleet.units[unit.row].staff_min
        raise Refused(
            "understaffed",
            field,
            f"{unit.id} has {unit.staff} on board and goes with {least} at least. Report its staffing, or choose another.",
        )


def _doing(unit: UnitRecord) -> str:
    if unit.incident is not None:
        return f"is on {unit.incident}"
    return f"calls for help ({unit.emergency})" if unit.emergency is not None else "was moved to another post"


def may_divert(world: World, unit: UnitRecord, target: Incident) -> None:
    """Refuse a diversion that would take help from somebody who needs it more, or from a crew that has arrived."""
    crew_may_go(world, unit, "unit")
    assignment = world.assignment(unit)
    if assignment is None or unit.incident is None:
        raise Refused("not_assigned", "unit", f"{unit.id} is not on an incident: dispatch it instead.")
    if unit.incident == target.id:
        raise Refused("already_there", "incident", f"{unit.id} is on {target.id} already.")
    source = world.open[unit.incident]
    if not world.divertible(assignment):
        state = "was diverted once before" if assignment.diverted else f"is {assignment.status.plain}"
        if assignment.status is Status.RESERVED and not assignment.diverted:
            state = "was never asked of its neighbour"
        raise Refused("not_divertible", "unit", f"{unit.id} {state} and is not sent elsewhere. Choose another unit.")
    if target.priority >= source.priority:
        raise Refused(
            "not_more_urgent",
            "incident",
            f"{target.id} (priority {target.priority}) is not more urgent than {source.id} "
            f"(priority {source.priority}), where {unit.id} is going.",
        )
