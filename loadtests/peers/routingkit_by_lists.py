"""RoutingKit's hierarchy through routingkit-cch, which has a search for many sources but speaks in lists.

Its sources are pinned. Units move, so the honest question pins them anew; with the units where they were the pinning
is left out, which is the best it can do.
"""

import numpy as np
import numpy.typing as npt
import routingkit_cch

from loadtests.peers import Task, Times


class RoutingKitPinned:
    name = "routingkit-cch, units pinned before"

    def __init__(self, task: Task) -> None:
        tail, head = task.tail.tolist(), task.head.tolist()
        lat, lon = (each.astype(np.float32).tolist() for each in (task.lat, task.lon))
        order = routingkit_cch.compute_order_inertial(task.nodes, tail, head, lat, lon)
        self.units = task.units.tolist()
        hierarchy = routingkit_cch.CCH(order, tail, head, False)
        self.metric = routingkit_cch.CCHMetric(hierarchy, task.ms.tolist())
        self.search = routingkit_cch.CCHManyToOne(self.metric, self.units)

    def times_ms(self, target: int) -> Times:
        times: npt.NDArray[np.float64] = np.array(self.search.distances_to(target), np.float64)  # None becomes NaN
        return times


class RoutingKitRepinned(RoutingKitPinned):
    name = "routingkit-cch, units pinned anew"

    def times_ms(self, target: int) -> Times:
        self.search.repin_sources(self.units)
        return super().times_ms(target)


PEERS = (RoutingKitPinned, RoutingKitRepinned)
