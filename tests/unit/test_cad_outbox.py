"""What waits for one client: replies never get lost, deltas may at a price, positions always do but the latest."""

import trio
from trio.testing import wait_all_tasks_blocked

from gateways.cad.messages import Positions, decode_server, frame_of
from gateways.cad.outbox import HELPING, TOGETHER, Helping, Outbox
from gateways.views import PositionView
from tests.builders import unframed


def everything(outbox: Outbox) -> list[bytes]:
    taken = []
    while frames := outbox.take():
        taken += frames
    return taken


def helping(at_ms: int, *units: str) -> Helping:
    message = Positions(at_ms=at_ms, units=tuple(PositionView(unit, 41.5, -90.5, at_ms, None, None) for unit in units))
    return Helping(message, frame_of(message))


async def test_replies_and_deltas_keep_their_order_and_positions_come_last() -> None:
    """One queue, and behind it the positions, as they were encoded for everyone."""
    outbox = Outbox(10, 100)
    moved = helping(1, "M1", "M2")
    outbox.positions(moved)
    outbox.reply(b"answer")
    assert outbox.delta(b"delta")
    outbox.reply(b"refused")
    texts = everything(outbox)
    assert texts == [b"answer", b"delta", b"refused", moved.frame]
    assert texts[-1] is moved.frame


async def test_of_positions_only_the_latest_of_each_unit_waits() -> None:
    """However many helpings a slow client leaves lying, it gets one position a unit, the newest, in messages of size."""
    outbox = Outbox(10, 100)
    names = [f"U{n}" for n in range(HELPING + 20)]
    for at_ms in range(1, 50):
        outbox.positions(helping(at_ms, *names[:HELPING]))
        outbox.positions(helping(at_ms, *names[HELPING:]))
    told = [decode_server(unframed(frame)) for frame in everything(outbox)]
    assert len(told) == 2
    views = [view for message in told if isinstance(message, Positions) for view in message.units]
    assert sorted(view.unit for view in views) == sorted(names)
    assert {view.fix_ms for view in views} == {49}
    outbox.positions(helping(50, "U1"))
    assert len(everything(outbox)) == 1


async def test_too_many_deltas_drop_the_deltas_alone() -> None:
    """An overflow by count leaves replies in place, is told once, and takes no delta until the client starts over."""
    outbox = Outbox(3, 1_000)
    outbox.reply(b"answer 1")
    assert all(outbox.delta(b"delta %d" % n) for n in range(3))
    outbox.reply(b"answer 2")
    assert not outbox.delta(b"one too many")
    assert outbox.behind
    assert outbox.delta(b"left out quietly")
    assert everything(outbox) == [b"answer 1", b"answer 2"]
    outbox.behind = False
    assert outbox.delta(b"delta 9")
    assert everything(outbox) == [b"delta 9"]


async def test_too_many_bytes_overflow_as_well_and_what_was_taken_frees_its_room() -> None:
    """Bytes of waiting deltas are bounded; those that were sent do not count."""
    outbox = Outbox(100, 10)
    assert outbox.delta(b"first!")
    assert outbox.take() == [b"first!"]
    assert outbox.delta(b"second")
    assert not outbox.delta(b"third")


async def test_what_waits_is_sent_together_up_to_a_size() -> None:
    """Small frames go in one send; a large one goes alone, as the object that all clients share."""
    outbox = Outbox(100, 1 << 20)
    large = b"x" * TOGETHER
    for frame in (b"1", b"2", large, b"3", b"4"):
        outbox.reply(frame)
    assert outbox.take() == [b"1", b"2"]
    alone = outbox.take()
    assert len(alone) == 1
    assert b"".join(alone) is large
    assert outbox.take() == [b"3", b"4"]
    assert outbox.take() == []


async def test_replies_beyond_the_limit_crowd_the_box_until_taken() -> None:
    """The reader is told to hold back, and woken when something has been sent."""
    outbox = Outbox(2, 10)
    crowded = []
    for frame in (b"1", b"2"):
        outbox.reply(frame)
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
    outbox.reply(b"bye")
    outbox.positions(helping(1, "M1"))
    outbox.close()
    outbox.reply(b"late")
    assert outbox.delta(b"late")
    outbox.positions(helping(2, "M1"))
    assert everything(outbox) == [b"bye"]
