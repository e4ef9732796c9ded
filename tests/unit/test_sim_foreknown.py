"""What the bounds take serving a call to cost is what it costs in the simulated city; and no simulated policy beats them."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.place import Hospital, Place
from engine.model.plans import Mode
from engine.model.rules import WatchRules
from engine.policy import JointMatch
from engine.sim.bound import late_bound
from engine.sim.callers import CallList, draw
from engine.sim.city import City
from engine.sim.foreknown import foreknown
from engine.sim.nature import PERFECT, Nature
from engine.sim.offline import AT_SCENE, OfflineProblem
from engine.sim.replicate import MONDAY_MS
from engine.sim.unforeseen import Span, unforeseen_bound
from gateways.simulation.presets import NOBODY_WATCHES
from tests.unit.engine_place import BLS, PLANS, UNITS, engine_place

DAY_MS = 86_400_000
NATURE = replace(PERFECT, taking_ms=90_000)


def simple(**changes: Any) -> Place:
    """Return the town with four ambulances that are all alike and two hospitals."""
    plans = tuple(replace(plan, mode=Mode.AUTO) for plan in PLANS)
    units = [replace(unit, capabilities=BLS, crew=None, shift=None, turnout_ms=0) for unit in UNITS[:4]]
    hospitals = (Hospital("H1", "West", -2_000, 500), Hospital("H2", "East", 4_000, 1_000))
    watch: WatchRules = NOBODY_WATCHES
    town = engine_place(plans=plans, units=tuple(units), crews=(), shifts=(), hospitals=hospitals, watch=watch)
    return replace(town, **changes)


DEMAND = Demand(
    calls_per_day=60.0,
    hourly=(1.0,) * 24,
    shares=(TypeShare("medical", 2, 0.5), TypeShare("medical", 4, 0.5)),
    zones=(Zone(0, 0, 4_000, 3.0), Zone(5_000, 1_000, 2_500, 1.0), Zone(0, 9_000, 1_500, 0.3)),
    care=CareTimes(600_000, 0.7, 300_000),
)


@cache
def simulated(days: int = 6) -> tuple[City, OfflineProblem]:
    """Return a city in which these days have passed, and the problem that its calls were."""
    calls = draw_all(days)
    city = City(
        simple(), None, calls, NATURE, JointMatch(), seed=3, rep=1, begin_ms=MONDAY_MS, measured_ms=(0, 1 << 60)
    )
    city.run(MONDAY_MS + (days + 2) * DAY_MS)
    return city, foreknown(simple(), None, NATURE, calls, 2)


def draw_all(days: int) -> CallList:
    return draw(simple(), DEMAND, NATURE, MONDAY_MS, MONDAY_MS + days * DAY_MS, 3, 1)


def test_calls_take_what_the_problem_says() -> None:
    """Known when it says, due when it says, at work for as long as it says: call by call, to the millisecond."""
    city, problem = simulated()
    cases = city.cases
    assert problem.known_ms.tolist() == cases.known_ms
    assert problem.target_ms.tolist() == cases.target_ms
    took = np.array(cases.cleared_ms) - np.array(cases.reached_ms)
    assert took.tolist() == problem.work_ms.tolist()
    ends = set(problem.end.tolist())
    assert ends == {AT_SCENE, 0, 1}


def test_who_comes_from_a_post_takes_what_the_problem_says() -> None:
    """The first call of all: everybody stands at home."""
    city, problem = simulated()
    first = int(problem.known_ms.argmin())
    assert city.cases.reached_ms[first] - problem.known_ms[first] in problem.post_ms[:, first].tolist()


def test_no_simulated_day_is_better_than_the_bounds() -> None:
    """Units may be sent from the road there: the bound for anywhere holds; so does that of who cannot foresee."""
    city, problem = simulated()
    reached = np.array(city.cases.reached_ms)
    late = int(((reached > problem.due_ms) & problem.high).sum())
    assert late > 5
    anywhere = replace(problem, road_ms=np.zeros(len(reached), np.int32))
    assert late_bound(anywhere, int((reached - problem.known_ms).max())).late_high <= late
    span = Span(MONDAY_MS, MONDAY_MS + 6 * DAY_MS, max(MONDAY_MS + 6 * DAY_MS, *city.cases.cleared_ms))
    bound = unforeseen_bound(problem, span)
    assert 0.0 < bound.share <= late / problem.high.sum()


@pytest.mark.parametrize(
    ("place", "nature", "says"),
    [
        (simple(), Nature(), "take the preset `jemss`"),
        (simple(), replace(PERFECT, travel_percent=110), "drives as on the map"),
        (simple(units=()), PERFECT, "serves nobody"),
        (engine_place(), PERFECT, "all alike"),
    ],
)
def test_days_without_least_times_are_refused(place: Place, nature: Nature, says: str) -> None:
    """In words, before anything is worked out."""
    with pytest.raises(ValueError, match=says):
        foreknown(place, None, nature, draw_all(1), 2)
