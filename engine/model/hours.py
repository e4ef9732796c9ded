"""Local time and shifts, from the place's own table of offsets: no time zone database in a decision."""

from bisect import bisect_right

from engine.model.place import Place, Shift

MINUTE_MS = 60_000
WEEK_MINUTES = 7 * 24 * 60
_MONDAY_MS = 4 * 24 * 60 * MINUTE_MS
"""The epoch was a Thursday; the first Monday came four days later."""


def local_minute_of_week(place: Place, now: int) -> int:
    """Return minutes since Monday 00:00 of the place's local time."""
    index = bisect_right(place.utc_offsets, now, key=lambda row: row[0]) - 1
    offset_ms = place.utc_offsets[index][1] if index >= 0 else 0
    return (now + offset_ms - _MONDAY_MS) // MINUTE_MS % WEEK_MINUTES


def on_duty(shift: Shift, minute_of_week: int) -> bool:
    """Tell whether the minute lies in one of the shift's windows."""
    return any(start <= minute_of_week < end for start, end in shift.windows)
