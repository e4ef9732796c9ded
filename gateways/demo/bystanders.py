"""People at both ends of a street that is about to be closed: they call, as people do where something happens.

Rule: they are calls like all others: reported by the desk, served by crews, counted by the audit. Those are preferred
to whom another crew will come once the street is closed. Without them a short demo could close a bridge and nobody
would need it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import islice

from msgspec import Struct

from engine.model.demand import Demand, TypeShare
from engine.model.place import Place, Unit
from engine.model.plans import Mode, Plan
from engine.model.roads import Stretch
from gateways.demo.addresses import Addresses
from gateways.demo.callers import Call
from gateways.demo.chance import stream
from gateways.demo.driving import Leg, Point
from gateways.demo.streets import Navigator

WITHIN_M = 400
"""Of an end of the street."""
FIRST_NUMBER = 1_000_001
"""Other callers never get that far."""
LOOKED_AT = 100
"""People who are asked before those who call are chosen."""
FEWEST, MOST = 2, 6
FREE_MOST = 100
"""Units near the street that are thought of."""
UNITS_EACH = 20
"""A large fleet gets more calls at once than a small one."""


def how_many(place: Place) -> int:
    """Return how many of them call at once."""
    return min(MOST, max(FEWEST, len(place.units) // UNITS_EACH))


def bystanders(place: Place, demand: Demand, addresses: Addresses, ends: Sequence[Point], seed: int) -> Iterator[Call]:
    """Give people at the ends in turn, for ever: same place, seed and ends, same people.

    They call about what a person decides on, if the place has such plans: the advice is then open for a while.
    """
    chance = stream(seed, "bystanders", *ends)
    shares = [share for share in demand.shares if _advised(place, share)] or demand.shares
    weights = [share.share for share in shares]
    number = FIRST_NUMBER
    while True:
        (share,) = chance.choices(shares, weights=weights)
        x_m, y_m = (each + chance.randint(-WITHIN_M, WITHIN_M) for each in ends[number % len(ends)])
        house = chance.randrange(1, 200)
        point, address = addresses.door(x_m, y_m, house) or ((x_m, y_m), addresses.at(x_m, y_m, house))
        caller = f"555-{chance.randrange(100, 200):04}"
        yield Call(number, 0, share.type, share.priority, *point, address, caller)
        number += 1


def near(free: Mapping[str, Leg], point: Point, now: int) -> dict[str, Leg]:
    """Return those of the units that are nearest to the point, in a straight line."""
    return dict(nsmallest(FREE_MOST, free.items(), key=lambda item: math.dist(item[1].at(now), point)))


class Concern(Struct, frozen=True):
    """Whom the closing of a stretch concerns, with these units free where their legs say."""

    place: Place
    navigator: Navigator
    free: Mapping[str, Leg]
    stretch: Stretch
    now: int

    async def first(self, people: Iterator[Call], count: int) -> list[Call]:
        """Return so many of the next people: first those to whom another unit will come."""
        concerned: list[Call] = []
        others: list[Call] = []
        for call in islice(people, LOOKED_AT):
            (concerned if await self._is_concerned(call) else others).append(call)
            if len(concerned) == count:
                break
        return [*concerned, *others][:count]

    async def _is_concerned(self, call: Call) -> bool:
        units = [unit for unit in self.place.units if unit.id in self.free and self._fits(unit, call)]
        if not units:
            return False
        legs = [self.free[unit.id] for unit in units]
        lights = self.place.travel.under_lights(call.priority)
        before, after = await self.navigator.with_and_without(
            legs, (call.x_m, call.y_m), self.stretch, self.now, lights=lights
        )
        return _soonest(units, before) != _soonest(units, after)

    def _fits(self, unit: Unit, call: Call) -> bool:
        """Tell whether the unit may fill the first slot of the plan for such a call."""
        plan = _plan(self.place, call.type, call.priority)
        return plan is not None and plan.slots[0].fits(unit.capabilities)


def _plan(place: Place, kind: str, priority: int) -> Plan | None:
    fitting = (plan for plan in place.plans if priority in plan.priorities and {kind, "*"} & set(plan.types))
    return next(fitting, None)


def _advised(place: Place, share: TypeShare) -> bool:
    plan = _plan(place, share.type, share.priority)
    return plan is not None and plan.mode is Mode.ADVISE


def _soonest(units: Sequence[Unit], times_ms: Sequence[int]) -> str:
    """Return the unit that arrives first; nobody where none has a way."""
    ranked = (
        (took_ms + unit.turnout_ms, unit.id) for unit, took_ms in zip(units, times_ms, strict=True) if took_ms >= 0
    )
    return min(ranked, default=(0, ""))[1]
