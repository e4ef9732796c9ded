"""What a batch of positions changes: which of it is believed, who is in quarters, whose box in the tree is left."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel


@kernel
def believable(
    unit: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    fix_ms: NDArray[np.int64],
    known_ms: NDArray[np.int64],
    latest_ms: int,
    bounds: tuple[int, int, int, int],
    good: NDArray[np.bool_],
) -> int:
    """Write to good, bool[k], which fixes are taken, and return how many are not.

    k fixes: unit: int32[k], rows; x_m, y_m: int32[k]; fix_ms: int64[k]. known_ms: int64[N], by row the time of what is
    known. Taken is what names a row, is newer than that, no later than latest_ms, and within the bounds (x from, y from,
    x to, y to), edges included.
    """
    x_min, y_min, x_max, y_max = bounds
    ignored = 0
    for i in range(len(unit)):
        row = unit[i]
        good[i] = (
            0 <= row < len(known_ms)
            and known_ms[row] < fix_ms[i] <= latest_ms
            and x_min <= x_m[i] <= x_max
            and y_min <= y_m[i] <= y_max
        )
        ignored += not good[i]
    return ignored


@kernel
def turn_out(
    rows: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    station_x_m: NDArray[np.int32],
    station_y_m: NDArray[np.int32],
    within_m: int,
    rolling: NDArray[np.uint8],
    on_break: NDArray[np.uint8],
    usual_ms: NDArray[np.int32],
    out_ms: NDArray[np.int32],
) -> None:
    """Write to out_ms[row], int32[N], the turnout that is due, for each of `rows`, int32[k]; all columns by row.

    Due is the usual one for a unit within within_m of its station in x and in y, unless its crew is rolling home, and
    for one on its break wherever it stands: its crew has left the vehicle.
    """
    for row in rows:
        near = (
            abs(np.int64(x_m[row]) - station_x_m[row]) <= within_m
            and abs(np.int64(y_m[row]) - station_y_m[row]) <= within_m
        )
        due = (near and rolling[row] == 0) or on_break[row] != 0
        out_ms[row] = usual_ms[row] if due else 0


@kernel
def to_nodes(
    rows: NDArray[np.int32],
    arc: NDArray[np.int32],
    along: NDArray[np.int16],
    free: NDArray[np.uint8],
    arc_ms: NDArray[np.int32],
    extra_ms: NDArray[np.int32],
    onward_ms: NDArray[np.int32],
    standing: NDArray[np.int32],
) -> int:
    """Put those of `rows`, int32[k], that move at the end of their arc; write the others to standing, int32[k], and count them.

    By row: arc: int32[N], -1 for none; along: int16[N], permille of it; free: uint8[N], 0 for one that moves along it, if its
    extra_ms: int32[N] is nothing, else beside the streets, which counts as standing; onward_ms: int32[N], which becomes
    what is left of the arc, by arc_ms: int32[M], and nothing for who stands. All of them are written down to be at an
    end, and free to leave it either way; where those lie that stand is left to the caller.
    """
    count = 0
    for row in rows:
        if free[row] == 0 and arc[row] >= 0 and extra_ms[row] == 0:
            onward_ms[row] = np.int64(arc_ms[arc[row]]) * (1000 - along[row]) // 1000
        else:
            onward_ms[row] = 0
            standing[count] = row
            count += 1
        along[row], free[row] = 1000, 1
    return count


@kernel
def leaving(
    rows: NDArray[np.int64],
    x_m: NDArray[np.int64],
    y_m: NDArray[np.int64],
    boxed: NDArray[np.bool_],
    box_x_m: NDArray[np.int64],
    box_y_m: NDArray[np.int64],
    slack_m: int,
    last: NDArray[np.int64],
    out: NDArray[np.int64],
) -> int:
    """Write to out, int64[k], the places of fixes that need a new box, ascending, and return how many there are.

    k fixes: rows, x_m, y_m: int64[k]. By row: boxed: bool[N], whether it has a box; box_x_m, box_y_m: int64[N], its
    centre; last: int64[N], scratch. Of a row named twice the last counts; it needs a box where it has none, or is more
    than slack_m from the centre of the one it has, in x or in y.
    """
    for i in range(len(rows)):
        last[rows[i]] = i
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        inside = boxed[row] and abs(x_m[i] - box_x_m[row]) <= slack_m and abs(y_m[i] - box_y_m[row]) <= slack_m
        if last[row] == i and not inside:
            out[count] = i
            count += 1
    return count


@kernel
def extremes(values: NDArray[np.int64]) -> tuple[int, int]:
    """Return the least and the greatest of int64[k]; k is at least 1."""
    least = greatest = values[0]
    for value in values:
        least, greatest = min(least, value), max(greatest, value)
    return int(least), int(greatest)


@kernel
def keep_newest(
    rows: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    fix_ms: NDArray[np.int64],
    speed_dm_s: NDArray[np.int16],
    heading: NDArray[np.int16],
    waiting: NDArray[np.bool_],
    kept_x_m: NDArray[np.int32],
    kept_y_m: NDArray[np.int32],
    kept_ms: NDArray[np.int64],
    kept_speed: NDArray[np.int16],
    kept_heading: NDArray[np.int16],
) -> int:
    """Keep of k fixes the newest of each unit, in columns by row, and return how many units began to wait.

    waiting: bool[N], whether a fix of the row is kept already; of two of the same time the first is kept. Every other
    one of the k fixes was overtaken, or overtook.
    """
    begun = 0
    for i in range(len(rows)):
        row = rows[i]
        if not waiting[row]:
            waiting[row] = True
            begun += 1
        elif kept_ms[row] >= fix_ms[i]:
            continue
        kept_x_m[row] = x_m[i]
        kept_y_m[row] = y_m[i]
        kept_ms[row] = fix_ms[i]
        kept_speed[row] = speed_dm_s[i]
        kept_heading[row] = heading[i]
    return begun
