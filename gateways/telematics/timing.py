"""Times that a device tells only in part: a time of day without its date, a date of a receiver that counts too short.

Both are made whole by the time of receipt, which is an argument: nothing here looks at a clock.
"""

from typing import Final

DAY_MS: Final = 86_400_000
AHEAD_MS: Final = 3_600_000
_ROLLOVER_MS: Final = 1_024 * 7 * DAY_MS
"""GPS counts weeks in ten bits; a receiver that has seen one rollover too few tells dates this much too early."""

_HELD_BACK_MS: Final = 30 * DAY_MS


def whole_time(of_day_ms: int, received_ms: int) -> int:
    """Return the epoch time of a time of day: the latest that is at most an hour ahead of its receipt.

    So what was held back for up to 23 hours, and what was sent a second before midnight, both fall on their own day.
    """
    latest_ms = received_ms + AHEAD_MS
    return latest_ms - (latest_ms - of_day_ms) % DAY_MS


def unrolled(stamp_ms: int, received_ms: int) -> int:
    """Return the time without the rollovers of the GPS week that its receiver has missed.

    Only what then lies in the month before its receipt counts as a missed rollover; anything else is as old as it says.
    """
    latest_ms = received_ms + AHEAD_MS
    behind_ms = (latest_ms - stamp_ms) % _ROLLOVER_MS
    return latest_ms - behind_ms if stamp_ms <= latest_ms and behind_ms <= _HELD_BACK_MS else stamp_ms
