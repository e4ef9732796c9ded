"""How this city's drivers differ from its map: what there is to be learned from their drives.

Rule: same streets and seed, same habits. The engine is told nothing of this; it sees positions and arrivals only.
"""

import numpy as np
import numpy.typing as npt

from engine.streets.graph import Graph
from gateways.demo.chance import around, stream

CLASS_SPREAD = 0.06
"""Two thirds of all street classes are driven within 6 % of what the map says."""
CENTRE = 0.25
"""The part of the junctions, counted from the middle, that is the centre."""
CENTRE_SLOWER = 1.15
"""Small streets of the centre are narrower than the map knows."""


def habits(graph: Graph, seed: int) -> npt.NDArray[np.float64]:
    """Return for each arc how many times the map's travel time its drivers take, float64[m]."""
    by_class = [around(stream(seed, "drivers", name), 1.0, CLASS_SPREAD) for name in graph.classes]
    factors = np.array(by_class, np.float64)[graph.arc_class]
    if graph.arcs:
        small = np.argmax(np.bincount(graph.arc_class))
        factors[(graph.arc_class == small) & _central(graph)[graph.tail]] *= CENTRE_SLOWER
    return factors


def _central(graph: Graph) -> npt.NDArray[np.bool_]:
    """Mark the nodes of the centre."""
    away = np.hypot(graph.x_dm - np.median(graph.x_dm), graph.y_dm - np.median(graph.y_dm))
    central: npt.NDArray[np.bool_] = away <= np.quantile(away, CENTRE)
    return central
