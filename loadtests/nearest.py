"""The ten nearest capable units to a place: an R-tree of slack boxes against scanning everybody and a k-d tree.

One unit in ten is capable. Every method gives the same exact answer, the ten least by (travel time in whole
milliseconds, row); that is asserted before anything is timed. `absorb_1000_fixes_ms` is the price of staying up to
date: a thousand units have each moved by ten metres. A k-d tree must be built anew for that.
"""

import functools
import itertools
import math
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.kernels.eligible import cheapest, judge
from engine.kernels.travel import straight_line_ms
from engine.kernels.warm import warm
from engine.state.index import UnitIndex
from loadtests.report import Row, emit, timed, wants_json

K: Final = 10
SIDE_M: Final = 40_000
CIRCUITY_PERCENT: Final = 130
SPEED_MM_PER_S: Final = 12_000
CAPABLE: Final = 0b10
Answer = list[tuple[int, int]]


class Fleet:
    """Units spread evenly over a square city, one in ten capable, all free and on the air."""

    def __init__(self, units: int, seed: int = 1) -> None:
        chance = np.random.default_rng(seed)
        self.rows = np.arange(units, dtype=np.int32)
        self.x_m, self.y_m = chance.integers(0, SIDE_M, (2, units)).astype(np.int32)
        self.capability = np.where(chance.random(units) < 0.1, CAPABLE | 1, 1).astype(np.uint64)
        self.fix_ms = np.zeros(units, np.int64)
        self.none = np.zeros(units, np.uint8)
        self.always_on = np.full(units, -1, np.int16)
        self.turnout_ms = np.zeros(units, np.int32)
        self.needs = np.array([CAPABLE], np.uint64)
        self.no_penalty = np.zeros(1, np.int32)

    def judged(self, rows: NDArray[np.int32], at_x_m: int, at_y_m: int) -> Answer:
        """Return the K best among `rows` by the engine's own kernels."""
        travel_ms, eta_ms, cost_ms = np.empty((3, len(rows)), np.int32)
        reason = np.empty(len(rows), np.uint8)
        straight_line_ms(rows, self.x_m, self.y_m, at_x_m, at_y_m, CIRCUITY_PERCENT, SPEED_MM_PER_S, travel_ms)
        judge(
            rows,
            self.capability,
            self.none,
            self.always_on,
            self.none[:1],
            self.fix_ms,
            self.none,
            0,
            self.needs,
            self.no_penalty,
            travel_ms,
            self.turnout_ms,
            eta_ms,
            cost_ms,
            reason,
        )
        best = cheapest(rows, cost_ms, reason, K)
        return list(zip(cost_ms[best].tolist(), rows[best].tolist(), strict=True))


class Method(Protocol):
    """A way to find the nearest; it sees the fleet's columns change under it and is told which rows."""

    name: str

    def nearest(self, at_x_m: int, at_y_m: int) -> Answer: ...

    def absorb(self, rows: NDArray[np.int64]) -> None: ...


def reach_ms(distance_m: int) -> int:
    """Travel time over a distance, by the formula of the kernel."""
    return distance_m * 10_000 * CIRCUITY_PERCENT // SPEED_MM_PER_S


def reach_m(travel_ms: int) -> int:
    """Return a distance that takes longer than `travel_ms`."""
    return travel_ms * SPEED_MM_PER_S // (10_000 * CIRCUITY_PERCENT) + 2


class Turnout:
    """Ask the index for a neighbourhood, judge it, widen until nobody outside can be among the best."""

    name = "turnout"

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.index = UnitIndex()
        self.index.place_many(fleet.rows, fleet.x_m, fleet.y_m)
        capable = max(1, int(np.count_nonzero(fleet.capability & np.uint64(CAPABLE))))
        self.first_radius_m = round(math.sqrt(2 * K / capable / math.pi) * SIDE_M)  # holds 2 K on average

    def nearest(self, at_x_m: int, at_y_m: int) -> Answer:
        radius_m = self.first_radius_m
        while True:
            rows = self.index.near(at_x_m, at_y_m, radius_m)
            best = self.fleet.judged(rows, at_x_m, at_y_m)
            if len(best) == K and best[-1][0] < reach_ms(radius_m):
                return best
            if len(rows) == self.index.count:
                return best
            radius_m = reach_m(best[-1][0]) if len(best) == K else 2 * radius_m

    def absorb(self, rows: NDArray[np.int64]) -> None:
        self.index.place_many(rows, self.fleet.x_m[rows], self.fleet.y_m[rows])


class NumbaScan:
    """Judge the whole fleet with the same kernels: no index to keep."""

    name = "numba scan of the fleet"

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def nearest(self, at_x_m: int, at_y_m: int) -> Answer:
        return self.fleet.judged(self.fleet.rows, at_x_m, at_y_m)

    def absorb(self, rows: NDArray[np.int64]) -> None: ...


class Numpy:
    """The same in array expressions."""

    name = "numpy"

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def nearest(self, at_x_m: int, at_y_m: int) -> Answer:
        fleet = self.fleet
        capable = np.flatnonzero(fleet.capability & np.uint64(CAPABLE))
        return least(fleet, capable, at_x_m, at_y_m)

    def absorb(self, rows: NDArray[np.int64]) -> None: ...


class KdTree:
    """scipy's k-d tree of everybody: fetch more than needed, keep the capable, fetch more if they are too few."""

    name = "scipy cKDTree, over-fetching"

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.absorb(np.zeros(0, np.int64))

    def nearest(self, at_x_m: int, at_y_m: int) -> Answer:
        fetched = 16 * K
        while True:
            fetched = min(fetched, len(self.fleet.rows))
            distance_m, rows = self.tree.query((at_x_m, at_y_m), fetched)
            capable = rows[self.fleet.capability[rows] & np.uint64(CAPABLE) != 0]
            best = least(self.fleet, capable, at_x_m, at_y_m)
            complete = len(best) == K and best[-1][0] < reach_ms(int(distance_m[-1]))
            if complete or fetched == len(self.fleet.rows):
                return best
            fetched *= 2

    def absorb(self, rows: NDArray[np.int64]) -> None:  # noqa: ARG002 - it cannot move single points
        self.tree = cKDTree(np.column_stack((self.fleet.x_m, self.fleet.y_m)))


def least(fleet: Fleet, rows: NDArray[np.int64], at_x_m: int, at_y_m: int) -> Answer:
    """Return the K least of `rows` by (travel time, row), in array expressions."""
    east_m = fleet.x_m[rows].astype(np.int64) - at_x_m
    north_m = fleet.y_m[rows].astype(np.int64) - at_y_m
    distance_m = np.sqrt(east_m * east_m + north_m * north_m).astype(np.int64)
    travel_ms = distance_m * (10_000 * CIRCUITY_PERCENT) // SPEED_MM_PER_S
    if len(rows) > K:
        near = travel_ms <= np.partition(travel_ms, K - 1)[K - 1]
        travel_ms, rows = travel_ms[near], rows[near]
    order = np.lexsort((rows, travel_ms))[:K]
    return list(zip(travel_ms[order].tolist(), rows[order].tolist(), strict=True))


def measure(units: int) -> list[Row]:
    """Time every method on one fleet."""
    fleet = Fleet(units)
    methods: list[Method] = [kind(fleet) for kind in (Turnout, NumbaScan, Numpy, KdTree)]
    places = np.random.default_rng(2).integers(0, SIDE_M, (200, 2)).tolist()
    for place in places:
        answers = [method.nearest(*place) for method in methods]
        assert all(answer == answers[0] for answer in answers), f"methods disagree at {place}"
    rows: list[Row] = []
    for method in methods:
        median_ms, p99_ms = ask_ms(method, places)
        rows.append(
            {
                "case": f"{units} units, 10 % capable",
                "method": method.name,
                "median_ms": median_ms,
                "p99_ms": p99_ms,
                "absorb_1000_fixes_ms": absorb_ms(fleet, method),
            }
        )
    return rows


def ask_ms(method: Method, places: list[list[int]]) -> tuple[float, float]:
    """Time questions from one place after the other: (median_ms, p99_ms)."""
    asked = itertools.cycle(places)
    return timed(lambda: method.nearest(*next(asked)), rounds=400)


def absorb_ms(fleet: Fleet, method: Method, rounds: int = 100) -> float:
    """Return the mean time to take in a thousand fixes: most batches move few boxes, the dear ones count too."""
    chance = np.random.default_rng(3)
    moved_m = np.round(10 * np.exp(2j * np.pi * chance.random(len(fleet.rows))))
    step_x_m, step_y_m = moved_m.real.astype(np.int32), moved_m.imag.astype(np.int32)
    total_ms = 0.0
    for _ in range(rounds):
        rows = np.sort(chance.choice(len(fleet.rows), 1_000, replace=False))
        fleet.x_m[rows] += step_x_m[rows]
        fleet.y_m[rows] += step_y_m[rows]
        total_ms += timed(functools.partial(method.absorb, rows), rounds=1, warmup=0)[0]
    return total_ms / rounds


def main() -> None:
    """Measure fleets of three sizes and print the figures."""
    warm()
    rows = [row for units in (1_000, 10_000, 100_000) for row in measure(units)]
    emit("nearest", rows, as_json=wants_json())


if __name__ == "__main__":
    main()
