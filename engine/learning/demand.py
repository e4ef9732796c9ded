"""Where and when the next calls will come: rates by zone and hour of the week (Gamma-Poisson, fading).

A rate starts from what is configured and is drawn to what is seen: a Gamma prior, against calls counted over hours
(conjugate; Gelman and others, Bayesian Data Analysis, section 2.6). An hour of a zone sees few calls, so it is believed
in steps: the hour's rate in all zones, times the zone's share of all hours, times how much more or less of it the zone has
in that part of the week, times the same for the very hour (relative risks: Clayton and Kaldor 1987). Everything fades
with a half-life, in whole numbers, one day after the other: the same calls give the same bytes.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from engine.learning.evidence import WHOLE, keep_per_day
from engine.learning.hours import BLOCK_OF_HOUR, BLOCKS_OF_WEEK
from engine.model.demand import Demand
from engine.model.hours import local_minute_of_week
from engine.model.place import Place
from engine.model.roads import HOURS_OF_WEEK

HOUR_MS = 3_600_000
MICRO = 1_000_000
"""Rates are told in millionths of a call an hour."""
SHARE = 1_000_000_000
HALF_LIFE_WEEKS = 12
KEEP = keep_per_day(HALF_LIFE_WEEKS)
HOUR_WEEKS = 3
"""What is configured for an hour of the week counts like so many weeks seen."""
ZONE_CALLS = 300
"""The configured shares of the zones count like so many calls seen."""
PART_CALLS = 5
"""That a zone has its share in every part of the week counts like so many calls of it in that part …"""
CELL_CALLS = 20
"""… and that all hours of the part are alike in it, like so many in the hour."""
CATCH_UP_DAYS = 3_650
_PARTS = tuple(
    tuple(hour for hour in range(HOURS_OF_WEEK) if BLOCK_OF_HOUR[hour] == block) for block in range(BLOCKS_OF_WEEK)
)
"""The hours of the week that each block is made of."""

Wide = npt.NDArray[np.int64]


class Prior(Struct, frozen=True, eq=False):
    """What is expected before anything was seen: n zones, 168 hours."""

    x_m: Wide
    y_m: Wide
    share: Wide
    """int64[n], in parts of SHARE."""
    hourly: tuple[int, ...]
    """168 rates, from Monday 00:00 local time, in millionths of a call an hour."""


class DemandBook(Struct):
    """All that was seen: kept over a restart. Weights are thousandths of a call or of an hour, as far as not faded."""

    hours: list[int] = field(default_factory=lambda: [0] * HOURS_OF_WEEK)
    """Calls by hour of the week."""
    exposure: list[int] = field(default_factory=lambda: [0] * HOURS_OF_WEEK)
    """For how many such hours somebody was listening."""
    zones: dict[int, int] = field(default_factory=dict)
    cells: dict[int, int] = field(default_factory=dict)
    """Calls by zone * 168 + hour."""
    hour: int = -1
    """The hour up to which time has passed, since the epoch."""


class DemandLearner:
    """Takes calls and the passing of time, gives rates."""

    def __init__(self, place: Place, prior: Prior, book: DemandBook | None = None) -> None:
        self.place, self.prior = place, prior
        self.book = DemandBook() if book is None else book

    def pass_time(self, now: int) -> None:
        """Let whole hours pass up to now: each counts as one in which calls could have come."""
        hour = now // HOUR_MS
        if self.book.hour < 0:
            self.book.hour = hour
        first = max(self.book.hour, hour - 24 * CATCH_UP_DAYS)
        for each in range(first, hour):
            if each % 24 == 0:
                self._fade()
            self.book.exposure[local_minute_of_week(self.place, each * HOUR_MS) // 60] += WHOLE
        self.book.hour = max(self.book.hour, hour)

    def learn(self, now: int, x_m: int, y_m: int) -> int:
        """Take in a call; return the zone that it counts for, the nearest, ties to the lowest."""
        self.pass_time(now)
        apart = (self.prior.x_m - x_m) ** 2 + (self.prior.y_m - y_m) ** 2
        zone, hour = int(np.argmin(apart)), local_minute_of_week(self.place, now) // 60
        book, cell = self.book, zone * HOURS_OF_WEEK + hour
        book.hours[hour] += WHOLE
        book.zones[zone] = book.zones.get(zone, 0) + WHOLE
        book.cells[cell] = book.cells.get(cell, 0) + WHOLE
        return zone

    def hour_rate(self, hour: int) -> int:
        """Return the rate of all zones in that hour of the week, in millionths of a call an hour."""
        seen = self.book.hours[hour] * MICRO
        return (self.prior.hourly[hour] * HOUR_WEEKS * WHOLE + seen) // (HOUR_WEEKS * WHOLE + self.book.exposure[hour])

    def rates(self, hour: int) -> Wide:
        """Return the rate of each zone in that hour of the week, int64[n], in millionths of a call an hour."""
        book, part = self.book, _PARTS[BLOCK_OF_HOUR[hour]]
        zones = np.zeros(len(self.prior.share), np.int64)
        zones[list(book.zones)] = list(book.zones.values())
        # Shares stay below 2**30 and so do faded weights of calls, so every product fits 64 bits.
        share = (self.prior.share * ZONE_CALLS + zones * (SHARE // WHOLE)) // (ZONE_CALLS + int(zones.sum()) // WHOLE)
        usual = share * self.hour_rate(hour) // SHARE
        expected = sum(self.hour_rate(each) * book.exposure[each] for each in part) // MICRO
        risk = _risk(PART_CALLS, self._seen(part), share * expected // SHARE)
        rate = usual * risk // MICRO
        found: Wide = rate * _risk(CELL_CALLS, self._seen((hour,)), rate * book.exposure[hour] // MICRO) // MICRO
        return found

    def _seen(self, hours: tuple[int, ...]) -> Wide:
        """Return the calls of each zone in these hours of the week, int64[n]."""
        cells = np.array([*self.book.cells.items()], np.int64).reshape(-1, 2)
        zone, hour = np.divmod(cells[:, 0], HOURS_OF_WEEK)
        these, found = np.isin(hour, hours), np.zeros(len(self.prior.share), np.int64)
        np.add.at(found, zone[these], cells[these, 1])
        return found

    def rates_ahead(self, now: int) -> Wide:
        """Return the rates of the hour that begins now: of this hour and the next, by their parts of it."""
        minute = local_minute_of_week(self.place, now)
        later = local_minute_of_week(self.place, now + HOUR_MS) // 60
        found: Wide = (self.rates(minute // 60) * (60 - minute % 60) + self.rates(later) * (minute % 60)) // 60
        return found

    def _fade(self) -> None:
        book = self.book
        book.hours = [weight * KEEP >> 32 for weight in book.hours]
        book.exposure = [weight * KEEP >> 32 for weight in book.exposure]
        book.zones, book.cells = _faded(book.zones), _faded(book.cells)


def _risk(calls: int, seen: Wide, expected: Wide) -> Wide:
    """Return how many times as many as expected there are, in millionths, drawn to one as by so many calls."""
    risk: Wide = (calls * WHOLE + seen) * MICRO // (calls * WHOLE + expected)
    return risk


def _faded(weights: dict[int, int]) -> dict[int, int]:
    left = ((place, weight * KEEP >> 32) for place, weight in weights.items())
    return {place: weight for place, weight in left if weight}


def prior_of(demand: Demand) -> Prior:
    """Return what a place's configured demand says. Raises ValueError where it says that nobody ever calls."""
    per_hour = [demand.calls_per_day / 24 * factor for factor in demand.hourly]
    zones = [(zone.x_m, zone.y_m, zone.weight) for zone in demand.zones]
    return _prior(zones, [round(rate * MICRO) for rate in per_hour])


def prior_at(points: Sequence[tuple[int, int, int]], calls_per_day: int) -> Prior:
    """Return the prior for points (x_m, y_m, weight) and so many calls a day, alike at all hours."""
    return _prior(points, [calls_per_day * MICRO // 24] * 24)


def _prior(zones: Sequence[tuple[int, int, float]], hourly: list[int]) -> Prior:
    total = sum(weight for _, _, weight in zones)
    if total <= 0 or sum(hourly) <= 0:
        raise ValueError("demand: no zone has any weight, or no hour any calls")
    x_m, y_m = (np.array([zone[axis] for zone in zones], np.int64) for axis in (0, 1))
    share = np.array([round(weight / total * SHARE) for _, _, weight in zones], np.int64)
    return Prior(x_m, y_m, share, tuple(hourly) * 7)
