"""How far a feed has come: a small file in the data folder, replaced as a whole.

Rule: written after the receiver has taken what is before it, so after a crash some events come again and none is missing.
"""

from pathlib import Path
from typing import Final

import msgspec
import trio
from msgspec import Struct

from engine.journal.disk import Disk

FOLDER: Final = "feeds"
DISK_S: Final = 5.0
"""For a disk that hangs."""


class Position(Struct):
    """Where to go on."""

    seq: int
    """What is picked of this turn, and of those before it, has been taken."""
    memory: bytes = b""
    """What the picker remembered right after that turn."""
    taken_seq: int = 0
    """And farther on everything up to the fact of this turn …"""
    taken_index: int = -1
    """… and index."""


class PositionDamaged(Exception):
    """The file is not what was written. The message says what to do."""


class PositionFile:
    """The file of one feed."""

    def __init__(self, data: Path, name: str) -> None:
        self._path = data / FOLDER / f"{name}.msgpack"
        self._one_at_a_time = trio.CapacityLimiter(1)
        """Held by a thread for as long as its disk hangs: nobody else begins to write meanwhile, and nothing older comes later."""

    def load(self) -> Position | None:
        """Return what was kept; None if nothing was. Raises PositionDamaged, OSError."""
        try:
            return msgspec.msgpack.decode(self._path.read_bytes(), type=Position)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise PositionDamaged(f"{self._path} cannot be read ({error}). Remove it to begin anew.") from error

    async def keep(self, position: bytes) -> None:
        """Replace what was kept, in a thread. Raises OSError; TimeoutError, which is one, where the disk hangs."""
        with trio.move_on_after(DISK_S):
            await trio.to_thread.run_sync(self._replace, position, abandon_on_cancel=True, limiter=self._one_at_a_time)
            return
        raise TimeoutError(f"the disk has not answered within {DISK_S:g} s")

    def _replace(self, position: bytes) -> None:
        self._path.parent.mkdir(exist_ok=True)
        Disk().replace(self._path, position)
