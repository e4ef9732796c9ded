"""Streets in a grid and drives over them, for tests of the learner."""

from engine.learning.drives import Drive
from engine.learning.speeds import Crossed, Expected
from engine.streets.graph import Graph

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY_MS = 1_772_409_600_000
"""Monday 2 March 2026, 00:00 UTC."""
SPAN_M = 200
LIGHTS_MS, NORMAL_MS = 14_000, 20_000
"""For one arc of the grid."""


def grid(side: int = 12) -> Graph:
    """Return a square grid round (0, 0): `side` nodes in a row, 200 m apart, streets to and fro, two classes."""
    low = -(side // 2) * SPAN_M * 10
    nodes = [(low + column * SPAN_M * 10, low + row * SPAN_M * 10) for row in range(side) for column in range(side)]
    pairs = [(node, node + 1, 0) for node in range(side * side) if node % side < side - 1]
    pairs += [(node, node + side, 1) for node in range(side * (side - 1))]
    arcs = [arc for a, b, kind in pairs for arc in ((a, b, kind), (b, a, kind))]
    count = len(arcs)
    return Graph(
        [x for x, _ in nodes],
        [y for _, y in nodes],
        [arc[0] for arc in arcs],
        [arc[1] for arc in arcs],
        [SPAN_M * 10] * count,
        [LIGHTS_MS] * count,
        [NORMAL_MS] * count,
        [arc[2] for arc in arcs],
        [0] * count,
        classes=("street", "avenue"),
        names=("",),
    )


def drive(row: int = 0, at_ms: int = MONDAY_MS, took_ms: int = 10_000) -> Drive:
    """Return a drive that ended at `at_ms` and took so long."""
    return Drive(row, (0, 0), -1, (150, 0), True, at_ms - took_ms, at_ms)


def expected(*parts: tuple[int, str, int]) -> Expected:
    """Return what was expected of a drive: (arc, class, ms) each; one street of 10 s if none is given."""
    arcs = tuple(Crossed(*part) for part in parts or ((7, "street", 10_000),))
    return Expected(sum(part.travel_ms for part in arcs), arcs)
