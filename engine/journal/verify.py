"""Verifying a whole journal: every frame, every checksum, the hash chain from its beginning, every track.

It only reads, and may run while the engine writes.
"""

from pathlib import Path

import msgspec

from engine.journal.boundary import read_boundary
from engine.journal.disk import Disk
from engine.journal.frames import GENESIS
from engine.journal.segments import list_segments
from engine.journal.tracks import TrackReader, read_expired_through
from engine.journal.walk import Walk, start_place


class Report(msgspec.Struct, frozen=True):
    """What a journal holds.

    `head` in hexadecimal; `torn_bytes` of an interrupted write will be cut at opening.

    Tracks: `ok` match their digest, `expired` were deleted on purpose, `missing` are gone without that.
    """

    segments: int = 0
    first_seq: int = 0
    last_seq: int = 0
    records: int = 0
    commits: int = 0
    bytes: int = 0
    head: str = GENESIS.hex()
    torn_bytes: int = 0
    tracks_ok: int = 0
    tracks_expired: int = 0
    tracks_missing: int = 0
    boundary_valid: bool = False


def verify(directory: Path, disk: Disk | None = None) -> Report:
    """Read everything and hold it against its checksums. Raises JournalDamaged at the first rot, OSError."""
    disk = disk or Disk()
    segments = list_segments(directory)
    start = start_place(directory, disk, segments[0] if segments else 1)
    if start is None:
        return Report(boundary_valid=read_boundary(directory, disk) is not None)
    expired_through = read_expired_through(directory)
    walk = Walk(directory, disk, start, TrackReader(directory, disk, missing_ok=True))
    records = commits = ok = expired = missing = 0
    used: dict[int, int] = {}
    for batch in walk.batches():
        commits += 1
        records += len(batch.records)
        used[batch.place.segment] = batch.place.offset
        for record in (batch.records[index] for index in batch.tracks):
            ok += record.track is not None
            expired += record.track is None and record.seq <= expired_through
            missing += record.track is None and record.seq > expired_through
    return Report(
        segments=walk.segments,
        first_seq=start.seq + 1,
        last_seq=walk.place.seq,
        records=records,
        commits=commits,
        bytes=sum(used.values()),
        head=walk.place.head.hex(),
        torn_bytes=walk.tail.torn_bytes if walk.tail is not None else 0,
        tracks_ok=ok,
        tracks_expired=expired,
        tracks_missing=missing,
        boundary_valid=walk.boundary is not None,
    )
