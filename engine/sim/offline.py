"""A list of calls that is known beforehand, with what serving each of them takes: what bounds are worked out for.

Rule: arrays in, figures out. Nothing here was decided by a policy, so whatever is proven holds for every policy.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Wide = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
AT_SCENE = -1
NO_WAY = -1
FAR_MS = 1 << 40
"""In working arrays, where there is no way."""


class OfflineProblem(Struct, frozen=True):
    """n calls, each served by one of `units` units alike; P posts, H hospitals. Times in ms, NO_WAY where there is none.

    A unit arrives at the call, is at work for `work_ms`, and then is free: at the hospital `end`, or still at the scene.
    The times have to be shortest times over the same streets all along: bounds use that no detour is shorter.
    """

    units: int
    came_ms: Wide
    """The call came in: its target counts from here."""
    known_ms: Wide
    """Units can be sent from now on: reported, and whatever delay the dispatch itself has."""
    target_ms: Ints
    """Call to arrival."""
    high: Flags
    """Is it one of those whose lateness is counted?"""
    work_ms: Wide
    """Arrival at the scene until the unit is free again."""
    end: Ints
    """Row of the hospital where the unit comes free, AT_SCENE for a call without transport."""
    post_ms: Ints
    """(P, n) from each post to the call, turnout included, in the mode in which such a call is driven to."""
    hospital_ms: Ints
    """(H, n) from each hospital to the call."""
    home_ms: Ints
    """(P, n) from where the unit comes free to each post, in the mode of idle units. Only hindsight drives there."""
    road_ms: Ints | None = None
    """(n,) the least time to the call from wherever else a free unit may be that is sent there: 0 for anywhere at all.
    None: a unit is sent from a post, or from where it has just come free, but not from the road in between."""

    @property
    def due_ms(self) -> Wide:
        """Who arrives later is late."""
        due: Wide = self.came_ms + self.target_ms
        return due

    @property
    def near_ms(self) -> Wide:
        """The least time from a post or from the road, int64[n]."""
        near: Wide = far(self.post_ms).min(axis=0, initial=FAR_MS)
        return near if self.road_ms is None else np.minimum(near, far(self.road_ms))


def far(times_ms: Ints) -> Wide:
    """Return the times as wide numbers, with NO_WAY as a very long way."""
    wide = times_ms.astype(np.int64)
    wide[wide < 0] = FAR_MS
    return wide


def check(problem: OfflineProblem) -> None:
    """Raise ValueError naming what is wrong with the problem."""
    for complaint in _complaints(problem):
        raise ValueError(complaint)


def _complaints(problem: OfflineProblem) -> Iterator[str]:
    count = len(problem.came_ms)
    if problem.units < 1:
        yield f"{problem.units} units serve nobody: there must be at least one."
    for name in ("known_ms", "target_ms", "high", "work_ms", "end", "road_ms"):
        column = getattr(problem, name)
        if column is not None and column.shape != (count,):
            yield f"`{name}` has the shape {column.shape}, not ({count},)."
    for name in ("post_ms", "hospital_ms", "home_ms"):
        if getattr(problem, name).shape[1:] != (count,):
            yield f"`{name}` has the shape {getattr(problem, name).shape}: a column for each of {count} calls is wanted."
    if len(problem.home_ms) != len(problem.post_ms):
        yield f"`home_ms` has {len(problem.home_ms)} rows for {len(problem.post_ms)} posts."
    if count and not (problem.end.min() >= -1 and problem.end.max() < len(problem.hospital_ms)):
        yield f"`end` names a hospital that is none of {len(problem.hospital_ms)}."
    if count and (problem.work_ms.min() < 0 or problem.target_ms.min() < 0):
        yield "`work_ms` and `target_ms` must not be below zero."
    if np.any(problem.known_ms < problem.came_ms):
        yield "A call cannot be known before it came in."
