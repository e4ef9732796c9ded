"""What can go wrong with the journal. Each message says what happened, what it means, and what to do."""

from pathlib import Path


class JournalError(Exception):
    """Anything the journal refuses or cannot do."""


class JournalDamaged(JournalError):
    """Acknowledged bytes do not read as they were written. The engine must not start from them."""

    def __init__(self, file: Path, offset: int, seq: int, reason: str, evidence: str) -> None:
        self.file = file
        self.offset = offset
        self.seq = seq
        self.reason = reason
        super().__init__(
            f"{file}: damaged at byte {offset}, record {seq}: {reason}. {evidence}, so this is not the torn "
            "end of an interrupted write, and cutting it would lose acknowledged records. Nothing was "
            "changed. Put the file back from a copy (a backup or another node) and run "
            "'turnout journal verify'. "
            "If there is no copy, move the whole journal directory aside, start on an empty one, "
            "and enter the open incidents again by hand.",
        )


class JournalGap(JournalError):
    """Records were asked for that this journal does not hold."""


class KeysForeign(JournalError):
    """What was sealed does not open with the key that bears its number."""


class JournalFull(JournalError):
    """More is waiting for the disk than may wait. The record was not taken; hold back and try again."""


class JournalLocked(JournalError):
    """Another process writes this journal."""


class JournalStopped(JournalError):
    """The journal was closed, or stopped for ever at an error. The record was not taken."""


class RecordRefused(JournalError):
    """The record does not follow the last one, or is too large. It was not taken."""
