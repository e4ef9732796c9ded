"""Two policies on the same recorded calls, paired call by call: what their difference would be on other days like these.

Replications of recorded days tell how sure a difference is on *these* days, as they vary what is drawn and nothing
else. Whether it would hold on others depends on which calls came, and of those there is one sample: the calls
themselves. Each call's difference, the mean over replications, is one observation (paired comparison, Law 2015,
10.2.1). Calls that wait for the same unit are not quite independent, so with long queues the interval is too narrow.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.clocks.student import estimate_of, ratio_of
from engine.sim.outcome import NEVER, Calls, Outcome
from engine.sim.parts import GROUPS, Groups, in_order, named
from engine.sim.readings import late, of_priorities
from engine.sim.statistics import Difference, check_the_same

Floats = npt.NDArray[np.float64]
FIGURES = ("late_share", "mean_response_s")


def by_call(
    these: Sequence[Outcome], others: Sequence[Outcome], groups: Groups = GROUPS
) -> dict[str, dict[str, Difference]]:
    """Return these minus the others by group, for each of `FIGURES`. Replications must be of given calls: all of the same.

    A call that was reached in both in no replication has no response to compare, and is left out of the mean.
    Raises OutcomesRefused if the calls are not the same.
    """
    mine, theirs = in_order(these), in_order(others)
    check_the_same(mine, theirs)
    calls = mine[0].calls
    lates = tuple(np.mean([late(each.calls) for each in part], axis=0) for part in (mine, theirs))
    responses = _responses(mine, theirs)
    return {
        group: {
            figure: _difference(*(column[of_priorities(calls, own)] for column in pair))
            for figure, pair in zip(FIGURES, (lates, responses), strict=True)
        }
        for group, own in named(groups).items()
    }


def _responses(mine: Sequence[Outcome], theirs: Sequence[Outcome]) -> tuple[Floats, Floats]:
    """Return each call's mean response in both, over the replications in which both reached it, in seconds; NaN: none."""
    both = [
        (one.calls.reached_ms != NEVER) & (two.calls.reached_ms != NEVER) for one, two in zip(mine, theirs, strict=True)
    ]
    count = np.sum(both, axis=0)

    def mean_s(part: Sequence[Outcome]) -> Floats:
        total_ms = np.sum(
            [np.where(there, _waits_ms(each.calls), 0) for each, there in zip(part, both, strict=True)], axis=0
        )
        found: Floats = np.where(count > 0, total_ms / np.maximum(count, 1) / 1000, np.nan)
        return found

    return mean_s(mine), mean_s(theirs)


def _waits_ms(calls: Calls) -> npt.NDArray[np.int64]:
    return calls.reached_ms - calls.came_ms


def _difference(these: Floats, others: Floats) -> Difference:
    known = ~np.isnan(these)
    one, two = these[known].tolist(), others[known].tolist()
    apart = estimate_of([a - b for a, b in zip(one, two, strict=True)])
    if apart.value is None:
        return Difference(None, None, None, None)
    ratio = ratio_of(one, two)
    relative = None if ratio.value is None else ratio.value - 1
    return Difference(apart.value, apart.half_width, relative, None if relative is None else ratio.half_width)
