"""The one wall clock. Milliseconds since the epoch, UTC; never back."""

import time

from msgspec import Struct

STEP_ALARM_MS = 500
"""A wall clock that jumps by more than this against the monotonic one is said aloud."""


class Pace(Struct, frozen=True):
    """Accelerated time for demonstrations: `rate` seconds pass in one, counted from `origin_ms` of real time.

    A pure function of the wall clock, so that two processes, or one before and after a restart, agree.
    """

    origin_ms: int
    rate: float = 1.0

    def at(self, real_ms: float) -> int:
        """Return the accelerated time at a real time."""
        return int(self.origin_ms + (real_ms - self.origin_ms) * self.rate)


class Clock:
    """Tells the time and never tells an earlier one than before."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace(0)
        self._last_ms = 0
        self._offset_s = time.time() - time.monotonic()
        self.steps = 0
        """How often the wall clock was seen to jump."""

    def now(self) -> int:
        """Return the time."""
        wall_s = time.time()
        offset_s = wall_s - time.monotonic()
        if abs(offset_s - self._offset_s) * 1000 > STEP_ALARM_MS:
            self.steps += 1
            self._offset_s = offset_s
        self._last_ms = max(self._last_ms, self.pace.at(wall_s * 1000))
        return self._last_ms

    def seconds_until(self, due_ms: int) -> float:
        """Return how long to sleep, in real seconds, until it is that time."""
        return max(0.0, (due_ms - self.now()) / 1000 / self.pace.rate)
