"""Exact travel times between one place and every junction: climb the elimination tree, then sweep down (PHAST).

Every shortest way can be had as one that first goes up in rank and then down, over arcs of the hierarchy (Delling,
Goldberg, Nowatzyk and Werneck 2011). From the few junctions beside the place the climb reaches all that can be their
tops; the sweep through all junctions in descending rank is one pass through memory.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

INF: Final = 1 << 29
"""No way: 149 hours in ms. Two of them still add up in 32 bits."""
LANES: Final = 64
"""So many places at a time in `sweep_many`: the compiler makes wide instructions of it, and fewer would not pay for them."""


@kernel
def to_target(
    first_up: NDArray[np.int32],
    up: NDArray[np.int32],
    forward: NDArray[np.int32],
    backward: NDArray[np.int32],
    seeds: NDArray[np.int32],
    seed_ms: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Write to out[v], int32[size], the least time from junction v to a seed plus what that seed has yet to go.

    first_up: int32[size + 1], up: int32[arcs] (`hierarchy.py`); forward, backward: int32[arcs] (`customise.py`);
    seeds: int32[k], ranks; seed_ms: int32[k], 0 <= ms <= INF. INF where no seed can be reached. With forward and backward
    in each other's place: the least time from a seed to v, plus the time to get to that seed.
    """
    # Sums stay within 2 * INF, and `out` within INF, because every minimum is taken against INF.
    out[:] = INF
    for i in range(len(seeds)):
        v = seeds[i]
        out[v] = min(out[v], seed_ms[i])
        while first_up[v] < first_up[v + 1]:
            for a in range(first_up[v], first_up[v + 1]):
                out[up[a]] = min(out[up[a]], out[v] + backward[a])
            v = up[first_up[v]]
    first, higher = first_up.view(np.uint32), up.view(np.uint32)  # unsigned: indices that need no look at their sign
    for v in range(len(out) - 1, -1, -1):
        best = out[v]
        for a in range(first[v], first[v + 1]):
            best = min(best, np.int32(forward[a] + out[higher[a]]))
        out[v] = best


@kernel
def sweep_many(
    first_up: NDArray[np.int32],
    up: NDArray[np.int32],
    climbing: NDArray[np.int32],
    sweeping: NDArray[np.int32],
    begin: NDArray[np.int64],
    seeds: NDArray[np.int32],
    seed_ms: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Write to out[:, i], int32[size, LANES], what a sweep for place i alone would write: nine times as quickly.

    The seeds of place i are seeds[begin[i]:begin[i + 1]] and seed_ms likewise; begin: int64[k + 1], k <= LANES; columns from
    k on are INF. `climbing` and `sweeping` are backward and forward for the ways to the places, turned round for those
    from them.
    """
    out[:] = INF
    for lane in range(len(begin) - 1):
        for i in range(begin[lane], begin[lane + 1]):
            v = seeds[i]
            out[v, lane] = min(out[v, lane], seed_ms[i])
            while first_up[v] < first_up[v + 1]:
                for a in range(first_up[v], first_up[v + 1]):
                    out[up[a], lane] = min(out[up[a], lane], out[v, lane] + climbing[a])
                v = up[first_up[v]]
    first, higher = first_up.view(np.uint32), up.view(np.uint32)
    for v in range(len(first_up) - 2, -1, -1):
        best = out[v]
        for a in range(first[v], first[v + 1]):
            ms, top = sweeping[a], out[higher[a]]
            for lane in range(LANES):
                best[lane] = min(best[lane], np.int32(ms + top[lane]))
