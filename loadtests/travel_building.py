"""What comes before a question: the order, the hierarchy, and new times for every arc.

Ours is measured in its steps; pyroutingkit, the only peer that separates them as well, beside it in the same rounds.
"""

import gc
import random
import time
from collections.abc import Callable

import numpy as np

from engine.kernels.customise import customise
from engine.kernels.dissect import dissection_order
from engine.kernels.hierarchy import contract, place_links
from engine.kernels.sweep import to_target
from engine.model.roads import PERCENT_MAX, PERCENT_MIN
from engine.streets.network import Network
from engine.streets.oracle import Metric
from engine.streets.weighing import Factors, Mode, weigh
from loadtests.peers import Ints, Separate, as_ms
from loadtests.peers.scipy_dijkstra import ScipyDijkstra
from loadtests.report import Row, quantile
from loadtests.travel_cities import City, Fleet, task_for
from loadtests.travel_ours import OURS
from loadtests.travel_race import Wrong

Step = Callable[[], object]
HIERARCHY_ONLY = f"{OURS}, hierarchy alone"


def timed_s(step: Step) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def building(city: City, network: Network, built_s: dict[str, float]) -> list[Row]:
    """Time once, in ms, what is done once for a graph: order, contraction, all of it, all of it with a kept order."""
    links, size, case = network.links, network.size, f"{city.name}: built once"
    node, tail, head = _unranked(network)
    x, y = city.graph.x_dm[node], city.graph.y_dm[node]
    steps: dict[str, Step] = {
        "order_ms": lambda: dissection_order(x, y, tail, head),
        "contract_ms": lambda: place_links(*contract(size, links.tail, links.head), links.tail, links.head),
        "kept_order_ms": lambda: Network(city.graph, network.order),
        "all_ms": lambda: Network(city.graph),
    }
    row: Row = {"case": case, "method": OURS}
    row |= {name: round(1e3 * timed_s(step), 1) for name, step in steps.items()}
    row |= {"nodes": city.graph.nodes, "arcs": city.graph.arcs, "junctions": size, "up_arcs": len(network.up)}
    others: list[Row] = [{"case": case, "method": name, "all_ms": round(1e3 * s, 1)} for name, s in built_s.items()]
    return [row, *others]


def _unranked(network: Network) -> tuple[Ints, Ints, Ints]:
    """Return (node of each junction, tails, heads) as they were before there was an order."""
    node = np.empty(network.size, np.int32)
    node[network.order] = network.node
    return node, network.order[network.links.tail], network.order[network.links.head]


class Customising:
    """All arcs get new times, each its own; then everybody takes them in, and one question shows who took them right."""

    def __init__(self, city: City, network: Network, fleet: Fleet, peer: Separate | None) -> None:
        self.city, self.network, self.fleet, self.peer = city, network, fleet, peer
        self.forward, self.backward = np.empty((2, len(network.up)), np.int32)
        self.chance = np.random.default_rng(5)
        self.draw()

    def draw(self) -> None:
        """New times for every arc, from a fifth to twenty times the usual."""
        arcs = self.city.graph.arcs
        percent = np.exp(self.chance.uniform(np.log(PERCENT_MIN), np.log(PERCENT_MAX), arcs)).astype(np.int64)
        self.factors = Factors(percent, np.zeros(arcs, np.bool_))
        self.weights = weigh(self.network, self.factors, Mode.LIGHTS, self.city.travel)
        self.task = task_for(self.city, self.weights, self.fleet)

    def whole(self) -> None:
        """From a factor on each arc to a hierarchy that can be asked: one mode."""
        self.metric = Metric(self.network, self.factors, Mode.LIGHTS, self.city.travel)

    def hierarchy(self) -> None:
        """Only the pass over the hierarchy, as the peer's."""
        network = self.network
        links = (network.slot, network.side, self.weights.link_ms)
        customise(network.first_up, network.up, *links, self.forward, self.backward)

    def steps(self) -> dict[str, Step]:
        steps: dict[str, Step] = {OURS: self.whole, HIERARCHY_ONLY: self.hierarchy}
        if self.peer is not None:
            peer, ms = self.peer, self.task.ms.astype(np.uint32)
            steps["pyroutingkit"] = lambda: peer.customise(ms)
        return steps

    def check(self) -> int:
        """Compare the times between junctions on a random question. Raises Wrong; returns how many were compared."""
        rank = int(self.chance.integers(self.network.size))
        node = int(self.network.node[rank])
        right = as_ms(ScipyDijkstra(self.task).times_ms(node))
        if self.peer is not None and not np.array_equal(as_ms(self.peer.times_ms(node)), right):
            raise Wrong(f"{self.city.name}: pyroutingkit is wrong after new times, to node {node}")
        rank_of = np.full(self.city.graph.nodes, -1, np.int32)
        rank_of[self.network.node] = np.arange(self.network.size, dtype=np.int32)
        units = rank_of[self.task.units]
        seeds = (np.array([rank], np.int32), np.zeros(1, np.int32))
        for forward, backward in ((self.metric.forward, self.metric.backward), (self.forward, self.backward)):
            out = np.empty(self.network.size, np.int32)
            to_target(self.network.first_up, self.network.up, forward, backward, *seeds, out)
            ours = as_ms(out)[units[units >= 0]]
            if not np.array_equal(ours, right[units >= 0]):
                raise Wrong(f"{self.city.name}: the hierarchy is wrong after new times, to node {node}")
        return int(np.count_nonzero(units >= 0))


def customising(city: City, network: Network, fleet: Fleet, peer: Separate | None, rounds: int) -> list[Row]:
    """Time the taking in of new times, everybody in each round. The first is not counted. Raises Wrong."""
    subject = Customising(city, network, fleet, peer)
    taken_ms: dict[str, list[float]] = {name: [] for name in subject.steps()}
    chance = random.Random(1)
    pairs = 0
    for number in range(rounds + 1):
        subject.draw()
        steps = subject.steps()
        gc.collect()
        for name in chance.sample(sorted(steps), len(steps)):
            took_ms = 1e3 * timed_s(steps[name])
            if number:
                taken_ms[name].append(took_ms)
        pairs += subject.check()
    return [
        {
            "case": f"{city.name}: new times on all arcs, one mode",
            "method": name,
            "median_ms": round(quantile(taken, 0.5), 3),
            "p99_ms": round(quantile(taken, 0.99), 3),
            "pairs_checked": pairs,
        }
        for name, taken in taken_ms.items()
    ]
