"""Claims about pairs of calls: the differences of a slow twin, and what the interval is of."""

from math import sqrt

import numpy as np
import pytest
from msgspec.structs import replace

from engine.clocks.student import quantile
from engine.sim.by_call import by_call
from engine.sim.outcome import NEVER
from engine.sim.parts import OutcomesRefused
from tests.unit.simulation_kit import outcome


def replications(policy, pace, reps=3, noise_ms=40_000):
    """Return replications of the same calls, each met a little otherwise."""
    base = outcome(policy, days=2, per_day=60, pace=pace, never=0.03)
    found = []
    for rep in range(reps):
        chance = np.random.default_rng((rep, int(pace * 100)))
        reached = base.calls.reached_ms + chance.integers(0, noise_ms, len(base.calls.reached_ms))
        reached[chance.random(len(reached)) < 0.05] = NEVER
        reached[base.calls.reached_ms == NEVER] = NEVER
        found.append(replace(base, rep=rep, calls=replace(base.calls, reached_ms=reached)))
    return found


def slow(these, others, priorities):
    """Return the differences of each call: late share, and response where both reached it."""
    lates, responses = [], []
    for call in range(len(these[0].calls.came_ms)):
        if these[0].calls.priority[call] not in priorities:
            continue
        late, response = [], []
        for one, two in zip(these, others, strict=True):
            pair = [int(each.calls.reached_ms[call]) for each in (one, two)]
            due = int(one.calls.came_ms[call] + one.calls.target_ms[call])
            late.append((pair[0] == NEVER or pair[0] > due) - (pair[1] == NEVER or pair[1] > due))
            if NEVER not in pair:
                response.append((pair[0] - pair[1]) / 1000)
        lates.append(sum(late) / len(late))
        if response:
            responses.append(sum(response) / len(response))
    return lates, responses


def test_each_call_is_one_pair():
    """Mean and interval are those of the calls' own differences, in every group."""
    these, others = replications("fast", 0.8), replications("slow", 1.0)
    found = by_call(these, others)
    for group, priorities in (("high", (1, 2)), ("low", (3, 4, 5)), ("all", (1, 2, 3, 4, 5)), ("3", (3,))):
        for figure, apart in zip(("late_share", "mean_response_s"), slow(these, others, priorities), strict=True):
            told = found[group][figure]
            mean, number = sum(apart) / len(apart), len(apart)
            spread = sqrt(sum((each - mean) ** 2 for each in apart) / (number - 1))
            assert told.value == pytest.approx(mean)
            assert told.half_width == pytest.approx(quantile(number - 1) * spread / sqrt(number))


def test_one_replication_is_enough_and_a_group_without_a_call_has_no_figure():
    """The pairs are calls, not replications."""
    these, others = replications("fast", 0.8, reps=1), replications("slow", 1.0, reps=1)
    assert by_call(these, others)["all"]["late_share"].half_width is not None
    high = these[0].calls.priority <= 2
    both = [
        [replace(each, calls=replace(each.calls, priority=np.where(high, 4, 5).astype(np.int8))) for each in part]
        for part in (these, others)
    ]
    assert by_call(*both)["high"]["mean_response_s"].value is None


def test_other_calls_are_refused():
    """Pairs are of the same calls or of none."""
    these, others = replications("fast", 0.8), replications("slow", 1.0)
    moved = replace(others[0], calls=replace(others[0].calls, x_m=others[0].calls.x_m + 1))
    with pytest.raises(OutcomesRefused, match="calls differ"):
        by_call(these, [moved, *others[1:]])
