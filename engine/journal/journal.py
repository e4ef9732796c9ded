"""The file journal: the log port on one directory of one disk."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from engine.journal.appender import Appender
from engine.journal.disk import Disk
from engine.journal.errors import RecordRefused
from engine.journal.frames import MAX_BODY_BYTES
from engine.journal.lock import Lock
from engine.journal.opening import Recovered, recover
from engine.journal.port import Record
from engine.journal.reader import Reader
from engine.journal.settings import Settings
from engine.journal.space import Ballast, Space
from engine.journal.writer import Writer


class Journal:
    """A `Log` in a directory; also a context manager. Made by `Journal.open`."""

    def __init__(
        self, directory: Path, disk: Disk, lock: Lock, ballast: Ballast, found: Recovered, writer: Writer
    ) -> None:
        self.recovered = found
        self._directory = directory
        self._disk = disk
        self._lock = lock
        self._ballast = ballast
        self._writer = writer
        self._last_seq = found.last_seq
        self._epoch = found.epoch

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        on_durable: Callable[[int], None],
        on_failure: Callable[[Exception], None],
        settings: Settings | None = None,
        disk: Disk | None = None,
    ) -> Self:
        """Lock the directory (made if missing), recover, and start the writer thread.

        `on_durable(seq)` comes after everything through `seq` is written, and synced if any of it asked for
        that. `on_failure(error)` comes once, when the journal has stopped for ever. Both come from the writer
        thread and must return at once.

        Raises JournalLocked, JournalDamaged, OSError; then nothing was changed but a torn end, and nothing
        runs.
        """
        settings, disk = settings or Settings(), disk or Disk()
        directory.mkdir(parents=True, exist_ok=True)
        lock = Lock(directory, disk)
        try:
            ballast = Ballast(directory, disk, settings.ballast_bytes)
            ballast.fill()
            found = recover(directory, disk, ballast, verify_all=settings.verify_all)
            appender = Appender(directory, disk, settings, ballast, found)
        except BaseException:
            lock.release()
            raise
        writer = Writer(appender, settings, on_durable, on_failure)
        return cls(directory, disk, lock, ballast, found, writer)

    @property
    def last_seq(self) -> int:
        """The last sequence taken by `submit`, or found at opening; 0 when empty."""
        return self._last_seq

    @property
    def epoch(self) -> int:
        """The epoch of that record."""
        return self._epoch

    @property
    def waiting(self) -> int:
        """Records taken but not yet written."""
        return self._writer.waiting

    @property
    def waiting_bytes(self) -> int:
        """Their bytes."""
        return self._writer.waiting_bytes

    def space(self) -> Space:
        """Room left on the disk, and whether to raise an alarm. Raises OSError."""
        return self._ballast.space()

    def submit(self, record: Record) -> None:
        """Take a record; returns before it is written. Call it from one thread only.

        Raises RecordRefused (not the successor, its epoch fell, or too large), JournalFull (try again),
        JournalStopped; then the record was not taken.
        """
        if record.seq != self._last_seq + 1 or record.epoch < self._epoch or len(record.body) > MAX_BODY_BYTES:
            raise RecordRefused(self._complaint(record))
        self._writer.submit(record)
        self._last_seq, self._epoch = record.seq, record.epoch

    def read(self, from_seq: int) -> Iterator[Record]:
        """Give the records from `from_seq` to the last one written.

        Raises JournalGap, JournalDamaged, OSError.
        """
        return Reader(self._directory, self._disk).read(from_seq)

    def close(self) -> None:
        """Write and sync what waits, then let go of the directory. Raises JournalError if the disk hangs."""
        self._writer.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _complaint(self, record: Record) -> str:
        if record.seq != self._last_seq + 1:
            return f"record {record.seq} does not follow record {self._last_seq}; it was not taken"
        if record.epoch < self._epoch:
            return f"record {record.seq} has epoch {record.epoch}, but {self._epoch} has begun; it was not taken"
        return f"record {record.seq} has {len(record.body)} bytes; at most {MAX_BODY_BYTES} are taken"
