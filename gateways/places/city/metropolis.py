"""Streets of a made-up metropolis, as many junctions as asked for and nothing else: for benchmarks of travel times.

Rule: the same land, lattice and names as the made-up city, at its usual block width instead of the wider meshes
that `generate` gives a metropolis.
"""

import math

from gateways.places.city.graph import make_town
from gateways.places.city.grid import BLOCK_M, make_edges, make_grid
from gateways.places.city.land import DEMO_PEOPLE, DEMO_RADIUS_M, make_land
from gateways.places.streets import Streets

JUNCTIONS_MIN, JUNCTIONS_MAX = 1_000, 4_000_000
_DRY = 0.965
"""Part of the lattice that neither lies in the water nor hangs on nothing: about, over seeds and sizes."""


def metropolis_streets(seed: int, junctions: int) -> Streets:
    """Return streets with about so many junctions (within 5 %); the same seed and number give the same streets.

    Raises ValueError for a number outside 1,000 to 4,000,000.
    """
    if not JUNCTIONS_MIN <= junctions <= JUNCTIONS_MAX:
        raise ValueError(f"a metropolis has {JUNCTIONS_MIN} to {JUNCTIONS_MAX} junctions; {junctions} were asked for")
    lines = round(math.sqrt(junctions / _DRY))
    radius = lines * BLOCK_M / 2
    land = make_land(seed, round(DEMO_PEOPLE * (radius / DEMO_RADIUS_M) ** 2.5), BLOCK_M)
    grid = make_grid(seed, land, lines)
    return make_town(seed, grid, *make_edges(seed, land, grid)).streets
