"""Times over a few links, until nothing gets better (Bellman 1958): for what is closed, which is never much."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

Ints = NDArray[np.int32]


@kernel
def relax(tail: Ints, head: Ints, ms: Ints, values: Ints) -> None:
    """Lower values[tail[i]], int32[junctions], to ms[i] + values[head[i]] wherever that is less, until it nowhere is.

    tail, head, ms: int32[k], one row a link, ms >= 0. Values are at most 2**29, and so are the sums.
    """
    changed = True
    while changed:
        changed = False
        for i in range(len(tail)):
            through = ms[i] + values[head[i]]
            if through < values[tail[i]]:
                values[tail[i]] = through
                changed = True
