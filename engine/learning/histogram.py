"""A distribution as it has been seen: weights in bins of a logarithm of a ratio, that fade with a half-life.

Its median and its 90th percentile need no family of distributions, which presses of a button do not follow, and a
value beyond the last bin weighs no more than one in it.
"""

import math
from collections.abc import Sequence

from msgspec import Struct, field

from engine.learning.evidence import WHOLE

BINS = 32
PER_UNIT = 10
"""Bins in one unit of the natural logarithm; the middle is a ratio of 1."""


class Histogram(Struct):
    """Weights by bin."""

    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    day: int = 0

    def add(self, observed: int, expected: int, day: int, keep: int) -> None:
        """Take in one observation. Both are positive."""
        self.fade(day, keep)
        place = math.floor(math.log(observed / expected) * PER_UNIT) + BINS // 2
        self.bins[max(0, min(BINS - 1, place))] += WHOLE

    def fade(self, day: int, keep: int) -> None:
        """Let time pass until that day."""
        for _ in range(day - self.day if self.count else 0):
            self.bins = [weight * keep >> 32 for weight in self.bins]
            if not any(self.bins):
                break
        self.day = max(self.day, day)

    @property
    def count(self) -> float:
        """How many whole observations it holds."""
        return sum(self.bins) / WHOLE

    def believed(self, prior: Sequence[float], prior_count: float) -> list[float]:
        """Return the distribution that is believed: shares that add up to 1, drawn to the prior's."""
        total = self.count + prior_count
        return [(weight / WHOLE + share * prior_count) / total for weight, share in zip(self.bins, prior, strict=True)]


def ratio_at(shares: Sequence[float], share: float) -> float:
    """Return the ratio below which this part of the distribution lies; within a bin it is even."""
    below = 0.0
    for place, weight in enumerate(shares):
        if weight > 0 and below + weight >= share - 1e-12:
            return math.exp((place - BINS // 2 + (share - below) / weight) / PER_UNIT)
        below += weight
    return math.exp(BINS / 2 / PER_UNIT)
