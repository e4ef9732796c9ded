"""Travel times without streets: the straight line, lengthened by a circuity factor.

Whole numbers throughout, rounded down, so that two machines never disagree about who is nearer.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

LONGEST_MS: Final = 2**31 - 2
"""The longest duration told, 24 days; anything longer reads as this."""

WIDEST_M: Final = 2**31 - 1
"""Longest side of a right triangle whose squares still add up in 64 bits."""


@helper
def _straight_line_m(east_m: int, north_m: int) -> int:
    """Length of (east_m, north_m) in whole metres, rounded down, exact. Both sides are within +-WIDEST_M."""
    square = east_m * east_m + north_m * north_m
    root = int(math.sqrt(square))
    while root * root > square:  # above 2**52 the square root of a double may be off by one
        root -= 1
    while (root + 1) * (root + 1) <= square:
        root += 1
    return root


@kernel
def straight_line_ms(
    rows: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    at_x_m: int,
    at_y_m: int,
    circuity_percent: int,
    speed_mm_per_s: int,
    out: NDArray[np.int32],
) -> None:
    """Write to `out` the milliseconds from each of `rows` to the place (at_x_m, at_y_m).

    rows: int32[n], x_m, y_m: int32[N] indexed by row, out: int32[n] in the order of `rows`.
    time = floor(floor(distance in m) * 10 * circuity_percent * 1000 / speed_mm_per_s), at most LONGEST_MS;
    a place more than WIDEST_M away on either axis is LONGEST_MS away.
    Exact for 1 <= circuity_percent and 1 <= speed_mm_per_s <= 2**32, which the caller has checked.
    """
    ms_mm_per_m_s = 10_000 * circuity_percent
    farthest_m = LONGEST_MS * speed_mm_per_s // ms_mm_per_m_s  # beyond it the product could overflow
    for i in range(len(rows)):
        east_m = int(x_m[rows[i]]) - at_x_m
        north_m = int(y_m[rows[i]]) - at_y_m
        if abs(east_m) > WIDEST_M or abs(north_m) > WIDEST_M:
            out[i] = LONGEST_MS
            continue
        distance_m = _straight_line_m(east_m, north_m)
        out[i] = LONGEST_MS if distance_m > farthest_m else distance_m * ms_mm_per_m_s // speed_mm_per_s
