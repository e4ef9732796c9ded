"""What is learned about turnouts: from the place's word to the crews' own, and late presses do not count as turnout."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learning.turnouts import KIND_COUNT_MIN, TurnoutLearner
from engine.model.paper import decode_as, encode
from engine.model.priors import TURNOUT_PROFILE
from tests.unit.engine_place import engine_place
from tests.unit.learning_kit import DAY_MS, MONDAY_MS

PLACE = engine_place()
SAID_MS = 60_000


def told(learner: TurnoutLearner, station: str, kind: str, block: int, now: int = MONDAY_MS) -> int:
    rows = {(row.station, row.unit_kind, row.block): row.turnout_ms for row in learner.learned(PLACE, now)}
    return rows[station, kind, block]


def learn(learner: TurnoutLearner, turnouts_ms: list[int], station: str = "Central", block: int = 3) -> None:
    for turnout_ms in turnouts_ms:
        learner.learn(station, "engine", block, SAID_MS, turnout_ms, MONDAY_MS)


def test_without_evidence_nothing_is_told() -> None:
    """The place's own word stands until a kind of crew has shown twenty turnouts."""
    learner = TurnoutLearner()
    learn(learner, [40_000] * (int(KIND_COUNT_MIN) - 1))
    assert learner.learned(PLACE, MONDAY_MS) == ()
    learn(learner, [40_000])
    kinds = {row.unit_kind for row in learner.learned(PLACE, MONDAY_MS)}
    assert kinds == {"engine"}


@pytest.mark.parametrize("true_ms", [25_000, 60_000, 150_000])
def test_it_finds_the_truth(true_ms: int) -> None:
    """Three hundred turnouts with a spread of 40 percent: the median is within 6 percent, in those hours."""
    chance = np.random.default_rng(11)
    learner = TurnoutLearner()
    learn(learner, np.clip(true_ms * np.exp(0.4 * chance.standard_normal(300)), 5_000, 600_000).astype(int).tolist())
    assert told(learner, "Central", "engine", 3) == pytest.approx(true_ms, rel=0.06)
    late = {(row.station, row.block): row.late_ms for row in learner.ranges(PLACE, MONDAY_MS) if row.block == 3}
    assert late["Central", 3] == pytest.approx(true_ms * math.exp(0.4 * 1.2816), rel=0.15)


def test_other_stations_and_hours_learn_from_their_kind() -> None:
    """A station that never went out is drawn to its kind; nights stay slower by the shipped part of the day."""
    learner = TurnoutLearner()
    learn(learner, [90_000] * 200)
    other = told(learner, "East", "engine", 3)
    assert 1.2 * SAID_MS * TURNOUT_PROFILE[3] / 1000 < other <= 100_000
    assert told(learner, "East", "engine", 1) > 1.3 * other


@given(st.lists(st.integers(300_000, 600_000), max_size=20))
def test_late_presses_hardly_move_the_median(late_ms: list[int]) -> None:
    """A tenth of the crews press on arrival: the usual turnout is told within 12 percent of itself."""
    usual = [50_000 + 100 * each for each in range(200)]
    without, with_them = TurnoutLearner(), TurnoutLearner()
    learn(without, usual)
    learn(with_them, [*usual, *late_ms])
    assert told(with_them, "Central", "engine", 3) == pytest.approx(told(without, "Central", "engine", 3), rel=0.12)


def test_presses_that_mean_nothing_are_left_out_and_counted() -> None:
    """At once, forgotten, or of a unit that has no turnout."""
    learner = TurnoutLearner()
    learn(learner, [0, -5_000, 4_999, 600_001, 5_000, 600_000])
    learner.learn("Central", "engine", 0, 0, 60_000, MONDAY_MS)
    assert learner.book.counts == {"pressed_at_once": 3, "forgotten": 1, "learned": 2, "no_turnout_expected": 1}


@given(st.permutations([20_000 + 3_000 * each for each in range(30)]))
def test_order_within_a_day_makes_no_difference(turnouts_ms: list[int]) -> None:
    """To the bit."""
    first, second = TurnoutLearner(), TurnoutLearner()
    learn(first, sorted(turnouts_ms))
    learn(second, turnouts_ms)
    assert encode(first.book) == encode(second.book)


def test_it_forgets() -> None:
    """After two years the crews have to show again, and nothing is told."""
    learner = TurnoutLearner()
    learn(learner, [120_000] * 100)
    again = TurnoutLearner(decode_as(type(learner.book), encode(learner.book)))
    assert again.learned(PLACE, MONDAY_MS) == learner.learned(PLACE, MONDAY_MS)
    assert learner.learned(PLACE, MONDAY_MS + 730 * DAY_MS) == ()
