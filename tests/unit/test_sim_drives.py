"""Where a simulated vehicle is on its way, and that its way takes what the engine says it takes."""

import numpy as np
from msgspec.structs import replace

from engine.model.fixes import UNKNOWN
from engine.model.place import Access, TravelSettings
from engine.model.roads import Weather
from engine.policy.travel import straight_line
from engine.sim.drives import Driver, Seen
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.weighing import Mode
from tests.lattice_town import lattice
from tests.river_town import graph, library
from tests.unit.engine_place import MORNING, Town, engine_place

START = Seen(0, 5_000, 0, UNKNOWN)
GOAL = (5_000, 0)


def driver(*, streets: bool = True) -> tuple[Driver, Town]:
    """Return who finds ways in the river town, or in one without streets."""
    place = engine_place(streets=graph().digest if streets else "")
    town = Town(place, streets=library)
    return Driver(library(place), town.world, straight_line(place)), town


def test_a_drive_takes_what_the_engine_says() -> None:
    """From the same place, in the same mode; slower by so many percent where the day is slow."""
    found, town = driver()
    roads = library(town.world.settled)
    assert roads is not None
    for mode in (Mode.LIGHTS, Mode.NORMAL):
        spot = found.spot(START)
        assert spot is not None
        told_ms = int(roads.times_ms(town.world.road_book.current, spot, [roads.spot(*GOAL)], mode)[0])
        drive = found.drive(START, GOAL, mode, MORNING)
        assert drive.arrive_ms - drive.depart_ms == told_ms
        slow = found.drive(START, GOAL, mode, MORNING, 150)
        assert slow.arrive_ms - slow.depart_ms == round(told_ms * 1.5)
        assert slow.metres == drive.metres == 10_000


def test_a_vehicle_is_on_its_way() -> None:
    """It begins where it stood, ends where it is to be, turns the corner at Mill Lane, and moves all the while."""
    found, _ = driver()
    drive = found.drive(START, GOAL, Mode.LIGHTS, MORNING)
    first, last = drive.seen(MORNING), drive.seen(drive.arrive_ms)
    assert (first.x_m, first.y_m, last.x_m, last.y_m) == (0, 5_000, *GOAL)
    assert (last.speed_dm_s, last.heading) == (0, UNKNOWN)
    assert drive.seen(drive.arrive_ms + 60_000) == last
    driven = [drive.seen(MORNING + at) for at in range(1, drive.arrive_ms - MORNING, 5_000)]
    assert all(abs(each.x_m) <= 1 or abs(each.y_m) <= 1 for each in driven), "off the streets"
    assert {each.heading for each in driven if 500 < each.y_m < 4_500} == {180}
    assert {each.heading for each in driven if 500 < each.x_m < 4_500} == {90}
    assert all(abs(each.speed_dm_s - 150) <= 2 for each in driven if 500 < each.y_m < 4_500)


def test_without_streets_the_way_is_straight() -> None:
    """Half way after half the time; as long as the place's factor makes it."""
    found, town = driver(streets=False)
    travel = town.world.settled.travel
    drive = found.drive(Seen(0, 0, 0, UNKNOWN), (6_000, 0), Mode.LIGHTS, MORNING)
    took_ms = drive.arrive_ms - MORNING
    assert abs(took_ms - 6_000 * travel.circuity_percent * 10_000 / travel.speed_mm_per_s) <= 1
    middle = drive.seen(MORNING + took_ms // 2)
    assert (abs(middle.x_m - 3_000) <= 1, middle.y_m, middle.heading) == (True, 0, 90)
    assert drive.metres == 6_000 * travel.circuity_percent // 100


def test_nobody_needs_time_to_where_it_is() -> None:
    """A drive of no length is over at once."""
    found, _ = driver(streets=False)
    drive = found.drive(replace(START, x_m=7), (7, 5_000), Mode.NORMAL, MORNING)
    assert (drive.arrive_ms, drive.metres) == (MORNING, 0)
    assert drive.seen(MORNING) == Seen(7, 5_000, 0, UNKNOWN)


def test_a_way_that_was_driven_before_is_driven_anew_under_other_conditions() -> None:
    """What is kept is told of the same two places, the same mode and the same streets only, in any time it takes."""
    found, town = driver()
    place, book = town.world.settled, town.world.road_book
    starts = START, replace(START, y_m=2_500)
    asked = [(start, to, mode) for start in starts for to in (GOAL, (0, 0)) for mode in Mode]
    everyday, arrivals = book.current, set()
    snow = replace(everyday, weather=Weather("snow", 50, MORNING * 2))
    for conditions, percent in ((everyday, 100), (everyday, 150), (snow, 100), (everyday, 100)):
        book.current = conditions
        unused = Driver(library(place), town.world, straight_line(place))
        for each in asked:
            known, anew = (one.drive(*each, MORNING, percent) for one in (found, unused))
            assert (known.arrive_ms, known.metres) == (anew.arrive_ms, anew.metres)
            middle_ms = (MORNING + anew.arrive_ms) // 2
            assert known.seen(middle_ms) == anew.seen(middle_ms)
        arrivals.add(found.drive(*asked[0], MORNING, percent).arrive_ms)
    assert len(arrivals) == 3, "a slow driver, snow, and neither"


BY_NODES = TravelSettings(off_road_mm_per_s=4_000, off_road_normal_percent=150, access=Access.NODE)


def test_who_is_told_anew_on_its_way_has_as_far_to_go_as_before() -> None:
    """By nodes: from wherever it is on its way there, off the streets as well; on the last piece it is back at the node first."""
    roads = Roads(Network(lattice()), BY_NODES)
    _, town = driver()
    found = Driver(roads, town.world, straight_line(town.world.settled))
    low, high = int(roads.graph.x_dm.min()) // 10, int(roads.graph.x_dm.max()) // 10
    dice, compared = np.random.default_rng(7), 0
    for begin_x, begin_y, end_x, end_y in dice.integers(low, high, (40, 4)).tolist():
        drive = found.drive(Seen(begin_x, begin_y, 0, UNKNOWN), (end_x, end_y), Mode.NORMAL, MORNING)
        took_ms = drive.arrive_ms - MORNING
        target = roads.spot(end_x, end_y)
        last_ms = target.extra_ms * 150 // 100
        for at_ms in range(1_000, took_ms, 1 + took_ms // 9):
            left_ms = took_ms - at_ms
            again = found.drive(drive.seen(MORNING + at_ms), (end_x, end_y), Mode.NORMAL, MORNING)
            expected_ms = left_ms if left_ms > last_ms else 2 * last_ms - left_ms
            assert abs(again.arrive_ms - MORNING - expected_ms) <= 1_000, "rounded to metres"
            compared += 1
    assert compared > 200
