"""One replication: a policy on the days that a seed and a number name. Same setup and number, same bytes."""

from collections.abc import Callable

from msgspec import Struct

from engine.learning.service_times import expected
from engine.model.demand import Demand
from engine.model.hours import DAY_MS, day_began_ms
from engine.model.inputs import LearnService
from engine.model.place import Place
from engine.policy import DispatchPolicy
from engine.policy.redeploy import Demand as CoverDemand
from engine.policy.redeploy import Expected, Home, Learned, Planning, RedeployPolicy, Surveyor
from engine.sim.callers import CallList, draw
from engine.sim.city import City
from engine.sim.given import Given, complete
from engine.sim.lookout import Lookout
from engine.sim.nature import Nature
from engine.sim.outcome import Outcome
from engine.state.image import state_hash
from engine.streets.roads import Roads

MONDAY_MS = 1_767_571_200_000
"""2026-01-05, 00:00 UTC: simulated days begin on a Monday."""
TAIL_MS = DAY_MS // 10
"""Calls go on for so long after the measured days, so that the last of them is answered in a city as busy as ever …"""
PATIENCE_MS = 10 * DAY_MS
"""… and no measured call is waited for longer than this after its end."""

OnDay = Callable[[int], None]


class Setup(Struct, frozen=True):
    """What is simulated: one policy on one place."""

    name: str
    place: Place
    """With the rules that belong to the policy."""
    roads: Roads | None
    demand: Demand | None
    """None: the calls are given."""
    nature: Nature
    dispatch: DispatchPolicy
    redeploy: RedeployPolicy
    cover: CoverDemand
    """What the redeployment policy reckons with."""
    days: int
    warm_days: int = 1
    """Before the measured days, so that they begin in a city at work."""
    seed: int = 1
    given: Given | None = None
    """Recorded calls, in the place of drawn ones."""
    span_ms: tuple[int, int] | None = None
    """With recorded calls: when simulated time begins, and the end of what is measured; else whole days."""

    @property
    def begin_ms(self) -> int:
        """When simulated time begins."""
        if self.span_ms is not None:
            return self.span_ms[0]
        if self.given is not None and len(self.given):
            return day_began_ms(self.place, int(self.given.calls.came_ms[0]))
        offset_ms = max((each for each in self.place.utc_offsets if each[0] <= MONDAY_MS), default=(0, 0))[1]
        return MONDAY_MS - offset_ms

    @property
    def measured_ms(self) -> tuple[int, int]:
        """From when until when calls count."""
        begin_ms = self.begin_ms + self.warm_days * DAY_MS
        return begin_ms, begin_ms + self.days * DAY_MS if self.span_ms is None else self.span_ms[1]


def replicate(setup: Setup, rep: int, on_day: OnDay | None = None) -> Outcome:
    """Simulate one replication. Raises DemandRefused where there is nothing to simulate."""
    measured_ms = setup.measured_ms
    planning = None if isinstance(setup.redeploy, Home) else Planning(setup.redeploy, setup.cover)
    city = City(
        setup.place,
        setup.roads,
        _calls(setup, rep),
        setup.nature,
        setup.dispatch,
        seed=setup.seed,
        rep=rep,
        begin_ms=setup.begin_ms,
        measured_ms=measured_ms,
        planning=planning,
        expected=expected_of(setup) if planning is not None else None,
    )
    if setup.demand is not None:
        # What an agency's own days would have taught its engine.
        city.step(LearnService(expected(setup.place, setup.demand.care)))
    if setup.cover.points is not None or setup.place.coverage.points:
        Lookout(city, Surveyor(setup.cover) if planning is None else planning.surveyor)
    for day in range(setup.warm_days + setup.days):
        city.run(setup.begin_ms + (day + 1) * DAY_MS)
        if on_day is not None:
            on_day(day + 1)
    _see_it_through(city, measured_ms[1] + PATIENCE_MS)
    return Outcome(
        policy=setup.name,
        seed=setup.seed,
        rep=rep,
        days=setup.days,
        calls=city.cases.measured(*measured_ms),
        units=city.tally.units(tuple(city.world.fleet.ids), city.duty.measured()),
        cover=city.tally.cover(),
        turns=city.turns,
        state_hash=state_hash(city.world),
    )


def expected_of(setup: Setup) -> Expected | None:
    """Return who learns what calls come; None where nobody does, or nobody wrote down what to begin with."""
    if setup.demand is None or not setup.nature.planner_learns:
        return None
    return Expected(setup.place, setup.demand, Learned())


def _calls(setup: Setup, rep: int) -> CallList:
    if setup.given is not None:
        return complete(setup.given, setup.nature, setup.seed, rep)
    assert setup.demand is not None, "calls are drawn or given"
    end_ms = setup.measured_ms[1] + TAIL_MS
    return draw(setup.place, setup.demand, setup.nature, setup.begin_ms, end_ms, setup.seed, rep)


def _see_it_through(city: City, patience_ms: int) -> None:
    """Go on until every measured call has been answered in full."""
    while city.cases.open_before(city.measured_ms[1]) and city.now < patience_ms:
        city.run(city.now + TAIL_MS)
