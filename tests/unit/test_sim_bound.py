"""What is said to be impossible is impossible, and what is said to be driven can be driven: against trying everything."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.sim.bound import late_bound
from engine.sim.hindsight import hindsight
from engine.sim.offline import AT_SCENE
from tests.unit.offline_kit import STANDS_READY, Town

SEEDS = range(120)


@pytest.mark.parametrize("transports", [1.0, 0.6, 0.0])
def test_no_schedule_beats_the_bound(transports: float) -> None:
    """By the rule of where units are sent from; and often the bound is all there is."""
    bounds, truths = [], []
    for seed in SEEDS:
        town = Town(seed, transports=transports, minutes=14)
        bounds.append(late_bound(town.problem).late_high)
        truths.append(town.fewest_late(town.by_rule))
        assert bounds[-1] <= truths[-1]
    assert sum(truths) > 100
    assert sum(bounds) > (sum(truths) // 3 if transports == 1.0 else 0), "a bound of nothing would be no bound"


def test_no_schedule_beats_the_bound_where_units_wait_at_the_door() -> None:
    """Then only their number counts, and it is counted: seven calls in six minutes are too many for two units."""
    found = 0
    for seed in SEEDS:
        town = Town(seed, calls=7, minutes=6)
        bound = late_bound(town.anywhere)
        assert bound.late_high <= town.fewest_late(town.foreseen)
        assert bound.unreachable == 0
        found += bound.crowded
    assert found > len(SEEDS)


def test_patience_only_rules_out_what_it_says() -> None:
    """With the longest wait of a schedule as patience the schedule still is no better than the bound."""
    sharper = 0
    for seed in SEEDS:
        town = Town(seed, calls=12, units=3, minutes=600)
        found = hindsight(town.problem, 20, seed)
        bound = late_bound(town.problem, found.longest_wait_ms)
        assert late_bound(town.problem).late_high <= bound.late_high <= found.late_high
        sharper += bound.late_high > late_bound(town.problem).late_high
    assert sharper


def test_a_schedule_can_be_driven() -> None:
    """Each unit's calls one after another, each arrival as the ways say; and never fewer late than is possible."""
    for seed in SEEDS:
        town = Town(seed, minutes=20)
        found = hindsight(town.problem, 30, seed)
        late = 0
        for unit in range(town.problem.units):
            before = STANDS_READY
            served = np.flatnonzero(found.unit == unit)
            for call in served[np.argsort(found.arrive_ms[served], kind="stable")].tolist():
                there = town.driven(before, call)
                assert there == found.arrive_ms[call]
                late += there > town.problem.due_ms[call] and bool(town.problem.high[call])
                before = (call, there + int(town.problem.work_ms[call]))
        assert set(found.unit.tolist()) <= {0, 1}
        assert late == found.late_high >= town.fewest_late(town.by_rule)


def test_search_finds_what_trying_everything_finds() -> None:
    """Where scenes are no places to leave from, in nine small lists of ten, although it serves everybody."""
    best = 0
    for seed in SEEDS:
        town = Town(seed, transports=1.0, minutes=20)
        best += hindsight(town.problem, 60, seed).late_high == town.fewest_late(town.driven)
    assert best >= 0.9 * len(SEEDS)


def test_the_same_seed_finds_the_same() -> None:
    """And more rounds never find worse."""
    town = Town(3, calls=60, units=3, minutes=180)
    first, again = (hindsight(town.problem, 50, 7) for _ in range(2))
    assert first.arrive_ms.tolist() == again.arrive_ms.tolist()
    assert first.late_high <= hindsight(town.problem, 0, 7).late_high


def test_too_many_at_once_and_too_far_away() -> None:
    """Three calls at one door at one moment for two units: one is late. A call that nobody reaches is late as well."""
    town = Town(0, calls=4)
    same = np.zeros(4, np.int64)
    near, far = np.full((2, 4), 60_000, np.int32), np.array([[9, 9, 9, 999]] * 2, np.int32) * 60_000
    at_once = replace(
        town.problem,
        came_ms=same,
        known_ms=same,
        work_ms=same + 1_000_000,
        high=np.ones(4, np.bool_),
        end=np.zeros(4, np.int32),
        post_ms=near,
        hospital_ms=near[:1],
    )
    bound = late_bound(at_once)
    assert (bound.late_high, bound.unreachable, bound.crowded, bound.share) == (2, 0, 2, 0.5)
    apart = replace(at_once, came_ms=same + np.arange(4) * 10_000_000, known_ms=same + np.arange(4) * 10_000_000)
    assert late_bound(apart).late_high == 0
    bound = late_bound(replace(apart, post_ms=far, hospital_ms=far[:1]))
    assert (bound.unreachable, bound.crowded) == (4, 0)


def test_nothing_to_count() -> None:
    """No call, and none of high priority: nobody is late."""
    empty = Town(0, calls=0).problem
    assert late_bound(empty).share == hindsight(empty, 5, 0).share == 0.0
    low = replace(Town(0).problem, high=np.zeros(6, np.bool_))
    assert (late_bound(low).late_high, hindsight(low, 5, 0).late_high) == (0, 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"units": 0}, "at least one"),
        ({"work_ms": np.zeros(3, np.int64)}, "`work_ms` has the shape"),
        ({"post_ms": np.zeros((2, 5), np.int32)}, "a column for each of 6 calls"),
        ({"home_ms": np.zeros((1, 6), np.int32)}, "1 rows for 2 posts"),
        ({"end": np.full(6, 4, np.int32)}, "none of 1"),
        ({"work_ms": np.full(6, -5, np.int64)}, "below zero"),
        ({"known_ms": np.full(6, -1, np.int64)}, "before it came in"),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(change: dict[str, object], says: str) -> None:
    """Before anything is worked out, in words."""
    with pytest.raises(ValueError, match=says):
        late_bound(replace(Town(0).problem, **change))


def test_where_nobody_is_brought_anywhere() -> None:
    """The kit makes lists with and without transport, as it is asked."""
    assert set(Town(1, transports=0.0).problem.end.tolist()) == {AT_SCENE}
