"""From the roads of an extract to the columns of a street graph: every node of a road, an arc each way.

Rule: time is length over speed, and what the point at the arc's end costs.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.streets.graph import NOT_OPEN
from gateways.places.osm.access import CLASSES
from gateways.places.osm.points import Point
from gateways.places.osm.read import Extract, Way
from gateways.places.osm.turns import Numbers, Rows, Turns, forbidden_turns
from gateways.places.streets import Floats, Streets, straight_metres

FORWARD, BACKWARD = 0, 1
_WAYS = ("forward", "backward")


class _Arcs(Struct, frozen=True):
    """Directed arcs between rows of nodes; `way` is a row of the extract's ways, `back` 1 against its direction."""

    tail: Rows
    head: Rows
    way: Numbers
    back: Numbers

    def pick(self, keep: npt.NDArray[np.bool_]) -> "_Arcs":
        return _Arcs(self.tail[keep], self.head[keep], self.way[keep], self.back[keep])


def streets_of(extract: Extract) -> tuple[Streets, Turns]:
    """Return all roads as a street graph, and what became of the turn restrictions."""
    nodes, segments = _segments(extract)
    lat, lon = np.array([extract.at[node] for node in nodes.tolist()], dtype=np.float64).reshape(-1, 2).T.copy()
    both = _Arcs(
        np.concatenate([segments.tail, segments.head]),
        np.concatenate([segments.head, segments.tail]),
        np.tile(segments.way, 2),
        np.repeat(np.array([FORWARD, BACKWARD]), len(segments.way)),
    )
    length = straight_metres(lat, lon, both.tail, both.head)
    lights, normal = _times(extract, nodes, both, length)
    driven = (lights != NOT_OPEN) | (normal != NOT_OPEN)
    arcs = both.pick(driven)
    numbers = np.array([way.id for way in extract.ways], dtype=np.int64)
    turns = forbidden_turns(extract.restrictions, arcs.tail, arcs.head, numbers[arcs.way], nodes)
    names, name = np.unique(np.array([way.road.name for way in extract.ways], dtype=np.str_), return_inverse=True)
    kinds = np.array([way.road.kind for way in extract.ways], dtype=np.uint8)
    streets = Streets(
        node_lat=lat,
        node_lon=lon,
        arc_from=arcs.tail,
        arc_to=arcs.head,
        length_m=length[driven].astype(np.float32),
        lights_ms=lights[driven],
        normal_ms=normal[driven],
        arc_class=kinds[arcs.way],
        arc_name=name[arcs.way].astype(np.int32),
        classes=np.array(CLASSES),
        names=names,
        turn_from=turns.turn_from,
        turn_to=turns.turn_to,
    )
    return streets, turns


def _segments(extract: Extract) -> tuple[Numbers, _Arcs]:
    """Return the nodes' numbers in the map, rising, and one arc for each stretch between two of them."""
    pairs: list[tuple[int, int]] = []
    rows: list[int] = []
    for row, way in enumerate(extract.ways):
        found = _stretches(way, extract)
        pairs += found
        rows += [row] * len(found)
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    nodes, at = np.unique(ends, return_inverse=True)
    tail, head = at.reshape(-1, 2).T.astype(np.int32)
    return nodes, _Arcs(tail, head, np.array(rows, dtype=np.int64), np.zeros(len(rows), np.int64))


def _stretches(way: Way, extract: Extract) -> list[tuple[int, int]]:
    """An extract may end in the middle of a way: what lies outside has no position."""
    return [(a, b) for a, b in zip(way.nodes, way.nodes[1:], strict=False) if a in extract.at and b in extract.at]


def _times(extract: Extract, nodes: Numbers, arcs: _Arcs, length: Floats) -> list[Rows]:
    """Return the times in ms with lights and sirens, and without; NOT_OPEN where there is no way."""
    speeds = np.array([(way.road.forward, way.road.backward) for way in extract.ways], dtype=np.float64)
    delay, closed = _points(extract.points, nodes, arcs)
    times = []
    for mode in (0, 1):
        km_h = speeds.reshape(-1, 2, 2)[arcs.way, arcs.back, mode]
        barred = closed[mode][arcs.tail] | closed[mode][arcs.head] | (km_h <= 0)
        # Metres and km/h to milliseconds: 3.6 s, in thousandths.
        driven = np.rint(length * 3600 / np.where(km_h > 0, km_h, 1)) + delay[arcs.back, arcs.head, mode]
        times.append(np.where(barred, NOT_OPEN, driven).astype(np.int32))
    return times


def _points(
    points: dict[int, Point], nodes: Numbers, arcs: _Arcs
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the delays in ms by (direction, node, mode), and which nodes are closed by (mode, node)."""
    delay = np.zeros((2, len(nodes), 2), dtype=np.int64)
    closed = np.zeros((2, len(nodes)), dtype=np.bool_)
    # Both directions are in the arcs, so this counts each stretch once. A barrier on a crossing bars only a path there.
    plain = np.bincount(arcs.tail, minlength=len(nodes)) <= 2
    row_of = dict(zip(nodes.tolist(), range(len(nodes)), strict=True))
    for number, point in points.items():
        row = row_of.get(number)
        if row is None:
            continue
        for back, way in enumerate(_WAYS):
            if point.way in ("", way):
                delay[back, row] = point.delay_ms
        if plain[row]:
            closed[:, row] = [not passes for passes in point.passes]
    return delay, closed
