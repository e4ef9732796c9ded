"""The bytes of the journal: what is encoded decodes, and no single changed bit passes."""

import random

import pytest

from engine.journal.frames import (
    GENESIS,
    VERSION,
    BadFrameError,
    Place,
    ShortError,
    TrackRef,
    chain,
    decode_batch,
    decode_opening,
    encode_commit,
    encode_opening,
    encode_records,
    find_commits,
)
from engine.journal.port import Record

START = Place(segment=1, offset=0, crc=0, seq=0, head=GENESIS, epoch=0)
RECORDS = [Record(1, b"first", epoch=2), Record(2, b"", epoch=2), Record(3, b"third" * 40, epoch=3)]
TRACKS = {1: TrackRef(b"d" * 32, 4096, 77)}


def encoded(synced_through: int = 0) -> bytes:
    opening, crc = encode_opening(1, 0, GENESIS)
    frames, crc = encode_records(RECORDS, TRACKS, crc)
    commit, _ = encode_commit(RECORDS, synced_through, chain(GENESIS, frames), crc)
    return opening + frames + commit


def test_a_batch_decodes_to_what_was_encoded() -> None:
    """Records, epochs, track references, and the place after it come back as they were given."""
    data = encoded(synced_through=0)
    batch = decode_batch(data, 0, START)
    assert batch.records == RECORDS
    assert batch.tracks == TRACKS
    assert (batch.place.offset, batch.place.seq, batch.place.epoch) == (len(data), 3, 3)
    assert decode_opening(data, 1) is not None


def test_every_single_flipped_bit_is_noticed() -> None:
    """Whichever bit of a batch is changed, in opening, header, body, checksum or commit, it never decodes."""
    data = encoded()
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises((BadFrameError, ShortError)):
            decode_batch(bytes(flipped), 0, START)


def test_what_the_hash_chain_does_not_cover_is_covered_by_the_checksum() -> None:
    """`synced_through` is evidence: changing it in a commit frame is noticed by the frame's crc alone."""
    data = bytearray(encoded())
    data[-48] ^= 4  # within synced_through
    with pytest.raises(BadFrameError, match="checksum"):
        decode_batch(bytes(data), 0, START)
    assert list(find_commits(bytes(data))) == []


def test_a_batch_cut_anywhere_asks_for_more() -> None:
    """A prefix is never taken for the whole, and never for damage."""
    data = encoded()
    for size in range(len(data)):
        with pytest.raises(ShortError):
            decode_batch(data[:size], 0, START)


def test_another_chain_is_foreign_not_torn() -> None:
    """An intact batch behind another head, sequence or segment cannot come from an interrupted write."""
    data = encoded()
    for place, reason in (
        (Place(1, 0, 0, 0, b"h" * 32, 0), "does not continue that of the segment before"),
        (Place(1, 0, 0, 5, GENESIS, 0), "opens for other records"),
        (Place(9, 0, 0, 8, GENESIS, 0), "opens for other records"),
        (Place(1, 0, 0, 0, GENESIS, 7), "opens for other records"),
    ):
        with pytest.raises(BadFrameError, match=reason) as caught:
            decode_batch(data, 0, place)
        assert caught.value.foreign


def forged(records: list[Record], counted: list[Record], head: bytes | None = None) -> bytes:
    """Encode a batch whose checksums all hold, with a commit frame for `counted` and `head`."""
    opening, crc = encode_opening(1, 0, GENESIS)
    frames, crc = encode_records(records, {}, crc)
    return opening + frames + encode_commit(counted, 0, head or chain(GENESIS, frames), crc)[0]


def test_valid_checksums_do_not_make_a_forged_batch_valid() -> None:
    """Another head, a gap, a fallen epoch, a wrong count, no records: refused, and never taken for torn."""
    two, three = Record(2, b"two", epoch=3), Record(3, b"three", epoch=2)
    for data, reason in (
        (forged(RECORDS, RECORDS, b"h" * 32), "hash chain does not match"),
        (forged([RECORDS[0], RECORDS[2]], RECORDS), r"record 3, epoch 3\) stands where it does not belong"),
        (forged([RECORDS[0], two, three], RECORDS), r"record 3, epoch 2\) stands where it does not belong"),
        (forged(RECORDS, RECORDS[1:]), "counts other records"),
        (forged(RECORDS, RECORDS[:2]), "counts other records"),
        (forged([], RECORDS), "counts other records"),
    ):
        with pytest.raises(BadFrameError, match=reason) as caught:
            decode_batch(data, 0, START)
        assert caught.value.foreign


def test_a_newer_format_is_refused_and_never_cut() -> None:
    """A program that does not know the format says so, instead of taking the bytes for a torn end."""
    data = bytearray(encoded())
    data[2] = VERSION + 1
    with pytest.raises(BadFrameError, match="format 2") as caught:
        decode_batch(bytes(data), 0, START)
    assert caught.value.foreign


def test_commit_frames_are_recognised_alone_among_noise() -> None:
    """Whatever surrounds them and wherever they lie, exactly the intact ones are found."""
    chance = random.Random(5)
    noise = chance.randbytes(3001)
    commits = [encode_commit(RECORDS, synced, GENESIS, crc=synced)[0] for synced in (7, 0, 123456789)]
    data = noise + commits[0] + noise[:13] + commits[1] + commits[2][:-5] + noise[:99] + commits[2]
    assert list(find_commits(data)) == [7, 0, 123456789]
    assert list(find_commits(data[: len(noise) + 70])) == []
