"""Streets for tests: a river from west to east, two bridges, a slow track on the far side.

north (0, 5000) ── North Road ── (0, 0) ── Mill Lane ── (5000, 0)
                                    │
                      (0, -1500) ── East Road ── (4000, -1500)
                          │ West Bridge                │ East Bridge
~~~~~~~~~~~~~~~~~~~~~~~~~~│~~~~~~~~~~~~~~~~~~~~~~~~~~~~│~~~~~~~~~~~
                      (0, -2500) ──── Quay ────── (4000, -2500)
                          │ Track to (1000, -4000)
"""

from functools import cache
from itertools import pairwise

from engine.model.place import Place
from engine.streets.graph import Graph
from engine.streets.network import Network
from engine.streets.roads import Roads

CLASSES = ("main", "track")
MAIN, TRACK = 0, 1
SPEED_MPS = (15, 3)
STREETS: tuple[tuple[str, int, tuple[tuple[int, int], ...]], ...] = (
    ("North Road", MAIN, ((0, 5_000), (0, 4_000), (0, 0), (0, -1_500))),
    ("Mill Lane", MAIN, ((0, 0), (2_500, 0), (5_000, 0))),
    ("East Road", MAIN, ((0, -1_500), (4_000, -1_500))),
    ("West Bridge", MAIN, ((0, -1_500), (0, -2_500))),
    ("East Bridge", MAIN, ((4_000, -1_500), (4_000, -2_500))),
    ("Quay", MAIN, ((0, -2_500), (4_000, -2_500))),
    ("Track", TRACK, ((0, -2_500), (1_000, -4_000))),
)
NAMES = tuple(name for name, _, _ in STREETS)


@cache
def graph() -> Graph:
    """Return the streets; each can be driven in both directions, without lights and sirens a quarter slower."""
    places = sorted({corner for _, _, corners in STREETS for corner in corners})
    node = {corner: row for row, corner in enumerate(places)}
    rows: list[tuple[int, int, int, int, int, int]] = []
    for name, (_, kind, corners) in enumerate(STREETS):
        for a, b in pairwise(corners):
            length_m = round(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
            lights_ms = length_m * 1_000 // SPEED_MPS[kind]
            rows += [(node[p], node[q], length_m, lights_ms, kind, name) for p, q in ((a, b), (b, a))]
    tail, head, length_m, lights_ms, kinds, names = zip(*rows, strict=True)
    return Graph(
        x_dm=[10 * x for x, _ in places],
        y_dm=[10 * y for _, y in places],
        tail=tail,
        head=head,
        length_dm=[10 * m for m in length_m],
        lights_ms=lights_ms,
        normal_ms=[ms * 5 // 4 for ms in lights_ms],
        arc_class=kinds,
        arc_name=names,
        classes=CLASSES,
        names=NAMES,
    )


@cache
def network() -> Network:
    """Return them made ready."""
    return Network(graph())


_ROADS: dict[Place, Roads] = {}


def library(place: Place) -> Roads | None:
    """Know these streets and no others."""
    if place.streets != graph().digest:
        return None
    if place not in _ROADS:
        _ROADS[place] = Roads(network(), place.travel)
    return _ROADS[place]
