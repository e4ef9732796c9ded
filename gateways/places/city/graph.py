"""From streets to the rows of the street graph: directed arcs with lengths and two travel times each."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gateways.places.city.chance import dice
from gateways.places.city.grid import CLASSES, ONE_WAY_WITHIN, Edges, Grid, Ints
from gateways.places.city.land import PROJECTION, Floats
from gateways.places.connected import Dropped, connected
from gateways.places.streets import Streets

NORMAL_KM_H = np.array([80.0, 50.0, 45.0, 35.0, 25.0])
LIGHTS_KM_H = np.array([100.0, 68.0, 62.0, 48.0, 36.0])
"""By class, in the order of CLASSES."""
NORMAL_JUNCTION_MS, LIGHTS_JUNCTION_MS = np.array([0, 2, 5, 4, 3]) * 1000, np.array([0, 1, 2, 1, 1]) * 1000
BENDS = 0.06
"""Streets are up to this part longer than the straight line between their ends."""
TRAFFIC = 0.3
"""How much slower the very centre is."""


class Town(Struct, frozen=True):
    """The junctions that are left, and the graph over them. Arrays have one row a junction."""

    x: Floats
    y: Floats
    area_m2: Floats
    streets: Streets
    dropped: Dropped


def make_town(seed: int, grid: Grid, edges: Edges, names: list[str], name_of: Ints) -> Town:
    """Return the part of the city from which every junction can be reached, and left again."""
    ends = _directed(edges)
    x, y = grid.x.ravel(), grid.y.ravel()
    length = _lengths(seed, x, y, ends)
    busy = TRAFFIC * np.exp(-((grid.out.ravel()[ends.a] / ONE_WAY_WITHIN) ** 2))
    lat, lon = _degrees(x, y)
    whole = Streets(
        node_lat=lat,
        node_lon=lon,
        arc_from=ends.a.astype(np.int32),
        arc_to=ends.b.astype(np.int32),
        length_m=length.astype(np.float32),
        lights_ms=_times(length, LIGHTS_KM_H[ends.kind] * (1 - busy / 2), LIGHTS_JUNCTION_MS[ends.kind]),
        normal_ms=_times(length, NORMAL_KM_H[ends.kind] * (1 - busy), NORMAL_JUNCTION_MS[ends.kind]),
        arc_class=ends.kind.astype(np.uint8),
        arc_name=np.concatenate([name_of[edges.one_way >= 0], name_of[edges.one_way <= 0]]).astype(np.int32),
        classes=np.array(CLASSES),
        names=np.array(names),
    )
    streets, kept, dropped = connected(whole)
    return Town(x[kept], y[kept], grid.area_m2.ravel()[kept], streets, dropped)


def _degrees(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    pairs = [PROJECTION.to_degrees(east, north) for east, north in zip(x.tolist(), y.tolist(), strict=True)]
    both = np.array(pairs)
    return both[:, 0].copy(), both[:, 1].copy()


def _directed(edges: Edges) -> Edges:
    """Return one row a direction: first all that run a to b, then the others turned round."""
    forth, back = edges.pick(edges.one_way >= 0), edges.pick(edges.one_way <= 0)
    back.a, back.b = back.b, back.a
    return Edges(*(np.concatenate([getattr(forth, f), getattr(back, f)]) for f in Edges.__struct_fields__))


def _lengths(seed: int, x: Floats, y: Floats, ends: Edges) -> Floats:
    """Return decimetre-exact lengths, the same both ways."""
    straight = np.sqrt((x[ends.a] - x[ends.b]) ** 2 + (y[ends.a] - y[ends.b]) ** 2)
    bends = dice(seed, "bends").random(len(x))
    return np.rint(straight * (1 + BENDS * bends[np.minimum(ends.a, ends.b)]) * 10) / 10


def _times(length: Floats, km_h: Floats, junction_ms: Ints) -> npt.NDArray[np.int32]:
    return (np.rint(length * 3600 / km_h) + junction_ms).astype(np.int32)
