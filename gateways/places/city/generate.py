"""Puts a made-up city together and writes it as a place."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from engine.model.demand import Demand
from engine.model.place import AlertSettings, Place
from engine.model.rules import CoverageRules
from gateways.places.addresses import Addresses
from gateways.places.city.chance import dice
from gateways.places.city.districts import in_order, make_districts
from gateways.places.city.fleet import UNITS_MIN, make_fleet
from gateways.places.city.graph import make_town
from gateways.places.city.grid import lines_for, make_edges, make_grid
from gateways.places.city.houses import make_addresses
from gateways.places.city.land import DEMO_PEOPLE, PROJECTION, TIMEZONE, city_radius, make_land
from gateways.places.city.people import make_demand, people_at
from gateways.places.city.plans import CAPABILITIES, DETERMINATIONS, EMERGENCY, PLANS, TYPES
from gateways.places.city.words import town_name
from gateways.places.coverage import coverage_points
from gateways.places.mistakes import refused
from gateways.places.save import save
from gateways.places.streets import Streets, graph_of
from gateways.places.timezones import utc_offsets
from gateways.places.typical import typical_travel

DEMO_UNITS = 120
"""Units of the demo city, for its 400,000 people."""
UNITS_MAX = 200_000
STEPS = 5
RIM = 1.4
"""Positions are accepted this far out, as a part of the radius."""

Progress = Callable[[str, int, int], None]
"""Takes the step's name, steps done, steps in all."""


class City(Struct, frozen=True):
    """All that makes the place."""

    place: Place
    demand: Demand
    streets: Streets
    addresses: Addresses


def generate(out: Path, seed: int, units: int, progress: Progress) -> City:
    """Make a city and write it. Raises PlaceRefused for a number of units or a folder that will not do."""
    if not UNITS_MIN <= units <= UNITS_MAX:
        raise refused(out, "", f"a city needs {UNITS_MIN} to {UNITS_MAX} units; {units} were asked for")
    if seed < 0:
        raise refused(out, "", f"a seed is a whole number from 0; {seed} was given")
    city = make_city(seed, units, progress)
    progress("files", STEPS - 1, STEPS)
    save(out, city.place, city.demand, city.streets, city.addresses)
    progress("done", STEPS, STEPS)
    return city


def make_city(seed: int, units: int, progress: Progress) -> City:
    """Make the city without writing it. People: 400,000 for 120 units, and so in proportion."""
    people = round(DEMO_PEOPLE * units / DEMO_UNITS)
    progress("land", 0, STEPS)
    radius = city_radius(people)
    lines = lines_for(radius)
    land = make_land(seed, people, 2 * radius / lines)
    progress("streets", 1, STEPS)
    grid = make_grid(seed, land, lines)
    town = make_town(seed, grid, *make_edges(seed, land, grid))
    progress("people", 2, STEPS)
    demand = make_demand(land, town, people)
    progress("units", 3, STEPS)
    fleet = make_fleet(seed, land, town, people_at(land, town, people), units)
    rim = round(RIM * radius)
    place = Place(
        id=f"city-{seed}-{units}",
        name=town_name(dice(seed, "name")),
        projection=PROJECTION,
        timezone=TIMEZONE,
        utc_offsets=utc_offsets(TIMEZONE),
        bounds=(-rim, -rim, rim, rim),
        capabilities=CAPABILITIES,
        types=TYPES,
        plans=PLANS,
        stations=fleet.stations,
        units=fleet.units,
        hospitals=fleet.hospitals,
        areas=in_order(make_districts(seed, land), tuple(s for s in fleet.stations if s.id.startswith("FS"))),
        crews=fleet.crews,
        shifts=fleet.shifts,
        travel=typical_travel(town.streets, PROJECTION.lat0),
        alerts=AlertSettings(),
        coverage=CoverageRules(points=coverage_points(demand.zones)),
        agencies=fleet.agencies,
        determinations=DETERMINATIONS,
        emergency_type=EMERGENCY,
        streets=graph_of(town.streets, PROJECTION).digest,
    )
    return City(place, demand, town.streets, make_addresses(seed, town))
