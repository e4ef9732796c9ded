"""How figures run over the day, over the time a caller waits, and over the map: all replications pooled.

The measured days begin at midnight of the place, so an hour of the day is told from the time alone.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.sim.outcome import NEVER, Calls, Outcome
from engine.sim.readings import late, nearest_rank, of_priorities

HOURS = 24
HOUR_MS = 3_600_000
Counts = npt.NDArray[np.int64]


class Hours(Struct, frozen=True):
    """Calls by the hour of the day in which they came."""

    calls: tuple[int, ...]
    late: tuple[int, ...]


class CoverHours(Struct, frozen=True):
    """Coverage by hour of the day; None: no sample."""

    mean: tuple[float | None, ...]
    p10: tuple[float | None, ...]
    free: tuple[float | None, ...]


class Cells(Struct, frozen=True):
    """Squares of the map in which calls came, row by row from the south west."""

    cell_m: int
    column: Counts
    row: Counts
    """The square spans `column * cell_m` to `(column + 1) * cell_m` metres eastward, `row` likewise northward."""
    calls: Counts
    late: Counts


def late_by_hour(outcomes: Sequence[Outcome], priorities: Sequence[int]) -> Hours:
    """Return how many calls of these priorities came, and were reached late, in each hour of the day."""
    calls, lates = np.zeros(HOURS, np.int64), np.zeros(HOURS, np.int64)
    for outcome in outcomes:
        chosen = of_priorities(outcome.calls, priorities)
        hours = _hours(outcome.calls.came_ms)
        calls += np.bincount(hours[chosen], minlength=HOURS)
        lates += np.bincount(hours[chosen & late(outcome.calls)], minlength=HOURS)
    return Hours(tuple(calls.tolist()), tuple(lates.tolist()))


def cover_by_hour(outcomes: Sequence[Outcome]) -> CoverHours:
    """Return mean and 10th percentile of coverage, and the mean of free units, in each hour of the day."""
    hours = np.concatenate([_hours(outcome.cover.at_ms) for outcome in outcomes])
    cover = np.concatenate([outcome.cover.cover for outcome in outcomes])
    free = np.concatenate([outcome.cover.free for outcome in outcomes])
    mean: list[float | None] = [None] * HOURS
    p10, idle = mean.copy(), mean.copy()
    for hour in range(HOURS):
        own = hours == hour
        if own.any():
            mean[hour], idle[hour] = float(cover[own].mean()) / 1e6, float(free[own].mean())
            p10[hour] = nearest_rank(cover[own], 10) / 1e6
    return CoverHours(tuple(mean), tuple(p10), tuple(idle))


def reached_within(outcomes: Sequence[Outcome], priorities: Sequence[int], seconds: Sequence[int]) -> list[float]:
    """Return the share of calls of these priorities reached within each number of seconds; calls never reached count.

    `seconds` rises. Without a call the list is empty.
    """
    response_ms = [_response_ms(outcome.calls, of_priorities(outcome.calls, priorities)) for outcome in outcomes]
    calls = sum(number for _, number in response_ms)
    if not calls:
        return []
    ordered = np.sort(np.concatenate([times for times, _ in response_ms]))
    return [float(share) for share in np.searchsorted(ordered, np.array(seconds) * 1000, side="right") / calls]


def late_by_cell(outcomes: Sequence[Outcome], cell_m: int, priorities: Sequence[int]) -> Cells:
    """Return the squares in which calls of these priorities came, and how many of them were reached late."""
    keys: list[Counts] = []
    lates: list[Counts] = []
    for outcome in outcomes:
        calls, chosen = outcome.calls, of_priorities(outcome.calls, priorities)
        places = np.stack([calls.y_m[chosen] // cell_m, calls.x_m[chosen] // cell_m], axis=1)
        keys.append(places.astype(np.int64))
        lates.append(late(calls)[chosen].astype(np.int64))
    squares, which = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    number, which = len(squares), which.reshape(-1)
    return Cells(
        cell_m,
        squares[:, 1],
        squares[:, 0],
        np.bincount(which, minlength=number),
        np.bincount(which, np.concatenate(lates), minlength=number).astype(np.int64),
    )


def _response_ms(calls: Calls, chosen: npt.NDArray[np.bool_]) -> tuple[Counts, int]:
    """Return the responses of the calls that are chosen and were reached, and how many are chosen."""
    reached = chosen & (calls.reached_ms != NEVER)
    return calls.reached_ms[reached] - calls.came_ms[reached], int(np.count_nonzero(chosen))


def _hours(times_ms: Counts) -> Counts:
    return times_ms // HOUR_MS % HOURS
