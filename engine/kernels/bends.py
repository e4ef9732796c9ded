"""Fewer points for the same line (Ramer 1972; Douglas and Peucker 1973): what a map shows needs no more."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel


@kernel
def keep_bends(x: NDArray[np.int64], y: NDArray[np.int64], within: int, keep: NDArray[np.uint8]) -> None:
    """Mark in keep, uint8[n], the points that the line x, y, int64[n], needs: both ends, and every bend.

    A point that is left out lies at most `within` beside the line through those that are kept. Exact for coordinates
    within 2**20 of each other, in any unit.
    """
    keep[:] = 0
    keep[0] = keep[len(x) - 1] = 1
    firsts, lasts = np.zeros(len(x), np.int64), np.zeros(len(x), np.int64)
    lasts[0], spans = len(x) - 1, 1
    while spans > 0:
        spans -= 1
        first, last = firsts[spans], lasts[spans]
        middle = _farthest(x, y, first, last, within)
        if middle > 0:
            keep[middle] = 1
            firsts[spans], lasts[spans] = first, middle
            firsts[spans + 1], lasts[spans + 1] = middle, last
            spans += 2


@helper
def _farthest(x: NDArray[np.int64], y: NDArray[np.int64], first: int, last: int, within: int) -> int:
    """Place of the point farthest from the line between two others, if it may not be left out; else 0."""
    east, north = x[last] - x[first], y[last] - y[first]
    length = np.sqrt(float(east * east + north * north))
    farthest, most = 0, float(within)
    for place in range(first + 1, last):
        right, up = float(x[place] - x[first]), float(y[place] - y[first])
        if length == 0.0:
            away = np.sqrt(right * right + up * up)
        else:
            along = min(max((right * east + up * north) / length, 0.0), length)
            over, beside = right - east * along / length, up - north * along / length
            away = np.sqrt(over * over + beside * beside)
        if away > most:
            farthest, most = place, away
    return farthest
