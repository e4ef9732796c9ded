"""What the facts about the course of a response do to the World: kept for later, on the board again, late."""

from engine.model.response_facts import (
    AssignmentDelayed,
    AssignmentOnTime,
    HoldEnded,
    IncidentHeld,
    IncidentReopened,
    IncidentSplit,
    IncidentStacked,
    IncidentsUnlinked,
    IncidentUnstacked,
    PlacesReopened,
    ProgressSeen,
    ReleaseProposed,
)
from engine.state.deadlines import Reminder
from engine.state.records import Assignment, Incident, Note
from engine.state.world import World, folds

STANDS_M = 50
"""A position that differs by less is that of a unit that stands: receivers err by some metres, crews park anew."""


@folds(IncidentHeld)
def held(world: World, fact: IncidentHeld) -> None:
    """Take it out of the queue until then. What was said about its units before no longer binds anybody."""
    incident = world.open[fact.incident]
    incident.held_until_ms, incident.held_reason = fact.until_ms, fact.reason
    world.deadlines.set(fact.until_ms, Reminder.HOLD_OVER, incident.id, since_ms=fact.until_ms)
    world.requeue(incident)
    world.count("incidents_held")


@folds(HoldEnded)
def hold_ended(world: World, fact: HoldEnded) -> None:
    """Let it wait: its rank is by its report, its patience from now on."""
    incident = world.open[fact.incident]
    incident.held_until_ms, incident.held_reason = 0, ""
    world.requeue(incident)


@folds(IncidentStacked)
def stacked(world: World, fact: IncidentStacked) -> None:
    """Take it out of the queue for its unit; it waits as long as it has waited."""
    incident = world.open[fact.incident]
    incident.stacked_on = fact.unit
    world.units[world.fleet.rows[fact.unit]].stack.append(incident.id)
    world.stacked[incident.id] = incident
    world.requeue(incident)
    world.count("incidents_stacked")


@folds(IncidentUnstacked)
def unstacked(world: World, fact: IncidentUnstacked) -> None:
    """Let it wait in the queue, as long as it has waited."""
    incident = world.open[fact.incident]
    world.unstack(incident)
    if world.lacking(incident):
        world.waiting.put(incident)
    world.requeue(incident)


@folds(IncidentReopened)
def reopened(world: World, fact: IncidentReopened) -> None:
    """Put it back on the board with its number, its times and its notes; it is served anew."""
    incident = world.incidents[fact.incident]
    was = f"{incident.phase}: {incident.disposition}" if incident.disposition else str(incident.phase)
    incident.notes.append(Note(world.now, fact.by, f"reopened: {fact.reason} (it was {was})"))
    _back_on_the_board(world, incident)
    world.count("incidents_reopened")


@folds(PlacesReopened)
def places_reopened(world: World, fact: PlacesReopened) -> None:
    """Let it want its whole plan again: what was waived had been waived for those who were still coming."""
    incident = world.open[fact.incident]
    incident.filled, incident.option, incident.emptied_by = {}, "", fact.by
    world.requeue(incident)
    world.count("incidents_emptied")


@folds(IncidentSplit)
def split(world: World, fact: IncidentSplit) -> None:
    """Put it back on the board by itself; both keep the trace."""
    incident = world.incidents[fact.incident]
    incident.notes.append(Note(world.now, fact.by, f"split from {fact.source}: {fact.reason}"))
    incident.merged_into = None
    if fact.source not in incident.links:
        incident.links.append(fact.source)
    _back_on_the_board(world, incident)
    world.count("incidents_split")


def _back_on_the_board(world: World, incident: Incident) -> None:
    incident.final, incident.ended_ms, incident.disposition = None, 0, ""
    incident.filled, incident.option, incident.alarm = {}, "", 1
    incident.declined, incident.turned_down, incident.been, incident.emptied_by = [], [], [], ""
    incident.past_before = len(incident.past)
    world.closed.pop(incident.id)
    # The board is in the order of the reports, wherever it comes from.
    world.open = {each.id: each for each in world.incidents.values() if each.open}
    world.requeue(incident)


@folds(IncidentsUnlinked)
def unlinked(world: World, fact: IncidentsUnlinked) -> None:
    """Take the link off both, where they are still in memory."""
    for name, other in ((fact.incident, fact.other), (fact.other, fact.incident)):
        incident = world.incidents.get(name)
        if incident is not None:
            incident.links = [link for link in incident.links if link != other]


@folds(AssignmentDelayed)
def delayed(world: World, fact: AssignmentDelayed) -> None:
    """Expect the unit later."""
    assignment = _assignment(world, fact)
    if assignment.late is None:
        world.count("assignments_delayed")
    assignment.late, assignment.arrive_ms = fact.cause, fact.arrive_ms


@folds(AssignmentOnTime)
def on_time(world: World, fact: AssignmentOnTime) -> None:
    """Expect the unit as told."""
    assignment = _assignment(world, fact)
    assignment.late, assignment.arrive_ms = None, fact.arrive_ms


def _assignment(world: World, fact: AssignmentDelayed | AssignmentOnTime) -> Assignment:
    return world.open[fact.incident].assigned[fact.unit]


@folds(ProgressSeen)
def progress_seen(world: World, fact: ProgressSeen) -> None:
    """Remember how far each was, and since when it has stood."""
    fleet = world.fleet
    for seen in fact.progress:
        assignment = world.open[seen.incident].assigned[seen.unit]
        least_ms = assignment.least_to_go_ms
        assignment.to_go_ms = seen.to_go_ms
        assignment.least_to_go_ms = seen.to_go_ms if least_ms < 0 else min(least_ms, seen.to_go_ms)
        row = fleet.rows[seen.unit]
        here = int(fleet.x_m[row]), int(fleet.y_m[row])
        if max(abs(here[0] - assignment.seen_m[0]), abs(here[1] - assignment.seen_m[1])) > STANDS_M:
            assignment.seen_m, assignment.moved_ms = here, world.now


@folds(ReleaseProposed)
def release_proposed(world: World, fact: ReleaseProposed) -> None:
    """Count it: a person releases, or lets them go on."""
    del fact
    world.count("releases_proposed")
