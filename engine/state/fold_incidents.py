"""What the facts about incidents do to the World."""

from engine.model.facts import (
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    IncidentsLinked,
    NoteAdded,
    UnitsRecommended,
)
from engine.model.lifecycle import Phase
from engine.state.fold_plans import keep_to_levels
from engine.state.fold_watch import watch_unit
from engine.state.records import Incident, Note
from engine.state.world import World, folds


@folds(IncidentReported)
def reported(world: World, fact: IncidentReported) -> None:
    """Put the incident on the board."""
    incident = incident_of(world, fact)
    world.incident_number = incident.number
    world.incidents[incident.id] = world.open[incident.id] = incident
    world.requeue(incident)
    world.count("incidents_reported")


def incident_of(world: World, fact: IncidentReported) -> Incident:
    """Return the incident that the report makes, as the next one of this World; it is not on the board by that."""
    return Incident(
        id=fact.incident,
        number=world.incident_number + 1,
        type=fact.type,
        priority=fact.priority,
        x_m=fact.x_m,
        y_m=fact.y_m,
        plan=fact.plan,
        area=fact.area,
        address=fact.address,
        caller=fact.caller,
        external=fact.external,
        reported_ms=world.now,
        waiting_since_ms=world.now,
        filled={},
        assigned={},
        past=[],
        notes=[Note(world.now, fact.by, fact.note)] if fact.note else [],
        links=[],
        code=fact.code,
        reported_by=fact.by,
    )


@folds(IncidentAmended)
def amended(world: World, fact: IncidentAmended) -> None:
    """Take over what is known now; units already assigned count towards the new plan where they fit."""
    incident = world.open[fact.incident]
    changed_plan = incident.plan != fact.plan
    urgency_rose = fact.priority < incident.priority
    if (incident.x_m, incident.y_m) != (fact.x_m, fact.y_m):
        for assignment in incident.assigned.values():
            # Who turns round because the address was wrong does not drive the wrong way.
            assignment.to_go_ms = assignment.least_to_go_ms = -1
    incident.type, incident.priority = fact.type, fact.priority
    incident.x_m, incident.y_m = fact.x_m, fact.y_m
    incident.plan, incident.area = fact.plan, fact.area
    incident.address, incident.caller = fact.address, fact.caller
    incident.code = fact.code
    if changed_plan:
        incident.filled, incident.option = {}, ""
        keep_to_levels(world, incident)
        for unit_id in sorted(incident.assigned):
            world.seat(incident, unit_id)
            watch_unit(world, world.units[world.fleet.rows[unit_id]])
    incident.recommended, incident.short = (), ()
    if urgency_rose and world.awaits(incident):
        world.remind_pending(incident)
    world.requeue(incident)


@folds(IncidentClosed)
def closed(world: World, fact: IncidentClosed) -> None:
    """Take the incident off the board."""
    _end(world, fact.incident, Phase.CLOSED, fact.disposition)


@folds(IncidentCancelled)
def cancelled(world: World, fact: IncidentCancelled) -> None:
    """Take the incident off the board; its units were released by facts of the same turn."""
    _end(world, fact.incident, Phase.CANCELLED, fact.reason)


@folds(IncidentMerged)
def merged(world: World, fact: IncidentMerged) -> None:
    """Take the incident off the board and leave a trace on the one it became part of."""
    _end(world, fact.incident, Phase.MERGED, "")
    world.incidents[fact.incident].merged_into = fact.into
    into, merged = world.open[fact.into], world.incidents[fact.incident]
    into.links.append(fact.incident)
    into.declined += [unit for unit in merged.declined if unit not in into.declined]
    into.turned_down += [unit for unit in merged.turned_down if unit not in into.turned_down]
    into.been += merged.been


@folds(IncidentsLinked)
def linked(world: World, fact: IncidentsLinked) -> None:
    """Write the link on both."""
    world.incidents[fact.incident].links.append(fact.other)
    world.incidents[fact.other].links.append(fact.incident)


@folds(NoteAdded)
def noted(world: World, fact: NoteAdded) -> None:
    """Write the note down."""
    world.incidents[fact.incident].notes.append(Note(world.now, fact.by, fact.text))


@folds(UnitsRecommended)
def recommended(world: World, fact: UnitsRecommended) -> None:
    """Keep the recommendation."""
    incident = world.open[fact.incident]
    if [choice.what for choice in incident.recommended] != [choice.what for choice in fact.choices]:
        incident.same_seq = world.seq
    incident.recommended, incident.short, incident.option = fact.choices, fact.short, fact.option
    world.settle_option(incident)
    incident.decided_seq = world.seq
    world.note_relief(incident)
    world.count("decisions")


def _end(world: World, incident_id: str, phase: Phase, disposition: str) -> None:
    incident = world.open.pop(incident_id)
    assert not incident.assigned, f"{incident_id} cannot end while units are assigned to it"
    incident.final, incident.ended_ms, incident.disposition = phase, world.now, disposition
    incident.held_until_ms, incident.held_reason = 0, ""
    world.unstack(incident)
    world.requeue(incident)
    world.closed[incident_id] = None
    world.count(f"incidents_{phase}")
    while len(world.closed) > world.settled.limits.closed_kept:
        oldest, _ = world.closed.popitem(last=False)
        del world.incidents[oldest]
