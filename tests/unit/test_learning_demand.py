"""Demand that is learned: against the same arithmetic in fractions, and against a city whose rates are known."""

import math
import random
from fractions import Fraction

import pytest

from engine.learning.demand import (
    CELL_CALLS,
    HOUR_MS,
    HOUR_WEEKS,
    KEEP,
    MICRO,
    PART_CALLS,
    ZONE_CALLS,
    DemandLearner,
    prior_at,
    prior_of,
)
from engine.learning.evidence import WHOLE
from engine.learning.hours import block_of_hour
from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.roads import HOURS_OF_WEEK
from tests.unit.engine_place import MORNING, engine_place

PLACE = engine_place()
POINTS = ((0, 0, 3), (4_000, 0, 1), (0, 4_000, 1))
PRIOR = prior_at(POINTS, 240)
START = MORNING // HOUR_MS * HOUR_MS


def hour_of(now: int) -> int:
    """The town keeps UTC, and 1970 began on a Thursday."""
    return (now // HOUR_MS + 3 * 24) % HOURS_OF_WEEK


@pytest.mark.parametrize("seed", range(6))
def test_rates_are_what_fractions_say(seed: int):
    """Every call and hour kept apart, faded by days, put together in exact fractions: equal to a few millionths."""
    dice = random.Random(seed)
    learner, calls, now = DemandLearner(PLACE, PRIOR), [], START
    learner.pass_time(now)
    for _ in range(300):
        now += dice.randrange(1, 6 * HOUR_MS)
        x_m, y_m, _ = dice.choice(POINTS)
        calls.append((now, learner.learn(now, x_m + dice.randrange(-900, 900), y_m)))
        assert POINTS[calls[-1][1]][:2] == (x_m, y_m)
    hours = range(START // HOUR_MS, now // HOUR_MS)
    midnights = [hour for hour in hours if hour % 24 == 0]
    keep = Fraction(KEEP, 1 << 32)

    def left(since: int) -> Fraction:
        return keep ** sum(1 for hour in midnights if hour > since)

    seen = [(left(at // HOUR_MS - 1), zone, hour_of(at)) for at, zone in calls]
    weeks = {
        hour: sum(left(each) for each in hours if hour_of(each * HOUR_MS) == hour) for hour in range(HOURS_OF_WEEK)
    }

    def city(hour: int) -> Fraction:
        return (10 * HOUR_WEEKS + sum(w for w, _, h in seen if h == hour)) / Fraction(HOUR_WEEKS + weeks[hour])

    for hour in dice.sample(range(HOURS_OF_WEEK), 10):
        part = [each for each in range(HOURS_OF_WEEK) if block_of_hour(each) == block_of_hour(hour)]
        for zone, rate in enumerate(learner.rates(hour).tolist()):
            share = Fraction(POINTS[zone][2], 5) * ZONE_CALLS + sum(w for w, z, _ in seen if z == zone)
            share /= ZONE_CALLS + sum(w for w, _, _ in seen)
            there = sum(w for w, z, h in seen if z == zone and h in part)
            risk = (PART_CALLS + there) / (PART_CALLS + share * sum(city(each) * weeks[each] for each in part))
            believed = city(hour) * share * risk
            own = sum(w for w, z, h in seen if (z, h) == (zone, hour))
            told = believed * (CELL_CALLS + own) / (CELL_CALLS + believed * weeks[hour])
            assert rate / MICRO == pytest.approx(float(told), rel=0.01, abs=0.001)


def test_nothing_seen_is_what_was_configured():
    """By zone and by hour of the local day."""
    zones = (Zone(0, 0, 100, 3.0), Zone(900, 0, 100, 1.0))
    hourly = tuple(0.5 if hour < 12 else 1.5 for hour in range(24))
    demand = Demand(96.0, hourly, (TypeShare("medical", 1, 1.0),), zones, CareTimes(1, 0.5, 1))
    learner = DemandLearner(PLACE, prior_of(demand))
    assert learner.rates(3).tolist() == [1_500_000, 500_000]
    assert learner.rates(24 + 13).tolist() == [4_500_000, 1_500_000]


def test_a_known_city_is_learned():
    """Half a year of calls from a city unlike the prior: the rates of every zone by night and by day come near the true."""
    true = {"night": (0.2, 0.1, 1.2), "day": (1.0, 4.0, 1.0)}
    dice, learner = random.Random(5), DemandLearner(PLACE, PRIOR)
    learner.pass_time(START)
    for hour in range(26 * HOURS_OF_WEEK):
        now = START + hour * HOUR_MS
        rates = true["night" if hour_of(now) % 24 < 8 else "day"]
        for zone, rate in enumerate(rates):
            for _ in range(_poisson(dice, rate)):
                learner.learn(now + dice.randrange(HOUR_MS), *POINTS[zone][:2])
    for part, hours in (("night", range(8)), ("day", range(8, 24))):
        for zone, rate in enumerate(true[part]):
            every = [learner.rates(24 * day + hour)[zone] / MICRO for day in range(7) for hour in hours]
            prior = PRIOR.hourly[0] * POINTS[zone][2] / 5 / MICRO
            mean = sum(every) / len(every)
            assert abs(mean - rate) < 0.3 * abs(prior - rate) + 0.1


def _poisson(dice: random.Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count, product = count + 1, product * dice.random()
    return count


def test_the_coming_hour_is_of_this_and_the_next():
    """By how much of it lies in each."""
    learner = DemandLearner(PLACE, prior_of(_sloping()))
    now = START + HOUR_MS // 4
    this, later = learner.rates(hour_of(now)), learner.rates(hour_of(now) + 1)
    assert learner.rates_ahead(now).tolist() == ((this * 45 + later * 15) // 60).tolist()


def _sloping() -> Demand:
    hourly = tuple(hour / 11.5 for hour in range(24))
    return Demand(240.0, hourly, (), (Zone(0, 0, 100, 1.0),), CareTimes(1, 0.5, 1))


def test_silence_lowers_rates_and_what_is_long_past_fades():
    """Hours without a call are evidence; a burst of a year ago is next to nothing."""
    learner = DemandLearner(PLACE, PRIOR)
    learner.pass_time(START)
    for _ in range(400):
        learner.learn(START, 4_000, 0)
    busy = learner.rates(hour_of(START)).tolist()
    learner.pass_time(START + 52 * HOURS_OF_WEEK * HOUR_MS)
    quiet = learner.rates(hour_of(START)).tolist()
    assert busy[1] > 10 * quiet[1]
    assert all(after < before for after, before in zip(quiet, PRIOR.share * 10 // 1000, strict=True))
    assert max(learner.book.exposure) < 18 * WHOLE


@pytest.mark.parametrize(("points", "calls"), [((), 10), (((0, 0, 0),), 10), (POINTS, 0)])
def test_demand_of_zero_is_refused(points: tuple[tuple[int, int, int], ...], calls: int):
    """Nobody can share out nothing."""
    with pytest.raises(ValueError, match="demand"):
        prior_at(points, calls)
