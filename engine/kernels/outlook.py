"""How soon anybody would be there, now and in a while, and what a move changes about it: cover in time, not in counts.

A unit under way is where it is, and a busy one will be free. The value of a moment is the sum over points of the weight
times (1 - q) * q**(k - 1) * g(t of the k-th unit to arrive): with g a step and everybody at a post it is MEXCLP; as a
smooth curve of the time it is a survival function (Erkut, Ingolfsson, Erdogan 2008). Several moments ahead are added
up, so that a drive that leaves a hole now and fills a better one later is judged by both.

Whole numbers throughout; values are parts of ONE * FINE * SURE, summed over moments and layers.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

FINE: Final = 1 << 18
"""Probabilities."""
SURE: Final = 1 << 10
"""Values of the curve: there in time."""
FIRST: Final = 8
"""Only so many units count that would arrive first."""
NEAR: Final = 4
"""So many posts next to a unit tell how far it is from points."""
FAR_MS: Final = 1 << 28


class Points(NamedTuple):
    """Demand.

    reach_ms: int32[2, p, n], from each post by mode, -1 for no way; weight: int64[n], at most 2**30 together. By layer,
    int64[L]: mode; cover_ms; share, in parts per million; busy, in permille. pace: int64[2], permille of normal driving.
    curve: int64[C], SURE at first, never rising: entry x for times of x / 64 of cover_ms; beyond it nothing counts.
    """

    reach_ms: NDArray[np.int32]
    weight: NDArray[np.int64]
    mode: NDArray[np.int64]
    cover_ms: NDArray[np.int64]
    share: NDArray[np.int64]
    busy: NDArray[np.int64]
    pace: NDArray[np.int64]
    curve: NDArray[np.int64]


class Units(NamedTuple):
    """N units.

    free_ms: int64[N], 0 for those that are; post: int32[N], where each drives then; to_post_ms: int32[N, p], -1
    for no way; accepts: int64[N], bit l is set where layer l accepts the unit.
    """

    free_ms: NDArray[np.int64]
    post: NDArray[np.int32]
    to_post_ms: NDArray[np.int32]
    accepts: NDArray[np.int64]


@kernel
def direct_ms(points: Points, units: Units, out: NDArray[np.int32]) -> None:
    """Write to out[mode, u, i], int32[2, N, n], how long the unit needs to the point from where it is (or becomes free).

    It lies between the difference and the sum of the times from a post to both; the middle is the longer one. The least
    of the NEAR nearest posts' middles counts, which is exact for a unit that stands at a post.
    """
    count = len(units.post)
    near = np.empty(NEAR, np.int64)
    for u in range(count):
        found = _nearest(units.to_post_ms[u], near)
        for mode in range(2):
            for i in range(len(points.weight)):
                best = np.int64(FAR_MS)
                for place in range(found):
                    post = near[place]
                    reach = points.reach_ms[mode, post, i]
                    if reach >= 0:
                        first = units.to_post_ms[u, post] * points.pace[mode] // 1000
                        best = min(best, max(first, np.int64(reach)))
                out[mode, u, i] = best


@helper
def _nearest(to_post_ms: NDArray[np.int32], near: NDArray[np.int64]) -> int:
    """Write the nearest posts to `near`, nearest first, ties to the lowest; return how many there are."""
    found = 0
    for post in range(len(to_post_ms)):
        if to_post_ms[post] < 0:
            continue
        place = found
        while place > 0 and to_post_ms[near[place - 1]] > to_post_ms[post]:
            if place < len(near):
                near[place] = near[place - 1]
            place -= 1
        if place < len(near):
            near[place] = post
            found = min(found + 1, len(near))
    return found


@helper
def _arrives_ms(free_ms: int, drive_ms: int, direct: int, reach: int, pace: int, at_ms: int) -> int:
    """Return how long a unit needs to a point at that moment, when it drives to its post as soon as it is free."""
    if reach < 0:
        reach = FAR_MS
    if at_ms < free_ms:
        return free_ms - at_ms + direct
    driven = at_ms - free_ms
    if drive_ms < 0:
        return direct
    if driven >= drive_ms:
        return reach
    on = (drive_ms - driven) * pace // 1000 + reach
    # Between where it was and its post it is taken to come nearer, or go farther, evenly.
    aside = direct + (reach - direct) * driven // drive_ms
    return min(on, aside)


@helper
def _in_time(took_ms: int, cover_ms: int, curve: NDArray[np.int64]) -> int:
    place = took_ms * 64 // cover_ms
    return int(curve[place]) if place < len(curve) else 0


@helper
def _value(
    free_ms: int, drive_ms: int, direct: int, reach: int, pace: int, at_ms: int, cover_ms: int, curve: NDArray[np.int64]
) -> int:
    """Return what a unit's time to a point is worth at that moment; numbers as in `_arrives_ms`."""
    last_ms = cover_ms * len(curve) // 64
    if (reach < 0 or reach > last_ms) and direct > last_ms:
        return 0  # its way ends too far away, and so does it begin
    return _in_time(_arrives_ms(free_ms, drive_ms, direct, reach, pace, at_ms), cover_ms, curve)


@helper
def _is_among(unit: int, whose: NDArray[np.int64], found: int) -> bool:
    among = False
    for place in range(found):
        among = among or whose[place] == unit
    return among


@helper
def _insert(value: int, owner: int, best: NDArray[np.int64], whose: NDArray[np.int64], found: int) -> int:
    """Put a value into the row of the best, the first met first of equals; return its new length."""
    if value == 0 or (found == len(best) and value <= best[found - 1]):
        return found
    place = min(found, len(best) - 1)
    while place > 0 and best[place - 1] < value:
        best[place], whose[place] = best[place - 1], whose[place - 1]
        place -= 1
    best[place], whose[place] = value, owner
    return min(found + 1, len(best))


@helper
def _worth(
    best: NDArray[np.int64], whose: NDArray[np.int64], found: int, left: int, value: int, added: NDArray[np.int64]
) -> int:
    """Return the value of a point without the unit `left`, with another that arrives worth `value`."""
    total, k, waits = np.int64(0), 0, value > 0
    for place in range(found):
        if whose[place] == left:
            continue
        if waits and value >= best[place]:
            total += added[k] * value
            k, waits = k + 1, False
        if k == len(added):
            return int(total)
        total += added[k] * best[place]
        k += 1
        if k == len(added):
            return int(total)
    return int(total + added[k] * value) if waits else int(total)


class Ranks(NamedTuple):
    """Who would be at each point first, by layer, moment and point: int64[L * T * n, FIRST + 1] worth and unit, and how many."""

    best: NDArray[np.int64]
    whose: NDArray[np.int64]
    found: NDArray[np.int64]


@kernel
def rank_outlook(
    points: Points, units: Units, direct: NDArray[np.int32], moments_ms: NDArray[np.int64], of: int, ranks: Ranks
) -> None:
    """Write to `ranks` who would be at each point first.

    direct: int32[2, N, n] from `direct_ms`; moments_ms: int64[T], ms from now. `of`: the unit whose post alone has changed
    since `ranks` was last written, so that only points near it are looked at; -1: all are new.
    """
    # A tuple of columns that is handed to a helper costs more than what the helper does.
    free_ms, posts, to_post_ms, accepts = units.free_ms, units.post, units.to_post_ms, units.accepts
    best, whose, curve, cell = ranks.best, ranks.whose, points.curve, -1
    for layer in range(len(points.mode)):
        mode, cover_ms, pace = points.mode[layer], points.cover_ms[layer], points.pace[points.mode[layer]]
        reach_ms, from_ms = points.reach_ms[mode], direct[mode]
        for at_ms in moments_ms:
            for i in range(len(points.weight)):
                cell += 1
                if of >= 0 and not _is_among(of, whose[cell], ranks.found[cell]):
                    reach, drive_ms = reach_ms[posts[of], i], to_post_ms[of, posts[of]]
                    if _value(free_ms[of], drive_ms, from_ms[of, i], reach, pace, at_ms, cover_ms, curve) == 0:
                        continue
                found = 0
                for u in range(len(posts)):
                    if accepts[u] >> layer & 1:
                        reach, drive_ms = reach_ms[posts[u], i], to_post_ms[u, posts[u]]
                        value = _value(free_ms[u], drive_ms, from_ms[u, i], reach, pace, at_ms, cover_ms, curve)
                        found = _insert(value, u, best[cell], whose[cell], found)
                ranks.found[cell] = found


@kernel
def weigh_outlook(
    points: Points,
    units: Units,
    direct: NDArray[np.int32],
    moments_ms: NDArray[np.int64],
    ranks: Ranks,
    movers: NDArray[np.int64],
    targets: NDArray[np.int64],
    out: NDArray[np.int64],
) -> int:
    """Write to out[c], int64[C], by how much it is better that unit movers[c] drives to post targets[c]; return what is.

    Everything as in `rank_outlook`, which has written `ranks`; T <= 16.
    """
    out[:] = 0
    free_ms, to_post_ms, accepts = units.free_ms, units.to_post_ms, units.accepts
    curve, cell, total = points.curve, -1, np.int64(0)
    for layer in range(len(points.mode)):
        mode, cover_ms, pace = points.mode[layer], points.cover_ms[layer], points.pace[points.mode[layer]]
        reach_ms, from_ms = points.reach_ms[mode], direct[mode]
        added = _added(points.busy[layer])
        for at_ms in moments_ms:
            for i in range(len(points.weight)):
                cell += 1
                weight, found = points.weight[i] * points.share[layer] // 1_000_000, ranks.found[cell]
                best, whose = ranks.best[cell], ranks.whose[cell]
                now = _worth(best, whose, found, -1, 0, added)
                total += weight * now
                for c in range(len(movers)):
                    u, post = movers[c], targets[c]
                    if accepts[u] >> layer & 1:
                        reach, drive_ms = reach_ms[post, i], to_post_ms[u, post]
                        value = _value(free_ms[u], drive_ms, from_ms[u, i], reach, pace, at_ms, cover_ms, curve)
                        if value > 0 or _is_among(u, whose, found):
                            out[c] += weight * (_worth(best, whose, found, u, value, added) - now)
    return int(total)


@helper
def _added(busy_permille: int) -> NDArray[np.int64]:
    """Return (1 - q) * q**k in parts of FINE for k = 0 ... FIRST - 1."""
    added = np.zeros(FIRST, np.int64)
    share = np.int64(FINE) * (1000 - busy_permille) // 1000
    for k in range(FIRST):
        added[k] = share
        share = share * busy_permille // 1000
    return added
