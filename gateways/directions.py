"""`turnout travel route PLACE A B`: the way from one point to another, street by street.

A point is "lat,lon", a station, a hospital or a unit by its id or name, a street, or two streets that cross: "Oak
Street & 3rd Avenue". Times are the usual ones; `--closed` tries what a closure would do.
"""

import difflib
from pathlib import Path

import click
import msgspec
import numpy as np
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from engine.model.place import Place
from engine.model.roads import Closure, Conditions, Stretch
from engine.model.route import Route
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.snapping import NEAR_ROAD_M, NOWHERE
from engine.streets.stretches import DM
from engine.streets.weighing import Mode
from gateways.places import PlaceRefused, load

Point = tuple[int, int]
ALIKE = 0.6
"""How alike a name must be to be suggested."""
NEITHER = "neither a position, a station, a hospital, a unit nor a street"


class Unknown(Exception):
    """A point or a street that the place does not have. The message says what it may have meant."""


class ToldLeg(Struct, frozen=True):
    """One street."""

    street: str
    metres: int
    seconds: float


class Told(Struct, frozen=True):
    """The answer as JSON; `line` is GeoJSON's order: longitude, latitude."""

    travel_s: float
    metres: int
    legs: tuple[ToldLeg, ...]
    line: tuple[tuple[float, float], ...]


def tell_route(folder: Path, start: str, end: str, closed: tuple[str, ...], *, normal: bool, as_json: bool) -> int:
    """Print the way; return the exit status: 1 where there is none, 2 where the question was wrong."""
    try:
        loaded = load(folder)
    except PlaceRefused as refusal:
        for mistake in refusal.mistakes:
            click.echo(f"{mistake.file}: {mistake.path}: {mistake.message}", err=True)
        return 2
    if loaded.graph is None:
        click.echo(f"{folder}: this place has no streets, so times are straight lines and there are no ways.", err=True)
        return 2
    roads = Roads(Network(loaded.graph), loaded.place.travel)
    try:
        points = find_point(loaded.place, roads, start), find_point(loaded.place, roads, end)
        conditions = _conditions(roads, closed)
    except Unknown as unknown:
        click.echo(str(unknown), err=True)
        return 2
    found = roads.route(conditions, *points, Mode.NORMAL if normal else Mode.LIGHTS)
    if found is None:
        click.echo(f"There is no way by road from {start} to {end}{_under(closed)}.", err=True)
        return 1
    _print(loaded.place, found, as_json=as_json)
    return 0


def find_point(place: Place, roads: Roads, text: str) -> Point:
    """Return the point (x_m, y_m) that the words mean. Raises Unknown."""
    point = _degrees(place, text) or _landmark(place, text) or _on_street(roads, text)
    if point is None:
        raise Unknown(_unknown(text, [*_landmarks(place), *roads.graph.names]))
    if roads.spot(*point).arc == NOWHERE:
        raise Unknown(f"{text!r} is more than {NEAR_ROAD_M} m from every road of {place.name}.")
    return point


def _degrees(place: Place, text: str) -> Point | None:
    parts = text.split(",")
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        return None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise Unknown(f"{text!r} is no position: write latitude, longitude in degrees, like 41.497,-90.512.")
    return place.projection.to_metres(lat, lon)


def _landmarks(place: Place) -> dict[str, Point]:
    """Return points by id and by name; ids count before names."""
    stations = {station.id: (station.x_m, station.y_m) for station in place.stations}
    named = {hospital.name: (hospital.x_m, hospital.y_m) for hospital in place.hospitals}
    named |= {station.name: (station.x_m, station.y_m) for station in place.stations}
    hospitals = {hospital.id: (hospital.x_m, hospital.y_m) for hospital in place.hospitals}
    units = {unit.id: stations[unit.station] for unit in place.units}
    return {**named, **hospitals, **units, **stations}


def _landmark(place: Place, text: str) -> Point | None:
    wanted = text.strip().casefold()
    return next((point for name, point in _landmarks(place).items() if name.casefold() == wanted), None)


def _on_street(roads: Roads, text: str) -> Point | None:
    """Return the middle of a street, or where two of them cross. Raises Unknown if they do not, or one of them is not."""
    graph = roads.graph
    parts = text.split("&")
    nodes: np.ndarray[tuple[int], np.dtype[np.int32]] | None = None
    for part in parts:
        row = _name_row(graph.names, part)
        if row < 0 and len(parts) > 1:
            raise Unknown(_unknown(part.strip(), list(graph.names), "no street"))
        arcs = np.flatnonzero(graph.arc_name == row)
        ends = np.unique(np.concatenate([graph.tail[arcs], graph.head[arcs]]))
        nodes = ends if nodes is None else np.intersect1d(nodes, ends)
    if nodes is None or len(nodes) == 0:
        if len(parts) > 1:
            raise Unknown(f"{' and '.join(part.strip() for part in parts)} do not cross.")
        return None
    x, y = graph.x_dm[nodes].astype(np.int64), graph.y_dm[nodes].astype(np.int64)
    middle = int(nodes[np.argmin((x - x.mean()) ** 2 + (y - y.mean()) ** 2)])
    return int(graph.x_dm[middle]) // DM, int(graph.y_dm[middle]) // DM


def _name_row(names: tuple[str, ...], text: str) -> int:
    wanted = text.strip().casefold()
    return next((row for row, name in enumerate(names) if name and name.casefold() == wanted), -1)


def _conditions(roads: Roads, closed: tuple[str, ...]) -> Conditions:
    closures = []
    for name in closed:
        row = _name_row(roads.graph.names, name)
        if row < 0:
            raise Unknown(_unknown(name, list(roads.graph.names), "no street"))
        closures.append(Closure(name, Stretch(streets=(roads.graph.names[row],))))
    return Conditions(closures=tuple(closures))


def _unknown(text: str, known: list[str], neither: str = NEITHER) -> str:
    close = difflib.get_close_matches(text, [name for name in known if name], 3, ALIKE)
    meant = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"{text!r} is {neither} of this place.{meant}"


def _under(closed: tuple[str, ...]) -> str:
    return f" with {' and '.join(closed)} closed" if closed else ""


def _print(place: Place, found: Route, *, as_json: bool) -> None:
    if as_json:
        degrees = (place.projection.to_degrees(x_m, y_m) for x_m, y_m in found.line)
        legs = tuple(ToldLeg(leg.street, leg.metres, leg.travel_ms / 1000) for leg in found.legs)
        line = tuple((lon, lat) for lat, lon in degrees)
        click.echo(msgspec.json.encode(Told(found.travel_ms / 1000, found.metres, legs, line)).decode())
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("street")
    table.add_column("metres", justify="right")
    table.add_column("time", justify="right")
    for leg in found.legs:
        table.add_row(leg.street, f"{leg.metres:,}", clock(leg.travel_ms))
    table.add_section()
    table.add_row("all of it, with turns and the way to the road", f"{found.metres:,}", clock(found.travel_ms))
    Console(highlight=False).print(table)


def clock(ms: int) -> str:
    """Return minutes and seconds."""
    seconds = round(ms / 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"
