"""Figures of readings: percentiles by nearest rank, shares within a limit with how sure they are.

The nearest-rank percentile is a reading that really occurred: the least one that at least so many percent do not
exceed. So "the 90th percentile is within the limit" and "90 percent are within the limit" are the same sentence.
"""

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct

from engine.clocks.profiles import Limit

Z_95 = 1.959963984540054
"""The normal quantile of a two-sided 95 percent interval."""


class Share(Struct, frozen=True):
    """How many readings are within a limit."""

    within_s: int
    percent: int
    """What is asked for."""
    within: int
    share: float | None
    low: float | None
    """Wilson score interval, 95 percent (Wilson 1927): what the share may truly be, given so few or many readings."""
    high: float | None
    met: bool | None
    """None: there is no reading."""


def share_of(limit: Limit, within: int, readings: int) -> Share:
    """Return the share within the limit and whether that is enough, judged in whole numbers."""
    if not readings:
        return Share(limit.within_s, limit.percent, 0, None, None, None, None)
    low, high = wilson(within, readings)
    met = within * 100 >= limit.percent * readings
    return Share(limit.within_s, limit.percent, within, round(within / readings, 4), round(low, 4), round(high, 4), met)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 percent score interval of a proportion; `trials` is at least 1."""
    part, square = hits / trials, Z_95 * Z_95
    centre = part + square / (2 * trials)
    reach = Z_95 * sqrt(part * (1 - part) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """Return the least value that at least so many percent do not exceed. `ordered` rises and is not empty."""
    return ordered[max(1, (len(ordered) * percent + 99) // 100) - 1]
