"""Where cover is wanted: at most 400 points that stand for the zones of demand.

Rule: integers only, and the same zones give the same points. A point weighs its part of a million.
"""

from collections.abc import Sequence

import numpy as np

from engine.model.demand import Zone

POINTS_MAX = 400
WHOLE = 1_000_000
"""The weight of all points together, before rounding."""
FIRST_M = 250
"""Squares in which zones are put together are this wide, and grow until there are few enough."""

Points = tuple[tuple[int, int, int], ...]


def coverage_points(zones: Sequence[Zone]) -> Points:
    """Return (x_m, y_m, weight) from north-west … in the order of their squares; zones without weight have no part."""
    heavy = [zone for zone in zones if zone.weight > 0]
    if not heavy:
        return ()
    x = np.array([zone.x_m for zone in heavy], dtype=np.int64)
    y = np.array([zone.y_m for zone in heavy], dtype=np.int64)
    weight = np.array([zone.weight for zone in heavy])
    side = FIRST_M if len(heavy) > POINTS_MAX else 1
    while True:
        _, square = np.unique(np.column_stack([y // side, x // side]), axis=0, return_inverse=True)
        square = square.ravel()
        if square.max() < POINTS_MAX:
            break
        side += side // 4
    together = np.bincount(square, weight)
    east, north = (np.rint(np.bincount(square, weight * axis) / together).astype(int).tolist() for axis in (x, y))
    share = np.maximum(1, np.rint(together / together.sum() * WHOLE)).astype(int).tolist()
    return tuple(zip(east, north, share, strict=True))
