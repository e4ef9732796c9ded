"""Shapes as RFC 7946 has them: [longitude, latitude], outer rings counter-clockwise and closed, boxes west-south-east-north.

Rule: pure. A place is far smaller than the Earth, so no shape of ours crosses the antimeridian.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

Position = tuple[float, float]
"""(longitude, latitude)."""
Shape = dict[str, Any]


class Box(Struct, frozen=True):
    """West, south, east, north."""

    west: float
    south: float
    east: float
    north: float

    def meets(self, other: "Box") -> bool:
        """Tell whether the boxes have a point in common."""
        apart = self.east < other.west or other.east < self.west or self.north < other.south or other.north < self.south
        return not apart

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        """As the standard writes it."""
        return self.west, self.south, self.east, self.north


def point(lat: float, lon: float) -> Shape:
    """Return a Point."""
    return {"type": "Point", "coordinates": (lon, lat)}


def polygon(corners: Sequence[tuple[float, float]]) -> Shape:
    """Return a Polygon of corners (lat, lon)."""
    ring = [(lon, lat) for lat, lon in corners]
    if _doubled_area(ring) < 0:
        ring.reverse()
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def lines(segments: Sequence[Sequence[tuple[float, float]]]) -> Shape:
    """Return a MultiLineString of stretches of (lat, lon)."""
    return {"type": "MultiLineString", "coordinates": [[(lon, lat) for lat, lon in each] for each in segments]}


def box_of(shapes: Sequence[Shape]) -> Box | None:
    """Return the box that holds the shapes; None of none."""
    found = [position for shape in shapes for position in _positions(shape["coordinates"])]
    if not found:
        return None
    lons, lats = [lon for lon, _ in found], [lat for _, lat in found]
    return Box(min(lons), min(lats), max(lons), max(lats))


def around(one: Box | None, other: Box | None) -> Box | None:
    """Return the box that holds both; None holds nothing."""
    if one is None or other is None:
        return one or other
    west, south = min(one.west, other.west), min(one.south, other.south)
    return Box(west, south, max(one.east, other.east), max(one.north, other.north))


def read_box(text: str) -> Box:
    """Return the box of `west,south,east,north`. Raises ValueError that says what is wrong."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("bbox: is four numbers, west,south,east,north in degrees") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("bbox: west,south,east,north lie within -180,-90,180,90, and west is not east of east")
    return Box(west, south, east, north)


def _positions(coordinates: Any) -> Iterator[Position]:
    if isinstance(coordinates, tuple):
        yield coordinates
    else:
        for each in coordinates:
            yield from _positions(each)


def _doubled_area(ring: Sequence[Position]) -> float:
    return sum(ring[i - 1][0] * y - x * ring[i - 1][1] for i, (x, y) in enumerate(ring))
