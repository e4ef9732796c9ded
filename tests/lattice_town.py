"""Streets for tests of the demo: two banks of a river, each a lattice of 200 m blocks, and two bridges."""

from collections.abc import Iterator

import trio

from engine.model.place import Place, TravelSettings
from engine.model.roads import Closure, Conditions, Stretch
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.roads import Roads
from gateways.demo.driving import OFF_ROAD, Leg, Point, standing
from gateways.demo.ledger import Ledger
from gateways.demo.streets import Navigator
from tests.builders import NOW, small_place

BLOCK_M = 200
LINES = 6
BANK = 2
"""The river runs between this column of junctions and the next; two bridges cross it, north and south."""
ARC_MS = {"street": 20_000, "bridge": 15_000}
CLASSES = ("street", "bridge")
NAMES = ("", "North Bridge", "South Bridge", *(f"Row {row}" for row in range(LINES)))


def lattice(classes: tuple[str, ...] = CLASSES, names: tuple[str, ...] = NAMES) -> Graph:
    """Two banks of streets, 200 m from junction to junction, and two bridges."""
    rows = list(_arcs())
    both = [*rows, *((b, a, kind, name) for a, b, kind, name in rows)]
    tail, head, kind, name = (list(column) for column in zip(*both, strict=True))
    places = [(column, row) for row in range(LINES) for column in range(LINES)]
    times = [ARC_MS[CLASSES[each]] for each in kind]
    return Graph(
        x_dm=[BLOCK_M * 10 * column for column, _ in places],
        y_dm=[BLOCK_M * 10 * row for _, row in places],
        tail=tail,
        head=head,
        length_dm=[BLOCK_M * 10] * len(tail),
        lights_ms=times,
        normal_ms=[each * 2 for each in times],
        arc_class=[each if len(classes) > 1 else 0 for each in kind],
        arc_name=[each if len(names) > 1 else 0 for each in name],
        classes=classes,
        names=names,
    )


def _arcs() -> Iterator[tuple[int, int, int, int]]:
    for row in range(LINES):
        for column in range(LINES):
            here = row * LINES + column
            if row + 1 < LINES:
                yield here, here + LINES, 0, 0
            if column + 1 < LINES and column != BANK:
                yield here, here + 1, 0, 3 + row
            elif column == BANK and row in (0, LINES - 1):
                yield here, here + 1, 1, 2 if row == 0 else 1


ROADS = Roads(Network(lattice()), TravelSettings())
NORTH, SOUTH = Closure("R1", Stretch(streets=("North Bridge",))), Closure("R2", Stretch(streets=("South Bridge",)))
WEST, EAST = (0, 0), (1_000, 0)
"""On both ends of the southern row."""


def place() -> Place:
    return small_place(travel=TravelSettings())


def navigator(seed: int = 7, roads: Roads | None = ROADS) -> Navigator:
    return Navigator(place(), roads, Ledger(), seed)


def find(source: Point, target: Point, *, seed: int = 7, closed: tuple[Closure, ...] = (), at: int = NOW) -> Leg | None:
    """Find a leg as a crew does, with lights and sirens."""
    finding = navigator(seed)
    finding.hear(Conditions(closures=closed), at)

    async def ask() -> Leg | None:
        return await finding.leg(standing(source), target, at, lights=True, slower=1.0)

    return trio.run(ask)


def leg_of(source: Point, target: Point, **changes: object) -> Leg:
    leg = find(source, target, **changes)  # type: ignore[arg-type]  # options by name
    assert leg is not None
    return leg


def streets_of(leg: Leg) -> set[str]:
    graph = ROADS.graph
    return {graph.names[graph.arc_name[arc]] for arc in leg.arcs if arc != OFF_ROAD}
