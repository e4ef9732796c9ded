"""Where named things are, for questions by neighbourhood: an R-tree of points, and of circles about points.

**One owner, one thread**, as with the units' own tree (`index.py`): libspatialindex crashes even on concurrent reads.

Rule: the tree only narrows the question. Every answer is refined by whole numbers and sorted by name, so it depends
on what is in here and never on the order in which it came in. A tree takes NaN and holds the same id twice; here
coordinates are integers within a range, and a name has one number and one box.

While there are only a few, there is no tree: to look at each of them costs less than to keep one.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, Final

from msgspec import Struct
from rtree.index import Index, Property

from engine.state.index import METRES_MAX

_CAPACITY: Final = 16
_FILL_FACTOR: Final = 0.35
_OVERLAP_FACTOR: Final = 8
FEW: Final = 48
"""Up to so many are looked at one by one: as long as an insertion and a deletion take."""


class Circle(Struct, frozen=True, gc=False):
    """A point with what it reaches, in metres. A mere point reaches 0."""

    x_m: int
    y_m: int
    radius_m: int = 0

    def reaches(self, x_m: int, y_m: int, within_m: int = 0) -> bool:
        """Tell whether the edge is at most `within_m` from the point. Exact."""
        reach_m = self.radius_m + within_m
        return (x_m - self.x_m) ** 2 + (y_m - self.y_m) ** 2 <= reach_m * reach_m


class Circles:
    """Circles by name. One owner, one thread."""

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._circles: dict[str, Circle] = {}
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._number = 0
        self._tree: Any = None

    def __len__(self) -> int:
        return len(self._circles)

    def put(self, name: str, circle: Circle) -> None:
        """Say that `name` is there, whether it was known before or not.

        Raises ValueError, and changes nothing, if a number is out of range.
        """
        if self._circles.get(name) == circle:
            return
        _check(circle)
        self.take_out(name)
        self._circles[name] = circle
        if self._tree is not None:
            self._insert(name, circle)
        elif len(self._circles) > self._few:
            self._tree = Index(properties=_properties())
            for each, known in self._circles.items():
                self._insert(each, known)

    def take_out(self, name: str) -> None:
        """Forget `name`. One that is not known stays so."""
        circle = self._circles.pop(name, None)
        if circle is None or self._tree is None:
            return
        number = self._numbers.pop(name)
        del self._names[number]
        self._tree.delete(number, _box(circle))
        if 2 * len(self._circles) < self._few:
            self._tree = None
            self._numbers.clear()
            self._names.clear()

    def near(self, x_m: int, y_m: int, within_m: int = 0) -> list[str]:
        """Return, sorted, the names whose circle comes within `within_m` of the point: exactly those."""
        names: Iterable[str] = self._circles
        if self._tree is not None:
            box = _box(Circle(x_m, y_m, within_m))
            names = (self._names[number] for number in self._tree.intersection(box))
        return sorted(name for name in names if self._circles[name].reaches(x_m, y_m, within_m))

    def everything(self) -> list[tuple[str, Circle]]:
        """Return, sorted, what the tree itself holds: a name as often as it stands there."""
        if self._tree is None:
            return sorted(self._circles.items(), key=itemgetter(0))
        widest = (-2 * METRES_MAX, -2 * METRES_MAX, 2 * METRES_MAX, 2 * METRES_MAX)
        names = [self._names.get(number, f"number {number}") for number in self._tree.intersection(widest)]
        return [(name, self._circles.get(name, Circle(0, 0))) for name in sorted(names)]

    def _insert(self, name: str, circle: Circle) -> None:
        self._number += 1
        self._numbers[name], self._names[self._number] = self._number, name
        self._tree.insert(self._number, _box(circle))


def _box(circle: Circle) -> tuple[int, int, int, int]:
    """Box of the circle; a deletion finds it by these very numbers."""
    x_m, y_m, radius_m = circle.x_m, circle.y_m, circle.radius_m
    return x_m - radius_m, y_m - radius_m, x_m + radius_m, y_m + radius_m


def _check(circle: Circle) -> None:
    for name, value, least in (
        ("x_m", circle.x_m, -METRES_MAX),
        ("y_m", circle.y_m, -METRES_MAX),
        ("radius_m", circle.radius_m, 0),
    ):
        if not least <= value <= METRES_MAX:
            raise ValueError(f"{name}: {value} is not between {least} and {METRES_MAX} metres")


def _properties() -> Property:
    """Small leaves, as deletions are as frequent as insertions; see `index.py`."""
    properties = Property()
    properties.index_capacity = _CAPACITY
    properties.leaf_capacity = _CAPACITY
    properties.fill_factor = _FILL_FACTOR
    properties.near_minimum_overlap_factor = _OVERLAP_FACTOR
    return properties
