"""OR-tools' min-cost flow over the 32 cheapest units of each place."""

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from loadtests.matchers import OPEN_COST, Ints, Matcher, Scene

LISTED = 32


class OrtoolsFlow:
    """Exact on its lists; with 32 units each they nearly always hold the best answer."""

    name = f"OR-tools min-cost flow, {LISTED} units a place"

    def prepare(self, scene: Scene) -> None:
        """Know what fits."""
        self._scene = scene
        self._fitting = [np.flatnonzero(scene.fits(place)) for place in range(len(scene.needs))]

    def choose(self) -> Ints:
        """Cut the lists, build the network, solve it."""
        scene = self._scene
        places = len(scene.needs)
        tails, heads, costs = [], [], []
        for place, fitting in enumerate(self._fitting):
            cost = scene.times_ms[scene.incident[place], fitting].astype(np.int64) * scene.weight[place]
            near = np.argpartition(cost, LISTED)[:LISTED] if len(cost) > LISTED else np.arange(len(cost))
            tails.append(np.full(len(near), place))
            heads.append(fitting[near])
            costs.append(cost[near])
        listed, column = np.unique(np.concatenate(heads), return_inverse=True)
        tail, units = np.concatenate(tails), len(listed)
        source, sink, left_open = places + units, places + units + 1, places + units + 2
        all_places = np.arange(places)
        flow = SimpleMinCostFlow()
        arcs = [
            (tail, places + column, np.concatenate(costs), 1),
            (np.full(places, source), all_places, np.zeros(places), 1),
            (np.arange(places, places + units), np.full(units, sink), np.zeros(units), 1),
            (all_places, np.full(places, left_open), np.full(places, OPEN_COST), 1),
            (np.array([left_open]), np.array([sink]), np.zeros(1), places),
        ]
        made = [
            flow.add_arcs_with_capacity_and_unit_cost(a, b, np.full(len(a), room), c.astype(np.int64))
            for a, b, c, room in arcs
        ]
        flow.set_nodes_supplies(np.array([source, sink]), np.array([places, -places]))
        if flow.solve() != flow.OPTIMAL:
            raise RuntimeError("OR-tools found no answer")
        used = np.flatnonzero(flow.flows(made[0]) > 0)
        chosen = np.full(places, -1, np.int32)
        chosen[tail[used]] = listed[column[used]]
        return chosen

    def close(self) -> None:
        """Nothing to give back."""


def make() -> Matcher:
    """Return it."""
    return OrtoolsFlow()
