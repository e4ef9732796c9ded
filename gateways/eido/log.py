"""The log of exchanges: one JSON line for each, with the time, who, what and its identifiers; a file a day.

It is where parts of neighbours' documents are kept that have no counterpart here, so it holds people's data: readable
by its owner only, and gone after so many days. Metrics count; they never name.
"""

import os
from collections import deque
from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec
import trio

from gateways.eido.config import Statistics
from gateways.eido.moments import stamp
from gateways.log import logger

FILES: Final = "eido-{day}.log"
WAITING_MAX: Final = 10_000
WAITING_BYTES: Final = 64 << 20
EVERY_S: Final = 0.2
_log = logger("eido")


class ExchangeLog:
    """Takes lines at once and writes them in a thread. One task runs it."""

    def __init__(self, folder: Path, file_bytes: int, statistics: Statistics, days: int = 30) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._days = days
        self._tidied = ""
        """The day on which old files were last removed."""
        self._statistics = statistics
        self._lines: deque[tuple[str, bytes]] = deque()
        """With the day of each."""
        self._size = 0
        self._holding = Lock()
        """Lines and their size change together: one thread adds, another takes. Held for no longer than that."""
        self._writing = Lock()

    def write(self, at_ms: int, what: str, **fields: Any) -> None:
        """Add a line. Never waits; a line that there is no room for is counted."""
        at = stamp(at_ms)
        line = msgspec.json.encode({"at": at, "what": what, **fields}) + b"\n"
        with self._holding:
            full = len(self._lines) >= WAITING_MAX or self._size + len(line) > WAITING_BYTES
            if not full:
                self._lines.append((at[:10], line))
                self._size += len(line)
        self._statistics.log_failed += full

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
                self._append(self._folder / FILES.format(day=day), b"".join(today))
                self._tidy(day)
            except OSError as error:
                self._statistics.log_failed += len(today)
                _log.warning("the log of exchanges could not be written; is the disk full?", detail=str(error))

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
        for path in log_files(self._folder):
            if path.name[5:15] < oldest:
                path.unlink(missing_ok=True)


def log_files(folder: Path) -> list[Path]:
    """Return the files that there are, in the order of their days."""
    return sorted(path for path in folder.glob(FILES.format(day="????-??-??") + "*") if path.is_file())
