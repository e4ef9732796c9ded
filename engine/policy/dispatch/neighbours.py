"""Neighbours' units: no more of them are out for us, or asked for, than was agreed."""

from collections.abc import Iterable

from engine.policy.dispatch.layout import Layout
from engine.state.world import World


def surplus(world: World, layout: Layout, rows: Iterable[int]) -> list[int]:
    """Return those of the chosen free rows that are one too many, the first ones having been asked first."""
    if not world.settled.agencies:
        return []
    left = [world.quota_left(agency) for agency in world.settled.agencies]
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
    for agency, units in zip(world.settled.agencies, layout.neighbours, strict=True):
        rows += units if world.quota_left(agency) == 0 else ()
    return rows
