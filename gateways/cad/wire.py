"""Frames on the way out: made once for all clients, sent many at a time, never mixed up.

The WebSocket library sends one message a call and encodes it anew for each client. What a server sends is not masked
(RFC 6455, 5.1), so the bytes of a text frame are the same for everyone. Library and writer share the stream under one lock.
"""

from math import inf
from typing import Final

import trio

SLICE: Final = 65_536
"""Bytes that a client has to take in the time that a send may last."""


def frame(payload: bytes) -> bytes:
    """Return an unmasked text frame (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


def payload_of(framed: bytes) -> bytes:
    """Return what `frame` was given."""
    return framed[{126: 4, 127: 10}.get(framed[1], 2) :]


class Wire(trio.abc.Stream):
    """A stream that several tasks send whole frames into."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._turn = trio.StrictFIFOLock()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send what the library has to say: a handshake, a ping, a pong, a close."""
        async with self._turn:
            await self._stream.send_all(data)

    async def send_frames(self, frames: bytes, patience: trio.CancelScope, within_s: float) -> None:
        """Send frames; `patience` (which must surround the call) ends it if a SLICE takes longer than `within_s`.

        Raises trio.BrokenResourceError or trio.ClosedResourceError if the connection is lost.
        """
        patience.deadline = trio.current_time() + within_s
        async with self._turn:
            if len(frames) <= SLICE:
                await self._stream.send_all(frames)
            else:
                whole = memoryview(frames)
                for start in range(0, len(frames), SLICE):
                    patience.deadline = trio.current_time() + within_s
                    await self._stream.send_all(whole[start : start + SLICE])
        patience.deadline = inf

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream does."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """As the stream does."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """As the stream does."""
        await self._stream.aclose()
