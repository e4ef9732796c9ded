"""How far ETAs may be off: the parts of each one's spread, squared, summed and rooted in one pass."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

UNKNOWN: Final = -1


@kernel
def spread(
    rows: NDArray[np.int32],
    travel_ms: NDArray[np.int64],
    percent: NDArray[np.int64],
    turnout_ms: NDArray[np.int32],
    turnout_percent: int,
    off_road_ms: NDArray[np.int32],
    off_road_percent: int,
    assumed: NDArray[np.uint8],
    fix_ms: NDArray[np.int64],
    speed_dm_s: NDArray[np.int16],
    moving_dm_s: int,
    now: int,
    unseen_ms_max: int,
    out_ms: NDArray[np.int64],
) -> None:
    """Write to out_ms, int64[k], the root of the sum of the squares of four parts, rounded down.

    rows: int32[k]; travel_ms, percent: int64[k], the travel in each ETA and how much of it may be off. By row:
    turnout_ms, off_road_ms: int32[N], and how much of them may be; assumed: uint8[N]; fix_ms: int64[N], -1 for none;
    speed_dm_s: int16[N], or UNKNOWN. The fourth is the age of the position of a unit that may be
    moving, from 0 to unseen_ms_max. Sums of squares of times below a day are exact as a float, and so is the whole part
    of their root.
    """
    for i in range(len(rows)):
        row = rows[i]
        travel = travel_ms[i] * percent[i] // 100
        turnout = np.int64(turnout_ms[row]) * turnout_percent // 100
        off_road = np.int64(off_road_ms[row]) * off_road_percent // 100
        moves = speed_dm_s[row] == UNKNOWN or speed_dm_s[row] >= moving_dm_s
        unseen = 0
        if assumed[row] == 0 and fix_ms[row] >= 0 and moves:
            unseen = min(max(now - fix_ms[row], 0), unseen_ms_max)
        out_ms[i] = int(math.sqrt(travel * travel + turnout * turnout + off_road * off_road + unseen * unseen))
