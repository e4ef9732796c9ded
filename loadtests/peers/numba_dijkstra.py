"""Dijkstra's method with a binary heap, compiled: what one writes in an afternoon, and hard to beat without an index.

Against the arcs, from the incident; keys and nodes packed into one 64-bit number, so that the heap moves one array.
Once over all nodes, once only until the last unit is reached.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.kernels.accelerate import kernel
from loadtests.peers import Ints, Task, Times

NODE_BITS: Final = 31
NODE_MASK: Final = (1 << NODE_BITS) - 1
FAR: Final = 1 << 30


@kernel
def backwards(
    first: npt.NDArray[np.int64],
    onward: Ints,
    ms: Ints,
    target: int,
    wanted: npt.NDArray[np.uint8],
    until: int,
    heap: npt.NDArray[np.int64],
    best: Ints,
) -> None:
    """Fill `best` int32[n] with the time from every node to `target`; FAR where none is known.

    Ends early once `until` nodes marked in `wanted` uint8[n] are settled. `heap` int64[m + 1] is room to work in.
    """
    best[:] = FAR
    best[target] = 0
    heap[0] = target
    size = 1
    while size > 0:
        top = _pop(heap, size)
        size -= 1
        node = top & NODE_MASK
        so_far = top >> NODE_BITS
        if so_far > best[node]:
            continue
        if wanted[node]:
            until -= 1
            if until == 0:
                return
        for arc in range(first[node], first[node + 1]):
            total = so_far + ms[arc]
            other = onward[arc]
            if total < best[other]:
                best[other] = total
                _push(heap, size, (total << NODE_BITS) | other)
                size += 1


@kernel
def _pop(heap: npt.NDArray[np.int64], size: int) -> int:
    """Take the least entry; the last one sinks from the top to its place."""
    top, moved = heap[0], heap[size - 1]
    last = size - 1
    at, child = 0, 1
    while child < last:
        if child + 1 < last and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= moved:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = moved
    return top


@kernel
def _push(heap: npt.NDArray[np.int64], size: int, entry: int) -> None:
    """Put an entry at the end and let it rise."""
    at = size
    while at > 0 and heap[(at - 1) >> 1] > entry:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = entry


class NumbaDijkstra:
    """Every node is settled."""

    name = "numba dijkstra, all nodes"

    def __init__(self, task: Task) -> None:
        self.units = task.units
        self.graph = task.reverse
        self.wanted = np.zeros(task.nodes, np.uint8)
        self.until = -1
        self.heap = np.empty(len(task.ms) + 1, np.int64)
        self.best = np.empty(task.nodes, np.int32)

    def times_ms(self, target: int) -> Times:
        backwards(*self.graph, target, self.wanted, self.until, self.heap, self.best)
        return self.best[self.units]


class NumbaDijkstraUntil(NumbaDijkstra):
    """Ends with the last unit; what was not settled by then concerns nobody."""

    name = "numba dijkstra, until all units are reached"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.wanted[task.units] = 1
        self.until = int(self.wanted.sum())


PEERS = (NumbaDijkstra, NumbaDijkstraUntil)
