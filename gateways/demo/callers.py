"""The people who call for help: Poisson in time by the hour of the local day, over the place's zones of demand.

Rule: same place, seed and start, same calls. A demo opens with a few calls at once, so that nobody waits to see
the first crew go out; one of them is the gravest that the place has a plan with further alarms for. Now and then
somebody else calls about the same.
"""

import heapq
from collections.abc import Iterator
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from engine.model.covering import Case, plan_covering
from engine.model.demand import Demand, TypeShare
from engine.model.hours import local_minute_of_week
from engine.model.place import Place
from gateways.demo.addresses import Addresses
from gateways.demo.chance import around, stream
from gateways.demo.citytime import DAY_MS
from gateways.demo.driving import Point

OPENING_H = 0.4
OPENING_MIN, OPENING_MAX = 6, 20
"""A demo begins with the calls of so many hours at once, as a city has incidents at any moment; within bounds."""

GRAVEST = 3
"""Which of the opening calls is the gravest."""
AGAIN_SHARE = 0.07
"""Calls about what somebody else has called for …"""
AGAIN_AFTER_MS = 75_000
"""… so much later, in the middle."""

DRAWS_MAX = 16
"""Points looked at for one call; after so many that nobody lives at, the call comes from the last."""


class Call(Struct, frozen=True):
    """What a caller says. Metres of the place; time in ms since the epoch of the city."""

    number: int
    at_ms: int
    type: str
    priority: int
    x_m: int
    y_m: int
    address: str
    caller: str


class Callers:
    """Draws calls, for ever. `opening_step_ms` lies between two of the calls that the demo begins with."""

    def __init__(
        self, place: Place, demand: Demand, addresses: Addresses, seed: int, start_ms: int, opening_step_ms: int
    ) -> None:
        self._place = place
        self._demand = demand
        self._addresses = addresses
        self._start_ms = start_ms
        self._opening_step_ms = opening_step_ms
        self._when = stream(seed, "when")
        self._what = stream(seed, "what")
        self._where = stream(seed, "where")
        self._again = stream(seed, "again")
        self._gravest = gravest(place, demand)
        self._zone_sums = list(accumulate(zone.weight for zone in demand.zones))
        self._share_sums = list(accumulate(share.share for share in demand.shares))

    def calls(self) -> Iterator[Call]:
        """Give the calls in the order of their time; there is no last one."""
        for number, call in enumerate(self._in_order(), start=1):
            yield replace(call, number=number)

    def _in_order(self) -> Iterator[Call]:
        """Give everybody's calls, those about the same among them."""
        later: list[tuple[int, int, Call]] = []
        for number, at_ms in enumerate(self._times(), start=1):
            while later and later[0][0] <= at_ms:
                yield heapq.heappop(later)[2]
            call = self._call(number, at_ms)
            if self._again.random() < AGAIN_SHARE:
                other = self._call_again(call)
                heapq.heappush(later, (other.at_ms, number, other))
            yield call

    def _call_again(self, call: Call) -> Call:
        """Return the call of somebody else who sees the same."""
        at_ms = call.at_ms + round(around(self._again, AGAIN_AFTER_MS, 0.4))
        return replace(call, at_ms=at_ms, caller=f"555-{self._again.randrange(100, 200):04}")

    def _times(self) -> Iterator[int]:
        opening = self._opening_calls()
        for number in range(1, opening + 1):
            yield self._start_ms + number * self._opening_step_ms
        # Lewis and Shedler's thinning: draw at the busiest hour's rate, keep as many as the hour deserves.
        most = max(self._demand.hourly)
        mean_gap_ms = DAY_MS / (self._demand.calls_per_day * most)
        at_ms = float(self._start_ms + opening * self._opening_step_ms)
        while True:
            at_ms += self._when.expovariate(1.0) * mean_gap_ms
            if self._when.random() * most < self._hourly(int(at_ms)):
                yield int(at_ms)

    def _hourly(self, at_ms: int) -> float:
        return self._demand.hourly[local_minute_of_week(self._place, at_ms) // 60 % 24]

    def _opening_calls(self) -> int:
        an_hour = self._demand.calls_per_day / 24 * self._hourly(self._start_ms)
        return min(OPENING_MAX, max(OPENING_MIN, round(an_hour * OPENING_H)))

    def _call(self, number: int, at_ms: int) -> Call:
        (share,) = self._what.choices(self._demand.shares, cum_weights=self._share_sums)
        if number == GRAVEST and self._gravest is not None:
            share = self._gravest
        (x_m, y_m), address = self._door()
        return Call(
            number=number,
            at_ms=at_ms,
            type=share.type,
            priority=share.priority,
            x_m=x_m,
            y_m=y_m,
            address=address,
            caller=f"555-{self._what.randrange(100, 200):04}",  # numbers that are kept free for stories
        )

    def _door(self) -> tuple[Point, str]:
        """Return where somebody lives, and the address. A zone may reach into the water or the hills."""
        for _ in range(DRAWS_MAX):
            x_m, y_m = self._spot()
            number = self._where.randrange(1, 200)
            door = self._addresses.door(x_m, y_m, number)
            if door is not None:
                return door
        return (x_m, y_m), self._addresses.at(x_m, y_m, number)

    def _spot(self) -> Point:
        (zone,) = self._where.choices(self._demand.zones, cum_weights=self._zone_sums)
        west, south, east, north = self._place.bounds
        x_m = zone.x_m + self._where.randint(-zone.half_m, zone.half_m)
        y_m = zone.y_m + self._where.randint(-zone.half_m, zone.half_m)
        return min(max(x_m, west), east), min(max(y_m, south), north)


def gravest(place: Place, demand: Demand) -> TypeShare | None:
    """Return the first kind of call, by priority, that a plan with further alarms is for; None without such a plan."""
    for share in sorted(demand.shares, key=lambda share: share.priority):
        plan = plan_covering(place, Case(share.type, share.priority, "", None, 0))
        if plan is not None and plan.alarms:
            return share
    return None
