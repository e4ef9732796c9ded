"""Intervals by Student's t: for the few replications that a simulation has, and for means over incidents.

The distribution with a whole number of degrees of freedom has a closed form (Abramowitz and Stegun 1964, 26.7.3 and
26.7.4), so its quantile is found by halving, to the last digit, without a library.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import atan, cos, isnan, nan, pi, sin, sqrt

from msgspec import Struct

CONFIDENCE = 0.95
HALVINGS = 120


class Estimate(Struct, frozen=True):
    """A figure and how sure it is."""

    value: float | None
    """None: there is nothing that it could be taken of."""
    half_width: float | None
    """Of the 95 percent interval; None: one sample says nothing of how sure it is."""


NOTHING = Estimate(None, None)


def inside(t: float, freedom: int) -> float:
    """Return the probability that |T| is at most t; `t` is not negative and `freedom` at least 1."""
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    term = total = cos(angle) if freedom % 2 else 1.0
    for k in range(2 + freedom % 2, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    if freedom % 2 == 0:
        return sin(angle) * total
    return 2 / pi * (angle + (sin(angle) * total if freedom > 1 else 0.0))


@lru_cache(maxsize=1024)
def quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Return the t that |T| stays within with this probability. Raises ValueError for less than one degree."""
    if freedom < 1 or not 0 <= confidence < 1:
        raise ValueError(f"There is no t for {freedom} degrees of freedom and a confidence of {confidence}.")
    low, high = 0.0, 1.0
    while inside(high, freedom) < confidence:
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle, freedom) < confidence else (low, middle)
    return high


def half_width_of(samples: Sequence[float]) -> float | None:
    """Return the half-width of the interval of the mean of independent samples; None with fewer than two."""
    number = len(samples)
    if number < 2:
        return None
    centre = sum(samples) / number
    variance = sum((sample - centre) ** 2 for sample in samples) / (number - 1)
    return quantile(number - 1) * sqrt(variance / number)


def estimate_of(samples: Sequence[float], value: float | None = None) -> Estimate:
    """Return the mean of the samples, or the value that is given, with its interval. NaN: a sample of nothing."""
    known = [sample for sample in samples if not isnan(sample)]
    if value is None:
        value = sum(known) / len(known) if known else nan
    return NOTHING if isnan(value) else Estimate(value, half_width_of(known))


def ratio_of(upper: Sequence[float], lower: Sequence[float]) -> Estimate:
    """Return the ratio of two means of paired samples, its interval by the linear (delta) method.

    Cochran 1977, Sampling Techniques, 6.4: the spread is that of upper minus ratio times lower, over the lower mean.
    """
    number = len(lower)
    centre = sum(lower) / number if number else 0.0
    if centre == 0:
        return NOTHING
    ratio = sum(upper) / number / centre
    return Estimate(ratio, half_width_of([(a - ratio * b) / centre for a, b in zip(upper, lower, strict=True)]))
