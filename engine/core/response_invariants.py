"""What must hold of the course of a response after every turn, as sentences about what does not."""

from collections.abc import Iterator, Mapping

from engine.core.holding import STACK_MAX, STACKED_FROM_PRIORITY
from engine.state.deadlines import Reminder
from engine.state.progress import under_way
from engine.state.world import World

Reminded = Mapping[tuple[Reminder, str, str, int], int]


def response_violations(world: World, reminded: Reminded) -> Iterator[str]:
    """Give a sentence for each thing about held, stacked and watched responses that is not as it must be."""
    yield from _held(world, reminded)
    yield from _stacked(world)
    yield from _watched(world, reminded)


def _held(world: World, reminded: Reminded) -> Iterator[str]:
    """Every hold has its end, and nobody is held who has ended or is stacked."""
    for incident in world.incidents.values():
        if not incident.held:
            continue
        if not incident.open or incident.stacked_on is not None:
            yield f"{incident.id} is held, and {incident.phase} or stacked on {incident.stacked_on}"
        if (Reminder.HOLD_OVER, incident.id, "", incident.held_until_ms) not in reminded:
            yield f"{incident.id} is held until {incident.held_until_ms}, and nobody would look"


def _stacked(world: World) -> Iterator[str]:
    """A stack is known to both sides, its unit is busy elsewhere and could be all that the incident lacks."""
    both = {incident.id: incident.stacked_on for incident in world.open.values() if incident.stacked_on is not None}
    if both != {name: unit.id for unit in world.units for name in unit.stack} or set(both) != set(world.stacked):
        yield f"incidents are stacked on {both}, and units or the list of them say otherwise"
        return
    for unit in world.units:
        if len(unit.stack) > STACK_MAX or len(set(unit.stack)) != len(unit.stack):
            yield f"{unit.id} goes to {unit.stack} next"
        if unit.stack and (unit.incident is None or unit.incident in unit.stack):
            yield f"{unit.id} is on {unit.incident}, and {unit.stack} wait for it"
        for name in unit.stack:
            incident = world.open[name]
            if incident.priority < STACKED_FROM_PRIORITY or sum(world.lacking(incident).values()) != 1:
                yield f"{name} is priority {incident.priority}, lacks {world.lacking(incident)} and waits for {unit.id}"


def _watched(world: World, reminded: Reminded) -> Iterator[str]:
    """While units are under way somebody looks; who is late was said to be so, and when it will come."""
    moving = under_way(world)
    looks = sum(count for key, count in reminded.items() if key[0] is Reminder.PROGRESS)
    if looks != world.watching or (moving and not looks):
        yield f"{len(moving)} units are under way, and {looks} reminders to look at them are set"
    for incident, assignment in moving:
        if assignment.late is not None and assignment.arrive_ms <= assignment.sent_ms:
            yield f"{assignment.unit} is late for {incident.id}, and nobody knows when it comes"
        if assignment.least_to_go_ms > assignment.to_go_ms or not 0 <= assignment.moved_ms <= world.now:
            yield f"{assignment.unit} was {assignment.least_to_go_ms} ms away, and is {assignment.to_go_ms} ms away"
