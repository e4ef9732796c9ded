"""Seeded chance of simulated days: one stream for each purpose, and for what happens to one call one number a purpose.

Common random numbers: what a call is like is drawn before anything is decided, and what a crew does on it depends on
the call and the unit alone, never on how much chance others have used. So two policies meet the same days, and what
differs between them is theirs. Numbers come from Philox (Salmon, Moraes, Dror, Shaw 2011), the same on every machine.
"""

import math
from hashlib import blake2b

import numpy as np


def stream(seed: int, rep: int, purpose: str) -> np.random.Generator:
    """Return the stream of one purpose in one replication."""
    key = int.from_bytes(blake2b(f"{seed}/{rep}/{purpose}".encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


class Dice:
    """Numbers for what happens once: the same question gets the same answer, whatever else was asked."""

    def __init__(self, seed: int, rep: int) -> None:
        self._key = blake2b(f"{seed}/{rep}".encode(), digest_size=32).digest()

    def share(self, purpose: str, *about: int) -> float:
        """Return an even number in (0, 1)."""
        text = f"{purpose}/{about}".encode()
        number = int.from_bytes(blake2b(text, digest_size=8, key=self._key).digest(), "little")
        return (number + 0.5) / 2.0**64

    def around(self, middle: float, spread: float, purpose: str, *about: int) -> float:
        """Return a log-normal value with this median; two thirds of all lie within a factor of exp(spread)."""
        if spread == 0:
            return middle
        one, two = self.share(purpose, *about), self.share(f"{purpose}+", *about)
        return middle * math.exp(spread * math.sqrt(-2 * math.log(one)) * math.cos(2 * math.pi * two))
