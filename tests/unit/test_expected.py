"""What the planner reckons with: begins as configured, is drawn to what happens, survives restarts, and does not drift."""

import numpy as np
from msgspec.structs import replace

from engine.learning.demand import DemandBook
from engine.model.demand import Demand, TypeShare, Zone
from engine.model.facts import IncidentReported
from engine.model.inputs import Tick
from engine.model.paper import decode_as, encode
from engine.model.place import Station
from engine.model.rules import CoverageRules
from engine.model.turn import Turn
from engine.policy.redeploy.expected import ZONES_LEAST, Expected, Learned
from tests.builders import small_place
from tests.unit.demo_kit import CARE, demand
from tests.unit.engine_place import Town

MONDAY = 1_769_990_400_000 - 2 * 86_400_000
HOUR_MS = 3_600_000
WEEK_MS = 168 * HOUR_MS


def called(at_ms: int, x_m: int, y_m: int, kind: str = "sick") -> Turn:
    fact = IncidentReported(
        incident="I1", type=kind, priority=3, x_m=x_m, y_m=y_m, plan="routine", area=None, address="", caller="",
        note="", external="", by="cad",
    )  # fmt: skip
    return Turn(1, at_ms, Tick(), (fact,))


def shares(expected: Expected, now: int) -> list[float]:
    points = expected.expect(now).points
    assert points is not None
    return [float(weight) / float(points.weight.sum()) for weight in points.weight]


def test_it_begins_as_configured() -> None:
    """Shares, calls a day and classes of demand are the place's own before anybody has called."""
    found = Expected(small_place(), demand(), Learned()).expect(MONDAY)
    assert found.points is not None
    assert found.points.x_m.tolist() == [0, 9_900]
    assert [round(float(weight) / float(found.points.weight.sum()), 3) for weight in found.points.weight] == [
        0.833,
        0.167,
    ]
    assert abs(found.calls_per_day - 2_400) <= 1
    assert found.rules is not None
    assert found.busy_permille is not None
    assert np.shape(found.busy_permille) == (len(found.rules), 2)
    assert len(found.rules) > 1
    assert all("00 s" in rule.name or "30 s" in rule.name for rule in found.rules)


def test_it_is_drawn_to_where_people_call() -> None:
    """A corner that a sixth of the calls were expected from, and all come from, weighs more every week."""
    quiet = replace(demand(), calls_per_day=24.0)
    expected, now = Expected(small_place(), quiet, Learned()), MONDAY
    seen = [shares(expected, now)[1]]
    for _ in range(6):
        for hour in range(168):
            expected.saw(called(now + hour * HOUR_MS, 9_900, 9_900))
        now += WEEK_MS
        seen.append(shares(expected, now)[1])
    assert seen == sorted(seen)
    assert seen[0] < 0.2
    assert seen[-1] > 0.5


def test_a_year_without_calls_fades_and_breaks_nothing() -> None:
    """Rates fall towards nothing, the busier corner stays the busier one, and there is always something to cover."""
    expected = Expected(small_place(), demand(), Learned())
    first = expected.expect(MONDAY)
    later = expected.expect(MONDAY + 52 * WEEK_MS)
    assert later.points is not None
    assert 0 < later.calls_per_day < first.calls_per_day / 2
    assert later.points.weight[0] >= later.points.weight[1] > 0


def test_an_hour_without_demand_is_covered_as_usual() -> None:
    """A place that expects nobody at night still wants its units where the calls of the day come from."""
    noon_only = tuple(24.0 if hour == 12 else 0.0 for hour in range(24))
    found = Expected(small_place(), demand(noon_only), Learned()).expect(MONDAY + 3 * HOUR_MS)
    assert found.points is not None
    assert int(found.points.weight.sum()) > 0


def test_emergencies_of_units_are_no_demand() -> None:
    """Where crews call for help says nothing about where people will."""
    learned = Learned()
    expected = Expected(small_place(), demand(), learned)
    expected.saw(called(MONDAY, 9_900, 9_900, "unit_emergency"))
    expected.learn()
    assert learned.demand.zones == {}


def test_what_is_kept_is_all_there_is() -> None:
    """Written down in the middle and read again, it goes on to the same bytes."""
    whole, first = Learned(), Learned()
    one, two = Expected(small_place(), demand(), whole), Expected(small_place(), demand(), first)
    for hour in range(40):
        turn = called(MONDAY + hour * 7 * HOUR_MS, hour * 250, hour * 250)
        for each in (one, two):
            each.saw(turn)
            each.learn()
        if hour == 20:
            first = decode_as(Learned, encode(first))
            two = Expected(small_place(), demand(), first)
    assert encode(whole) == encode(first)


def test_other_zones_begin_anew() -> None:
    """What was counted by zones that are no longer there is not taken for the new ones'."""
    learned = Learned()
    Expected(small_place(), demand(), learned).saw(called(MONDAY, 0, 0))
    expected = Expected(small_place(), demand(), learned)
    expected.saw(called(MONDAY, 0, 0))
    expected.learn()
    assert learned.demand.zones == {0: 1_000}
    other = replace(demand(), zones=(Zone(500, 0, 100, 1.0),))
    Expected(small_place(), other, learned)
    assert encode(learned.demand) == encode(DemandBook())


def test_busy_units_are_seen_by_what_they_can() -> None:
    """Six samples of an hour; those out count against those on duty, and neighbours' units not at all."""
    place = small_place(coverage=CoverageRules(points=((0, 0, 1),), busy_permille=300))
    town, learned = Town(place), Learned()
    expected = Expected(place, demand(), learned)
    for number in range(3):
        town.report("cardiac", 1, at=(number * 100, 0))
    hour = (town.now // HOUR_MS) * HOUR_MS
    for minute in range(0, 600, 5):
        expected.sample(town.world, hour + minute * 60_000)
    bls = {name: value for name, value in learned.busy.fractions.items() if name.startswith("bls/")}
    assert len(bls) == 10
    assert all(value > 300_000 for value in bls.values())
    assert np.max(expected.expect(hour).busy_permille) <= 400


def test_however_seldom_it_looks_every_kind_has_its_turn() -> None:
    """Once in five minutes: more kinds than fit into the time between two samples of one."""
    town, learned = Town(small_place()), Learned()
    expected = Expected(town.world.settled, demand(), learned)
    for look in range(40):
        expected.sample(town.world, MONDAY + look * 300_000)
    seen = {name.partition("/")[0] for name in learned.busy.fractions}
    rules = expected.expect(MONDAY).rules or ()
    assert len({rule.needs for rule in rules}) > 1
    assert seen == {"", *("+".join(town.world.settled.names(rule.needs)) for rule in rules)}


def test_where_units_are_busier_points_are_told_so() -> None:
    """Each point by the station that it is nearest to; a week of samples in which one station's units are always out."""
    place = small_place(coverage=CoverageRules(points=((0, 0, 1),), busy_permille=300))
    town, learned = Town(place), Learned()
    town.report("cardiac", 1, at=(9_000, 9_000))
    (out,) = [unit for unit in town.world.units if unit.incident is not None]
    home = place.stations[int(town.world.fleet.post[out.row])]
    far = max(place.stations, key=lambda each: (each.x_m - home.x_m) ** 2 + (each.y_m - home.y_m) ** 2)
    zones = tuple(Zone(each.x_m, each.y_m, 50, 1.0) for each in (home, far))
    expected = Expected(place, replace(demand(), zones=zones), learned)
    for sample in range(7 * 144):
        expected.sample(town.world, MONDAY + sample * 600_000)
    found = expected.expect(MONDAY)
    assert found.rules is not None
    layer = next(n for n, rule in enumerate(found.rules) if place.units[0].capabilities & rule.needs == rule.needs)
    busy = np.asarray(found.busy_permille)[layer]
    assert busy[0] > busy[1]


def test_a_large_city_has_fewer_zones() -> None:
    """So many posts and zones that the times between them would take minutes are put together; no demand is lost."""
    zones = tuple(Zone(x * 100, y * 100, 50, 1.0 + x % 3) for x in range(-60, 60) for y in range(-40, 40))
    stations = tuple(Station(f"S{n}", f"Station {n}", n * 10, 0) for n in range(1, 8_000))
    wide = Demand(100.0, (1.0,) * 24, (TypeShare("sick", 3, 1.0),), zones, CARE)
    found = Expected(small_place(stations=stations), wide, Learned()).expect(MONDAY)
    assert found.points is not None
    assert ZONES_LEAST / 2 < len(found.points.weight) <= ZONES_LEAST
    assert abs(found.calls_per_day - 100) <= 1
