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
STEP_BITS: Final = 12
"""Steps of the curve: 4.096 seconds."""
FIRST: Final = 8
"""Only so many units count that would arrive first."""
NEAR: Final = 4
"""So many posts next to a unit tell how far it is from points."""
FAR_MS: Final = 1 << 28


class Points(NamedTuple):
    """Demand.

    reach_ms: int32[2, p, n], from each post by mode, -1 for no way; weight: int64[n], at most 2**30 together. By layer,
    int64[L]: mode; cover_ms; share, in parts per million. The busy fraction of a layer at point i is busy[which[l, i]]:
    busy: int64[B], permille; which: int32[L, n]. pace: int64[2], permille of normal driving.
    curve: int64[L, C], by layer what a time is worth, SURE at most: entry x for x * 2**STEP_BITS ms and a little more;
    beyond it nothing counts.
    """

    reach_ms: NDArray[np.int32]
    weight: NDArray[np.int64]
    mode: NDArray[np.int64]
    cover_ms: NDArray[np.int64]
    share: NDArray[np.int64]
    busy: NDArray[np.int64]
    which: NDArray[np.int32]
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

    It is at least the difference of the times from a post to both, and at most their sum. Of the NEAR nearest posts the
    tightest bounds count, and what is told is their middle: exact for a unit that stands at a post.
    """
    near = np.empty(NEAR, np.int64)
    for u in range(len(units.post)):
        found = _nearest(units.to_post_ms[u], near)
        for mode in range(2):
            for i in range(len(points.weight)):
                least, most = np.int64(0), np.int64(2 * FAR_MS)
                for place in range(found):
                    reach = np.int64(points.reach_ms[mode, near[place], i])
                    if reach >= 0:
                        first = units.to_post_ms[u, near[place]] * points.pace[mode] // 1000
                        least, most = max(least, abs(reach - first)), min(most, reach + first)
                out[mode, u, i] = (least + most) // 2


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
def _stages(
    free_ms: NDArray[np.int64],
    to_post_ms: NDArray[np.int32],
    unit: NDArray[np.int64],
    post: NDArray[np.int64],
    pace: int,
    at_ms: int,
    stage: NDArray[np.int64],
) -> None:
    """Write to stage[c], int64[c, 3], how far unit[c] is then on its way to post[c]: once for all points.

    How long it is still busy; what is left of its drive; and how much of it is behind it, in parts of SURE.
    """
    for c in range(len(unit)):
        free, drive_ms = free_ms[unit[c]], np.int64(to_post_ms[unit[c], post[c]])
        driven = at_ms - free
        stage[c, 0], stage[c, 1], stage[c, 2] = max(np.int64(0), -driven), FAR_MS, 0
        if driven >= 0 and drive_ms >= 0:
            stage[c, 1] = max(np.int64(0), drive_ms - driven) * pace // 1000
            stage[c, 2] = SURE if driven >= drive_ms else driven * SURE // drive_ms


@helper
def _value(busy_ms: int, left_ms: int, behind: int, direct: int, reach: int, curve: NDArray[np.int64]) -> int:
    """Return what a unit's time to a point is worth, from its stage and the times from where it was and from its post.

    Between where it was and its post it is taken to come nearer to the point, or to go farther, evenly.
    """
    there = np.int64(reach) if reach >= 0 else np.int64(FAR_MS)
    took = busy_ms + min(left_ms + there, direct + ((there - direct) * behind >> 10))
    place = took >> STEP_BITS
    return int(curve[place]) if place < len(curve) else 0


@helper
def _is_among(unit: int, at: int, whose: NDArray[np.int64], found: int) -> bool:
    among = False
    for place in range(found):
        among = among or whose[at, place] == unit
    return among


@helper
def _insert(value: int, owner: int, at: int, best: NDArray[np.int64], whose: NDArray[np.int64], found: int) -> int:
    """Put a value into row `at` of the best, the first met first of equals; return the row's new length."""
    place = found
    if found == best.shape[1]:
        place = found - 1
        if value <= best[at, place]:
            return found
    while place > 0 and best[at, place - 1] < value:
        best[at, place], whose[at, place] = best[at, place - 1], whose[at, place - 1]
        place -= 1
    best[at, place], whose[at, place] = value, owner
    return min(found + 1, int(best.shape[1]))


@helper
def _worth(
    at: int,
    best: NDArray[np.int64],
    whose: NDArray[np.int64],
    found: int,
    left: int,
    value: int,
    added: NDArray[np.int64],
) -> int:
    """Return the value of point `at` without the unit `left`, with another that arrives worth `value`."""
    total, k, waits = np.int64(0), 0, value > 0
    for place in range(found):
        if whose[at, place] == left:
            continue
        if waits and value >= best[at, place]:
            total += added[k] * value
            k, waits = k + 1, False
        if k == len(added):
            return int(total)
        total += added[k] * best[at, place]
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
    units_, post = np.arange(len(units.post)), units.post.astype(np.int64)
    stage, again = np.empty((len(units.post), 3), np.int64), np.ones(len(points.weight), np.bool_)
    begin = 0
    for layer in range(len(points.mode)):
        reach_ms, curve = points.reach_ms[points.mode[layer]], points.curve[layer]
        from_ms, pace = direct[points.mode[layer]], points.pace[points.mode[layer]]
        for at_ms in moments_ms:
            end = begin + len(points.weight)
            best, whose, found = ranks.best[begin:end], ranks.whose[begin:end], ranks.found[begin:end]
            _stages(units.free_ms, units.to_post_ms, units_, post, pace, at_ms, stage)
            if of >= 0:
                _touched(of, stage[of], from_ms[of], reach_ms[post[of]], curve, whose, found, again)
            found[again] = 0
            for u in range(len(post)):
                if units.accepts[u] >> layer & 1:
                    _rank(u, stage[u], from_ms[u], reach_ms[post[u]], curve, again, best, whose, found)
            begin = end


@helper
def _touched(
    unit: int,
    stage: NDArray[np.int64],
    from_ms: NDArray[np.int32],
    reach_ms: NDArray[np.int32],
    curve: NDArray[np.int64],
    whose: NDArray[np.int64],
    found: NDArray[np.int64],
    again: NDArray[np.bool_],
) -> None:
    """Mark the points at which the unit was, or now is, among the first."""
    for i in range(len(again)):
        worth = _value(stage[0], stage[1], stage[2], from_ms[i], reach_ms[i], curve)
        again[i] = worth > 0 or _is_among(unit, i, whose, found[i])


@helper
def _rank(
    unit: int,
    stage: NDArray[np.int64],
    from_ms: NDArray[np.int32],
    reach_ms: NDArray[np.int32],
    curve: NDArray[np.int64],
    again: NDArray[np.bool_],
    best: NDArray[np.int64],
    whose: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Put the unit in its place at all points that are marked."""
    busy_ms, left_ms, behind = stage[0], stage[1], stage[2]
    for i in range(len(again)):
        if again[i]:
            worth = _value(busy_ms, left_ms, behind, from_ms[i], reach_ms[i], curve)
            if worth > 0:
                found[i] = _insert(worth, unit, i, best, whose, found[i])


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
    stage, now = np.empty((len(movers), 3), np.int64), np.empty(len(points.weight), np.int64)
    begin, total, added = 0, np.int64(0), _added(points.busy)
    for layer in range(len(points.mode)):
        reach_ms, curve = points.reach_ms[points.mode[layer]], points.curve[layer]
        from_ms, pace = direct[points.mode[layer]], points.pace[points.mode[layer]]
        which, weight = points.which[layer], points.weight * points.share[layer] // 1_000_000
        for at_ms in moments_ms:
            end = begin + len(weight)
            best, whose, found = ranks.best[begin:end], ranks.whose[begin:end], ranks.found[begin:end]
            for i in range(len(weight)):
                now[i] = _worth(i, best, whose, found[i], -1, 0, added[which[i]])
                total += weight[i] * now[i]
            _stages(units.free_ms, units.to_post_ms, movers, targets, pace, at_ms, stage)
            for c in range(len(movers)):
                u, post = movers[c], targets[c]
                if units.accepts[u] >> layer & 1:
                    there = (from_ms[u], reach_ms[post], curve)
                    out[c] += _more(u, stage[c], there, weight, (added, which), best, whose, found, now)
            begin = end
    return int(total)


@helper
def _more(
    unit: int,
    stage: NDArray[np.int64],
    there: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]],
    weight: NDArray[np.int64],
    served: tuple[NDArray[np.int64], NDArray[np.int32]],
    best: NDArray[np.int64],
    whose: NDArray[np.int64],
    found: NDArray[np.int64],
    now: NDArray[np.int64],
) -> int:
    """Return by how much all points are better off if the unit comes to them as its new stage says.

    `served`: what each further unit adds, by busy fraction, and which of these is each point's.
    """
    from_ms, reach_ms, curve = there
    added, which = served
    busy_ms, left_ms, behind, more = stage[0], stage[1], stage[2], np.int64(0)
    for i in range(len(weight)):
        worth = _value(busy_ms, left_ms, behind, from_ms[i], reach_ms[i], curve)
        if worth > 0 or _is_among(unit, i, whose, found[i]):
            more += weight[i] * (_worth(i, best, whose, found[i], unit, worth, added[which[i]]) - now[i])
    return int(more)


@helper
def _added(busy: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (1 - q) * q**k in parts of FINE for each q and k = 0 ... FIRST - 1, int64[B, FIRST]."""
    added = np.zeros((len(busy), FIRST), np.int64)
    for b in range(len(busy)):
        share = np.int64(FINE) * (1000 - busy[b]) // 1000
        for k in range(FIRST):
            added[b, k] = share
            share = share * busy[b] // 1000
    return added
