"""Evidence: weighted observations of a logarithm, in whole numbers, that fade with a half-life.

Within one day the order of observations makes no difference to a single bit. Fading happens from one day to the
next. What is believed is a mean drawn towards a prior by pseudo-counts: n observations against a prior that weighs
as much as n0 of them (Gelman and others, Bayesian Data Analysis, section 2.5).
"""

import math

from msgspec import Struct

WHOLE = 1000
"""Weight of one observation; values are thousandths of a natural logarithm."""
DAY_MS = 86_400_000
_ONE = 1 << 32


def keep_per_day(half_life_weeks: int) -> int:
    """Return what is left after a day, in parts of 2**32."""
    return round(_ONE * 2 ** (-1 / (7 * half_life_weeks)))


class Evidence(Struct):
    """Sums over the observations of one subject."""

    weight: int = 0
    total: int = 0
    """Sum of weight times value."""
    square: int = 0
    """Sum of weight times value squared."""
    day: int = 0
    """Up to which day it has faded."""

    def add(self, value: int, weight: int, day: int, keep: int) -> None:
        """Take in an observation: a value in thousandths, of this weight. One of an earlier day counts as today's."""
        self.fade(day, keep)
        self.weight += weight
        self.total += weight * value
        self.square += weight * value * value

    def fade(self, day: int, keep: int) -> None:
        """Let time pass until that day."""
        for _ in range(day - self.day if self.weight else 0):
            self.weight = self.weight * keep >> 32
            self.total = self.total * keep >> 32
            self.square = self.square * keep >> 32
            if not self.weight:
                self.total = self.square = 0
                break
        self.day = max(self.day, day)

    @property
    def count(self) -> float:
        """How many whole observations it amounts to."""
        return self.weight / WHOLE

    def mean(self, prior: float, prior_count: float) -> float:
        """Return the believed mean, in thousandths."""
        return (self.total / WHOLE + prior * prior_count) / (self.count + prior_count)

    def spread(self, prior: float, prior_count: float) -> float:
        """Return the believed standard deviation of a single observation, in thousandths."""
        squares = self.square / WHOLE + prior * prior * prior_count
        variance = squares / (self.count + prior_count) - self.mean(0.0, prior_count) ** 2
        return math.sqrt(max(0.0, variance))


def log_ratio(observed: int, expected: int, bound: int) -> int:
    """Return ln(observed / expected) in thousandths, held within +-bound. Both are positive."""
    value = round(WHOLE * math.log(observed / expected))
    return max(-bound, min(bound, value))


def scaled(value: int, thousandths: float) -> int:
    """Return the value times e**(thousandths / 1000), rounded."""
    return round(value * math.exp(thousandths / WHOLE))
