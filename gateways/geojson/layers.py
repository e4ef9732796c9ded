"""The layers of the map: what stands in the durable World, feature by feature.

Rule: what a caller may not see is not here. Incidents and cautions are redacted as everywhere; callers, notes, codes and
dispositions are in no layer for anybody. A layer is given in parts that take a millisecond each, so that dispatch goes on
between them: each feature is of one moment, a large layer is not.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from engine.model.lifecycle import FREE
from engine.model.place import Place, Station
from engine.model.roads import Stretch
from engine.state.posts import post_of
from engine.state.records import Incident
from engine.state.world import World
from engine.streets.graph import Graph
from engine.streets.stretches import arcs_of
from gateways.geojson.geometry import Shape, lines, point, polygon
from gateways.redaction import Audience, incident_for, surroundings_for
from gateways.surroundings_views import view_surroundings
from gateways.views import view_incident

SEGMENTS_MAX: Final = 20_000
"""Of one closure; beyond it the feature says that it is cut."""
Feature = tuple[str, Shape, dict[str, Any]]
"""Id, geometry, properties."""
Part = list[Feature]
Layer = Callable[[World, Audience, Graph | None], Iterator[Part]]
UNITS_AT_ONCE: Final = 250
INCIDENTS_AT_ONCE: Final = 20


def units(world: World, audience: Audience, graph: Graph | None) -> Iterator[Part]:
    """Give every unit where it is, or is taken to be."""
    del audience, graph
    for first in range(0, len(world.units), UNITS_AT_ONCE):
        yield _units(world, slice(first, first + UNITS_AT_ONCE))


def _units(world: World, some: slice) -> Part:
    fleet = world.fleet
    lats, lons = world.settled.projection.columns_to_degrees(fleet.x_m[some], fleet.y_m[some])
    part = []
    for unit, lat, lon in zip(world.units[some], lats.tolist(), lons.tolist(), strict=True):
        described, fix_ms = fleet.units[unit.row], int(fleet.fix_ms[unit.row])
        said = {
            "kind": described.kind,
            "status": world.status(unit),
            "station": described.station,
            "post": post_of(world, unit),
            "incident": unit.incident,
            "agency": described.agency,
            "fix_ms": fix_ms if fix_ms >= 0 else None,
            "assumed": bool(fleet.assumed[unit.row]),
        }
        part.append((unit.id, point(lat, lon), said))
    return part


def incidents(world: World, audience: Audience, graph: Graph | None) -> Iterator[Part]:
    """Give every open incident."""
    del graph
    found = list(world.open)
    for first in range(0, len(found), INCIDENTS_AT_ONCE):
        some = found[first : first + INCIDENTS_AT_ONCE]
        # Others may have ended since the first part was given.
        yield [_incident(world, audience, world.open[name]) for name in some if name in world.open]


def _incident(world: World, audience: Audience, found: Incident) -> Feature:
    seen = incident_for(audience, view_incident(world, found))
    said = {
        "type": seen.type,
        "priority": seen.priority,
        "phase": seen.phase,
        "area": seen.area,
        "address": seen.address,
        "alarm_level": seen.alarm_level,
        "reported_ms": seen.reported_ms,
        "waiting_since_ms": seen.waiting_since_ms,
        "units": [assignment.unit for assignment in seen.assigned],
        "redacted": seen.redacted,
    }
    return seen.id, point(seen.lat, seen.lon), said


def cautions(world: World, audience: Audience, graph: Graph | None) -> Iterator[Part]:
    """Give every caution: its ring, or its middle with the radius."""
    del graph
    part: Part = []
    for seen in surroundings_for(audience, view_surroundings(world)).cautions:
        shape = point(seen.lat, seen.lon) if seen.polygon is None else polygon(seen.polygon)
        said = {"severity": seen.severity, "text": seen.text, "radius_m": seen.radius_m, "until_ms": seen.until_ms}
        part.append((seen.id, shape, said))
    yield part


def closures(world: World, audience: Audience, graph: Graph | None) -> Iterator[Part]:
    """Give every closed or slowed stretch: the polygon that was drawn, or its streets as lines."""
    del audience
    book = world.road_book
    for closed in list(book.closures.values()):
        shape, cut = _stretch(world, closed.stretch, graph)
        said = {"kind": "closure", "reason": closed.reason, "until_ms": closed.until_ms}
        yield [(f"closure/{closed.id}", shape, {**said, "what": closed.stretch.words, "cut": cut})]
    for slowed in list(book.slowings.values()):
        shape, cut = _stretch(world, slowed.stretch, graph)
        said = {"kind": "slowing", "percent": slowed.percent, "until_ms": slowed.until_ms}
        yield [(f"slowing/{slowed.id}", shape, {**said, "what": slowed.stretch.words, "cut": cut})]


def coverage(world: World, audience: Audience, graph: Graph | None) -> Iterator[Part]:
    """Give every station and post with the units that belong there and are free, and every response area."""
    del audience, graph
    place = world.settled
    belongs: dict[str, list[str]] = {}
    free: dict[str, int] = {}
    for first in range(0, len(world.units), UNITS_AT_ONCE):
        for unit in world.units[first : first + UNITS_AT_ONCE]:
            post = post_of(world, unit)
            belongs.setdefault(post, []).append(unit.id)
            free[post] = free.get(post, 0) + (world.status(unit) in FREE)
        yield []
    for begin in range(0, len(place.stations), UNITS_AT_ONCE):
        yield [_station(place, each, belongs, free) for each in place.stations[begin : begin + UNITS_AT_ONCE]]
    yield _areas(world, place)


def _station(place: Place, station: Station, belongs: dict[str, list[str]], free: dict[str, int]) -> Feature:
    said = {
        "kind": "post" if station.post else "station",
        "name": station.name,
        "units": belongs.get(station.id, []),
        "free": free.get(station.id, 0),
        "minimum": station.minimum,
        "short": max(0, station.minimum - free.get(station.id, 0)),
    }
    return f"station/{station.id}", point(*place.projection.to_degrees(station.x_m, station.y_m)), said


def _areas(world: World, place: Place) -> Part:
    waiting = Counter(each.area for each in world.waiting.values())
    opened = Counter(each.area for each in world.open.values())
    part = []
    for area in place.areas:
        ring = [place.projection.to_degrees(x_m, y_m) for x_m, y_m in area.polygon]
        counted = {"open": opened[area.id], "waiting": waiting[area.id]}
        part.append((f"area/{area.id}", polygon(ring), {"kind": "area", "name": area.name, **counted}))
    return part


LAYERS: Final[dict[str, Layer]] = {
    "units": units,
    "incidents": incidents,
    "coverage": coverage,
    "closures": closures,
    "cautions": cautions,
}


def _stretch(world: World, stretch: Stretch, graph: Graph | None) -> tuple[Shape, bool]:
    """Return the shape, and whether it was cut."""
    to_degrees = world.settled.projection.to_degrees
    if stretch.polygon is not None and not stretch.streets and not stretch.arcs:
        return polygon([to_degrees(x_m, y_m) for x_m, y_m in stretch.polygon]), False
    if graph is None:
        return lines([]), True
    rows = arcs_of(graph, stretch).nonzero()[0]
    ends = {(min(a, b), max(a, b)) for a, b in zip(graph.tail[rows].tolist(), graph.head[rows].tolist(), strict=True)}
    kept = sorted(ends)[:SEGMENTS_MAX]

    def place_of(node: int) -> tuple[float, float]:
        return to_degrees(int(graph.x_dm[node]) / 10, int(graph.y_dm[node]) / 10)

    return lines([(place_of(a), place_of(b)) for a, b in kept]), len(ends) > SEGMENTS_MAX
