"""What the learner remembers over a restart: one file in the data folder, replaced as a whole.

It is a help, not a record: without it learning starts anew, and what the engine was told is in the journal.
"""

from pathlib import Path

from engine.journal.disk import Disk
from gateways.log import logger

FILE = "learning.msgpack"
_log = logger("memory")


class Memory:
    """The learner's file."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE

    def load(self) -> bytes | None:
        """Return what was kept; None if there is nothing, or nothing that can be read."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("what was learned about travel times cannot be read; learning starts anew", detail=str(error))
            return None

    def keep(self, state: bytes) -> None:
        """Replace what was kept: the old file stays whole until the new one is. Raises OSError."""
        Disk().replace(self._path, state)
