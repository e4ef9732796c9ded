"""The ground a city stands on: its outline, a river, parks, and where people live and go out at night.

Everything is a function of place: x and y are arrays of metres east and north of the centre, of any shape.
"""

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.geometry import Projection
from gateways.places.city.chance import dice

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PROJECTION = Projection(46.0, -29.0)
"""Mid-Atlantic, on purpose: nobody can take the city for a real one."""
TIMEZONE = "Atlantic/Azores"

DEMO_RADIUS_M, DEMO_PEOPLE = 8_500, 400_000
RIVER_WIDTH_M = 150
PARKS, SUBURBS, NIGHT_SPOTS = 7, 9, 4
NIGHT_SHARE = 0.12
"""Part of all calls that comes from where people go out."""


class Land(Struct, frozen=True):
    """Lengths in metres; angles in radians."""

    radius_m: float
    spacing_m: float
    """Typical width of a block."""
    bulges: Floats
    """(4, 2) amplitude and phase of the outline's waves."""
    river: Floats
    """(3, 3) amplitude, wave length and phase of the meanders; the first row is the shift from the centre."""
    parks: Floats
    """(k, 4) x, y, half length, half width."""
    suburbs: Floats
    """(k, 4) x, y, reach, weight against the centre."""
    night_spots: Floats
    """(k, 3) x, y, reach."""

    def outline(self, angle: Floats) -> Floats:
        """Return the city limit in that direction, as a multiple of the radius."""
        limit = np.ones_like(angle)
        for wave, (amplitude, phase) in enumerate(self.bulges, start=2):
            limit += amplitude * np.cos(wave * angle + phase)
        return limit

    def north_of_river(self, x: Floats, y: Floats) -> Floats:
        """Return metres north of the middle of the river; negative on the south bank."""
        middle = np.zeros_like(x)
        for amplitude, length, phase in self.river:
            middle += amplitude * np.sin(2 * math.pi * x / length + phase)
        return y - middle

    def wet(self, x: Floats, y: Floats) -> Flags:
        """Tell what lies in the river. It is never narrower than a block, or no street would end at it."""
        width = max(RIVER_WIDTH_M, 0.6 * self.spacing_m)
        return np.abs(self.north_of_river(x, y)) < width / 2

    def green(self, x: Floats, y: Floats) -> Flags:
        """Tell what lies in a park."""
        inside = np.zeros(x.shape, dtype=np.bool_)
        for px, py, half_length, half_width in self.parks:
            inside |= ((x - px) / half_length) ** 2 + ((y - py) / half_width) ** 2 < 1
        return inside

    def crowd(self, x: Floats, y: Floats) -> Floats:
        """Return how densely people live there; only ratios matter."""
        density = 0.10 + np.exp(-np.hypot(x, y) / (0.28 * self.radius_m))
        for sx, sy, reach, weight in self.suburbs:
            density += weight * np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (2 * reach**2))
        return density

    def night_life(self, x: Floats, y: Floats) -> Floats:
        """Return how much is going on at night; only ratios matter."""
        density = np.zeros_like(x)
        for nx, ny, reach in self.night_spots:
            density += np.exp(-((x - nx) ** 2 + (y - ny) ** 2) / (2 * reach**2))
        return density


def make_land(seed: int, people: int, spacing_m: float) -> Land:
    """Draw the ground of a city. Bigger cities are wider and denser."""
    rng = dice(seed, "land")
    radius = city_radius(people)
    bulges = np.column_stack([rng.uniform(0.02, 0.06, 4), rng.uniform(0, 2 * math.pi, 4)])
    shift = rng.uniform(0.05, 0.25) * radius * (1 if rng.random() < 0.5 else -1)
    river = np.array(
        [
            # A wave so long that it is a straight line through the city: the shift.
            [shift, 1e12, math.pi / 2],
            [0.12 * radius, 2.2 * radius, rng.uniform(0, 2 * math.pi)],
            [0.04 * radius, 0.8 * radius, rng.uniform(0, 2 * math.pi)],
        ]
    )
    return Land(
        radius_m=radius,
        spacing_m=spacing_m,
        bulges=bulges,
        river=river,
        parks=np.column_stack(
            [*_spread(rng, PARKS, 0.15, 0.8, radius), *rng.uniform(0.035, 0.075, (2, PARKS)) * radius]
        ),
        suburbs=np.column_stack(
            [
                *_spread(rng, SUBURBS, 0.4, 0.85, radius),
                rng.uniform(0.06, 0.12, SUBURBS) * radius,
                rng.uniform(0.2, 0.5, SUBURBS),
            ]
        ),
        night_spots=np.column_stack(
            [*_spread(rng, NIGHT_SPOTS, 0.03, 0.25, radius), np.full(NIGHT_SPOTS, 0.035 * radius)]
        ),
    )


def city_radius(people: int) -> float:
    """Return the mean radius in metres: area grows a little slower than the number of people."""
    return float(round(DEMO_RADIUS_M * (people / DEMO_PEOPLE) ** 0.4))


def _spread(rng: np.random.Generator, count: int, low: float, high: float, radius: float) -> tuple[Floats, Floats]:
    """Return points all round the centre, between two parts of the radius."""
    angle = (np.arange(count) + rng.uniform(0.1, 0.9, count)) * 2 * math.pi / count
    distance = rng.uniform(low, high, count) * radius
    return distance * np.cos(angle), distance * np.sin(angle)
