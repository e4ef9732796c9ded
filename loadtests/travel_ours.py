"""Our side of the race: the oracle, asked as the engine asks it, and the questions it is asked.

A question is a spot: somewhere along an arc. For the comparison with libraries, which know only nodes, units and
incidents stand exactly at nodes; then the same question has the same answer on both sides.
"""

import numpy as np
import numpy.typing as npt

from engine.model.roads import Conditions
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.oracle import Oracle
from engine.streets.snapping import Spot, Spots
from engine.streets.weighing import Mode
from loadtests.peers import Ints, Peer, Task, as_ms
from loadtests.peers.scipy_dijkstra import ScipyDijkstra
from loadtests.travel_cities import City, Fleet, task_for
from loadtests.travel_race import NOT_COMPARED, Whole

PERMILLE = 1000
OURS = "turnout"
OURS_MOVED = "turnout, all units moved since"


class Ours:
    """An oracle under usual conditions, and a fleet on its streets."""

    def __init__(self, city: City, network: Network, fleet: Fleet) -> None:
        self.city, self.graph, self.network, self.fleet = city, city.graph, network, fleet
        self.oracle = Oracle(network, Conditions(), city.travel)
        self.rows = np.arange(len(fleet.arc), dtype=np.int32)
        self.at_nodes = columns(fleet.arc, np.full(len(fleet.arc), PERMILLE, np.int16))
        self.along_arcs = columns(fleet.arc, fleet.along)
        self._leaving = first_leaving(self.graph)

    def task(self) -> Task:
        """Return the same streets, times and units for the peers."""
        return task_for(self.city, self.oracle.metric(Mode.LIGHTS).weights, self.fleet)

    def to_node(self, node: int) -> npt.NDArray[np.int32]:
        """Answer for units and an incident at nodes: sweep and arrival."""
        spot = Spot(int(self._leaving[node]), 0, 0, True)
        return self.oracle.times_ms(self.at_nodes, self.rows, spot, Mode.LIGHTS)

    def to_spot(self, spot: Spot) -> npt.NDArray[np.int32]:
        """Answer for units along arcs, as they really are."""
        return self.oracle.times_ms(self.along_arcs, self.rows, spot, Mode.LIGHTS)

    def moved_to_node(self, node: int) -> npt.NDArray[np.int32]:
        """The same when every unit has reported since the last question: how it leaves its street is found anew."""
        moved(self.at_nodes)
        return self.to_node(node)

    def moved_to_spot(self, spot: Spot) -> npt.NDArray[np.int32]:
        moved(self.along_arcs)
        return self.to_spot(spot)


def moved(spots: Spots) -> None:
    """Mark every unit as moved, as `Spots.put` does; where it is now happens to be where it was."""
    spots.changes += 1
    spots.changed[:] = spots.changes


def columns(arc: Ints, along: npt.NDArray[np.int16]) -> Spots:
    """Return spots on the road, free to turn: a library's shortest way turns wherever it likes."""
    spots = Spots(len(arc))
    spots.arc[:], spots.along[:] = arc, along
    return spots


def first_leaving(graph: Graph) -> Ints:
    """Return an arc that leaves each node, int32[n]."""
    leaving = np.zeros(graph.nodes, np.int32)
    leaving[graph.tail[::-1]] = np.arange(graph.arcs - 1, -1, -1, dtype=np.int32)
    return leaving


class AtNodes:
    """The reference for nodes: scipy's Dijkstra, untimed."""

    def __init__(self, task: Task) -> None:
        self.peer: Peer = ScipyDijkstra(task)

    def __call__(self, node: int) -> Whole:
        return as_ms(self.peer.times_ms(node))


class AlongArcs:
    """The reference along arcs: scipy's times from every node, and plain arithmetic for the parts of arcs at both ends.

    On the incident's own arc the direct way counts as well. Parts of an arc are rounded down to whole milliseconds at
    each end, as the engine does it; only where both ends are on one street between two junctions it rounds once, and
    those few units are not compared here.
    """

    def __init__(self, ours: Ours) -> None:
        task = ours.task()
        everywhere = Task(task.lat, task.lon, task.tail, task.head, task.ms, np.arange(task.nodes, dtype=np.int32))
        self.peer: Peer = ScipyDijkstra(everywhere)
        self.graph, self.network, self.units = ours.graph, ours.network, ours.along_arcs
        self.arc_ms = ours.oracle.metric(Mode.LIGHTS).weights.arc_ms.astype(np.int64)

    def __call__(self, spot: Spot) -> Whole:
        """Return the times; the best over both directions of the unit's street and of the incident's."""
        onward = np.full(self.graph.nodes, np.inf)
        for arc, along in self._ways(spot.arc, spot.along):
            own_ms = self.arc_ms[arc] * along // PERMILLE
            onward = np.minimum(onward, self.peer.times_ms(int(self.graph.tail[arc])) + own_ms)
        arc, along = self.units.arc, self.units.along.astype(np.int64)
        best = self._leave(arc, along, spot, onward)
        back = self.network.reverse[arc]
        there = np.where(back >= 0, back, 0)
        best = np.minimum(best, np.where(back >= 0, self._leave(there, PERMILLE - along, spot, onward), np.inf))
        return self._compared(arc, spot, as_ms(best))

    def _compared(self, arc: Ints, spot: Spot, times_ms: Whole) -> Whole:
        chain = self.network.chains.chain
        own = [own for own, _ in self._ways(spot.arc, spot.along)]
        same_street = np.isin(chain[arc], chain[own]) & ~np.isin(arc, own)
        return np.where(same_street, NOT_COMPARED, times_ms)

    def _leave(self, arc: Ints, along: Whole, spot: Spot, onward: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        times = self.arc_ms[arc] * (PERMILLE - along) // PERMILLE + onward[self.graph.head[arc]]
        for own, to in self._ways(spot.arc, spot.along):
            direct = self.arc_ms[arc] * (to - along) // PERMILLE
            times = np.where((arc == own) & (to >= along), np.minimum(times, direct), times)
        return times

    def _ways(self, arc: int, along: int) -> list[tuple[int, int]]:
        back = int(self.network.reverse[arc])
        return [(arc, along), (back, PERMILLE - along)] if back >= 0 else [(arc, along)]
