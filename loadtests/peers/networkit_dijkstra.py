"""NetworKit's Dijkstra over the reversed graph: all nodes into an array, and its search for several targets."""

import networkit
import numpy as np

from loadtests.peers import Task, Times


class _Reversed:
    """The graph turned round, so that one search from the incident serves all units."""

    def __init__(self, task: Task) -> None:
        ends = (task.head.astype(np.uint64), task.tail.astype(np.uint64))
        coordinates = (task.ms.astype(np.float64), ends)
        self.graph = networkit.GraphFromCoo(coordinates, n=task.nodes, weighted=True, directed=True)
        self.units = task.units


class NetworkitDijkstra(_Reversed):
    name = "networkit dijkstra"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.search = networkit.distance.Dijkstra(self.graph, 0, storePaths=False)

    def times_ms(self, target: int) -> Times:
        self.search.setSource(target)
        self.search.run()
        times: Times = np.asarray(self.search.getDistances(asarray=True))
        return times[self.units]


class NetworkitTargets(_Reversed):
    name = "networkit multi-target dijkstra"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.search = networkit.distance.MultiTargetDijkstra(self.graph, 0, task.units.tolist())

    def times_ms(self, target: int) -> Times:
        self.search.setSource(target)
        self.search.run()
        return np.array(self.search.getDistances())


PEERS = (NetworkitDijkstra, NetworkitTargets)
