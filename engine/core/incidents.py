"""Decisions about incidents: reported, amended, ended, joined."""

from engine.core import duplicates, holding, reviewing, sending, surroundings
from engine.core.lookup import (
    check_given,
    check_position,
    check_text,
    known_incident,
    nobody_in_need,
    not_forgotten,
    open_incident,
)
from engine.core.plans import checked_code, determined, plan_for
from engine.core.recorder import Recorder, Refused
from engine.model.alert_facts import AlarmCleared
from engine.model.covering import determination_of
from engine.model.facts import (
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    IncidentsLinked,
    NoteAdded,
)
from engine.model.geometry import inside
from engine.model.inputs import (
    AddNote,
    AmendIncident,
    CancelIncident,
    CloseIncident,
    LinkIncidents,
    MergeIncident,
    ReportIncident,
)
from engine.model.lifecycle import FINAL, Outcome, Phase
from engine.model.place import Place
from engine.state.records import Incident
from engine.state.world import World


def report_incident(turn: Recorder, given: ReportIncident) -> None:
    """Put a call on the board."""
    fact = as_reported(turn.world, given)
    turn.record(fact)
    holding.schedule(turn, fact.incident, given.due_ms, given.by)
    duplicates.look(turn, fact.incident)
    turn.match = True


def as_reported(world: World, given: ReportIncident) -> IncidentReported:
    """Return what a report makes true: under which id, plan and area. Raises Refused."""
    check_text(address=given.address, caller=given.caller, note=given.note, external=given.external)
    check_position(world.settled, given.x_m, given.y_m)
    code = checked_code(given.code)
    type_id, said = determined(world, given.type, code)
    usual = said or world.types.get(type_id)
    priority = given.priority if given.priority is not None else (usual.priority if usual else 1)
    area = area_of(world.settled, given.x_m, given.y_m)
    plan = plan_for(world, type_id, priority, code=code, area=area)
    if given.due_ms is not None:
        holding.check_until(world, "due_ms", given.due_ms)
    return IncidentReported(
        incident=next_incident_id(world),
        type=type_id,
        priority=priority,
        x_m=given.x_m,
        y_m=given.y_m,
        plan=plan.id,
        area=area,
        address=given.address,
        caller=given.caller,
        note=given.note,
        external=given.external,
        by=given.by,
        code=code,
        due_ms=given.due_ms,
    )


def next_incident_id(world: World) -> str:
    """Return the id of the next incident to be reported."""
    return f"I{world.incident_number + 1}"


def area_of(place: Place, x_m: int, y_m: int) -> str | None:
    """Return the id of the first response area that holds the point."""
    return next((area.id for area in place.areas if inside(area.polygon, x_m, y_m)), None)


def amend_incident(turn: Recorder, given: AmendIncident) -> None:
    """Take over what is known better."""
    world = turn.world
    incident = open_incident(world, given.incident)
    check_text(address=given.address, caller=given.caller)
    if (given.x_m is None) != (given.y_m is None):
        raise Refused("missing", "position", "A position needs both its latitude and its longitude.")
    x_m = given.x_m if given.x_m is not None else incident.x_m
    y_m = given.y_m if given.y_m is not None else incident.y_m
    check_position(world.settled, x_m, y_m)
    code = checked_code(given.code) if given.code is not None else incident.code
    # Only a new code speaks: one that is sent along with every message must not undo what a person has said since.
    said = determination_of(world.settled, code) if code != incident.code else None
    type_id = given.type if given.type is not None else (said.type if said else incident.type)
    priority = given.priority if given.priority is not None else (said or incident).priority
    if priority > incident.priority:
        nobody_in_need(turn.world, incident)
    area = area_of(world.settled, x_m, y_m)
    plan = plan_for(world, type_id, priority, code=code, area=area)
    dangers = surroundings.dangers_known(world, [incident])
    more_urgent = priority < incident.priority
    seats = reviewing.seats(incident)
    turn.record(
        IncidentAmended(
            incident=incident.id,
            type=type_id,
            priority=priority,
            x_m=x_m,
            y_m=y_m,
            plan=plan.id,
            area=area,
            address=given.address if given.address is not None else incident.address,
            caller=given.caller if given.caller is not None else incident.caller,
            by=given.by,
            code=code,
        )
    )
    if more_urgent:
        holding.hurry(turn, incident, given.by)
    reviewing.release_surplus(turn, incident, seats, f"{incident.id} is {type_id} P{priority} now")
    sending.wait_over(turn, incident)
    duplicates.look(turn, incident.id)
    surroundings.tell_crews(turn, dangers)
    turn.match = True


def cancel_incident(turn: Recorder, given: CancelIncident) -> None:
    """Release whoever is on the way, then take the incident off the board."""
    incident = open_incident(turn.world, given.incident)
    check_given(reason=given.reason)
    if Phase.CANCELLED not in FINAL[incident.phase]:
        raise Refused(
            "units_on_scene",
            "incident",
            f"{incident.id} has a unit on scene. Close it when its crew has reported clear.",
        )
    nobody_in_need(turn.world, incident)
    for unit_id in sorted(incident.assigned):
        sending.end_assignment(turn, unit_id, Outcome.CANCELLED, by=given.by, reason=given.reason)
    _clear_alarms(turn, incident, "the incident was cancelled")
    turn.record(IncidentCancelled(incident.id, given.reason, given.by))
    turn.match = True


def close_incident(turn: Recorder, given: CloseIncident) -> None:
    """Take a finished incident off the board."""
    incident = open_incident(turn.world, given.incident)
    check_given(disposition=given.disposition)
    if Phase.CLOSED not in FINAL[incident.phase]:
        units = ", ".join(sorted(incident.assigned))
        raise Refused("units_assigned", "incident", f"{incident.id} still has {units}. Clear or release them first.")
    nobody_in_need(turn.world, incident)
    _clear_alarms(turn, incident, "the incident was closed")
    turn.record(IncidentClosed(incident.id, given.disposition, given.by))
    turn.match = True


def link_incidents(turn: Recorder, given: LinkIncidents) -> None:
    """Write down that two incidents belong together."""
    incident = open_incident(turn.world, given.incident)
    other = known_incident(turn.world, given.other, "other")
    if incident.id == other.id:
        raise Refused("same_incident", "other", "An incident cannot be linked to itself.")
    turn.record(IncidentsLinked(incident.id, other.id, given.by))


def merge_incident(turn: Recorder, given: MergeIncident) -> None:
    """Let one incident go on as part of another; its units go with it and keep their rung."""
    incident = open_incident(turn.world, given.incident)
    into = open_incident(turn.world, given.into, "into")
    if incident.id == into.id:
        raise Refused("same_incident", "into", "An incident cannot be merged into itself.")
    nobody_in_need(turn.world, incident)
    units = sorted(incident.assigned)
    for unit_id in units:
        sending.hand_over(turn, unit_id, incident, into, by=given.by)
    surroundings.tell_moved(turn, into, units)
    _clear_alarms(turn, incident, f"the incident was merged into {into.id}")
    turn.record(IncidentMerged(incident.id, into.id, given.by))
    turn.match = True


def add_note(turn: Recorder, given: AddNote) -> None:
    """Write a note, also on an incident that has lately ended."""
    incident = known_incident(turn.world, given.incident)
    not_forgotten(turn.world, incident.id)
    check_given(text=given.text)
    turn.record(NoteAdded(incident.id, given.text, given.by))


def _clear_alarms(turn: Recorder, incident: Incident, reason: str) -> None:
    for alarm in turn.world.alarms.about(incident.id):
        turn.record(AlarmCleared(alarm.id, reason))
