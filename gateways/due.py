"""What is kept longer than the configuration says: read off a journal, also beside a running server, by a process of its own.

python -m gateways.due JOURNAL < retention.json      # as a server asks it, once a day
"""

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.journal.reader import Reader
from engine.journal.recovery import turns
from engine.journal.segments import list_segments, track_path
from engine.model.facts import IncidentCancelled, IncidentClosed, IncidentMerged
from engine.model.forgetting import IncidentForgotten
from engine.model.response_facts import IncidentReopened, IncidentSplit
from gateways.config import Retention

DAY_MS: Final = 86_400_000


class Due(Struct, frozen=True):
    """What is kept longer than it is to be."""

    positions_before: int
    """Turns before this one may lose their positions; 0: none."""
    tracks: int
    track_bytes: int
    incidents: tuple[str, ...]
    held: tuple[str, ...]
    """Would be due, but are on hold."""


def what_is_due(journal: Path, retention: Retention, now_ms: int) -> Due:
    """Return what is older than it is to be. Raises JournalDamaged, JournalGap, OSError."""
    before = 0
    if retention.positions_days is not None:
        before = _first_kept(journal, now_ms - round(retention.positions_days * DAY_MS))
    gone = [track_path(journal, first) for first in _segments_before(journal, before)]
    tracks = [path for path in gone if path.exists()]
    ended: list[str] = []
    if retention.incidents_days is not None:
        ended = list(_ended_before(journal, now_ms - round(retention.incidents_days * DAY_MS)))
    return Due(
        positions_before=before if tracks else 0,
        tracks=len(tracks),
        track_bytes=sum(path.stat().st_size for path in tracks),
        incidents=tuple(name for name in ended if name not in retention.hold),
        held=tuple(name for name in ended if name in retention.hold),
    )


def _segments_before(journal: Path, seq: int) -> list[int]:
    """Return the segments that hold only turns before that one; never the one in use."""
    segments = list_segments(journal)
    return [first for first, after in pairwise(segments) if after <= seq]


def _first_kept(journal: Path, since_ms: int) -> int:
    """Return the first turn of the last segment that begins before then: all before it is older."""
    found = 0
    for first in list_segments(journal):
        record = next(Reader(journal).read(first), None)
        if record is None or next(turns(journal, first)).now > since_ms:
            break
        found = first
    return found


def _ended_before(journal: Path, then_ms: int) -> Iterator[str]:
    ended: dict[str, int] = {}
    for turn in turns(journal, min(list_segments(journal))):
        for fact in turn.facts:
            if isinstance(fact, IncidentClosed | IncidentCancelled | IncidentMerged):
                ended[fact.incident] = turn.now
            elif isinstance(fact, IncidentReopened | IncidentSplit | IncidentForgotten):
                ended.pop(fact.incident, None)
    return (name for name, at_ms in ended.items() if at_ms < then_ms)


def main() -> None:
    """Print what is due as JSON."""
    retention = msgspec.json.decode(sys.stdin.buffer.read(), type=Retention)
    due = what_is_due(Path(sys.argv[1]), retention, round(time.time() * 1000))
    sys.stdout.buffer.write(msgspec.json.encode(due))


if __name__ == "__main__":
    main()
