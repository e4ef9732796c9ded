"""The place's own streets as a quiet map: each street once, simplified, in whole metres, packed once.

    {"classes": […], "names": […], "lines": [[class, name, x, y, dx, dy, …], …]}

A line is the street between two junctions; `x, y` is where it begins, each pair after it a step. A page that knows the
digest never asks again, so this is worked out once and for nobody in particular.
"""

import gzip
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import trio

from engine.streets.chains import chains_of, opposite
from engine.streets.graph import Graph

TOLERANCE_M: Final = 2.0
"""A bend that moves the line by less is left out."""


class Basemap:
    """The streets of one place; none where travel goes by straight lines."""

    def __init__(self, graph: Graph | None) -> None:
        self._graph = graph
        self.digest = "" if graph is None else graph.digest[:32]
        self._packed = b""
        self._making = trio.Lock()

    async def packed(self) -> bytes:
        """Return the streets as gzipped JSON. Made at the first call, in a thread."""
        async with self._making:
            if not self._packed and self._graph is not None:
                self._packed = await trio.to_thread.run_sync(_pack, self._graph)
        return self._packed


def _pack(graph: Graph) -> bytes:
    content = {"classes": graph.classes, "names": graph.names, "lines": lines_of(graph)}
    return gzip.compress(msgspec.json.encode(content), 6)


def lines_of(graph: Graph) -> list[list[int]]:
    """Return every street between two junctions once, whichever way it is driven."""
    reverse = opposite(graph)
    chains = chains_of(graph, reverse)
    lines: list[list[int]] = []
    for chain in range(chains.count):
        arcs = chains.members[chains.first[chain] : chains.first[chain + 1]]
        back = reverse[arcs[-1]]
        if 0 <= back < arcs[0]:  # it was, or will be, drawn the other way
            continue
        nodes = np.append(graph.tail[arcs], graph.head[arcs[-1]])
        points = np.rint(np.column_stack((graph.x_dm[nodes], graph.y_dm[nodes])) / 10).astype(np.int64)
        points = simplified(points)
        steps = np.diff(points, axis=0).ravel().tolist()
        lines.append([int(graph.arc_class[arcs[0]]), int(graph.arc_name[arcs[0]]), *points[0].tolist(), *steps])
    return lines


def simplified(points: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the line without bends below the tolerance (Douglas and Peucker 1973). `points` int64[n, 2], metres."""
    kept = np.zeros(len(points), np.bool_)
    kept[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        away = _distance(points[first + 1 : last], points[first], points[last])
        worst = int(away.argmax())
        if away[worst] > TOLERANCE_M:
            middle = first + 1 + worst
            kept[middle] = True
            spans += [(first, middle), (middle, last)]
    return points[kept]


def _distance(
    points: npt.NDArray[np.int64], start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return how far each point is from the stretch between the two."""
    along = (end - start).astype(np.float64)
    length = float(np.hypot(*along))
    offset = (points - start).astype(np.float64)
    if length == 0.0:
        return np.hypot(offset[:, 0], offset[:, 1])
    share = np.clip(offset @ along / length**2, 0.0, 1.0)
    foot = offset - share[:, None] * along
    return np.hypot(foot[:, 0], foot[:, 1])
