"""Seeded chance of the make-believe city: one stream for each purpose, so that one more call moves no ambulance."""

import math
from random import Random


def stream(seed: int, *purpose: object) -> Random:
    """Return the stream of one purpose; the same seed and purpose give the same numbers on every machine."""
    return Random("/".join(str(part) for part in (seed, *purpose)))  # noqa: S311  nothing here is a secret


def around(chance: Random, middle: float, spread: float = 0.25) -> float:
    """Return a lognormal value with this median; two thirds of all lie within a factor of exp(spread)."""
    return middle * math.exp(chance.gauss(0.0, spread))


def exponential(chance: Random, mean: float, most: float = 4.0) -> float:
    """Return an exponential value of that mean, cut at `most` times the mean so that no crew is away for ever."""
    return min(chance.expovariate(1.0), most) * mean
