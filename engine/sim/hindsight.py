"""How few high-priority calls are late in the best schedule that was found by who knows every call beforehand.

Rule: what is told here can be driven: a unit goes straight from its hospital to a call that is known by then, or by a post,
which it leaves when the call is known; by a post it also leaves a scene. It is an achievement, no bound: between `late_bound` and this lies the true optimum of hindsight. Moves
are free, posts have room for all, and no unit is turned round.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from engine.kernels.schedule import NEVER, Calls, Routes, schedule
from engine.sim.offline import Ints, OfflineProblem, Wide, check, far

PATIENCE_MS: Final = 3_600_000
WIDE: Final = 48
"""Calls taken out in a round: about what comes in while a unit serves three or four."""


class Hindsight(Struct, frozen=True):
    """A schedule of all calls."""

    high: int
    late_high: int
    share: float
    """Of the high; 0 where there is none."""
    late_low: int
    longest_wait_ms: int
    """From known to arrival, of all calls."""
    unit: Ints
    """(n,) who serves the call, 0 to m - 1."""
    arrive_ms: Wide
    """(n,) when."""


def hindsight(problem: OfflineProblem, rounds: int, seed: int, patience_ms: int = PATIENCE_MS) -> Hindsight:
    """Return the best schedule found in so many rounds of search. Raises ValueError.

    `patience_ms`: how long a call that is not in time may be kept waiting for those that can be. Each round takes time in
    proportion to the calls; parts of a long list are better searched one by one.
    """
    check(problem)
    if rounds < 0 or patience_ms < 0:
        raise ValueError("Neither `rounds` nor `patience_ms` can be below zero.")
    count = len(problem.came_ms)
    order = np.argsort(problem.known_ms, kind="stable")
    calls = _calls(problem, order)
    never = np.full((2, count), NEVER, np.int64)
    routes = Routes(
        np.zeros((problem.units, count), np.int32), np.zeros(problem.units, np.int64), never[0].copy(), never[1]
    )
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, 1 << 62, rounds, np.int64)
    if count:
        schedule(calls, routes, patience_ms, WIDE, draws)
    return _found(problem, order, routes)


def _calls(problem: OfflineProblem, order: Wide) -> Calls:
    return Calls(
        known_ms=problem.known_ms[order],
        due_ms=problem.due_ms[order],
        high=problem.high[order],
        work_ms=problem.work_ms[order],
        end=problem.end[order],
        post_ms=np.ascontiguousarray(far(problem.post_ms)[:, order]),
        hospital_ms=np.ascontiguousarray(far(problem.hospital_ms)[:, order]),
        home_ms=np.ascontiguousarray(far(problem.home_ms)[:, order]),
    )


def _found(problem: OfflineProblem, order: Wide, routes: Routes) -> Hindsight:
    unit = np.full(len(order), -1, np.int32)
    arrive_ms = np.empty(len(order), np.int64)
    arrive_ms[order] = routes.arrive_ms
    for row, size in enumerate(routes.size.tolist()):
        unit[order[routes.stop[row, :size]]] = row
    late = arrive_ms > problem.due_ms
    high = int(problem.high.sum())
    late_high = int((late & problem.high).sum())
    return Hindsight(
        high=high,
        late_high=late_high,
        share=late_high / high if high else 0.0,
        late_low=int((late & ~problem.high).sum()),
        longest_wait_ms=int((arrive_ms - problem.known_ms).max(initial=0)),
        unit=unit,
        arrive_ms=arrive_ms,
    )
