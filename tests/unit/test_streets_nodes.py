"""Access by nodes: what stands beside the streets is reached from the nearest node, straight across."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from engine.model.place import Access, TravelSettings
from engine.model.roads import Conditions
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.weighing import Mode
from tests.lattice_town import lattice

SETTINGS = TravelSettings(off_road_mm_per_s=4_000, off_road_normal_percent=150, access=Access.NODE)


def dijkstra(roads: Roads, mode: Mode, source: int, target: int) -> int:
    """From node to node over single arcs, in plain Python."""
    graph = roads.graph
    arc_ms = roads.oracle(Conditions()).metric(mode).weights.arc_ms
    best = {source: 0}
    done: set[int] = set()
    while True:
        left = [(ms, node) for node, ms in best.items() if node not in done]
        if not left:
            return -1
        ms, node = min(left)
        if node == target:
            return ms
        done.add(node)
        for arc in np.flatnonzero(graph.tail == node).tolist():
            head = int(graph.head[arc])
            best[head] = min(best.get(head, 1 << 60), ms + int(arc_ms[arc]))


def nearest_node(roads: Roads, x_m: int, y_m: int) -> tuple[int, float]:
    away = np.hypot(roads.graph.x_dm / 10 - x_m, roads.graph.y_dm / 10 - y_m)
    return int(np.argmin(away)), float(away.min())


@pytest.mark.parametrize("mode", list(Mode))
def test_times_are_those_between_nodes_and_the_ways_across(mode: Mode) -> None:
    """For any two places beside the streets, one-way streets included; the way takes just as long."""
    roads = Roads(Network(lattice()), SETTINGS)
    dice = np.random.default_rng(5)
    low, high = roads.graph.x_dm.min() // 10 - 50, roads.graph.x_dm.max() // 10 + 50
    points: npt.NDArray[np.int32] = dice.integers(low, high, (40, 2)).astype(np.int32)
    still = np.full(len(points), -1, np.int16)
    spots = roads.spots(points[:, 0].copy(), points[:, 1].copy(), still)
    rows = np.arange(len(points), dtype=np.int32)
    percent = 100 if mode is Mode.LIGHTS else 150
    oracle = roads.oracle(Conditions())
    compared = 0
    for x_m, y_m in points[:12].tolist():
        target = roads.spot(x_m, y_m)
        found = oracle.times_ms(spots, rows, target, mode)
        to_node, to_m = nearest_node(roads, x_m, y_m)
        for row in rows.tolist():
            from_node, from_m = nearest_node(roads, int(points[row, 0]), int(points[row, 1]))
            between = dijkstra(roads, mode, from_node, to_node)
            assert between >= 0
            across_ms = sum(math.floor(m * 10_000 / 40) * percent / 100 for m in (from_m, to_m))
            assert abs(int(found[row]) - between - across_ms) <= 200 * percent / 100  # a decimetre, and rounding
            way = roads.way(Conditions(), spots[row], target, mode)
            assert way is not None
            assert way.travel_ms == found[row]
            compared += 1
    assert compared == 12 * 40


@pytest.mark.parametrize("mode", list(Mode))
def test_who_moves_goes_on_to_the_next_node_and_may_turn_there(mode: Mode) -> None:
    """Half of its arc in normal driving, whatever it is asked for, and then as from that node.

    Ways beside the streets take half as long again without lights; what is left of a street does not.
    """
    roads = Roads(Network(lattice()), SETTINGS)
    graph = roads.graph
    arc = int(np.flatnonzero(graph.length_dm > 500)[0])
    tail, head = int(graph.tail[arc]), int(graph.head[arc])
    x_m = int(graph.x_dm[tail] + graph.x_dm[head]) // 20
    y_m = int(graph.y_dm[tail] + graph.y_dm[head]) // 20
    east, north = int(graph.x_dm[head] - graph.x_dm[tail]), int(graph.y_dm[head] - graph.y_dm[tail])
    heading = round(math.degrees(math.atan2(east, north))) % 360
    spots = roads.spots(np.array([x_m], np.int32), np.array([y_m], np.int32), np.array([heading], np.int16))
    half_ms = int(graph.normal_ms[arc]) // 2
    assert spots.extra_ms[0] == 0
    assert abs(int(spots.onward_ms[0]) - half_ms) <= 100
    ahead = roads.spot(int(graph.x_dm[head]) // 10, int(graph.y_dm[head]) // 10)
    behind = roads.spot(int(graph.x_dm[tail]) // 10, int(graph.y_dm[tail]) // 10)
    oracle, row = roads.oracle(Conditions()), np.zeros(1, np.int32)
    on = int(oracle.times_ms(spots, row, ahead, mode)[0])
    assert abs(on - half_ms) <= 100
    back = int(oracle.times_ms(spots, row, behind, mode)[0])
    assert abs(back - half_ms - dijkstra(roads, mode, head, tail)) <= 100
    way = roads.way(Conditions(), spots[0], behind, mode)
    assert way is not None
    assert way.travel_ms == back
