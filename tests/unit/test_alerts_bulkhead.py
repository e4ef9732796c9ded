"""One endpoint's queue, workers and breaker, with a channel that does as it is told."""

from collections.abc import Awaitable, Callable

import trio
from test_alerts_logfile import message
from trio.testing import MockClock, wait_all_tasks_blocked

from engine.model.alert_facts import Purpose
from gateways.alerts import Endpoint, LogFile
from gateways.alerts.breaker import Breaker
from gateways.alerts.bulkhead import Bulkhead, Request
from gateways.alerts.channel import NOBODY, Copy, Outcome
from gateways.alerts.message import Message

DELIVERED = Outcome(delivered=True)
FAILED = Outcome(delivered=False, detail="HTTP 500")


def request(number: int) -> Request:
    return Request(f"A{number}", Purpose.DISPATCH, 0, 1)


class Room:
    """The office and the sender of one bulkhead, and what they saw."""

    def __init__(self, behave: Callable[[Message], Awaitable[Outcome]], *, workers: int = 1, queue: int = 100) -> None:
        self.behave = behave
        self.sent: list[str] = []
        self.reports: list[tuple[str, Outcome]] = []
        self.over: set[str] = set()
        endpoint = Endpoint(name="pager", channel=LogFile(path="unused"), workers=workers, queue=queue)
        self.bulkhead = Bulkhead(endpoint, self, Breaker(failures=3, rest_s=10))

    def compose(self, given: Request) -> Message | None:
        if given.alert == "A13":
            raise RuntimeError("planted")
        return None if given.alert in self.over else message(int(given.alert[1:]))

    async def report(self, endpoint: str, given: Request, outcome: Outcome) -> None:
        assert endpoint == "pager"
        self.reports.append((given.alert, outcome))

    def since_s(self, at_ms: int) -> float:
        assert at_ms == message().created_ms
        return 0.25

    async def send(self, given: Message, copy: Copy = NOBODY) -> Outcome:
        assert copy is NOBODY
        self.sent.append(given.alert)
        return await self.behave(given)

    async def work(self, *numbers: int) -> None:
        """Queue these and work until all tasks wait."""
        async with trio.open_nursery() as nursery:
            for _ in range(self.bulkhead.endpoint.workers):
                nursery.start_soon(self.bulkhead.work, self)
            for number in numbers:
                assert self.bulkhead.offer(request(number))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()


async def take(_message: Message) -> Outcome:
    return DELIVERED


async def refuse(_message: Message) -> Outcome:
    return FAILED


async def hang(_message: Message) -> Outcome:
    await trio.sleep_forever()


async def crash(_message: Message) -> Outcome:
    raise KeyError("a fault of the channel")


async def test_each_request_is_tried_and_reported() -> None:
    """In order, counted, with the time since the decision."""
    room = Room(take)
    await room.work(1, 2)
    assert room.reports == [("A1", DELIVERED), ("A2", DELIVERED)]
    counts = room.bulkhead.counts
    assert (counts.attempts, counts.delivered, counts.failed) == (2, 2, 0)
    assert list(counts.first_attempt_s) == list(counts.delivered_s) == [0.25, 0.25]


async def test_an_exception_is_a_failed_attempt_with_its_text() -> None:
    """Whether the channel broke or the message could not be composed; the worker goes on."""
    room = Room(crash)
    await room.work(1, 13)
    assert [outcome.detail for _, outcome in room.reports] == [
        "KeyError: 'a fault of the channel'",
        "RuntimeError: planted",
    ]
    room.behave = take
    await room.work(2)
    assert room.reports[-1] == ("A2", DELIVERED)


async def test_stale_requests_are_passed_over() -> None:
    """Neither sent nor reported."""
    room = Room(take)
    room.over = {"A2"}
    await room.work(1, 2, 3)
    assert room.sent == ["A1", "A3"]
    assert [alert for alert, _ in room.reports] == ["A1", "A3"]
    assert room.bulkhead.counts.stale == 1


async def test_a_full_queue_says_so_at_once() -> None:
    """Counted as not tried; nothing waits."""
    room = Room(take, queue=2)
    assert [room.bulkhead.offer(request(number)) for number in (1, 2, 3)] == [True, True, False]
    found = room.bulkhead.statistics()
    assert (found.depth, found.capacity, found.counts.not_tried) == (2, 2, 1)


async def test_several_are_tried_at_the_same_time() -> None:
    """As many as there are workers and no more."""
    room = Room(hang, workers=3)
    await room.work(1, 2, 3, 4)
    assert sorted(room.sent) == ["A1", "A2", "A3"]
    assert room.bulkhead.statistics().depth == 1


async def test_the_breaker_spares_an_endpoint_that_fails(mock_clock: MockClock) -> None:
    """After three failures nothing is sent for ten seconds, then one probe; its success lets all through again."""
    room = Room(refuse)
    await room.work(1, 2, 3, 4, 5)
    assert room.sent == ["A1", "A2", "A3"]
    assert room.bulkhead.statistics().breaker_open
    assert all("not tried: 3 attempts" in outcome.detail for _, outcome in room.reports[3:])
    assert (room.bulkhead.counts.failed, room.bulkhead.counts.not_tried) == (3, 2)
    mock_clock.jump(10)
    room.behave = take
    await room.work(6, 7)
    assert room.sent[3:] == ["A6", "A7"]
    assert not room.bulkhead.statistics().breaker_open


async def test_a_crashed_probe_is_a_failed_one(mock_clock: MockClock) -> None:
    """The breaker does not wait for ever for its answer."""
    room = Room(refuse)
    await room.work(1, 2, 3)
    room.behave = crash
    mock_clock.jump(10)
    await room.work(4)
    room.behave = take
    mock_clock.jump(10)
    await room.work(5)
    assert room.reports[-1] == ("A5", DELIVERED)


async def test_a_channel_that_forgets_its_time_is_cut_off(mock_clock: MockClock) -> None:
    """A second after its own limit."""
    room = Room(hang)
    room.bulkhead.offer(request(1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.bulkhead.work, room)
        for seconds, reports in ((0, 0), (5.9, 0), (0.2, 1)):
            mock_clock.jump(seconds)
            await wait_all_tasks_blocked()
            assert len(room.reports) == reports
        nursery.cancel_scope.cancel()
    assert room.reports == [("A1", Outcome(delivered=False, detail="cut off after 6 s"))]


async def test_a_wrong_number_is_no_mark_against_the_endpoint() -> None:
    """However many there are in a row, the next copy is tried."""

    async def refuse_it(_message: Message) -> Outcome:
        return Outcome(delivered=False, detail="no such number", only_this=True)

    room = Room(refuse_it)
    await room.work(*range(1, 8))
    assert len(room.sent) == 7
    assert not room.bulkhead.breaker.open
    assert room.bulkhead.counts.failed == 7
