"""One segment, open for reading through a window that moves along it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from engine.journal.disk import Disk
from engine.journal.frames import (
    COMMIT_BYTES,
    OPENING_BYTES,
    BadFrameError,
    Batch,
    Place,
    ShortError,
    decode_batch,
    decode_opening,
    find_commits,
)
from engine.journal.segments import segment_path

WINDOW_BYTES: Final = 1 << 20


class Beyond(msgspec.Struct, frozen=True):
    """Behind the last valid batch: where the last non-zero byte ends, and what commit frames there say."""

    data_end: int
    synced_through: int


class View:
    """A segment file being read; a context manager. Raises OSError as the disk gives it."""

    def __init__(self, directory: Path, disk: Disk, first_seq: int) -> None:
        self.path = segment_path(directory, first_seq)
        self.first_seq = first_seq
        self._disk = disk
        self._fd = disk.open(self.path)
        self.size = disk.size(self._fd)
        disk.read_no_further(self._fd)  # pages of unwritten room would have to be searched for data every time
        self._base = 0
        self._data = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._disk.close(self._fd)

    def opening(self) -> Place | None:
        """Give the place at the very start, taken on trust from the opening frame.

        None if that is not valid.
        """
        found = decode_opening(self._disk.pread(self._fd, OPENING_BYTES, 0), self.first_seq)
        if found is None:
            return None
        head, epoch, _ = found
        return Place(self.first_seq, 0, 0, self.first_seq - 1, head, epoch)

    def batch(self, place: Place) -> Batch:
        """Give the batch that follows `place`. Raises BadFrameError."""
        want = 0
        while True:
            at = self._reach(place.offset, want)
            try:
                return decode_batch(self._data, at, place)
            except ShortError:
                if self._base + len(self._data) >= self.size:
                    reason = "the file ends within a batch"
                    raise BadFrameError(place.offset, place.seq + 1, reason) from None
                want = WINDOW_BYTES if at else len(self._data) * 2 or WINDOW_BYTES

    def forget(self) -> None:
        """Read from the file again, which a live writer may have changed."""
        self._data = b""

    def beyond(self, offset: int) -> Beyond:
        """Survey everything from `offset` to the end of the file."""
        data_end, synced = offset, 0
        for start, chunk in self._written(offset):
            used = len(chunk.rstrip(b"\0"))
            if used:
                data_end = start + used
                synced = max(synced, *find_commits(chunk), 0)
        return Beyond(data_end, synced)

    def _reach(self, offset: int, want: int) -> int:
        """Move the window if needed; gives the index of `offset` in it."""
        at = offset - self._base
        if want or not 0 <= at < len(self._data):
            self._data = self._disk.pread(self._fd, max(want, WINDOW_BYTES), offset)
            self._base, at = offset, 0
        return at

    def _written(self, offset: int) -> Iterator[tuple[int, bytes]]:
        """Chunks from `offset` on, each overlapping the next by one commit frame; unwritten room is skipped."""
        while (data := self._disk.next_data(self._fd, offset)) is not None:
            start, end = data
            size = min(end - start, WINDOW_BYTES + COMMIT_BYTES)
            yield start, self._disk.pread(self._fd, size, start)
            offset = start + min(size, WINDOW_BYTES)
