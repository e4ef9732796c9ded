"""Who is under way, and when they are looked at: all of them every ten seconds, a share of them at a time.

A look costs a sweep of the streets for each incident, so it never takes in more than a few: where many units are
under way, looks are more frequent instead of longer.
"""

from engine.model.lifecycle import Status
from engine.state.deadlines import Reminder
from engine.state.fleet import STANDING_ASSIGNED
from engine.state.records import Assignment, Incident
from engine.state.world import World

PROGRESS_MS = 10_000
"""Each unit under way is looked at this often …"""
INCIDENTS_MAX = 32
"""… in looks at so many incidents …"""
SOONEST_MS = 250
"""… that are at least this far apart."""
UNDER_WAY = (Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE, Status.STAGING)
"""A tuple, as it is asked thousands of times in a turn: members of an enumeration are slow to hash."""


def under_way(world: World) -> list[tuple[Incident, Assignment]]:
    """Return all units that were told to go and have not arrived, in the order of their rows."""
    found = []
    units, incidents = world.units, world.open
    for row in (world.fleet.standing == STANDING_ASSIGNED).nonzero()[0].tolist():
        unit = units[row]
        incident = incidents[unit.incident]  # the column says that it has one
        assignment = incident.assigned[unit.id]
        if assignment.status in UNDER_WAY:
            found.append((incident, assignment))
    return found


def left_ms(assignment: Assignment, now: int) -> int:
    """Return in how many ms the unit arrives: as was said last; of a late one, as was seen since if that is later."""
    said_ms = assignment.arrive_ms - now
    return said_ms if assignment.late is None else max(said_ms, assignment.to_go_ms)


def share(world: World, after: str) -> tuple[list[Incident], int]:
    """Return the incidents of the look that follows the incident of this number, and how many there are in all."""
    numbers = {incident.number: incident for incident, _ in under_way(world)}
    last = int(after or 0)
    following = sorted(number for number in numbers if number > last)
    return [numbers[number] for number in following[:INCIDENTS_MAX]], len(numbers)


def watch(world: World) -> None:
    """Have the units under way looked at, if nobody does yet."""
    if not world.watching:
        world.watching = True
        world.deadlines.set(world.now + PROGRESS_MS, Reminder.PROGRESS, "", since_ms=world.now)


def watch_on(world: World, after: str) -> None:
    """A look is being taken: set the next one, which goes on where this one ends, while anybody is under way."""
    world.watching = False
    looked_at, count = share(world, after)
    if count:
        world.watching = True
        looks = -(-count // INCIDENTS_MAX)
        ends_at = str(looked_at[-1].number) if len(looked_at) == INCIDENTS_MAX else ""
        due_ms = world.now + max(SOONEST_MS, PROGRESS_MS // looks)
        world.deadlines.set(due_ms, Reminder.PROGRESS, ends_at, since_ms=world.now)
