"""The board, once for all clients: every delta, snapshot and helping of positions is encoded once and shared.

Rule: joining is one synchronous step. The board publishes from the same loop, so a client can neither miss a delta
between its snapshot and the stream, nor see one twice.
"""

from collections import deque
from typing import Final, Protocol

from msgspec import Struct

from engine.live.service import Service
from engine.model.geometry import Projection
from gateways.board import Board, Snapshot, Update
from gateways.cad.config import CadConfig, Statistics
from gateways.cad.messages import Positions, encode, encode_as
from gateways.cad.mirror import Mirror
from gateways.cad.outbox import HELPING, Helping
from gateways.views import PositionView

REPLAY_ON_SNAPSHOT_MAX: Final = 200
"""Deltas that a newcomer is given on top of a kept snapshot before a new one is cheaper."""


class Listener(Protocol):
    """Somebody who follows. Neither call may wait or raise."""

    def on_delta(self, text: str, size: int) -> None:
        """Take the next delta; size in bytes."""

    def on_positions(self, helping: Helping) -> None:
        """Take where some units are."""


class Kept(Struct, frozen=True, gc=False):
    """A delta in the ring."""

    seq: int
    prev: int
    text: str
    size: int


class Hub:
    """Follows the board and keeps what newcomers and those who come back are given. One per process."""

    def __init__(self, service: Service, board: Board, config: CadConfig) -> None:
        self.service = service
        self.config = config
        self.statistics = Statistics()
        self._mirror = Mirror()
        """What every client knows that has read everything."""
        self._mirror.take(board.snapshot())
        self._listeners: dict[Listener, None] = {}
        self._ring: deque[Kept] = deque()
        self._ring_bytes = 0
        self._snapshot: tuple[int, str] | None = None
        """The kept one, with its seq. Positions since it was made are those of the mirror."""
        board.on_update.append(self._updated)
        board.on_positions.append(self._moved)

    @property
    def seq(self) -> int:
        """Seq of the last update."""
        assert self._mirror.seq is not None
        return self._mirror.seq

    @property
    def projection(self) -> Projection:
        """Of the place: degrees to metres."""
        return self.service.world.settled.projection

    def resume(self, seen: int | None) -> list[str] | None:
        """Return the deltas behind the one that was seen last; None if they are not all kept any more."""
        if seen is None:
            return None
        return self._behind(seen)

    def begin(self) -> list[str]:
        """Return a snapshot, and deltas and positions since it was made: together, the board as it is now."""
        since = None if self._snapshot is None else self._behind(self._snapshot[0])
        if self._snapshot is None or since is None or len(since) > REPLAY_ON_SNAPSHOT_MAX:
            self._snapshot, since = (self.seq, self._take_snapshot()), []
        return [self._snapshot[1], *since, *self._positions()]

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

    def _take_snapshot(self) -> str:
        mirror = self._mirror
        mirror.settle()
        self.statistics.snapshots += 1
        snapshot = Snapshot(
            seq=self.seq,
            at_ms=mirror.at_ms,
            place=mirror.place,
            name=mirror.name,
            incidents=tuple(mirror.incidents.values()),
            units=tuple(mirror.units.values()),
            alarms=tuple(mirror.alarms.values()),
        )
        return encode_as("snapshot", snapshot).decode()

    def _positions(self) -> list[str]:
        views = tuple(self._mirror.positions.values())
        starts = range(0, len(views), HELPING)
        at_ms = self._mirror.at_ms
        return [encode(Positions(at_ms=at_ms, units=views[start : start + HELPING])) for start in starts]

    def _updated(self, update: Update) -> None:
        encoded = encode_as("delta", update)
        text, size = encoded.decode(), len(encoded)
        self._mirror.take(update)
        self._keep(Kept(update.seq, update.prev, text, size))
        for listener in list(self._listeners):
            listener.on_delta(text, size)

    def _keep(self, kept: Kept) -> None:
        self._ring.append(kept)
        self._ring_bytes += kept.size
        while len(self._ring) > self.config.ring_messages or self._ring_bytes > self.config.ring_bytes:
            self._ring_bytes -= self._ring.popleft().size

    def _moved(self, at_ms: int, units: tuple[PositionView, ...]) -> None:
        message = Positions(at_ms=at_ms, units=units)
        self._mirror.take(message)
        if self._listeners:
            helping = Helping(message, encode(message))
            for listener in self._listeners:
                listener.on_positions(helping)
