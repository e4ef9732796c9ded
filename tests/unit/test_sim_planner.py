"""Who plans moves in simulated days: what it reckons with changes with the hours and with what happened, or is told once."""

import numpy as np
from msgspec.structs import replace

from engine.model.hours import DAY_MS
from engine.policy.redeploy import Demand, Planning
from engine.sim.callers import draw
from engine.sim.city import City
from engine.sim.nature import Nature
from engine.sim.replicate import Setup, expected_of
from tests.property.sim_kit import setup

HOUR_MS = 3_600_000
POLICY = "joint/priced:q=learned"


def reckoned_with(made: Setup, hours: int) -> list[Demand]:
    """Return what the planner reckoned with in each hour of these days."""
    calls = draw(made.place, made.demand, made.nature, made.begin_ms, made.begin_ms + made.days * DAY_MS, made.seed, 0)
    planning = Planning(made.redeploy, made.cover)
    city = City(
        made.place,
        made.roads,
        calls,
        made.nature,
        made.dispatch,
        seed=made.seed,
        rep=0,
        begin_ms=made.begin_ms,
        measured_ms=(made.begin_ms, made.begin_ms + made.days * DAY_MS),
        planning=planning,
        expected=expected_of(made),
    )
    found = []
    for hour in range(hours):
        city.run(made.begin_ms + hour * HOUR_MS + 1)
        found.append(planning.surveyor.demand)
    return found


def quiet_at_night(made: Setup) -> Setup:
    """The same, with nearly all calls by day."""
    hourly = tuple(0.1 if hour < 8 else 2.0 for hour in range(24))
    return replace(made, demand=replace(made.demand, hourly=hourly))


def test_a_simulated_planner_reckons_with_the_hour() -> None:
    """By night it expects few calls and by day many; once it has seen how busy units are, it reckons with that."""
    made = quiet_at_night(setup(POLICY, days=2))
    found = reckoned_with(made, 40)
    rates = [demand.calls_per_day for demand in found]
    assert max(rates) > 5 * min(rates)
    busy = [demand.busy_permille for demand in found]
    assert all(isinstance(each, np.ndarray) for each in busy)
    assert not np.array_equal(busy[0], busy[-1]), "how busy units are was never learned"


def test_where_nobody_learns_all_hours_are_alike() -> None:
    """Another simulator's rules: what it reckons with is told once."""
    nature: Nature = replace(setup(POLICY).nature, planner_learns=False)
    made = quiet_at_night(setup(POLICY, nature=nature))
    found = reckoned_with(made, 12)
    assert all(each is made.cover for each in found)


def test_recorded_calls_of_a_place_without_demand_are_reckoned_with_as_they_were_told() -> None:
    """Nobody wrote down what to begin with, so nothing is learned."""
    assert expected_of(replace(setup(POLICY), demand=None)) is None
