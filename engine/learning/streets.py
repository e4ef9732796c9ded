"""What a drive should have taken over the place's streets: the learner's own oracle, apart from the engine's.

It goes by today's closures, traffic, weather and profiles, but not by what was learned: else that would be measured
against itself. It is asked in a thread, so it shares nothing that the engine writes, and it is made anew before its
vectors fill the memory.
"""

import numpy as np
from msgspec.structs import replace

from engine.learning.speeds import Crossed, Expected
from engine.model.place import TravelSettings
from engine.model.roads import Conditions, Learned
from engine.state.road_book import RoadBook, class_percent
from engine.streets.oracle import Oracle
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE, PERMILLE
from engine.streets.ways import way
from engine.streets.weighing import Mode

VECTORS_BYTES = 32 << 20
"""What the vectors of one oracle may take before it is made anew."""


class StreetPredictor:
    """Predicts drives over one place's streets under one set of conditions."""

    def __init__(self, roads: Roads, conditions: Conditions) -> None:
        self.roads = roads
        self.conditions = conditions
        self._oracle: Oracle | None = None
        self._asked = 0
        self._asked_max = max(16, VECTORS_BYTES // (4 * max(1, roads.network.size)))

    def predicted(
        self, from_xy: tuple[int, int], heading: int, to_xy: tuple[int, int], *, lights: bool
    ) -> Expected | None:
        """Return what the drive should take; None where an end is beside no road or there is no way."""
        x_m, y_m = np.array([from_xy, to_xy], np.int32).T
        spots = self.roads.spots(x_m, y_m, np.array([heading, -1], np.int16))
        begin, end = spots[0], spots[1]
        if NOWHERE in (begin.arc, end.arc) or begin.extra_ms or end.extra_ms or begin.onward_ms:
            return None
        oracle, mode = self._fresh(), Mode.LIGHTS if lights else Mode.NORMAL
        found = way(oracle, begin, end, mode)
        if found is None or found.travel_ms <= 0:
            return None
        graph = self.roads.graph
        parts_ms = oracle.metric(mode).weights.arc_ms[found.arcs] * found.parts() // PERMILLE
        classes = graph.arc_class[found.arcs].tolist()
        arcs = zip(found.arcs.tolist(), classes, parts_ms.tolist(), strict=True)
        return Expected(found.travel_ms, tuple(Crossed(arc, graph.classes[of], ms) for arc, of, ms in arcs if ms > 0))

    def _fresh(self) -> Oracle:
        if self._oracle is None or self._asked >= self._asked_max:
            self._oracle, self._asked = Oracle(self.roads.network, self.conditions, self.roads.settings), 0
        self._asked += 1
        return self._oracle


def unlearned(book: RoadBook, travel: TravelSettings) -> Conditions:
    """Return the conditions that decisions rest on, without what was learned."""
    percent = class_percent(travel, Learned(), book.hour)
    return replace(book.current, class_percent=percent, arc_percent=())
