"""Frames on the way out: made once for all clients, sent at once where the socket takes them, never mixed up.

The WebSocket library sends one message a call and encodes it anew for each client. What a server sends is not masked
(RFC 6455, 5.1), so the bytes of a text frame are the same for everyone, and we send them beside the library. That is
safe because the library writes through this class too, and these four things hold:

- what is sent is whole frames: ours are never fragmented, so a ping, a pong or a close may stand between any two;
- a frame that the socket took in part is the *rest*, and whoever sends next, the library or we, sends that first;
- nobody begins a frame while another task is within a send;
- behind a close frame there are no frames of ours: this class sees the library's, and takes none from then on.

Where a client breaks the protocol the library closes without a word; the close frame with the code that says what was
wrong (RFC 6455, 7.1.7) is sent here. The socket itself is closed by the door, once the client has had time to read.

Of text frames the library keeps no state on the sending side, so it need not know of them.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import Final

import trio

SLICE: Final = 65_536
"""Bytes that a client has to take in the time that a send may last."""
REASON_BYTES: Final = 123
LAST_WORDS_S: Final = 1.0
_CLOSE: Final = 0x88
_PING: Final = b"\x89\x00"
"""Without a word in it: whatever comes back is a sign of life. The library knows of no such ping, and passes over its pong."""


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


def close_frame(code: int, reason: str) -> bytes:
    """Return an unmasked close frame (RFC 6455, 5.5.1); a reason that is too long is cut."""
    words = reason.encode()[:REASON_BYTES].decode(errors="ignore").encode()
    return bytes((_CLOSE, 2 + len(words))) + code.to_bytes(2, "big") + words


class Wire(trio.abc.Stream):
    """A stream that several tasks send whole frames into."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._socket = stream.socket
        self._number = stream.socket.fileno
        self._turn = trio.StrictFIFOLock()
        self._senders = 0
        """Tasks within a send, or waiting for their turn."""
        self._rest = memoryview(b"")
        """Of what was begun. No send loses its place here, also if it is cancelled."""
        self._ended = False
        """A close frame is out, or begun."""
        self._closed = False
        self.heard_s = trio.current_time()
        """When the peer was heard of last."""
        self.last_words: Callable[[], bytes] | None = None
        """What is to be sent if the library closes without a close frame."""

    @property
    def is_free(self) -> bool:
        """Tell whether a frame may begin at once."""
        return not (self._senders or self._rest or self._ended)

    def send_now(self, frames: bytes) -> bool:
        """Send frames as far as the socket takes them at once; only while `is_free`.

        Returns False if it did not take all: `send_frames` sends the rest, and says so if the connection is lost.
        """
        try:
            sent = os.write(self._number(), frames)
        except OSError:  # it takes nothing now, or never again
            sent = 0
        if sent == len(frames):
            return True
        self._rest = memoryview(frames)[sent:]
        return False

    def ping_now(self) -> bool:
        """Ask for a sign of life; False if a frame may not begin now. What is not taken of it goes before the next frame."""
        if not self.is_free:
            return False
        self.send_now(_PING)
        return True

    async def send_frames(self, frames: bytes, patience: trio.CancelScope, within_s: float) -> None:
        """Send the rest, and then frames (there may be none).

        `patience` (which must surround the call) ends it if a SLICE takes longer than `within_s`. Raises
        trio.BrokenResourceError or trio.ClosedResourceError if the connection is lost or closed.
        """
        patience.deadline = trio.current_time() + within_s
        async with self._in_turn():
            await self._finish(patience, within_s)
            if self._ended:
                raise trio.ClosedResourceError("a close frame has been sent, and nothing may follow it")
            self._rest = memoryview(frames)
            await self._finish(patience, within_s)
        patience.deadline = inf

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send what the library has to say: a handshake, a ping, a pong, a close."""
        async with self._in_turn():
            await self._finish()
            self._rest = memoryview(bytes(data))
            self._ended = self._ended or self._rest[:1] == bytes((_CLOSE,))
            await self._finish()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """Wait until it is our turn to send, and keep `send_now` away meanwhile."""
        self._senders += 1
        try:
            async with self._turn:
                yield
        finally:
            self._senders -= 1

    async def _finish(self, patience: trio.CancelScope | None = None, within_s: float = inf) -> None:
        """Send the rest."""
        taken = 0
        while self._rest:
            try:
                sent = await self._socket.send(self._rest)
            except OSError as error:
                raise trio.BrokenResourceError(f"the connection is lost: {error}") from error
            self._rest = self._rest[sent:]
            taken += sent
            if patience is not None and taken >= SLICE:
                taken = 0
                patience.deadline = trio.current_time() + within_s

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream does."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """As the stream does."""
        if self._closed:
            raise trio.ClosedResourceError("the library has closed")
        data = await self._stream.receive_some(max_bytes)
        self.heard_s = trio.current_time()
        return data

    async def aclose(self) -> None:
        """Send no more. Reading on until the client has gone, and closing, is left to who made the stream."""
        if self._closed:  # the library's reader and whoever closes may both come here
            await trio.lowlevel.checkpoint()
            return
        self._closed = True
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            words = self.last_words() if self.last_words is not None and not self._ended else b""
            if words:
                with trio.move_on_after(LAST_WORDS_S):
                    await self.send_all(words)
            await self._stream.send_eof()
