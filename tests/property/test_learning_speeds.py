"""What is learned about speeds: it finds the truth, forgets it again, and nobody alone moves it far."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learning.evidence import Evidence, keep_per_day
from engine.learning.hours import BLOCK_OF_HOUR, BLOCKS_OF_WEEK
from engine.learning.speeds import ARC_UNITS_MIN, BOUND, CLASS_WEIGHT_MAX, PRIOR_COUNT, SpeedLearner
from engine.model.paper import decode_as, encode
from tests.unit.learning_kit import DAY_MS, HOUR_MS, MONDAY_MS, drive, expected

EIGHT = 8 * HOUR_MS
MONDAY_EIGHT = BLOCK_OF_HOUR[8]
took = st.integers(1_000, 200_000)


def mean_of(learner: SpeedLearner, name: str = "street") -> float:
    return learner.book.classes[name].whole.mean(0.0, PRIOR_COUNT)


def all_day(learner: SpeedLearner, row: int, took_ms: int, day: int = 0, times: int = 40) -> None:
    """Let a unit drive `times` times in one window."""
    for each in range(times):
        at_ms = MONDAY_MS + day * DAY_MS + EIGHT + each * 30_000
        learner.learn(drive(row, at_ms, took_ms), expected(), MONDAY_EIGHT)


@given(st.lists(took, min_size=1, max_size=60))
def test_one_unit_in_one_window_moves_a_city_by_little(times_ms: list[int]) -> None:
    """Whatever a mad tracker says in three hours, alone: 17 percent for its class, 33 for those hours."""
    learner = SpeedLearner()
    for each, took_ms in enumerate(times_ms):
        at_ms = MONDAY_MS + EIGHT + each * 30_000
        learner.learn(drive(0, at_ms, took_ms), expected(), MONDAY_EIGHT)
    ((_, week),) = learner.learned(MONDAY_MS + DAY_MS).classes
    weight = CLASS_WEIGHT_MAX / 1000
    alone = BOUND / 1000 * weight / (weight + PRIOR_COUNT)
    assert abs(mean_of(learner)) <= 1000 * alone + 1e-9
    assert math.exp(-alone) * 100 - 1 <= week[40] <= math.exp(alone) * 100 + 1
    assert 75 <= week[8] <= 133


@given(st.lists(st.integers(7_000, 14_000), min_size=1, max_size=12), took)
def test_one_mad_unit_among_honest_ones_moves_their_class_by_its_share(honest_ms: list[int], mad_ms: int) -> None:
    """Its weight is at most one of so many, and one drive counts at most 1:2.5."""
    without, with_it = SpeedLearner(), SpeedLearner()
    for row, took_ms in enumerate(honest_ms):
        all_day(without, row, took_ms)
        all_day(with_it, row, took_ms)
    all_day(with_it, 99, mad_ms)
    weight = CLASS_WEIGHT_MAX / 1000
    bound = 2 * BOUND * weight / (weight * (len(honest_ms) + 1) + PRIOR_COUNT)
    assert abs(mean_of(with_it) - mean_of(without)) <= bound


@pytest.mark.parametrize("ratio", [0.6, 0.8, 1.0, 1.3, 1.6])
def test_it_finds_the_truth(ratio: float) -> None:
    """Twelve units, five days, noise of 30 percent: the hours driven in are within 4 percent of the truth."""
    chance = np.random.default_rng(5)
    learner = SpeedLearner()
    for day in range(5):
        for row in range(12):
            for each in range(4):
                took_ms = round(10_000 * ratio * math.exp(0.3 * chance.standard_normal()))
                at_ms = MONDAY_MS + day * DAY_MS + EIGHT + each * 40_000
                learner.learn(drive(row, at_ms, took_ms), expected(), MONDAY_EIGHT)
    learned = learner.learned(MONDAY_MS + 5 * DAY_MS)
    ((_, week),) = learned.classes
    assert len(week) == 168
    assert week[8] == pytest.approx(100 * ratio, rel=0.04)
    assert week[8] == week[6] == week[4 * 24 + 7]
    assert learned.spread_percent == pytest.approx(30, abs=4)


def test_beyond_the_bounds_nothing_is_told() -> None:
    """Half to double, whatever all of them say."""
    for took_ms, bound in ((1_000, 50), (90_000, 200)):
        learner = SpeedLearner()
        for day in range(30):
            for row in range(40):
                all_day(learner, row, took_ms, day, times=5)
        ((_, week),) = learner.learned(MONDAY_MS + 30 * DAY_MS).classes
        assert week[8] == bound


@given(st.permutations(list(range(24))))
def test_order_within_a_day_makes_no_difference(order: list[int]) -> None:
    """As long as nobody has used up its weight: the same parameters to the last percent, the same sums to the bit."""
    learners = SpeedLearner(), SpeedLearner()
    for learner, places in zip(learners, (sorted(order), order), strict=True):
        for place in places:
            at_ms = MONDAY_MS + EIGHT + place * 60_000
            parts = expected((place % 5, "street", 4_000), (50 + place % 3, "avenue", 6_000))
            learner.learn(drive(place % 8, at_ms, 7_000 + 400 * place), parts, place % BLOCKS_OF_WEEK)
    first, second = (learner.learned(MONDAY_MS + DAY_MS) for learner in learners)
    assert encode(first) == encode(second)
    assert learners[0].book.classes == learners[1].book.classes


def test_what_is_learned_is_forgotten_by_half_in_four_weeks() -> None:
    """And in a year nearly all of it: the streets of last winter are not today's."""
    learner = SpeedLearner()
    for row in range(20):
        all_day(learner, row, 16_000)
    fresh = learner.book.classes["street"].whole.count
    learner.learned(MONDAY_MS + 28 * DAY_MS)
    assert learner.book.classes["street"].whole.count == pytest.approx(fresh / 2, rel=0.01)
    ((_, week),) = learner.learned(MONDAY_MS + 365 * DAY_MS).classes
    assert set(week) == {100}


def test_an_arc_stands_for_itself_once_three_units_have_shown_it() -> None:
    """Fewer units leave it to its class. What is told of it is told in percent of its class."""
    for units, told in ((ARC_UNITS_MIN - 1, False), (ARC_UNITS_MIN, True), (6, True)):
        learner = SpeedLearner()
        for day in range(14):
            for row in range(units):
                for each in range(4):
                    at_ms = MONDAY_MS + day * DAY_MS + EIGHT + each * 60_000
                    learner.learn(drive(row, at_ms, 17_000), expected((5, "street", 10_000)), MONDAY_EIGHT)
            for row in range(40):
                learner.learn(drive(100 + row, at_ms, 10_000), expected((6, "street", 10_000)), MONDAY_EIGHT)
        arcs = dict(learner.learned(MONDAY_MS + 14 * DAY_MS).arcs)
        assert (5 in arcs) is told
        assert not told or 130 < arcs[5] <= 170


def test_an_arc_like_its_class_is_not_told() -> None:
    """However well it is known: it would fill the journal for nothing."""
    learner = SpeedLearner()
    for row in range(30):
        all_day(learner, row, 13_000)
    learned = learner.learned(MONDAY_MS + DAY_MS)
    assert learner.book.arcs[7].evidence.count > 100
    assert learned.arcs == ()
    assert learned.observations == 120


def test_a_drive_counts_for_its_classes_by_their_part() -> None:
    """Three quarters of the time on one class, one quarter on another."""
    learner = SpeedLearner()
    assert learner.learn(drive(), expected((1, "street", 7_500), (2, "avenue", 2_500)), 0)
    assert {name: book.whole.weight for name, book in learner.book.classes.items()} == {"street": 750, "avenue": 250}


def test_a_drive_that_nobody_can_predict_teaches_nothing() -> None:
    """It is counted."""
    learner = SpeedLearner()
    assert not learner.learn(drive(), None, 0)
    assert not learner.learn(drive(), expected((1, "street", 0)), 0)
    assert learner.book.counts == {"off_road": 2}
    assert learner.learned(MONDAY_MS).classes == ()


def test_the_book_survives_paper() -> None:
    """What is saved and loaded learns on as if nothing had been."""
    learner = SpeedLearner()
    for row in range(5):
        all_day(learner, row, 15_000)
    again = SpeedLearner(decode_as(type(learner.book), encode(learner.book)))
    all_day(learner, 2, 9_000, day=3)
    all_day(again, 2, 9_000, day=3)
    assert encode(again.book) == encode(learner.book)


@given(st.lists(st.tuples(st.integers(-900, 900), st.integers(1, 1000), st.integers(0, 90)), max_size=40))
def test_evidence_keeps_to_its_slow_twin(rows: list[tuple[int, int, int]]) -> None:
    """Whole-number sums that fade day by day, against a float for every observation."""
    evidence, keep = Evidence(), keep_per_day(4)
    rows = sorted(rows, key=lambda row: row[2])
    for value, weight, day in rows:
        evidence.add(value, weight, day, keep)
    evidence.fade(100, keep)
    left = [(value, weight * 0.5 ** ((100 - day) / 28)) for value, weight, day in rows]
    count = sum(weight for _, weight in left) / 1000
    mean = sum(value * weight for value, weight in left) / 1000 / (count + 20)
    assert evidence.count == pytest.approx(count, abs=0.1)
    assert evidence.mean(0.0, 20.0) == pytest.approx(mean, abs=4.0)
