"""What a closed bridge does to crews, callers and the operator who closes it."""

import trio
from msgspec.structs import replace

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.geometry import Projection
from engine.model.place import Hospital, Place, TravelSettings
from engine.model.roads import Closure, Conditions, Slowing, Stretch, Weather
from engine.streets.network import Network
from engine.streets.roads import Roads
from gateways.demo.addresses import Addresses
from gateways.demo.busiest import busiest, some_street
from gateways.demo.bystanders import FIRST_NUMBER, Concern, bystanders, how_many
from gateways.demo.callers import Callers
from gateways.demo.citytime import CityTime, pace_from
from gateways.demo.conditions import conditions_of
from gateways.demo.crews import Crew, Town
from gateways.demo.driving import OFF_ROAD, Leg, Point, standing
from gateways.demo.hospitals import Hospitals
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.demo.streets import Navigator
from gateways.demo.terminals import Terminals
from gateways.demo.ways import point_on
from gateways.places.addresses import Collector
from gateways.road_views import ClosureView, RoadsView, SlowingView, StretchView, WeatherView
from tests.builders import NOW
from tests.lattice_town import (
    BLOCK_M,
    EAST,
    NORTH,
    ROADS,
    SOUTH,
    WEST,
    find,
    lattice,
    leg_of,
    navigator,
    place,
    streets_of,
)

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


def test_who_sets_out_from_a_yard_in_a_closed_street_leaves_it() -> None:
    """The street before the gate is the one that they stand in, not one that they drive through."""
    found = leg_of(WEST, EAST)
    bridge = next(place for place, arc in enumerate(found.arcs) if ROADS.graph.arc_class[arc] == 1)
    on = bridge + 1  # points, of which there is one more than sections
    leg = Leg(
        (found.points[bridge], found.points[bridge], *found.points[on:]),
        (NOW, NOW + 1_000, *(ms - found.times_ms[bridge] + NOW + 1_000 for ms in found.times_ms[on:])),
        (1.0, *found.speeds_mps[bridge:]),
        (OFF_ROAD, *found.arcs[bridge:]),
    )
    ledger = Ledger()
    finding = Navigator(place(), ROADS, ledger, 7)
    finding.hear(Conditions(closures=(SOUTH,)), NOW - 1_000)
    assert not finding.blocked(leg, NOW)
    assert not finding.blocked(leg, NOW + 1_000)
    finding.drove(leg, leg.arrive_ms)
    assert ledger.drives_through_closed == 0


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
    terminals = Terminals()
    hospitals = Hospitals(place(), line, terminals)
    town = Town(place(), CareTimes(600_000, 0.5, 600_000), time, line, finding, terminals, hospitals, 7)
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


def everything() -> Demand:
    return demand(WEST, EAST)


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


def test_a_caller_reads_the_number_of_the_nearest_house_of_the_street() -> None:
    """Where none of that street is near, the number is made up as before."""
    names = ROADS.graph.names
    arc = next(row for row, name in enumerate(ROADS.graph.arc_name.tolist()) if names[name] == "North Bridge")
    x, y = point_on(ROADS.graph, arc, 500)
    listed, town = Collector(), place()
    for number, street, off in (("41a", "North Bridge", 20), ("43", "North Bridge", 30), ("45", "Elsewhere", 0)):
        listed.add((number, street, "", "", ""), *town.projection.to_degrees(x + off, y), 2)
    for houses, number in ((listed, "41a"), (Collector(), "7")):
        found = Addresses(town, None, ROADS, houses.addresses()).door(int(x), int(y), 7)
        assert found is not None
        assert found[1] == f"{number} North Bridge"


# ── bystanders ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_those_who_call_from_a_bridge_are_those_whom_it_concerns() -> None:
    """The unit that would come over the bridge is not the one that comes once it is closed."""
    town, addresses = by_the_river(), Addresses(place(), None, ROADS)
    near, far = town.units[0], town.units[1]
    legs = {near.id: standing((400, 0)), far.id: standing((1_000, 1_000))}
    alike = replace(town, units=(replace(near, capabilities=far.capabilities), far))
    concern = Concern(alike, navigator(), legs, Stretch(classes=("bridge",)), NOW)
    people = bystanders(alike, everything(), addresses, ((400, 0), (600, 0)), 7)
    first = await concern.first(people, 3)
    assert len({call.number for call in first}) == 3
    assert all(call.x_m >= 500 for call in first)
    again = bystanders(alike, everything(), addresses, ((400, 0), (600, 0)), 7)
    assert await concern.first(again, 3) == first


async def test_where_nobody_is_concerned_others_call() -> None:
    """A demo of one unit has calls all the same."""
    town, addresses = by_the_river(), Addresses(place(), None, ROADS)
    concern = Concern(town, navigator(), {}, Stretch(classes=("bridge",)), NOW)
    people = bystanders(town, everything(), addresses, ((400, 0), (600, 0)), 7)
    assert [call.number for call in await concern.first(people, 2)] == [FIRST_NUMBER, FIRST_NUMBER + 1]


def test_a_small_fleet_gets_few_calls_at_once() -> None:
    """Two at least, six at most."""
    assert how_many(place()) == 2
    assert how_many(replace(place(), units=place().units[:1] * 500)) == 6
