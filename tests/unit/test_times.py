"""What people mean by a time, in the place's own clock."""

import pytest

from gateways.times import local, moment

HOUR = 3_600_000
NOON = 1_764_331_200_000
"""2025-11-28 12:00:00 UTC."""
CHICAGO = ((0, -6 * HOUR),)
CHANGE = 1_761_440_400_000
"""2025-10-26 01:00 UTC: summer time ends in Berlin, 03:00 becomes 02:00."""
BERLIN = ((0, 2 * HOUR), (CHANGE, HOUR))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-28 06:00", NOON),
        ("2025-11-28T06:00:07", NOON + 7_000),
        (" 2025-11-28T12:00:00Z ", NOON),
        ("5:59", NOON - 60_000),
        ("06:00", NOON),
        ("06:01", NOON + 60_000 - 24 * HOUR),
    ],
)
def test_a_time_is_local_and_lies_in_the_past_where_no_day_is_named(text: str, expected: int) -> None:
    """At noon UTC it is six in the morning there."""
    assert moment(text, CHICAGO, NOON) == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "25:00", "12:60", "12:00:61", "2025-02-30 12:00", "0000-01-01 10:00", "2025-11-28", "12.30", "1" * 60],
)
def test_what_is_no_time_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert moment(text, CHICAGO, NOON) is None


def test_an_hour_that_comes_twice_is_the_first_one_and_every_moment_has_a_name() -> None:
    """Where clocks are set back; a place without a table keeps UTC."""
    assert moment("2025-10-26 02:30", BERLIN, NOON) == CHANGE - HOUR // 2
    assert moment("2025-10-26 03:00", BERLIN, NOON) == CHANGE + HOUR
    assert moment("2025-11-28 12:00", (), NOON) == NOON
    night = CHANGE + 2 * HOUR
    assert moment("23:30", BERLIN, night) == CHANGE - 3 * HOUR - HOUR // 2  # of the day before, by that day's offset
    assert moment("23:30Z", BERLIN, night) == CHANGE - HOUR - HOUR // 2
    assert local(CHANGE, BERLIN) == "02:00:00 on 26 Oct 2025"
    assert local(CHANGE - 1_000, BERLIN) == "02:59:59 on 26 Oct 2025"
