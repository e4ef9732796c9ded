"""The process that `travel_cold` starts: streets and order from the shelf, kernels from their cache, one answer.

    python -m loadtests.travel_fresh FOLDER DIGEST first|beside|memory

It imports what deciding needs and nothing else; FOLDER is that of a journal, DIGEST names streets on its shelf. It
prints a line when it has answered, then one JSON object: seconds by step, bytes a node.

Turnout does not need scipy, so `first` starts as if it were not installed. Where it is (`beside`), Numba imports
parts of it before the first kernel runs.

With `memory` it first answers on a city of three nodes, so that compiled kernels are not counted as the city's.
"""

import gc
import json
import sys
import time
from pathlib import Path

import numpy as np

from engine.journal.shelf import Shelf
from engine.model.place import TravelSettings
from engine.model.roads import Conditions
from engine.streets.graph import Graph, Ints
from engine.streets.network import Network
from engine.streets.roads import Roads
from engine.streets.snapping import Spots
from engine.streets.weighing import Mode


def answered(graph: Graph, order: Ints | None) -> tuple[Roads, dict[str, float]]:
    """Make everything for a graph and ask once, from its first node to its last; say when each step was done."""
    begun = time.perf_counter()
    network = Network(graph, order)
    networked = time.perf_counter()
    roads = Roads(network, TravelSettings())
    snapping = time.perf_counter()
    oracle = roads.oracle(Conditions())
    customised = time.perf_counter()
    unit, incident = (roads.spot(int(graph.x_dm[row]) // 10, int(graph.y_dm[row]) // 10) for row in (0, -1))
    times_ms = oracle.times_ms(Spots.of(unit), np.zeros(1, np.int32), incident, Mode.LIGHTS)
    assert times_ms[0] >= 0, "the first node cannot reach the last one"
    done = time.perf_counter()
    return roads, {
        "network_s": networked - begun,
        "snapping_tree_s": snapping - networked,
        "oracle_s": customised - snapping,
        "answer_s": done - customised,
    }


def line_of_three() -> Graph:
    """Return the smallest city that needs every kernel."""
    ends, ms = ([0, 1, 1, 2], [1, 0, 2, 1]), [1000] * 4
    return Graph([0, 900, 1800], [0, 0, 0], *ends, [900] * 4, ms, ms, [0] * 4, [0] * 4, names=("",))


def grown_to() -> int:
    """Return the bytes of memory that the process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def arrays_of(roads: Roads) -> int:
    """Return the bytes of all arrays of streets, network and one mode."""
    metric = roads.oracle(Conditions()).metric(Mode.LIGHTS)
    weights = [getattr(metric.weights, name) for name in metric.weights.__struct_fields__]
    columns = [column for column in (metric.forward, metric.backward, *weights) if isinstance(column, np.ndarray)]
    return roads.network.nbytes + sum(column.nbytes for column in columns)


def main() -> None:
    folder, digest, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    if what == "first":
        sys.modules["scipy"] = None  # type: ignore[assignment]  # Python's own way to say: not installed
    if what == "memory":
        answered(line_of_three(), None)
        gc.collect()
    before = grown_to() if what == "memory" else 0
    begun = time.perf_counter()
    kept = Shelf(folder).load(digest)
    assert kept is not None, f"{folder} has no streets {digest}"
    read_s = time.perf_counter() - begun
    roads, told = answered(*kept)
    print("answered", flush=True)
    if what == "memory":
        gc.collect()
        grown, nodes = grown_to() - before, roads.graph.nodes
        told |= {"array_bytes_per_node": arrays_of(roads) / nodes, "rss_bytes_per_node": grown / nodes}
    print(json.dumps({name: round(value, 3) for name, value in ({"read_s": read_s} | told).items()}), flush=True)


if __name__ == "__main__":
    main()
