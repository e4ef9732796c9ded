"""Areas of alerts as the engine holds them: whole metres, cut off at the border of the place.

Rule: what is warned of is never less than what the alert says. A circle becomes a polygon that holds it, and a ring of
too many corners its hull.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from engine.model.geometry import Polygon, Projection
from gateways.cap.alert import Circle, Point

CORNERS_MAX: Final = 1_000
CIRCLE_MAX_M: Final = 20_000
"""The engine's caution is a circle up to this."""
SIDES: Final = 48
Bounds = tuple[int, int, int, int]
_Corner = tuple[float, float]


class Shape(Struct, frozen=True):
    """A circle that holds the ring, and the ring; without a ring all of the circle is meant."""

    x_m: int
    y_m: int
    radius_m: int
    ring: Polygon | None = None

    @property
    def polygon(self) -> Polygon:
        """The shape as a ring, whatever it is."""
        if self.ring is not None:
            return self.ring
        return _whole(_around(self.x_m, self.y_m, max(1, self.radius_m)))


def shape_of_circle(circle: Circle, projection: Projection, bounds: Bounds) -> Shape | None:
    """Return the circle's part of the place; None if it does not reach it."""
    x_m, y_m = projection.to_metres(circle.lat, circle.lon)
    radius_m = math.ceil(circle.radius_m)
    x_min, y_min, x_max, y_max = bounds
    if radius_m <= CIRCLE_MAX_M and x_min <= x_m <= x_max and y_min <= y_m <= y_max:
        return Shape(x_m, y_m, radius_m)
    return _cut(_around(x_m, y_m, max(1, radius_m)), bounds)


def shape_of_ring(ring: Sequence[Point], projection: Projection, bounds: Bounds) -> Shape | None:
    """Return the polygon's part of the place; None if it does not reach it."""
    return _cut([projection.to_metres(lat, lon) for lat, lon in ring], bounds)


def shape_of_metres(ring: Sequence[_Corner], bounds: Bounds) -> Shape | None:
    """Return the same of a polygon in metres."""
    return _cut(ring, bounds)


def shape_of_bounds(bounds: Bounds) -> Shape:
    """Return the whole place."""
    x_min, y_min, x_max, y_max = bounds
    return _shape(((x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)))


def _cut(ring: Sequence[_Corner], bounds: Bounds) -> Shape | None:
    """Cut a ring off at the four sides of the bounds, one after the other (Sutherland and Hodgman)."""
    x_min, y_min, x_max, y_max = bounds
    corners: Sequence[_Corner] = ring
    for axis, limit, sign in ((0, x_min, 1), (0, x_max, -1), (1, y_min, 1), (1, y_max, -1)):
        corners = _cut_side(corners, lambda corner, a=axis, at=limit, s=sign: s * (corner[a] - at))  # type: ignore[misc]  # bound now, not later
    whole = _whole(corners)
    if len(whole) > CORNERS_MAX:
        whole = _hull(whole)
    return _shape(whole) if len(whole) >= 3 and _doubled_area(whole) else None


def _cut_side(ring: Sequence[_Corner], depth: Callable[[_Corner], float]) -> list[_Corner]:
    kept: list[_Corner] = []
    for index, here in enumerate(ring):
        before = ring[index - 1]
        inner, was_inner = depth(here), depth(before)
        if (inner >= 0) != (was_inner >= 0):
            part = was_inner / (was_inner - inner)
            kept.append((before[0] + part * (here[0] - before[0]), before[1] + part * (here[1] - before[1])))
        if inner >= 0:
            kept.append(here)
    return kept


def _whole(ring: Iterable[_Corner]) -> Polygon:
    """Return the ring in whole metres, no corner twice in a row."""
    corners: list[tuple[int, int]] = []
    for x, y in ring:
        corner = round(x), round(y)
        if not corners or corner != corners[-1]:
            corners.append(corner)
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners.pop()
    return tuple(corners)


def _around(x_m: float, y_m: float, radius_m: float) -> list[_Corner]:
    """Return a polygon that holds the circle."""
    reach = radius_m / math.cos(math.pi / SIDES)
    angles = [2 * math.pi * side / SIDES for side in range(SIDES)]
    return [(x_m + reach * math.cos(angle), y_m + reach * math.sin(angle)) for angle in angles]


def _shape(ring: Polygon) -> Shape:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    x_m, y_m = (min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2
    radius_m = math.ceil(max(math.dist((x_m, y_m), corner) for corner in ring))
    return Shape(x_m, y_m, radius_m, ring)


def _doubled_area(ring: Polygon) -> int:
    return abs(sum(ring[i - 1][0] * y - x * ring[i - 1][1] for i, (x, y) in enumerate(ring)))


def _hull(ring: Polygon) -> Polygon:
    """Return the convex hull (Andrew's monotone chain); of too many corners still, their box."""
    points = sorted(set(ring))

    def chain(corners: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        made: list[tuple[int, int]] = []
        for x, y in corners:
            while len(made) >= 2 and _turn(made[-2], made[-1], (x, y)) <= 0:
                made.pop()
            made.append((x, y))
        return made[:-1]

    hull = tuple(chain(points) + chain(reversed(points)))
    if len(hull) <= CORNERS_MAX:
        return hull
    xs, ys = [x for x, _ in hull], [y for _, y in hull]
    return (min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys))


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
