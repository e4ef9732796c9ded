"""What waits to be sent to one client: bounded, and never waited for by those who put something in.

Three kinds of frames, because they may be lost in different ways:

- replies (answers, refusals, snapshots) are never left out; how many may wait is held by not reading on (`crowded`);
- deltas are counted; too many, and all that wait are left out at once: the client starts over from a snapshot;
- of positions only the latest of each unit waits.
"""

from collections import deque
from itertools import islice
from typing import Final

import trio
from msgspec import Struct

from gateways.cad.messages import Positions, frame_of
from gateways.views import PositionView

HELPING: Final = 500
"""Positions in one message."""
TOGETHER: Final = 32_768
"""Bytes beyond which nothing is sent along with another: to put frames together copies them, and a snapshot is large."""


class Helping(Struct, frozen=True, gc=False):
    """Positions as the board gives them out, encoded once for all clients."""

    message: Positions
    frame: bytes


class Outbox:
    """The queue of one client. Whoever sends takes from it: the pump, or the client's own writer."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self.behind = False
        """Deltas were left out, and no snapshot has been queued since."""
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._queue: deque[tuple[bytes, int]] = deque()
        """Frames; the number is the size of a delta, 0 for what is not one."""
        self._deltas = 0
        self._bytes = 0
        self._helping: Helping | None = None
        """The only helping of positions that waits; when there are more, they are put together in `_late`."""
        self._late: dict[str, PositionView] = {}
        self._late_ms = 0
        self._closed = False
        self._eased: trio.Event | None = None
        """Somebody waits for it."""

    def reply(self, frame: bytes) -> None:
        """Add what must not be left out."""
        if not self._closed:
            self._queue.append((frame, 0))

    def delta(self, frame: bytes) -> bool:
        """Add a delta. Returns False if that made the queue overflow and its deltas were dropped."""
        size = len(frame)
        if self.behind or self._closed:
            return True
        if self._deltas >= self._most_messages or self._bytes + size > self._most_bytes:
            self._drop_deltas()
            return False
        self._queue.append((frame, size))
        self._deltas += 1
        self._bytes += size
        return True

    def positions(self, helping: Helping) -> None:
        """Add a helping of positions; a unit's earlier position that still waits is replaced."""
        if self._closed:
            return
        if self._helping is None and not self._late:
            self._helping = helping
        else:
            if self._helping is not None:
                self._put_late(self._helping)
                self._helping = None
            self._put_late(helping)

    def close(self) -> None:
        """Take no more; what waits is still given out, but for positions."""
        self._closed = True
        self._helping = None
        self._late = {}

    @property
    def crowded(self) -> bool:
        """As many replies wait as may: do not read what would lead to more."""
        return len(self._queue) - self._deltas >= self._most_messages

    @property
    def is_empty(self) -> bool:
        """Nothing waits."""
        return not (self._queue or self._helping or self._late)

    async def eased(self) -> None:
        """Wait until something has been taken."""
        if self._eased is None:
            self._eased = trio.Event()
        await self._eased.wait()

    def take(self) -> list[bytes]:
        """Return what is to be sent next: some of the queue, else some positions; nothing if nothing waits."""
        if self._eased is not None:
            self._eased.set()
            self._eased = None
        if self._queue:
            return self._take_queued()
        if self._helping is not None:
            frame, self._helping = self._helping.frame, None
            return [frame]
        return [self._take_late()] if self._late else []

    def _take_queued(self) -> list[bytes]:
        frames: list[bytes] = []
        total = 0
        while self._queue:
            frame, size = self._queue[0]
            total += len(frame)
            if frames and total > TOGETHER:
                break
            self._queue.popleft()
            frames.append(frame)
            if size:
                self._deltas -= 1
                self._bytes -= size
        return frames

    def _drop_deltas(self) -> None:
        self.behind = True
        self._queue = deque(entry for entry in self._queue if not entry[1])
        self._deltas = self._bytes = 0

    def _put_late(self, helping: Helping) -> None:
        self._late_ms = helping.message.at_ms
        for view in helping.message.units:
            self._late[view.unit] = view

    def _take_late(self) -> bytes:
        units = list(islice(self._late.values(), HELPING))
        for view in units:
            del self._late[view.unit]
        return frame_of(Positions(at_ms=self._late_ms, units=tuple(units)))
