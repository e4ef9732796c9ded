"""scipy's compiled Dijkstra over the transposed matrix, and the same within eight minutes only."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from loadtests.peers import Task, Times

LIMIT_MS = 480_000


class ScipyDijkstra:
    """All nodes. It is also what every other method's answers are held against."""

    name = "scipy dijkstra"
    limit_ms = np.inf

    def __init__(self, task: Task) -> None:
        first, onward, ms = task.reverse
        self.units = task.units
        # Explicit zeros stay arcs of no length; int32 indices and float64 times are what it works on, so no copy.
        self.matrix = csr_array((ms.astype(np.float64), onward, first.astype(np.int32)), (task.nodes, task.nodes))

    def times_ms(self, target: int) -> Times:
        times: Times = dijkstra(self.matrix, directed=True, indices=target, limit=self.limit_ms)
        return times[self.units]


class ScipyDijkstraWithin(ScipyDijkstra):
    """A smaller question: who is farther away than the limit stays unknown."""

    name = "scipy dijkstra, only within 8 min"
    limit_ms = LIMIT_MS


PEERS = (ScipyDijkstra, ScipyDijkstraWithin)
