"""The topology of a customisable contraction hierarchy: which arcs it has, and on which of them each link runs.

Junctions are numbered by rank, lowest first. Take them out one by one in that order and join all that remain beside
each: the arcs that were ever there are the arcs of the hierarchy. They depend on the streets alone, never on travel
times (Dibbelt, Strasser and Wagner 2016), and are the fill of a Cholesky factor, so they are found as that is: the
lower junctions with an arc to x are those on the way up the elimination tree from each lower junction linked to x,
until x (Davis, "LDL", 2005). Taking x in ascending order writes every list sorted; nothing is sorted or searched.

The arcs of junction v are `first_up[v]` to `first_up[v + 1]` of `up`, which names their higher ends, ascending. The
first of them, if there is one, is the parent of v in the elimination tree. For each two of them, x < y, the arc
(x, y) exists as well.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

UP: Final = 0
"""Side of a link whose tail has the lower rank: its weight counts in `forward`."""
DOWN: Final = 1
"""Side of a link whose head has the lower rank: its weight counts in `backward`."""
LOOP: Final = 2
"""Side of a link that ends where it begins: no shortest way uses it. Its slot is NOWHERE."""
NOWHERE: Final = -1


class Hierarchy(NamedTuple):
    """first_up: int32[size + 1], up: int32[arcs]."""

    first_up: NDArray[np.int32]
    up: NDArray[np.int32]


class Places(NamedTuple):
    """slot: int32[links], the arc of the hierarchy or NOWHERE; side: uint8[links], UP, DOWN or LOOP."""

    slot: NDArray[np.int32]
    side: NDArray[np.uint8]


def contract(size: int, tails: NDArray[np.int32], heads: NDArray[np.int32]) -> Hierarchy:
    """Return the arcs of the hierarchy over `size` junctions.

    tails, heads: int32[links], ranks. Loops and parallel links are welcome. Raises ValueError if a link names a rank
    outside 0 <= rank < size, or if there are 2**31 arcs or more.
    """
    if len(tails) != len(heads):
        raise ValueError("heads: not as many as tails")
    for name, ends in (("tails", tails), ("heads", heads)):
        if len(ends) > 0 and int(ends.view(np.uint32).max()) >= size:  # a negative number reads as huge
            raise ValueError(f"{name}: a link is outside 0 <= rank < {size}")
    first_low, low = _by_higher_end(size, tails, heads)
    counts = _count(first_low, low)
    first_up = np.zeros(size + 1, np.int64)
    np.cumsum(counts, out=first_up[1:])
    if first_up[-1] >= 2**31:
        raise ValueError(f"tails: {first_up[-1]} arcs are too many; these streets have no small separators")
    return Hierarchy(first_up.astype(np.int32), _fill(first_low, low, first_up))


def place_links(
    first_up: NDArray[np.int32],
    up: NDArray[np.int32],
    tails: NDArray[np.int32],
    heads: NDArray[np.int32],
) -> Places:
    """Return on which arc each link runs, and in which direction. The links are those given to `contract`."""
    places = Places(np.empty(len(tails), np.int32), np.empty(len(tails), np.uint8))
    _place(first_up, up, tails, heads, places.slot, places.side)
    return places


@kernel
def _by_higher_end(
    size: int, tails: NDArray[np.int32], heads: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Lower ends of the links by their higher end x: low[first[x]:first[x + 1]]. Loops are left out."""
    first = np.zeros(size + 2, np.int64)
    for i in range(len(tails)):
        if tails[i] != heads[i]:
            first[max(tails[i], heads[i]) + 2] += 1
    for x in range(size):
        first[x + 2] += first[x + 1]
    low = np.empty(first[size + 1], np.int32)
    for i in range(len(tails)):
        if tails[i] != heads[i]:
            x = max(tails[i], heads[i])
            low[first[x + 1]] = min(tails[i], heads[i])
            first[x + 1] += 1
    return first[:-1], low


@kernel
def _count(first_low: NDArray[np.int64], low: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many arcs go up from each junction. The elimination tree grows as it is climbed."""
    size = len(first_low) - 1
    counts = np.zeros(size, np.int64)
    parent = np.full(size, -1, np.int32)
    seen = np.full(size, -1, np.int32)
    for x in range(size):
        seen[x] = x
        for i in range(first_low[x], first_low[x + 1]):
            v = low[i]
            while seen[v] != x:
                seen[v] = x
                counts[v] += 1
                if parent[v] < 0:
                    parent[v] = x
                v = parent[v]
    return counts


@kernel
def _fill(first_low: NDArray[np.int64], low: NDArray[np.int32], first_up: NDArray[np.int64]) -> NDArray[np.int32]:
    """Climb as `_count` did, and write x at the end of the list of every junction passed."""
    size = len(first_low) - 1
    up = np.empty(first_up[size], np.int32)
    end = first_up[:size].copy()
    seen = np.full(size, -1, np.int32)
    for x in range(size):
        seen[x] = x
        for i in range(first_low[x], first_low[x + 1]):
            v = low[i]
            while seen[v] != x:
                seen[v] = x
                up[end[v]] = x
                end[v] += 1
                v = up[first_up[v]]
    return up


@kernel
def _place(
    first_up: NDArray[np.int32],
    up: NDArray[np.int32],
    tails: NDArray[np.int32],
    heads: NDArray[np.int32],
    slot: NDArray[np.int32],
    side: NDArray[np.uint8],
) -> None:
    for i in range(len(tails)):
        v, x = min(tails[i], heads[i]), max(tails[i], heads[i])
        if v == x:
            slot[i], side[i] = NOWHERE, LOOP
            continue
        begin, end = first_up[v], first_up[v + 1]
        while begin < end:  # up[begin:end] is sorted and holds x
            middle = (begin + end) // 2
            begin, end = (middle + 1, end) if up[middle] < x else (begin, middle)
        slot[i] = begin
        side[i] = UP if tails[i] == v else DOWN
