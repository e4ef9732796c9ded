"""The boundary: a side file of one sector that says how far the journal had been acknowledged.

It is written after each synced commit and before anyone is told, without a sync of its own: a killed process
leaves it exact, a power loss may leave it behind. So it is a lower bound, never a promise of more. It lets
recovery tell the torn end of an interrupted write (may be cut) from acknowledged records gone bad (must never
be cut).
"""

import struct
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from engine.journal.disk import CREATE, Disk
from engine.journal.frames import Place

SECTOR_BYTES: Final = 512
_LAYOUT: Final = struct.Struct("<8sQQQ32s")
_CRC: Final = struct.Struct("<I")
_MAGIC: Final = b"TURNBND1"


class Boundary(msgspec.Struct, frozen=True, gc=False):
    """Everything through `seq` was synced.

    That batch ends at `offset` of `segment`; `head` is its chain head.
    """

    seq: int
    segment: int
    offset: int
    head: bytes


def boundary_path(directory: Path) -> Path:
    """Give the name of the boundary file."""
    return directory / "boundary"


def encode(place: Place) -> bytes:
    """One sector."""
    fields = _LAYOUT.pack(_MAGIC, place.seq, place.segment, place.offset, place.head)
    return (fields + _CRC.pack(crc32(fields))).ljust(SECTOR_BYTES, b"\0")


def read_boundary(directory: Path, disk: Disk) -> Boundary | None:
    """Read the boundary as last written; None if the file is missing or damaged."""
    try:
        fd = disk.open(boundary_path(directory))
    except FileNotFoundError:
        return None
    try:
        data = disk.pread(fd, SECTOR_BYTES, 0)
    finally:
        disk.close(fd)
    fields, crc = data[: _LAYOUT.size], data[_LAYOUT.size : _LAYOUT.size + _CRC.size]
    if crc != _CRC.pack(crc32(fields)) or not fields.startswith(_MAGIC):
        return None
    _, seq, segment, offset, head = _LAYOUT.unpack(fields)
    return Boundary(seq, segment, offset, head)


class BoundaryFile:
    """The writer's side."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._disk = disk
        self._fd = disk.open(boundary_path(directory), CREATE)

    def write(self, place: Place) -> None:
        """Say that everything through `place` is on the medium. Raises OSError."""
        self._disk.pwrite(self._fd, encode(place), 0)

    def sync(self) -> None:
        """Bring it to the medium: at opening, when a segment is full, at closing."""
        self._disk.fsync(self._fd)

    def close(self) -> None:
        """Let go of the file."""
        self._disk.close(self._fd)
