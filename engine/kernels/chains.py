"""Streets between junctions: arcs strung together along nodes where there is nothing to decide."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

Ints = NDArray[np.int32]


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
