"""Decisions about forgetting: only what is over, and only what there was."""

from engine.core.lookup import check_given, was_reported
from engine.core.recorder import Recorder, Refused
from engine.model.forgetting import ForgetIncident, IncidentForgotten


def forget_incident(turn: Recorder, given: ForgetIncident) -> None:
    """Erase an incident's people, also long after it has ended; again is harmless."""
    world = turn.world
    check_given(reason=given.reason)
    if not was_reported(world, given.incident):
        raise Refused("unknown_incident", "incident", f"There has never been an incident {given.incident!r}.")
    if given.incident in world.open:
        reason = f"{given.incident} is on the board: its crews need what would be erased. Close or cancel it first."
        raise Refused("incident_open", "incident", reason)
    turn.record(IncidentForgotten(given.incident, given.reason, given.by))
