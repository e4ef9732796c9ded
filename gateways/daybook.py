"""Books of a server: one JSON line for each thing that happened, with its time; a file a day, bounded, gone after so many days.

Rule: whoever has something to write never waits, and a full disk stops nobody: what could not be written is counted. Books
may name people, so they are readable by their owner only.
"""

import os
from collections import deque
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec
import trio

from gateways.log import logger
from gateways.times import iso

WAITING_MAX: Final = 10_000
WAITING_BYTES: Final = 64 << 20
EVERY_S: Final = 0.2
_log = logger("books")


class DayBook:
    """Takes lines at once and writes them in a thread. One task runs it."""

    def __init__(
        self, folder: Path, name: str, file_bytes: int, days: float, lost: Callable[[int], None] = lambda _: None
    ) -> None:
        """`lost` is told how many lines could not be written. Files are called `name-2026-11-29.log`, an older part `.log.1`."""
        self._folder = folder
        self._name = name
        self._file_bytes = file_bytes
        self._days = days
        self._lost = lost
        self._tidied = ""
        """The day on which old files were last removed."""
        self._lines: deque[tuple[str, bytes]] = deque()
        """With the day of each."""
        self._size = 0
        self._holding = Lock()
        """Lines and their size change together: one thread adds, another takes. Held for no longer than that."""
        self._writing = Lock()

    def write(self, at_ms: int, what: str, **fields: Any) -> None:
        """Add a line. Never waits; a line that there is no room for is counted."""
        at = iso(at_ms)
        line = msgspec.json.encode({"at": at, "what": what, **fields}) + b"\n"
        with self._holding:
            full = len(self._lines) >= WAITING_MAX or self._size + len(line) > WAITING_BYTES
            if not full:
                self._lines.append((at[:10], line))
                self._size += len(line)
        if full:
            self._lost(1)

    async def run(self) -> None:
        """Write what comes, until cancelled; then the rest."""
        try:
            while True:
                await trio.sleep(EVERY_S)
                if self._lines:
                    await trio.to_thread.run_sync(self.flush)
        finally:
            self.flush()

    def flush(self) -> None:
        """Write what waits, each line into the file of its day; return once all of it is there. Blocks."""
        with self._writing:
            self._flush()

    def _flush(self) -> None:
        with self._holding:
            lines = list(self._lines)
            self._lines.clear()
            self._size = 0
        for day in dict.fromkeys(day for day, _ in lines):
            today = [line for each, line in lines if each == day]
            try:
                self._append(self._folder / f"{self._name}-{day}.log", b"".join(today))
                self._tidy(day)
            except OSError as error:
                self._lost(len(today))
                _log.warning("a book could not be written; is the disk full?", book=self._name, detail=str(error))

    def _append(self, path: Path, data: bytes) -> None:
        if path.exists() and path.stat().st_size + len(data) > self._file_bytes:
            path.replace(path.with_suffix(".log.1"))
        handle = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(data)

    def _tidy(self, today: str) -> None:
        """Once a day, remove what is too old."""
        if today == self._tidied:
            return
        self._tidied = today
        oldest = (date.fromisoformat(today) - timedelta(days=self._days)).isoformat()
        for path in book_files(self._folder, self._name):
            if path.name.removeprefix(f"{self._name}-")[:10] < oldest:
                path.unlink(missing_ok=True)


def book_files(folder: Path, name: str) -> list[Path]:
    """Return the files of a book that there are, in the order of their days."""
    return sorted(path for path in folder.glob(f"{name}-????-??-??.log*") if path.is_file())
