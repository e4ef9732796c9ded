"""Times of posts: all units to all posts and all posts to all points at once are what the oracle says one by one."""

from itertools import product

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.place import Station, TravelSettings
from engine.model.roads import Closure, Conditions, Stretch
from engine.policy.redeploy.ground import Points
from engine.policy.redeploy.reach import StreetReach
from engine.policy.travel import StraightLine
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.snapping import Spots
from engine.streets.weighing import Mode
from tests.property.test_streets_oracle import graphs

SETTINGS = TravelSettings()
METRES = st.tuples(st.integers(-30, 70), st.integers(-30, 70))
AWAY_M = 50_000


@st.composite
def places(draw: st.DrawFn) -> tuple[Roads, Conditions, list[tuple[int, int]], list[tuple[int, int]]]:
    """Streets, what is closed on them, posts, and other places; one of each may lie where there is no road."""
    graph: Graph = draw(graphs())
    closed = draw(st.lists(st.integers(0, graph.arcs - 1), max_size=4, unique=True))
    conditions = Conditions(closures=(Closure("c", Stretch(arcs=tuple(closed))),) if closed else ())
    far = st.sampled_from([(AWAY_M, 0), (0, AWAY_M)])
    posts = draw(st.lists(METRES, min_size=1, max_size=4)) + draw(st.lists(far, max_size=1))
    others = draw(st.lists(METRES, min_size=1, max_size=6)) + draw(st.lists(far, max_size=1))
    return Roads(Network(graph), SETTINGS), conditions, posts, others


def reach_of(roads: Roads, conditions: Conditions, posts: list[tuple[int, int]]) -> StreetReach:
    stations = tuple(Station(f"P{n}", f"P{n}", *at) for n, at in enumerate(posts))
    return StreetReach(roads, roads.oracle(conditions), StraightLine(130, 11_000), stations)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=places())
def test_units_to_posts_is_the_oracle_s_time_for_each(case):
    """With closures, one-ways, forbidden turns; a straight line where one end has no road."""
    roads, conditions, posts, others = case
    reach = reach_of(roads, conditions, posts)
    x_m, y_m = (np.array(column, np.int32) for column in zip(*others, strict=True))
    spots = roads.spots(x_m, y_m, np.full(len(others), -1, np.int16))
    rows = np.arange(len(others), dtype=np.int32)
    found = reach.units_ms(spots, rows, others)
    assert (found == reach.from_places(others)).all()
    oracle = roads.oracle(conditions)
    for unit, (number, post) in product(range(len(others)), enumerate(posts)):
        if AWAY_M in post or AWAY_M in others[unit]:
            assert found[unit, number] == StraightLine(130, 11_000).to_points_ms(others[unit], [post], 1)[0]
            continue
        one = Spots.of(roads.spot(*others[unit]))
        told = oracle.times_ms(one, np.zeros(1, np.int32), roads.spot(*post), Mode.NORMAL)[0]
        assert found[unit, number] == told


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=places())
def test_posts_to_points_is_the_oracle_s_time_for_each(case):
    """In both modes, wherever no closure touches the post's own street."""
    roads, conditions, posts, others = case
    reach = reach_of(roads, conditions, posts)
    x_m, y_m = (np.array(column, np.int32) for column in zip(*others, strict=True))
    found = reach.points_ms(Points(x_m, y_m, np.ones(len(others), np.int64)))
    oracle = roads.oracle(conditions)
    for mode, (number, post), (place, point) in product(Mode, enumerate(posts), enumerate(others)):
        if AWAY_M in post or AWAY_M in point:
            assert found[mode, number, place] == StraightLine(130, 11_000).to_points_ms(post, [point], 1)[0]
            continue
        start, end = roads.spot(*post), roads.spot(*point)
        closures = oracle.metric(mode).weights.closures
        if closures is None or not closures.unusual[start.arc]:
            told = oracle.times_ms(Spots.of(start), np.zeros(1, np.int32), end, mode)[0]
            assert found[mode, number, place] == told


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=places(), other=places())
def test_points_that_were_found_on_some_streets_are_found_anew_on_others(case, other):
    """Where points lie is kept for other conditions of the same streets, and never told of other streets."""
    x_m, y_m = (np.array(column, np.int32) for column in zip(*case[3], strict=True))
    points = Points(x_m, y_m, np.ones(len(x_m), np.int64))
    for roads, conditions, posts, _ in (case, other, case):
        reach = reach_of(roads, conditions, posts)
        unseen = Points(x_m.copy(), y_m.copy(), points.weight)
        assert (reach.points_ms(points) == reach.points_ms(unseen)).all()
