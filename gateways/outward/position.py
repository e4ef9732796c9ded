"""How far a feed has come: a small file in the data folder, replaced as a whole.

Rule: written after the receiver has taken what is before it, so after a crash some events come again and none is missing.
"""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.journal.disk import Disk

FOLDER: Final = "feeds"


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

    def load(self) -> Position | None:
        """Return what was kept; None if nothing was. Raises PositionDamaged, OSError."""
        try:
            return msgspec.msgpack.decode(self._path.read_bytes(), type=Position)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise PositionDamaged(f"{self._path} cannot be read ({error}). Remove it to begin anew.") from error

    def keep(self, position: bytes) -> None:
        """Replace what was kept. Blocks; raises OSError."""
        self._path.parent.mkdir(exist_ok=True)
        Disk().replace(self._path, position)
