"""Straight-line travel that agrees on average with a street graph: what a place falls back to without its streets."""

import heapq

import numpy as np

from engine.model.geometry import METRES_PER_DEGREE
from engine.model.place import TravelSettings
from gateways.places.streets import Streets


def typical_travel(streets: Streets, lat: float, *, origins: int = 12, within_s: int = 300) -> TravelSettings:
    """Return straight-line travel that agrees on average with the streets under lights and sirens.

    Fastest ways are followed from a few nodes spread over the city, as far as a response usually goes;
    circuity is street metres over straight metres, speed is street metres over time.
    """
    ways = _Ways(streets, lat)
    straight = along = time = 0.0
    step = max(1, len(streets.node_lat) // origins)
    for origin in range(step // 2, len(streets.node_lat), step):
        for node, (ms, metres) in ways.from_node(origin, within_s * 1000).items():
            straight += ways.straight_m(origin, node)
            along += metres
            time += ms
    if straight <= 0 or time <= 0:
        return TravelSettings()
    return TravelSettings(max(100, round(100 * along / straight)), max(300, round(1_000_000 * along / time)))


class _Ways:
    """Fastest ways over the streets, by Dijkstra's method: a few short searches, no kernel needed."""

    def __init__(self, streets: Streets, lat: float) -> None:
        east = METRES_PER_DEGREE * np.cos(np.radians(lat))
        self._x = (streets.node_lon * east).tolist()
        self._y = (streets.node_lat * METRES_PER_DEGREE).tolist()
        order = np.argsort(streets.arc_from, kind="stable")
        order = order[streets.lights_ms[order] >= 0]
        self._first = np.searchsorted(streets.arc_from[order], np.arange(len(self._x) + 1)).tolist()
        self._to = streets.arc_to[order].tolist()
        self._ms = streets.lights_ms[order].tolist()
        self._metres = streets.length_m[order].tolist()

    def straight_m(self, a: int, b: int) -> float:
        return float(((self._x[a] - self._x[b]) ** 2 + (self._y[a] - self._y[b]) ** 2) ** 0.5)

    def from_node(self, origin: int, limit_ms: int) -> dict[int, tuple[int, float]]:
        """Return (ms, metres) by node, for nodes within the limit."""
        settled: dict[int, tuple[int, float]] = {}
        heap: list[tuple[int, int, float]] = [(0, origin, 0.0)]
        while heap:
            ms, node, metres = heapq.heappop(heap)
            if node in settled:
                continue
            settled[node] = (ms, metres)
            for arc in range(self._first[node], self._first[node + 1]):
                onward = ms + self._ms[arc]
                if onward <= limit_ms and self._to[arc] not in settled:
                    heapq.heappush(heap, (onward, self._to[arc], metres + self._metres[arc]))
        return settled
