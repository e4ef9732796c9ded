"""Closed streets as the city knows them: who is about to meet one, and who drove through one all the same.

Rule: what a closure means is said in `engine/streets/README.md`. Who stands in one may leave it, and whoever is wanted
in one may drive in; nobody else may.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from engine.model.roads import Closure
from engine.streets.graph import Graph
from engine.streets.stretches import Flags, arcs_of
from gateways.demo.driving import OFF_ROAD, Leg

KEPT = 256
"""Closures that are over and still remembered."""


class Barrier(Struct):
    """One closure, for as long as it was known."""

    closure: Closure
    shut: Flags
    """(arcs,)"""
    since_ms: int
    until_ms: int | None = None


class Barriers:
    """All closures of one day, old and new."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._shut: dict[str, Barrier] = {}
        self._over: list[Barrier] = []

    def take(self, closures: Sequence[Closure], now: int) -> int:
        """Take over what is closed now; return how many closures are new."""
        known = {closure.id: closure for closure in closures}
        for name, barrier in list(self._shut.items()):
            if known.get(name) != barrier.closure:
                barrier.until_ms = now
                self._over = [*self._over[1 - KEPT :], self._shut.pop(name)]
        new = {name: closure for name, closure in known.items() if name not in self._shut}
        for name, closure in new.items():
            self._shut[name] = Barrier(closure, arcs_of(self._graph, closure.stretch), now)
        return len(new)

    def ahead(self, leg: Leg, now: int) -> bool:
        """Tell whether the rest of the leg leads through a street that is closed now."""
        place = leg.section(now)
        if place is None:
            return False
        return any(self._through(barrier, leg, place) for barrier in self._shut.values())

    def crossed(self, leg: Leg, now: int) -> int:
        """Return how many closures the leg went through, up to this moment."""
        place = leg.section(now)
        driven = len(leg.arcs) if place is None else place
        return sum(self._crossed(barrier, leg, driven) for barrier in (*self._over, *self._shut.values()))

    @staticmethod
    def _crossed(barrier: Barrier, leg: Leg, driven: int) -> bool:
        """Tell whether the leg led in after the street was closed, and out on the other side before it was opened."""
        return any(
            begin > _first_on_road(leg)
            and leg.times_ms[begin] > barrier.since_ms
            and end <= min(driven, _on_road(leg) - 1)
            and (barrier.until_ms is None or leg.times_ms[end] <= barrier.until_ms)
            for begin, end in _runs(leg, barrier.shut, 0)
        )

    @staticmethod
    def _through(barrier: Barrier, leg: Leg, place: int) -> bool:
        where = max(place, _first_on_road(leg))
        runs = _runs(leg, barrier.shut, place)
        return any(begin > where and end < _on_road(leg) for begin, end in runs)


def _runs(leg: Leg, shut: Flags, place: int) -> Iterator[tuple[int, int]]:
    """Return [from, to) of the sections in a row that are shut, from this one on."""
    sections = range(place, len(leg.arcs))
    for closed, run in groupby(sections, lambda each: leg.arcs[each] != OFF_ROAD and bool(shut[leg.arcs[each]])):
        if closed:
            held = list(run)
            yield held[0], held[-1] + 1


def _first_on_road(leg: Leg) -> int:
    """Return the section where the leg comes to the streets: who sets out from a yard stands in the street before it."""
    return int(bool(leg.arcs) and leg.arcs[0] == OFF_ROAD)


def _on_road(leg: Leg) -> int:
    """Return the section where the leg leaves the streets."""
    return len(leg.arcs) - (bool(leg.arcs) and leg.arcs[-1] == OFF_ROAD)
