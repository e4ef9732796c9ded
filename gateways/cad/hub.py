"""The board, once for all clients: every delta, snapshot and batch of positions is encoded once and shared.

Rule: joining is one synchronous step. The board publishes from the same loop, so a client can neither miss a delta
between its snapshot and the stream, nor see one twice.
"""

from collections import deque
from typing import Protocol

from msgspec import Struct

from gateways.board import Board, Update
from gateways.cad.messages import Positions, encode, encode_as
from gateways.cad.settings import CadSettings, Statistics
from gateways.views import PositionView

REPLAY_ON_SNAPSHOT_MAX = 200
"""Deltas that a newcomer is given on top of a kept snapshot before a new one is cheaper."""


class Listener(Protocol):
    """Somebody who follows. Neither call may wait or raise."""

    def on_delta(self, text: str, size: int) -> None:
        """Take the next delta; size in bytes."""

    def on_positions(self, text: str) -> None:
        """Take where units are."""


class Kept(Struct, frozen=True, gc=False):
    """A delta in the ring."""

    seq: int
    prev: int
    text: str
    size: int


class Hub:
    """Follows the board. Call `close` when done."""

    def __init__(self, board: Board, settings: CadSettings, statistics: Statistics) -> None:
        self._board = board
        self._settings = settings
        self._statistics = statistics
        self._listeners: dict[Listener, None] = {}
        self._ring: deque[Kept] = deque()
        self._ring_bytes = 0
        self._snapshot: tuple[int, str] | None = None
        board.on_update.append(self._updated)
        board.on_positions.append(self._moved)

    def close(self) -> None:
        """Follow no longer."""
        self._board.on_update.remove(self._updated)
        self._board.on_positions.remove(self._moved)

    @property
    def seq(self) -> int:
        """Seq of the last update."""
        return self._board.last_update

    def resume(self, seen: int | None) -> list[str] | None:
        """Return the deltas behind the one that was seen last; None if they are not all kept any more."""
        if seen is None:
            return None
        return self._behind(seen)

    def begin(self) -> list[str]:
        """Return a snapshot, and the deltas since it was made: together, the board as it is now."""
        if self._snapshot is not None:
            seq, text = self._snapshot
            since = self._behind(seq)
            if since is not None and len(since) <= REPLAY_ON_SNAPSHOT_MAX:
                return [text, *since]
        text = encode_as("snapshot", self._board.snapshot()).decode()
        self._statistics.snapshots += 1
        self._snapshot = (self.seq, text)
        return [text]

    def join(self, listener: Listener) -> None:
        """Hand on everything from now on. Call it in the same step as `resume` or `begin`."""
        self._listeners[listener] = None

    def part(self, listener: Listener) -> None:
        """Hand on no more."""
        self._listeners.pop(listener, None)

    def _behind(self, seen: int) -> list[str] | None:
        if seen == self.seq:
            return []
        texts: list[str] = []
        for kept in reversed(self._ring):
            texts.append(kept.text)
            if kept.prev == seen:
                texts.reverse()
                return texts
            if kept.prev < seen:
                break
        return None

    def _updated(self, update: Update) -> None:
        encoded = encode_as("delta", update)
        text, size = encoded.decode(), len(encoded)
        self._keep(Kept(update.seq, update.prev, text, size))
        for listener in self._listeners:
            listener.on_delta(text, size)

    def _keep(self, kept: Kept) -> None:
        self._ring.append(kept)
        self._ring_bytes += kept.size
        while len(self._ring) > self._settings.ring_messages or self._ring_bytes > self._settings.ring_bytes:
            self._ring_bytes -= self._ring.popleft().size

    def _moved(self, at_ms: int, units: tuple[PositionView, ...]) -> None:
        # The kept snapshot shows units where they were. A newcomer gets every later batch, so it is out of date
        # only once a batch has gone out after it was made.
        self._snapshot = None
        if self._listeners:
            text = encode(Positions(at_ms=at_ms, units=units))
            for listener in self._listeners:
                listener.on_positions(text)
