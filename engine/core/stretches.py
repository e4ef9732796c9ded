"""Stretches that are soundly named: every street and class exists, every arc too, and something is meant by them."""

from difflib import get_close_matches

from engine.core.recorder import Refused
from engine.model.roads import Stretch
from engine.state.world import World
from engine.streets.graph import Graph
from engine.streets.roads import Roads

NAMES_MAX = 64
"""Streets, or classes, in one stretch."""
CORNERS_MAX = 1_000
ARCS_MAX = 10_000
METRES_MAX = 50_000_000
"""Corners lie on this planet."""
COMPARED_MAX = 256
"""Names that are looked at to find the one that was meant: this happens on the decision path."""


def streets_of(world: World) -> Roads:
    """Return the place's roads, or refuse."""
    roads = world.roads
    if roads is None:
        raise Refused(
            "no_streets",
            "stretch",
            "This place has no street graph: travel times go by straight lines, so closures, traffic and weather "
            "would change nothing. Import its streets first.",
        )
    return roads


def check_stretch(roads: Roads, stretch: Stretch) -> None:
    """Refuse a stretch that is not soundly named, or that touches no street at all."""
    graph = roads.graph
    _check_sizes(stretch)
    for street in stretch.streets:
        if street not in graph.names:
            raise Refused("unknown_street", "stretch.streets", _no_such_street(graph, street))
    for name in stretch.classes:
        if name not in graph.classes:
            known = ", ".join(sorted(graph.classes))
            raise Refused("unknown_class", "stretch.classes", f"There is no street class {name!r}. There are: {known}.")
    if any(not 0 <= arc < graph.arcs for arc in stretch.arcs):
        raise Refused("out_of_range", "stretch.arcs", f"Arcs are rows of the street graph, 0 to {graph.arcs - 1}.")
    if not roads.touched(stretch):
        raise Refused(
            "touches_nothing",
            "stretch",
            f"No street of the place fits this ({stretch.words}), so it would change nothing. Where several are named, "
            "streets, classes, polygon and arcs must all fit; a polygon is a ring of (latitude, longitude).",
        )


def _check_sizes(stretch: Stretch) -> None:
    polygon = stretch.polygon
    if polygon is not None and not 3 <= len(polygon) <= CORNERS_MAX:
        reason = f"A polygon has 3 to {CORNERS_MAX} corners, this one has {len(polygon)}."
        raise Refused("out_of_range", "stretch.polygon", reason)
    if polygon is not None and any(max(abs(x_m), abs(y_m)) > METRES_MAX for x_m, y_m in polygon):
        raise Refused("out_of_range", "stretch.polygon", "A corner of the polygon lies nowhere on Earth.")
    sizes = (
        ("streets", stretch.streets, NAMES_MAX),
        ("classes", stretch.classes, NAMES_MAX),
        ("arcs", stretch.arcs, ARCS_MAX),
    )
    for field, named, most in sizes:
        if len(named) > most:
            raise Refused(
                "too_long", f"stretch.{field}", f"At most {most} {field} in one stretch; say it as a polygon."
            )


def _no_such_street(graph: Graph, street: str) -> str:
    said = f"There is no street {street[:80]!r} in the place."
    wanted = street.casefold().strip()
    alike = [name for name in graph.names if name.casefold() == wanted]
    if not alike:
        # Comparing is dear: only names that begin alike, or hold the whole of what was said, are compared.
        near = (name for name in graph.names if wanted[:2] == name[:2].casefold() or wanted in name.casefold())
        compared = [name for name, _ in zip(near, range(COMPARED_MAX), strict=False)]
        alike = get_close_matches(street[:80], compared, n=3, cutoff=0.5)
    return f"{said} Did you mean {' or '.join(map(repr, alike))}?" if alike else f"{said} Names are as on the map."
