"""Many times at once: from every unit to every post, and from every post to every point of demand.

`arrive` reads one incident's vector for many units; here many vectors are read for each unit, so that a planner's
question costs one call. What stands on the street of its target may have a shorter way that passes no junction: such
pairs are marked, and the caller asks the oracle about them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

INF: Final = 1 << 29
"""No way: 149 hours in ms. Two of them still add up in 32 bits."""


@kernel
def standing_at(
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    own: NDArray[np.int32],
    at_m: NDArray[np.int32],
    within_m: int,
    out: NDArray[np.int32],
) -> None:
    """Write to out[i], int32[m], the post at which unit i stands: its own, else the first that is near; -1 for none.

    x_m, y_m: int32[m]; own: int32[m], posts; at_m: int32[2, p], where the posts are. Near is so many metres in x and in y.
    """
    for i in range(len(x_m)):
        out[i] = -1
        for j in range(-1, at_m.shape[1]):
            post = own[i] if j < 0 else j
            if abs(x_m[i] - at_m[0, post]) <= within_m and abs(y_m[i] - at_m[1, post]) <= within_m:
                out[i] = post
                break


@kernel
def to_posts(
    rows: NDArray[np.int32],
    departures: NDArray[np.int32],
    vectors: NDArray[np.int32],
    chains: NDArray[np.int32],
    extra_ms: NDArray[np.int32],
    out: NDArray[np.int32],
    near: NDArray[np.uint8],
) -> int:
    """Write to out[i, j], int32[m, p], the time of rows[i] to post j in ms, -1 for no way; return how many are near.

    rows: int32[m]; departures: int32[N, 5] from `arrive.depart`; vectors: int32[junctions, p], columns from
    `sweep.sweep_many`; chains: int32[p, 2], the chains that the post lies on, -1 for none; extra_ms: int32[p], from the
    road to the post. near[i, j], uint8[m, p], is 1 where the row stands on a chain of the post.
    """
    found = 0
    for i in range(len(rows)):
        ahead, ahead_ms = departures[rows[i], 0], departures[rows[i], 1]
        back, back_ms, chain = departures[rows[i], 2], departures[rows[i], 3], departures[rows[i], 4]
        for j in range(len(extra_ms)):
            best = min(ahead_ms + vectors[ahead, j], back_ms + vectors[back, j])
            out[i, j] = best + extra_ms[j] if best < INF else -1
            beside = chain >= 0 and (chain == chains[j, 0] or chain == chains[j, 1])
            near[i, j] = 1 if beside else 0
            found += near[i, j]
    return found


@kernel
def to_points(
    vectors: NDArray[np.int32],
    first: NDArray[np.int64],
    junction: NDArray[np.int32],
    into_ms: NDArray[np.int32],
    extra_ms: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Write to out[k, i], int32[K, n], the time from place k to point i in ms, -1 for no way.

    vectors: int32[junctions, K or more], columns from `sweep.sweep_many`; a point is entered from
    junction[first[i]:first[i + 1]], first: int64[n + 1], and into_ms is what is left from there; extra_ms: int32[n], from
    the road to the point.
    """
    for i in range(len(extra_ms)):
        for k in range(len(out)):
            best = np.int32(INF)
            for e in range(first[i], first[i + 1]):
                best = min(best, np.int32(vectors[junction[e], k] + into_ms[e]))
            out[k, i] = best + extra_ms[i] if best < INF else -1
