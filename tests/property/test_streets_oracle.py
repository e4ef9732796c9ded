"""Times and ways over the streets, held against Dijkstra's method from arc to arc."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.place import TravelSettings
from engine.model.roads import Closure, Conditions, Slowing, Stretch
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.oracle import Oracle
from engine.streets.snapping import Spot, Spots
from engine.streets.ways import times_ms, way
from engine.streets.weighing import Mode
from tests.property.streets_twin import Twin

SETTINGS = TravelSettings()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Small streets with everything in them: bends, one-ways, lights-only lanes, loops, islands, forbidden turns."""
    nodes = draw(st.integers(2, 9))
    place = st.tuples(st.integers(0, 400), st.integers(0, 400))
    points = draw(st.lists(place, min_size=nodes, max_size=nodes))
    street = st.tuples(
        st.integers(0, nodes - 1),
        st.integers(0, nodes - 1),
        st.integers(1, 60),
        st.sampled_from(["both", "one", "lights"]),
    )
    streets = draw(st.lists(street, min_size=1, max_size=14))
    tail, head, lights, normal = [], [], [], []
    for a, b, took, kind in streets:
        ways = [(a, b)] if kind == "one" else [(a, b), (b, a)]
        for start, end in ways:
            tail.append(start)
            head.append(end)
            lights.append(took * 1000)
            normal.append(-1 if kind == "lights" else took * 1300)
    pairs = [(f, t) for f in range(len(tail)) for t in range(len(tail)) if head[f] == tail[t] and f != t]
    forbidden = draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True)) if pairs else []
    x, y = zip(*points, strict=True)
    length = [max(1, round(np.hypot(x[a] - x[b], y[a] - y[b]))) for a, b in zip(tail, head, strict=True)]
    zeros = np.zeros(len(tail), np.int32)
    turns = [list(column) for column in zip(*forbidden, strict=True)] if forbidden else [[], []]
    return Graph(x, y, tail, head, length, lights, normal, zeros, zeros, *turns, ("street",), ("",))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Graph, Conditions, list[Spot], list[Spot]]:
    """A graph, what is closed and slow on it, some units and some incidents."""
    graph = draw(graphs())
    arc = st.integers(0, graph.arcs - 1)
    closed = draw(st.lists(arc, max_size=6, unique=True))
    slow = draw(st.lists(arc, max_size=2, unique=True))
    spot = st.builds(Spot, arc=arc, along=st.sampled_from([0, 250, 500, 1000]), extra_ms=st.just(0), free=st.booleans())
    conditions = Conditions(
        closures=(Closure("c", Stretch(arcs=tuple(closed))),) if closed else (),
        slowings=(Slowing("s", Stretch(arcs=tuple(slow)), 250, 0),) if slow else (),
    )
    return graph, conditions, draw(st.lists(spot, min_size=1, max_size=4)), draw(st.lists(spot, min_size=1, max_size=3))


def _twin(graph: Graph, network: Network, conditions: Conditions, mode: Mode) -> Twin:
    closed = frozenset(arc for closure in conditions.closures for arc in closure.stretch.arcs)
    percent = {arc: 250 for slowing in conditions.slowings for arc in slowing.stretch.arcs}
    inner = np.ones(graph.arcs, np.bool_)
    inner[network.chains.last_arc] = False
    passed = frozenset(graph.head[inner].tolist())
    return Twin(graph, network.reverse.tolist(), SETTINGS, mode, passed, closed, percent)


@pytest.mark.parametrize("mode", list(Mode))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_every_time_is_dijkstras(case: tuple[Graph, Conditions, list[Spot], list[Spot]], mode: Mode):
    """Whatever is closed, slow, one-way or forbidden: the time is the least there is, and -1 means there is no way."""
    graph, conditions, units, targets = case
    network = Network(graph)
    oracle = Oracle(network, conditions, SETTINGS)
    twin = _twin(graph, network, conditions, mode)
    rows = np.arange(len(units), dtype=np.int32)
    for target in targets:
        found = oracle.times_ms(Spots.of(*units), rows, target, mode).tolist()
        assert found == [twin.time_ms(unit, target, twin.ends(unit)) for unit in units]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_a_way_can_be_driven_and_takes_its_time(case: tuple[Graph, Conditions, list[Spot], list[Spot]]):
    """The arcs of a way follow each other, and what they take, turns included, is the time that was told: to one and all."""
    graph, conditions, units, targets = case
    network = Network(graph)
    oracle = Oracle(network, conditions, SETTINGS)
    twin = _twin(graph, network, conditions, Mode.LIGHTS)
    for unit in units:
        for target, to_all in zip(targets, times_ms(oracle, unit, targets, Mode.LIGHTS), strict=True):
            told = int(oracle.times_ms(Spots.of(unit), np.zeros(1, np.int32), target, Mode.LIGHTS)[0])
            assert told == to_all
            found = way(oracle, unit, target, Mode.LIGHTS)
            assert (found is None) == (told < 0)
            if found is not None:
                assert found.travel_ms == told
                assert _driven_ms(twin, found.arcs.tolist(), unit, target) == told


def _driven_ms(twin: Twin, arcs: list[int], unit: Spot, target: Spot) -> int:
    """Drive the arcs one by one."""
    _, along, took = next(each for each in twin.ways(unit, SETTINGS.uturn_ms) if each[0] == arcs[0])
    end = next(each[1] for each in twin.ways(target, 0) if each[0] == arcs[-1])
    if len(arcs) == 1:
        return took + twin.arc_ms[arcs[0]] * (end - along) // 1000
    took += twin.arc_ms[arcs[0]] * (1000 - along) // 1000
    changes = sum(twin.blocked(a) != twin.blocked(b) for a, b in pairwise(arcs))
    assert changes <= twin.blocked(arcs[0]) + twin.blocked(arcs[-1]), "what is blocked is driven at the ends only"
    for before, arc in pairwise(arcs[:-1]):
        took += twin.turn_ms(before, arc) + twin.arc_ms[arc]
    return took + twin.turn_ms(arcs[-2], arcs[-1]) + twin.arc_ms[arcs[-1]] * end // 1000


def test_the_order_may_be_kept_and_a_wrong_one_is_refused():
    """An order kept from an earlier build gives the same network; one of other streets is refused."""
    graph = Graph([0, 100, 200], [0, 0, 0], [0, 1], [1, 2], [100, 100], [9, 9], [9, 9], [0, 0], [0, 0])
    network = Network(graph)
    assert np.array_equal(Network(graph, network.order).up, network.up)
    with pytest.raises(ValueError, match="not an order"):
        Network(graph, np.array([0, 0], np.int32))
