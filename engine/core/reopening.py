"""Undoing: an incident that was not over, one that was an occurrence of its own, two that do not belong together."""

from engine.core.lookup import check_given, known_incident, not_forgotten, was_reported
from engine.core.recorder import Recorder, Refused
from engine.model.lifecycle import Phase
from engine.model.response_facts import IncidentReopened, IncidentSplit, IncidentsUnlinked
from engine.model.response_inputs import ReopenIncident, SplitIncident, UnlinkIncidents
from engine.state.records import Incident
from engine.state.world import World


def reopen_incident(turn: Recorder, given: ReopenIncident) -> None:
    """Put a closed or cancelled incident back on the board, and serve it anew in the same turn."""
    incident = _remembered(turn.world, given.incident)
    not_forgotten(turn.world, incident.id)
    check_given(reason=given.reason)
    if incident.open:
        raise Refused("not_ended", "incident", f"{incident.id} is on the board: it need not be reopened.")
    if incident.phase is Phase.MERGED:
        raise Refused(
            "incident_merged",
            "incident",
            f"{incident.id} goes on as part of {incident.merged_into}: split it if it is an occurrence of its own.",
        )
    _can_be_served(turn.world, incident)
    turn.record(IncidentReopened(incident.id, given.reason, given.by))
    turn.match = True


def split_incident(turn: Recorder, given: SplitIncident) -> None:
    """Undo a merge: the incident is on the board by itself and is served anew. Its units stay where they went."""
    incident = _remembered(turn.world, given.incident)
    not_forgotten(turn.world, incident.id)
    check_given(reason=given.reason)
    if incident.merged_into is None:
        raise Refused("not_merged", "incident", f"{incident.id} was not merged into another one.")
    _can_be_served(turn.world, incident)
    turn.record(IncidentSplit(incident.id, incident.merged_into, given.reason, given.by))
    turn.match = True


def unlink_incidents(turn: Recorder, given: UnlinkIncidents) -> None:
    """Take back a link."""
    incident = known_incident(turn.world, given.incident)
    if _merged(turn.world, incident.id, given.other) or _merged(turn.world, given.other, incident.id):
        raise Refused(
            "incident_merged", "other", f"{incident.id} and {given.other} are one: split the one that was merged."
        )
    other = turn.world.incidents.get(given.other)
    if given.other not in incident.links and (other is None or incident.id not in other.links):
        raise Refused("not_linked", "other", f"{incident.id} is not linked with {given.other!r}.")
    turn.record(IncidentsUnlinked(incident.id, given.other, given.by))


def _merged(world: World, incident_id: str, into: str) -> bool:
    incident = world.incidents.get(incident_id)
    return incident is not None and incident.merged_into == into


def _remembered(world: World, incident_id: str) -> Incident:
    """Return the incident, or refuse; of one that ended long ago only the journal knows."""
    if incident_id not in world.incidents and was_reported(world, incident_id):
        raise Refused(
            "no_longer_kept",
            "incident",
            f"{incident_id} ended too long ago to be on the board again: only the last "
            f"{world.settled.limits.closed_kept} ended incidents are kept. Report it anew and name {incident_id} "
            "in a note.",
        )
    return known_incident(world, incident_id)


def _can_be_served(world: World, incident: Incident) -> None:
    for what, name, known in (("plan", incident.plan, world.plans), ("incident type", incident.type, world.types)):
        if name not in known:
            raise Refused(
                "plan_gone",
                "incident",
                f"The place no longer has the {what} {name!r} of {incident.id}. Report it anew and name "
                f"{incident.id} in a note.",
            )
