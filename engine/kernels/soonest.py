"""Who of a whole fleet is there first, in one pass."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

NOBODY: Final = -1


@kernel
def soonest(
    may: NDArray[np.uint8],
    before_ms: NDArray[np.int32],
    travel_ms: NDArray[np.int32],
    capability: NDArray[np.uint64],
    needs: NDArray[np.uint64],
    penalty_ms: NDArray[np.int32],
) -> tuple[int, int]:
    """Return (row, ms) of the row that costs the least time; (NOBODY, 0) where none fits. Ties to the lower row.

    By row of N: may: uint8[N], 1 where it may go; before_ms: int32[N], until it drives; travel_ms: int32[N], -1 where
    there is no way; capability: uint64[N]. A row fits if it has all bits of one of `needs`, uint64[c], and costs that
    one's penalty_ms, int32[c], beside its time: the least of those that it fits.
    """
    best, best_ms = NOBODY, np.int64(0)
    for row in range(len(may)):
        if may[row] == 0 or travel_ms[row] < 0:
            continue
        time_ms = np.int64(before_ms[row]) + travel_ms[row]
        if best >= 0 and time_ms >= best_ms:
            continue
        for choice in range(len(needs)):
            if capability[row] & needs[choice] == needs[choice]:
                cost_ms = time_ms + penalty_ms[choice]
                if best < 0 or cost_ms < best_ms:
                    best, best_ms = row, cost_ms
    return best, int(best_ms)
