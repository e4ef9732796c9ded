"""The slow, obvious twin of the street engine: Dijkstra's method from arc to arc, without chains, ranks or hierarchy."""

import heapq

from engine.model.place import TravelSettings
from engine.streets.graph import NOT_OPEN, Graph
from engine.streets.snapping import Spot
from engine.streets.weighing import Mode

FAR = 1 << 40
LEAVING, OPEN, ENTERING = range(3)
"""Phases of a way: who stands in what is closed drives out of it, and who is wanted in it drives in."""


class Twin:
    """One mode of one graph with some arcs closed and factors in percent on some."""

    def __init__(
        self,
        graph: Graph,
        reverse: list[int],
        settings: TravelSettings,
        mode: Mode,
        passed: frozenset[int] = frozenset(),
        closed: frozenset[int] = frozenset(),
        percent: dict[int, int] | None = None,
    ) -> None:
        self.passed = passed
        """Nodes between junctions, where nobody turns round for nothing."""
        self.graph, self.reverse, self.settings, self.mode, self.closed = graph, reverse, settings, mode, closed
        own, other = graph.lights_ms, graph.normal_ms
        if mode is Mode.NORMAL:
            own, other = other, own
        self.arc_ms, self.through_ms = [], []
        for arc in range(graph.arcs):
            shut = own[arc] == NOT_OPEN
            base = int(other[arc] if shut else own[arc])
            took = max(1, base * (percent or {}).get(arc, 100) // 100)
            self.arc_ms.append(took)
            self.through_ms.append(FAR if shut or arc in closed else took)
        self.forbidden = set(zip(graph.turn_from.tolist(), graph.turn_to.tolist(), strict=True))
        self.minded = {int(graph.head[arc]) for arc in graph.turn_from.tolist()}
        self.out: dict[int, list[int]] = {}
        for arc in range(graph.arcs):
            self.out.setdefault(int(graph.tail[arc]), []).append(arc)

    def turn_ms(self, arc: int, onward: int) -> int:
        """What it takes to go from the end of one arc into the next."""
        node = int(self.graph.head[arc])
        if node in self.passed and self.reverse[arc] == onward:
            return FAR
        if node not in self.minded:
            return 0
        if self.reverse[arc] == onward:
            return self.settings.uturn_ms
        if (arc, onward) in self.forbidden:
            return self.settings.lights_turn_ms if self.mode is Mode.LIGHTS else FAR
        return 0

    def ends(self, unit: Spot) -> dict[tuple[int, int], int]:
        """The least time to the end of every arc, by (arc, phase)."""
        best: dict[tuple[int, int], int] = {}
        heap = [
            (self.arc_ms[arc] * (1000 - along) // 1000 + turning, arc, LEAVING if self.blocked(arc) else OPEN)
            for arc, along, turning in self.ways(unit, self.settings.uturn_ms)
        ]
        heapq.heapify(heap)
        while heap:
            took, arc, phase = heapq.heappop(heap)
            if (arc, phase) in best:
                continue
            best[arc, phase] = took
            for onward in self.out.get(int(self.graph.head[arc]), []):
                then = took + self.turn_ms(arc, onward) + self.arc_ms[onward]
                after = self.onward(phase, onward)
                if then < FAR and after is not None:
                    heapq.heappush(heap, (then, onward, after))
        return best

    def blocked(self, arc: int) -> bool:
        """Nobody drives through it."""
        return self.through_ms[arc] >= FAR

    def onward(self, phase: int, arc: int) -> int | None:
        """The phase on the next arc: out of what is closed, over what is open, into what is closed; never again out."""
        if self.blocked(arc):
            return LEAVING if phase == LEAVING else ENTERING
        return None if phase == ENTERING else OPEN

    def ways(self, spot: Spot, uturn_ms: int) -> list[tuple[int, int, int]]:
        """The directions in which a spot can be left: (arc, along, what turning round takes)."""
        ways = [(spot.arc, spot.along, 0)]
        if self.reverse[spot.arc] >= 0:
            ways.append((self.reverse[spot.arc], 1000 - spot.along, 0 if spot.free else uturn_ms))
        return ways

    def time_ms(self, unit: Spot, target: Spot, ends: dict[tuple[int, int], int]) -> int:
        """The least time from a unit to a target; -1 where there is no way."""
        best = FAR
        for arc, along, _ in self.ways(target, 0):
            into = self.arc_ms[arc] * along // 1000
            for (before, phase), took in ends.items():
                if self.graph.head[before] == self.graph.tail[arc] and self.onward(phase, arc) is not None:
                    best = min(best, took + self.turn_ms(before, arc) + into)
            for own, at, turning in self.ways(unit, self.settings.uturn_ms):
                if own == arc and at <= along:
                    best = min(best, self.arc_ms[arc] * (along - at) // 1000 + turning)
        return best + unit.extra_ms + target.extra_ms if best < FAR else -1
