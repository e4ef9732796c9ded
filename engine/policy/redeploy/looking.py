"""What a survey has to read of the World: columns of one moment, taken quickly, as the engine's loop may be waiting."""

from bisect import bisect_left

import numpy as np
from msgspec import Struct

from engine.model.hours import shift_left_ms
from engine.policy.redeploy.reach import Point, Reach
from engine.policy.redeploy.survey import Bytes, Ints, Survey
from engine.state.fold_moves import moves_in_tour
from engine.state.posts import is_idle
from engine.state.records import UnitRecord
from engine.state.world import World
from engine.streets.snapping import Spots

NOTHING_MS = np.empty((0, 0), np.int32)
"""Times to posts that nobody has looked up yet."""


class Look(Struct, frozen=True, eq=False):
    """A survey without its times to posts, and what they are found by."""

    seen: Survey
    reach: Reach
    at_m: Ints
    """int32[2, p], where the posts are."""
    x_m: Ints
    """int32[m], where the free units are."""
    y_m: Ints
    rolling: Bytes
    """uint8[m]: those that are on the road."""
    spots: Spots
    """Where on the streets the whole fleet is."""
    refused: list[tuple[int, int]]
    """Free units, by their place in the survey, and posts: there is no way, as it was refused."""
    free_at: list[Point]
    """Of the busy units: where each will be free."""


def fresh_of(world: World, rows: Ints) -> Bytes:
    """Return 1 for each of these free units that a move would not disturb: it has just become free."""
    fresh = np.zeros(len(rows), np.uint8)
    for place in np.flatnonzero(world.fleet.rolling[rows]).tolist():
        fresh[place] = not is_idle(world, world.units[rows[place]])
    return fresh


def movable_of(world: World, rows: Ints, has_siblings: Bytes) -> Bytes:
    """Return 1 for each of these free units that a planner may move. has_siblings: uint8 by row."""
    place, fleet, rules = world.settled, world.fleet, world.settled.moves
    if rules.budget <= 0:
        return np.zeros(len(rows), np.uint8)
    left_ms = [shift_left_ms(place, shift, world.now) for shift in place.shifts]
    # Who has no shift has the number -1, which is the last.
    ends = np.array([*(left is not None and left < rules.shift_end_ms for left in left_ms), False])
    movable: Bytes = ((fleet.on_break[rows] == 0) & (has_siblings[rows] == 0) & ~ends[fleet.shift[rows]]).astype(
        np.uint8
    )
    for unit, row in enumerate(rows.tolist()):
        record = world.units[row]
        if record.moved_ms and not _is_rested(world, record):
            movable[unit] = 0
    return movable


def _is_rested(world: World, record: UnitRecord) -> bool:
    rules = world.settled.moves
    return world.now >= record.moved_ms + rules.cool_down_ms and moves_in_tour(world, record) < rules.budget


def refused_of(world: World, rows: Ints, post: Ints) -> list[tuple[int, int]]:
    """Return the pairs of free unit and post that were refused: so the next best is proposed, not the same again."""
    found, free = [], rows.tolist() if world.refused_moves else []
    for (unit, name), until_ms in world.refused_moves.items():
        number, row = world.stations.get(name), world.fleet.rows[unit]
        place = bisect_left(free, row)
        is_free = free[place : place + 1] == [row]
        if until_ms > world.now and number is not None and is_free and post[place] != number:
            found.append((place, number))
    return found


def becomes_free(world: World, row: int) -> Point:
    """Return where the unit will be when it is free: at its patient's hospital, else where its incident is."""
    assignment = world.assignment(world.units[row])
    if assignment is None:
        return int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
    if assignment.destination is not None:
        for hospital in world.settled.hospitals:
            if hospital.id == assignment.destination:
                return hospital.x_m, hospital.y_m
    incident = world.open[world.units[row].incident or ""]
    return incident.x_m, incident.y_m
