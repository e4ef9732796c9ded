"""Where units belong: at home, or at the post that they were moved to.

The record names a post only where it is not the unit's home, so nothing has to be told of units that never moved.
"""

from engine.model.lifecycle import Status
from engine.model.place import Place
from engine.state.records import UnitRecord
from engine.state.world import World

JUST_FREE_MS = 60_000
"""A crew that is clear for no longer than this and drives home has not come to rest."""


def home_of(world: World, unit: UnitRecord) -> str:
    """Return the unit's home station."""
    return world.fleet.units[unit.row].station


def post_of(world: World, unit: UnitRecord) -> str:
    """Return where the unit belongs now."""
    return unit.post or home_of(world, unit)


def belong(world: World, unit: UnitRecord, post: str) -> None:
    """Let the unit belong there from now on. Its crew's other vehicles have nobody while it is not at home."""
    unit.post = None if post == home_of(world, unit) else post
    world.fleet.belong(unit.row, world.stations[post])
    world.restand(unit)


def go_home(world: World, unit: UnitRecord) -> None:
    """Let a unit that was moved belong to its home again; one that the place no longer has belongs nowhere."""
    if unit.post is not None:
        unit.post = None
        if world.fleet.listed[unit.row]:
            belong(world, unit, home_of(world, unit))
            world.fleet.stand_at_post(unit.row)


def is_idle(world: World, unit: UnitRecord) -> bool:
    """Tell whether a move would disturb the crew: it stands at its post, or was on its way there for a while.

    A unit that is returning, has been clear for less than a minute and was not moved since only drives home elsewhere.
    """
    just_free = world.now - unit.cleared_ms <= JUST_FREE_MS and unit.cleared_ms > 0
    return not (unit.duty is Status.RETURNING and unit.move is None and just_free)


def counts_at(world: World, unit: UnitRecord) -> bool:
    """Tell whether the unit takes room where it belongs: it does while its crew has duty, out of service as well."""
    return bool(world.fleet.listed[unit.row]) and unit.duty is not Status.OFF_DUTY


def has_room(world: World, post: str, unit: UnitRecord) -> bool:
    """Tell whether this unit may belong to the post besides those that do; at home there is always room for it."""
    capacity = world.settled.stations[world.stations[post]].capacity
    if not capacity or post == home_of(world, unit):
        return True
    number = world.stations[post]
    there = (row for row, at in enumerate(world.fleet.post.tolist()) if at == number and row != unit.row)
    return sum(counts_at(world, world.units[row]) for row in there) < capacity


def out_of_place(world: World, place: Place) -> list[UnitRecord]:
    """Return the moved units that have to go home if this place comes into force, in order of their rows.

    Those whose post or listing it no longer has, that belong to a neighbour by it, whose home their post is by it, or
    that it has no room for: who was listed first stays.
    """
    capacity = {station.id: station.capacity or len(world.units) for station in place.stations}
    listed = {unit.id: unit for unit in place.units}
    moved, leaving = [unit for unit in world.units if unit.post is not None], []
    for unit in moved:
        described, post = listed.get(unit.id), str(unit.post)
        if described is None or described.agency is not None or described.station == post or not capacity.get(post):
            leaving.append(unit)
        else:
            capacity[post] -= 1
    return leaving
