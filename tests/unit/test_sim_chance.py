"""Chance and the calendar of simulated days: one stream a purpose, one answer a question, one order of events."""

import math
import statistics

import numpy as np

from engine.sim.calendar import Calendar
from engine.sim.chance import Dice, stream

MANY = 20_000


def test_a_stream_is_its_seed_replication_and_purpose() -> None:
    """The same three give the same numbers; any other one gives numbers that have nothing to do with them."""
    first = stream(1, 0, "when").random(MANY)
    assert np.array_equal(first, stream(1, 0, "when").random(MANY))
    for other in (stream(2, 0, "when"), stream(1, 1, "when"), stream(1, 0, "where")):
        assert abs(np.corrcoef(first, other.random(MANY))[0, 1]) < 4 / math.sqrt(MANY)


def test_words_and_numbers_of_a_stream_do_not_run_together() -> None:
    """Seed 1, replication 11 is not seed 11, replication 1."""
    assert stream(1, 11, "when").random() != stream(11, 1, "when").random()


def test_a_question_has_one_answer_whatever_else_is_asked() -> None:
    """Dice hold no state: a policy that asks more leaves all other answers as they were."""
    quiet, asked = Dice(7, 2), Dice(7, 2)
    for number in range(100):
        asked.share("breakdown", number)
        asked.around(1.0, 0.5, "way", number)
    assert quiet.share("refusal", 3, 12) == asked.share("refusal", 3, 12)
    assert quiet.around(90.0, 0.25, "turnout", 3, 12) == asked.around(90.0, 0.25, "turnout", 3, 12)
    answers = {quiet.share("refusal", 3, 12), quiet.share("refusal", 12, 3), quiet.share("way", 3, 12)}
    assert len(answers | {Dice(7, 3).share("refusal", 3, 12), Dice(8, 2).share("refusal", 3, 12)}) == 5


def test_shares_are_even() -> None:
    """Kolmogorov and Smirnov at one in a thousand: within 1.95 / sqrt(n) of the diagonal."""
    dice = Dice(1, 0)
    shares = np.sort([dice.share("x", number) for number in range(MANY)])
    assert shares[0] > 0
    assert shares[-1] < 1
    assert np.abs(shares - (np.arange(MANY) + 0.5) / MANY).max() < 1.95 / math.sqrt(MANY)


def test_around_has_that_median_and_that_spread() -> None:
    """Log-normal: its logarithm has the middle's logarithm as mean and the spread as deviation."""
    dice = Dice(3, 1)
    logs = [math.log(dice.around(60_000, 0.25, "turnout", number)) for number in range(MANY)]
    assert abs(statistics.fmean(logs) - math.log(60_000)) < 4 * 0.25 / math.sqrt(MANY)
    assert abs(statistics.stdev(logs) - 0.25) < 4 * 0.25 / math.sqrt(2 * MANY)
    assert dice.around(60_000, 0, "turnout", 1) == 60_000


def test_of_the_same_time_the_first_written_comes_first() -> None:
    """Also those that are written down for a time that is past, or while others happen at that time."""
    calendar, told = Calendar(1_000), []

    def tell(name: str) -> None:
        told.append((calendar.now, name))
        if name == "b":
            calendar.at(500, tell, "late")

    for when, name in ((3_000, "d"), (2_000, "a"), (2_000, "b"), (2_000, "c"), (4_001, "never")):
        calendar.at(when, tell, name)
    calendar.run(4_000)
    assert told == [(2_000, "a"), (2_000, "b"), (2_000, "c"), (2_000, "late"), (3_000, "d")]
    assert calendar.now == 4_000


def test_what_is_struck_out_does_not_happen() -> None:
    """And what it stood beside does."""
    calendar, told = Calendar(0), []
    entry = calendar.at(10, told.append, "struck")
    calendar.at(10, told.append, "kept")
    entry.strike()
    calendar.run(10)
    assert told == ["kept"]


def test_time_never_runs_back() -> None:
    """Neither by running to an earlier time nor by what is due earlier."""
    calendar, times = Calendar(0), []
    calendar.run(5_000)
    calendar.at(10, lambda _: times.append(calendar.now))
    calendar.run(1_000)
    assert (calendar.now, times) == (5_000, [])
    calendar.run(5_000)
    assert times == [5_000]
