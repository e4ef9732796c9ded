"""Advice that stands: what a person was told and has not answered yet is not told otherwise with each new call.

An incident whose whole advice still holds is left out of the joint problem of a turn, and its units are spoken for: only a
more urgent incident may take one, and then the advice is made anew in the same turn. Everything is weighed together
again every few seconds, and wherever the world itself has changed (`Recorder.look_at_all`).
"""

from engine.core import carrying
from engine.core.recorder import Recorder
from engine.core.reviewing import freed_rows, might_arrive
from engine.model.plans import Mode
from engine.policy import Solution
from engine.policy.travel import travel_model
from engine.state.records import Incident

FROM_PRIORITY = 3
"""More urgent incidents are weighed anew in every turn: for them a minute matters more than a steady word."""


def that_stands(turn: Recorder) -> dict[str, Incident]:
    """Return by id the waiting incidents that need not be asked about in this turn, in the queue's order."""
    if turn.look_at_all:
        return {}
    freed = freed_rows(turn)
    return {
        name: incident
        for name, incident in turn.world.waiting.items()
        if _holds(turn, incident) and not _outdone(turn, incident, freed)
    }


def spoken_for(turn: Recorder, standing: list[Incident]) -> dict[int, int]:
    """Return by row the priority of the incident that a unit is advised to."""
    rows = turn.world.fleet.rows
    return {rows[choice.unit]: incident.priority for incident in standing for choice in incident.recommended}


def broken(turn: Recorder, standing: list[Incident], solution: Solution) -> list[Incident]:
    """Return those whose advice names a unit that the answer gives to a more urgent incident."""
    rows = turn.world.fleet.rows
    return [
        incident for incident in standing if any(rows[choice.unit] in solution.taken for choice in incident.recommended)
    ]


def _holds(turn: Recorder, incident: Incident) -> bool:
    """Tell whether a person was advised of a free unit for every place, and each may still go."""
    if incident.priority < FROM_PRIORITY or incident.short:
        return False
    if turn.world.plans[incident.plan].mode is not Mode.ADVISE:
        return False
    told: dict[str, int] = {}
    for choice in incident.recommended:
        if choice.source or choice.replaces or choice.clear_ms >= 0 or carrying.refusal(turn, incident, choice):
            return False
        told[choice.slot] = told.get(choice.slot, 0) + 1
    return told == turn.world.lacking(incident)


def _outdone(turn: Recorder, incident: Incident, freed: list[int]) -> bool:
    """Tell whether a unit that came free in this turn might be there sooner than one that was advised."""
    if not freed:
        return False
    world, travel = turn.world, travel_model(turn.world)
    slots = {slot.id: slot for slot in world.slots(incident)}
    return any(
        slots[choice.slot].fits(int(world.fleet.capability[row]))
        and might_arrive(world, travel, row, incident, choice.eta_ms)
        for choice in incident.recommended
        for row in freed
    )
