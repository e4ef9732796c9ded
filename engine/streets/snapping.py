"""From positions to spots: where along which arc a unit or an incident is.

A packed R-tree over the street's segments gives the nearest one; where two carriageways lie side by side, the
heading of a moving vehicle decides between them. A position with no road within `NEAR_ROAD_M` has no spot.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.nearest import nearest, pack
from engine.model.place import Access, TravelSettings
from engine.streets.graph import Graph, Ints
from engine.streets.stretches import DM

NEAR_ROAD_M = 1_000
"""A position farther from every road is not on the streets at all: on the water, in the hills, in the air."""
BESIDE_ROAD_M = 15
"""Up to here a position counts as on the road: that is how well devices know where they are."""
PERMILLE = 1000
NOWHERE = -1
"""Instead of an arc: no road near."""


class Spot(Struct, frozen=True, gc=False):
    """One place on the streets."""

    arc: int
    along: int
    """Thousandths of the arc from its tail."""
    extra_ms: int
    """From the place itself to the road."""
    free: bool
    """It may be left, or reached, in both directions."""


NO_SPOT = Spot(NOWHERE, 0, 0, True)


class Spots:
    """Spots of n units as columns: `arc` int32, `along` int16, `extra_ms` int32, `free` uint8.

    `segment` int32 is the snapper's own number of the street, a hint for its next search. `changed` int64 says with
    which of the `changes` a row was last written.
    """

    __slots__ = ("along", "arc", "changed", "changes", "extra_ms", "free", "segment")

    def __init__(self, count: int) -> None:
        self.arc = np.full(count, NOWHERE, np.int32)
        self.along = np.zeros(count, np.int16)
        self.extra_ms = np.zeros(count, np.int32)
        self.free = np.ones(count, np.uint8)
        self.segment = np.full(count, NOWHERE, np.int32)
        self.changed = np.zeros(count, np.int64)
        self.changes = 0

    def __len__(self) -> int:
        return len(self.arc)

    def __getitem__(self, row: int) -> Spot:
        return Spot(int(self.arc[row]), int(self.along[row]), int(self.extra_ms[row]), bool(self.free[row]))

    @classmethod
    def of(cls, *spots: Spot) -> "Spots":
        """Return columns that hold these."""
        columns = cls(len(spots))
        for row, spot in enumerate(spots):
            columns.arc[row], columns.along[row] = spot.arc, spot.along
            columns.extra_ms[row], columns.free[row] = spot.extra_ms, spot.free
        return columns

    def put(self, rows: Ints, spots: "Spots") -> None:
        """Overwrite these rows."""
        for name in ("along", "arc", "extra_ms", "free", "segment"):
            getattr(self, name)[rows] = getattr(spots, name)
        self.changes += 1
        self.changed[rows] = self.changes


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
        count = len(x_m)
        found = Spots(count)
        if len(self._arc) == 0:
            return found
        segment, away_dm = found.segment, np.empty(count, np.int32)
        along, backwards = np.empty(count, np.int16), np.empty(count, np.uint8)
        limit_dm = NEAR_ROAD_M * DM
        at = (x_m * np.int32(DM), y_m * np.int32(DM), np.ascontiguousarray(heading, np.int16))
        hint = np.full(count, NOWHERE, np.int32) if hint is None else hint
        nearest(self._tree, self._one_way, *at, hint, limit_dm, segment, along, away_dm, backwards)
        on_road = segment >= 0
        arc = self._arc[np.where(on_road, segment, 0)]
        back = (backwards == 1) & on_road
        found.arc[:] = np.where(on_road, np.where(back, self._reverse[arc], arc), NOWHERE)
        found.along[:] = np.where(back, PERMILLE - along, along)
        beyond_mm = np.maximum(away_dm.astype(np.int64) - BESIDE_ROAD_M * DM, 0) * 100
        found.extra_ms[:] = np.where(on_road, beyond_mm * 1000 // self._mm_per_s, 0)
        found.free[:] = heading < 0
        if self._nodes is not None:
            self._nodes.gather(found, x_m, y_m)
        return found

    def spot(self, x_m: int, y_m: int) -> Spot:
        """Return where one point is: an address has no heading."""
        if self._nodes is not None:
            return self._nodes.target(x_m, y_m)
        unknown = np.full(1, -1, np.int16)
        return self.spots(np.array([x_m], np.int32), np.array([y_m], np.int32), unknown)[0]


class Nodes:
    """Reaches what stands beside the streets from the nearest node instead of the nearest road (`Access.NODE`).

    A unit at a node has come in by one of its arcs, at whose end it stands, so it may leave by any; an address at a node
    is where one of its arcs begins, so it may be reached by any. Where units move they are on their arc, as ever.
    """

    def __init__(self, graph: Graph, settings: TravelSettings) -> None:
        self._tree = pack(graph.x_dm, graph.y_dm, graph.x_dm, graph.y_dm)
        self._no_way = np.zeros(len(graph.x_dm), np.uint8)
        arcs = np.arange(graph.arcs, dtype=np.int32)[::-1]
        self._into, self._out_of = (np.full(len(graph.x_dm), NOWHERE, np.int32) for _ in range(2))
        # Written backwards, so that of several arcs the first is kept.
        self._into[graph.head[::-1]] = arcs
        self._out_of[graph.tail[::-1]] = arcs
        self._mm_per_s = settings.off_road_mm_per_s

    def gather(self, found: Spots, x_m: Ints, y_m: Ints) -> None:
        """Put those that stand at their nearest node, and those that move right on their arc."""
        node, away_ms = self._nearest(x_m, y_m)
        stands = (found.free == 1) & (node >= 0)
        found.arc[stands] = self._into[node[stands]]
        found.along[stands] = PERMILLE
        found.extra_ms[:] = np.where(stands, away_ms, 0)

    def target(self, x_m: int, y_m: int) -> Spot:
        """Return where an address is reached."""
        node, away_ms = self._nearest(np.array([x_m], np.int32), np.array([y_m], np.int32))
        if node[0] < 0:
            return NO_SPOT
        return Spot(int(self._out_of[node[0]]), 0, int(away_ms[0]), free=True)

    def _nearest(self, x_m: Ints, y_m: Ints) -> tuple[Ints, npt.NDArray[np.int64]]:
        count = len(x_m)
        node, along = np.empty(count, np.int32), np.empty(count, np.int16)
        away_dm, backwards = np.empty(count, np.int32), np.empty(count, np.uint8)
        nowhere, no_heading = np.full(count, NOWHERE, np.int32), np.full(count, -1, np.int16)
        at = (x_m * np.int32(DM), y_m * np.int32(DM), no_heading)
        nearest(self._tree, self._no_way, *at, nowhere, NEAR_ROAD_M * DM, node, along, away_dm, backwards)
        return node, away_dm.astype(np.int64) * 100_000 // self._mm_per_s
