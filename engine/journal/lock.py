"""One writer: a lock on a file beside the segments, held for as long as the process has it open.

The operating system lets go of it when the process ends, however it ends: there is no stale lock to remove.
"""

import fcntl
import os
from pathlib import Path

from engine.journal.disk import CREATE, Disk
from engine.journal.errors import JournalLocked


class Lock:
    """Takes the lock at construction. Raises JournalLocked if another has it."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._disk = disk
        path = directory / "lock"
        self._fd: int | None = disk.open(path, CREATE)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = disk.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise JournalLocked(
                f"{directory}: another engine (process {owner}) writes this journal; a second writer would "
                "destroy it. Stop that one, or start this one on a directory of its own",
            ) from error
        disk.truncate(self._fd, 0)
        disk.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. A second call does nothing."""
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None
