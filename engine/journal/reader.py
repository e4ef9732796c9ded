"""Reading records, also while another process writes them. Nothing is ever changed by reading."""

from collections.abc import Iterator
from pathlib import Path

from engine.journal.disk import Disk
from engine.journal.errors import JournalGap
from engine.journal.frames import Batch
from engine.journal.port import Record
from engine.journal.tracks import TrackReader
from engine.journal.walk import Tail, Walk, start_place


class Reader:
    """Reads one journal, again and again.

    Each time it goes on where it ended without walking the rest again.

    After a `read` that ran to its end, `tail` tells whether the journal ended cleanly (None: it is empty),
    and `last_seq` and `head` where its hash chain stands.
    """

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self._directory = directory
        self._disk = disk or Disk()
        self._walk: Walk | None = None

    @property
    def tail(self) -> Tail | None:
        """How the journal ended at the last `read`."""
        return self._walk.tail if self._walk is not None else None

    @property
    def last_seq(self) -> int:
        """The last record of the last batch read; 0 before any."""
        return self._walk.place.seq if self._walk is not None else 0

    @property
    def head(self) -> bytes:
        """The chain head after that batch; empty before any."""
        return self._walk.place.head if self._walk is not None else b""

    def read(self, from_seq: int = 1) -> Iterator[Record]:
        """Give the records from `from_seq` to the last whole batch; none if `from_seq` is yet to come.

        Raises JournalDamaged rather than skip any; JournalGap if `from_seq` lies before the first record or
        beyond the next.
        """
        for batch in self.batches(from_seq):
            yield from (record for record in batch.records if record.seq >= from_seq)

    def batches(self, from_seq: int = 1) -> Iterator[Batch]:
        """Give the same by whole batches, as they were committed; the first may begin before `from_seq`."""
        if self._walk is None or self._walk.place.seq + 1 != from_seq:
            place = start_place(self._directory, self._disk, from_seq)
            tracks = TrackReader(self._directory, self._disk)
            self._walk = Walk(self._directory, self._disk, place, tracks) if place is not None else None
        walk = self._walk
        for batch in walk.batches() if walk is not None else ():
            if batch.place.seq >= from_seq:
                yield batch
        last = walk.place.seq if walk is not None else 0
        if from_seq > last + 1:
            raise JournalGap(f"{self._directory}: record {from_seq} was asked for, but the journal ends with {last}")
