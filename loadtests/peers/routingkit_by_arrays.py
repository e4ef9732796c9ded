"""RoutingKit's customizable contraction hierarchy through pyroutingkit, which takes and gives arrays.

Asked both ways round: units to incident over the graph, and incident to units over the graph turned round.
"""

import numpy as np
import numpy.typing as npt
import pyroutingkit

from loadtests.peers import Task, Times


class PyRoutingKit:
    name = "pyroutingkit, units to incident"
    turned_round = False

    def __init__(self, task: Task) -> None:
        ends = (task.head, task.tail) if self.turned_round else (task.tail, task.head)
        tail, head = (each.astype(np.uint32) for each in ends)
        self.topology = pyroutingkit.CCHTopology()
        self.topology.build(tail, head, task.lat.astype(np.float32), task.lon.astype(np.float32), task.nodes)
        self.metric = pyroutingkit.CCHMetric(self.topology)
        self.units = task.units.astype(np.uint32)
        self.customise(task.ms)

    def customise(self, ms: npt.NDArray[np.integer]) -> None:
        """Take new times for all arcs; on one thread, as ours."""
        self.metric.customize(np.asarray(ms, np.uint32))

    def times_ms(self, target: int) -> Times:
        times: Times = self.metric.distances_many_to_many(self.units, np.array([target], np.uint32))
        return times.ravel()


class PyRoutingKitReversed(PyRoutingKit):
    name = "pyroutingkit, incident to units, reversed"
    turned_round = True

    def times_ms(self, target: int) -> Times:
        times: Times = self.metric.distances_many_to_many(np.array([target], np.uint32), self.units)
        return times.ravel()


PEERS = (PyRoutingKit, PyRoutingKitReversed)
