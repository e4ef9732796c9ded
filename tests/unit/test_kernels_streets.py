"""The street kernels on real cities, and the last step from a spot on an arc to the target."""

import math
import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from engine.kernels.arrive import COLUMNS, arrive, depart
from engine.kernels.customise import customise
from engine.kernels.descend import descend
from engine.kernels.dissect import dissection_order
from engine.kernels.hierarchy import contract, place_links
from engine.kernels.sweep import INF, to_target
from gateways.places.jemss.roads import read_roads

DATA = Path(os.environ.get("TURNOUT_DATA") or Path(__file__).parents[3] / "shared" / "data")

TIME = st.one_of(st.integers(0, 5_000), st.just(INF), st.integers(INF // 2, INF))


def matrix_of(tails: np.ndarray, heads: np.ndarray, weight: np.ndarray, size: int) -> coo_matrix:
    """Of parallel links the fastest counts; no link of the real cities takes no time."""
    order = np.lexsort((weight, heads, tails))
    ends = np.stack((tails, heads), axis=1)[order]
    first = np.ones(len(ends), np.bool_)
    first[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    return coo_matrix((weight[order][first], tuple(ends[first].T)), shape=(size, size)).tocsr()


@pytest.mark.parametrize(("city", "arcs_at_most"), [("auckland", 130_000), ("manhattan", 71_000)])
def test_times_in_a_real_city_equal_dijkstra(city: str, arcs_at_most: int) -> None:
    """From and to a few junctions of the whole street graph, bends and all; and the hierarchy stays small."""
    if not (DATA / city / "roads.zip").exists():
        pytest.skip(f"no {city} in {DATA}; set TURNOUT_DATA to where the JEMSS cities are")
    roads = read_roads(DATA / city)
    size = len(roads.node_lat)
    x = np.rint(roads.node_lon * 800_000).astype(np.int32)
    y = np.rint(roads.node_lat * 1_000_000).astype(np.int32)
    order = dissection_order(x, y, roads.arc_from, roads.arc_to)
    rank = np.empty(size, np.int32)
    rank[order] = np.arange(size, dtype=np.int32)
    tails, heads, weight = rank[roads.arc_from], rank[roads.arc_to], np.maximum(roads.lights_ms, 1)
    hierarchy = contract(size, tails, heads)
    assert len(hierarchy.up) <= arcs_at_most
    forward, backward = np.empty((2, len(hierarchy.up)), np.int32)
    customise(*hierarchy, *place_links(*hierarchy, tails, heads), weight, forward, backward)
    matrix = matrix_of(tails, heads, weight, size)
    out = np.empty(size, np.int32)
    for seed in (0, size // 3, size - 1):
        for ways, graph in (((forward, backward), matrix.T.tocsr()), ((backward, forward), matrix)):
            to_target(*hierarchy, *ways, np.array([seed], np.int32), np.zeros(1, np.int32), out)
            times = dijkstra(graph, indices=seed)
            assert (out == np.where(np.isinf(times), INF, times)).all()


def test_a_lattice_without_narrow_places_is_cut_in_the_middle() -> None:
    """More than 200 ways cross it; the order is still a permutation, and the hierarchy grows as n log n."""
    wide = 230
    junctions = np.arange(wide * wide, dtype=np.int32)
    tails = np.concatenate((junctions[junctions % wide < wide - 1], junctions[:-wide]))
    heads = np.concatenate((junctions[junctions % wide > 0], junctions[wide:]))
    order = dissection_order(junctions % wide, junctions // wide, tails, heads)
    rank = np.empty(len(order), np.int32)
    rank[order] = junctions
    assert (np.sort(order) == junctions).all()
    assert len(contract(len(order), rank[tails], rank[heads]).up) < 2 * len(order) * math.log2(len(order))


SPOT = st.tuples(st.integers(-1, 5), st.integers(0, 1000), st.integers(0, 900), st.integers(0, 1))
ARC = st.tuples(st.integers(0, 3), st.integers(0, 4), TIME, TIME, st.integers(-1, 5))
Arc = tuple[int, int, int, int, int]


def arrival(spot: tuple[int, ...], arcs: list[Arc], uturn_ms: int, to_target_ms: list[int]) -> int:
    """One row by itself: ahead, or round and back."""
    arc, along, extra_ms, free = spot
    if arc < 0:
        return -1
    ways = [(arc, 1000 - along, 0)]
    if arcs[arc][4] >= 0:
        ways.append((arcs[arc][4], along, 0 if free else uturn_ms))
    times = []
    for taken, permille, turn_ms in ways:
        head, _, rest_ms, arc_ms, _ = arcs[taken]
        times.append(arc_ms * permille // 1000 + rest_ms + extra_ms + turn_ms + to_target_ms[head])
    return min(times) if min(times) < INF else -1


@given(
    st.lists(SPOT, min_size=1, max_size=8),
    st.lists(ARC, min_size=6, max_size=6),
    st.tuples(st.integers(0, 60_000), st.integers(-1, 4), st.integers(-1, 4)),
    st.lists(TIME, min_size=4, max_size=4),
    st.randoms(use_true_random=False),
)
@settings(deadline=None)
def test_arriving_agrees_with_its_slow_twin(
    spots: list[tuple[int, ...]],
    arcs: list[Arc],
    numbers: tuple[int, int, int],
    to_target_ms: list[int],
    chance: random.Random,
) -> None:
    """Ahead or round, closed arcs, no arc, rows in any order and left out; and who stands on the target's chains."""
    uturn_ms, own, other = numbers
    rows = np.array(chance.sample(range(len(spots)), chance.randint(0, len(spots))), np.int32)
    arc, along, extra_ms, free = (column.copy() for column in np.array(spots, np.int32).T)
    columns = [column.copy() for column in np.array(arcs, np.int32).T]
    departures = np.full((len(spots), COLUMNS), 77, np.int32)
    depart(rows, arc, along.astype(np.int16), extra_ms, free.astype(np.uint8), *columns, uturn_ms, departures)
    out, near = np.full((2, len(rows)), 77, np.int32)
    found = arrive(rows, departures, np.array(to_target_ms, np.int32), own, other, out, near)
    assert out.tolist() == [arrival(spots[row], arcs, uturn_ms, to_target_ms) for row in rows]
    chains = [arcs[spots[row][0]][1] if spots[row][0] >= 0 else -2 for row in rows]
    assert near[:found].tolist() == [i for i, chain in enumerate(chains) if chain in (own, other)]


def test_a_circle_of_no_time_does_not_go_on_for_ever() -> None:
    """Two junctions with links of 0 ms between them: `path` is filled, and that is all."""
    first_out = np.array([0, 1, 2], np.int32)
    heads, ms, out = np.array([1, 0], np.int32), np.zeros(2, np.int32), np.full(2, 5, np.int32)
    path = np.full(7, -1, np.int32)
    assert descend(first_out, heads, ms, out, 0, path) == 7
    assert path.tolist() == [0, 1, 0, 1, 0, 1, 0]
