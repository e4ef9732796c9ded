"""Segment files: their names, and how the next one is always ready before it is needed.

A segment is named by its first sequence, which is not known when it is allocated; so the next one waits as
`spare` and gets its name when it is taken into use. A segment is taken into use only after all before it is
synced: therefore only the last segment can have a torn end.
"""

from pathlib import Path

from engine.journal.disk import Disk
from engine.journal.space import Ballast, allocate, is_full

SMALLER = 8  # a full disk that gave up its ballast gets segments of this part of the usual size


def segment_path(directory: Path, first_seq: int) -> Path:
    """Give the name of the segment that starts with `first_seq`."""
    return directory / f"{first_seq:020d}.seg"


def track_path(directory: Path, first_seq: int) -> Path:
    """Give the name of the track file beside that segment."""
    return directory / f"{first_seq:020d}.track"


def list_segments(directory: Path) -> list[int]:
    """First sequences of all segments, in order."""
    return sorted(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())


class Allocator:
    """Provides segments of `size` bytes, preallocated."""

    def __init__(self, directory: Path, disk: Disk, ballast: Ballast, size: int) -> None:
        self._directory = directory
        self._disk = disk
        self._ballast = ballast
        self._size = size
        self._spare_path = directory / "spare"
        self._spare_bytes = 0
        self._short = False
        disk.unlink(self._spare_path)

    def prepare(self) -> None:
        """Have the next segment ready; cheap when it is. Raises OSError.

        A disk too full for it is no failure yet: the room left in the segment in use is already ours.
        """
        if self._spare_bytes or self._short:
            return
        try:
            self._allocate(0)
        except OSError as error:
            if not is_full(error):
                raise
            self._short = True

    def take(self, first_seq: int, need: int) -> None:
        """Name a segment of at least `need` bytes; it is on the medium when this returns. Raises OSError."""
        if self._spare_bytes < max(need, 1):
            self._allocate(need)
        self._disk.rename(self._spare_path, segment_path(self._directory, first_seq))
        self._disk.fsync_dir(self._directory)
        self._spare_bytes = 0
        self._short = False

    def _allocate(self, need: int) -> None:
        self._ballast.relieve(
            lambda: self._make(max(need, self._size)), lambda: self._make(max(need, self._size // SMALLER, 1))
        )

    def _make(self, size: int) -> None:
        self._spare_bytes = 0
        allocate(self._disk, self._spare_path, size)
        self._spare_bytes = size
