"""Every kernel called once on arrays of the right types, so that no call of the day pays for a compiler.

From the cache this takes half a second, without one about ten.
"""

import numpy as np

from engine.kernels.assign import assign, certify
from engine.kernels.eligible import cheapest, judge, ready, tally
from engine.kernels.travel import straight_line_ms


def warm() -> None:
    """Compile all kernels, or load them from the cache. Call it before the doors open."""
    _warm_candidates()
    _warm_matching()


def _warm_candidates() -> None:
    rows = np.zeros(1, np.int32)
    metres = np.zeros(1, np.int32)
    flags = np.zeros(1, np.uint8)
    travel_ms, eta_ms, cost_ms = (np.zeros(1, np.int32) for _ in range(3))
    ready(
        np.ones(1, np.uint64),
        flags,
        np.zeros(1, np.int16),
        flags,
        np.zeros(1, np.int64),
        flags,
        0,
        np.zeros(1, np.int32),
        np.zeros(1, np.uint64),
    )
    straight_line_ms(rows, metres, metres, 300, 400, 130, 12_000, travel_ms)
    judge(
        rows,
        np.ones(1, np.uint64),
        flags,
        np.zeros(1, np.int16),
        np.ones(1, np.uint8),
        np.zeros(1, np.int64),
        flags,
        0,
        np.ones(1, np.uint64),
        np.zeros(1, np.int32),
        travel_ms,
        np.zeros(1, np.int32),
        eta_ms,
        cost_ms,
        flags,
    )
    tally(flags)
    cheapest(rows, cost_ms, flags, 1)


def _warm_matching() -> None:
    offsets = np.array([0, 1], np.int64)
    units = np.zeros(1, np.int32)
    costs = np.zeros(1, np.int64)
    unserved = np.ones(1, np.int64)
    certify(offsets, units, costs, unserved, *assign(offsets, units, costs, unserved, 1))
