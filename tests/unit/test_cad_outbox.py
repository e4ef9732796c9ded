"""What waits for one client: replies never get lost, deltas may at a price, positions always do but the latest."""

from collections.abc import Callable

import trio
from trio.testing import wait_all_tasks_blocked

from gateways.cad.messages import Positions, decode_server, encode
from gateways.cad.outbox import HELPING, Helping, Outbox
from gateways.views import PositionView


def everything(outbox: Outbox) -> list[str]:
    texts = []
    while (text := outbox.take()) is not None:
        texts.append(text)
    return texts


def helping(at_ms: int, *units: str) -> Helping:
    message = Positions(at_ms=at_ms, units=tuple(PositionView(unit, 41.5, -90.5, at_ms, None, None) for unit in units))
    return Helping(message, encode(message))


async def test_replies_and_deltas_keep_their_order_and_positions_come_last() -> None:
    """One queue, and behind it the positions, as they were encoded for everyone."""
    outbox = Outbox(10, 100)
    moved = helping(1, "M1", "M2")
    outbox.positions(moved)
    outbox.reply("answer")
    assert outbox.delta("delta", 5)
    outbox.reply("refused")
    texts = everything(outbox)
    assert texts == ["answer", "delta", "refused", moved.text]
    assert texts[-1] is moved.text


async def test_of_positions_only_the_latest_of_each_unit_waits() -> None:
    """However many helpings a slow client leaves lying, it gets one position a unit, the newest, in messages of size."""
    outbox = Outbox(10, 100)
    names = [f"U{n}" for n in range(HELPING + 20)]
    for at_ms in range(1, 50):
        outbox.positions(helping(at_ms, *names[:HELPING]))
        outbox.positions(helping(at_ms, *names[HELPING:]))
    told = [decode_server(text) for text in everything(outbox)]
    assert len(told) == 2
    views = [view for message in told if isinstance(message, Positions) for view in message.units]
    assert sorted(view.unit for view in views) == sorted(names)
    assert {view.fix_ms for view in views} == {49}
    outbox.positions(helping(50, "U1"))
    assert len(everything(outbox)) == 1


async def test_too_many_deltas_drop_the_deltas_alone() -> None:
    """An overflow by count leaves replies in place, is told once, and takes no delta until the client starts over."""
    outbox = Outbox(3, 1_000)
    outbox.reply("answer 1")
    assert all(outbox.delta(f"delta {n}", 1) for n in range(3))
    outbox.reply("answer 2")
    assert not outbox.delta("one too many", 1)
    assert outbox.behind
    assert outbox.delta("left out quietly", 1)
    assert everything(outbox) == ["answer 1", "answer 2"]
    outbox.behind = False
    assert outbox.delta("delta 9", 1)
    assert everything(outbox) == ["delta 9"]


async def test_too_many_bytes_overflow_as_well_and_what_was_taken_frees_its_room() -> None:
    """Bytes of waiting deltas are bounded; those that were sent do not count."""
    outbox = Outbox(100, 10)
    assert outbox.delta("a", 6)
    assert outbox.take() == "a"
    assert outbox.delta("b", 6)
    assert not outbox.delta("c", 6)


async def test_replies_beyond_the_limit_crowd_the_box_until_taken() -> None:
    """The reader is told to hold back, and woken when something has been sent."""
    outbox = Outbox(2, 10)
    crowded = []
    for text in "12":
        outbox.reply(text)
        crowded.append(outbox.crowded)
    assert crowded == [False, True]
    eased = []

    async def hold_back() -> None:
        await outbox.eased()
        eased.append(outbox.crowded)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold_back)
        await wait_all_tasks_blocked()
        assert not eased
        outbox.take()
    assert eased == [False]


async def test_a_closed_box_gives_out_what_waits_and_takes_no_more() -> None:
    """The goodbye is the last thing said."""
    outbox = Outbox(10, 10)
    outbox.reply("bye")
    outbox.positions(helping(1, "M1"))
    outbox.close()
    outbox.reply("late")
    assert outbox.delta("late", 1)
    outbox.positions(helping(2, "M1"))
    await outbox.wait()
    assert everything(outbox) == ["bye"]


async def test_a_sleeping_writer_wakes_for_each_kind() -> None:
    """Reply, delta, positions, overflow and close each end the wait."""
    wakes: tuple[Callable[[Outbox], object], ...] = (
        lambda box: box.reply("r"),
        lambda box: box.delta("d", 1),
        lambda box: box.delta("too large", 2),
        lambda box: box.positions(helping(1, "M1")),
        lambda box: box.close(),
    )
    for wake in wakes:
        outbox = Outbox(1, 1)
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outbox.wait)
                await wait_all_tasks_blocked()
                wake(outbox)
