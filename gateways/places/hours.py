"""Hours of duty as people write them, "Mon-Fri 07:00-19:00", and as the engine keeps them: minutes of the local week.

Rule: windows are half-open, sorted, disjoint and inside one week; what crosses Sunday midnight is two windows.
"""

import re
from collections.abc import Iterable

DAY, WEEK = 1440, 10_080
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Windows = tuple[tuple[int, int], ...]

_FORM = re.compile(r"(?P<days>\S+)\s+(?P<from>\d\d?:\d\d)\s*-\s*(?P<to>\d\d?:\d\d)")
HELP = 'write it like "Mon-Fri 07:00-19:00", "Sat,Sun 10:00-22:00" or "daily 19:00-07:00"'


def parse_windows(texts: Iterable[str]) -> Windows:
    """Return the windows that the texts describe together. Raises ValueError naming what cannot be read."""
    spans: list[tuple[int, int]] = []
    for text in texts:
        form = _FORM.fullmatch(text.strip())
        if form is None:
            raise ValueError(f'"{text}" is not understood; {HELP}')
        start, end = _minutes(form["from"]), _minutes(form["to"])
        length = end - start if end > start else end - start + DAY
        for day in _days(form["days"]):
            spans.extend(_within_week(day * DAY + start, length))
    return joined(spans)


def _minutes(clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    if hour * 60 + minute > DAY or minute > 59:
        raise ValueError(f'"{clock}" is not a time of day; hours run from 00:00 to 24:00')
    return hour * 60 + minute


def _days(text: str) -> list[int]:
    """Return the days that "daily", "Mon-Fri" or "Sat,Sun" names; Monday is 0."""
    if text.lower() == "daily":
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = _day(first), _day(last or first)
        days += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return days


def _day(name: str) -> int:
    day = name.strip().capitalize()
    if day not in DAYS:
        raise ValueError(f'"{name}" is not a day; days are {", ".join(DAYS)} or daily')
    return DAYS.index(day)


def _within_week(start: int, length: int) -> list[tuple[int, int]]:
    """Cut a span at the end of the week."""
    start, end = start % WEEK, start % WEEK + length
    return [(start, end)] if end <= WEEK else [(start, WEEK), (0, end - WEEK)]


def joined(spans: Iterable[tuple[int, int]]) -> Windows:
    """Sort the spans and join those that touch."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def format_windows(windows: Windows) -> list[str]:
    """Return texts that `parse_windows` reads as these windows, days of equal hours together."""
    spans = list(windows)
    if len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == WEEK:
        # One night over Sunday midnight, not two pieces.
        spans[-1] = (spans[-1][0], WEEK + spans.pop(0)[1])
    days_of: dict[tuple[int, int], list[int]] = {}
    for first, end in spans:
        for start in range(first, end, DAY):
            hours = (start % DAY, min(end - start, DAY))
            days_of.setdefault(hours, []).append(start // DAY % 7)
    return [
        f"{_day_names(sorted(days))} {_clock(start)}-{_clock(_end_of(start, length))}"
        for (start, length), days in days_of.items()
    ]


def _end_of(start: int, length: int) -> int:
    end = start + length
    return end if end <= DAY else end - DAY


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _day_names(days: list[int]) -> str:
    """Return "daily", "Mon-Fri" or "Tue,Thu"."""
    if len(days) == 7:
        return "daily"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ",".join(DAYS[day] for day in days)
