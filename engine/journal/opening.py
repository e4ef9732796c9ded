"""Opening a journal for writing: find its end, and cut what an interrupted write left behind it.

Only the torn end of the last segment is ever cut, and it is reported. Rot is refused (see `walk`). Before
anything is read, the last files are synced and the cache is dropped: after a failed sync the cache may show
what the medium does not hold.
"""

import os
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from engine.journal.disk import Disk
from engine.journal.frames import GENESIS, Place
from engine.journal.segments import list_segments, segment_path, track_path
from engine.journal.space import Ballast
from engine.journal.tracks import TrackReader
from engine.journal.walk import Tail, Walk, start_place

_NOWHERE: Final = Place(0, 0, 0, 0, GENESIS, 0)
_LAST: Final = 1 << 62


class Recovered(msgspec.Struct, frozen=True):
    """What was found at opening.

    `cut_bytes` were cut behind `last_seq`; `notes` are sentences for the operator.
    """

    last_seq: int
    epoch: int
    head: bytes
    cut_bytes: int
    notes: tuple[str, ...]
    place: Place
    track_end: int


def recover(directory: Path, disk: Disk, ballast: Ballast, *, verify_all: bool) -> Recovered:
    """Find the end of the journal and make it ready to go on from. Raises JournalDamaged, OSError."""
    segments = list_segments(directory)
    for path in (make(directory, first) for first in segments[-1:] for make in (segment_path, track_path)):
        _settle(path, disk)
    disk.fsync_dir(directory)
    start = start_place(directory, disk, segments[0] if verify_all and segments else _LAST)
    if start is None:
        return Recovered(0, 0, GENESIS, 0, (), _NOWHERE, 0)
    sure, track_end, notes = _walk_frames(directory, disk, start)
    place, tail = _walk_tracks(directory, disk, sure)
    _cut(directory, disk, ballast, tail)
    if not tail.clean:
        notes = (*notes, _describe(directory, tail, place.seq))
    track_end = track_end if place.segment == tail.segment else 0
    return Recovered(place.seq, place.epoch, place.head, tail.torn_bytes, notes, place, track_end)


def _settle(path: Path, disk: Disk) -> None:
    if path.exists():
        fd = disk.open(path, os.O_RDWR)
        try:
            disk.fsync(fd)
            disk.forget(fd)
        finally:
            disk.close(fd)


def _walk_frames(directory: Path, disk: Disk, start: Place) -> tuple[Place, int, tuple[str, ...]]:
    """Walk to the end without the tracks: the last place surely synced, the end of the tracks, notes."""
    walk = Walk(directory, disk, start)
    sure, unsure = start, deque[Place]()
    segment, track_end = start.segment, 0
    for batch in walk.batches():
        if batch.place.segment != segment:
            segment, track_end = batch.place.segment, 0
        track_end = max([track_end, *(ref.offset + ref.length for ref in batch.tracks.values())])
        unsure.append(batch.place)
        synced = max(batch.synced_through, walk.boundary.seq if walk.boundary is not None else 0)
        while unsure and unsure[0].seq <= synced:
            sure = unsure.popleft()
    if walk.place.segment != segment:
        track_end = 0
    return sure, track_end, () if walk.boundary is not None else (_NO_BOUNDARY.format(directory),)


def _walk_tracks(directory: Path, disk: Disk, sure: Place) -> tuple[Place, Tail]:
    """Hold the tracks not surely synced against their digests: a power loss may have taken them alone."""
    walk = Walk(directory, disk, sure, TrackReader(directory, disk))
    for _ in walk.batches():
        pass
    if walk.tail is None:
        raise AssertionError("a walk that ended has a tail")
    return walk.place, walk.tail


def _cut(directory: Path, disk: Disk, ballast: Ballast, tail: Tail) -> None:
    fd = disk.open(segment_path(directory, tail.segment), os.O_RDWR)
    try:
        size = disk.size(fd)
        if not tail.clean:
            disk.truncate(fd, tail.offset)
        if size > 0:
            ballast.relieve(lambda: disk.fallocate(fd, size))
        disk.fsync(fd)
    finally:
        disk.close(fd)


_NO_BOUNDARY: Final = (
    "{}: the boundary file is missing or damaged; the end of the journal was judged by its commit frames "
    "alone, so damage to the very last batch could not be told from an interrupted write"
)


def _describe(directory: Path, tail: Tail, last_seq: int) -> str:
    return (
        f"{segment_path(directory, tail.segment)}: cut {tail.torn_bytes} bytes of an interrupted write at "
        f"byte {tail.offset}, after record {last_seq}; nothing acknowledged was in them ({tail.reason})"
    )
