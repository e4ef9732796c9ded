"""Frames made by hand are frames, and several senders never mix theirs."""

from math import inf

import pytest
import trio
from trio.testing import lockstep_stream_pair, wait_all_tasks_blocked
from wsproto.frame_protocol import FrameProtocol, Opcode

from gateways.cad.wire import SLICE, Wire, frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_frame_is_what_the_library_would_send(length: int) -> None:
    """Byte for byte, at every boundary of the length field."""
    payload = "ä" * (length // 2) + "a" * (length % 2)
    assert frame(payload.encode()) == FrameProtocol(client=False, extensions=[]).send_data(payload, fin=True)


async def test_frames_of_two_senders_are_not_mixed() -> None:
    """A pong of the library waits until a frame of many slices is out."""
    ours, theirs = lockstep_stream_pair()  # a send lasts until the other side has read
    wire = Wire(ours)  # type: ignore[arg-type]  # any stream does
    large = frame(b"x" * (3 * SLICE))
    received = b""
    with trio.CancelScope() as patience:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.send_frames, large, patience, 5.0)
            await wait_all_tasks_blocked()
            nursery.start_soon(wire.send_all, frame(b"pong"))
            while len(received) < len(large) + 6:
                received += await theirs.receive_some(10_000)
        assert patience.deadline == inf
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(received)
    texts = [""]
    for part in protocol.received_frames():
        assert part.opcode is Opcode.TEXT
        texts[-1] += str(part.payload)
        if part.message_finished:
            texts.append("")
    assert texts == ["x" * (3 * SLICE), "pong", ""]
