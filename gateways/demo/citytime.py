"""The city's clock: the engine's accelerated time, worked out by the same function of the wall clock.

Whatever the city does, it does in this time; only deadlines on sockets are in real seconds.
"""

import time
from datetime import UTC, datetime

import trio

from engine.live.clock import Pace
from engine.model.hours import local_minute_of_week
from engine.model.place import Place

DAY_MS = 86_400_000
LIVELY_MINUTE = 17 * 60
"""A demo begins at five in the afternoon of the place: all shifts are there and the telephones ring."""


class CityTime:
    """Now, and waiting. Times are milliseconds since the epoch, accelerated."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace

    def now(self) -> int:
        """Return the city's time."""
        return self.pace.at(time.time() * 1000)

    async def sleep(self, duration_ms: float) -> None:
        """Wait for that long in the city."""
        await trio.sleep(self.real_s(duration_ms))

    async def sleep_until(self, at_ms: int) -> None:
        """Wait until it is that time in the city."""
        await self.sleep(at_ms - self.now())

    def real_s(self, duration_ms: float) -> float:
        """Return how many real seconds that is."""
        return max(0.0, duration_ms / 1000 / self.pace.rate)

    def city_ms(self, real_s: float) -> int:
        """Return how long real seconds are in the city."""
        return round(real_s * 1000 * self.pace.rate)


def pace_from(rate: float, start_ms: int, real_ms: int) -> Pace:
    """Return the pace at which it is `start_ms` in the city when it is `real_ms` here.

    At a rate of exactly one there is only one time, and the city keeps it.
    """
    if rate == 1.0:
        return Pace(real_ms, 1.0)
    # From start = origin + (real - origin) * rate. Rounding the origin moves the start by a few city milliseconds.
    return Pace(round((real_ms * rate - start_ms) / (rate - 1.0)), rate)


def lively_start_ms(place: Place, real_ms: int) -> int:
    """Return the next time when it is five in the afternoon there."""
    minute_of_day = local_minute_of_week(place, real_ms) % 1440
    ahead_min = (LIVELY_MINUTE - minute_of_day) % 1440
    return real_ms + ahead_min * 60_000


def local(place: Place, at_ms: int) -> datetime:
    """Return the place's local time, for people (naive: it is shown, never computed with)."""
    offset_ms = 0
    for from_ms, value in place.utc_offsets:
        if from_ms > at_ms:
            break
        offset_ms = value
    return datetime.fromtimestamp((at_ms + offset_ms) / 1000, UTC).replace(tzinfo=None)
