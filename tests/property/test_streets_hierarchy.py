"""The hierarchy of the streets against scipy's Dijkstra and against slow, obvious twins."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from engine.kernels.customise import INF, customise
from engine.kernels.descend import descend
from engine.kernels.dissect import dissection_order
from engine.kernels.hierarchy import DOWN, LOOP, NOWHERE, UP, Hierarchy, contract, place_links
from engine.kernels.sweep import LANES, sweep_many, to_target

WEIGHT = st.one_of(st.integers(0, 3), st.integers(0, 100_000), st.just(INF))


class City(NamedTuple):
    """Junctions by their own numbers, as drawn."""

    x: np.ndarray
    y: np.ndarray
    tails: np.ndarray
    heads: np.ndarray
    weight: np.ndarray


class Streets(NamedTuple):
    """The same by rank, customised."""

    tails: np.ndarray
    heads: np.ndarray
    hierarchy: Hierarchy
    forward: np.ndarray
    backward: np.ndarray


@st.composite
def cities(draw: st.DrawFn) -> City:
    """Few places for many junctions, loops, parallel links, islands, links of no time and closed ones."""
    n = draw(st.integers(1, 24))
    junction = st.integers(0, n - 1)
    places = draw(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=n, max_size=n))
    links = draw(st.lists(st.tuples(junction, junction, WEIGHT), max_size=60))
    x, y = np.array(places, np.int32).T
    tails, heads, weight = np.array(links, np.int32).reshape(-1, 3).T
    return City(x.copy(), y.copy(), tails.copy(), heads.copy(), weight.copy())


def streets_of(city: City) -> Streets:
    n = len(city.x)
    order = dissection_order(city.x, city.y, city.tails, city.heads)
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    tails, heads = rank[city.tails], rank[city.heads]
    hierarchy = contract(n, tails, heads)
    forward, backward = np.full((2, len(hierarchy.up)), 77, np.int32)
    customise(*hierarchy, *place_links(*hierarchy, tails, heads), city.weight, forward, backward)
    return Streets(tails, heads, hierarchy, forward, backward)


def dijkstra_to(tails: np.ndarray, heads: np.ndarray, weight: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Times to `seed` from everywhere, INF where there is no way. Of parallel links the fastest counts."""
    open_ = weight < INF
    order = np.lexsort((weight[open_], tails[open_], heads[open_]))
    ends = np.stack((heads[open_], tails[open_]), axis=1)[order]
    first = np.ones(len(ends), np.bool_)
    first[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    given_ms = weight[open_][order][first].astype(np.float64)
    matrix = coo_matrix((given_ms, tuple(ends[first].T)), shape=(size, size)).tocsr()
    times = dijkstra(matrix, indices=seed)
    return np.where(np.isinf(times), INF, times).astype(np.int64)


def expected(city: City, streets: Streets, seeds: list[tuple[int, int]], *, turned: bool) -> list[int]:
    tails, heads = (streets.heads, streets.tails) if turned else (streets.tails, streets.heads)
    best = np.full(len(city.x), INF, np.int64)
    for seed, ms in seeds:
        best = np.minimum(best, dijkstra_to(tails, heads, city.weight, len(city.x), seed) + ms)
    return best.tolist()


def swept(streets: Streets, seeds: list[tuple[int, int]], *, turned: bool = False) -> np.ndarray:
    """Sweep to the seeds; `turned`: from them."""
    ways = (streets.backward, streets.forward) if turned else (streets.forward, streets.backward)
    out = np.full(len(streets.hierarchy.first_up) - 1, 77, np.int32)
    ranks, ms = np.array(seeds, np.int32).reshape(-1, 2).T.copy()
    to_target(*streets.hierarchy, *ways, ranks, ms, out)
    return out


@given(cities())
@settings(deadline=None)
def test_the_order_is_a_permutation_and_the_same_every_time(city: City) -> None:
    """Junctions in one place, islands and loops included; direction and number of links make no difference."""
    order = dissection_order(city.x, city.y, city.tails, city.heads)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(len(city.x)))
    twice = np.concatenate((city.heads, city.tails)), np.concatenate((city.tails, city.heads))
    assert dissection_order(city.x, city.y, *twice).tolist() == order.tolist()


def test_no_junction_and_one_junction() -> None:
    """The smallest cities there are."""
    nothing = np.empty(0, np.int32)
    assert dissection_order(nothing, nothing, nothing, nothing).tolist() == []
    assert [column.tolist() for column in contract(0, nothing, nothing)] == [[0], []]
    one = np.zeros(1, np.int32)
    assert dissection_order(one, one, one, one).tolist() == [0]
    assert [column.tolist() for column in contract(1, one, one)] == [[0, 0], []]


def test_a_link_to_nowhere_is_refused() -> None:
    """The message names the column."""
    one = np.ones(1, np.int32)
    with pytest.raises(ValueError, match="heads: a link is outside 0 <= rank < 1"):
        contract(1, one * 0, one)
    with pytest.raises(ValueError, match="tails: a link is outside"):
        contract(1, -one, one * 0)
    with pytest.raises(ValueError, match="heads: not as many"):
        contract(1, one * 0, np.empty(0, np.int32))


def eliminated(size: int, links: list[tuple[int, int]]) -> list[set[int]]:
    """Take the junctions out one by one, and join all that remain beside each."""
    up: list[set[int]] = [set() for _ in range(size)]
    for tail, head in links:
        if tail != head:
            up[min(tail, head)].add(max(tail, head))
    for v in range(size):
        for x in up[v]:
            up[x] |= {y for y in up[v] if y > x}
    return up


@given(cities())
@settings(deadline=None)
def test_contraction_is_what_taking_out_one_by_one_gives(city: City) -> None:
    """Every list ascending, complete, and without anything that is not needed."""
    streets = streets_of(city)
    first_up, up = streets.hierarchy
    links = list(zip(streets.tails.tolist(), streets.heads.tolist(), strict=True))
    lists = [up[first_up[v] : first_up[v + 1]].tolist() for v in range(len(city.x))]
    assert lists == [sorted(ends) for ends in eliminated(len(city.x), links)]


@given(cities())
@settings(deadline=None)
def test_every_link_runs_on_its_arc(city: City) -> None:
    """Slot and side name the link's two ends again."""
    streets = streets_of(city)
    first_up, up = streets.hierarchy
    slot, side = place_links(first_up, up, streets.tails, streets.heads)
    for i in range(len(slot)):
        tail, head = int(streets.tails[i]), int(streets.heads[i])
        if side[i] == LOOP:
            assert (tail, slot[i]) == (head, NOWHERE)
            continue
        assert side[i] == (UP if tail < head else DOWN)
        assert first_up[min(tail, head)] <= slot[i] < first_up[min(tail, head) + 1]
        assert up[slot[i]] == max(tail, head)


@given(cities())
@settings(deadline=None)
def test_customising_agrees_with_its_slow_twin(city: City) -> None:
    """Each arc is the best way over lower junctions only: all pairs over one junction after the other."""
    streets = streets_of(city)
    first_up, up = streets.hierarchy
    ms = {(a, b): INF for a in range(len(city.x)) for b in range(len(city.x))}
    for tail, head, weight in zip(streets.tails.tolist(), streets.heads.tolist(), city.weight.tolist(), strict=True):
        ms[tail, head] = min(ms[tail, head], weight)
    for v in range(len(city.x)):
        for a in range(first_up[v], first_up[v + 1]):
            assert streets.forward[a] == ms[v, up[a]]
            assert streets.backward[a] == ms[up[a], v]
        for (a, b), direct in ms.items():
            if a > v and b > v:
                ms[a, b] = min(direct, ms[a, v] + ms[v, b])


@given(cities(), st.data())
@settings(max_examples=300, deadline=None)
def test_times_equal_dijkstra(city: City, data: st.DataObject) -> None:
    """To and from several seeds, with what each has yet to go; from everywhere, and INF where there is no way."""
    streets = streets_of(city)
    seed = st.tuples(st.integers(0, len(city.x) - 1), st.one_of(st.integers(0, 5_000), st.just(INF)))
    seeds = data.draw(st.lists(seed, max_size=4))
    assert swept(streets, seeds).tolist() == expected(city, streets, seeds, turned=False)
    assert swept(streets, seeds, turned=True).tolist() == expected(city, streets, seeds, turned=True)


@given(cities(), st.data())
@settings(deadline=None)
def test_many_sweeps_at_once_are_each_by_itself(city: City, data: st.DataObject) -> None:
    """Column by column, both ways round; where no place is given nothing is reached."""
    streets = streets_of(city)
    seed = st.tuples(st.integers(0, len(city.x) - 1), st.integers(0, 5_000))
    places = data.draw(st.lists(st.lists(seed, max_size=3), max_size=5))
    begin = np.cumsum([0, *map(len, places)]).astype(np.int64)
    flat = [each for seeds in places for each in seeds]
    columns = np.array([v for v, _ in flat], np.int32), np.array([ms for _, ms in flat], np.int32)
    for turned, climbing, sweeping in (
        (False, streets.backward, streets.forward),
        (True, streets.forward, streets.backward),
    ):
        out = np.empty((len(city.x), LANES), np.int32)
        sweep_many(*streets.hierarchy, climbing, sweeping, begin, *columns, out)
        for lane, seeds in enumerate([*places, []]):
            assert out[:, lane].tolist() == swept(streets, seeds, turned=turned).tolist()


@given(cities(), st.data())
@settings(deadline=None)
def test_the_way_down_is_a_best_way(city: City, data: st.DataObject) -> None:
    """Links that follow each other, whose times add up to the time told, and that end at a seed."""
    streets = streets_of(city._replace(weight=np.maximum(city.weight, 1)))
    weight = np.maximum(city.weight, 1)
    size = len(city.x)
    start = data.draw(st.integers(0, size - 1))
    seeds = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, 5_000)), min_size=1, max_size=3))
    out = swept(streets, seeds)
    leaving = np.argsort(streets.tails, kind="stable").astype(np.int32)
    first_out = np.searchsorted(streets.tails[leaving], np.arange(size + 1)).astype(np.int32)
    path = np.full(size + 1, -1, np.int32)
    count = descend(first_out, streets.heads[leaving], weight[leaving], out, start, path)
    at, ms = start, 0
    for link in leaving[path[:count]].tolist():
        assert streets.tails[link] == at
        at, ms = int(streets.heads[link]), ms + int(weight[link])
    if out[start] < INF:
        assert out[start] == ms + min(wait for seed, wait in seeds if seed == at)
    else:
        assert count == 0
