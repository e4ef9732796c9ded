"""Response areas as GeoJSON (RFC 7946): a FeatureCollection of Polygons with `id`, `name`, `stations` and `order`.

Rule: an area is one ring without holes that does not cross itself. Order matters: the first area that holds a point
counts. What GeoJSON allows besides (boxes, styles, other members) is ignored.
"""

from itertools import pairwise
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.model.geometry import Polygon, Projection
from engine.model.place import ResponseArea
from engine.model.plans import Order
from gateways.places.decode import decode
from gateways.places.files import AREAS, STATIONS, Id, Latitude, Longitude, StationRow, Text
from gateways.places.mistakes import Findings, like
from gateways.places.tables import Rows, read_text

CORNERS_COMPARED = 2000
"""Rings with more corners are not checked for crossing themselves: the check is quadratic."""


class _Geometry(Struct, frozen=True):
    type: str
    coordinates: tuple[tuple[tuple[Longitude, Latitude], ...], ...]


class _Properties(Struct, frozen=True):
    id: Id
    name: Text
    stations: tuple[Id, ...] = ()
    order: Order | None = None


class _Feature(Struct, frozen=True):
    geometry: _Geometry
    properties: _Properties


def read_areas(
    folder: Path, projection: Projection, stations: Rows[StationRow], findings: Findings
) -> tuple[ResponseArea, ...]:
    """Return the areas of the file; what is wrong with the others is reported."""
    text = read_text(folder, AREAS, findings)
    if text is None:
        return ()
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        findings.error(AREAS, "", f"is not valid JSON: {error}")
        return ()
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        findings.error(AREAS, "", "is not a GeoJSON FeatureCollection: it has no list of features")
        return ()
    areas: list[ResponseArea] = []
    for number, feature in enumerate(features):
        area = _area(feature, f"features[{number}]", projection, findings)
        if area is not None and any(area.id == other.id for other in areas):
            findings.error(AREAS, f"features[{number}].properties.id", f'"{area.id}" stands twice; ids must differ')
        elif area is not None:
            _check_stations(area, f"features[{number}].properties", stations, findings)
            areas.append(area)
    return tuple(areas)


def _area(feature: object, path: str, projection: Projection, findings: Findings) -> ResponseArea | None:
    kind = _kind(feature)
    if kind not in (None, "Polygon"):
        findings.error(AREAS, f"{path}.geometry.type", f"must be Polygon; found {kind} (split it into features)")
        return None
    row = decode(feature, _Feature, path, lambda where, why: findings.error(AREAS, where, why))
    if row is None:
        return None
    rings = row.geometry.coordinates
    path += ".geometry.coordinates"
    if len(rings) != 1:
        findings.error(AREAS, path, f"must be one ring without holes; found {len(rings)} rings")
        return None
    ring = tuple(projection.to_metres(lat, lon) for lon, lat in rings[0])
    trouble = _trouble(ring)
    if trouble:
        findings.error(AREAS, f"{path}[0]", f'area "{row.properties.id}" {trouble}')
        return None
    about = row.properties
    return ResponseArea(about.id, about.name, ring[:-1], about.stations, about.order)


def _check_stations(area: ResponseArea, path: str, stations: Rows[StationRow], findings: Findings) -> None:
    for number, name in enumerate(area.stations):
        if stations.unknown(name):
            message = f'unknown station "{name}"{like(name, stations.ids)}; {STATIONS} does not have it'
            findings.error(AREAS, f"{path}.stations[{number}]", message)
        elif name in area.stations[:number]:
            findings.error(AREAS, f"{path}.stations[{number}]", f'"{name}" stands twice')
    if area.order not in (None, Order.CLOSEST) and not area.stations:
        findings.error(AREAS, f"{path}.order", f'is "{area.order}", but the area names no stations in their order')


def _kind(feature: object) -> object:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    return geometry.get("type") if isinstance(geometry, dict) else None


def _trouble(ring: Polygon) -> str:
    """Return what is wrong with a closed ring, or nothing."""
    if len(ring) < 4 or ring[0] != ring[-1]:
        return "needs at least three corners and must end where it began"
    if _doubled_area(ring) == 0:
        return "has no surface"
    if len(ring) <= CORNERS_COMPARED and (crossing := _crossing(ring)) is not None:
        return f"crosses itself (sides {crossing[0]} and {crossing[1]})"
    return ""


def _doubled_area(ring: Polygon) -> int:
    return sum(xa * yb - xb * ya for (xa, ya), (xb, yb) in pairwise(ring))


def _crossing(ring: Polygon) -> tuple[int, int] | None:
    """Return two sides that properly cross, or None. Exact, in integers."""
    sides = list(pairwise(ring))
    for first, (a, b) in enumerate(sides):
        for second in range(first + 2, len(sides)):
            c, d = sides[second]
            if _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0:
                return first, second
    return None


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    """Return 1, 0 or -1: c lies left of, on or right of the line from a to b."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (cross > 0) - (cross < 0)


def areas_document(areas: tuple[ResponseArea, ...], projection: Projection) -> bytes:
    """Return the file's bytes: one feature a line."""
    lines = [msgspec.json.encode(_feature(area, projection)).decode() for area in areas]
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def _feature(area: ResponseArea, projection: Projection) -> dict[str, object]:
    ring = [projection.to_degrees(x, y)[::-1] for x, y in (*area.polygon, area.polygon[0])]
    about: dict[str, object] = {"id": area.id, "name": area.name}
    about |= {"stations": area.stations} if area.stations else {}
    about |= {"order": area.order} if area.order is not None else {}
    return {
        "type": "Feature",
        "properties": about,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
