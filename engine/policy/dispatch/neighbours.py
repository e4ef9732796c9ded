"""Neighbours' units: no more of them are out for us, or asked for, than was agreed."""

from collections.abc import Iterable

from engine.policy.dispatch.layout import Layout
from engine.state.world import World


def room(world: World, layout: Layout, agency: int) -> int:
    """Return how many units may still be asked of the agency."""
    units = (world.units[row] for row in layout.neighbours[agency])
    out = sum(unit.incident is not None for unit in units)
    return max(0, world.settled.agencies[agency].units_max - out)


def surplus(world: World, layout: Layout, rows: Iterable[int]) -> list[int]:
    """Return those of the chosen free rows that are one too many, the first ones having been asked first."""
    if not world.settled.agencies:
        return []
    left = [room(world, layout, agency) for agency in range(len(layout.neighbours))]
    beyond = []
    for row in rows:
        agency = int(layout.agency[row])
        if agency >= 0:
            left[agency] -= 1
            if left[agency] < 0:
                beyond.append(row)
    return beyond


def kept_back(world: World, layout: Layout) -> list[int]:
    """Return rows that are not free for a decision: of a neighbour that has given, or was asked for, all it will."""
    rows: list[int] = []
    for agency, units in enumerate(layout.neighbours):
        full = room(world, layout, agency) == 0
        rows += units if full else ()
    return rows
