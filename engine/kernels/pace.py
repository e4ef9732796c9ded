"""When a vehicle that drives a way is at which of its points."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel


@kernel
def pace(
    arcs: NDArray[np.int32],
    begin: int,
    end: int,
    arc_ms: NDArray[np.int32],
    tail: NDArray[np.int32],
    head: NDArray[np.int32],
    x_dm: NDArray[np.int32],
    y_dm: NDArray[np.int32],
    travel_ms: int,
    took_ms: int,
    off_ms: int,
    out_ms: NDArray[np.int64],
    out_m: NDArray[np.float64],
) -> None:
    """Write to out_ms, int64[n + 3], and out_m, float64[2, n + 3], the times and the points of a way of n arcs, n > 0.

    arcs: int32[n], the first driven from `begin` thousandths on and the last until `end`; by arc: arc_ms, tail, head;
    by node: x_dm, y_dm. Times count from the departure, never fall, and are paced so that travel_ms, what the map says,
    become took_ms. off_ms, from the last arc to the goal, comes at the end; what is left of travel_ms before the first arc.
    Points: where each time is up, from out_m[:, 1] to out_m[:, -2]; the first and the last are left as they are.
    """
    n = len(arcs)
    driven_ms = np.int64(0)
    for i in range(n):
        out_ms[i + 2] = np.int64(arc_ms[arcs[i]]) * _part(i, n, begin, end) // 1000
        driven_ms += out_ms[i + 2]
    out_ms[0], out_ms[1], out_ms[n + 2] = 0, max(np.int64(0), travel_ms - driven_ms - off_ms), off_ms
    total = np.int64(0)
    for i in range(n + 3):
        total += out_ms[i]
        out_ms[i] = total if took_ms == travel_ms else total * took_ms // max(1, travel_ms)
    for axis in range(2):
        at_dm = x_dm if axis == 0 else y_dm
        out_m[axis, 1] = _point(at_dm, tail[arcs[0]], head[arcs[0]], begin)
        for i in range(n - 1):
            out_m[axis, i + 2] = at_dm[head[arcs[i]]] / 10
        out_m[axis, n + 1] = _point(at_dm, tail[arcs[n - 1]], head[arcs[n - 1]], end)


@helper
def _part(i: int, n: int, begin: int, end: int) -> int:
    """Return how many thousandths of the i-th arc are driven."""
    until = end if i == n - 1 else 1000
    return until - begin if i == 0 else until


@helper
def _point(at_dm: NDArray[np.int32], tail: int, head: int, along: int) -> float:
    """Return where so many thousandths of an arc are, on one axis, in metres."""
    begin, end = np.int64(at_dm[tail]), np.int64(at_dm[head])
    return float(begin + (end - begin) * along / 1000) / 10
