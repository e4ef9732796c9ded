"""Snapshots are a cache: the newest whole one is used, a damaged one is passed over and said so."""

from pathlib import Path

import pytest

from engine.journal import Disk, Snapshot, latest_snapshot, write_snapshot


def snapshot(seq: int) -> Snapshot:
    return Snapshot(seq, seq.to_bytes(32), b"state " * seq)


def test_the_newest_is_found_and_three_are_kept(tmp_path: Path) -> None:
    """After five writes the last three remain, and the newest comes back as it was given."""
    for seq in (10, 20, 30, 40, 50):
        write_snapshot(tmp_path, snapshot(seq))
    assert latest_snapshot(tmp_path).snapshot == snapshot(50)
    assert [path.name for path in sorted((tmp_path / "snapshots").iterdir())] == [
        f"{seq:020d}.snap" for seq in (30, 40, 50)
    ]


def test_none_is_none(tmp_path: Path) -> None:
    """A journal without snapshots has none, and nothing was passed over."""
    found = latest_snapshot(tmp_path)
    assert (found.snapshot, found.passed_over) == (None, ())


def test_one_beyond_the_journal_is_passed_over(tmp_path: Path) -> None:
    """A snapshot of records the journal does not hold must not be used."""
    for seq in (10, 20, 30):
        write_snapshot(tmp_path, snapshot(seq))
    found = latest_snapshot(tmp_path, at_most_seq=20)
    assert found.snapshot == snapshot(20)
    assert "ends with record 20" in found.passed_over[0]


def test_any_changed_byte_or_cut_makes_it_unusable(tmp_path: Path) -> None:
    """Header, digest or payload, changed or missing: the older one is used, and the file is named."""
    write_snapshot(tmp_path, snapshot(10))
    path = write_snapshot(tmp_path, snapshot(20))
    whole = path.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x10
        for data in (bytes(changed), whole[:at]):
            path.write_bytes(data)
            found = latest_snapshot(tmp_path)
            assert found.snapshot == snapshot(10)
            assert str(path) in found.passed_over[0]


class FullDisk(Disk):
    """Has no room for anything new."""

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        super().pwrite(fd, data[:7], offset)
        raise OSError(28, "No space left on device")


def test_a_failed_write_leaves_the_older_ones(tmp_path: Path) -> None:
    """A full disk costs the new snapshot, nothing else, and leaves no half file."""
    write_snapshot(tmp_path, snapshot(10))
    with pytest.raises(OSError, match="No space"):
        write_snapshot(tmp_path, snapshot(20), FullDisk())
    assert latest_snapshot(tmp_path).snapshot == snapshot(10)
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
