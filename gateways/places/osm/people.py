"""Where calls come from: the map has no people, but it has the streets they live in.

Rule: the more metres of residential street in a square, the more people; 220 to the kilometre. (Finland has about 210
inhabitants, the United States about 240, for each kilometre of municipal street.) How often they call, for what and at
which hour is as in the made-up city.
"""

import numpy as np
from msgspec.structs import replace

from engine.model.demand import Demand, Zone
from engine.model.geometry import METRES_PER_DEGREE, Projection
from gateways.places.city.people import CALLS_PER_PERSON_DAY, CARE, HOURLY, shares
from gateways.places.streets import Streets, once

PEOPLE_PER_KM = 220
HOMES = ("residential", "living_street", "unclassified", "pedestrian")
"""Classes of street that people live in."""
ZONE_M = 400


def demand_of(streets: Streets, projection: Projection, *, hospitals: bool) -> Demand:
    """Return the call process. Without a hospital nobody is transported."""
    homes = np.isin(streets.arc_class, [row for row, name in enumerate(streets.classes.tolist()) if name in HOMES])
    if not homes.any():
        homes[:] = True
    zones, metres = _zones(streets, homes, projection)
    people = metres / 1000 * PEOPLE_PER_KM
    return Demand(
        calls_per_day=float(max(1, round(people * CALLS_PER_PERSON_DAY))),
        hourly=HOURLY,
        shares=shares(),
        zones=zones,
        care=CARE if hospitals else replace(CARE, transport_share=0.0),
    )


def _zones(
    streets: Streets, homes: np.typing.NDArray[np.bool_], projection: Projection
) -> tuple[tuple[Zone, ...], float]:
    """Return squares weighed with people, and the metres of street in all of them."""
    arcs = once(streets, homes)
    tail, head = streets.arc_from[arcs], streets.arc_to[arcs]
    lat, lon = (
        (streets.node_lat[tail] + streets.node_lat[head]) / 2,
        (streets.node_lon[tail] + streets.node_lon[head]) / 2,
    )
    east = METRES_PER_DEGREE * np.cos(np.radians(projection.lat0))
    column = np.floor_divide((lon - projection.lon0) * east, ZONE_M).astype(np.int64)
    row = np.floor_divide((lat - projection.lat0) * METRES_PER_DEGREE, ZONE_M).astype(np.int64)
    cells, cell = np.unique(np.column_stack([row, column]), axis=0, return_inverse=True)
    metres = np.bincount(cell.ravel(), streets.length_m[arcs])
    weights = np.maximum(0.1, (metres / 1000 * PEOPLE_PER_KM).round(1)).tolist()
    half = ZONE_M // 2
    zones = tuple(
        Zone(x * ZONE_M + half, y * ZONE_M + half, half, each)
        for (y, x), each in zip(cells.tolist(), weights, strict=True)
    )
    return zones, float(metres.sum())
