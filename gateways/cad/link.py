"""What a connection needs of whatever carries it: a WebSocket of our own listener, or one of the HTTP listener."""

from typing import Protocol

import trio
from trio_websocket import CloseReason


class Socket(Protocol):
    """Messages in; it is the library's WebSocket, or one that does as that does."""

    @property
    def closed(self) -> CloseReason | None:
        """How it was closed; None while it is open."""

    async def get_message(self) -> str | bytes:
        """Return the next message. Raises ConnectionClosed."""

    async def aclose(self, code: int = 1000, reason: str | None = None) -> None:
        """Close it, with the reason."""


class Line(Protocol):
    """Frames out, made once for all (`wire.frame`)."""

    @property
    def is_free(self) -> bool:
        """Tell whether a frame may begin at once."""

    @property
    def heard_s(self) -> float:
        """When the peer was heard of last, by trio's clock."""

    def ping_now(self) -> bool:
        """Ask for a sign of life; False if a frame cannot begin now."""

    def send_now(self, frames: bytes) -> bool:
        """Send as far as that goes at once; tell whether all has gone. Only while `is_free`."""

    async def send_frames(self, frames: bytes, patience: trio.CancelScope, within_s: float) -> None:
        """Send what is left and these frames, giving each part that much time by the deadline of `patience`."""
