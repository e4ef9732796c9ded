"""Streets between junctions: arcs strung together along nodes where there is nothing to decide, and their sums."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

Ints = NDArray[np.int32]


INF: Final = 1 << 29
"""No way: 149 hours in ms. Sums stop here."""


@kernel
def follow(starts: Ints, onward: Ints, first: Ints, members: Ints, chain: Ints, place: Ints) -> int:
    """String arcs together and return how many were used.

    `starts` are the arcs that leave a junction, `onward[a]` is the only arc that may follow `a`, -1 where `a` ends at
    a junction. Fills `members` (arcs, chain after chain), `first` (len(starts) + 1: where each chain begins in it),
    `chain[a]` and `place[a]` (the chain of an arc and its place in it).
    """
    used = 0
    for number in range(len(starts)):
        first[number] = used
        arc = starts[number]
        while arc >= 0:
            members[used] = arc
            chain[arc] = number
            place[arc] = used - first[number]
            used += 1
            arc = onward[arc]
    first[len(starts)] = used
    return used


@kernel
def sum_along(first: Ints, members: Ints, through_ms: Ints, rest_ms: Ints, before_ms: Ints, chain_ms: Ints) -> None:
    """Add up times along every chain; INF where an arc on the way is not to be passed.

    through_ms: int32[arcs], of one arc, at most INF. Writes rest_ms, before_ms: int32[arcs], from the arc's end to its
    chain's end and from the chain's beginning to the arc; chain_ms: int32[chains], all of it.
    """
    for chain in range(len(first) - 1):
        begin, end = first[chain], first[chain + 1]
        total = 0
        for place in range(begin, end):
            before_ms[members[place]] = total
            total = min(INF, total + through_ms[members[place]])
        chain_ms[chain] = total
        total = 0
        for place in range(end - 1, begin - 1, -1):
            rest_ms[members[place]] = total
            total = min(INF, total + through_ms[members[place]])
