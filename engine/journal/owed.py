"""What is being erased and may not yet be erased everywhere: noted before the first step, struck out after the last.

A destroyed key says that the journal is done with an incident, and nothing about snapshots or what lies elsewhere. So whoever
erases notes it here first, and a process that starts again does once more whatever is still noted: erasing twice is harmless.
One file an incident, so that nobody who notes or strikes out can undo what another does.

    owed/I12     an empty file
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.journal.disk import CREATE, Disk

FOLDER: Final = "owed"


class Owed:
    """The incidents beside one journal whose erasing has begun and not ended."""

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self._folder = directory / FOLDER
        self._disk = disk or Disk()

    def names(self) -> list[str]:
        """Return the incidents. Raises OSError."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def note(self, names: Iterable[str]) -> None:
        """Note them, for good; what is noted already stays so. Raises OSError."""
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._disk.fsync_dir(self._folder.parent)
        for name in names:
            self._disk.close(self._disk.open(self._folder / name, CREATE))
        self._disk.fsync_dir(self._folder)

    def settle(self, names: Iterable[str]) -> None:
        """Strike them out: nothing of them is left anywhere. Raises OSError."""
        for name in names:
            self._disk.unlink(self._folder / name)
        if self._folder.is_dir():
            self._disk.fsync_dir(self._folder)
