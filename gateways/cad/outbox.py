"""What waits to be sent to one client: bounded, and never waited for by those who put something in.

Three kinds of text, because they may be lost in different ways:

- replies (answers, refusals, snapshots) are never left out; how many may wait is held by not reading on (`crowded`);
- deltas are counted; too many, and all that wait are left out at once: the client starts over from a snapshot;
- of positions only the latest waits.
"""

from collections import deque

import trio


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
        self._positions: str | None = None
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

    def positions(self, text: str) -> None:
        """Set the latest positions."""
        if not self._closed:
            self._positions = text
            self._news.set()

    def close(self) -> None:
        """Take no more; what waits is still given out."""
        self._closed = True
        self._positions = None
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
        while not (self._queue or self._positions or self._closed):
            self._news = trio.Event()
            await self._news.wait()

    def take(self) -> str | None:
        """Return the next text: what is queued, then the latest positions, else None."""
        self._eased.set()
        if self._queue:
            text, size = self._queue.popleft()
            if size:
                self._deltas -= 1
                self._bytes -= size
            return text
        text_or_none, self._positions = self._positions, None
        return text_or_none

    def _drop_deltas(self) -> None:
        self.behind = True
        self._queue = deque(entry for entry in self._queue if not entry[1])
        self._deltas = self._bytes = 0
        # A writer that slept on a queue of deltas alone must come and see that there is a snapshot to be made.
        self._news.set()
