"""Turns a JEMSS city (github.com/uoa-ems-research/JEMSS.jl, `data/cities/*`) into a place.

JEMSS knows ambulances and medical calls only, and no clock of the day: calls are spread evenly over the hours.
Its delay between call and departure becomes the crews' turnout, so that response times mean the same.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.geometry import Projection
from engine.model.place import Hospital, IncidentType, Place, Station, Unit
from engine.model.plans import Alternative, Mode, Plan, Slot
from engine.model.rules import CoverageRules
from gateways.places.coverage import coverage_points
from gateways.places.imported import Imported, keep_connected, offsets, write
from gateways.places.jemss.calls import DAY_MS, Calls, read_calls
from gateways.places.jemss.raster import read_raster, zones_of
from gateways.places.jemss.roads import FILE as ROADS
from gateways.places.jemss.roads import read_roads
from gateways.places.jemss.sheets import Sheet, sheet
from gateways.places.jemss.travel import with_modes
from gateways.places.mistakes import refused
from gateways.places.streets import graph_of
from gateways.places.timezones import nautical
from gateways.places.typical import typical_travel

ZONES_M = (25, 50, 100, 250, 500, 1_000)
ZONES_MAX = 100_000
"""Cells are gathered in the smallest squares that are no more than so many."""
STEPS = 4
TYPE, EMERGENCY, AMBULANCE = "medical", "unit_emergency", "ambulance"
RIM_M = 2_000
"""Positions are accepted this far beyond the map."""
NAME_MAX = 200

Progress = Callable[[str, int, int], None]


def import_jemss(source: Path, out: Path, progress: Progress, timezone: str | None = None) -> Imported:
    """Write the city in `source` as a place in `out`, and return it with what was left out.

    JEMSS does not say where its clock is; without `timezone` the nautical zone of its longitude is taken.
    Raises PlaceRefused naming the file and what is wrong with it.
    """
    if not source.is_dir():
        raise refused(source, "", "is not a folder: name the folder of one JEMSS city")
    progress("calls and demand", 0, STEPS)
    projection, box = _map(source)
    calls = read_calls(source)
    zones = _zones(source, projection)
    progress("streets", 1, STEPS)
    streets, dropped = keep_connected(source, ROADS, read_roads(source))
    progress("units", 2, STEPS)
    stations = _stations(source, projection)
    units, classes = _units(source, [each.id for each in stations], calls.dispatch_delay_ms)
    zone = timezone or nautical(projection.lon0)
    place = Place(
        id=f"jemss-{source.resolve().name.lower()}",
        name=source.resolve().name.title(),
        projection=projection,
        timezone=zone,
        utc_offsets=offsets(source, zone),
        bounds=_bounds(box, zones),
        capabilities=(AMBULANCE, *classes),
        types=(IncidentType(TYPE, "Medical call", 1), IncidentType(EMERGENCY, "Crew in distress", 1)),
        plans=_plans(source, len(calls.priority_shares)),
        stations=stations,
        units=units,
        hospitals=_hospitals(source, projection),
        travel=with_modes(source, typical_travel(streets, projection.lat0)),
        coverage=CoverageRules(points=coverage_points(zones)),
        emergency_type=EMERGENCY,
        streets=graph_of(streets, projection).digest,
    )
    demand = _demand(calls, zones)
    progress("files", 3, STEPS)
    write(source, out, place, demand, streets)
    for note in sorted(source.glob("SOURCE-*.txt")):
        # Streets and population have their own terms; they go where the data goes.
        shutil.copyfile(note, out / note.name)
    progress("done", STEPS, STEPS)
    return Imported(place, (str(dropped),) if str(dropped) else (), dropped)


Box = tuple[int, int, int, int]


def _map(source: Path) -> tuple[Projection, Box]:
    """Return the projection about the middle of the map, and the map's box in metres."""
    file = "map_1.csv"
    table = sheet(source, file, "map")
    west, east, south, north = (_one(table, name) for name in ("xMin", "xMax", "yMin", "yMax"))
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        raise refused(source, file, "xMin, xMax, yMin, yMax must be degrees, smaller before larger")
    projection = Projection(round((south + north) / 2, 6), round((west + east) / 2, 6))
    return projection, (*projection.to_metres(south, west), *projection.to_metres(north, east))


def _one(table: Sheet, column: str) -> float:
    numbers = table.numbers(column)
    if not numbers:
        raise refused(table.folder, table.file, f'table "{table.title}" has no row')
    return numbers[0]


def _bounds(box: Box, zones: tuple[Zone, ...]) -> Box:
    """Return the map and all zones, with a rim."""
    xs = [*(zone.x_m for zone in zones), box[0], box[2]]
    ys = [*(zone.y_m for zone in zones), box[1], box[3]]
    return min(xs) - RIM_M, min(ys) - RIM_M, max(xs) + RIM_M, max(ys) + RIM_M


def _zones(source: Path, projection: Projection) -> tuple[Zone, ...]:
    raster = read_raster(source, _raster_file(source))
    for zone_m in ZONES_M:
        zones = zones_of(raster, projection, zone_m)
        if len(zones) <= ZONES_MAX:
            break
    return zones


def _raster_file(source: Path) -> str:
    files = sorted(path.name for path in source.glob("*.zip") if path.name != ROADS)
    if len(files) != 1:
        raise refused(source, "*.zip", f"one zipped demand raster is wanted beside {ROADS}; found {len(files)}")
    return files[0]


def _stations(source: Path, projection: Projection) -> tuple[Station, ...]:
    table = sheet(source, "stations_1.csv", "stations")
    return tuple(Station(f"S{n}", name or f"Station {n}", x, y) for n, name, x, y in _sites(table, projection))


def _hospitals(source: Path, projection: Projection) -> tuple[Hospital, ...]:
    table = sheet(source, "hospitals_1.csv", "hospitals")
    return tuple(Hospital(f"H{n}", name or f"Hospital {n}", x, y) for n, name, x, y in _sites(table, projection))


def _sites(table: Sheet, projection: Projection) -> list[tuple[int, str, int, int]]:
    """Return (index, name, x_m, y_m)."""
    names = table.label("name", "address")
    columns = (table.numbers("index"), names, table.numbers("y"), table.numbers("x"))
    return [
        (int(index), name[:NAME_MAX], *projection.to_metres(lat, lon))
        for index, name, lat, lon in zip(*columns, strict=True)
    ]


def _units(source: Path, stations: list[str], turnout_ms: int) -> tuple[tuple[Unit, ...], tuple[str, ...]]:
    """Return the ambulances, and a capability for each class if there are several."""
    table = sheet(source, "ambulances_1.csv", "ambulances")
    numbers, homes = table.numbers("index"), table.numbers("stationIndex")
    kinds = [f"class-{int(each)}" for each in table.numbers("class")]
    classes = tuple(sorted(dict.fromkeys(kinds)))
    classes = classes if len(classes) > 1 else ()
    units = []
    for (line, _), number, home, kind in zip(table.rows, numbers, homes, kinds, strict=True):
        station = f"S{int(home)}"
        if station not in stations:
            raise refused(source, table.file, f"there is no station {int(home)}", f"line {line}, stationIndex")
        mask = 1 | (2 << classes.index(kind) if classes else 0)
        units.append(Unit(f"A{int(number):02}", AMBULANCE, mask, station, turnout_ms=turnout_ms))
    return tuple(units), classes


def _plans(source: Path, priorities: int) -> tuple[Plan, ...]:
    """Return a plan for each JEMSS priority; the last also serves those below. One ambulance goes, at once."""
    table = sheet(source, "priorities_1.csv", "priorities")
    targets = [round(days * DAY_MS) for days in table.numbers("targetResponseTime")]
    if len(targets) < priorities:
        raise refused(source, table.file, f"has {len(targets)} priorities; gen_config.xml draws {priorities}")
    plans = [_plan("distress", EMERGENCY, (1, 2, 3, 4, 5), targets[0])]
    for number, target_ms in enumerate(targets[:priorities], start=1):
        served = (number,) if number < priorities else tuple(range(number, 6))
        plans.append(_plan(f"{TYPE}-{number}", TYPE, served, target_ms))
    return tuple(plans)


def _plan(name: str, type_: str, priorities: tuple[int, ...], target_ms: int) -> Plan:
    slot = Slot(AMBULANCE, (Alternative(1),), target_ms=target_ms)
    return Plan(name, (type_,), priorities, Mode.AUTO, (slot,))


def _demand(calls: Calls, zones: tuple[Zone, ...]) -> Demand:
    shares = enumerate(calls.priority_shares, start=1)
    return Demand(
        calls_per_day=round(calls.per_day, 6),
        hourly=(1.0,) * 24,
        shares=tuple(TypeShare(TYPE, priority, share) for priority, share in shares if share > 0),
        zones=zones,
        care=CareTimes(calls.on_scene_ms, calls.transport_share, calls.handover_ms),
    )
