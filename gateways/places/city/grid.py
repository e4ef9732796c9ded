"""The street graph of a made-up city: a lattice, bent until no two blocks are alike.

The square lattice is pressed into a disc (rows and columns become gently curved streets), pulled towards a dense
centre, stretched to the city's outline, warped and jittered. Water and parks take their part away; bridges give some
back. What cannot be reached from the centre and back again is left out.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gateways.places.city.chance import Dice, dice
from gateways.places.city.land import Flags, Floats, Land
from gateways.places.city.words import street_names

Ints = npt.NDArray[np.int64]

BLOCK_M = 160
LINES_MAX = 240
"""Streets each way. A metropolis gets wider meshes instead of more of them: its graph is that of its main streets."""

CLASSES = ("ring", "bridge", "arterial", "collector", "residential")
RING, BRIDGE, ARTERIAL, COLLECTOR, RESIDENTIAL = range(5)
ARTERIAL_EVERY, COLLECTOR_EVERY = 8, 4
RING_AT = 0.55
"""The ring road runs at this part of the way out."""
ONE_WAY_WITHIN = 0.35
MISSING_SHARE = 0.07
"""Residential blocks without a street: T-junctions and dead ends."""
NAME_CHANGES_AFTER = 18
"""Blocks; an arterial keeps its name right through the city."""


class Grid(Struct, frozen=True):
    """The lattice: n by n junctions, rows along the first axis running west to east."""

    x: Floats
    y: Floats
    out: Floats
    """How far out, 0 to 1."""
    area_m2: Floats
    """Ground that belongs to each junction."""


class Edges(Struct):
    """Streets between junctions; `one_way` is 1 along a to b, -1 against, 0 both."""

    a: Ints
    b: Ints
    line: Ints
    """Row number, or n + column number."""
    along: Ints
    """Position on the line."""
    kind: Ints
    one_way: Ints

    def pick(self, keep: Flags) -> "Edges":
        """Return the edges that are marked."""
        return Edges(*(getattr(self, name)[keep] for name in self.__struct_fields__))


def lines_for(radius_m: float) -> int:
    """Return the number of streets each way of a city of that size."""
    return min(LINES_MAX, max(24, round(2 * radius_m / BLOCK_M)))


def make_grid(seed: int, land: Land, lines: int) -> Grid:
    """Bend the lattice of `lines` streets each way."""
    rng = dice(seed, "grid")
    steps = np.linspace(-1, 1, lines)
    v, u = np.meshgrid(steps, steps, indexing="ij")
    x, y = u * np.sqrt(1 - v * v / 2), v * np.sqrt(1 - u * u / 2)
    out = np.hypot(x, y)
    stretch = land.radius_m * (0.55 + 0.45 * out) * land.outline(np.arctan2(y, x))
    x, y = x * stretch, y * stretch
    for length in (0.9, 0.5, 0.3):
        phases = rng.uniform(0, 6.28, 4)
        reach = 0.012 * land.radius_m * length
        wave = 6.28 / (length * land.radius_m)
        x, y = (
            x + reach * np.sin(wave * y + phases[0]) + reach * np.sin(wave * x + phases[1]),
            y + reach * np.sin(wave * x + phases[2]) + reach * np.sin(wave * y + phases[3]),
        )
    jitter = 0.3 * land.spacing_m * (0.55 + 0.45 * out) * rng.uniform(-0.5, 0.5, (2, lines, lines))
    # Whole metres from here on, so that the same seed gives the same bytes on every machine.
    x, y = np.rint(x + jitter[0]), np.rint(y + jitter[1])
    return Grid(x, y, out, _areas(x, y))


def _areas(x: Floats, y: Floats) -> Floats:
    """Return the ground of each junction, from the distances to its neighbours."""
    x_row, x_column = np.gradient(x)
    y_row, y_column = np.gradient(y)
    area: Floats = np.abs(x_column * y_row - x_row * y_column)
    return area


def make_edges(seed: int, land: Land, grid: Grid) -> tuple[Edges, list[str], Ints]:
    """Return the streets, their names, and for each street the row of its name."""
    rng = dice(seed, "streets")
    lines = len(grid.x)
    edges = _lattice_edges(lines)
    first_arterial = int(rng.integers(ARTERIAL_EVERY))
    _classify(edges, lines, first_arterial)
    dry = ~land.wet(grid.x, grid.y).ravel()
    green = land.green(grid.x, grid.y).ravel()
    north = (land.north_of_river(grid.x, grid.y) > 0).ravel()
    keep = dry[edges.a] & dry[edges.b] & (north[edges.a] == north[edges.b])
    keep &= (edges.kind <= ARTERIAL) | ~(green[edges.a] | green[edges.b])
    keep &= (edges.kind != RESIDENTIAL) | (rng.random(len(keep)) >= MISSING_SHARE)
    _one_ways(edges, grid, rng)
    streets, bridges = edges.pick(keep), _bridges(lines, first_arterial, dry, north, rng)
    both = Edges(*(np.concatenate([getattr(streets, f), getattr(bridges, f)]) for f in Edges.__struct_fields__))
    return both, *_names(both, rng)


def _lattice_edges(lines: int) -> Edges:
    at = np.arange(lines * lines).reshape(lines, lines)
    row, column = np.divmod(at, lines)
    west, south = at[:, :-1].ravel(), at[:-1, :].ravel()
    nothing = np.zeros(2 * lines * (lines - 1), dtype=np.int64)
    return Edges(
        a=np.concatenate([west, south]),
        b=np.concatenate([at[:, 1:].ravel(), at[1:, :].ravel()]),
        line=np.concatenate([row[:, :-1].ravel(), lines + column[:-1, :].ravel()]),
        along=np.concatenate([column[:, :-1].ravel(), row[:-1, :].ravel()]),
        kind=nothing + RESIDENTIAL,
        one_way=nothing.copy(),
    )


def _classify(edges: Edges, lines: int, first_arterial: int) -> None:
    """Make every eighth street an arterial, every fourth a collector, and a square of them the ring."""
    of_line = edges.line % lines
    edges.kind[(of_line - first_arterial) % COLLECTOR_EVERY == 0] = COLLECTOR
    edges.kind[(of_line - first_arterial) % ARTERIAL_EVERY == 0] = ARTERIAL
    low, high = ring_lines(lines)
    on_ring = ((of_line == low) | (of_line == high)) & (edges.along >= low) & (edges.along < high)
    edges.kind[on_ring] = RING


def ring_lines(lines: int) -> tuple[int, int]:
    """Return the two lines, each way, that the ring road follows."""
    reach = round(RING_AT * (lines - 1) / 2)
    return (lines - 1) // 2 - reach, (lines - 1) // 2 + reach


def _one_ways(edges: Edges, grid: Grid, rng: Dice) -> None:
    """In the centre some of the small streets are one-way, in turns."""
    chosen = rng.random(2 * len(grid.x)) < 0.5
    central = grid.out.ravel()[edges.a] < ONE_WAY_WITHIN
    small = edges.kind >= COLLECTOR
    mark = chosen[edges.line] & central & small
    edges.one_way[mark] = 1 - 2 * (edges.line[mark] % 2)


def _bridges(lines: int, first_arterial: int, dry: Flags, north: Flags, rng: Dice) -> Edges:
    """Return one edge over the water for the ring and for most of the arterials that run north."""
    columns = sorted({*ring_lines(lines), *range(first_arterial, lines, ARTERIAL_EVERY)})
    rows = []
    for column in columns:
        kept = rng.random() < 0.7 or column in ring_lines(lines)
        nodes = np.arange(column, lines * lines, lines)
        nodes = nodes[dry[nodes]]
        crossings = np.flatnonzero(~north[nodes[:-1]] & north[nodes[1:]])
        if kept and len(crossings):
            first = int(crossings[0])
            rows.append((nodes[first], nodes[first + 1], lines + column, nodes[first] // lines, BRIDGE, 0))
    columns_of = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    return Edges(*columns_of)


def _names(edges: Edges, rng: Dice) -> tuple[list[str], Ints]:
    """Name the streets: small ones change their name on the way, bridges are called bridges."""
    stretch = np.where(edges.kind >= COLLECTOR, edges.along // NAME_CHANGES_AFTER, 999)
    key = np.where(edges.kind == RING, -1, edges.line * 1000 + stretch)
    key = np.where(edges.kind == BRIDGE, -2 - edges.line, key)
    found, row = np.unique(key, return_inverse=True)
    names = street_names(rng, len(found))
    bridges = int(np.searchsorted(found, -1))
    names[:bridges] = _bridge_names(names, bridges)
    if RING in edges.kind:
        names[bridges] = "Ring Road"
    return names, row.astype(np.int64)


def _bridge_names(names: list[str], count: int) -> list[str]:
    """Name bridges after the first word of their street, or of the next one whose word no bridge bears yet."""
    taken: dict[str, None] = {}
    for position in range(count):
        words = (name.split(" ")[0] + " Bridge" for name in names[position:])
        taken[next(word for word in words if word not in taken)] = None
    return list(taken)
