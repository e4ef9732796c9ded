"""What calls and crews teach the planner: where and when calls will come, and how busy each kind of unit is, and where.

An area is what lies nearer to one station than to any other; its units are those that belong there, or were moved there.

Starts from what the place says of its demand and is drawn to what happens (`learning/demand.py`, `learning/busy.py`). All
in whole numbers: the same turns give the same expectations, and what is kept over a restart is all there is to it.
"""

from collections import deque
from operator import add

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from engine.learning.busy import BusyBook, BusyLearner
from engine.learning.demand import MICRO, DemandBook, DemandLearner, Prior, prior_at, prior_of
from engine.model.demand import Demand as Calls
from engine.model.facts import IncidentReported
from engine.model.hours import local_minute_of_week
from engine.model.paper import encode, fingerprint
from engine.model.place import Place
from engine.model.turn import Turn
from engine.policy.redeploy.ground import Points, together
from engine.policy.redeploy.rules import rules_of
from engine.policy.redeploy.surveyor import Demand
from engine.state.fleet import STANDING_ASSIGNED, STANDING_FREE
from engine.state.world import World

Wide = npt.NDArray[np.int64]

BUSY_EVERY_MS = 600_000
"""Six samples of an hour: after five weeks nine tenths of what is known of it have been seen."""
KINDS_AT_A_TIME = 1
"""With thousands of stations a kind takes two milliseconds, for which the loop waits."""
TAKING_MS = 60_000
"""From the call to the dispatch."""
CALLS_A_UNIT = 3
"""A day, where a place does not say how many there are."""
ZONES_LEAST, REACHED_MOST = 500, 4_000_000
"""Zones are put together until times from all posts to all of them are so many: the grounds of an hour take seconds then."""
SERVICE_MS = 3_600_000
"""How long a call keeps a unit busy, where a place does not say."""


class Learned(Struct):
    """All that was learned; kept over a restart."""

    zones: str = ""
    """Digest of the zones that `demand` counts by: with other zones it begins anew."""
    demand: DemandBook = field(default_factory=DemandBook)
    busy: BusyBook = field(default_factory=BusyBook)
    policy: str = ""
    price: int = -1
    """Of a minute's drive, as the policy of this name has adapted it, in thousandths; -1: it has none."""


class Expected:
    """Takes turns and the passing of time, gives what the surveyor is to reckon with."""

    def __init__(self, place: Place, calls: Calls | None, learned: Learned) -> None:
        """Raises ValueError where neither the place nor its coverage says where anybody would call."""
        prior = _prior(place, calls)
        zones = fingerprint(encode((prior.x_m.tolist(), prior.y_m.tolist())))
        if learned.zones != zones:
            learned.zones, learned.demand = zones, DemandBook()
        self.place, self._prior = place, prior
        self._demand = DemandLearner(place, prior, learned.demand)
        self._busy = BusyLearner(place.coverage.busy_permille, learned.busy)
        self._stations = [station.id for station in place.stations] or [""]
        self._seen: deque[tuple[int, int, int]] = deque()
        self._x_m, self._y_m = prior.x_m.astype(np.int32), prior.y_m.astype(np.int32)
        self._area = _nearest_station(place, prior)
        if calls is None:
            self._rules, self._service_ms = rules_of(place), SERVICE_MS
        else:
            self._rules = rules_of(place, calls.shares, TAKING_MS + _turnout_ms(place))
            self._service_ms = calls.care.service_ms
        self._sampled_ms = dict.fromkeys((0, *(rule.needs for rule in self._rules)), 0)
        """By kind of unit, everybody's first: when its units were last looked at."""

    def saw(self, turn: Turn) -> None:
        """Take note of the calls of a turn; a unit's own emergency is none. Another thread may learn meanwhile."""
        for fact in turn.facts:
            if isinstance(fact, IncidentReported) and fact.type != self.place.emergency_type:
                self._seen.append((turn.now, fact.x_m, fact.y_m))

    def learn(self) -> None:
        """Learn what was noted."""
        while self._seen:
            self._demand.learn(*self._seen.popleft())

    def sample(self, world: World, now: int, kinds: int | None = KINDS_AT_A_TIME) -> None:
        """See now and then how many units of each kind are out, area by area; a few kinds at a time, or all, if nobody waits."""
        due = [needs for needs, last_ms in self._sampled_ms.items() if now >= last_ms + BUSY_EVERY_MS]
        # In a quiet night this is asked once a minute: who has waited for longest is next, or the last would never be seen.
        due = sorted(due, key=self._sampled_ms.__getitem__)[:kinds]
        if not due:
            return
        fleet, hour = world.fleet, self._hour(now)
        ours = (fleet.listed != 0) & (fleet.agency < 0) & (fleet.post >= 0)
        for needs in due:
            self._sampled_ms[needs] = now
            mine = ours & (fleet.capability & np.uint64(needs) == np.uint64(needs))
            busy, free = (
                np.bincount(fleet.post[mine & (fleet.standing == standing)], minlength=len(self._stations)).tolist()
                for standing in (STANDING_ASSIGNED, STANDING_FREE)
            )
            on_duty = map(add, busy, free)
            self._busy.learn(self._kind(needs), hour, zip(self._stations, busy, on_duty, strict=True))

    def expect(self, now: int) -> Demand:
        """Return what to reckon with in the hour that begins now."""
        self.learn()
        self._demand.pass_time(now)
        self._busy.pass_time(now)
        rates = self._demand.rates_ahead(now)
        if int(rates.sum()) <= 0:
            rates = self._prior.share
        hour = self._hour(now)
        return Demand(
            self._rules,
            Points(self._x_m, self._y_m, rates),
            self._busy_permille(hour),
            max(1, self._demand.hour_rate(hour) * 24 // MICRO),
            self._service_ms,
        )

    def _busy_permille(self, hour: int) -> Wide:
        """Return how busy units are in that hour by layer and point, int64[L, n]: each point's are those of its area."""
        kinds = [self._kind(rule.needs) for rule in self._rules]
        by_area = [[self._busy.permille(kind, hour, station) for station in self._stations] for kind in kinds]
        found: Wide = np.array(by_area, np.int64).reshape(len(kinds), -1)[:, self._area]
        return found

    def _hour(self, now: int) -> int:
        return local_minute_of_week(self.place, now) // 60

    def _kind(self, needs: int) -> str:
        """Return the name of those who have these capabilities, whatever their bits are in another year's place."""
        return "+".join(self.place.names(needs))


def _prior(place: Place, calls: Calls | None) -> Prior:
    if calls is not None:
        return _coarse(place, prior_of(calls))
    ours = sum(1 for unit in place.units if unit.agency is None)
    return _coarse(place, prior_at(place.coverage.points, CALLS_A_UNIT * max(1, ours)))


def _coarse(place: Place, prior: Prior) -> Prior:
    """Return fewer zones, each the heaviest of its square, where a large city has more than can be reckoned with."""
    points = Points(prior.x_m.astype(np.int32), prior.y_m.astype(np.int32), prior.share)
    kept = together(points, prior.share, max(ZONES_LEAST, REACHED_MOST // max(1, len(place.stations))))
    return Prior(prior.x_m[kept.point], prior.y_m[kept.point], kept.weight, prior.hourly)


def _nearest_station(place: Place, prior: Prior) -> Wide:
    """Return by zone the number of the station that is nearest in a straight line, ties to the first, int64[n]."""
    nearest = np.zeros(len(prior.x_m), np.int64)
    least = np.full(len(prior.x_m), 1 << 62, np.int64)
    for number, station in enumerate(place.stations):
        apart = (prior.x_m - station.x_m) ** 2 + (prior.y_m - station.y_m) ** 2
        nearest[apart < least] = number
        least = np.minimum(least, apart)
    return nearest


def _turnout_ms(place: Place) -> int:
    """Return how long crews take to roll, to the half minute: cover times are shown to people."""
    mean_ms = sum(unit.turnout_ms for unit in place.units) / max(1, len(place.units))
    return round(mean_ms / 30_000) * 30_000
