"""Room on the disk: a ballast to give up when it is full, and levels at which to raise an alarm before."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from engine.journal.disk import CREATE, Disk

ALARM_PERCENTS: Final = (5, 10, 20)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Space(msgspec.Struct, frozen=True):
    """Room left for the journal.

    `alarm_percent`: the lowest of 20, 10, 5 that the free share has fallen below; 0 while there is more.
    `ballast_held` False: the disk was full once and the reserve is spent; make room now.
    """

    free_bytes: int
    total_bytes: int
    alarm_percent: int
    ballast_held: bool


def is_full(error: OSError) -> bool:
    """Tell a full disk or quota from every other error."""
    return error.errno in _FULL


class Ballast:
    """A file that does nothing but take up room, until the room is needed."""

    def __init__(self, directory: Path, disk: Disk, size: int) -> None:
        self._directory = directory
        self._path = directory / "ballast"
        self._disk = disk
        self._size = size
        self.held = False

    def fill(self) -> None:
        """Take the room; if the disk has none to spare, go without: `held` tells.

        Raises OSError otherwise.
        """
        try:
            allocate(self._disk, self._path, self._size)
            self.held = True
        except OSError as error:
            self.give_up()
            if not is_full(error):
                raise

    def give_up(self) -> None:
        """Free the room."""
        self._disk.unlink(self._path)
        self._disk.fsync_dir(self._directory)  # some file systems hand out freed blocks only after this
        self.held = False

    def relieve(self, action: Callable[[], None], smaller: Callable[[], None] | None = None) -> None:
        """Do `action`; at a full disk give up the ballast and do it (or `smaller`) once more.

        Raises OSError.
        """
        try:
            action()
        except OSError as error:
            if not is_full(error):
                raise
            self.give_up()
            (smaller or action)()

    def space(self) -> Space:
        """Room left now. Raises OSError."""
        free, total = self._disk.space(self._directory)
        alarm = next((level for level in ALARM_PERCENTS if free * 100 < total * level), 0)
        return Space(free, total, alarm, self.held)


def allocate(disk: Disk, path: Path, size: int) -> None:
    """Make a file of `size` zero bytes whose room is reserved, safely on the medium.

    On failure leave none.
    """
    fd = disk.open(path, CREATE)
    try:
        if size > 0:
            disk.fallocate(fd, size)
        disk.fsync(fd)
        disk.fsync_dir(path.parent)
    except OSError:
        disk.unlink(path)
        raise
    finally:
        disk.close(fd)
