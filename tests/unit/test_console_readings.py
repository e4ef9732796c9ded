"""What is read for a supervisor: while somebody looks, not too often, and nothing that was forgotten."""

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from engine.model.hours import clocks_showed_ms, duty_ms
from engine.model.place import Shift
from gateways.console.readings import ASKED_MAX, PAGES_MAX, Pages, Reading
from gateways.console.supervisor import shift_began_ms
from gateways.inquiries import NoAnswer
from tests.builders import NOW, small_place

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIDNIGHT = NOW // DAY_MS * DAY_MS


async def test_it_is_read_when_somebody_looks_and_then_rests(autojump_clock: trio.testing.MockClock) -> None:
    """Nobody looks: nothing is read. Many look: once in its time. Who looked during the rest does not count."""
    del autojump_clock
    made = 0

    async def read() -> bytes:
        nonlocal made
        made += 1
        await trio.sleep(3)
        return b"%d" % made

    reading = Reading(read, 60)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reading.run)
        await trio.sleep(1_000)
        assert (made, reading.number) == (0, 0)
        for _ in range(12):
            reading.look()
            await trio.sleep(10)
        assert (made, reading.content, reading.took_s) == (2, b"2", 3.0)
        await trio.sleep(1_000)
        assert made == 2
        nursery.cancel_scope.cancel()


async def test_a_failure_is_told_and_rests_as_well(autojump_clock: trio.testing.MockClock) -> None:
    """The last good answer stays; the next attempt takes the reason away."""
    del autojump_clock
    answers: list[bytes | Exception] = [
        b"good",
        NoAnswer("too_long", "", "The journal is long."),
        msgspec.DecodeError("no JSON"),
        b"better",
    ]

    async def read() -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    reading = Reading(read, 60)
    seen = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reading.run)
        for _ in range(4):
            reading.look()
            await trio.sleep(61)
            seen.append((reading.content, reading.reason, reading.number))
        nursery.cancel_scope.cancel()
    strange = "The process that reads it said something else than was asked (no JSON)."
    assert seen == [
        (b"good", "", 1),
        (b"good", "The journal is long.", 1),
        (b"good", strange, 1),
        (b"better", "", 2),
    ]


async def test_what_was_forgotten_is_kept_no_longer(autojump_clock: trio.testing.MockClock) -> None:
    """Neither what stands, nor what is being read at that moment."""
    del autojump_clock

    async def read() -> bytes:
        await trio.sleep(5)
        return b"a reason"

    reading = Reading(read, 60)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reading.run)
        reading.look()
        await trio.sleep(2)
        reading.drop()
        await trio.sleep(10)
        assert (reading.content, reading.number) == (b"", 1)
        await trio.sleep(60)
        reading.look()
        await trio.sleep(6)
        assert reading.content == b"a reason"
        reading.drop()
        assert reading.content == b""
        nursery.cancel_scope.cancel()


async def test_pages_are_made_once_and_few_are_held() -> None:
    """A run that was kept again has another page; a failure is told once and tried again."""
    asked: list[str] = []

    async def make(name: str) -> bytes:
        asked.append(name)
        if name == "broken.run":
            raise NoAnswer("unreadable", "", "is damaged")
        if name == "strange.run":
            return b"Warning: no page"
        return b'{"policy": "p", "page": "<p>"}'

    pages = Pages(make)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pages.run)
        for key in (("a.run", 1), ("a.run", 2), ("broken.run", 1)):
            assert pages.get(key) is None
            await wait_all_tasks_blocked()
        made = pages.get(("a.run", 1))
        assert made is not None
        assert (made.policy, made.page) == ("p", "<p>")
        with pytest.raises(NoAnswer, match="is damaged"):
            pages.get(("broken.run", 1))
        assert pages.get(("broken.run", 1)) is None
        await wait_all_tasks_blocked()
        assert asked == ["a.run", "a.run", "broken.run", "broken.run"]
        assert pages.get(("strange.run", 1)) is None
        await wait_all_tasks_blocked()
        with pytest.raises(NoAnswer, match="something else than was asked"):
            pages.get(("strange.run", 1))
        for number in range(PAGES_MAX):
            pages.get((f"b{number}.run", 1))
            await wait_all_tasks_blocked()
        assert pages.get(("a.run", 1)) is None
        nursery.cancel_scope.cancel()


async def test_too_many_pages_at_once_are_refused() -> None:
    """Nobody makes them here, so they wait."""

    async def make(name: str) -> bytes:
        raise AssertionError(name)

    pages = Pages(make)
    for number in range(ASKED_MAX):
        assert pages.get((f"{number}.run", 1)) is None
    with pytest.raises(NoAnswer, match="Many pages"):
        pages.get(("more.run", 1))


def test_a_shift_begins_at_the_latest_of_its_times() -> None:
    """By local time, also over midnight, and on the day on which clocks change."""
    place = small_place(utc_offsets=((0, -6 * HOUR_MS),))
    starts = ("07:00", "19:00")
    seven = MIDNIGHT + 13 * HOUR_MS
    assert shift_began_ms(place, starts, seven) == seven
    assert shift_began_ms(place, starts, seven - 1) == seven - 12 * HOUR_MS
    assert shift_began_ms(place, starts, seven + 11 * HOUR_MS) == seven
    assert shift_began_ms(place, ("07:00",), seven - 1) == seven - DAY_MS
    leap = seven - 5 * HOUR_MS
    changed = small_place(utc_offsets=((0, -6 * HOUR_MS), (leap, -5 * HOUR_MS)))
    assert shift_began_ms(changed, starts, seven) == seven - HOUR_MS
    assert shift_began_ms(changed, starts, seven - HOUR_MS - 1) == seven - 12 * HOUR_MS
    assert clocks_showed_ms(place, 0, MIDNIGHT) == MIDNIGHT - 18 * HOUR_MS


def test_hours_of_duty_within_a_span() -> None:
    """To the minute; all of it for who is always on."""
    place = small_place()
    monday = MIDNIGHT - (MIDNIGHT // DAY_MS + 3) % 7 * DAY_MS
    day = Shift("day", ((7 * 60, 19 * 60),))
    assert duty_ms(place, None, (monday, monday + DAY_MS)) == DAY_MS
    assert duty_ms(place, day, (monday, monday + DAY_MS)) == 12 * HOUR_MS
    assert duty_ms(place, day, (monday + 18 * HOUR_MS, monday + 20 * HOUR_MS)) == HOUR_MS
    assert duty_ms(place, day, (monday + DAY_MS, monday + 2 * DAY_MS)) == 0
