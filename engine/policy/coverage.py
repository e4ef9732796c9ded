"""What it costs to take a unit away: the cover of the demand round it (MEXCLP, Daskin 1983), as a price in ms.

Only a price, never a rule, and none for the most urgent: dispatching by coverage alone costs more in response than it
gains (Jagtenberg, Bhulai, van der Mei 2017). Each unit is priced as if it alone went. Two that go together cost at least
the sum of their prices, so what is reckoned is never too much.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.kernels.coverage import WHOLE, lost_cover
from engine.state.world import World

Rows = npt.NDArray[np.int32]


def prices_ms(world: World, free: Rows, rows: Rows, priority: int) -> npt.NDArray[np.int32]:
    """Return what taking each of `rows` away costs an incident of this priority, int32[m].

    `free`: all units that are free, distinct. The only cover of everything costs `matching.coverage_ms`; a unit that is
    not free covers nothing.
    """
    place, fleet = world.settled, world.fleet
    whole_ms = place.matching.coverage_ms[priority - 1]
    if whole_ms == 0 or not place.coverage.points:
        return np.zeros(len(rows), np.int32)
    rules, lost = place.coverage, np.empty(len(free), np.int32)
    lost_cover(*_columns(rules.points), fleet.x_m[free], fleet.y_m[free], rules.within_m, rules.busy_permille, lost)
    by_row = np.zeros(len(fleet), np.int64)
    by_row[free] = lost
    return (by_row[rows] * whole_ms // WHOLE).astype(np.int32)


@lru_cache(maxsize=2)
def _columns(points: tuple[tuple[int, int, int], ...]) -> tuple[Rows, Rows, Rows]:
    x_m, y_m, weight = np.array(points, np.int32).T.copy()
    return x_m, y_m, weight
