"""Drives: where a vehicle is at any time, on the streets or in a straight line, as a pure function of when it set out."""

import math
from bisect import bisect_right

import numpy as np
from msgspec import Struct

from engine.model.fixes import UNKNOWN
from engine.policy.travel import StraightLine
from engine.state.world import World
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE, PERMILLE, Spot
from engine.streets.stretches import DM
from engine.streets.weighing import Mode

Point = tuple[int, int]


class Seen(Struct, frozen=True, gc=False):
    """What a device would tell: metres, decimetres a second, degrees clockwise from north."""

    x_m: int
    y_m: int
    speed_dm_s: int
    heading: int


class Drive:
    """A way being driven. The points between which it runs lie at `times_ms`."""

    __slots__ = ("arrive_ms", "depart_ms", "metres", "spot", "target", "times_ms", "x_m", "y_m")

    def __init__(self, depart_ms: int, times_ms: list[int], x_m: list[float], y_m: list[float], metres: int) -> None:
        self.depart_ms = depart_ms
        self.times_ms = times_ms
        """Since the departure, never falling, from 0."""
        self.x_m, self.y_m = x_m, y_m
        self.arrive_ms = depart_ms + times_ms[-1]
        self.metres = metres

    def seen(self, now: int) -> Seen:
        """Return where it is."""
        place = bisect_right(self.times_ms, now - self.depart_ms) - 1
        if place < 0 or place >= len(self.times_ms) - 1:
            end = 0 if place < 0 else -1
            return Seen(round(self.x_m[end]), round(self.y_m[end]), 0, UNKNOWN)
        since_ms, until_ms = self.times_ms[place], self.times_ms[place + 1]
        east, north = self.x_m[place + 1] - self.x_m[place], self.y_m[place + 1] - self.y_m[place]
        part = (now - self.depart_ms - since_ms) / (until_ms - since_ms)
        speed = math.hypot(east, north) * 10_000 / (until_ms - since_ms)
        heading = round(math.degrees(math.atan2(east, north))) % 360
        x_m, y_m = self.x_m[place] + east * part, self.y_m[place] + north * part
        # A vehicle that crawls through traffic still moves: below a metre a second its heading would count for nothing.
        return Seen(round(x_m), round(y_m), min(max(10, round(speed)), 600), heading)


class Driver:
    """Finds drives over a place's roads as they are."""

    def __init__(self, roads: Roads | None, world: World, straight: StraightLine) -> None:
        self._roads = roads
        self._world = world
        self._straight = straight

    def spot(self, seen: Seen) -> Spot | None:
        """Return where on the streets that is; None where there are none."""
        if self._roads is None:
            return None
        x_m, y_m = np.array([seen.x_m], np.int32), np.array([seen.y_m], np.int32)
        return self._roads.spots(x_m, y_m, np.array([seen.heading], np.int16))[0]

    def nearest(self, start: Seen, points: tuple[Point, ...], mode: Mode) -> int:
        """Return which of the points is the nearest by the map; of equals, the first."""
        leaves = self.spot(start)
        if self._roads is None or leaves is None:
            times = self._straight.to_points_ms((start.x_m, start.y_m), points, 1)
        else:
            spots = [self._roads.spot(*point) for point in points]
            times = self._roads.times_ms(self._world.road_book.current, leaves, spots, mode)
        return min(range(len(points)), key=lambda place: (times[place] < 0, times[place]))

    def drive(self, start: Seen, to: Point, mode: Mode, depart_ms: int, percent: float = 100) -> Drive:
        """Set out from there; `percent` of the time that the map says."""
        ends = self._ends(start, to)
        if ends is None or self._roads is None:
            return self._across(start, to, depart_ms, percent)
        conditions = self._world.road_book.current
        way = self._roads.way(conditions, *ends, mode)
        if way is None:
            return self._across(start, to, depart_ms, percent)
        graph, metric = self._roads.graph, self._roads.oracle(conditions).metric(mode)
        parts = way.parts()
        ms = metric.weights.arc_ms[way.arcs].astype(np.int64) * parts // PERMILLE
        # What is spent neither on arcs nor between the last one and the goal is spent before the first.
        off_ms = metric.off_road_ms(ends[1].extra_ms)
        before_ms = max(0, way.travel_ms - int(ms.sum()) - off_ms)
        times = np.cumsum(np.concatenate([[0, before_ms], ms, [off_ms]]))
        first, last = int(way.arcs[0]), int(way.arcs[-1])
        inner = graph.head[way.arcs[:-1]]
        (ax, ay), (bx, by) = _point(self._roads, first, way.begin), _point(self._roads, last, way.end)
        x_m = [start.x_m, ax, *(graph.x_dm[inner] / DM).tolist(), bx, to[0]]
        y_m = [start.y_m, ay, *(graph.y_dm[inner] / DM).tolist(), by, to[1]]
        metres = int((graph.length_dm[way.arcs] * parts).sum()) // (PERMILLE * DM)
        paced = times if percent == 100 else (times * percent // 100).astype(np.int64)
        return Drive(depart_ms, paced.tolist(), x_m, y_m, metres)

    def _ends(self, start: Seen, to: Point) -> tuple[Spot, Spot] | None:
        """Return where on the streets both ends are; None where one of them is not."""
        if self._roads is None:
            return None
        leaves, arrives = self.spot(start), self._roads.spot(*to)
        return None if leaves is None or NOWHERE in (leaves.arc, arrives.arc) else (leaves, arrives)

    def _across(self, start: Seen, to: Point, depart_ms: int, percent: float) -> Drive:
        ms = int(self._straight.to_points_ms((start.x_m, start.y_m), [to], 1)[0] * percent // 100)
        metres = round(math.dist((start.x_m, start.y_m), to) * self._straight.circuity_percent / 100)
        return Drive(depart_ms, [0, max(ms, 0)], [start.x_m, to[0]], [start.y_m, to[1]], metres)


def _point(roads: Roads, arc: int, along: int) -> tuple[float, float]:
    graph = roads.graph
    tail, head = int(graph.tail[arc]), int(graph.head[arc])
    x_dm = graph.x_dm[tail] + (graph.x_dm[head] - graph.x_dm[tail]) * along / PERMILLE
    y_dm = graph.y_dm[tail] + (graph.y_dm[head] - graph.y_dm[tail]) * along / PERMILLE
    return float(x_dm) / DM, float(y_dm) / DM
