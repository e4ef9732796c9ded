"""What waits to be sent to one client: bounded, and never waited for by those who put something in.

Three kinds of text, because they may be lost in different ways:

- replies (answers, refusals, snapshots) are never left out; how many may wait is held by not reading on (`crowded`);
- deltas are counted; too many, and all that wait are left out at once: the client starts over from a snapshot;
- of positions only the latest of each unit waits.
"""

from collections import deque
from itertools import islice
from typing import Final

import trio
from msgspec import Struct

from gateways.cad.messages import Positions, encode
from gateways.views import PositionView

HELPING: Final = 500
"""Positions in one message."""


class Helping(Struct, frozen=True, gc=False):
    """Positions as the board gives them out, encoded once for all clients."""

    message: Positions
    text: str


class Outbox:
    """The queue of one client. One task takes from it."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self.behind = False
        """Deltas were left out, and no snapshot has been queued since."""
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._queue: deque[tuple[str, int]] = deque()
        """Texts; the number is the size of a delta, 0 for what is not one."""
        self._deltas = 0
        self._bytes = 0
        self._helping: Helping | None = None
        """The only helping of positions that waits; when there are more, they are put together in `_late`."""
        self._late: dict[str, PositionView] = {}
        self._late_ms = 0
        self._closed = False
        self._news = trio.Event()
        self._eased = trio.Event()

    def reply(self, text: str) -> None:
        """Add what must not be left out."""
        if not self._closed:
            self._queue.append((text, 0))
            self._news.set()

    def delta(self, text: str, size: int) -> bool:
        """Add a delta of `size` bytes. Returns False if that made the queue overflow and its deltas were dropped."""
        if self.behind or self._closed:
            return True
        if self._deltas >= self._most_messages or self._bytes + size > self._most_bytes:
            self._drop_deltas()
            return False
        self._queue.append((text, size))
        self._deltas += 1
        self._bytes += size
        self._news.set()
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
        self._news.set()

    def close(self) -> None:
        """Take no more; what waits is still given out, but for positions."""
        self._closed = True
        self._helping = None
        self._late = {}
        self._news.set()

    @property
    def crowded(self) -> bool:
        """As many replies wait as may: do not read what would lead to more."""
        return len(self._queue) - self._deltas >= self._most_messages

    async def eased(self) -> None:
        """Wait until something has been taken."""
        self._eased = trio.Event()
        await self._eased.wait()

    async def wait(self) -> None:
        """Wait until there is something to take, or nothing will come any more."""
        while not (self._queue or self._helping or self._late or self._closed or self.behind):
            self._news = trio.Event()
            await self._news.wait()

    def take(self) -> str | None:
        """Return the next text: what is queued, then positions; None if nothing waits."""
        self._eased.set()
        if self._queue:
            text, size = self._queue.popleft()
            if size:
                self._deltas -= 1
                self._bytes -= size
            return text
        if self._helping is not None:
            text, self._helping = self._helping.text, None
            return text
        return self._take_late() if self._late else None

    def _drop_deltas(self) -> None:
        self.behind = True
        self._queue = deque(entry for entry in self._queue if not entry[1])
        self._deltas = self._bytes = 0
        self._news.set()

    def _put_late(self, helping: Helping) -> None:
        self._late_ms = helping.message.at_ms
        for view in helping.message.units:
            self._late[view.unit] = view

    def _take_late(self) -> str:
        units = list(islice(self._late.values(), HELPING))
        for view in units:
            del self._late[view.unit]
        return encode(Positions(at_ms=self._late_ms, units=tuple(units)))
