"""The log of exchanges: one JSON line for each, with the time, who, what and its identifiers; bounded on the disk.

It is where parts of neighbours' documents are kept that have no counterpart here, so it holds people's data: readable
by its owner only. Metrics count; they never name.
"""

import os
from collections import deque
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from gateways.eido.config import Statistics
from gateways.eido.moments import stamp
from gateways.log import logger

FILE: Final = "eido.log"
WAITING_MAX: Final = 10_000
WAITING_BYTES: Final = 64 << 20
EVERY_S: Final = 0.2
_log = logger("eido")


class ExchangeLog:
    """Takes lines at once and writes them in a thread. One task runs it."""

    def __init__(self, folder: Path, file_bytes: int, statistics: Statistics) -> None:
        self._path = folder / FILE
        self._file_bytes = file_bytes
        self._statistics = statistics
        self._lines: deque[bytes] = deque()
        self._size = 0

    def write(self, at_ms: int, what: str, **fields: Any) -> None:
        """Add a line. Never waits; a line that there is no room for is counted."""
        line = msgspec.json.encode({"at": stamp(at_ms), "what": what, **fields}) + b"\n"
        if len(self._lines) >= WAITING_MAX or self._size + len(line) > WAITING_BYTES:
            self._statistics.log_failed += 1
            return
        self._lines.append(line)
        self._size += len(line)

    async def run(self) -> None:
        """Write what comes, until cancelled; then the rest."""
        try:
            while True:
                await trio.sleep(EVERY_S)
                if self._lines:
                    await trio.to_thread.run_sync(self._flush)
        finally:
            self._flush()

    def _flush(self) -> None:
        """Write what waits; begin a new file where this one is full."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        data = b"".join(lines)
        self._size = max(0, self._size - len(data))
        try:
            if self._path.exists() and self._path.stat().st_size + len(data) > self._file_bytes:
                self._path.replace(self._path.with_suffix(".log.1"))
            handle = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(data)
        except OSError as error:
            self._statistics.log_failed += len(lines)
            _log.warning("the log of exchanges could not be written; is the disk full?", detail=str(error))
