"""House numbers of a made-up city: along each street from its western or southern end, odd on the left, even opposite.

Rule: a plot has a number whether anybody lives there or not, and about every third has a house: so there are numbers
between those that are listed, as in a real town.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from gateways.places.addresses import Addresses, Column
from gateways.places.city.chance import dice
from gateways.places.city.graph import Town
from gateways.places.city.grid import BRIDGE, RESIDENTIAL, RING, Ints
from gateways.places.city.land import PROJECTION, Floats
from gateways.places.streets import once

PLOT_M: Final = 20.0
SETBACK_M: Final = 12.0
"""From the middle of the street to the door."""
BUILT: Final = 0.33
BUILT_MAIN: Final = 0.25
"""Along streets that people pass through."""
ADDRESSES_MAX: Final = 500_000
"""About. A metropolis gets wider plots."""


class _Blocks(Struct, frozen=True):
    """Stretches of street between two junctions, in order along their streets. One row each."""

    name: Ints
    """Row of the street's name."""
    kind: Ints
    x: Floats
    """Where it begins, as seen from the street's western or southern end."""
    y: Floats
    east: Floats
    """How far it goes."""
    north: Floats


def make_addresses(seed: int, town: Town) -> Addresses:
    """Return the houses of the town; the same seed and town give the same ones."""
    blocks = _blocks(town)
    length = np.hypot(blocks.east, blocks.north)
    plot_m = max(PLOT_M, 2 * BUILT * float(length.sum()) / ADDRESSES_MAX)
    plots = np.floor(length / plot_m).astype(np.int64)
    block = np.repeat(np.arange(len(plots)), plots)
    share = (np.arange(len(block)) - (np.cumsum(plots) - plots)[block] + 0.5) / plots[block]
    nth = _nth_of_its_street(blocks.name[block])
    x, y = blocks.x[block] + share * blocks.east[block], blocks.y[block] + share * blocks.north[block]
    off = SETBACK_M / length[block]
    chance = dice(seed, "houses")
    built = np.where(blocks.kind[block] == RESIDENTIAL, BUILT, BUILT_MAIN)
    sides = []
    for odd, side in ((1, 1.0), (0, -1.0)):
        has = chance.random(len(block)) < built
        door_x = x - side * off * blocks.north[block]
        door_y = y + side * off * blocks.east[block]
        sides.append((blocks.name[block][has], (2 * nth + 2 - odd)[has], door_x[has], door_y[has]))
    name, number, door_x, door_y = (np.concatenate(both) for both in zip(*sides, strict=True))
    order = np.lexsort((number, name))
    return _listed(town, name[order], number[order], door_x[order], door_y[order])


def _blocks(town: Town) -> _Blocks:
    """Return all streets but the ring road and the bridges, block by block."""
    streets = town.streets
    lived_in = (streets.arc_class != RING) & (streets.arc_class != BRIDGE)
    rows = once(streets, lived_in & (streets.names[streets.arc_name] != ""))
    a, b, name = streets.arc_from[rows], streets.arc_to[rows], streets.arc_name[rows].astype(np.int64)
    x, y = town.x, town.y
    lengthwise = np.abs(x[a] - x[b]), np.abs(y[a] - y[b])
    eastward = (np.bincount(name, lengthwise[0]) >= np.bincount(name, lengthwise[1]))[name]
    turned = np.where(eastward, x[a] > x[b], y[a] > y[b])
    first, last = np.where(turned, b, a), np.where(turned, a, b)
    order = np.lexsort((np.where(eastward, x[first], y[first]), name))
    first, last = first[order], last[order]
    return _Blocks(
        name[order],
        streets.arc_class[rows][order].astype(np.int64),
        x[first],
        y[first],
        x[last] - x[first],
        y[last] - y[first],
    )


def _nth_of_its_street(name: Ints) -> Ints:
    """Return how many rows of the same name stand before each; alike names stand together."""
    begins = np.r_[True, name[1:] != name[:-1]]
    at = np.arange(len(name))
    return at - np.maximum.accumulate(np.where(begins, at, 0))


def _listed(town: Town, name: Ints, number: Ints, x: Floats, y: Floats) -> Addresses:
    lat, lon = PROJECTION.columns_to_degrees(*(np.rint(each).astype(np.int32) for each in (x, y)))
    count = len(name)
    used, street = np.unique(name, return_inverse=True)
    numbers, written = np.unique(number, return_inverse=True)
    nothing = Column(("",), np.zeros(count, np.int32))
    return Addresses(
        number=Column(tuple(map(str, numbers.tolist())), written.astype(np.int32)),
        street=Column(tuple(town.streets.names[used].tolist()), street.astype(np.int32)),
        unit=nothing,
        city=nothing,
        postcode=nothing,
        lat=np.round(lat, 6),
        lon=np.round(lon, 6),
        line=np.arange(2, count + 2, dtype=np.int32),
    )
