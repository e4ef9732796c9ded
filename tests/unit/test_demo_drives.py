"""Legs: where a unit is at any time, how fast, which way, and that it takes what the map and its driver say."""

import math

import numpy as np
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.model.place import TravelSettings
from engine.model.roads import Conditions
from engine.streets.weighing import Mode
from gateways.demo.driving import OFF_ROAD, Leg, Point, standing, straight
from gateways.demo.ways import Drive
from tests.builders import NOW
from tests.lattice_town import (
    BLOCK_M,
    EAST,
    ROADS,
    WEST,
    leg_of,
    navigator,
    place,
)

POINTS = st.tuples(st.integers(-60, 1_060), st.integers(-60, 1_060))


# ── legs ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(POINTS, POINTS, st.floats(0, 1))
def test_a_straight_drive_leads_from_here_to_there(source: Point, target: Point, part: float) -> None:
    """It begins here, ends there, and is always on the way in between."""
    leg = straight(TravelSettings(), source, target, NOW)
    assert leg.at(NOW - 1) == source
    assert leg.at(leg.arrive_ms) == target == leg.at(leg.arrive_ms + 1)
    x_m, y_m = leg.at(NOW + int((leg.arrive_ms - NOW) * part))
    assert min(source[0], target[0]) <= x_m <= max(source[0], target[0])
    assert min(source[1], target[1]) <= y_m <= max(source[1], target[1])
    assert 0 <= leg.heading_deg(NOW) < 360


def test_a_straight_drive_takes_the_places_own_time() -> None:
    """10 km straight, 13 km by street, at 11 m/s; a unit that stands is not moving."""
    leg = straight(TravelSettings(130, 11_000), (0, 0), (6_000, 8_000), NOW)
    assert leg.arrive_ms - NOW == round(13_000 / 11 * 1000)
    assert leg.speed_mps(NOW) == pytest.approx(11, rel=1e-4)
    assert leg.moving(NOW)
    assert not leg.moving(leg.arrive_ms)
    assert not standing((3, 4)).moving(NOW)
    assert standing((3, 4)).at(NOW) == (3, 4)


@given(POINTS, POINTS)
def test_a_drive_over_streets_is_one_line_in_time(source: Point, target: Point) -> None:
    """It begins here and ends there, never jumps, never drives faster than its street, and stays on it."""
    leg = leg_of(source, target)
    assert leg.at(NOW - 1) == source
    assert math.dist(leg.at(NOW), source) <= 15
    assert leg.at(leg.arrive_ms) == target == leg.at(leg.arrive_ms + 1)
    assert list(leg.times_ms) == sorted(leg.times_ms)
    assert len(leg.points) == len(leg.times_ms) == len(leg.arcs) + 1 == len(leg.speeds_mps) + 1
    for now in range(NOW, leg.arrive_ms, 777):
        (xa, ya), (xb, yb) = leg.at(now), leg.at(now + 500)
        # Up to 15 m from the road count as on it, and are driven within the time of the first arc.
        assert math.dist((xa, ya), (xb, yb)) <= 40
        assert 0 <= leg.heading_deg(now) < 360
        if leg.arc(now) != OFF_ROAD:
            assert min(xa % BLOCK_M, -xa % BLOCK_M, ya % BLOCK_M, -ya % BLOCK_M) <= 16


@given(POINTS, POINTS)
def test_a_driver_without_habits_takes_what_the_map_says(source: Point, target: Point) -> None:
    """To the millisecond of rounding, the yards at both ends included."""
    ends = ROADS.spot(*source), ROADS.spot(*target)
    for mode in Mode:
        found = ROADS.way(Conditions(), *ends, mode)
        assert found is not None
        arc_ms = ROADS.oracle(Conditions()).metric(mode).weights.arc_ms[found.arcs]
        leg = Drive(ROADS.graph, found, (source, target), ends, arc_ms).leg(NOW, np.ones(len(found.arcs)))
        assert leg.arrive_ms - NOW == pytest.approx(found.travel_ms, abs=len(found.arcs) + 1)


def test_heading_and_speed_are_those_of_the_street() -> None:
    """Eastward along the southern row: 200 m in 20 s, 15 s on the bridge, as this city's drivers take it."""
    leg = leg_of(WEST, EAST)
    assert {round(leg.heading_deg(now)) for now in range(NOW, leg.arrive_ms, 500)} == {90}
    for now in range(NOW, leg.arrive_ms, 500):
        usual = BLOCK_M * 1000 / int(ROADS.graph.lights_ms[leg.arc(now)])
        assert usual * 0.6 < leg.speed_mps(now) < usual * 1.5


def test_the_same_seed_drives_the_same() -> None:
    """Another seed is another city of drivers, on the same streets."""
    assert leg_of(WEST, EAST) == leg_of(WEST, EAST)
    assert leg_of(WEST, EAST, seed=8).arrive_ms != leg_of(WEST, EAST).arrive_ms


def test_without_streets_crews_drive_straight() -> None:
    """And slower where they do without lights and sirens."""

    async def both() -> list[Leg | None]:
        finding = navigator(roads=None)
        return [await finding.leg(standing(WEST), EAST, NOW, lights=lights, slower=1.0) for lights in (True, False)]

    fast, slow = trio.run(both)
    assert fast == straight(place().travel, WEST, EAST, NOW)
    assert slow == straight(place().travel, WEST, EAST, NOW, slower=1.3)
