"""Frames made by hand are frames, and several senders never mix theirs."""

import socket
from collections.abc import AsyncIterator
from math import inf

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked
from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode

from gateways.cad.wire import SLICE, Wire, close_frame, frame

Pair = tuple[Wire, trio.SocketStream]
PONG = FrameProtocol(client=False, extensions=[]).pong(b"p")
CLOSE = FrameProtocol(client=False, extensions=[]).close(CloseReason.GOING_AWAY, "bye")


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_frame_is_what_the_library_would_send(length: int) -> None:
    """Byte for byte, at every boundary of the length field."""
    payload = "ä" * (length // 2) + "a" * (length % 2)
    assert frame(payload.encode()) == FrameProtocol(client=False, extensions=[]).send_data(payload, fin=True)


def small_pair() -> Pair:
    """Return a wire and its other end; little fits between them."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    streams = [trio.SocketStream(trio.socket.from_stdlib_socket(each)) for each in (ours, theirs)]
    return Wire(streams[0]), streams[1]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = small_pair()
    yield made
    for stream in (made[0]._stream, made[1]):
        await trio.aclose_forcefully(stream)


def told(received: bytes) -> list[str]:
    """Return what the frames say; a control frame is told by its name."""
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(received)
    texts = [""]
    for part in protocol.received_frames():
        if part.opcode is not Opcode.TEXT:
            assert texts[-1] == "", "a control frame stands within a text frame"
            texts[-1:] = [part.opcode.name, ""]
            continue
        texts[-1] += str(part.payload)
        if part.message_finished:
            texts.append("")
    assert texts.pop() == "", "the last frame is not whole"
    return texts


async def read(stream: trio.SocketStream, length: int) -> bytes:
    received = b""
    with trio.fail_after(120):
        while len(received) < length:
            received += await stream.receive_some(10_000)
    return received


async def test_frames_of_two_senders_are_not_mixed(pair: Pair) -> None:
    """A pong of the library waits until a frame of many slices is out."""
    wire, theirs = pair
    large = frame(b"x" * (3 * SLICE))
    with trio.CancelScope() as patience:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.send_frames, large, patience, 5.0)
            await wait_all_tasks_blocked()
            assert not wire.is_free
            nursery.start_soon(wire.send_all, PONG)
            received = await read(theirs, len(large) + len(PONG))
        assert patience.deadline == inf
    assert told(received) == ["x" * (3 * SLICE), "PONG"]
    assert wire.is_free


async def test_what_the_socket_takes_at_once_needs_nobody(pair: Pair) -> None:
    """A frame that fits is out when `send_now` returns."""
    wire, theirs = pair
    assert wire.send_now(frame(b"a") + frame(b"b"))
    assert wire.is_free
    assert told(await read(theirs, 6)) == ["a", "b"]


async def test_the_rest_of_a_frame_goes_before_anything_else(pair: Pair) -> None:
    """Whether the library or the writer is the next to send; and a send that was cancelled has lost no byte."""
    wire, theirs = pair
    large = frame(b"x" * 300_000)
    assert not wire.send_now(large)
    assert not wire.is_free
    with trio.move_on_after(0.01) as hurry:
        await wire.send_all(PONG)
    assert hurry.cancelled_caught
    with trio.CancelScope() as patience:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.send_all, PONG)
            await wait_all_tasks_blocked()
            nursery.start_soon(wire.send_frames, frame(b"y"), patience, 5.0)
            received = await read(theirs, len(large) + len(PONG) + 3)
    assert told(received) == ["x" * 300_000, "PONG", "y"]


async def test_nothing_of_ours_follows_a_close_frame(pair: Pair) -> None:
    """Once the library has closed, frames are refused, however they are sent."""
    wire, theirs = pair
    await wire.send_all(CLOSE)
    assert not wire.is_free
    with trio.CancelScope() as patience, pytest.raises(trio.ClosedResourceError):
        await wire.send_frames(frame(b"late"), patience, 5.0)
    await wire.aclose()
    assert told(await theirs.receive_some(1000)) == ["CLOSE"]


@pytest.mark.parametrize("says", [True, False])
async def test_last_words_are_said_where_the_library_says_none(pair: Pair, says: bool) -> None:
    """Once: after a close frame of the library there are none."""
    wire, theirs = pair
    wire.last_words = lambda: close_frame(1002, "ü" * 100)
    if says:
        await wire.send_all(CLOSE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wire.aclose)
        nursery.start_soon(wire.aclose)
    received = b""
    while data := await theirs.receive_some(1000):
        received += data
    assert told(received) == ["CLOSE"]
    assert (int.from_bytes(received[2:4], "big") == 1002) is not says
    with pytest.raises(trio.ClosedResourceError):
        await wire.receive_some(10)


async def test_a_lost_connection_is_told_by_the_next_send(pair: Pair) -> None:
    """`send_now` says only that it did not take all."""
    wire, theirs = pair
    await theirs.aclose()
    while wire.is_free and wire.send_now(frame(b"x" * 1000)):
        pass
    with trio.CancelScope() as patience, pytest.raises(trio.BrokenResourceError):
        await wire.send_frames(b"", patience, 5.0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["now", "frames", "library"]), st.integers(0, 20_000), st.booleans()),
        min_size=1,
        max_size=25,
    )
)
def test_whoever_sends_and_is_cancelled_the_stream_stays_whole(steps: list[tuple[str, int, bool]]) -> None:
    """Any mixture of senders, sizes and cancellations, with a reader that starts late: whole frames, each once, in order."""

    async def run() -> list[str]:
        wire, theirs = small_pair()
        for number, (kind, length, hasty) in enumerate(steps):
            await send(wire, kind, frame(f"{number}:".encode() + b"x" * length), hasty=hasty)
        received = b""

        async def listen() -> None:
            nonlocal received
            while data := await theirs.receive_some(10_000):
                received += data

        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen)
                with trio.CancelScope() as patience:
                    await wire.send_frames(frame(b"last"), patience, 20.0)
                await wire.aclose()
        for stream in (wire._stream, theirs):
            await trio.aclose_forcefully(stream)
        return told(received)

    texts = trio.run(run)
    assert texts[-1] == "last"
    numbers = [int(text.split(":")[0]) for text in texts[:-1]]
    assert numbers == sorted(set(numbers))
    assert all(text == f"{number}:" + "x" * steps[number][1] for number, text in zip(numbers, texts, strict=False))


async def send(wire: Wire, kind: str, data: bytes, *, hasty: bool) -> None:
    """Send in one of the three ways, with no or little time for it."""
    if kind == "now":
        if wire.is_free:
            wire.send_now(data)
        return
    with trio.move_on_after(0.0 if hasty else 0.002) as patience:
        if kind == "frames":
            await wire.send_frames(data, trio.CancelScope(), 5.0)
        else:
            await wire.send_all(data)
    del patience
