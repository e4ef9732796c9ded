"""The bytes of the journal, as pure functions. Little endian throughout.

    frame   = magic 2 | version 1 | kind 1 | length 4 | seq 8 | epoch 4 | body (length) | crc32 4
    opening   body = chain head 32 before this segment (the first frame of a segment; its crc begins anew)
    plain     body = the record
    tracked   body = sha256 32, offset 8, length 4 of its track, then the record
    commit    body = first_seq 8, count 4, synced_through 8, chain head 32, self-check crc32 4

Each crc continues the crc of the frame before it. A batch is one or more records and their commit frame; it
is valid as a whole or not at all. Chain head n = sha256(head n-1 + the record frames of batch n).
`synced_through` is the last sequence an fdatasync had covered before this batch was written: evidence, for
whoever finds damage before it, of what had been acknowledged. The self-check lets a commit frame be
recognised alone. The magic is not valid UTF-8, so no text inside a record can pass for a frame.
"""

import struct
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final
from zlib import crc32

import msgspec

from engine.journal.port import Record

MAGIC: Final = b"\xf5\xc1"
VERSION: Final = 1
OPENING, PLAIN, TRACKED, COMMIT = 1, 2, 3, 4
HEADER: Final = struct.Struct("<2sBBIQI")
CRC: Final = struct.Struct("<I")
TRACK: Final = struct.Struct("<32sQI")
COMMIT_BODY: Final = struct.Struct("<QIQ32s")
GENESIS: Final = bytes(32)  # the chain head before the first batch

FRAME_BYTES: Final = HEADER.size + CRC.size
OPENING_BYTES: Final = FRAME_BYTES + len(GENESIS)
COMMIT_BYTES: Final = FRAME_BYTES + COMMIT_BODY.size + CRC.size
MAX_BODY_BYTES: Final = 1 << 30

_COMMIT_START: Final = HEADER.pack(MAGIC, VERSION, COMMIT, COMMIT_BYTES - FRAME_BYTES, 0, 0)[:8]


class TrackRef(msgspec.Struct, frozen=True, gc=False):
    """Where in the segment's track file a record's track lies, and its digest."""

    digest: bytes
    offset: int
    length: int


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where the chain stands after a commit: the end of one batch and the start of the next.

    `segment` is the first sequence of the segment. Offset 0: its opening frame is still to come.
    """

    segment: int
    offset: int
    crc: int
    seq: int
    head: bytes
    epoch: int


class Batch(msgspec.Struct, frozen=True, gc=False):
    """One whole, verified group commit. `tracks` maps an index of `records` to where its track lies."""

    records: list[Record]
    tracks: dict[int, TrackRef]
    place: Place
    synced_through: int


class ShortError(Exception):
    """More bytes are needed to decide."""


class BadFrameError(Exception):
    """No valid frame at `offset`, where record `seq` was expected.

    `foreign`: the bytes are intact but belong elsewhere, which no interrupted write can cause.
    """

    def __init__(self, offset: int, seq: int, reason: str, *, foreign: bool = False) -> None:
        self.offset = offset
        self.seq = seq
        self.reason = reason
        self.foreign = foreign
        super().__init__(reason)


def batch_bytes(records: Sequence[Record]) -> int:
    """Size of a batch with its commit frame, without an opening."""
    size = COMMIT_BYTES
    for record in records:
        size += FRAME_BYTES + len(record.body) + (TRACK.size if record.track else 0)
    return size


def encode_opening(first_seq: int, epoch: int, head: bytes) -> tuple[bytes, int]:
    """Encode the first frame of a segment; gives its bytes and its crc."""
    frame = HEADER.pack(MAGIC, VERSION, OPENING, len(head), first_seq, epoch) + head
    crc = crc32(frame)
    return frame + CRC.pack(crc), crc


def encode_records(records: Sequence[Record], tracks: dict[int, TrackRef], crc: int) -> tuple[bytes, int]:
    """Encode the record frames of a batch; gives their bytes and the last crc."""
    parts: list[bytes] = []
    for index, record in enumerate(records):
        ref = tracks.get(index)
        kind, prefix = (TRACKED, TRACK.pack(ref.digest, ref.offset, ref.length)) if ref is not None else (PLAIN, b"")
        body = record.body
        header = HEADER.pack(MAGIC, VERSION, kind, len(prefix) + len(body), record.seq, record.epoch) + prefix
        crc = crc32(body, crc32(header, crc))
        parts += (header, body, CRC.pack(crc))
    return b"".join(parts), crc


def encode_commit(records: Sequence[Record], synced_through: int, head: bytes, crc: int) -> tuple[bytes, int]:
    """Encode the commit frame that ends a batch; gives its bytes and its crc."""
    last = records[-1]
    frame = HEADER.pack(MAGIC, VERSION, COMMIT, COMMIT_BODY.size + CRC.size, last.seq, last.epoch)
    frame += COMMIT_BODY.pack(records[0].seq, len(records), synced_through, head)
    frame += CRC.pack(crc32(frame))
    crc = crc32(frame, crc)
    return frame + CRC.pack(crc), crc


def chain(head: bytes, record_frames: bytes | memoryview) -> bytes:
    """Give the chain head after a batch."""
    digest = sha256(head)
    digest.update(record_frames)
    return digest.digest()


def decode_opening(data: bytes, first_seq: int) -> tuple[bytes, int, int] | None:
    """Decode the opening frame at the start of `data`: chain head, epoch and crc.

    None if there is no valid one.
    """
    try:
        kind, seq, epoch, body, end, crc = _frame(memoryview(data), 0, 0, first_seq)
    except (BadFrameError, ShortError):
        return None
    if kind != OPENING or seq != first_seq or end != OPENING_BYTES:
        return None
    return data[body : body + len(GENESIS)], epoch, crc


def decode_batch(data: bytes, at: int, place: Place) -> Batch:
    """Decode and verify the batch that follows `place`, whose first byte is `data[at]`.

    Raises ShortError if `data` ends too early, BadFrameError (offset in the segment) if it is not valid.
    """
    shift = place.offset - at
    try:
        return _Decoder(data, at, place).batch()
    except BadFrameError as bad:
        raise BadFrameError(bad.offset + shift, bad.seq, bad.reason, foreign=bad.foreign) from None


def find_commits(data: bytes) -> Iterator[int]:
    """`synced_through` of every commit frame in `data`, recognised alone, wherever it lies."""
    at = data.find(_COMMIT_START)
    while at >= 0:
        body = at + HEADER.size
        check = body + COMMIT_BODY.size
        if check + CRC.size <= len(data) and crc32(data[at:check]) == CRC.unpack_from(data, check)[0]:
            yield COMMIT_BODY.unpack_from(data, body)[2]
        at = data.find(_COMMIT_START, at + 1)


def _frame(data: memoryview, at: int, crc: int, expected: int) -> tuple[int, int, int, int, int, int]:
    """One frame: kind, seq, epoch, start of its body, end of the frame, crc."""
    body = at + HEADER.size
    if body > len(data):
        raise ShortError
    magic, version, kind, length, seq, epoch = HEADER.unpack_from(data, at)
    if magic != MAGIC:
        raise BadFrameError(at, expected, "no frame begins here")
    if version != VERSION:
        reason = f"it is of format {version}, and this program reads format {VERSION}"
        raise BadFrameError(at, expected, reason, foreign=version != 0)  # 0: the header itself is torn
    end = body + length + CRC.size
    if end > len(data):
        raise ShortError
    crc = crc32(data[at : end - CRC.size], crc)
    if crc != CRC.unpack_from(data, end - CRC.size)[0]:
        raise BadFrameError(at, expected, "the checksum does not match")
    return kind, seq, epoch, body, end, crc


class _Decoder:
    """Reads one batch, frame by frame; offsets are those of `data`."""

    def __init__(self, data: bytes, at: int, place: Place) -> None:
        self.data, self.view, self.at, self.place = data, memoryview(data), at, place
        self.crc, self.seq, self.epoch = place.crc, place.seq, place.epoch
        self.records: list[Record] = []
        self.tracks: dict[int, TrackRef] = {}

    def batch(self) -> Batch:
        start = self.at
        if self.place.offset == 0:
            self._opening()
        first = self.at
        while True:
            kind, seq, epoch, body, end, crc = _frame(self.view, self.at, self.crc, self.seq + 1)
            if kind == COMMIT:
                head, synced = self._commit(first, body, seq)
                place = Place(self.place.segment, self.place.offset + end - start, crc, seq, head, self.epoch)
                return Batch(self.records, self.tracks, place, synced)
            self._record(kind, seq, epoch, body, end - CRC.size)
            self.at, self.crc = end, crc

    def _opening(self) -> None:
        place = self.place
        kind, seq, epoch, body, end, self.crc = _frame(self.view, self.at, 0, place.segment)
        head = self.data[body : end - CRC.size]
        if kind != OPENING or seq != place.segment or seq != place.seq + 1 or epoch < place.epoch:
            raise BadFrameError(self.at, place.segment, "the segment opens for other records", foreign=True)
        if head != place.head:
            reason = "the hash chain does not continue that of the segment before"
            raise BadFrameError(self.at, place.segment, reason, foreign=True)
        self.at = end

    def _record(self, kind: int, seq: int, epoch: int, body: int, end: int) -> None:
        if seq != self.seq + 1 or epoch < self.epoch or kind not in (PLAIN, TRACKED):
            reason = f"an intact frame (kind {kind}, record {seq}, epoch {epoch}) stands where it does not belong"
            raise BadFrameError(self.at, self.seq + 1, reason, foreign=True)
        if kind == TRACKED:
            self.tracks[len(self.records)] = TrackRef(*TRACK.unpack_from(self.data, body))
            body += TRACK.size
        self.records.append(Record(seq, self.data[body:end], epoch=epoch))
        self.seq, self.epoch = seq, epoch

    def _commit(self, first: int, body: int, seq: int) -> tuple[bytes, int]:
        first_seq, count, synced, head = COMMIT_BODY.unpack_from(self.data, body)
        if (first_seq, count, seq) != (self.place.seq + 1, len(self.records), self.seq) or count == 0:
            raise BadFrameError(
                self.at, first_seq, "the commit frame counts other records than stand here", foreign=True
            )
        if head != chain(self.place.head, self.view[first : self.at]):
            raise BadFrameError(self.at, first_seq, "the hash chain does not match", foreign=True)
        return head, synced
