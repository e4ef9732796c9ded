"""Which fixes make a drive, and which do not."""

import pytest

from engine.learning import drives
from engine.learning.drives import Drive, DriveFinder


def finder(*fixes: tuple[int, int], row: int = 3, lights: bool = True) -> DriveFinder:
    """Return a finder that has seen a unit at (second, metres east)."""
    found = DriveFinder({})
    for second, east_m in fixes:
        found.see(row, east_m, 0, second * 1000, heading=90, lights=lights)
    return found


def test_a_drive_ends_150_m_farther_on() -> None:
    """From the first fix to the first one far enough, with the times of both; the next begins where it ended."""
    found = finder((0, 0), (5, 60), (10, 120), (15, 180), (40, 400))
    assert found.take(9) == [
        Drive(3, (0, 0), 90, (180, 0), True, 0, 15_000),
        Drive(3, (180, 0), 90, (400, 0), True, 15_000, 40_000),
    ]
    assert found.take(9) == []


def test_a_wait_at_the_lights_is_part_of_the_drive() -> None:
    """Leaving out slow parts would make every street look fast."""
    (found,) = finder((0, 0), (10, 90), (60, 92), (70, 160)).take(9)
    assert (found.from_ms, found.to_ms) == (0, 70_000)


def test_a_crawl_ends_after_two_minutes() -> None:
    """60 m in 115 s is a jam and counts; what follows begins there."""
    found = finder((0, 0), (60, 30), (115, 60), (125, 62), (140, 215))
    assert [(each.from_ms, each.to_ms, each.to_xy[0]) for each in found.take(9)] == [
        (0, 115_000, 60),
        (115_000, 140_000, 215),
    ]


@pytest.mark.parametrize(
    ("fixes", "outcome"),
    [
        (((0, 0), (60, 10), (119, 20), (130, 25)), "standing"),
        (((0, 0), (10, 700)), "jump"),
        (((0, 0), (4, 200)), "too_short"),
    ],
)
def test_what_teaches_nothing_is_counted(fixes: tuple[tuple[int, int], ...], outcome: str) -> None:
    """Who stands, jumps or was seen for a moment only."""
    found = finder(*fixes)
    assert found.take(9) == []
    assert found.counts == {outcome: 1}


def test_a_gap_in_the_feed_begins_anew() -> None:
    """Nobody knows what a unit did in three minutes of silence."""
    found = finder((0, 0), (200, 1_500), (210, 1_700))
    assert [each.from_ms for each in found.take(9)] == [200_000]


def test_who_stops_or_changes_the_way_of_driving_begins_anew() -> None:
    """The part before the change is forgotten, not mixed with the part after it."""
    found = finder((0, 0), (8, 100))
    found.see(3, 200, 0, 16_000, heading=90, lights=False)
    found.stop(3)
    found.see(3, 400, 0, 30_000, heading=90, lights=False)
    assert found.take(9) == []


def test_a_unit_gives_one_drive_in_twenty_seconds() -> None:
    """And the rest is counted."""
    found = finder(*((second, second * 20) for second in range(0, 61, 10)))
    assert [each.to_ms for each in found.take(9)] == [10_000, 30_000, 50_000]
    assert found.counts == {"over_budget": 3}


def test_the_fleet_has_a_budget_for_each_minute_and_a_bounded_queue() -> None:
    """However many units drive."""
    found = DriveFinder({})
    for minute in range(4):
        for row in range(300):
            for second in (0, 20):
                found.see(row, minute * 1000 + second * 10, 0, minute * 60_000 + second * 1000, heading=0, lights=True)
    assert len(found.take(10_000)) == drives.WAITING_MAX
    assert found.counts["over_budget"] >= 4 * 300 - drives.WAITING_MAX
