"""Names beside points so that none lies on another, on a point, or outside.

Each name takes the free place nearest to its point, the most crowded points first; where there is none close by it goes
further out and a thin line leads back.
"""

from collections.abc import Sequence
from math import cos, hypot, pi, sin

from msgspec import Struct

CHARACTER = 8.8
"""A generous width of a letter in the drawing."""
TALL = 17.0
DIRECTIONS = 16
DISTANCES = (11.0, 18.0, 28.0, 40.0, 54.0, 70.0, 90.0)
LEADER_FROM = 24.0
SIDEWAYS = 0.3


class Box(Struct, frozen=True):
    """A rectangle of the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Tell whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Label(Struct, frozen=True):
    """Where a name stands. It is held at the side of its point, so that a wider letter only reaches outward."""

    x: float
    y: float
    anchor: str
    """Which of the name stands at x: start, middle, end."""
    box: Box
    leads: bool
    """Far enough from its point to need a line back."""


def placed(
    points: Sequence[tuple[float, float]], names: Sequence[str], inside: Box, taken: Sequence[Box] = ()
) -> list[Label]:
    """Return a place for each name, in their order; `taken` is kept free as well."""
    blocked = [*taken, *(Box(x - 8, y - 8, x + 8, y + 8) for x, y in points)]
    labels: dict[int, Label] = {}
    for row in sorted(range(len(points)), key=lambda row: (-_crowd(points, row), row)):
        label = _place(points[row], names[row], inside, blocked)
        labels[row] = label
        blocked.append(label.box)
    return [labels[row] for row in range(len(points))]


def _crowd(points: Sequence[tuple[float, float]], row: int) -> float:
    x, y = points[row]
    return sum(1 / (20 + hypot(x - a, y - b)) for a, b in points)


def _place(point: tuple[float, float], name: str, inside: Box, blocked: Sequence[Box]) -> Label:
    wide = len(name) * CHARACTER
    best: tuple[float, Label] | None = None
    for distance in DISTANCES:
        for step in range(DIRECTIONS):
            label = _at(point, wide, distance, 2 * pi * step / DIRECTIONS)
            box = label.box
            out = (
                box.left < inside.left or box.right > inside.right or box.top < inside.top or box.bottom > inside.bottom
            )
            cost = sum(box.meets(other) for other in blocked) + 10 * out
            if not cost:
                return label
            if best is None or cost < best[0]:
                best = (cost, label)
    assert best is not None
    return best[1]


def _at(point: tuple[float, float], wide: float, distance: float, angle: float) -> Label:
    """Return the place in this direction: the edge of the name that faces the point is that far from it."""
    middle_x = point[0] + cos(angle) * (distance + wide / 2)
    middle_y = point[1] + sin(angle) * (distance + TALL / 2)
    box = Box(middle_x - wide / 2, middle_y - TALL / 2, middle_x + wide / 2, middle_y + TALL / 2)
    anchor, x = ("middle", middle_x)
    if abs(cos(angle)) > SIDEWAYS:
        anchor, x = ("start", box.left) if cos(angle) > 0 else ("end", box.right)
    return Label(x, middle_y, anchor, box, distance > LEADER_FROM)
