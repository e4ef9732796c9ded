"""Finding drives in the fixes of a unit: stretches of road that were really driven, and how long they took.

Rules, each with its reason:
- A drive runs from a fix to the first one 150 m farther on, or to the last one within 120 s if that is 50 m away.
  So waits at lights are in it; shorter hops would measure the noise of the devices.
- Who has not come 50 m far in 120 s stands; standing teaches nothing about streets.
- One drive in 20 s from a unit and 240 in a minute from all: learning never competes with deciding.
"""

import math

from msgspec import Struct

DRIVE_M, DRIVE_M_MIN = 150, 50
DRIVE_MS_MIN, DRIVE_MS_MAX = 5_000, 120_000
SPEED_M_S_MAX = 60
"""Faster than this is a jump of the device, not a drive."""
UNIT_EVERY_MS = 20_000
PER_MINUTE = 240
WAITING_MAX = 512
"""Drives that may wait for their prediction; more are not taken."""

Fix = tuple[int, int, int, int]
"""x_m, y_m, fix_ms, heading."""


class Drive(Struct, frozen=True, gc=False):
    """A stretch that a unit has driven."""

    row: int
    from_xy: tuple[int, int]
    heading: int
    """Degrees at the beginning; -1 where unknown."""
    to_xy: tuple[int, int]
    lights: bool
    """Under lights and sirens."""
    from_ms: int
    to_ms: int


class _Anchor(Struct):
    """Where a unit's next drive begins, and how far it has come since."""

    begun: Fix
    latest: Fix
    lights: bool


class DriveFinder:
    """Watches units drive. `counts` says what became of what was seen, by outcome."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self._anchors: dict[int, _Anchor] = {}
        self._last_ms: dict[int, int] = {}
        self._minute = (0, 0)
        self._waiting: list[Drive] = []

    def see(self, row: int, x_m: int, y_m: int, fix_ms: int, *, heading: int, lights: bool) -> None:
        """Take a fix of a unit that is driving (a unit that is not is said to `stop`)."""
        here = (x_m, y_m, fix_ms, heading)
        anchor = self._anchors.get(row)
        if anchor is None or anchor.lights is not lights or not 0 < fix_ms - anchor.latest[2] <= DRIVE_MS_MAX:
            self._anchors[row] = _Anchor(here, here, lights)
            return
        if fix_ms - anchor.begun[2] > DRIVE_MS_MAX:
            self._offer(row, anchor, anchor.latest)
            self._anchors[row] = anchor = _Anchor(anchor.latest, anchor.latest, lights)
        anchor.latest = here
        if math.hypot(x_m - anchor.begun[0], y_m - anchor.begun[1]) >= DRIVE_M:
            self._offer(row, anchor, here)
            self._anchors[row] = _Anchor(here, here, lights)

    def stop(self, row: int) -> None:
        """Forget a drive that has not come to its end: the unit has arrived, or parks."""
        self._anchors.pop(row, None)

    def take(self, most: int) -> list[Drive]:
        """Hand out the drives found, oldest first."""
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken

    def _offer(self, row: int, anchor: _Anchor, end: Fix) -> None:
        outcome = self._judge(row, anchor.begun, end)
        if outcome is not None:
            self.counts[outcome] = self.counts.get(outcome, 0) + 1
            return
        x_m, y_m, from_ms, heading = anchor.begun
        self._last_ms[row] = end[2]
        self._waiting.append(Drive(row, (x_m, y_m), heading, (end[0], end[1]), anchor.lights, from_ms, end[2]))

    def _judge(self, row: int, begun: Fix, end: Fix) -> str | None:
        """Return why this is no drive to learn from; None if it is one."""
        taken_ms = end[2] - begun[2]
        distance_m = math.hypot(end[0] - begun[0], end[1] - begun[1])
        if distance_m < DRIVE_M_MIN:
            return "standing"
        if distance_m * 1000 > SPEED_M_S_MAX * taken_ms:
            return "jump"
        if taken_ms < DRIVE_MS_MIN:
            return "too_short"
        due_ms = self._last_ms.get(row, -UNIT_EVERY_MS) + UNIT_EVERY_MS
        return "over_budget" if end[2] < due_ms or not self._affordable(end[2]) else None

    def _affordable(self, fix_ms: int) -> bool:
        minute, used = self._minute
        if fix_ms // 60_000 > minute:
            minute, used = fix_ms // 60_000, 0
        if used >= PER_MINUTE or len(self._waiting) >= WAITING_MAX:
            return False
        self._minute = (minute, used + 1)
        return True
