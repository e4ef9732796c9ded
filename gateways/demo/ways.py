"""From a way over the streets to a leg: a point at every node, the time at each, the yard at either end.

Rule: what the engine would say a way takes, its driver takes too, but for the factors that are given: arcs as they are
driven, turning round before they are, and the walk from the road where the road is not near.
"""

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.streets.graph import Graph, Ints
from engine.streets.snapping import Spot
from engine.streets.stretches import DM
from engine.streets.ways import Way
from gateways.demo.driving import OFF_ROAD, Leg, Point

PERMILLE = 1000
TURNING_MS = 1_000
"""Less than that beyond a way's arcs is rounding; more is a crew that turns round before it drives."""

Section = tuple[Point, float, float, int]
"""Where it ends, what it takes in ms, its metres, its arc."""


class Drive(Struct, frozen=True):
    """A way that was found between two points whose places on the streets are `spots`."""

    graph: Graph
    found: Way
    points: tuple[Point, Point]
    spots: tuple[Spot, Spot]
    arc_ms: Ints
    """What the map says of each arc of the way, driven whole."""

    def leg(self, depart_ms: int, factors: npt.NDArray[np.float64]) -> Leg:
        """Return the leg of a driver who takes so many times what the map says, by arc of the way."""
        sections = [*self._turning(), *self._from_yard(), *self._driving(factors), *self._to_yard()]
        took_ms = np.cumsum([0.0, *(section[1] for section in sections)])
        times = np.rint(depart_ms + took_ms).astype(np.int64).tolist()
        speeds = tuple(metres * 1000 / ms if ms > 0 else 0.0 for _, ms, metres, _ in sections)
        line = (self.points[0], *(section[0] for section in sections))
        return Leg(line, tuple(times), speeds, tuple(section[3] for section in sections))

    def _turning(self) -> list[Section]:
        driving_ms = float((self.arc_ms * self.found.parts() / PERMILLE).sum())
        left_ms = self.found.travel_ms - driving_ms - self.spots[0].extra_ms - self.spots[1].extra_ms
        return [(self.points[0], left_ms, 0.0, int(self.found.arcs[0]))] if left_ms >= TURNING_MS else []

    def _from_yard(self) -> list[Section]:
        extra_ms = self.spots[0].extra_ms
        gate = self._gate(0, self.found.begin)
        return [(gate, extra_ms, math.dist(self.points[0], gate), OFF_ROAD)] if extra_ms else []

    def _to_yard(self) -> list[Section]:
        extra_ms = self.spots[1].extra_ms
        gate = self._gate(-1, self.found.end)
        return [(self.points[1], extra_ms, math.dist(self.points[1], gate), OFF_ROAD)] if extra_ms else []

    def _driving(self, factors: npt.NDArray[np.float64]) -> list[Section]:
        arcs, parts = self.found.arcs, self.found.parts()
        took_ms = self.arc_ms * factors * parts / PERMILLE
        metres = self.graph.length_dm[arcs] * parts / (PERMILLE * DM)
        nodes = self.graph.head[arcs[:-1]]
        last = self._gate(-1, self.found.end) if self.spots[1].extra_ms else self.points[1]
        line = [*zip(_metres(self.graph.x_dm[nodes]), _metres(self.graph.y_dm[nodes]), strict=True), last]
        return list(zip(line, took_ms.tolist(), metres.tolist(), arcs.tolist(), strict=True))

    def _gate(self, place: int, permille: int) -> Point:
        """Return the point of the road where the way begins (0) or ends (-1)."""
        return point_on(self.graph, int(self.found.arcs[place]), permille)


def point_on(graph: Graph, arc: int, permille: int) -> Point:
    """Return the point of an arc with so many thousandths of it behind."""
    tail, head, x, y = int(graph.tail[arc]), int(graph.head[arc]), graph.x_dm, graph.y_dm
    x_dm = int(x[tail]) + (int(x[head]) - int(x[tail])) * permille / PERMILLE
    y_dm = int(y[tail]) + (int(y[head]) - int(y[tail])) * permille / PERMILLE
    return round(x_dm / DM), round(y_dm / DM)


def _metres(column_dm: Ints) -> list[int]:
    return [round(each / DM) for each in column_dm.tolist()]


def along(graph: Graph, arc: int, point: Point) -> int:
    """Return how many thousandths of the arc lie behind a point on it."""
    xa, ya = int(graph.x_dm[graph.tail[arc]]), int(graph.y_dm[graph.tail[arc]])
    east, north = int(graph.x_dm[graph.head[arc]]) - xa, int(graph.y_dm[graph.head[arc]]) - ya
    length = east * east + north * north
    if length == 0:
        return 0
    done = (point[0] * DM - xa) * east + (point[1] * DM - ya) * north
    return min(max(done * PERMILLE // length, 0), PERMILLE)
