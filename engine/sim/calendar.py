"""The event calendar: what happens when. Of things at the same time, the one that was written down first comes first."""

import heapq
from collections.abc import Callable
from typing import Any

Act = Callable[[Any], None]


class Entry(list[Any]):
    """A line of the calendar: when, its number, what to do, and with what."""

    def strike(self) -> None:
        """It will not happen."""
        self[2] = None


class Calendar:
    """A heap of entries. Time never runs back."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._heap: list[Entry] = []
        self._number = 0

    def at(self, when_ms: int, act: Act, about: Any = None) -> Entry:
        """Write down that this happens then, or now if that is past; the entry can be struck out."""
        self._number += 1
        entry = Entry((max(when_ms, self.now), self._number, act, about))
        heapq.heappush(self._heap, entry)
        return entry

    def run(self, until_ms: int) -> None:
        """Let happen what is due up to and including that time, in order."""
        heap = self._heap
        while heap and heap[0][0] <= until_ms:
            when, _, act, about = heapq.heappop(heap)
            if act is not None:
                self.now = when
                act(about)
        self.now = max(self.now, until_ms)
