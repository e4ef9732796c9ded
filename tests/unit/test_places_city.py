"""The made-up city: sound, believable, and the same bytes for the same seed."""

import hashlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.model.geometry import inside
from engine.model.plans import Mode, Order
from gateways.places import PlaceRefused, generate, graph_of, load, metropolis_streets
from gateways.places.city.fleet import KINDS
from gateways.places.city.generate import City, make_city
from gateways.places.city.land import PROJECTION
from gateways.places.city.people import HOURLY, _hilbert
from gateways.places.connected import largest_part
from gateways.places.coverage import coverage_points

GOLDEN = Path(__file__).parents[1] / "golden" / "city-7-120.txt"


def quiet(step: str, done: int, total: int) -> None:
    assert step
    assert 0 <= done <= total


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(7, 120, quiet)


def test_the_demo_city_is_the_one_of_the_golden_file(tmp_path: Path) -> None:
    """Demo, screenshots and load tests rest on these bytes. To accept a change, write the lines shown into the file."""
    generate(tmp_path / "city", 7, 120, quiet)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted((tmp_path / "city").iterdir())
    ]
    assert lines == GOLDEN.read_text().splitlines()


def test_another_seed_is_another_city(city: City) -> None:
    """Streets, stations and name all differ."""
    other = make_city(8, 120, quiet)
    assert other.place.name != city.place.name
    assert other.place.stations != city.place.stations
    assert other.streets.node_lat.tobytes() != city.streets.node_lat.tobytes()


@pytest.mark.parametrize(("seed", "units"), [(7, 24), (1, 25), (2, 60), (3, 120), (4, 1000)])
def test_every_city_loads_without_an_error(tmp_path: Path, seed: int, units: int) -> None:
    """What is generated reads back equal, and only small fleets are short of something."""
    made = generate(tmp_path / "city", seed, units, quiet)
    loaded = load(tmp_path / "city")
    assert loaded.place == made.place
    assert loaded.demand == made.demand
    assert len(loaded.place.units) == units
    assert units < 120 or loaded.warnings == ()


@pytest.mark.parametrize(("units", "seed"), [(23, 7), (0, 7), (-5, 7), (200_001, 7), (120, -1)])
def test_what_cannot_be_a_city_is_refused(tmp_path: Path, units: int, seed: int) -> None:
    """And nothing is written."""
    with pytest.raises(PlaceRefused, match=r"a city needs|a seed is"):
        generate(tmp_path / "city", seed, units, quiet)
    assert not (tmp_path / "city").exists()


def test_the_fleet_has_every_kind_and_shares_crews(city: City) -> None:
    """Exactly the units asked for; cross-staffed ones stand at one station; some are untracked."""
    kinds = Counter(unit.kind for unit in city.place.units)
    assert set(kinds) == {kind.name for kind in KINDS}
    assert kinds.total() == 120
    for crew in city.place.crews:
        members = [unit for unit in city.place.units if unit.crew == crew.id]
        assert len(members) == 2
        assert len({unit.station for unit in members}) == 1
    assert city.place.crews
    assert any(not unit.tracked for unit in city.place.units)
    assert len(city.place.stations) == 20


def test_a_neighbour_lends_the_farthest_fire_station(city: City) -> None:
    """All units there are the neighbour's and no others, one of them always stays; a small town has no neighbour."""
    (agency,) = city.place.agencies
    theirs = [unit for unit in city.place.units if unit.agency == agency.id]
    (home,) = {unit.station for unit in theirs}
    assert theirs == [unit for unit in city.place.units if unit.station == home]
    away = {each.id: each.x_m**2 + each.y_m**2 for each in city.place.stations if each.id.startswith("FS")}
    assert away[home] == max(away.values())
    assert 1 <= agency.units_max == len(theirs) - 1
    assert make_city(7, 24, quiet).place.agencies == ()


def test_fires_can_be_answered_in_two_ways_and_struck_twice(city: City) -> None:
    """A quint saves an engine and the ladder; what the alarms add is there; districts have their first-due order."""
    fire = next(plan for plan in city.place.plans if plan.id == "working-fire")
    own, other = (sum(slot.count for slot in way.slots) for way in fire.ways())
    assert own - other == 1
    assert [level.level for level in fire.alarms] == [2, 3]
    assert sum(slot.count for slot in fire.wanted("", 3)) == own + 4 + 3
    assert fire.par_every_ms > 0
    assert fire.order is Order.BLENDED
    stations = {station.id: station for station in city.place.stations}
    for area in city.place.areas:
        x_m = sum(x for x, _ in area.polygon) // len(area.polygon)
        y_m = sum(y for _, y in area.polygon) // len(area.polygon)
        away = [(stations[n].x_m - x_m) ** 2 + (stations[n].y_m - y_m) ** 2 for n in area.stations]
        assert away == sorted(away)
        assert len(away) == 6


def test_everybody_has_a_crew_and_cover_is_wanted_where_people_are(city: City) -> None:
    """Units say how many they are; hospitals what they can do; the points of cover come from the zones."""
    assert all(0 < unit.staff_min <= unit.staff for unit in city.place.units)
    assert {word for hospital in city.place.hospitals for word in hospital.services} >= {"trauma", "burns", "stroke"}
    assert city.place.coverage.points == coverage_points(city.demand.zones)
    assert 100 < len(city.place.coverage.points) <= 400


def test_a_newcomer_sees_both_modes(city: City) -> None:
    """Fire and EMS go at once down to priority 3; police and low priorities ask."""
    mode = {plan.id: plan.mode for plan in city.place.plans}
    assert mode["working-fire"] == mode["medical"] == Mode.AUTO
    assert mode["police"] == mode["armed-incident"] == mode["medical-low"] == Mode.ADVISE


def test_every_junction_can_be_reached_from_every_other(city: City) -> None:
    """A unit never gets stuck in a dead end of one-way streets: checked from a few, both ways, the slow way."""
    streets = city.streets
    count = len(streets.node_lat)
    for tails, heads in ((streets.arc_from, streets.arc_to), (streets.arc_to, streets.arc_from)):
        near: list[list[int]] = [[] for _ in range(count)]
        for tail, head in zip(tails.tolist(), heads.tolist(), strict=True):
            near[tail].append(head)
        seen, stack = {0}, [0]
        while stack:
            fresh = [node for node in near[stack.pop()] if node not in seen]
            seen.update(fresh)
            stack += fresh
        assert len(seen) == count


def test_streets_are_believable(city: City) -> None:
    """Lights are faster than none; there are bridges, one-ways, a ring and many names; no arc is absurd."""
    streets = city.streets
    assert (streets.lights_ms < streets.normal_ms).all()
    assert (streets.lights_ms > 0).all()
    assert streets.length_m.min() > 5
    assert streets.length_m.max() < 1500
    by_class = Counter(streets.classes[streets.arc_class].tolist())
    assert set(by_class) == {"ring", "bridge", "arterial", "collector", "residential"}
    assert 4 <= by_class["bridge"] / 2 <= 20
    arcs = set(zip(streets.arc_from.tolist(), streets.arc_to.tolist(), strict=True))
    one_way = sum((head, tail) not in arcs for tail, head in arcs)
    assert 0.005 < one_way / len(arcs) < 0.2
    assert len(set(streets.names.tolist())) == len(streets.names) > 500
    assert len(arcs) == len(streets.arc_from)


def test_only_bridges_cross_the_river(city: City) -> None:
    """Without its bridges the city falls into two parts."""
    streets = city.streets
    dry = streets.classes[streets.arc_class] != "bridge"
    group = np.arange(len(streets.node_lat))
    tails, heads = streets.arc_from[dry], streets.arc_to[dry]
    while True:
        lowest = group.copy()
        np.minimum.at(lowest, tails, group[heads])
        np.minimum.at(lowest, heads, group[tails])
        lowest = lowest[lowest]
        if (lowest == group).all():
            break
        group = lowest
    sizes = sorted(Counter(group.tolist()).values(), reverse=True)
    assert sizes[1] > 0.1 * len(group)


def test_demand_is_dense_in_the_centre_and_adds_up(city: City) -> None:
    """Weights sum to the people, shares to one, hours to a mean of one."""
    demand = city.demand
    assert sum(zone.weight for zone in demand.zones) == pytest.approx(400_000, rel=1e-3)
    assert sum(share.share for share in demand.shares) == pytest.approx(1, abs=1e-9)
    assert sum(HOURLY) / 24 == pytest.approx(1, abs=1e-9)
    density = {True: [], False: []}  # type: dict[bool, list[float]]
    for zone in demand.zones:
        density[zone.x_m**2 + zone.y_m**2 < 2500**2].append(zone.weight)
    assert np.mean(density[True]) > 3 * np.mean(density[False])


def test_districts_leave_no_gap_and_no_overlap(city: City) -> None:
    """Every station lies in exactly one, and so does each point of a fine grid over the city."""
    areas = city.place.areas
    points = [(x, y) for x in range(-6000, 6001, 377) for y in range(-6000, 6001, 377)]
    points += [(station.x_m, station.y_m) for station in city.place.stations]
    assert all(sum(inside(area.polygon, x, y) for area in areas) == 1 for x, y in points)


def test_the_hilbert_curve_visits_each_cell_once_and_steps_to_a_neighbour() -> None:
    """So equal parts along it are compact parts of the city."""
    side = np.arange(16, dtype=np.float64)
    x, y = (axis.ravel() - 7.5 for axis in np.meshgrid(side, side))
    position = _hilbert(x, y, levels=4)
    assert sorted(position.tolist()) == list(range(256))
    path = np.argsort(position)
    steps = [abs(x[a] - x[b]) + abs(y[a] - y[b]) for a, b in pairwise(path.tolist())]
    assert set(steps) == {1.0}


@pytest.mark.slow
@pytest.mark.parametrize("units", [10_000, 100_000])
def test_a_metropolis_loads_without_an_error(tmp_path: Path, units: int) -> None:
    """Stations and zones grow with the fleet; the street graph stays within its cap."""
    made = generate(tmp_path / "city", 7, units, quiet)
    loaded = load(tmp_path / "city")
    assert loaded.place == made.place
    assert len(loaded.place.units) == units
    assert loaded.warnings == ()
    assert len(made.streets.node_lat) <= 240 * 240


@pytest.mark.parametrize(("seed", "units"), [(7, 120), (7, 2000)])
def test_every_bridge_has_a_name_of_its_own(seed: int, units: int) -> None:
    """Two words that can be typed, such as Mill Bridge: closing one bridge never closes another."""
    streets = make_city(seed, units, quiet).streets
    over = streets.classes[streets.arc_class] == "bridge"
    ends: dict[str, set[frozenset[int]]] = {}
    for name, tail, head in zip(
        streets.names[streets.arc_name[over]].tolist(),
        streets.arc_from[over].tolist(),
        streets.arc_to[over].tolist(),
        strict=True,
    ):
        ends.setdefault(name, set()).add(frozenset((tail, head)))
    assert all(len(pairs) == 1 for pairs in ends.values())
    assert all(name.endswith(" Bridge") and len(name.split(" ")) == 2 for name in ends)
    assert not set(ends) & set(streets.names[streets.arc_name[~over]].tolist())


def test_a_metropolis_has_the_junctions_asked_for() -> None:
    """About; the same each time, and every arc is a straight street between two of them."""
    streets = metropolis_streets(3, 20_000)
    assert len(streets.node_lat) == pytest.approx(20_000, rel=0.05)
    assert graph_of(streets, PROJECTION).digest == graph_of(metropolis_streets(3, 20_000), PROJECTION).digest
    assert largest_part(streets.arc_from, streets.arc_to, len(streets.node_lat)).all()
    for wrong in (0, 999, 10**9):
        with pytest.raises(ValueError, match="a metropolis has 1000 to 4000000 junctions"):
            metropolis_streets(3, wrong)
