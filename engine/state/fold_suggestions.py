"""What positions suggest, as the World keeps it: the last suggestion of a unit, and whether it still says anything."""

from engine.model.lifecycle import Status
from engine.model.suggestions import StatusSuggested
from engine.state.records import UnitRecord
from engine.state.world import World, folds

ON_THE_WAY = (Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE)
"""Whose arrival may be suggested. Who is staged waits there on purpose."""


@folds(StatusSuggested)
def status_suggested(world: World, fact: StatusSuggested) -> None:
    """Keep it beside what the crew has said; nothing of that is changed."""
    unit = world.units[world.fleet.rows[fact.unit]]
    unit.suggested = fact
    world.count("statuses_suggested")


def still_suggested(world: World, unit: UnitRecord, fact: StatusSuggested) -> bool:
    """Tell whether the crew has said nothing since, and the unit is where it would have to be."""
    assignment = world.assignment(unit)
    if fact.status is Status.ON_SCENE:
        return (
            assignment is not None
            and unit.incident == fact.incident
            and assignment.status in ON_THE_WAY
            and assignment.reported_ms <= fact.since_ms
            and unit.emergency is None
        )
    at_home = assignment is None and fact.incident is None and unit.duty is Status.RETURNING
    return fact.status is Status.AVAILABLE and at_home and unit.reported_ms <= fact.since_ms
