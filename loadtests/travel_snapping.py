"""From positions to arcs: how many a second, in the batches that trackers send them in.

Checked against every arc of the city, slowly: the spot must be as near as the nearest arc is.
"""

import numpy as np
import numpy.typing as npt

from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.snapping import Snapper, Spots
from loadtests.peers import Ints
from loadtests.report import Row, timed
from loadtests.travel_cities import City, Fleet
from loadtests.travel_ours import OURS
from loadtests.travel_race import Wrong

Floats = npt.NDArray[np.float64]
NOISE_M = 20
"""How far positions lie off their road, as devices do."""
CHECKED = 50
SLACK_DM = 10
"""A position is a whole metre, a place along an arc a whole permille, which is the arc's own part on top."""


def snapping(city: City, network: Network, fleet: Fleet, rounds: int) -> list[Row]:
    """Time batches of one and of all positions, without heading, as in `Roads.spots`. Raises Wrong."""
    snapper = Snapper(city.graph, network.reverse, city.travel.off_road_mm_per_s)
    x_m, y_m = positions(city.graph, fleet, np.random.default_rng(9))
    unknown = np.full(len(x_m), -1, np.int16)
    check(city, snapper.spots(x_m[:CHECKED], y_m[:CHECKED], unknown[:CHECKED]), x_m, y_m)
    rows: list[Row] = []
    for batch in (1, 100, len(x_m)):
        columns = (x_m[:batch], y_m[:batch], unknown[:batch])
        median_ms, p99_ms = timed(lambda given=columns: snapper.spots(*given), rounds, warmup=3)
        row: Row = {"case": f"{city.name}: snapping, {batch} at once", "method": OURS}
        row |= {"median_ms": round(median_ms, 4), "p99_ms": round(p99_ms, 4)}
        rows.append(row | {"positions_per_s": round(1e3 * batch / median_ms)})
    return rows


def positions(graph: Graph, fleet: Fleet, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """Return whole metres near the places of the fleet."""
    x_dm, y_dm = places(graph, fleet.arc, fleet.along)
    noise_dm = chance.normal(0, 10 * NOISE_M, (2, len(x_dm)))
    return (np.rint((x_dm + noise_dm[0]) / 10).astype(np.int32), np.rint((y_dm + noise_dm[1]) / 10).astype(np.int32))


def places(graph: Graph, arc: Ints, along: npt.NDArray[np.int16]) -> tuple[Floats, Floats]:
    """Return where these places along arcs are, in decimetres."""
    part = along.astype(np.float64) / 1000
    tail, head = graph.tail[arc], graph.head[arc]
    return (
        graph.x_dm[tail] + part * (graph.x_dm[head] - graph.x_dm[tail]),
        graph.y_dm[tail] + part * (graph.y_dm[head] - graph.y_dm[tail]),
    )


def check(city: City, spots: Spots, x_m: Ints, y_m: Ints) -> None:
    """Hold the spots against all arcs. Raises Wrong."""
    graph = city.graph
    x_dm, y_dm = places(graph, np.maximum(spots.arc, 0), spots.along)
    for row in range(len(spots)):
        at_x, at_y = 10.0 * x_m[row], 10.0 * y_m[row]
        least_dm = distances(graph, at_x, at_y).min()
        found_dm = float(np.hypot(x_dm[row] - at_x, y_dm[row] - at_y))
        slack_dm = SLACK_DM + graph.length_dm[spots.arc[row]] / 1000
        if spots.arc[row] < 0 or found_dm > least_dm + slack_dm:
            raise Wrong(f"{city.name}: position {row} was put on an arc {found_dm:.0f} dm off, not {least_dm:.0f} dm")


def distances(graph: Graph, at_x: float, at_y: float) -> Floats:
    """Return how far each arc is from a point, in decimetres."""
    x, y = graph.x_dm.astype(np.float64), graph.y_dm.astype(np.float64)
    east, north = x[graph.head] - x[graph.tail], y[graph.head] - y[graph.tail]
    to_x, to_y = at_x - x[graph.tail], at_y - y[graph.tail]
    along = np.clip((to_x * east + to_y * north) / np.maximum(east * east + north * north, 1), 0, 1)
    return np.hypot(to_x - along * east, to_y - along * north)
