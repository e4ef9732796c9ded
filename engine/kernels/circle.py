"""Who is within a circle."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel


@kernel
def within_circle(
    rows: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    at_x_m: int,
    at_y_m: int,
    radius_m: int,
    out: NDArray[np.int32],
) -> int:
    """Write to `out`, in their order, those of `rows` at most `radius_m` from (at_x_m, at_y_m); return how many.

    rows, out: int32[n]; x_m, y_m: int32[N] by row. Exact for coordinates and radii within +-2**30.
    """
    count = 0
    for row in rows:
        east_m, north_m = np.int64(x_m[row]) - at_x_m, np.int64(y_m[row]) - at_y_m
        if east_m * east_m + north_m * north_m <= radius_m * radius_m:
            out[count] = row
            count += 1
    return count
