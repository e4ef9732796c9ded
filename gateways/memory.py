"""What the learner and the planner remember over a restart: a file each in the data folder, replaced as a whole.

It is a help, not a record: without it learning starts anew, and what the engine was told is in the journal.
"""

from pathlib import Path

from engine.journal.disk import Disk
from gateways.log import logger

FILE = "learning.msgpack"
PLANNER_FILE = "planning.msgpack"
_log = logger("memory")


class Memory:
    """One file."""

    def __init__(self, data: Path, file: str = FILE) -> None:
        self._path = data / file

    def load(self) -> bytes | None:
        """Return what was kept; None if there is nothing, or nothing that can be read."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning(f"{self._path.name}: what was learned cannot be read; learning starts anew", detail=str(error))
            return None

    def keep(self, state: bytes) -> None:
        """Replace what was kept: the old file stays whole until the new one is. Raises OSError."""
        Disk().replace(self._path, state)
