"""scipy's linear_sum_assignment (Crouse 2016) over the whole matrix: exact, and what is nearest at hand."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from loadtests.matchers import OPEN_COST, Ints, Matcher, Scene


class ScipyDense:
    """A matrix of places and units, and as many columns for being left open."""

    name = "scipy linear_sum_assignment, dense"

    def prepare(self, scene: Scene) -> None:
        """Know what fits: the matrix itself is part of the decision, as times are new each time."""
        self._scene = scene
        self._fits = np.stack([scene.fits(place) for place in range(len(scene.needs))])

    def choose(self) -> Ints:
        """Build the matrix and solve it."""
        scene = self._scene
        places, units = self._fits.shape
        cost = np.full((places, units + places), float(OPEN_COST))
        weighted = scene.times_ms[scene.incident] * scene.weight[:, None].astype(np.float64)
        cost[:, :units] = np.where(self._fits, weighted, 4.0 * OPEN_COST)
        rows, columns = linear_sum_assignment(cost)
        chosen = np.full(places, -1, np.int32)
        served = columns < units
        chosen[rows[served]] = columns[served]
        return chosen

    def close(self) -> None:
        """Nothing to give back."""


def make() -> Matcher:
    """Return it."""
    return ScipyDense()
