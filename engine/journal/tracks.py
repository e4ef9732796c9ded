"""Track files: batches of positions beside the segments, bound into the hash chain by their digest alone.

So positions can be deleted after their time (privacy) and the chain of decisions still verifies. A track file
belongs to the segment of the same name and is deleted as a whole; what was deleted on purpose is noted in
`expired` first.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final

from engine.journal.disk import CREATE, Disk
from engine.journal.errors import JournalError
from engine.journal.frames import BadFrameError, TrackRef
from engine.journal.port import Record
from engine.journal.segments import list_segments, track_path
from engine.journal.space import Ballast

_NOTE: Final = "expired"


class TrackWriter:
    """Appends to the track file of the segment in use; the file is made at the first track."""

    def __init__(self, directory: Path, disk: Disk, ballast: Ballast, step: int) -> None:
        self._directory = directory
        self._disk = disk
        self._ballast = ballast
        self._step = step
        self._fd: int | None = None
        self._allocated = 0
        self._segment = 0
        self.end = 0
        self.dirty = False

    def turn_to(self, segment: int, end: int = 0) -> None:
        """Go to the track file of `segment`, whose first `end` bytes are in use.

        What was before must be synced.
        """
        self.close()
        self._segment, self.end, self._allocated = segment, end, 0

    def append(self, records: Sequence[Record]) -> dict[int, TrackRef]:
        """Write the tracks of a batch as one; gives where each lies by its index. Raises OSError."""
        refs: dict[int, TrackRef] = {}
        offset = self.end
        for index, record in enumerate(records):
            if record.track:
                refs[index] = TrackRef(sha256(record.track).digest(), offset, len(record.track))
                offset += len(record.track)
        if refs:
            fd = self._reserve(offset)
            data = b"".join(record.track for record in records if record.track)
            self._ballast.relieve(lambda: self._disk.pwrite(fd, data, self.end))
            self.end, self.dirty = offset, True
        return refs

    def sync(self) -> None:
        """Bring what was appended to the medium. Raises OSError; never call it again then."""
        if self.dirty and self._fd is not None:
            self._disk.fdatasync(self._fd)
            self.dirty = False

    def close(self) -> None:
        """Let go of the file, without a sync."""
        if self._fd is not None:
            self._disk.close(self._fd)
        self._fd, self.dirty = None, False

    def _reserve(self, need: int) -> int:
        fd = self._fd
        if fd is None:
            fd = self._fd = self._disk.open(track_path(self._directory, self._segment), CREATE)
            self._disk.fsync_dir(self._directory)
        if need > self._allocated:
            size = (need // self._step + 1) * self._step
            self._ballast.relieve(lambda: self._disk.fallocate(fd, size), lambda: self._disk.fallocate(fd, need))
            self._disk.fsync(fd)
            self._allocated = self._disk.size(fd)
        return fd


class TrackReader:
    """Reads tracks and holds each against the digest in its frame.

    `missing_ok`: a track file that is gone without having expired reads as if it had.
    """

    def __init__(self, directory: Path, disk: Disk, *, missing_ok: bool = False) -> None:
        self._missing_ok = missing_ok
        self._directory = directory
        self._disk = disk
        self._fd: int | None = None
        self._segment = 0
        self._expired_through = read_expired_through(directory)

    def load(self, segment: int, seq: int, ref: TrackRef) -> bytes | None:
        """Give the track of record `seq`; None if it has expired.

        Raises BadFrameError with the offset in the track file if it is missing or not what was written.
        """
        fd = self._open(segment)
        if fd is None:
            if self._missing_ok or seq <= self._expired_through:
                return None
            reason = "the track file is missing and was not expired; if it was deleted on purpose, expire it"
            raise BadFrameError(ref.offset, seq, reason)
        data = self._disk.pread(fd, ref.length, ref.offset)
        if sha256(data).digest() != ref.digest:
            raise BadFrameError(ref.offset, seq, "the positions do not match their digest")
        return data

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None

    def _open(self, segment: int) -> int | None:
        if self._fd is None or segment != self._segment:
            self.close()
            self._segment = segment
            try:
                self._fd = self._disk.open(track_path(self._directory, segment))
            except FileNotFoundError:
                self._expired_through = read_expired_through(self._directory)
        return self._fd


def read_expired_through(directory: Path) -> int:
    """Give the last sequence whose track may be gone; 0 if none.

    Raises JournalError if the note is unreadable.
    """
    note = directory / _NOTE
    try:
        return int(note.read_bytes())
    except FileNotFoundError:
        return 0
    except ValueError as error:
        raise JournalError(f"{note}: not a sequence number; expire the tracks again to rewrite it") from error


def expire_tracks(directory: Path, before_seq: int, disk: Disk | None = None) -> list[Path]:
    """Delete every track file that holds only records before `before_seq`; gives what was deleted.

    The segment in use is never touched. May run while the journal is written. Raises OSError.
    """
    disk = disk or Disk()
    segments = list_segments(directory)
    done = [(first, after) for first, after in pairwise(segments) if after <= before_seq]
    paths = [track_path(directory, first) for first, _ in done]
    gone = [path for path in paths if path.exists()]
    if gone:
        _note_expired(directory, done[-1][1] - 1, disk)
        for path in gone:
            disk.unlink(path)
        disk.fsync_dir(directory)
    return gone


def _note_expired(directory: Path, through_seq: int, disk: Disk) -> None:
    beside = directory / f"{_NOTE}.new"
    fd = disk.open(beside, CREATE)
    try:
        disk.truncate(fd, 0)
        disk.pwrite(fd, str(through_seq).encode(), 0)
        disk.fsync(fd)
    finally:
        disk.close(fd)
    disk.rename(beside, directory / _NOTE)
    disk.fsync_dir(directory)
