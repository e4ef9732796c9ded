"""The one writer thread. Everything that arrived while it wrote becomes its next batch: one write, one sync.

Fail-stop: at the first error it stops for ever and says so once; whoever supervises restarts the process, and
recovery reads from the disk what is true. The submitting thread pays one `SimpleQueue.put`, and nothing waits
unbounded: what is taken but not written is counted, in records and bytes.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic

from engine.journal.appender import Appender
from engine.journal.errors import JournalError, JournalFull, JournalStopped
from engine.journal.port import Record
from engine.journal.settings import Settings


class Writer:
    """Takes records on one thread, writes them on its own.

    Callbacks come from that thread and must return at once.
    """

    def __init__(
        self,
        appender: Appender,
        settings: Settings,
        on_durable: Callable[[int], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._appender = appender
        self._settings = settings
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._queue: SimpleQueue[Record | None] = SimpleQueue()
        self._carried: Record | None = None
        self._taken = self._taken_bytes = 0  # changed by the submitting thread alone
        self._written = self._written_bytes = 0  # changed by the writer thread alone
        self._dirty_since = 0.0
        self._closed = False
        self._last = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Records taken but not yet written."""
        return self._taken - self._written

    @property
    def waiting_bytes(self) -> int:
        """Their bytes."""
        return self._taken_bytes - self._written_bytes

    def submit(self, record: Record) -> None:
        """Take a record. Raises JournalFull, JournalStopped; then it was not taken."""
        if self._closed or self._error is not None:
            raise JournalStopped(f"record {record.seq} was not taken: {self._why()}") from self._error
        size = len(record.body) + len(record.track or b"")
        waiting = self._taken - self._written
        if waiting and (
            waiting >= self._settings.waiting_records or self.waiting_bytes + size > self._settings.waiting_bytes
        ):
            raise JournalFull(
                f"record {record.seq} was not taken: {waiting} records ({self.waiting_bytes} bytes) wait "
                "for the disk, and no more may; hold back until some are written",
            )
        self._taken += 1
        self._taken_bytes += size
        self._queue.put(record)

    def close(self) -> None:
        """Write and sync what waits, and end the thread.

        Raises JournalError if the disk does not come to an end.
        """
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join(self._settings.close_timeout_s)
        if self._thread.is_alive():
            raise JournalError(
                f"the disk has not finished within {self._settings.close_timeout_s} s. {self.waiting} "
                "records are not written, and nobody was told they are; check the disk before starting again",
            )

    def _why(self) -> str:
        if self._error is None:
            return "the journal is closed"
        return f"the journal stopped at an error and must be opened again ({self._error})"

    def _run(self) -> None:
        try:
            while self._round():
                pass
            self._appender.finish()
        except Exception as error:  # noqa: BLE001 - fail-stop is for every error, our own mistakes included
            self._error = error
            self._on_failure(error)
        finally:
            self._appender.close()

    def _round(self) -> bool:
        """One batch, or one overdue sync; False at the end."""
        batch = self._gather()
        if batch:
            if not self._appender.dirty:
                self._dirty_since = monotonic()
            self._appender.append(batch)
        if self._appender.dirty and (any(record.sync for record in batch) or self._until_sync() <= 0):
            self._appender.sync()
        if batch:
            self._written_bytes += sum(len(record.body) + len(record.track or b"") for record in batch)
            self._written += len(batch)
            self._on_durable(batch[-1].seq)
            self._appender.prepare()
        return not self._last or self._carried is not None

    def _until_sync(self) -> float:
        """Seconds until written records must be synced, even if nobody waits for them."""
        return self._dirty_since + self._settings.sync_interval_ms / 1000 - monotonic()

    def _gather(self) -> list[Record]:
        """Wait for a record, then take whatever else is there, within the limits.

        Empty when only a sync is due.
        """
        batch: list[Record] = []
        size = 0
        record = self._carried or self._wait()
        self._carried = None
        while record is not None:
            size += len(record.body) + len(record.track or b"")
            if batch and size > self._settings.batch_bytes:
                self._carried = record
                break
            batch.append(record)
            if len(batch) == self._settings.batch_records:
                break
            record = self._take(block=False)
        return batch

    def _wait(self) -> Record | None:
        if not self._appender.dirty:
            return self._take(block=True)
        return self._take(block=True, timeout=max(self._until_sync(), 0))

    def _take(self, *, block: bool, timeout: float | None = None) -> Record | None:
        try:
            record = self._queue.get(block, timeout)
        except Empty:
            return None
        self._last = self._last or record is None
        return record
