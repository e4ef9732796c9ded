"""Which street it would hurt most to lose: the busiest bridge, or the busiest main road of a place without bridges.

Rule: busy means that many ways lead over it: those that crews are on at this moment, and those from stations to where
calls come from.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.demand import Demand
from engine.model.place import Place
from engine.model.roads import Stretch
from engine.streets.graph import Graph
from engine.streets.roads import Roads
from engine.streets.stretches import DM, Flags, arcs_of
from gateways.demo.chance import stream
from gateways.demo.driving import Leg, Point
from gateways.demo.streets import Navigator

BRIDGE = "bridge"
MAIN = ("arterial", "trunk", "primary", "secondary")
"""Classes of main roads, as the synthetic city and OpenStreetMap name them."""
STATIONS_MAX, ZONES_MAX = 12, 12
"""Ways are looked at from so many stations to so many places of calls."""

Street = tuple[str, int]
"""A name, or where there is none an empty one and the first arc of the block."""


class Busiest(Struct, frozen=True):
    """The street, and how much leads over it."""

    name: str
    """In words, also where the street has no name."""
    stretch: Stretch
    arcs: int
    share_percent: int
    """Of the ways that were looked at."""
    ends: tuple[Point, Point]
    """The two corners of it that lie farthest apart."""


async def busiest(navigator: Navigator, place: Place, demand: Demand, legs: Iterable[Leg], seed: int) -> Busiest | None:
    """Return the busiest street; None where no way leads over any."""
    if navigator.roads is None:
        return None
    roads = navigator.roads
    candidates, kinds = _candidates(roads.graph)
    ways = [leg.arcs for leg in legs if leg.arcs]
    for target in _callers(demand, seed):
        ways += await navigator.ways(_stations(place, seed), target)
    uses: Counter[Street] = Counter()
    for arcs in ways:
        uses.update({_street(roads, arc) for arc in arcs if arc >= 0 and candidates[arc]})
    if not uses:
        return None
    street, count = min(uses.items(), key=lambda item: (-item[1], item[0]))
    return _described(roads, street, kinds, round(100 * count / len(ways)))


def some_street(graph: Graph) -> str:
    """Return the name of the bridge or main road that has the most arcs; empty where none has a name."""
    names = graph.arc_name[_candidates(graph)[0]]
    counts = np.bincount(names, minlength=len(graph.names))
    named = [row for row, name in enumerate(graph.names) if name and counts[row]]
    return graph.names[max(named, key=lambda row: int(counts[row]))] if named else ""


def _candidates(graph: Graph) -> tuple[Flags, tuple[str, ...]]:
    """Mark the arcs that may be chosen, and name their classes; every arc where no class is a main road's."""
    for kinds in ((BRIDGE,), MAIN):
        marked: Flags = np.array([name in kinds for name in graph.classes], np.bool_)[graph.arc_class]
        if marked.any():
            return marked, tuple(name for name in kinds if name in graph.classes)
    return np.ones(graph.arcs, np.bool_), ()


def _callers(demand: Demand, seed: int) -> list[Point]:
    chance = stream(seed, "busiest", "zones")
    zones = chance.choices(demand.zones, weights=[zone.weight for zone in demand.zones], k=ZONES_MAX)
    return [(zone.x_m, zone.y_m) for zone in zones]


def _stations(place: Place, seed: int) -> list[Point]:
    points = sorted({(station.x_m, station.y_m) for station in place.stations})
    return stream(seed, "busiest", "stations").sample(points, min(STATIONS_MAX, len(points)))


def _street(roads: Roads, arc: int) -> Street:
    name = roads.graph.names[roads.graph.arc_name[arc]]
    return (name, -1) if name else ("", min(_block(roads, arc)))


def _block(roads: Roads, arc: int) -> list[int]:
    """Return the arcs from junction to junction that this one is part of, both ways."""
    chains, found = roads.network.chains, []
    for each in (arc, int(roads.network.reverse[arc])):
        if each >= 0:
            chain = int(chains.chain[each])
            found += chains.members[chains.first[chain] : chains.first[chain + 1]].tolist()
    return found


def _described(roads: Roads, street: Street, kinds: Sequence[str], share_percent: int) -> Busiest:
    name, arc = street
    if name:
        stretch = Stretch(streets=(name,), classes=tuple(kinds))
    else:
        stretch = Stretch(arcs=tuple(sorted(set(_block(roads, arc)))))
    arcs = np.flatnonzero(arcs_of(roads.graph, stretch))
    words = name or f"a block of {len(arcs)} arcs"
    return Busiest(words, stretch, len(arcs), share_percent, _ends(roads.graph, arcs))


def _ends(graph: Graph, arcs: npt.NDArray[np.intp]) -> tuple[Point, Point]:
    nodes = np.unique(np.concatenate([graph.tail[arcs], graph.head[arcs]]))
    x, y = graph.x_dm[nodes].astype(np.float64), graph.y_dm[nodes].astype(np.float64)
    one = np.argmax(np.hypot(x - x.mean(), y - y.mean()))
    other = np.argmax(np.hypot(x - x[one], y - y[one]))
    return (round(x[one] / DM), round(y[one] / DM)), (round(x[other] / DM), round(y[other] / DM))
