"""The crews' drives: where a unit is at any time, which way it takes, and what a closed bridge does to it."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import trio
import trio.lowlevel
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.geometry import Projection
from engine.model.place import Hospital, Place, TravelSettings
from engine.model.roads import Closure, Conditions, Slowing, Stretch, Weather
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.weighing import Mode
from gateways.demo.addresses import Addresses
from gateways.demo.busiest import busiest, some_street
from gateways.demo.callers import Callers
from gateways.demo.citytime import CityTime, pace_from
from gateways.demo.conditions import conditions_of
from gateways.demo.crews import Crew, Town
from gateways.demo.driving import OFF_ROAD, Leg, Point, standing, straight
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.demo.streets import Navigator
from gateways.demo.ways import Drive
from gateways.road_views import ClosureView, RoadsView, SlowingView, StretchView, WeatherView
from tests.builders import NOW, small_place

BLOCK_M = 200
LINES = 6
BANK = 2
"""The river runs between this column of junctions and the next; two bridges cross it, north and south."""
ARC_MS = {"street": 20_000, "bridge": 15_000}
CLASSES = ("street", "bridge")
NAMES = ("", "North Bridge", "South Bridge", *(f"Row {row}" for row in range(LINES)))


def lattice(classes: tuple[str, ...] = CLASSES, names: tuple[str, ...] = NAMES) -> Graph:
    """Two banks of streets, 200 m from junction to junction, and two bridges."""
    rows = list(_arcs())
    both = [*rows, *((b, a, kind, name) for a, b, kind, name in rows)]
    tail, head, kind, name = (list(column) for column in zip(*both, strict=True))
    places = [(column, row) for row in range(LINES) for column in range(LINES)]
    times = [ARC_MS[CLASSES[each]] for each in kind]
    return Graph(
        x_dm=[BLOCK_M * 10 * column for column, _ in places],
        y_dm=[BLOCK_M * 10 * row for _, row in places],
        tail=tail,
        head=head,
        length_dm=[BLOCK_M * 10] * len(tail),
        lights_ms=times,
        normal_ms=[each * 2 for each in times],
        arc_class=[each if len(classes) > 1 else 0 for each in kind],
        arc_name=[each if len(names) > 1 else 0 for each in name],
        classes=classes,
        names=names,
    )


def _arcs() -> Iterator[tuple[int, int, int, int]]:
    for row in range(LINES):
        for column in range(LINES):
            here = row * LINES + column
            if row + 1 < LINES:
                yield here, here + LINES, 0, 0
            if column + 1 < LINES and column != BANK:
                yield here, here + 1, 0, 3 + row
            elif column == BANK and row in (0, LINES - 1):
                yield here, here + 1, 1, 2 if row == 0 else 1


ROADS = Roads(Network(lattice()), TravelSettings())
NORTH, SOUTH = Closure("R1", Stretch(streets=("North Bridge",))), Closure("R2", Stretch(streets=("South Bridge",)))
WEST, EAST = (0, 0), (1_000, 0)
"""On both ends of the southern row."""
POINTS = st.tuples(st.integers(-60, 1_060), st.integers(-60, 1_060))


def place() -> Place:
    return small_place(travel=TravelSettings())


def navigator(seed: int = 7, roads: Roads | None = ROADS) -> Navigator:
    return Navigator(place(), roads, Ledger(), seed)


def find(source: Point, target: Point, *, seed: int = 7, closed: tuple[Closure, ...] = (), at: int = NOW) -> Leg | None:
    """Find a leg as a crew does, with lights and sirens."""
    finding = navigator(seed)
    finding.hear(Conditions(closures=closed), at)

    async def ask() -> Leg | None:
        return await finding.leg(standing(source), target, at, lights=True, slower=1.0)

    return trio.run(ask)


def leg_of(source: Point, target: Point, **changes: object) -> Leg:
    leg = find(source, target, **changes)  # type: ignore[arg-type]  # options by name
    assert leg is not None
    return leg


def streets_of(leg: Leg) -> set[str]:
    graph = ROADS.graph
    return {graph.names[graph.arc_name[arc]] for arc in leg.arcs if arc != OFF_ROAD}


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


# ── closures ────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_sets_out_knows_what_is_closed() -> None:
    """The other bridge is taken; with both closed there is no way, and both ends of a bank can still be reached."""
    assert "South Bridge" in streets_of(leg_of(WEST, EAST))
    assert "North Bridge" in streets_of(leg_of(WEST, EAST, closed=(SOUTH,)))
    assert find(WEST, EAST, closed=(NORTH, SOUTH)) is None
    assert find(WEST, (0, 1_000), closed=(NORTH, SOUTH)) is not None


def test_a_closed_street_ahead_is_met_and_one_behind_is_not() -> None:
    """A unit on the bridge leaves it; an incident on the bridge is reached."""
    leg = leg_of(WEST, EAST)
    bridge = next(place for place, arc in enumerate(leg.arcs) if ROADS.graph.arc_class[arc] == 1)
    finding = navigator()
    finding.hear(Conditions(closures=(SOUTH,)), NOW)
    assert finding.blocked(leg, NOW)
    assert finding.blocked(leg, leg.times_ms[bridge] - 1)
    assert not finding.blocked(leg, leg.times_ms[bridge])
    assert not finding.blocked(leg, leg.times_ms[bridge + 1])
    assert not finding.blocked(leg_of(WEST, (500, 0)), NOW)


def test_drives_through_a_closed_street_are_counted() -> None:
    """Only those that went in after it was closed and came out on the other side before it was opened."""
    leg = leg_of(WEST, EAST)
    bridge = next(place for place, arc in enumerate(leg.arcs) if ROADS.graph.arc_class[arc] == 1)
    into_ms, out_ms = leg.times_ms[bridge], leg.times_ms[bridge + 1]

    def counted(leg: Leg, closed_ms: int, until_ms: int, opened_ms: int | None = None) -> int:
        ledger = Ledger()
        finding = Navigator(place(), ROADS, ledger, 7)
        finding.hear(Conditions(closures=(SOUTH,)), closed_ms)
        if opened_ms is not None:
            finding.hear(Conditions(), opened_ms)
        finding.drove(leg, until_ms)
        return ledger.drives_through_closed

    assert counted(leg, NOW, leg.arrive_ms) == 1
    assert counted(leg, NOW, out_ms) == 1
    assert counted(leg, NOW, out_ms - 1) == 0
    assert counted(leg, into_ms, leg.arrive_ms) == 0
    assert counted(leg, NOW, leg.arrive_ms, opened_ms=out_ms - 1) == 0
    assert counted(leg_of(WEST, (500, 0)), NOW, leg.arrive_ms) == 0
    assert counted(leg_of((500, 0), EAST), NOW - 1, leg.arrive_ms) == 0


def crew_at(home: Point, ledger: Ledger, rate: float) -> tuple[Crew, Navigator, CityTime]:
    finding = Navigator(place(), ROADS, ledger, 7)
    time = CityTime(pace_from(rate, NOW, NOW))
    line: Line = None  # type: ignore[assignment]  # nothing is reported here
    town = Town(place(), CareTimes(600_000, 0.5, 600_000), time, line, finding, 7)
    return Crew(place().units[0], home, town), finding, time


async def test_a_crew_under_way_finds_another_way_at_once() -> None:
    """The bridge before it is closed: it turns to the other one, and arrives."""
    ledger = Ledger()
    crew, finding, time = crew_at(WEST, ledger, 300)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: crew._drive(EAST, lights=True))
        while len(crew.leg.arcs) < 2:
            await trio.lowlevel.checkpoint()
        first = crew.leg
        assert "South Bridge" in streets_of(first)
        finding.hear(Conditions(closures=(SOUTH,)), time.now())
        while crew.leg is first:
            await trio.lowlevel.checkpoint()
        assert streets_of(crew.leg) & {"North Bridge", "South Bridge"} == {"North Bridge"}
    assert crew.leg == standing(EAST)
    assert (ledger.drives, ledger.drives_rerouted, ledger.drives_through_closed) == (1, 1, 0)


async def test_a_crew_that_is_cut_off_waits_for_a_bridge() -> None:
    """It stands where it is, and drives on when one is opened."""
    ledger = Ledger()
    crew, finding, time = crew_at(WEST, ledger, 1_000)
    finding.hear(Conditions(closures=(NORTH, SOUTH)), time.now())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: crew._drive(EAST, lights=True))
        with trio.move_on_after(0.1):
            while crew.leg == standing(WEST):
                await trio.lowlevel.checkpoint()
        assert crew.leg == standing(WEST)
        finding.hear(Conditions(closures=(SOUTH,)), time.now())
    assert crew.leg == standing(EAST)


async def test_a_patient_goes_to_the_hospital_that_is_reached_first() -> None:
    """Not to the one across the river that is nearer on the map."""
    here, across, along = (400, 400), (600, 400), (0, 200)
    assert await navigator().nearest(standing(here), [across, along], NOW) == along
    assert await navigator(roads=None).nearest(standing(here), [across, along], NOW) == across


def test_the_screen_tells_the_crews_what_it_shows() -> None:
    """Closures, traffic and weather, by id; polygons come back from degrees to the same metres."""
    ring = ((0, 0), (500, 0), (500, 500))
    projection: Projection = place().projection
    corners = tuple(projection.to_degrees(*corner) for corner in ring)
    view = RoadsView(
        streets=True,
        epoch=3,
        making=None,
        hour=0,
        weather=WeatherView(weather="snow", percent=140, until_ms=NOW),
        closures=(
            ClosureView(id="R2", stretch=StretchView(polygon=corners), reason="flood", until_ms=None),
            ClosureView(id="R1", stretch=StretchView(streets=("North Bridge",)), reason="", until_ms=NOW),
        ),
        slowings=(SlowingView(id="S1", stretch=StretchView(classes=("street",)), percent=150, until_ms=NOW),),
    )
    assert conditions_of(view, place()) == Conditions(
        closures=(
            Closure("R1", Stretch(streets=("North Bridge",)), "", NOW),
            Closure("R2", Stretch(polygon=ring), "flood"),
        ),
        slowings=(Slowing("S1", Stretch(classes=("street",)), 150, NOW),),
        weather=Weather("snow", 140, NOW),
    )


# ── the busiest street, and doors on streets ────────────────────────────────────────────────────────────────


def demand(*zones: Point) -> Demand:
    areas = tuple(Zone(x_m, y_m, 100, 1.0) for x_m, y_m in zones)
    return Demand(2_400.0, (1.0,) * 24, (TypeShare("sick", 3, 1.0),), areas, CareTimes(600_000, 0.5, 600_000))


def by_the_river() -> Place:
    """All stations in the south-west."""
    stations = tuple(replace(station, x_m=0, y_m=0) for station in place().stations)
    return replace(place(), stations=stations, hospitals=(Hospital("H", "General", 0, 0),))


async def test_the_busiest_bridge_is_the_one_that_most_ways_lead_over() -> None:
    """From the south-west to the south-east that is the southern one."""
    found = await busiest(navigator(), by_the_river(), demand(EAST), [], 7)
    assert found is not None
    assert (found.name, found.arcs, found.share_percent) == ("South Bridge", 2, 100)
    assert found.stretch == Stretch(streets=("South Bridge",), classes=("bridge",))
    assert await busiest(navigator(), by_the_river(), demand((0, 1_000)), [], 7) is None


async def test_where_there_are_no_bridges_the_busiest_block_is_found() -> None:
    """By its arcs, both ways, where streets have no names."""
    roads = Roads(Network(lattice(("street",), ("",))), TravelSettings())
    found = await busiest(navigator(roads=roads), by_the_river(), demand(EAST), [], 7)
    assert found is not None
    assert not found.stretch.streets
    assert found.arcs == len(found.stretch.arcs) > 0
    graph = roads.graph
    ends = {(int(graph.tail[arc]), int(graph.head[arc])) for arc in found.stretch.arcs}
    assert ends == {(head, tail) for tail, head in ends}


def test_a_street_to_try_is_a_bridge() -> None:
    """And none is named where none has a name."""
    assert some_street(lattice()) in {"North Bridge", "South Bridge"}
    assert some_street(lattice(("street",), ("",))) == ""


def test_calls_come_from_doors_on_streets() -> None:
    """And the address is the street's name; a zone in the middle of nowhere is tried again, not for ever."""
    addresses = Addresses(place(), None, ROADS)
    callers = Callers(place(), demand((500, 500)), addresses, 7, NOW, 1_000)
    for call, _ in zip(callers.calls(), range(100), strict=False):
        assert call.x_m % BLOCK_M == 0 or call.y_m % BLOCK_M == 0
        arc = ROADS.spot(call.x_m, call.y_m).arc
        name = ROADS.graph.names[ROADS.graph.arc_name[arc]]
        assert not name or name in call.address or call.x_m % BLOCK_M == call.y_m % BLOCK_M == 0
    nowhere = next(Callers(place(), demand((9_000, 9_000)), addresses, 7, NOW, 1_000).calls())
    assert "map square" in nowhere.address
