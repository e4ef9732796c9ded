"""Decisions about what positions suggest: told, applied, or nothing, as the place's rules have it.

Rule: refused where the crew has said anything since the unit began to stand there, or has gone further. Applied is only
what the crew's own next report would be, and only from the road: who never said that it is rolling is asked.
"""

from engine.core import destinations, sending
from engine.core.recorder import Recorder, Refused
from engine.model.facts import AssignmentAdvanced, DutyChanged
from engine.model.lifecycle import Status
from engine.model.rules import Suggesting
from engine.model.suggestions import BY_POSITION, StatusSuggested, SuggestStatus
from engine.state.fold_suggestions import still_suggested
from engine.state.records import UnitRecord


def suggest_status(turn: Recorder, given: SuggestStatus) -> None:
    """Record the suggestion, and act on it where the rules say so. Raises Refused."""
    world, rules = turn.world, turn.world.settled.geofence
    how = {Status.ON_SCENE: rules.arrived, Status.AVAILABLE: rules.in_quarters}.get(given.status, Suggesting.OFF)
    if how is Suggesting.OFF:
        raise Refused(
            "not_configured", "status", f"The rules of this place suggest no {given.status.plain} from positions."
        )
    unit = world.unit(given.unit)
    if unit is None:
        raise Refused("not_found", "unit", f"There is no unit {given.unit!r}.")
    if not 0 < given.since_ms <= turn.now:
        raise Refused("out_of_range", "since_ms", f"{given.since_ms} is no time before {turn.now}.")
    suggested = StatusSuggested(unit.id, given.incident, given.status, given.since_ms, _reason(turn, given, unit))
    if not still_suggested(world, unit, suggested):
        raise Refused("stale_suggestion", "unit", f"{unit.id} is elsewhere, or its crew has said more since.")
    if unit.suggested is not None and still_suggested(world, unit, unit.suggested):
        raise Refused("stale_suggestion", "unit", f"That {unit.id} is {given.status.plain} was suggested already.")
    assignment = world.assignment(unit)
    apply = how is Suggesting.APPLY and (assignment is None or assignment.status is Status.EN_ROUTE)
    turn.record(StatusSuggested(unit.id, given.incident, given.status, given.since_ms, suggested.reason, applied=apply))
    if apply:
        _apply(turn, given, unit)


def _apply(turn: Recorder, given: SuggestStatus, unit: UnitRecord) -> None:
    if given.incident is None:
        turn.record(DutyChanged(unit.id, given.status, given.since_ms, BY_POSITION))
        turn.match = True
        return
    turn.record(AssignmentAdvanced(unit.id, given.incident, given.status, given.since_ms, BY_POSITION))
    sending.crew_knows(turn, unit.id, given.incident)
    destinations.rank_on_the_way(turn, unit.id)


def _reason(turn: Recorder, given: SuggestStatus, unit: UnitRecord) -> str:
    seconds = (turn.now - given.since_ms) // 1000
    where = given.incident or "its quarters"
    return f"{unit.id} has stood within {given.metres} m of {where} for {seconds} s ({given.fixes} positions)"
