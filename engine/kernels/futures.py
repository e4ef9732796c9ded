"""What would come of it: sampled futures, the same ones for every choice (rollouts with common random numbers).

A future is a row of calls, each at a point and of a layer drawn by demand. The unit goes that would be there first of
those that are free, else the one that could be there first of all; it is busy for a drawn time and then drives to its
post. What is counted is who comes too late (rollout of a base policy: Bertsekas, Tsitsiklis, Wu 1997).

Chance is a counter, not a state: draw number d of call c in future f is a hash of (seed, f, c, d) (splitmix64, Steele,
Lea, Flood 2014), so the futures of all choices are the same and the same bytes come out everywhere.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.outlook import Points, Units

FAR_MS: Final = 1 << 28
QUANTILES: Final = 1024
CALLS_MAX: Final = 4096
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


@helper
def _drawn(seed: int, future: int, call: int, draw: int) -> np.uint64:
    """Return 64 bits of chance."""
    counter = np.uint64(future) * np.uint64(CALLS_MAX * 4) + np.uint64(call) * np.uint64(4) + np.uint64(draw)
    z = np.uint64(seed) + (counter + np.uint64(1)) * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@helper
def _below(bits: np.uint64, most: int) -> int:
    """Return a number from 0 to most - 1, most <= 2**31."""
    return int(((bits >> np.uint64(32)) * np.uint64(most)) >> np.uint64(32))


@helper
def _picked(running: NDArray[np.int64], value: int) -> int:
    """Return the first place where the running total is above the value."""
    low, high = 0, len(running) - 1
    while low < high:
        middle = (low + high) // 2
        if running[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low


@helper
def _near_posts(points: Points, near: NDArray[np.int32]) -> None:
    """Write for each point the posts that are nearest by normal driving, nearest first; -1 where there are no more."""
    width = near.shape[1]
    for i in range(len(points.weight)):
        near[i, :] = -1
        for post in range(points.reach_ms.shape[1]):
            ms = points.reach_ms[1, post, i]
            if ms < 0:
                continue
            place = width
            while place > 0 and (near[i, place - 1] < 0 or points.reach_ms[1, near[i, place - 1], i] > ms):
                if place < width:
                    near[i, place] = near[i, place - 1]
                place -= 1
            if place < width:
                near[i, place] = post


@helper
def _past_posts_ms(
    reach_ms: NDArray[np.int32], near: NDArray[np.int32], start: int, to: int, mode: int, pace: int
) -> int:
    """Return the time from one point to another, between the bounds that the posts next to the first tell."""
    least, most = np.int64(0), np.int64(2 * FAR_MS)
    for place in range(near.shape[1]):
        post = near[start, place]
        if post >= 0 and reach_ms[mode, post, to] >= 0:
            reach, first = np.int64(reach_ms[mode, post, to]), reach_ms[1, post, start] * pace // 1000
            least, most = max(least, abs(reach - first)), min(most, reach + first)
    return int((least + most) // 2)


@kernel
def late_in_futures(
    points: Points,
    units: Units,
    direct: NDArray[np.int32],
    seed: int,
    futures: int,
    horizon_ms: int,
    gap_ms: int,
    service_ms: int,
    quantiles: NDArray[np.int64],
    movers: NDArray[np.int64],
    targets: NDArray[np.int64],
    late: NDArray[np.int64],
) -> int:
    """Write to late[c], int64[c], how many calls come to be late where unit movers[c] drives to targets[c]; return all.

    movers: -1 for the choice in which nobody moves. direct: int32[2, N, n] from `outlook.direct_ms`. Calls come every
    gap_ms on average; a unit is busy for service_ms on average once it is there. quantiles: int64[QUANTILES], of the
    exponential distribution with mean 1000.
    """
    heap, layers = np.cumsum(points.weight), np.cumsum(points.share)
    near = np.empty((len(points.weight), 3), np.int32)
    _near_posts(points, near)
    count = len(units.post)
    free_ms, post, drive_ms = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    origin = np.empty(count, np.int64)
    calls = np.int64(0)
    for c in range(len(movers)):
        late[c] = 0
        for future in range(futures):
            for u in range(count):
                free_ms[u], origin[u] = units.free_ms[u], -1
                post[u] = targets[c] if movers[c] == u else units.post[u]
                drive_ms[u] = units.to_post_ms[u, post[u]]
            at_ms = np.int64(0)
            for call in range(CALLS_MAX):
                at_ms += gap_ms * quantiles[_below(_drawn(seed, future, call, 0), QUANTILES)] // 1000
                if at_ms >= horizon_ms:
                    break
                i = _picked(heap, _below(_drawn(seed, future, call, 1), heap[len(heap) - 1]))
                layer = _picked(layers, _below(_drawn(seed, future, call, 2), layers[len(layers) - 1]))
                took, goes = _first_there(points, units, direct, near, free_ms, post, drive_ms, origin, i, layer, at_ms)
                calls += 1 if c == 0 else 0
                late[c] += 1 if took > points.cover_ms[layer] else 0
                if goes >= 0:
                    lasts = service_ms * quantiles[_below(_drawn(seed, future, call, 3), QUANTILES)] // 1000
                    free_ms[goes], origin[goes] = at_ms + took + lasts, i
                    drive_ms[goes] = points.reach_ms[1, post[goes], i]
    return int(calls)


@helper
def _first_there(
    points: Points,
    units: Units,
    direct: NDArray[np.int32],
    near: NDArray[np.int32],
    free_ms: NDArray[np.int64],
    post: NDArray[np.int64],
    drive_ms: NDArray[np.int64],
    origin: NDArray[np.int64],
    i: int,
    layer: int,
    at_ms: int,
) -> tuple[int, int]:
    """Return (ms, unit) of the free unit that is there first, else of the busy one that could be; (FAR_MS, -1): nobody."""
    mode, reach_ms, pace = points.mode[layer], points.reach_ms, points.pace[points.mode[layer]]
    best, goes, best_free = np.int64(FAR_MS), -1, False
    for u in range(len(post)):
        if units.accepts[u] >> layer & 1 == 0:
            continue
        free = free_ms[u] <= at_ms
        if best_free and not free:
            continue
        reach = np.int64(reach_ms[mode, post[u], i])
        if reach < 0:
            reach = np.int64(FAR_MS)
        driven = at_ms - free_ms[u]
        if free and driven >= drive_ms[u] >= 0:
            took = reach
        else:
            start = np.int64(direct[mode, u, i])
            if origin[u] >= 0:
                start = np.int64(_past_posts_ms(reach_ms, near, origin[u], i, mode, pace))
            if free and drive_ms[u] >= 0:
                on = (drive_ms[u] - driven) * pace // 1000 + reach
                took = min(on, start + (reach - start) * driven // drive_ms[u])
            else:
                took = start + max(np.int64(0), -driven)
        if took < best or (free and not best_free):
            best, goes, best_free = took, u, free
    return int(best), goes
