"""Puts an imported place together and writes it: whole, and ready to be dispatched.

Rule: nothing is written before everything is known to be right. What had to be assumed is in the notes.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from engine.model.demand import Demand
from engine.model.geometry import Projection
from engine.model.place import Hospital, Place, Station
from engine.model.rules import CoverageRules
from gateways.places.city.fleet import UNITS_MIN
from gateways.places.city.generate import UNITS_MAX
from gateways.places.city.plans import CAPABILITIES, DETERMINATIONS, EMERGENCY, PLANS, TYPES
from gateways.places.coverage import coverage_points
from gateways.places.imported import Imported, keep_connected, offsets, write
from gateways.places.mistakes import refused
from gateways.places.osm.doors import addresses_of
from gateways.places.osm.fleet import fleet_of, usual_units
from gateways.places.osm.people import demand_of
from gateways.places.osm.read import Extract, read_extract
from gateways.places.osm.sites import NAME_MAX, hospitals_of, stations_of
from gateways.places.osm.streets import streets_of
from gateways.places.osm.turns import Turns
from gateways.places.streets import Streets, graph_of
from gateways.places.timezones import nautical
from gateways.places.typical import typical_travel

STEPS = 4
RIM_M = 2_000
"""Positions are accepted this far beyond the roads."""
SOURCE = "SOURCE-osm.txt"
_TERMS = (
    "Streets, house numbers, stations and hospitals: © OpenStreetMap contributors, Open Database License (ODbL) 1.0.\n"
)

Progress = Callable[[str, int, int], None]
Box = tuple[int, int, int, int]


def import_osm(
    file: Path,
    out: Path,
    progress: Progress,
    *,
    name: str | None = None,
    units: int | None = None,
    timezone: str | None = None,
) -> Imported:
    """Write the extract in `file` as a place in `out`, and return it with what was left out or assumed.

    Without `name` the file's own is taken, without `units` six a station, without `timezone` the nautical one of the
    longitude. Raises PlaceRefused: nothing is written then.
    """
    if units is not None and not UNITS_MIN <= units <= UNITS_MAX:
        raise refused(file, "", f"a place needs {UNITS_MIN} to {UNITS_MAX} units, one of each kind; {units} were asked")
    progress("reading", 0, STEPS)
    extract = read_extract(file)
    if not extract.at:
        raise refused(file, "", "holds no road that a vehicle drives: is it an extract of streets?")
    progress("streets", 1, STEPS)
    whole, turns = streets_of(extract)
    streets, dropped = keep_connected(file, "", whole)
    progress("stations and units", 2, STEPS)
    projection = _projection(streets)
    stations = stations_of(extract.sites, projection)
    place = _place(
        name or file.name.split(".")[0].replace("_", " "),
        projection,
        stations or (_central_post(streets, projection),),
        hospitals_of(extract.sites, projection),
        units,
    )
    place = replace(
        place,
        timezone=(zone := timezone or place.timezone),
        utc_offsets=offsets(file, zone),
        bounds=_bounds(streets, place),
        travel=typical_travel(streets, projection.lat0),
        streets=graph_of(streets, projection).digest,
    )
    demand = demand_of(streets, projection, hospitals=bool(place.hospitals))
    place = replace(place, coverage=CoverageRules(points=coverage_points(demand.zones)))
    addresses, numbered = addresses_of(extract.doors, place)
    progress("files", 3, STEPS)
    write(file, out, place, demand, streets, addresses)
    (out / SOURCE).write_text(_TERMS, encoding="utf-8")
    notes = [
        str(dropped),
        _said_of(turns, extract),
        numbered,
        *_made_up(place, demand, stations, zone_known=timezone is not None),
    ]
    progress("done", STEPS, STEPS)
    return Imported(place, tuple(note for note in notes if note), dropped)


def _made_up(place: Place, demand: Demand, found: tuple[Station, ...], *, zone_known: bool) -> list[str]:
    """Return sentences about what the map does not have and a rule put in its place."""
    lacking = [words for mark, words in _LACKING.items() if not any(each.id.startswith(mark) for each in found)]
    notes = [] if found else [_NO_STATION]
    if found and lacking:
        notes.append(f"The extract has no {' and no '.join(lacking)} station: those crews are guests in the others.")
    if not place.hospitals:
        notes.append("The extract has no hospital: nobody is taken to one.")
    notes.append(
        f"Calls are made up from metres of street, {demand.calls_per_day:,.0f} a day; demand.toml says how many."
    )
    if not zone_known:
        notes.append(f"Local time is {place.timezone}, without summer time; --timezone names the real one.")
    return notes


_LACKING = {"FS": "fire", "AS": "ambulance", "PS": "police"}
_NO_STATION = "The extract has no station at all: one post at the best connected crossing in the middle has all units."


def _place(
    title: str,
    projection: Projection,
    stations: tuple[Station, ...],
    hospitals: tuple[Hospital, ...],
    units: int | None,
) -> Place:
    """Return the place with the made-up city's types and plans; what rests on the streets is still to come."""
    fleet, shifts = fleet_of(stations, units or usual_units(stations))
    return Place(
        id="osm-" + (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:56] or "place"),
        name=title[:NAME_MAX],
        projection=projection,
        timezone=nautical(projection.lon0),
        utc_offsets=(),
        bounds=(0, 0, 0, 0),
        capabilities=CAPABILITIES,
        types=TYPES,
        plans=PLANS,
        stations=stations,
        units=fleet,
        hospitals=hospitals,
        shifts=shifts,
        emergency_type=EMERGENCY,
        determinations=DETERMINATIONS,
    )


def _said_of(turns: Turns, extract: Extract) -> str:
    """Return a sentence about the turn restrictions, or "" if there are none."""
    parts = [f"{turns.used} turn restrictions were taken over"] if extract.restrictions else []
    if extract.via_ways:
        parts.append(f"{extract.via_ways} over a way instead of a node were left out")
    if turns.unclear:
        parts.append(f"{turns.unclear} name ways that do not meet or are not driven, and were left out")
    return f"{'; '.join(parts)}." if parts else ""


def _projection(streets: Streets) -> Projection:
    """Return the projection about the middle of the roads."""
    lat, lon = streets.node_lat, streets.node_lon
    return Projection(round(float(lat.min() + lat.max()) / 2, 6), round(float(lon.min() + lon.max()) / 2, 6))


def _bounds(streets: Streets, place: Place) -> Box:
    """Return a box around all roads, stations and hospitals, with a rim."""
    to_metres, lat, lon = place.projection.to_metres, streets.node_lat, streets.node_lon
    points = [to_metres(float(lat.min()), float(lon.min())), to_metres(float(lat.max()), float(lon.max()))]
    points += [(each.x_m, each.y_m) for each in place.stations]
    points += [(each.x_m, each.y_m) for each in place.hospitals]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs) - RIM_M, min(ys) - RIM_M, max(xs) + RIM_M, max(ys) + RIM_M


def _central_post(streets: Streets, projection: Projection) -> Station:
    """Return a post on the crossing with most ways out among the tenth of all nodes that lie nearest the middle."""
    lat, lon = streets.node_lat, streets.node_lon
    squash = np.cos(np.radians(projection.lat0))
    away = (lat - np.median(lat)) ** 2 + ((lon - np.median(lon)) * squash) ** 2
    ways_out = np.bincount(streets.arc_from, minlength=len(lat))
    central = np.argsort(away, kind="stable")[: max(1, len(lat) // 10)]
    node = int(central[ways_out[central].argmax()])
    return Station("P1", "Central Post", *projection.to_metres(float(lat[node]), float(lon[node])), post=True)
