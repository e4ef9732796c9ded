"""Degrees at the edge, whole local metres inside.

An equirectangular projection about the middle of the place: across a metropolis (50 km) its error stays below
the error of a GPS fix, and integers make every comparison the same on every machine.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Column = npt.NDArray[np.int32]
Degrees = npt.NDArray[np.float64]

METRES_PER_DEGREE = 111_320.0
"""Length of one degree of latitude, the value JEMSS uses (40075 km / 360)."""

Polygon = tuple[tuple[int, int], ...]
"""Corners (x_m, y_m) of a ring; the last corner joins the first."""


class Projection(Struct, frozen=True):
    """Maps WGS84 degrees to metres east and north of an origin, and back."""

    lat0: float
    lon0: float

    def to_metres(self, lat: float, lon: float) -> tuple[int, int]:
        """Return (x_m, y_m), rounded to whole metres."""
        x = (lon - self.lon0) * METRES_PER_DEGREE * math.cos(math.radians(self.lat0))
        return round(x), round((lat - self.lat0) * METRES_PER_DEGREE)

    def columns_to_metres(self, lat: Degrees, lon: Degrees) -> tuple[Column, Column]:
        """Return (x_m, y_m) of many points at once, as int32[n] each, rounded alike."""
        x = (lon - self.lon0) * METRES_PER_DEGREE * math.cos(math.radians(self.lat0))
        return np.rint(x).astype(np.int32), np.rint((lat - self.lat0) * METRES_PER_DEGREE).astype(np.int32)

    def to_degrees(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Return (lat, lon), rounded to seven decimals (about a centimetre)."""
        lon = self.lon0 + x_m / (METRES_PER_DEGREE * math.cos(math.radians(self.lat0)))
        return round(self.lat0 + y_m / METRES_PER_DEGREE, 7), round(lon, 7)

    def columns_to_degrees(self, x_m: Column, y_m: Column) -> tuple[Degrees, Degrees]:
        """Return (lat, lon) of many points at once, as float64[n] each, rounded alike."""
        lon = self.lon0 + x_m / (METRES_PER_DEGREE * math.cos(math.radians(self.lat0)))
        return np.round(self.lat0 + y_m / METRES_PER_DEGREE, 7), np.round(lon, 7)


def inside(polygon: Sequence[tuple[int, int]], x_m: int, y_m: int) -> bool:
    """Tell whether the point lies in the polygon (even-odd rule, exact in integers)."""
    within = False
    xa, ya = polygon[-1]
    for xb, yb in polygon:
        if (ya > y_m) != (yb > y_m):
            # Sign of the cross product against the edge's direction: no division, so no rounding.
            side = (x_m - xa) * (yb - ya) - (xb - xa) * (y_m - ya)
            if (side < 0) == (yb > ya):
                within = not within
        xa, ya = xb, yb
    return within
