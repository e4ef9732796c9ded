"""Seeded chance: one stream for each subject, so that a change to the parks does not move the ambulances."""

import zlib

import numpy as np

Dice = np.random.Generator


def dice(seed: int, subject: str) -> Dice:
    """Return the stream of one subject. PCG64 gives the same numbers on every machine."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(subject.encode())]))
