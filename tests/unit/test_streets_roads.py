"""Roads as the World holds them: where things are on them, what a closure does, what the way is called."""

import numpy as np
import pytest

from engine.model.place import TravelSettings
from engine.model.roads import Closure, Conditions, Slowing, Stretch, Weather
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE, Spots
from engine.streets.weighing import Mode

LIGHTS, NORMAL = Mode.LIGHTS, Mode.NORMAL
EVERYDAY = Conditions()


def streets(rows: list[tuple[int, int, int, str, str]], points: list[tuple[int, int]], **more: object) -> Graph:
    """Arcs (from, to, seconds, name, class) between points in metres."""
    names, classes = sorted({row[3] for row in rows}), sorted({row[4] for row in rows})
    x, y = zip(*points, strict=True)
    tail, head = [row[0] for row in rows], [row[1] for row in rows]
    length = [round(10 * np.hypot(x[a] - x[b], y[a] - y[b])) for a, b in zip(tail, head, strict=True)]
    lights = [row[2] * 1000 for row in rows]
    return Graph(
        [10 * at for at in x],
        [10 * at for at in y],
        tail,
        head,
        length,
        lights,
        more.pop("normal_ms", [2 * ms for ms in lights]),
        [classes.index(row[4]) for row in rows],
        [names.index(row[3]) for row in rows],
        classes=tuple(classes),
        names=tuple(names),
        **more,
    )


def both(a: int, b: int, seconds: int, name: str, kind: str = "street") -> list[tuple[int, int, int, str, str]]:
    return [(a, b, seconds, name, kind), (b, a, seconds, name, kind)]


def town(**more: object) -> Roads:
    """Two banks, joined by a bridge (quick) and a ford far out (slow).

    0 ── 1 ══ Mill Bridge ══ 2 ── 3
    └───────────  Ford Lane  ─────┘
    """
    points = [(0, 0), (1000, 0), (1400, 0), (2400, 0)]
    rows = [
        *both(0, 1, 60, "West Street"),
        *both(1, 2, 20, "Mill Bridge", "bridge"),
        *both(2, 3, 60, "East Street"),
        *both(0, 3, 600, "Ford Lane", "lane"),
    ]
    return Roads(Network(streets(rows, points, **more)), TravelSettings())


def time_ms(
    roads: Roads, conditions: Conditions, start: tuple[int, int], end: tuple[int, int], mode: Mode = LIGHTS
) -> int:
    spots = Spots.of(roads.spot(*start))
    return int(roads.oracle(conditions).times_ms(spots, np.zeros(1, np.int32), roads.spot(*end), mode)[0])


def test_a_closed_bridge_sends_everyone_the_long_way_round():
    """Through traffic avoids a closure, in both directions, and the street list says by which way."""
    roads = town()
    closed = Conditions(closures=(Closure("c1", Stretch(streets=("Mill Bridge",)), "flood"),))
    assert time_ms(roads, EVERYDAY, (500, 0), (1900, 0)) == 30_000 + 20_000 + 30_000
    assert time_ms(roads, closed, (500, 0), (1900, 0)) == 30_000 + 600_000 + 30_000
    route = roads.route(closed, (500, 0), (1900, 0), LIGHTS)
    assert route is not None
    assert [leg.street for leg in route.legs] == ["West Street", "Ford Lane", "East Street"]
    assert route.travel_ms == 660_000
    assert (route.line[0], route.line[-1]) == ((500, 0), (1900, 0))


def test_an_incident_on_a_closed_road_can_be_reached_and_a_unit_on_it_can_leave():
    """A closure stops those who pass through: the crash that closed the bridge is on the bridge."""
    roads = town()
    closed = Conditions(closures=(Closure("c1", Stretch(classes=("bridge",))),))
    assert time_ms(roads, closed, (500, 0), (1200, 0)) == 30_000 + 10_000
    assert time_ms(roads, closed, (1200, 0), (500, 0)) == 10_000 + 30_000


def test_a_closed_street_of_many_parts_is_driven_into_and_out_of():
    """A bridge with bends and a junction on it: closed as a whole, its middle is reached, and left, from both banks."""
    points = [(0, 0), (1000, 0), (1200, 40), (1400, 0), (1600, 40), (2600, 0), (1400, 300)]
    rows = [
        *both(0, 1, 60, "West"),
        *both(1, 2, 10, "Bridge"),
        *both(2, 3, 10, "Bridge"),
        *both(3, 4, 10, "Bridge"),
        *both(4, 5, 60, "East"),
        *both(3, 6, 30, "Island Road"),
    ]
    roads = Roads(Network(streets(rows, points)), TravelSettings())
    closed = Conditions(closures=(Closure("c1", Stretch(streets=("Bridge",))),))
    crash = (1500, 20)
    assert time_ms(roads, closed, (500, 0), crash) == time_ms(roads, EVERYDAY, (500, 0), crash) == 55_000
    assert time_ms(roads, closed, crash, (500, 0)) == 55_000
    assert time_ms(roads, closed, (500, 0), (2100, 20)) == -1
    route = roads.route(closed, (500, 0), crash, LIGHTS)
    assert route is not None
    assert [leg.street for leg in route.legs] == ["West", "Bridge"]


def test_a_street_that_is_closed_from_its_second_bend_on_is_driven_into():
    """Open, closed, closed, without a junction between: found by chance among thousands of made-up streets."""
    points = [(0, 0), (1000, 0), (1100, 10), (1200, 0), (1300, 10), (0, 500), (1300, 500)]
    rows = [*both(0, 1, 60, "Long"), *both(1, 2, 10, "Long"), *both(2, 3, 10, "Long"), *both(3, 4, 10, "Long")]
    rows += [*both(0, 5, 5, "West"), *both(4, 6, 5, "East"), *both(5, 6, 900, "Around")]
    roads = Roads(Network(streets(rows, points)), TravelSettings())
    closed = Conditions(closures=(Closure("c1", Stretch(arcs=(4, 5, 6, 7))),))
    assert time_ms(roads, closed, (0, 250), (1250, 5)) == 2_500 + 60_000 + 10_000 + 10_000 + 5_000
    assert time_ms(roads, closed, (1250, 5), (0, 250)) == 2_500 + 60_000 + 10_000 + 10_000 + 5_000


def test_a_bridge_that_was_the_only_way_leaves_the_other_bank_unreachable():
    """No way is -1 and no route, never a made-up time."""
    points = [(0, 0), (1000, 0), (1400, 0), (2400, 0)]
    rows = [*both(0, 1, 60, "West"), *both(1, 2, 20, "Bridge"), *both(2, 3, 60, "East")]
    roads = Roads(Network(streets(rows, points)), TravelSettings())
    closed = Conditions(closures=(Closure("c1", Stretch(streets=("Bridge",))),))
    assert time_ms(roads, closed, (500, 0), (1900, 0)) == -1
    assert roads.route(closed, (500, 0), (1900, 0), LIGHTS) is None
    assert time_ms(roads, closed, (500, 0), (100, 0)) == 24_000


def test_all_factors_multiply():
    """Weather, slowings, the class's percent and what is known of a single arc."""
    roads = town()
    conditions = Conditions(
        weather=Weather("snow", 150, 0),
        slowings=(Slowing("s", Stretch(streets=("Mill Bridge",)), 200, 0),),
        class_percent=(("*", 80), ("bridge", 120)),
        arc_percent=((0, 125),),
    )
    # West Street eastwards is arc 0: 80 x 125 x 150 %; the bridge 120 x 150 x 200; East Street 80 x 150.
    assert time_ms(roads, conditions, (0, 0), (2400, 0)) == 90_000 + 72_000 + 72_000


def test_normal_driving_may_not_use_what_is_open_to_lights_only():
    """A lane for emergency vehicles is used under lights and sirens and at no other time."""
    normal = [120_000] * 2 + [-1] * 2 + [120_000] * 2 + [1_200_000] * 2
    roads = town(normal_ms=normal)
    assert time_ms(roads, EVERYDAY, (0, 0), (2400, 0), LIGHTS) == 140_000
    assert time_ms(roads, EVERYDAY, (0, 0), (2400, 0), NORMAL) == 1_200_000


def test_a_forbidden_turn_costs_under_lights_and_is_not_made_without():
    """From West Street no turn onto the bridge: lights and sirens pay for it, others go round by the ford."""
    roads = town(turn_from=[0], turn_to=[2])
    assert time_ms(roads, EVERYDAY, (0, 0), (2400, 0), LIGHTS) == 140_000 + roads.settings.lights_turn_ms
    assert time_ms(roads, EVERYDAY, (0, 0), (2400, 0), NORMAL) == 1_200_000


def test_the_heading_decides_between_carriageways_and_costs_a_turn_back():
    """Of two one-way carriageways 12 m apart the moving unit is on the one that runs its way."""
    points = [(0, 0), (1000, 0), (1000, 12), (0, 12)]
    rows = [(0, 1, 60, "Eastbound", "dual"), (1, 2, 2, "Turn", "dual"), (2, 3, 60, "Westbound", "dual")]
    roads = Roads(Network(streets([*rows, (3, 0, 2, "Turn", "dual")], points)), TravelSettings())
    x, y = np.array([500, 500, 500], np.int32), np.array([5, 5, 8], np.int32)
    spots = roads.spots(x, y, np.array([-1, 270, 90], np.int16))
    names = [roads.graph.names[roads.graph.arc_name[arc]] for arc in spots.arc.tolist()]
    assert names == ["Eastbound", "Westbound", "Eastbound"]
    assert spots.free.tolist() == [1, 0, 0]


def test_a_unit_that_moves_away_pays_for_turning_round():
    """The same position, standing and moving east: what lies behind is the price of a turn farther."""
    roads = town()
    x, y = np.array([500, 500], np.int32), np.zeros(2, np.int32)
    spots = roads.spots(x, y, np.array([-1, 90], np.int16))
    times = roads.oracle(EVERYDAY).times_ms(spots, np.arange(2, dtype=np.int32), roads.spot(100, 0), LIGHTS)
    assert times.tolist() == [24_000, 24_000 + roads.settings.uturn_ms]


def test_off_the_road_takes_time_and_far_off_there_is_no_road():
    """Beyond 15 m the way to the road is driven slowly; beyond 1,000 m the position is not on the streets."""
    roads = town()
    beside, off, far = roads.spot(500, 14), roads.spot(500, 71), roads.spot(500, -1_100)
    assert (beside.extra_ms, off.extra_ms) == (0, 56_000 * 1000 // roads.settings.off_road_mm_per_s)
    assert far.arc == NOWHERE
    assert time_ms(roads, EVERYDAY, (500, -1_100), (100, 0)) == -1
    assert roads.route(EVERYDAY, (500, -1_100), (100, 0), LIGHTS) is None


def test_stretches_mean_what_they_name():
    """Names, classes, polygons and numbers each narrow a stretch down; a polygon means arcs that cross it, too."""
    roads = town()
    across = ((1100, -50), (1200, -50), (1200, 50), (1100, 50))
    assert roads.touched(Stretch(streets=("Mill Bridge", "Ford Lane"))) == 4
    assert roads.touched(Stretch(polygon=across)) == 4, "the bridge, and Ford Lane which runs under it on this map"
    assert roads.touched(Stretch(polygon=across, classes=("bridge",))) == 2
    assert roads.touched(Stretch(polygon=((5000, 5000), (6000, 5000), (6000, 6000)))) == 0
    assert roads.touched(Stretch(arcs=(0, 99))) == 1
    assert roads.touched(Stretch()) == roads.graph.arcs


def test_equal_conditions_share_one_oracle_and_old_ones_go():
    """Asked again nothing is customised again; the vectors of old conditions go with their oracle."""
    roads = town()
    first = roads.oracle(Conditions(weather=Weather("ice", 200, 0)))
    assert roads.oracle(Conditions(weather=Weather("ice", 200, 0))) is first
    for percent in (210, 220, 230):
        roads.oracle(Conditions(weather=Weather("ice", percent, 0)))
    assert roads.oracle(Conditions(weather=Weather("ice", 200, 0))) is not first


def test_an_oracle_apart_answers_alike_and_leaves_the_other_s_memory_alone():
    """Another thread that asks about other spots once made the writer's columns too short under its hands: a crash."""
    roads = town()
    own = roads.oracle(EVERYDAY)
    fleet, home = Spots.of(*(roads.spot(100 * step, 0) for step in range(9))), roads.spot(2_300, 0)
    rows = np.arange(9, dtype=np.int32)
    times = own.times_ms(fleet, rows, home, NORMAL)
    kept, target = own.metric(NORMAL).departures(fleet), own.target(home, NORMAL)
    apart = own.apart()
    assert apart.times_ms(Spots.of(roads.spot(50, 0)), rows[:1], home, NORMAL)[0] > 0
    assert np.array_equal(apart.times_ms(fleet, rows, home, NORMAL), times)
    assert own.metric(NORMAL).departures(fleet) is kept
    assert own.target(home, NORMAL) is target
    assert apart.target(home, NORMAL) is not target


def test_what_is_prepared_is_complete_before_it_is_found_and_then_left_alone():
    """Both modes and the vectors, of new conditions; of those that are known already the writer is the one user."""
    roads, spot = town(), (1_200, 0, LIGHTS)
    roads.prepare(EVERYDAY, [spot])
    found = roads.oracle(EVERYDAY)
    assert list(found._metrics) == list(Mode)
    assert list(found._targets) == [(roads.spot(1_200, 0), LIGHTS)]
    roads.prepare(EVERYDAY, [spot, (100, 0, LIGHTS)])
    assert roads.oracle(EVERYDAY) is found
    assert len(found._targets) == 1


@pytest.mark.parametrize("nodes", [0, 1])
def test_streets_without_an_arc_are_nowhere(nodes: int):
    """An empty graph is a graph: everything on it is nowhere."""
    roads = Roads(Network(Graph([0] * nodes, [0] * nodes, [], [], [], [], [], [], [])), TravelSettings())
    assert roads.spot(0, 0).arc == NOWHERE
    assert time_ms(roads, EVERYDAY, (0, 0), (0, 0)) == -1


def test_a_list_of_points_is_where_each_of_them_is() -> None:
    roads = town()
    for points in (((10, 0), (1200, 3)), ((10, 0), (1200, 3)), ((1200, 3), (10, 0)), ((2000, 0),), ()):
        assert roads.spots_at(points) == tuple(roads.spot(*point) for point in points)
