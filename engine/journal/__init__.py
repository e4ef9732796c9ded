"""The journal: the only room that touches the disk. See README.md."""

from engine.journal.disk import Disk
from engine.journal.errors import (
    JournalDamaged,
    JournalError,
    JournalFull,
    JournalGap,
    JournalLocked,
    JournalStopped,
    RecordRefused,
)
from engine.journal.journal import Journal
from engine.journal.opening import Recovered
from engine.journal.port import Log, Record
from engine.journal.reader import Reader
from engine.journal.settings import Settings
from engine.journal.snapshots import Latest, Snapshot, latest_snapshot, write_snapshot
from engine.journal.space import Space
from engine.journal.tracks import expire_tracks
from engine.journal.verify import Report, verify
from engine.journal.walk import Tail

__all__ = [
    "Disk",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalFull",
    "JournalGap",
    "JournalLocked",
    "JournalStopped",
    "Latest",
    "Log",
    "Reader",
    "Record",
    "RecordRefused",
    "Recovered",
    "Report",
    "Settings",
    "Snapshot",
    "Space",
    "Tail",
    "expire_tracks",
    "latest_snapshot",
    "verify",
    "write_snapshot",
]
