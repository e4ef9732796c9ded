"""rustworkx's Dijkstra over the reversed graph. Its answer is a mapping that leaves out the start."""

import numpy as np
import rustworkx

from loadtests.peers import UNREACHABLE, Task, Times


class RustworkxDijkstra:
    name = "rustworkx dijkstra"

    def __init__(self, task: Task) -> None:
        self.units = task.units
        self.graph = rustworkx.PyDiGraph(multigraph=False)
        self.graph.add_nodes_from(range(task.nodes))
        arcs = zip(task.head.tolist(), task.tail.tolist(), map(float, task.ms.tolist()), strict=True)
        self.graph.add_edges_from(list(arcs))

    def times_ms(self, target: int) -> Times:
        found = rustworkx.digraph_dijkstra_shortest_path_lengths(self.graph, target, float)
        times = np.full(self.graph.num_nodes(), UNREACHABLE, np.float64)
        times[np.fromiter(found.keys(), np.int64, len(found))] = np.fromiter(found.values(), np.float64, len(found))
        times[target] = 0
        return times[self.units]


PEERS = (RustworkxDijkstra,)
