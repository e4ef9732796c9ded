"""Judging candidates against slow, obvious twins."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import eligible
from engine.kernels.eligible import LONGEST_MS, NONE_MS, REASONS, cheapest, judge, tally

UNIT = st.fixed_dictionaries(
    {
        "capability": st.one_of(st.integers(0, 7), st.just(2**64 - 1), st.just(2**63)),
        "standing": st.sampled_from([0, 0, 0, 1, 2, 3]),
        "shift": st.integers(-1, 1),
        "travel_ms": st.one_of(st.integers(-1, 50), st.just(LONGEST_MS)),
        "turnout_ms": st.one_of(st.integers(0, 50), st.just(2**31 - 1)),
    }
)
ALTERNATIVE = st.tuples(st.one_of(st.integers(0, 7), st.just(2**63)), st.one_of(st.integers(0, 9), st.just(2**31 - 1)))
DTYPES = {
    "capability": np.uint64,
    "standing": np.uint8,
    "shift": np.int16,
    "travel_ms": np.int32,
    "turnout_ms": np.int32,
}


def twin(unit: dict[str, int], alternatives: list[tuple[int, int]], on: list[int]) -> tuple[int, int, int]:
    """(eta, cost, reason) of one unit, asked in the order of a dispatcher."""
    penalties = [penalty for need, penalty in alternatives if unit["capability"] & need == need]
    on_shift = unit["shift"] == -1 or on[unit["shift"]] == 1
    verdicts = [
        (not penalties, eligible.CAPABILITY),
        (unit["standing"] == 3, eligible.CREW_BUSY),
        (unit["standing"] in (1, 2), eligible.STATUS),
        (not on_shift, eligible.SHIFT),
        (unit["travel_ms"] == -1, eligible.UNREACHABLE),
    ]
    for fails, reason in verdicts:
        if fails:
            return NONE_MS, NONE_MS, reason
    eta = unit["travel_ms"] + unit["turnout_ms"]
    return min(eta, LONGEST_MS), min(eta + min(penalties), LONGEST_MS), eligible.ELIGIBLE


@given(
    st.lists(UNIT, min_size=1, max_size=12),
    st.lists(ALTERNATIVE, max_size=3),
    st.lists(st.integers(0, 1), min_size=2, max_size=2),
    st.randoms(use_true_random=False),
)
def test_judge_agrees_with_its_slow_twin(
    units: list[dict[str, int]],
    alternatives: list[tuple[int, int]],
    on: list[int],
    chance: random.Random,
) -> None:
    """ETA, cost and reason are those of one unit judged by itself, in any order of rows and with rows left out."""
    chosen = chance.sample(range(len(units)), chance.randint(0, len(units)))
    columns = {name: np.array([unit[name] for unit in units], dtype) for name, dtype in DTYPES.items()}
    eta, cost = np.full((2, len(chosen)), 77, np.int32)
    reason = np.full(len(chosen), 77, np.uint8)
    judge(
        np.array(chosen, np.int32),
        columns["capability"],
        columns["standing"],
        columns["shift"],
        np.array(on, np.uint8),
        np.array([need for need, _ in alternatives], np.uint64),
        np.array([penalty for _, penalty in alternatives], np.int32),
        columns["travel_ms"][chosen],
        columns["turnout_ms"],
        eta,
        cost,
        reason,
    )
    expected = [twin(units[row], alternatives, on) for row in chosen]
    assert list(zip(eta.tolist(), cost.tolist(), reason.tolist(), strict=True)) == expected


def test_the_first_reason_in_order_is_told() -> None:
    """A unit wrong in every respect is told by capability; each repair uncovers the next reason."""
    unit = {
        "capability": 0,
        "standing": 1,
        "shift": 0,
        "travel_ms": -1,
        "turnout_ms": 0,
    }
    repairs = [{}, {"capability": 1}, {"standing": 0}, {"shift": -1}]
    reasons = []
    for repair in [*repairs, {"travel_ms": 5}]:
        unit = unit | repair
        reasons.append(twin(unit, [(1, 0)], [0, 0])[2])
    assert reasons == [
        eligible.CAPABILITY,
        eligible.STATUS,
        eligible.SHIFT,
        eligible.UNREACHABLE,
        eligible.ELIGIBLE,
    ]


@given(st.lists(st.integers(0, REASONS - 1), max_size=30))
def test_tally_counts_every_reason(reasons: list[int]) -> None:
    """One count for each reason, nothing else."""
    expected = [reasons.count(reason) for reason in range(REASONS)]
    assert tally(np.array(reasons, np.uint8)).tolist() == expected


@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40),
    st.integers(-1, 45),
    st.randoms(use_true_random=False),
)
def test_cheapest_is_the_head_of_a_full_sort(candidates: list[tuple[int, bool]], k: int, chance: random.Random) -> None:
    """The k least by (cost, row) among the eligible, in that order, whatever the order of the rows."""
    rows = chance.sample(range(100), len(candidates))
    costs = [cost for cost, _ in candidates]
    reasons = [0 if good else 1 for _, good in candidates]
    order = sorted((costs[i], rows[i], i) for i in range(len(rows)) if reasons[i] == 0)
    found = cheapest(np.array(rows, np.int32), np.array(costs, np.int32), np.array(reasons, np.uint8), k)
    assert found.tolist() == [i for _, _, i in order[: max(0, k)]]
