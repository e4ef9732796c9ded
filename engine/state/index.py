"""Where the units are, for questions by neighbourhood: one R-tree of slack boxes.

**One owner, one thread.** libspatialindex crashes even on concurrent reads, so a `UnitIndex` is used only by
the thread that owns the World, and nothing else holds a reference to it.

The tree holds for each unit a box of `slack_m` to every side of where the unit was when the box was drawn. A
unit that moves within its box costs two comparisons; only one that leaves it is deleted and inserted again.
So every answer is a *superset*: all units that are in the area asked for, and some that are near it. Exact
positions stay in the World's columns, and the caller refines by them.

The tree is kept small-leaved: capacity 16 and a fill factor of 0.35. The usual fill factor (0.7) makes a deletion
several times dearer; with 0.2 a bulk load leaves three boxes to a leaf, and questions cost twice as much until they
have filled. libspatialindex takes NaN and keeps the same id twice; here positions are integers within a
range, and a row is inserted only when `_boxed` says that it is not there.
"""

import ctypes
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rtree import core
from rtree.index import Index, Property

from engine.kernels.fixes import extremes, leaving

ROWS_MAX: Final = 2**20
"""Highest number of rows: a row number gone wrong must not make room for itself."""
METRES_MAX: Final = 2**30 - 1
"""Farthest coordinate: differences of two still fit in 32 bits."""
_CAPACITY: Final = 16
_FILL_FACTOR: Final = 0.35
_OVERLAP_FACTOR: Final = 8
"""near_minimum_overlap_factor, which must be below the capacity."""

_REDRAW_AT_LEAST: Final = 64
_REDRAW_SHARE: Final = 16
"""A batch that moves one row in 16 or more is loaded in bulk: 1.4 microseconds a row, against 27 a move."""


class UnitIndex:
    """The one R-tree of units. One owner, one thread. Rows are the World's: 0 <= row < ROWS_MAX."""

    def __init__(self, slack_m: int = 250) -> None:
        if not 0 <= slack_m <= METRES_MAX:
            raise ValueError(f"slack_m: {slack_m} is not between 0 and {METRES_MAX} metres")
        self.slack_m: Final = slack_m
        self._x_m = np.zeros(0, np.int64)  # centres of the boxes, by row
        self._y_m = np.zeros(0, np.int64)
        self._boxed = np.zeros(0, np.bool_)  # whether the row has a box in the tree
        self._place_in_batch = np.zeros(0, np.int64)  # scratch of place_many, by row
        self._count = 0
        self._tree: Any = Index(properties=_properties())
        self._found = np.empty(0, np.int64)  # where the tree writes its answers: room for every row
        self._found_at = self._found.ctypes.data
        self._corners = np.zeros((2, 2), np.float64)  # least and greatest (x, y) of the box asked for
        self._least_at, self._greatest_at = (corner.ctypes.data for corner in self._corners)

    @property
    def count(self) -> int:
        """How many rows are in the index."""
        return self._count

    def __contains__(self, row: int) -> bool:
        return 0 <= row < len(self._boxed) and bool(self._boxed[row])

    def place(self, row: int, x_m: int, y_m: int) -> None:
        """Say that `row` is at (x_m, y_m), whether it was in the index or not.

        Raises ValueError, and changes nothing, if the row or a coordinate is out of range.
        """
        _check("row", row, 0, ROWS_MAX - 1)
        _check("x_m", x_m, -METRES_MAX, METRES_MAX)
        _check("y_m", y_m, -METRES_MAX, METRES_MAX)
        self._make_room(row)
        if self._boxed[row]:
            if abs(x_m - self._x_m[row]) <= self.slack_m and abs(y_m - self._y_m[row]) <= self.slack_m:
                return
            self._take_out(row)
        self._put_in(row, x_m, y_m)

    def place_many(self, rows: ArrayLike, x_m: ArrayLike, y_m: ArrayLike) -> None:
        """Say that rows[i] is at (x_m[i], y_m[i]), for all i in order: of a row named twice the last counts.

        Three arrays of whole numbers [n]. Raises ValueError, and changes nothing, if they differ in length,
        are not whole numbers, or hold a number out of range.
        """
        columns = _whole_numbers(rows=rows, x_m=x_m, y_m=y_m)
        if len(columns[0]) == 0:
            return
        _check_all("rows", columns[0], 0, ROWS_MAX - 1)
        _check_all("x_m", columns[1], -METRES_MAX, METRES_MAX)
        _check_all("y_m", columns[2], -METRES_MAX, METRES_MAX)
        self._make_room(int(columns[0].max()))
        places = np.empty(len(columns[0]), np.int64)
        count = leaving(
            columns[0],
            columns[1],
            columns[2],
            self._boxed,
            self._x_m,
            self._y_m,
            self.slack_m,
            self._place_in_batch,
            places,
        )
        if not count:
            return
        row_column, x_column, y_column = (column[places[:count]] for column in columns)
        if len(row_column) >= max(_REDRAW_AT_LEAST, self._count // _REDRAW_SHARE):
            self._redraw(row_column, x_column, y_column)
            return
        for row, x, y in zip(row_column.tolist(), x_column.tolist(), y_column.tolist(), strict=True):
            if self._boxed[row]:
                self._take_out(row)
            self._put_in(row, x, y)

    def remove(self, row: int) -> None:
        """Take `row` out. One that is not in the index stays so."""
        if row in self:
            self._take_out(row)

    def near(self, x_m: int, y_m: int, radius_m: int) -> NDArray[np.int32]:
        """Return, ascending, the rows that may be within radius_m of (x_m, y_m): all that are, and some more.

        int32[m]. Raises ValueError if the radius is negative or a number is out of range.
        """
        _check("radius_m", radius_m, 0, METRES_MAX)
        return self.in_box(x_m - radius_m, y_m - radius_m, x_m + radius_m, y_m + radius_m)

    def in_box(self, x_min_m: int, y_min_m: int, x_max_m: int, y_max_m: int) -> NDArray[np.int32]:
        """Return, ascending, the rows that may be in the box, edges included: all that are, and some more.

        int32[m]. Raises ValueError if the box is inside out or beyond twice METRES_MAX.
        """
        _check("x_min_m", x_min_m, -2 * METRES_MAX, x_max_m)
        _check("y_min_m", y_min_m, -2 * METRES_MAX, y_max_m)
        _check("x_max_m", x_max_m, x_min_m, 2 * METRES_MAX)
        _check("y_max_m", y_max_m, y_min_m, 2 * METRES_MAX)
        self._corners[:] = (x_min_m, y_min_m), (x_max_m, y_max_m)
        return np.sort(self._ask().astype(np.int32))

    def _ask(self) -> NDArray[np.int64]:
        """Return the rows whose box meets self._corners, in the tree's order; valid until the next call.

        The package's own calls make a Python generator of the answer, or ask twice if it is longer than two
        rows. This is its vector call with room for every row, so the answer always fits.
        """
        number, answered = ctypes.c_uint64(), ctypes.c_int64()
        core.rt.Index_Intersects_id_v(
            self._tree.handle,
            1,  # question
            2,  # dimensions
            len(self._found),
            2,  # numbers from one question to the next
            1,  # number from one dimension to the next
            self._least_at,
            self._greatest_at,
            self._found_at,
            ctypes.addressof(number),
            ctypes.byref(answered),
        )
        return self._found[: number.value]

    def _redraw(self, rows: NDArray[np.int64], x_m: NDArray[np.int64], y_m: NDArray[np.int64]) -> None:
        """Draw the boxes of `rows` anew and load the whole tree in bulk."""
        self._x_m[rows], self._y_m[rows], self._boxed[rows] = x_m, y_m, True
        present = np.flatnonzero(self._boxed)
        centres = np.stack((self._x_m[present], self._y_m[present]), axis=1).astype(np.float64)
        boxes = (present, centres - self.slack_m, centres + self.slack_m)
        self._tree.close()
        self._tree = Index(boxes, properties=_properties())
        self._count = len(present)

    def _put_in(self, row: int, x_m: int, y_m: int) -> None:
        self._x_m[row], self._y_m[row], self._boxed[row] = x_m, y_m, True
        self._tree.insert(row, self._box(row))
        self._count += 1

    def _take_out(self, row: int) -> None:
        self._tree.delete(row, self._box(row))
        self._boxed[row] = False
        self._count -= 1

    def _box(self, row: int) -> tuple[int, int, int, int]:
        """Box of `row` as the tree has it; a deletion finds it by these very numbers."""
        x_m, y_m = int(self._x_m[row]), int(self._y_m[row])
        return x_m - self.slack_m, y_m - self.slack_m, x_m + self.slack_m, y_m + self.slack_m

    def _make_room(self, row: int) -> None:
        """Lengthen the columns to hold `row`; doubling, so that growth by one is not a copy each time."""
        short = row + 1 - len(self._boxed)
        if short <= 0:
            return
        more = max(short, len(self._boxed), 64)
        self._x_m = np.pad(self._x_m, (0, more))
        self._y_m = np.pad(self._y_m, (0, more))
        self._boxed = np.pad(self._boxed, (0, more))
        self._place_in_batch = np.pad(self._place_in_batch, (0, more))
        self._found = np.empty(len(self._boxed), np.int64)
        self._found_at = self._found.ctypes.data


def _properties() -> Property:
    properties = Property()
    properties.index_capacity = _CAPACITY
    properties.leaf_capacity = _CAPACITY
    properties.fill_factor = _FILL_FACTOR
    properties.near_minimum_overlap_factor = _OVERLAP_FACTOR
    return properties


def _check(name: str, value: int, least: int, greatest: int) -> None:
    if not least <= value <= greatest:
        raise ValueError(f"{name}: {value} is not between {least} and {greatest}")


def _check_all(name: str, values: NDArray[np.int64], least: int, greatest: int) -> None:
    for value in extremes(values):
        _check(name, value, least, greatest)


def _whole_numbers(**columns: ArrayLike) -> list[NDArray[np.int64]]:
    """Return the columns as int64[n], or raise ValueError naming the one that is not whole numbers."""
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    length = len(arrays["rows"])
    for name, array in arrays.items():
        if array.ndim != 1 or len(array) != length:
            raise ValueError(f"{name}: shape {array.shape} is not that of {length} rows")
        if length and array.dtype.kind not in "iu":
            raise ValueError(f"{name}: {array.dtype} is not whole numbers")
    return [array.astype(np.int64) for array in arrays.values()]
