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
