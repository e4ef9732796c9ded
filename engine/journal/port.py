"""The log port: what the engine needs of a log.

The file journal stands behind it; a replicated log can as well.

A log is an ordered list of opaque records. `seq` is the compare-and-append token: a record is taken only as
the direct successor of the last one, and only if its `epoch` (the term of leadership) has not fallen.
"""

from collections.abc import Iterator
from typing import Protocol

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False):
    """One turn as bytes.

    `track`: a batch of positions, kept beside the log so that it can expire; only its digest is in the log.
    Empty: there is none. None (only when read back): there was one, and it has expired.
    `sync`: somebody waits for this record to be on the disk. It is a wish to the writer and not stored.
    `epoch`: the term of leadership it was written in; 0 where there is only one engine.
    """

    seq: int
    body: bytes
    track: bytes | None = b""
    sync: bool = True
    epoch: int = 0


class Log(Protocol):
    """An append-only log of records, written by one owner.

    At construction it is given `on_durable(seq)`: everything through `seq` is as safe as it asked to be; and
    `on_failure(error)`: the log has stopped for ever. Both are called from the log's own thread.
    """

    @property
    def last_seq(self) -> int:
        """The last sequence taken by `submit`, or found at opening; 0 when empty."""
        ...

    @property
    def epoch(self) -> int:
        """The epoch of that record."""
        ...

    @property
    def waiting(self) -> int:
        """Records taken but not yet written: the engine holds back while this is high."""
        ...

    def submit(self, record: Record) -> None:
        """Take a record; returns before it is written. Called from one thread only.

        Raises RecordRefused (not the successor, or its epoch fell), JournalFull (try again), JournalStopped.
        """
        ...

    def read(self, from_seq: int) -> Iterator[Record]:
        """Give the records from `from_seq` to the last one written; raises rather than skip any."""
        ...

    def close(self) -> None:
        """Write and sync what waits, then let go. A second call does nothing."""
        ...
