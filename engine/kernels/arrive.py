"""From the spots of units to their times: how each leaves its street, and when it is at the target.

How a unit leaves its street depends on where it is and on the traffic, not on the incident. So it is worked out when
one of those changes (`depart`), and a decision only reads two times off the target's vector (`arrive`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

INF: Final = 1 << 29
"""No way: 149 hours in ms. Two of them still add up in 32 bits."""
AHEAD: Final = 0
AHEAD_MS: Final = 1
BACK: Final = 2
BACK_MS: Final = 3
CHAIN: Final = 4
"""Columns of a departure: junction and time of the way ahead, of the way back, and the chain the unit stands on."""
COLUMNS: Final = 5


@kernel
def depart(
    rows: NDArray[np.int32],
    arc: NDArray[np.int32],
    along: NDArray[np.int16],
    extra_ms: NDArray[np.int32],
    free: NDArray[np.uint8],
    head: NDArray[np.int32],
    chain: NDArray[np.int32],
    rest_ms: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
    reverse: NDArray[np.int32],
    uturn_ms: int,
    out: NDArray[np.int32],
) -> None:
    """Write to out[row], int32[N, COLUMNS], how each of `rows`, int32[k], leaves its street.

    By row: arc int32[N], on which it stands, or -1; along int16[N], permille of the arc behind it; extra_ms int32[N],
    from where it is to the road; free uint8[N], 1 if it may turn round at no cost. By arc: head int32[M], the junction
    where the arc's chain ends; chain int32[M]; rest_ms int32[M], from the arc's own end to that junction; arc_ms
    int32[M], along the whole arc; reverse int32[M], the opposite arc, or -1.

    The way ahead takes floor((1000 - along) * arc_ms / 1000) + rest_ms; the way back the same over the opposite arc,
    and uturn_ms unless the row is free to turn. INF where there is no such way; chain -1 where there is no road.
    """
    for i in range(len(rows)):
        row = rows[i]
        out[row, AHEAD], out[row, BACK] = 0, 0
        out[row, AHEAD_MS], out[row, BACK_MS], out[row, CHAIN] = INF, INF, -1
        ahead = arc[row]
        if ahead < 0:
            continue
        out[row, CHAIN] = chain[ahead]
        out[row, AHEAD] = head[ahead]
        out[row, AHEAD_MS] = _leave(ahead, 1000 - along[row], extra_ms[row], rest_ms, arc_ms)
        back = reverse[ahead]
        if back >= 0:
            turn_ms = extra_ms[row] if free[row] != 0 else extra_ms[row] + uturn_ms
            out[row, BACK] = head[back]
            out[row, BACK_MS] = _leave(back, 0 + along[row], turn_ms, rest_ms, arc_ms)


@helper
def _leave(arc: int, permille: int, extra_ms: int, rest_ms: NDArray[np.int32], arc_ms: NDArray[np.int32]) -> int:
    """Time from `permille` before the end of the arc to the junction behind it, at most INF."""
    took_ms = int(np.int64(arc_ms[arc]) * permille // 1000 + rest_ms[arc] + extra_ms)
    return min(INF, took_ms)


@kernel
def arrive(
    rows: NDArray[np.int32],
    departures: NDArray[np.int32],
    to_target: NDArray[np.int32],
    own: int,
    other: int,
    out: NDArray[np.int32],
    near: NDArray[np.int32],
) -> int:
    """Write to out[i], int32[k], when rows[i] is at the target in ms, -1 where it cannot be; return a count.

    departures: int32[N, COLUMNS] from `depart`; to_target: int32[junctions] from `sweep.to_target`. Places i of rows
    that stand on one of the target's own chains, `own` and `other`, are written to `near`, int32[k], and counted:
    they may have a shorter way that passes no junction.
    """
    found = 0
    for i in range(len(rows)):
        row = rows[i]
        ahead = departures[row, AHEAD_MS] + to_target[departures[row, AHEAD]]
        back = departures[row, BACK_MS] + to_target[departures[row, BACK]]
        best = min(ahead, back)
        out[i] = best if best < INF else -1
        chain = departures[row, CHAIN]
        if chain >= 0 and chain in (own, other):
            near[found] = i
            found += 1
    return found


@kernel
def along_street(
    near: NDArray[np.int32],
    rows: NDArray[np.int32],
    arc: NDArray[np.int32],
    along: NDArray[np.int16],
    extra_ms: NDArray[np.int32],
    free: NDArray[np.uint8],
    reverse: NDArray[np.int32],
    chain: NDArray[np.int32],
    place: NDArray[np.int32],
    first: NDArray[np.int32],
    members: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
    blocked: NDArray[np.bool_],
    uturn_ms: int,
    target_arc: NDArray[np.int32],
    target_along: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Lower out[i], for each i in `near`, int32[k], to the time of rows[i] along the target's own street.

    By row and by arc as in `depart`; chain, place: int32[M], the chain of an arc and its place in it; first, members:
    the arcs of each chain as they are driven; blocked: bool[M], not to be passed through. target_arc, target_along:
    int32[1 or 2], the directions in which the target is driven past, and permille of each.
    """
    for i in near:
        row = rows[i]
        for way in range(2):
            leaves = arc[row] if way == 0 else reverse[arc[row]]
            if leaves < 0:
                continue
            at = 0 + along[row] if way == 0 else 1000 - along[row]
            turn_ms = uturn_ms if way == 1 and free[row] == 0 else 0
            for t in range(len(target_arc)):
                arrives = target_arc[t]
                if chain[leaves] != chain[arrives] or place[leaves] > place[arrives]:
                    continue
                begin = first[chain[leaves]]
                span = members[begin + place[leaves] : begin + place[arrives] + 1]
                took_ms = _between(span, at, target_along[t], arc_ms, blocked)
                if took_ms >= 0:
                    took_ms += turn_ms + extra_ms[row]
                    out[i] = took_ms if out[i] < 0 else min(out[i], took_ms)


@helper
def _between(span: NDArray[np.int32], at: int, to: int, arc_ms: NDArray[np.int32], blocked: NDArray[np.bool_]) -> int:
    """Time over the arcs of a span, from permille `at` of the first to `to` of the last; -1 if it may not be driven.

    What is blocked may lie at its beginning and at its end, if that is where it begins and ends, and nowhere else.
    """
    last = len(span) - 1
    if last == 0:
        return int(np.int64(arc_ms[span[0]]) * (to - at) // 1000) if to >= at else -1
    total = int(np.int64(arc_ms[span[0]]) * (1000 - at) // 1000 + np.int64(arc_ms[span[last]]) * to // 1000)
    changes = 0
    for i in range(1, last + 1):
        changes += blocked[span[i]] != blocked[span[i - 1]]
        if i < last:
            total += arc_ms[span[i]]
    ends = (1 if blocked[span[0]] else 0) + (1 if blocked[span[last]] else 0)
    return total if changes <= ends else -1
