"""The log file channel: one JSON line per attempt, on the disk before it counts as delivered.

Rule: the file is opened, written, synced and closed for every line, by one thread at a time. So whoever rotates it
(we by size, or the system's own tool) may do so at any moment, and a line that a crash tore is closed off.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar

import trio
from msgspec import Meta, Struct

from gateways.alerts.channel import NOBODY, Copy, Outcome, Sender
from gateways.alerts.message import Message, render


class LogFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="logfile"):
    """A log file as configured."""

    addressed: ClassVar[bool] = False
    leaves: ClassVar[bool] = False

    path: Annotated[str, Meta(min_length=1)]
    """Relative to the data folder. Readable by its owner only: it holds addresses."""
    rotate_bytes: Annotated[int, Meta(ge=4096)] | None = None
    """Begin a new file before this one grows beyond it. None: it is rotated by others, or not at all."""
    keep: Annotated[int, Meta(ge=1, le=1000)] = 5
    """Old files kept, as path.1 (the newest) to path.N."""
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the channel; the file itself is opened for every line."""
        yield LogSender(self, folder / self.path)


class LogSender:
    """An open log file."""

    def __init__(self, config: LogFile, path: Path) -> None:
        self._config = config
        self._path = path
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Append the message."""
        del copy
        return await self.append(render(message) + b"\n")

    async def append(self, line: bytes) -> Outcome:
        """Append the line and sync it. On a disk that hangs, one thread is left behind and the others fail."""
        with trio.move_on_after(self._config.timeout_s):
            try:
                await trio.to_thread.run_sync(self._write, line, abandon_on_cancel=True, limiter=self._one_at_a_time)
            except OSError as error:
                return Outcome(delivered=False, detail=f"{self._path} cannot be written: {error.strerror}")
            return Outcome(delivered=True)
        return Outcome(delivered=False, detail=f"{self._path} was not on the disk within {self._config.timeout_s:g} s")

    def _write(self, line: bytes) -> None:
        fresh = self._rotate(len(line)) or not self._path.exists()
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _write_all(handle, line if _ends_whole(handle) else b"\n" + line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if fresh:
            _sync_folder(self._path.parent)

    def _rotate(self, more: int) -> bool:
        """Move the files up by one if the line does not fit; tell whether it was so."""
        limit = self._config.rotate_bytes
        if limit is None or not self._path.exists() or self._path.stat().st_size + more <= limit:
            return False
        names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, self._config.keep + 1))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)
        return True


def _ends_whole(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
