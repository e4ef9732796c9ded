"""The way itself: downhill over the times that `sweep.py` found, link by link, and then arc by arc."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

INF: Final = 1 << 29
"""No way: 149 hours in ms."""


@kernel
def descend(
    first_out: NDArray[np.int32],
    link_head: NDArray[np.int32],
    link_ms: NDArray[np.int32],
    to_target: NDArray[np.int32],
    start: int,
    path: NDArray[np.int32],
) -> int:
    """Write the links of a best way from junction `start` to `path`, and return how many there are.

    Links are sorted by the junction they leave: those of v are first_out[v] to first_out[v + 1], first_out:
    int32[size + 1]; link_head, link_ms: int32[links]; to_target: int32[size], from `sweep.to_target`.

    From each junction the first link is taken whose time and what remains behind it add up to what remained before.
    Where there is none, the way has come to a seed. It is empty if `start` is one, or has no way at all. Every link
    of 1 ms or more gets nearer, so the way ends; links of 0 ms may go round in circles, and fill `path` to its end.
    """
    count = 0
    v = np.int64(start)
    while count < len(path) and to_target[v] < INF:
        taken = _downhill(v, first_out, link_head, link_ms, to_target)
        if taken < 0:
            break
        path[count] = taken
        count += 1
        v = np.int64(link_head[taken])
    return count


@kernel
def unroll(
    links: NDArray[np.int32],
    link_chain: NDArray[np.int32],
    first: NDArray[np.int32],
    members: NDArray[np.int32],
    arcs: NDArray[np.int32],
) -> int:
    """Write the arcs of these links to `arcs`, as they are driven, and return how many there are.

    links: int32[n]; link_chain: int32[links of the network], the chain along which each runs; first, members: the arcs
    of each chain. Where `arcs` has no room for them all, nothing beyond it is written: the count says what it takes.
    """
    count = 0
    for link in links:
        chain = link_chain[link]
        for at in range(first[chain], first[chain + 1]):
            if count < len(arcs):
                arcs[count] = members[at]
            count += 1
    return count


@kernel
def lead(
    leaves: int,
    first_out: NDArray[np.int32],
    link_head: NDArray[np.int32],
    link_ms: NDArray[np.int32],
    link_chain: NDArray[np.int32],
    head: NDArray[np.int32],
    chain: NDArray[np.int32],
    place: NDArray[np.int32],
    first: NDArray[np.int32],
    members: NDArray[np.int32],
    to_target: NDArray[np.int32],
    seeds: NDArray[np.int32],
    arcs: NDArray[np.int32],
) -> int:
    """Write the arcs of a whole best way to `arcs`, as they are driven, and return how many there are.

    It begins on the arc `leaves`, goes on over links as in `descend`, and ends on the arc of the seed at which it has come.
    By arc, int32[M]: head, the junction where its chain ends; chain, and its place in it; first, members: the arcs of each
    chain. link_chain: int32[links]; seeds: int32[k, 3], the junction, the ms from there and the arc of each. Where
    `arcs` has no room for them all, nothing beyond it is written and the count is only known to be more. Only for streets on
    which nothing is blocked; -1 where the way comes to no seed.
    """
    count = _append(members[first[chain[leaves]] + place[leaves] : first[chain[leaves] + 1]], arcs, 0)
    v = np.int64(head[leaves])
    while count <= len(arcs):
        taken = _downhill(v, first_out, link_head, link_ms, to_target)
        if taken < 0:
            break
        count = _append(members[first[link_chain[taken]] : first[link_chain[taken] + 1]], arcs, count)
        v = np.int64(link_head[taken])
    for k in range(len(seeds)):
        if seeds[k, 0] == v and seeds[k, 1] == to_target[v]:
            own = chain[seeds[k, 2]]
            return _append(members[first[own] : first[own] + place[seeds[k, 2]] + 1], arcs, count)
    return count if count > len(arcs) else -1


@helper
def _downhill(
    v: np.int64,
    first_out: NDArray[np.int32],
    link_head: NDArray[np.int32],
    link_ms: NDArray[np.int32],
    to_target: NDArray[np.int32],
) -> int:
    """Return the first link of v that is on a best way; -1 where there is none."""
    for link in range(first_out[v], first_out[v + 1]):
        if link_ms[link] + to_target[link_head[link]] == to_target[v]:
            return link
    return -1


@helper
def _append(more: NDArray[np.int32], arcs: NDArray[np.int32], count: int) -> int:
    """Write these behind the first `count`, as far as there is room; return how many there are then."""
    for arc in more:
        if count < len(arcs):
            arcs[count] = arc
        count += 1
    return count
