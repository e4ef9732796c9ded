"""Snapshots: the folded state as opaque bytes, so that a restart need not fold from the beginning.

A snapshot is only a cache: the journal alone is the truth, a damaged snapshot is passed over (and said so),
and all of them may be deleted. Usually another process, which follows the journal, writes them while the
engine runs.

    file = magic 8 | seq 8 | length 8 | chain head 32 | sha256 over all the rest 32 | payload
"""

import struct
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from engine.journal.disk import Disk

KEPT: Final = 3
_FIELDS: Final = struct.Struct("<8sQQ32s")
_DIGEST_BYTES: Final = 32
_HEADER_BYTES: Final = _FIELDS.size + _DIGEST_BYTES
_MAGIC: Final = b"TURNSNP1"


class Snapshot(msgspec.Struct, frozen=True):
    """The state after record `seq`.

    `head`: the chain head of the last batch at or before it, as its writer knew it.
    """

    seq: int
    head: bytes
    payload: bytes


class Latest(msgspec.Struct, frozen=True):
    """The newest usable snapshot, if any, and a sentence for each newer one that was passed over."""

    snapshot: Snapshot | None
    passed_over: tuple[str, ...]


def write_snapshot(directory: Path, snapshot: Snapshot, disk: Disk | None = None) -> Path:
    """Write a snapshot of the journal in `directory`: beside, synced, then renamed; the last 3 are kept.

    Gives its path. Raises OSError; the older ones are untouched then.
    """
    disk = disk or Disk()
    folder = directory / "snapshots"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{snapshot.seq:020d}.snap"
    disk.replace(path, encoded(snapshot))
    for old in [*_newest_first(folder)[KEPT:], *folder.glob("*.new")]:
        disk.unlink(old)
    return path


def latest_snapshot(directory: Path, at_most_seq: int | None = None, disk: Disk | None = None) -> Latest:
    """Give the newest snapshot that reads as it was written, at or before `at_most_seq`. Raises OSError."""
    disk = disk or Disk()
    passed_over: list[str] = []
    for path in _newest_first(directory / "snapshots"):
        if at_most_seq is not None and int(path.stem) > at_most_seq:
            passed_over.append(f"{path}: passed over; the journal ends with record {at_most_seq}, before it")
            continue
        snapshot = decoded(_read(path, disk))
        if snapshot is not None and snapshot.seq == int(path.stem):
            return Latest(snapshot, tuple(passed_over))
        passed_over.append(f"{path}: passed over; it does not read as it was written, and may be deleted")
    return Latest(None, tuple(passed_over))


def _newest_first(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("*.snap") if path.stem.isdecimal()), reverse=True)


def encoded(snapshot: Snapshot) -> bytes:
    """Return the snapshot as a file holds it."""
    fields = _FIELDS.pack(_MAGIC, snapshot.seq, len(snapshot.payload), snapshot.head)
    return b"".join((fields, sha256(fields + snapshot.payload).digest(), snapshot.payload))


def decoded(data: bytes) -> Snapshot | None:
    """Return what a file holds; None if it does not read as it was written."""
    if len(data) < _HEADER_BYTES:
        return None
    fields, digest, payload = data[: _FIELDS.size], data[_FIELDS.size : _HEADER_BYTES], data[_HEADER_BYTES:]
    magic, seq, length, head = _FIELDS.unpack(fields)
    if magic != _MAGIC or length != len(payload) or digest != sha256(fields + payload).digest():
        return None
    return Snapshot(seq, head, payload)


def _read(path: Path, disk: Disk) -> bytes:
    fd = disk.open(path)
    try:
        return disk.pread(fd, disk.size(fd), 0)
    finally:
        disk.close(fd)
