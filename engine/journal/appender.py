"""Appending batches: tracks first, then the segment; then the sync; then the boundary. No threads here.

After any error an appender must not be used again, only closed: a failed sync is never retried, because the
kernel may have dropped the very pages it could not write.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from engine.journal.boundary import BoundaryFile
from engine.journal.disk import CREATE, Disk
from engine.journal.frames import (
    OPENING_BYTES,
    Place,
    batch_bytes,
    chain,
    encode_commit,
    encode_opening,
    encode_records,
)
from engine.journal.opening import Recovered
from engine.journal.port import Record
from engine.journal.segments import Allocator, segment_path
from engine.journal.settings import Settings
from engine.journal.space import Ballast
from engine.journal.tracks import TrackWriter


class Appender:
    """The end of the journal. All methods raise OSError."""

    def __init__(self, directory: Path, disk: Disk, settings: Settings, ballast: Ballast, found: Recovered) -> None:
        self.place = found.place
        self.synced = found.last_seq
        self.dirty = False
        self._directory = directory
        self._disk = disk
        self._ballast = ballast
        self._track_bytes = settings.track_bytes
        self._allocator = Allocator(directory, disk, ballast, settings.segment_bytes)
        self._tracks = TrackWriter(directory, disk, ballast, settings.track_step_bytes)
        self._boundary = BoundaryFile(directory, disk)
        self._fd: int | None = None
        self._size = 0
        if self.place.segment:
            self._open_segment()
            self._tracks.turn_to(self.place.segment, found.track_end)
        self._boundary.write(self.place)
        self._boundary.sync()
        disk.fsync_dir(directory)
        self.prepare()

    def prepare(self) -> None:
        """Have the next segment ready before it is needed."""
        self._allocator.prepare()

    def append(self, records: Sequence[Record]) -> None:
        """Write one batch with its commit frame. It is not synced yet."""
        need = batch_bytes(records) + OPENING_BYTES
        fd = self._fd
        if fd is None or self.place.offset + need > self._size or self._tracks.end > self._track_bytes:
            fd = self._roll(need)
        place = self.place
        refs = self._tracks.append(records)
        opening, crc = (b"", place.crc) if place.offset else encode_opening(place.segment, place.epoch, place.head)
        frames, crc = encode_records(records, refs, crc)
        head = chain(place.head, frames)
        commit, crc = encode_commit(records, self.synced, head, crc)
        data = b"".join((opening, frames, commit))
        self._ballast.relieve(lambda: self._disk.pwrite(fd, data, place.offset))
        last = records[-1]
        self.place = Place(place.segment, place.offset + len(data), crc, last.seq, head, last.epoch)
        self.dirty = True

    def sync(self) -> None:
        """Bring everything appended to the medium, then say so in the boundary file."""
        self._tracks.sync()
        if self._fd is not None:
            self._disk.fdatasync(self._fd)
        self.synced, self.dirty = self.place.seq, False
        self._ballast.relieve(lambda: self._boundary.write(self.place))

    def finish(self) -> None:
        """Sync what is left, at an orderly end."""
        if self.dirty:
            self.sync()
        self._boundary.sync()

    def close(self) -> None:
        """Let go of all files, without a sync."""
        self._tracks.close()
        self._boundary.close()
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None

    def _roll(self, need: int) -> int:
        """Go to a new segment. Everything before it is synced first: only a last segment may be torn."""
        if self.dirty:
            self.sync()
        if self._fd is not None:
            self._boundary.sync()
            self._disk.close(self._fd)
            self._fd = None
        first = self.place.seq + 1
        self._allocator.take(first, need)
        self.place = replace(self.place, segment=first, offset=0, crc=0)
        self._tracks.turn_to(first)
        return self._open_segment()

    def _open_segment(self) -> int:
        fd = self._fd = self._disk.open(segment_path(self._directory, self.place.segment), CREATE)
        self._size = self._disk.size(fd)
        return fd
