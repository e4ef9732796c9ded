"""Figures of one sample, by priority group and of the whole. A figure of nothing is NaN.

Response is call to arrival, late is later than the target or never. Means and percentiles of responses are of calls
that were reached; percentiles by nearest rank: a time that really occurred.
"""

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np
import numpy.typing as npt

from engine.sim.outcome import NEVER, Calls, CoverSamples, Units
from engine.sim.parts import Part

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

OF_CALLS = (
    "late_share",
    "mean_response_s",
    "median_response_s",
    "p90_response_s",
    "waited_share",
    "mean_wait_s",
)
"""Of each group. Waited: nobody could be sent at once; the wait is of those, from when the engine knew to dispatch."""
OF_RUN = (
    "moves_per_call",
    "moved_km_per_call",
    "refused_share",
    "declined_share",
    "utilisation",
    "gini",
    "max_to_median",
    "cover_mean",
    "cover_p10",
    "free_mean",
)
"""Moves are idle moves; refused of those asked for; declined: dispatches to which a crew said no, of these and the jobs that
were done. Utilisation is busy over on duty, of all units together; gini and max to median (of the units' busy shares) tell
how unevenly; cover: share of demand with a free unit within reach."""


def late(calls: Calls) -> Bools:
    """Return which calls were reached later than their target, or never."""
    never: Bools = calls.reached_ms == NEVER
    return never | (calls.reached_ms - calls.came_ms > calls.target_ms)


def of_priorities(calls: Calls, priorities: Sequence[int]) -> Bools:
    """Return which calls are of these priorities."""
    return np.isin(calls.priority, np.array(priorities, np.int8))


def read(part: Part, groups: Mapping[str, Sequence[int]]) -> dict[str, dict[str, float]]:
    """Return every figure of the sample, by group; those of the whole stand under the empty name."""
    figures = {name: of_calls(part.calls, of_priorities(part.calls, own)) for name, own in groups.items()}
    units = dict.fromkeys(OF_RUN, nan) if part.units is None else of_units(part.units, len(part.calls.came_ms))
    return figures | {"": units | of_cover(part.cover)}


def of_calls(calls: Calls, chosen: Bools) -> dict[str, float]:
    """Return the figures of the calls that are chosen."""
    number = int(np.count_nonzero(chosen))
    if not number:
        return dict.fromkeys(OF_CALLS, nan)
    reached = chosen & (calls.reached_ms != NEVER)
    response_ms = calls.reached_ms[reached] - calls.came_ms[reached]
    waited = chosen & (calls.waited != 0)
    sent = waited & (calls.sent_ms != NEVER)
    return {
        "late_share": np.count_nonzero(late(calls) & chosen) / number,
        "mean_response_s": _mean(response_ms) / 1000,
        "median_response_s": nearest_rank(response_ms, 50) / 1000,
        "p90_response_s": nearest_rank(response_ms, 90) / 1000,
        "waited_share": np.count_nonzero(waited) / number,
        "mean_wait_s": _mean(calls.sent_ms[sent] - calls.known_ms[sent]) / 1000,
    }


def of_units(units: Units, calls: int) -> dict[str, float]:
    """Return the figures of a fleet that served so many calls."""
    busy = busy_shares(units)
    idle_moves, refused = int(units.idle_moves.sum()), int(units.refused_moves.sum())
    declined = int(units.declined.sum())
    middle = float(np.median(busy)) if len(busy) else 0.0
    return {
        "moves_per_call": _over(idle_moves, calls),
        "moved_km_per_call": _over(int(units.moved_m.sum()) / 1000, calls),
        "refused_share": _over(refused, idle_moves + refused),
        "declined_share": _over(declined, int(units.jobs.sum()) + declined),
        "utilisation": _over(int(units.busy_ms.sum()), int(units.on_duty_ms.sum())),
        "gini": gini(busy),
        "max_to_median": float(busy.max()) / middle if middle else nan,
    }


def of_cover(cover: CoverSamples) -> dict[str, float]:
    """Return the figures of samples of coverage."""
    return {
        "cover_mean": _mean(cover.cover) / 1e6,
        "cover_p10": nearest_rank(cover.cover, 10) / 1e6,
        "free_mean": _mean(cover.free),
    }


def busy_shares(units: Units) -> Floats:
    """Return the busy share of each unit that was on duty at all."""
    on = units.on_duty_ms > 0
    return units.busy_ms[on] / units.on_duty_ms[on]


def gini(values: Floats) -> float:
    """Return Gini's coefficient: 0 where all bear the same, towards 1 where one bears all. NaN of nothing."""
    number, total = len(values), float(values.sum())
    if not total:
        return nan
    ranks = np.arange(1, number + 1)
    return float((2 * ranks - number - 1) @ np.sort(values)) / (number * total)


def nearest_rank(values: npt.NDArray[np.integer], percent: int) -> float:
    """Return the least value that at least so many percent do not exceed; NaN of nothing."""
    if not len(values):
        return nan
    rank = max(1, (len(values) * percent + 99) // 100) - 1
    return float(np.partition(values, rank)[rank])


def _mean(values: npt.NDArray[np.integer]) -> float:
    return float(values.mean()) if len(values) else nan


def _over(upper: float, lower: float) -> float:
    return upper / lower if lower else nan
