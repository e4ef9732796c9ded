"""Travel times for every arc of the hierarchy: all new, in one pass, whenever conditions change.

An arc (v, x) goes from the lower junction v to the higher x. `forward` is the time of the best way from v to x that
keeps below v in between, `backward` that of the best way from x to v.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

INF: Final = 1 << 29
"""No way: 149 hours in ms. Two of them still add up in 32 bits."""
_UP: Final = 0
_DOWN: Final = 1


@kernel
def customise(
    first_up: NDArray[np.int32],
    up: NDArray[np.int32],
    slot: NDArray[np.int32],
    side: NDArray[np.uint8],
    weight: NDArray[np.int32],
    forward: NDArray[np.int32],
    backward: NDArray[np.int32],
) -> None:
    """Fill `forward` and `backward`, int32[arcs], whatever they held.

    first_up: int32[size + 1], up: int32[arcs], slot: int32[links], side: uint8[links], as `hierarchy.py` gives them;
    weight: int32[links] in ms, 0 <= weight <= INF, INF where closed.

    Each lower triangle v < x < y is met once, from v in ascending rank, when both arcs of v are final. Its third arc
    (x, y) is found by a pointer that only moves forward through the arcs of x, because both lists are sorted.
    """
    forward[:] = INF
    backward[:] = INF
    for i in range(len(weight)):
        if side[i] == _UP:
            forward[slot[i]] = min(forward[slot[i]], weight[i])
        elif side[i] == _DOWN:
            backward[slot[i]] = min(backward[slot[i]], weight[i])
    first, higher = first_up.view(np.uint32), up.view(np.uint32)  # unsigned: indices that need no look at their sign
    for v in range(len(first) - 1):
        end = first[v + 1]
        for a in range(first[v], end):
            from_v, to_v = forward[a], backward[a]
            third = np.uint64(first[higher[a]])
            for b in range(a + np.uint64(1), end):
                while higher[third] != higher[b]:
                    third += np.uint64(1)
                forward[third] = min(forward[third], np.int32(to_v + forward[b]))
                backward[third] = min(backward[third], np.int32(backward[b] + from_v))
