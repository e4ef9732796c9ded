"""Hours of duty and local time: what people write is what the engine keeps."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.places.hours import DAY, WEEK, Windows, format_windows, parse_windows
from gateways.places.timezones import utc_offsets

H = 60


@pytest.mark.parametrize(
    ("texts", "windows"),
    [
        (["Mon 07:00-19:00"], ((7 * H, 19 * H),)),
        (["Mon-Tue 07:00-19:00"], ((7 * H, 19 * H), (DAY + 7 * H, DAY + 19 * H))),
        (["Mon,Wed 8:00-9:00"], ((8 * H, 9 * H), (2 * DAY + 8 * H, 2 * DAY + 9 * H))),
        (["daily 00:00-24:00"], ((0, WEEK),)),
        (["Sun 19:00-07:00"], ((0, 7 * H), (6 * DAY + 19 * H, WEEK))),
        (["Sat-Mon 10:00-11:00"], ((10 * H, 11 * H), (5 * DAY + 600, 5 * DAY + 660), (6 * DAY + 600, 6 * DAY + 660))),
        (["Mon 08:00-12:00", "Mon 12:00-16:00"], ((8 * H, 16 * H),)),
        (["mon 08:00 - 12:00"], ((8 * H, 12 * H),)),
    ],
)
def test_hours_are_minutes_of_the_local_week(texts: list[str], windows: Windows) -> None:
    """Nights run over midnight, a Sunday night over the week's end, and touching spans join."""
    assert parse_windows(texts) == windows


@pytest.mark.parametrize(
    "text", ["", "07:00-19:00", "Mon 7-19", "Mun 07:00-19:00", "Mon 25:00-26:00", "Mon 07:60-08:00"]
)
def test_what_is_no_hours_is_refused(text: str) -> None:
    """The message repeats what was written."""
    with pytest.raises(ValueError, match=r"is not (understood|a day|a time of day)"):
        parse_windows([text])


def in_window(windows: Windows, minute: int) -> bool:
    return any(start <= minute < end for start, end in windows)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(0, 1440)), max_size=5))
def test_parsed_hours_are_those_of_a_minute_by_minute_clock(spans: list[tuple[int, int, int]]) -> None:
    """The slow and obvious way: step through each span on a clock that wraps at the week's end."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    texts = [f"{days[d]} {a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for d, a, b in spans]
    windows = parse_windows(texts)
    on = set()
    for day, start, end in spans:
        length = end - start if end > start else end - start + DAY
        on |= {(day * DAY + start + step) % WEEK for step in range(length)}
    assert {minute for start, end in windows for minute in range(start, end)} == on
    assert list(windows) == sorted(windows)
    assert all(a[1] < b[0] for a, b in pairwise(windows))


@given(st.lists(st.tuples(st.integers(0, WEEK - 1), st.integers(1, WEEK)), max_size=6))
def test_written_hours_read_back_as_the_same_windows(spans: list[tuple[int, int]]) -> None:
    """format then parse gives the windows again, whatever their length."""
    on = {minute for start, length in spans for minute in range(start, min(start + length, WEEK))}
    edges = sorted(minute for minute in on if minute - 1 not in on)
    windows = tuple((start, next(m for m in range(start, WEEK + 1) if m not in on)) for start in edges)
    assert parse_windows(format_windows(windows)) == windows


def test_equal_days_are_written_together() -> None:
    """People read "Mon-Fri", not five lines."""
    texts = ["Mon-Fri 07:00-19:00", "Sat,Sun 10:00-04:00"]
    assert format_windows(parse_windows(texts)) == texts
    assert format_windows(parse_windows(["daily 19:00-07:00"])) == ["daily 19:00-07:00"]


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Africa/Casablanca", "Etc/UTC"]
)
def test_the_offset_table_agrees_with_the_time_zone_database(zone: str) -> None:
    """Looked up at every sixth hour of twenty years, and on both sides of each change."""
    table = utc_offsets(zone)
    assert list(table) == sorted(table)
    start = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    moments = [*range(start, start + 20 * 365 * 86_400, 21_600 * 5), *(ms // 1000 for ms, _ in table)]
    moments += [ms // 1000 - 1 for ms, _ in table[1:]]
    for moment in moments:
        expected = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
        assert expected is not None
        assert [offset for from_ms, offset in table if from_ms <= moment * 1000][-1] == expected.total_seconds() * 1000


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "America"])
def test_an_unknown_zone_is_refused_by_name(zone: str) -> None:
    """Also where the name is a folder or leads out of the database."""
    with pytest.raises(ValueError, match="is not known here"):
        utc_offsets(zone)
