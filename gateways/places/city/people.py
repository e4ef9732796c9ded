"""Who lives where, and so where calls come from and where stations ought to stand."""

import numpy as np

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from gateways.places.city.graph import Town
from gateways.places.city.grid import Ints
from gateways.places.city.land import NIGHT_SHARE, Floats, Land
from gateways.places.city.plans import CALLS

CALLS_PER_PERSON_DAY = 0.0014
"""All services together: 560 a day in a city of 400,000."""

ZONE_M = 400
HOURLY = (
    *(0.80, 0.70, 0.60, 0.50, 0.45, 0.45, 0.60, 0.85, 1.05, 1.15, 1.20, 1.20),
    *(1.20, 1.15, 1.15, 1.20, 1.25, 1.30, 1.30, 1.25, 1.20, 1.20, 1.15, 1.10),
)
"""A working day with a lively evening; the mean is 1."""
CARE = CareTimes(on_scene_ms=1_080_000, transport_share=0.30, handover_ms=1_320_000)


def people_at(land: Land, town: Town, people: int) -> Floats:
    """Return how many people live around each junction."""
    crowd = land.crowd(town.x, town.y) * town.area_m2
    shared: Floats = crowd * (people / crowd.sum())
    return shared


def make_demand(land: Land, town: Town, people: int) -> Demand:
    """Return the call process of the city."""
    at_home = people_at(land, town, people)
    night = land.night_life(town.x, town.y) * town.area_m2
    weight = at_home * (1 - NIGHT_SHARE) + night * (people * NIGHT_SHARE / night.sum())
    return Demand(
        calls_per_day=float(round(people * CALLS_PER_PERSON_DAY)),
        hourly=HOURLY,
        shares=shares(),
        zones=_zones(land, town, weight),
        care=CARE,
    )


def shares() -> tuple[TypeShare, ...]:
    """Return the shares rounded to four decimals; the most frequent call takes what rounding left over."""
    total = sum(often for _, _, often in CALLS)
    parts = [round(often / total * 10_000) for _, _, often in CALLS]
    parts[parts.index(max(parts))] += 10_000 - sum(parts)
    return tuple(
        TypeShare(type_, priority, part / 10_000) for (type_, priority, _), part in zip(CALLS, parts, strict=True)
    )


def _zones(land: Land, town: Town, weight: Floats) -> tuple[Zone, ...]:
    """Gather the weights of the junctions in squares; a square without a junction has no calls."""
    half = max(ZONE_M // 2, round(1.1 * land.spacing_m))
    column = np.floor_divide(town.x, 2 * half).astype(np.int64)
    row = np.floor_divide(town.y, 2 * half).astype(np.int64)
    cells, cell = np.unique(np.column_stack([row, column]), axis=0, return_inverse=True)
    weights = np.bincount(cell.ravel(), weight).round(1).tolist()
    return tuple(
        Zone(x * 2 * half + half, y * 2 * half + half, half, each)
        for (y, x), each in zip(cells.tolist(), weights, strict=True)
        if each > 0
    )


def spread_out(town: Town, weight: Floats, count: int, shift: float) -> Ints:
    """Return `count` junctions spread over the city in proportion to the weight.

    A Hilbert curve visits all junctions, neighbours one after the other; equal steps of weight along it
    are equal parts of the city. `shift` (0 to 1) moves the steps.
    """
    order = np.argsort(_hilbert(town.x, town.y), kind="stable")
    along = np.cumsum(weight[order])
    steps = (np.arange(count) + shift) / count * along[-1]
    chosen: Ints = order[np.minimum(np.searchsorted(along, steps), len(order) - 1)]
    return chosen


def _hilbert(x: Floats, y: Floats, levels: int = 12) -> Ints:
    """Return each point's position on a Hilbert curve through their square."""
    reach = float(max(np.abs(x).max(), np.abs(y).max(), 1.0))
    side = 1 << levels
    px = ((x + reach) * ((side - 1) / (2 * reach))).astype(np.int64)
    py = ((y + reach) * ((side - 1) / (2 * reach))).astype(np.int64)
    position = np.zeros(len(x), dtype=np.int64)
    half = side >> 1
    while half:
        right, upper = (px & half) > 0, (py & half) > 0
        position += half * half * ((3 * right) ^ upper)
        # Turn the quadrant so that the curve goes on where it left the one before.
        mirror = ~upper & right
        px, py = np.where(mirror, side - 1 - px, px), np.where(mirror, side - 1 - py, py)
        px, py = np.where(upper, px, py), np.where(upper, py, px)
        half >>= 1
    return position
