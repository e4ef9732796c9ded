"""Which arcs a stretch means: by name, by class, by polygon, by number."""

import numpy as np
import numpy.typing as npt

from engine.model.geometry import Polygon
from engine.model.roads import Stretch
from engine.streets.graph import Graph

Flags = npt.NDArray[np.bool_]
Wide = npt.NDArray[np.int64]

DM = 10
"""Decimetres in a metre."""


def arcs_of(graph: Graph, stretch: Stretch) -> Flags:
    """Mark the arcs that fit everything the stretch names, bool[m]."""
    marked = np.ones(graph.arcs, np.bool_)
    if stretch.streets:
        marked &= _named(graph.names, stretch.streets)[graph.arc_name]
    if stretch.classes:
        marked &= _named(graph.classes, stretch.classes)[graph.arc_class]
    if stretch.arcs:
        listed = np.array(stretch.arcs, np.int64)
        chosen = np.zeros(graph.arcs, np.bool_)
        chosen[listed[(listed >= 0) & (listed < graph.arcs)]] = True
        marked &= chosen
    if stretch.polygon is not None:
        marked &= touching(graph, stretch.polygon)
    return marked


def _named(known: tuple[str, ...], wanted: tuple[str, ...]) -> Flags:
    return np.array([name in wanted for name in known], np.bool_)


def touching(graph: Graph, polygon: Polygon) -> Flags:
    """Mark the arcs that have an end in the polygon or cross its border, bool[m]. Exact in integers."""
    corners = np.array(polygon, np.int64) * DM
    x, y = graph.x_dm.astype(np.int64), graph.y_dm.astype(np.int64)
    inside = _inside(corners, x, y)
    marked: Flags = inside[graph.tail] | inside[graph.head]
    near = np.flatnonzero(~marked & _boxes_meet(graph, corners))
    ends = (x[graph.tail[near]], y[graph.tail[near]], x[graph.head[near]], y[graph.head[near]])
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        marked[near[_cross(*ends, *a.tolist(), *b.tolist())]] = True
    return marked


def _boxes_meet(graph: Graph, corners: Wide) -> Flags:
    (x_min, y_min), (x_max, y_max) = corners.min(axis=0), corners.max(axis=0)
    xa, xb = graph.x_dm[graph.tail], graph.x_dm[graph.head]
    ya, yb = graph.y_dm[graph.tail], graph.y_dm[graph.head]
    met: Flags = (np.maximum(xa, xb) >= x_min) & (np.minimum(xa, xb) <= x_max)
    met &= (np.maximum(ya, yb) >= y_min) & (np.minimum(ya, yb) <= y_max)
    return met


def _inside(corners: Wide, x: Wide, y: Wide) -> Flags:
    """Even-odd rule for many points, as `engine.model.geometry.inside` has it for one."""
    within = np.zeros(len(x), np.bool_)
    xa, ya = corners[-1].tolist()
    for xb, yb in corners.tolist():
        spans = (ya > y) != (yb > y)
        side = (x - xa) * (yb - ya) - (xb - xa) * (y - ya)
        within ^= spans & ((side < 0) == (yb > ya))
        xa, ya = xb, yb
    return within


def _cross(x1: Wide, y1: Wide, x2: Wide, y2: Wide, xa: int, ya: int, xb: int, yb: int) -> Flags:
    """Mark the segments (x1, y1) to (x2, y2) that have points on both sides of a to b, and it of them."""
    one: Flags = _turn(xa, ya, xb, yb, x1, y1) != _turn(xa, ya, xb, yb, x2, y2)
    other: Flags = _turn(x1, y1, x2, y2, xa, ya) != _turn(x1, y1, x2, y2, xb, yb)
    return one & other


def _turn(xa: Wide | int, ya: Wide | int, xb: Wide | int, yb: Wide | int, x: Wide | int, y: Wide | int) -> Wide:
    """Return on which side of a to b the point lies: 1, 0 or -1."""
    return np.sign((xb - xa) * (y - ya) - (yb - ya) * (x - xa))
