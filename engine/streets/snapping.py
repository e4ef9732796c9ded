"""From positions to spots: where along which arc a unit or an incident is.

A packed R-tree over the street's segments gives the nearest one; where two carriageways lie side by side, the
heading of a moving vehicle decides between them. A position with no road within `NEAR_ROAD_M` has no spot.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.fixes import to_nodes
from engine.kernels.nearest import pack, snap, snap_rows
from engine.model.place import Access, TravelSettings
from engine.streets.graph import Graph, Ints
from engine.streets.stretches import DM

NEAR_ROAD_M = 1_000
"""A position farther from every road is not on the streets at all: on the water, in the hills, in the air."""
BESIDE_ROAD_M = 15
"""Up to here a position counts as on the road: that is how well devices know where they are."""
ACROSS_M_MAX = 50_000
"""By nodes everything is reached, however far across it is."""
PERMILLE = 1000
STANDING_KEPT = 4_096
FEW = 16
"""So many that stand are looked up one by one."""
MOVING_DM_S = 10
"""A unit slower than a metre a second stands: which way it points means nothing."""
NOWHERE = -1
"""Instead of an arc: no road near."""

Shorts = npt.NDArray[np.int16]


class Spot(Struct, frozen=True, gc=False, cache_hash=True):
    """One place on the streets."""

    arc: int
    along: int
    """Thousandths of the arc from its tail."""
    extra_ms: int
    """From the place itself to the road, under lights."""
    free: bool
    """It may be left, or reached, in both directions."""
    onward_ms: int = 0
    """What is left of the street along which it goes on before it can do anything else, in whatever mode."""


NO_SPOT = Spot(NOWHERE, 0, 0, True)


class Spots:
    """Spots of n units as columns: `arc` int32, `along` int16, `extra_ms` int32, `free` uint8, `onward_ms` int32.

    `segment` int32 is the snapper's own number of the street, a hint for its next search. `changed` int64 says with
    which of the `changes` a row was last written.
    """

    __slots__ = ("along", "arc", "changed", "changes", "extra_ms", "free", "onward_ms", "segment")

    def __init__(self, count: int) -> None:
        self.arc = np.full(count, NOWHERE, np.int32)
        self.along = np.zeros(count, np.int16)
        self.extra_ms = np.zeros(count, np.int32)
        self.free = np.ones(count, np.uint8)
        self.onward_ms = np.zeros(count, np.int32)
        self.segment = np.full(count, NOWHERE, np.int32)
        self.changed = np.zeros(count, np.int64)
        self.changes = 0

    def __len__(self) -> int:
        return len(self.arc)

    def __getitem__(self, row: int) -> Spot:
        columns = self.arc, self.along, self.extra_ms, self.free, self.onward_ms
        arc, along, extra_ms, free, onward_ms = (int(column[row]) for column in columns)
        return Spot(arc, along, extra_ms, bool(free), onward_ms)

    @classmethod
    def of(cls, *spots: Spot) -> "Spots":
        """Return columns that hold these."""
        columns = cls(len(spots))
        for row, spot in enumerate(spots):
            columns.arc[row], columns.along[row] = spot.arc, spot.along
            columns.extra_ms[row], columns.free[row] = spot.extra_ms, spot.free
            columns.onward_ms[row] = spot.onward_ms
        return columns

    def copy(self) -> "Spots":
        """Return the same spots by themselves: whoever writes to these does not change them."""
        other = Spots(len(self))
        other.arc[:], other.along[:], other.extra_ms[:] = self.arc, self.along, self.extra_ms
        other.free[:], other.segment[:], other.onward_ms[:] = self.free, self.segment, self.onward_ms
        return other

    def note(self, rows: Ints) -> None:
        """These rows were written."""
        self.changes += 1
        self.changed[rows] = self.changes


class Nodes:
    """Reaches what stands beside the streets from the nearest node instead of the nearest road (`Access.NODE`).

    A unit at a node has come in by one of its arcs, at whose end it stands, so it may leave by any; an address at a node
    is where one of its arcs begins, so it may be reached by any. A unit that moves goes on to the node at the end of its
    arc, in normal driving, and may turn round there; one that moves beside the streets is as far from its nearest node as
    if it stood.
    """

    def __init__(self, graph: Graph, settings: TravelSettings) -> None:
        count = len(graph.x_dm)
        self._tree = pack(graph.x_dm, graph.y_dm, graph.x_dm, graph.y_dm)
        self._one_way = np.ones(count, np.uint8)
        self._into, self._out_of = np.full(count, NOWHERE, np.int32), np.full(count, NOWHERE, np.int32)
        # Written backwards, so that of several arcs the first is kept.
        arcs = np.arange(graph.arcs, dtype=np.int32)[::-1]
        self._into[graph.head[::-1]] = arcs
        self._out_of[graph.tail[::-1]] = arcs
        self._arc_ms: Ints = np.maximum(graph.normal_ms, 0)
        self._mm_per_s = settings.off_road_mm_per_s
        self.standing = lru_cache(maxsize=STANDING_KEPT)(self._standing)
        """By place: units come to stand at posts and hospitals again and again."""

    def gather(self, spots: Spots, rows: Ints, x_m: Ints, y_m: Ints) -> None:
        """Put those of the rows that stand at their nearest node, and those that move at the end of their arc."""
        standing = np.empty(len(rows), np.int32)
        columns = spots.arc, spots.along, spots.free, self._arc_ms, spots.extra_ms, spots.onward_ms
        count = to_nodes(rows, *columns, standing)
        standing = standing[:count]
        if len(standing) > FEW:
            spots.arc[standing], spots.extra_ms[standing] = self._nearest(self._into, x_m[standing], y_m[standing])
        else:
            for row in standing.tolist():
                spot = self.standing(int(x_m[row]), int(y_m[row]))
                spots.arc[row], spots.extra_ms[row] = spot.arc, spot.extra_ms

    def target(self, x_m: int, y_m: int) -> Spot:
        """Return where an address is reached."""
        arc, extra_ms = self._nearest(self._out_of, np.array([x_m], np.int32), np.array([y_m], np.int32))
        return Spot(int(arc[0]), 0, int(extra_ms[0]), free=True) if arc[0] >= 0 else NO_SPOT

    def _standing(self, x_m: int, y_m: int) -> Spot:
        """Return where a unit is that stands there."""
        arc, extra_ms = self._nearest(self._into, np.array([x_m], np.int32), np.array([y_m], np.int32))
        return Spot(int(arc[0]), PERMILLE, int(extra_ms[0]), free=True)

    def _nearest(self, arc_of: Ints, x_m: Ints, y_m: Ints) -> tuple[Ints, Ints]:
        """Return an arc of each position's nearest node, -1 for none, and the way across in ms."""
        count = len(x_m)
        segment, arc, extra_ms = np.empty((3, count), np.int32)
        at = x_m, y_m, np.full(count, -1, np.int16), np.full(count, NOWHERE, np.int32)
        found = segment, arc, np.empty(count, np.int16), extra_ms
        snap(self._tree, self._one_way, arc_of, arc_of, *at, ACROSS_M_MAX * DM, 0, self._mm_per_s, *found)
        return arc, extra_ms


class Snapper:
    """Finds spots. One segment stands for an arc and its opposite."""

    def __init__(self, graph: Graph, reverse: Ints, settings: TravelSettings) -> None:
        arcs = np.arange(graph.arcs, dtype=np.int32)
        self._arc: Ints = arcs[(reverse < 0) | (arcs < reverse)]
        self._reverse = reverse
        self._one_way = (reverse[self._arc] < 0).astype(np.uint8)
        tail, head = graph.tail[self._arc], graph.head[self._arc]
        self._tree = pack(graph.x_dm[tail], graph.y_dm[tail], graph.x_dm[head], graph.y_dm[head])
        self._mm_per_s = settings.off_road_mm_per_s
        self._nodes = Nodes(graph, settings) if settings.access is Access.NODE and graph.arcs else None

    def spots(self, x_m: Ints, y_m: Ints, heading: npt.NDArray[np.int16], hint: Ints | None = None) -> Spots:
        """Return where these positions are; `heading` in degrees, -1 where it is unknown or means nothing.

        The hint, segments on which they were before, makes it faster and never different.
        """
        found = Spots(len(x_m))
        if len(self._arc):
            hint = found.segment.copy() if hint is None else hint
            at = (np.ascontiguousarray(x_m), np.ascontiguousarray(y_m), np.ascontiguousarray(heading, np.int16), hint)
            found.free[:] = heading < 0
            # By nodes, on which road somebody is matters only where they move along it.
            if self._nodes is None or not found.free.all():
                self._snap(*at, found.segment, found.arc, found.along, found.extra_ms)
            if self._nodes is not None:
                self._nodes.gather(found, np.arange(len(x_m), dtype=np.int32), x_m, y_m)
        return found

    def put(self, spots: Spots, rows: Ints, x_m: Ints, y_m: Ints, speed_dm_s: Shorts, heading: Shorts) -> None:
        """Write to `spots` where these rows are; the other columns are by row. Who stands faces nowhere.

        Where they were before makes it faster and never different.
        """
        if len(self._arc):
            on_road = rows if self._nodes is None else _facing(spots, rows, speed_dm_s, heading)
            if len(on_road):
                limits = NEAR_ROAD_M * DM, BESIDE_ROAD_M * DM, self._mm_per_s
                columns: Any = x_m, y_m, speed_dm_s, heading, MOVING_DM_S
                found: Any = spots.segment, spots.arc, spots.along, spots.extra_ms, spots.free
                snap_rows(self._tree, self._one_way, self._arc, self._reverse, *limits, on_road, *columns, *found)
            if self._nodes is not None:
                self._nodes.gather(spots, rows, x_m, y_m)
        spots.note(rows)

    def spot(self, x_m: int, y_m: int) -> Spot:
        """Return where one point is: an address has no heading."""
        if not len(self._arc):
            return NO_SPOT
        if self._nodes is not None:
            return self._nodes.target(x_m, y_m)
        unknown, nothing = np.full(1, -1, np.int16), np.full(1, NOWHERE, np.int32)
        segment, arc, extra_ms = np.empty((3, 1), np.int32)
        along = np.empty(1, np.int16)
        at = (np.array([x_m], np.int32), np.array([y_m], np.int32), unknown, nothing)
        self._snap(*at, segment, arc, along, extra_ms)
        return Spot(int(arc[0]), int(along[0]), int(extra_ms[0]), True)

    def standing(self, x_m: int, y_m: int) -> Spot:
        """Return where a unit is that stands there, as `spots` says of one without a heading."""
        if self._nodes is None or not len(self._arc):
            return self.spot(x_m, y_m)
        return self._nodes.standing(x_m, y_m)

    def _snap(self, *columns: Any) -> None:
        """Write where positions are: x_m, y_m, heading and hint to segment, arc, along and extra_ms."""
        x_m, y_m, heading, hint, *found = columns
        at = x_m, y_m, heading, hint
        limits = NEAR_ROAD_M * DM, BESIDE_ROAD_M * DM, self._mm_per_s
        snap(self._tree, self._one_way, self._arc, self._reverse, *at, *limits, *found)


def _facing(spots: Spots, rows: Ints, speed_dm_s: Shorts, heading: Shorts) -> Ints:
    """Return those of the rows that move along some road; of the others write down that they may leave either way."""
    speed = speed_dm_s[rows]
    faces = (heading[rows] >= 0) & ((speed < 0) | (speed >= MOVING_DM_S))
    spots.free[rows] = ~faces
    return rows[faces]
