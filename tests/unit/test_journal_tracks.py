"""Tracks: positions beside the segments, bound by digest, able to expire, never silently wrong."""

from pathlib import Path

import pytest

from engine.journal import (
    Disk,
    Journal,
    JournalDamaged,
    JournalError,
    Reader,
    Record,
    Settings,
    expire_tracks,
    verify,
)
from engine.journal.appender import Appender
from engine.journal.opening import recover
from engine.journal.space import Ballast

SMALL = Settings(segment_bytes=4096, track_step_bytes=4096, ballast_bytes=0, batch_records=8)


def track(seq: int) -> bytes:
    return f"positions {seq};".encode() * 20 if seq % 3 == 0 else b""


def opened(directory: Path, settings: Settings = SMALL) -> Journal:
    return Journal.open(directory, on_durable=lambda _: None, on_failure=_never, settings=settings)


def _never(error: Exception) -> None:
    raise error


def fill(directory: Path, count: int, settings: Settings = SMALL) -> None:
    with opened(directory, settings) as journal:
        for seq in range(journal.last_seq + 1, journal.last_seq + count + 1):
            journal.submit(Record(seq, b"x" * 100, track=track(seq)))


def appender(directory: Path, disk: Disk | None = None) -> Appender:
    disk = disk or Disk()
    directory.mkdir(exist_ok=True)
    ballast = Ballast(directory, disk, 0)
    return Appender(directory, disk, SMALL, ballast, recover(directory, disk, ballast, verify_all=False))


def test_tracks_come_back_with_their_records(tmp_path: Path) -> None:
    """Over several openings and segments every track is read back as it was given, next to records without."""
    for _ in range(3):
        fill(tmp_path, 50)
    assert [record.track for record in Reader(tmp_path).read(1)] == [track(seq) for seq in range(1, 151)]
    report = verify(tmp_path)
    assert (report.tracks_ok, report.tracks_expired, report.tracks_missing) == (50, 0, 0)


def test_expired_tracks_leave_the_chain_whole(tmp_path: Path) -> None:
    """Deleting positions by their time changes no head; they read as None, all later ones as before."""
    fill(tmp_path, 150)
    head = verify(tmp_path).head
    assert expire_tracks(tmp_path, before_seq=1) == []
    gone = expire_tracks(tmp_path, before_seq=100)
    assert gone
    assert expire_tracks(tmp_path, before_seq=100) == []
    report = verify(tmp_path)
    assert (report.head, report.tracks_missing) == (head, 0)
    assert report.tracks_expired + report.tracks_ok == 50
    assert 20 <= report.tracks_expired <= 33  # whole files only, and never one that reaches record 100
    with opened(tmp_path) as journal:
        read = [record.track for record in journal.read(1)]
    assert read.count(None) == report.tracks_expired
    assert read[99:] == [track(seq) for seq in range(100, 151)]


def test_the_track_file_in_use_never_expires(tmp_path: Path) -> None:
    """However late `before_seq` is, the last segment keeps its positions."""
    fill(tmp_path, 40)
    expire_tracks(tmp_path, before_seq=10_000)
    assert list(Reader(tmp_path).read(1))[-2].track == track(39)
    fill(tmp_path, 40)
    assert verify(tmp_path).last_seq == 80


def test_a_flipped_bit_in_a_track_is_rot_with_file_and_offset(tmp_path: Path) -> None:
    """An acknowledged batch of positions that is not what was written is refused, and its place is named."""
    fill(tmp_path, 20)
    path = next(iter(sorted(tmp_path.glob("*.track"))))
    data = bytearray(path.read_bytes())
    offset = len(track(3)) + 5  # within the second track, that of record 6
    data[offset] ^= 1
    path.write_bytes(data)
    for read in (lambda: list(Reader(tmp_path).read(1)), lambda: verify(tmp_path)):
        with pytest.raises(JournalDamaged) as caught:
            read()
        assert (caught.value.file, caught.value.offset, caught.value.seq) == (path, len(track(3)), 6)


def test_a_track_file_deleted_by_hand_is_not_taken_for_expired(tmp_path: Path) -> None:
    """Reading refuses and says what to do; `verify` counts it; expiring it afterwards settles it."""
    fill(tmp_path, 150)
    path = next(iter(sorted(tmp_path.glob("*.track"))))
    path.unlink()
    with pytest.raises(JournalDamaged, match="if it was deleted on purpose, expire it"):
        list(Reader(tmp_path).read(1))
    assert verify(tmp_path).tracks_missing > 0
    expire_tracks(tmp_path, before_seq=150)
    assert verify(tmp_path).tracks_missing == 0
    assert list(Reader(tmp_path).read(1))[2].track is None


def test_a_power_loss_that_took_only_unsynced_tracks_is_a_torn_tail(tmp_path: Path) -> None:
    """Frames that reached the medium without their positions are cut, if nobody was told; else it is rot."""
    for synced in (True, False):
        directory = tmp_path / str(synced)
        tape = appender(directory)
        for seq in (1, 2, 3):
            tape.append([Record(seq, b"x", track=b"p" * 600)])
            if seq == 1 or synced:
                tape.sync()
        tape.close()
        path = directory / f"{1:020d}.track"
        path.write_bytes(path.read_bytes()[:600] + bytes(4096 - 600))
        if synced:
            with pytest.raises(JournalDamaged, match="do not match"):
                list(Reader(directory).read(1))
            continue
        assert [record.seq for record in Reader(directory).read(1)] == [1]
        with opened(directory) as journal:
            assert journal.recovered.last_seq == 1
            journal.submit(Record(2, b"again", track=b"q" * 600))
        assert [record.track for record in Reader(directory).read(1)] == [b"p" * 600, b"q" * 600]


def test_a_large_track_file_asks_for_a_new_segment(tmp_path: Path) -> None:
    """Positions are spread over files, so that old ones can expire although few records were written."""
    settings = Settings(segment_bytes=65536, track_bytes=2000, track_step_bytes=1000, ballast_bytes=0)
    for _ in range(10):
        fill(tmp_path, 6, settings)
    assert len(list(tmp_path.glob("*.track"))) >= 3
    assert verify(tmp_path).tracks_ok == 20


def test_an_unreadable_note_of_what_expired_is_an_error(tmp_path: Path) -> None:
    """It is never read as nothing."""
    fill(tmp_path, 10)
    (tmp_path / "expired").write_bytes(b"soon")
    with pytest.raises(JournalError, match="expire the tracks again"):
        verify(tmp_path)
