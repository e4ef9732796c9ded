"""Durable turns for whoever goes through them at a pace of his own: the latest from memory, older ones from the journal.

Rule: nobody waits for a reader, and no reader misses a turn. The journal is read in a thread, a stretch at a time.
"""

from collections import deque
from itertools import islice
from pathlib import Path
from typing import Final

import trio
from msgspec import Struct

from engine.journal import JournalGap, Reader
from engine.journal.codec import has_expired, turn_of
from engine.journal.keys import Keyring
from engine.model.turn import Turn
from gateways.board import Board

RECENT: Final = 256
"""Turns held: a few seconds of a busy city. A turn may hold the positions of ten thousand units."""
READERS: Final = trio.CapacityLimiter(1)
"""One journal is read at a time: catching up is never urgent."""


class Numbered(Struct, frozen=True):
    """A turn, and the index of its first fact: 1 where the positions before it have expired."""

    turn: Turn
    first: int = 0


class TurnSource:
    """The turns of a running service. One per process."""

    def __init__(self, board: Board, journal: Path) -> None:
        self._board = board
        self._journal = journal
        self._recent: deque[Turn] = deque(maxlen=RECENT)
        self._readers = 0
        self._news = trio.Event()
        board.on_turn.append(self._on_turn)

    def _on_turn(self, turn: Turn) -> None:
        if not self._readers:
            return
        self._recent.append(turn)
        self._news.set()
        self._news = trio.Event()

    @property
    def last_seq(self) -> int:
        """The last durable turn."""
        return self._board.world.seq

    async def after(self, seq: int, most: int, reader: Reader) -> list[Numbered]:
        """Wait for turns that follow `seq` and return some of them. Raises JournalGap, JournalDamaged."""
        while seq >= self.last_seq:
            await self._news.wait()
        if self._recent and self._recent[0].seq <= seq + 1:
            skipped = seq + 1 - self._recent[0].seq
            return [Numbered(turn) for turn in islice(self._recent, skipped, skipped + most)]
        return await trio.to_thread.run_sync(_read, reader, Keyring(self._journal), seq + 1, most, limiter=READERS)

    def reader(self) -> Reader:
        """Return a reader of the journal, for one that goes through the turns."""
        self._readers += 1
        return Reader(self._journal)

    def first_kept(self) -> int:
        """Return the first turn that the journal holds."""
        return min(int(path.stem) for path in self._journal.glob("*.seg") if path.stem.isdecimal())


def _read(reader: Reader, keys: Keyring, from_seq: int, most: int) -> list[Numbered]:
    found: list[Numbered] = []
    for batch in reader.batches(from_seq):
        found += [
            Numbered(turn_of(record, keys), int(has_expired(record)))
            for record in batch.records
            if record.seq >= from_seq
        ]
        if len(found) >= most:
            break
    if not found:
        raise JournalGap(f"turn {from_seq} is durable, but not in the journal")
    return found
