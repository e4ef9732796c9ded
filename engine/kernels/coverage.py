"""What a free unit's place is worth: the share of all demand whose cover goes with it (MEXCLP, Daskin 1983).

A point that k free units cover is served by one of them with probability 1 - q**k, where q is how much of the time a unit
is busy. Taking one of the k away costs its weight times (1 - q) * q**(k - 1). That is told here in parts of what a lone
unit gives, so without the (1 - q): the only unit that covers everything has a share of one.

Whole numbers throughout, so the same bytes come out everywhere. Units are sorted into squares as wide as the radius; a
point looks into nine of them, and stops as soon as so many units cover it that one more or less is nothing.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

WHOLE: Final = 1_000_000_000
"""A share of one."""
MOST_COUNTED: Final = 64
"""A point that more units cover loses nothing with one of them."""
_SQUARES_MAX: Final = 512


class _Squares(NamedTuple):
    """A grid over the points; units of square s are unit[start[s]:start[s + 1]]."""

    west_m: int
    south_m: int
    side_m: int
    columns: int
    lines: int
    start: NDArray[np.int64]
    unit: NDArray[np.int64]


@helper
def _shares(busy_permille: int) -> NDArray[np.int64]:
    """Return q**(k - 1) of WHOLE by k, as far as it is not nothing; the first entry, for k = 0, is 0."""
    shares = np.zeros(MOST_COUNTED + 1, np.int64)
    k, share = 1, int(WHOLE)
    while k <= MOST_COUNTED and share > 0:
        shares[k] = share
        share = share * busy_permille // 1000
        k += 1
    return shares[:k]


@helper
def _square(x_m: int, y_m: int, west_m: int, south_m: int, side_m: int, columns: int, lines: int) -> int:
    """Return the number of the square that holds the position, -1 for none."""
    column, line = (np.int64(x_m) - west_m) // side_m, (np.int64(y_m) - south_m) // side_m
    if not (0 <= column < columns and 0 <= line < lines):
        return -1
    return int(line * columns + column)


@helper
def _sorted_into_squares(
    point_x_m: NDArray[np.int32],
    point_y_m: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    radius_m: int,
) -> _Squares:
    """Sort the units into squares at least as wide as the radius, with a margin of one round all points."""
    wide_m = np.int64(point_x_m.max()) - point_x_m.min()
    high_m = np.int64(point_y_m.max()) - point_y_m.min()
    side_m = max(radius_m, 1, wide_m // _SQUARES_MAX + 1, high_m // _SQUARES_MAX + 1)
    west_m, south_m = np.int64(point_x_m.min()) - side_m, np.int64(point_y_m.min()) - side_m
    columns, lines = wide_m // side_m + 3, high_m // side_m + 3
    start = np.zeros(columns * lines + 2, np.int64)
    for i in range(len(x_m)):
        square = _square(x_m[i], y_m[i], west_m, south_m, side_m, columns, lines)
        if square >= 0:
            start[square + 2] += 1
    for square in range(2, len(start)):
        start[square] += start[square - 1]
    unit = np.empty(start[len(start) - 1], np.int64)
    for i in range(len(x_m)):
        square = _square(x_m[i], y_m[i], west_m, south_m, side_m, columns, lines)
        if square >= 0:
            unit[start[square + 1]] = i
            start[square + 1] += 1
    return _Squares(west_m, south_m, side_m, columns, lines, start, unit)


@helper
def _who_covers(
    at_x_m: int,
    at_y_m: int,
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    radius_m: int,
    squares: _Squares,
    found: NDArray[np.int64],
) -> int:
    """Write the units that cover the point to `found`; return how many, or one more than `found` holds."""
    count = 0
    home = _square(at_x_m, at_y_m, squares.west_m, squares.south_m, squares.side_m, squares.columns, squares.lines)
    for line in range(-1, 2):
        middle = home + line * squares.columns  # the margin sees to it that all three are there
        for i in range(squares.start[middle - 1], squares.start[middle + 2]):
            unit = squares.unit[i]
            east_m, north_m = np.int64(x_m[unit]) - at_x_m, np.int64(y_m[unit]) - at_y_m
            if east_m * east_m + north_m * north_m > np.int64(radius_m) * radius_m:
                continue
            if count == len(found):
                return count + 1
            found[count] = unit
            count += 1
    return count


@kernel
def lost_cover(
    point_x_m: NDArray[np.int32],
    point_y_m: NDArray[np.int32],
    weight: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    radius_m: int,
    busy_permille: int,
    out: NDArray[np.int32],
) -> None:
    """Write for each unit what share of all demand loses its cover when that unit alone goes, in parts of WHOLE.

    point_x_m, point_y_m, weight: int32[P], weights >= 0; x_m, y_m: int32[n], all units that are free; out: int32[n].
    0 <= radius_m <= 2**29, 0 <= busy_permille <= 1000; coordinates within +-2**30, all weights together below 2**33.
    Shares are rounded down once, at the end. Without points or weight nothing is lost.
    """
    out[:] = 0
    whole = weight.astype(np.int64).sum()
    if whole == 0 or len(x_m) == 0:
        return
    shares = _shares(busy_permille)
    squares = _sorted_into_squares(point_x_m, point_y_m, x_m, y_m, radius_m)
    found = np.empty(len(shares) - 1, np.int64)
    lost = np.zeros(len(x_m), np.int64)
    for point in range(len(weight)):
        count = _who_covers(point_x_m[point], point_y_m[point], x_m, y_m, radius_m, squares, found)
        if count <= len(found):
            for i in range(count):
                lost[found[i]] += weight[point] * shares[count]
    for i in range(len(out)):
        out[i] = lost[i] // whole
