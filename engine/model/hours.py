"""Local time and shifts, from the place's own table of offsets: no time zone database in a decision."""

from bisect import bisect_right

from engine.model.place import Place, Shift

MINUTE_MS = 60_000
WEEK_MINUTES = 7 * 24 * 60
WEEK_MS = WEEK_MINUTES * MINUTE_MS
DAY_MS = WEEK_MS // 7
_MONDAY_MS = 4 * 24 * 60 * MINUTE_MS
"""The epoch was a Thursday; the first Monday came four days later."""


def local_minute_of_week(place: Place, now: int) -> int:
    """Return minutes since Monday 00:00 of the place's local time."""
    return (now + _offset_ms(place, _period(place, now)) - _MONDAY_MS) // MINUTE_MS % WEEK_MINUTES


def on_duty(shift: Shift, minute_of_week: int) -> bool:
    """Tell whether the minute lies in one of the shift's windows."""
    return any(start <= minute_of_week < end for start, end in shift.windows)


def shift_left_ms(place: Place, shift: Shift | None, now: int) -> int | None:
    """Return how long the present hours of duty last from now; 0 off duty; None for who is always on.

    Windows that touch are one, over midnight and over the week's end as well. Changes of the clocks are counted in.
    """
    at_ms = now
    while shift is not None and at_ms - now < WEEK_MS:
        window = _window(place, shift, at_ms)
        if window is None:
            return at_ms - now
        at_ms = _clocks_will_show(place, window[1], at_ms)
    return None


def shift_began_ms(place: Place, shift: Shift | None, now: int) -> int | None:
    """Return when the present hours of duty began; now off duty; None for who is always on."""
    last_ms = now
    while shift is not None and now - last_ms < WEEK_MS:
        window = _window(place, shift, last_ms)
        if window is None:
            return min(now, last_ms + 1)
        last_ms = _clocks_showed(place, window[0], last_ms) - 1
    return None


def day_began_ms(place: Place, now: int) -> int:
    """Return the last local midnight."""
    return clocks_showed_ms(place, 0, now)


def clocks_showed_ms(place: Place, minute_of_day: int, now: int) -> int:
    """Return when clocks last came to show this time of day, or a later one by a leap."""
    local_ms = now + _offset_ms(place, _period(place, now))
    shown_ms = local_ms // DAY_MS * DAY_MS + minute_of_day * MINUTE_MS
    return _clocks_showed(place, shown_ms if shown_ms <= local_ms else shown_ms - DAY_MS, now)


def duty_ms(place: Place, shift: Shift | None, span: tuple[int, int]) -> int:
    """Return how much of the span [from_ms, to_ms) lies in hours of duty, to the minute; all of it without a shift."""
    from_ms, to_ms = span
    if shift is None:
        return max(0, to_ms - from_ms)
    return sum(
        min(MINUTE_MS, to_ms - at_ms)
        for at_ms in range(from_ms, to_ms, MINUTE_MS)
        if on_duty(shift, local_minute_of_week(place, at_ms))
    )


def jobs_count_from_ms(place: Place, shift: Shift | None, now: int) -> int:
    """Return since when a crew's jobs are counted: those of this duty, or of this day for who is always on."""
    return shift_began_ms(place, shift, now) or day_began_ms(place, now)


def _window(place: Place, shift: Shift, at_ms: int) -> tuple[int, int] | None:
    """Return the window that holds this moment, in ms of local time."""
    local_ms = at_ms + _offset_ms(place, _period(place, at_ms)) - _MONDAY_MS
    week_ms = local_ms // WEEK_MS * WEEK_MS + _MONDAY_MS
    minute = local_ms // MINUTE_MS % WEEK_MINUTES
    for start, end in shift.windows:
        if start <= minute < end:
            return week_ms + start * MINUTE_MS, week_ms + end * MINUTE_MS
    return None


def _clocks_will_show(place: Place, local_ms: int, from_ms: int) -> int:
    """Return the first moment from then on at which clocks show this time, or a later one where they leap over it."""
    period = _period(place, from_ms)
    while True:
        at_ms = local_ms - _offset_ms(place, period)
        if period + 1 >= len(place.utc_offsets) or at_ms < place.utc_offsets[period + 1][0]:
            return max(at_ms, from_ms)
        period += 1
        from_ms = place.utc_offsets[period][0]


def _clocks_showed(place: Place, local_ms: int, until_ms: int) -> int:
    """Return the last moment up to then at which clocks came to show this time, or a later one by a leap."""
    period = _period(place, until_ms)
    while True:
        at_ms = min(local_ms - _offset_ms(place, period), until_ms)
        if period < 0 or at_ms >= place.utc_offsets[period][0]:
            return at_ms
        until_ms = place.utc_offsets[period][0]
        period -= 1


def _period(place: Place, now: int) -> int:
    """Return which row of the table of offsets holds; -1 before the first."""
    return bisect_right(place.utc_offsets, now, key=lambda row: row[0]) - 1


def _offset_ms(place: Place, period: int) -> int:
    return place.utc_offsets[period][1] if period >= 0 else 0
