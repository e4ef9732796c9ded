"""A key of its own for each incident, kept outside the chain: to destroy the key is to erase what was sealed under it.

Keys are made a block at a time, from the system's chance, and are on the disk before the first of them is used: no call
waits for a key, and none is lost with one. A destroyed key is overwritten with zeros in its place and synced. On media
that write elsewhere (copy-on-write file systems, flash) the old bytes may outlive that: use an encrypted volume, and
keep backups of `keys/` no longer than what they are to forget.

    keys/<first number, 12 digits>.keys     1,024 keys of 32 bytes; number 12 is incident I12, number 0 is nobody's
"""

import os
from pathlib import Path
from threading import Lock
from typing import Final

from engine.journal.disk import Disk

BLOCK: Final = 1_024
KEY_BYTES: Final = 32
NOBODY: Final = 0
"""Of what was said about no incident, such as a report that was refused."""
DESTROYED: Final = bytes(KEY_BYTES)
FOLDER: Final = "keys"
CACHED_MAX: Final = 64
"""Blocks held in memory."""


class Keyring:
    """The keys beside one journal."""

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self._folder = directory / FOLDER
        self._disk = disk or Disk()
        self._blocks: dict[int, bytes] = {}
        self._making = Lock()
        """One thread makes keys ahead of the engine, and the engine itself may have to: a block is made once."""

    def key(self, number: int) -> bytes | None:
        """Return the key; None if it was destroyed, or is not here. Raises OSError."""
        block = self._block(number // BLOCK)
        if block is None:
            return None
        start = number % BLOCK * KEY_BYTES
        key = block[start : start + KEY_BYTES]
        return None if key == DESTROYED else key

    def is_destroyed(self, number: int) -> bool:
        """Tell whether there was such a key and it is gone for good. Raises OSError."""
        return self._block(number // BLOCK) is not None and self.key(number) is None

    def prepare(self, number: int) -> None:
        """See that this key and all before it have been made. From any thread. Raises OSError."""
        with self._making:
            for block in range(number // BLOCK, -1, -1):
                if self._block(block) is not None:
                    break
                self._make(block)

    def destroy(self, number: int) -> bool:
        """Overwrite the key, for good; tell whether there was one. Raises OSError."""
        if self.key(number) is None:
            return False
        path = self._path(number // BLOCK)
        handle = self._disk.open(path, os.O_RDWR)
        try:
            self._disk.pwrite(handle, DESTROYED, number % BLOCK * KEY_BYTES)
            self._disk.fsync(handle)
        finally:
            self._disk.close(handle)
        self._blocks.pop(number // BLOCK, None)
        return True

    def _block(self, block: int) -> bytes | None:
        found = self._blocks.get(block)
        if found is None:
            try:
                found = self._path(block).read_bytes()
            except FileNotFoundError:
                return None
            if len(self._blocks) >= CACHED_MAX:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[block] = found
        return found

    def _make(self, block: int) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._path(block)
        beside = path.with_suffix(".new")
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self._disk.pwrite(handle, os.urandom(BLOCK * KEY_BYTES), 0)
            self._disk.fsync(handle)
        finally:
            self._disk.close(handle)
        self._disk.rename(beside, path)
        self._disk.fsync_dir(self._folder)
        self._disk.fsync_dir(self._folder.parent)

    def _path(self, block: int) -> Path:
        return self._folder / f"{block * BLOCK:012d}.keys"


def number_of(incident: str) -> int:
    """Return the number of an incident's id, as in I12; `NOBODY` for what is none."""
    digits = incident[1:]
    return int(digits) if incident[:1] == "I" and digits.isdecimal() and len(digits) <= 12 else NOBODY
