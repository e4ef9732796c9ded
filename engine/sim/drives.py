"""Drives: where a vehicle is at any time, on the streets or in a straight line, as a pure function of when it set out."""

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from msgspec import Struct

from engine.kernels.pace import pace
from engine.model.fixes import UNKNOWN
from engine.policy.travel import StraightLine
from engine.state.world import World
from engine.streets.oracle import Metric, Oracle
from engine.streets.roads import Roads
from engine.streets.snapping import MOVING_DM_S, NOWHERE, PERMILLE, Spot
from engine.streets.stretches import DM
from engine.streets.ways import Way
from engine.streets.ways import way as way_between
from engine.streets.weighing import Mode

Point = tuple[int, int]
Trace = tuple[list[int], list[float], list[float]]
"""n times since the departure, never falling, from 0, and the n points (x_m, y_m) at these times."""
Beside = tuple[bool, bool]
"""Whether the first and the last piece of a way lie beside the streets, where a heading says nothing of them."""
ON_STREETS = (False, False)
FASTEST_DM_S = 600
SPOTS_KEPT = 1_024
"""Drives begin at posts and hospitals again and again, and at a scene where the nearest hospital was just looked for."""
COURSES_KEPT = 512
"""From hospitals to posts the same ways are driven again and again."""


class Seen(Struct, frozen=True, gc=False):
    """What a device would tell: metres, decimetres a second, degrees clockwise from north."""

    x_m: int
    y_m: int
    speed_dm_s: int
    heading: int


class Drive:
    """A way being driven. Where its points lie is worked out when somebody asks: few drives are looked at on their way."""

    __slots__ = ("_beside", "_line", "_to", "_trace", "arrive_ms", "depart_ms", "metres")

    def __init__(
        self,
        depart_ms: int,
        took_ms: int,
        metres: int,
        to: Point,
        trace: Callable[[], "Trace"],
        beside: Beside = ON_STREETS,
    ) -> None:
        self.depart_ms = depart_ms
        self.arrive_ms = depart_ms + took_ms
        self.metres = metres
        self._trace = trace
        self._line: Trace | None = None
        self._to = to
        self._beside = beside

    def seen(self, now: int) -> Seen:
        """Return where it is."""
        if now >= self.arrive_ms:
            return Seen(*self._to, 0, UNKNOWN)
        if self._line is None:
            self._line = self._trace()
        times_ms, x_m, y_m = self._line
        place = bisect_right(times_ms, now - self.depart_ms) - 1
        if place < 0 or place >= len(times_ms) - 1:
            end = 0 if place < 0 else -1
            return Seen(round(x_m[end]), round(y_m[end]), 0, UNKNOWN)
        since_ms, until_ms = times_ms[place], times_ms[place + 1]
        east, north = x_m[place + 1] - x_m[place], y_m[place + 1] - y_m[place]
        part = (now - self.depart_ms - since_ms) / (until_ms - since_ms)
        speed = math.hypot(east, north) * 10_000 / (until_ms - since_ms)
        beside = (place == 0 and self._beside[0]) or (place == len(times_ms) - 2 and self._beside[1])
        heading = UNKNOWN if beside else round(math.degrees(math.atan2(east, north))) % 360
        # A vehicle that crawls through traffic still moves: below a metre a second its heading would count for nothing.
        moves = min(max(MOVING_DM_S, round(speed)), FASTEST_DM_S)
        return Seen(round(x_m[place] + east * part), round(y_m[place] + north * part), moves, heading)


class Course:
    """A way over the streets from one place to another, and how long it is."""

    def __init__(
        self, roads: Roads, way: Way, metric: Metric, ends: tuple[Point, Point], leaves: Spot, arrives: Spot
    ) -> None:
        self.travel_ms = way.travel_ms
        self.metres = _metres(roads, way)
        self.beside = not leaves.onward_ms, True
        self._of = roads, metric, way, ends, arrives
        self._line: tuple[int, Trace] | None = None
        """In how many ms it was driven last, and its points."""

    def trace(self, took_ms: int) -> Trace:
        """Return its points and the time at each, driven in so many ms."""
        if self._line is None or self._line[0] != took_ms:
            self._line = took_ms, _traced(took_ms, *self._of)
        return self._line[1]


class Driver:
    """Finds drives over a place's roads as they are."""

    def __init__(self, roads: Roads | None, world: World, straight: StraightLine) -> None:
        self._roads = roads
        self._world = world
        self._straight = straight
        self._spot = lru_cache(maxsize=SPOTS_KEPT)(self._found)
        self._course = lru_cache(maxsize=COURSES_KEPT)(self._found_course)

    def spot(self, seen: Seen) -> Spot | None:
        """Return where on the streets that is; None where there are none."""
        return None if self._roads is None else self._spot(self._roads, seen.x_m, seen.y_m, seen.heading)

    @staticmethod
    def _found(roads: Roads, x: int, y: int, heading: int) -> Spot:
        if heading < 0:
            return roads.standing(x, y)
        x_m, y_m = np.array([x], np.int32), np.array([y], np.int32)
        return roads.spots(x_m, y_m, np.array([heading], np.int16))[0]

    def nearest(self, start: Seen, points: tuple[Point, ...], mode: Mode) -> int:
        """Return which of the points is the nearest by the map; of equals, the first."""
        leaves = self.spot(start)
        if self._roads is None or leaves is None:
            times = self._straight.to_points_ms((start.x_m, start.y_m), points, 1)
        else:
            spots = self._roads.spots_at(points)
            times = self._roads.times_ms(self._world.road_book.current, leaves, spots, mode)
        return min(range(len(points)), key=lambda place: (times[place] < 0, times[place]))

    def drive(self, start: Seen, to: Point, mode: Mode, depart_ms: int, percent: float = 100) -> Drive:
        """Set out from there; `percent` of the time that the map says."""
        course = None
        if self._roads is not None:
            oracle = self._roads.oracle(self._world.road_book.current)
            course = self._course(self._roads, oracle, start, to, mode)
        if course is None:
            return self._across(start, to, depart_ms, percent)
        took_ms = course.travel_ms if percent == 100 else round(course.travel_ms * percent / 100)
        return Drive(depart_ms, took_ms, course.metres, to, partial(course.trace, took_ms), course.beside)

    def _found_course(self, roads: Roads, oracle: Oracle, start: Seen, to: Point, mode: Mode) -> Course | None:
        """Return the fastest way; None where an end is not on the streets, or no way leads there."""
        leaves, arrives = self.spot(start), roads.spot(*to)
        if leaves is None or NOWHERE in (leaves.arc, arrives.arc):
            return None
        way = way_between(oracle, leaves, arrives, mode)
        ends = (start.x_m, start.y_m), to
        return None if way is None else Course(roads, way, oracle.metric(mode), ends, leaves, arrives)

    def _across(self, start: Seen, to: Point, depart_ms: int, percent: float) -> Drive:
        ms = max(0, round(self._straight.to_points_ms((start.x_m, start.y_m), [to], 1)[0] * percent / 100))
        metres = round(math.dist((start.x_m, start.y_m), to) * self._straight.circuity_percent / 100)
        return Drive(depart_ms, ms, metres, to, lambda: ([0, ms], [start.x_m, to[0]], [start.y_m, to[1]]))


def _metres(roads: Roads, way: Way) -> int:
    """Return how long a way is: all its arcs, less what of the first and of the last is not driven."""
    each_dm: list[int] = roads.graph.length_dm[way.arcs].tolist()
    spared = way.begin * each_dm[0] + (PERMILLE - way.end) * each_dm[-1]
    return (sum(each_dm) * PERMILLE - spared) // (PERMILLE * DM)


def _traced(took_ms: int, roads: Roads, metric: Metric, way: Way, ends: tuple[Point, Point], arrives: Spot) -> Trace:
    """Return the points of a way and the time at each."""
    graph, count = roads.graph, len(way.arcs) + 3
    ms, metres = np.empty(count, np.int64), np.empty((2, count))
    off_ms = metric.aside_ms(arrives)
    metres[:, 0], metres[:, -1] = ends
    along = way.arcs, way.begin, way.end, metric.weights.arc_ms
    pace(*along, graph.tail, graph.head, graph.x_dm, graph.y_dm, way.travel_ms, took_ms, off_ms, ms, metres)
    x_m, y_m = metres.tolist()
    return ms.tolist(), x_m, y_m
