"""The file journal as a log: what goes in comes out, in order, from one owner, within bounds."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.journal import (
    Disk,
    Journal,
    JournalDamaged,
    JournalFull,
    JournalGap,
    JournalLocked,
    JournalStopped,
    Log,
    Reader,
    Record,
    RecordRefused,
    Settings,
    verify,
)

SMALL = Settings(segment_bytes=4096, track_step_bytes=4096, ballast_bytes=4096, batch_records=8, batch_bytes=4096)


class Waiter:
    """Collects what the journal calls back, and waits for it with a deadline."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.failures: list[Exception] = []
        self._changed = threading.Condition()

    def durable(self, seq: int) -> None:
        with self._changed:
            self.acknowledged.append(seq)
            self._changed.notify_all()

    def until(self, seq: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.acknowledged[-1:] >= [seq], 20)


class CountingDisk(Disk):
    """Counts syncs and bytes read; can be held up in a sync."""

    def __init__(self) -> None:
        self.syncs = 0
        self.read_bytes = 0
        self.allocated: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self.in_sync = threading.Event()

    def fdatasync(self, fd: int) -> None:
        self.syncs += 1
        self.in_sync.set()
        assert self.go.wait(20)
        super().fdatasync(fd)

    def fallocate(self, fd: int, size: int) -> None:
        self.allocated.append(size)
        super().fallocate(fd, size)

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        data = super().pread(fd, size, offset)
        self.read_bytes += len(data)
        return data


def body(seq: int) -> bytes:
    return f"record {seq} ".encode() * (1 + seq % 9)


def opened(
    directory: Path, waiter: Waiter | None = None, settings: Settings = SMALL, disk: Disk | None = None
) -> Journal:
    waiter = waiter or Waiter()
    return Journal.open(
        directory,
        on_durable=waiter.durable,
        on_failure=waiter.failures.append,
        settings=settings,
        disk=disk,
    )


def fill(directory: Path, count: int, settings: Settings = SMALL) -> None:
    with opened(directory, settings=settings) as journal:
        for seq in range(journal.last_seq + 1, journal.last_seq + count + 1):
            journal.submit(Record(seq, body(seq)))


def test_records_come_back_in_order_over_many_segments(tmp_path: Path) -> None:
    """400 records over many segments and three openings read back whole, from any sequence."""
    for _ in range(3):
        fill(tmp_path, 133)
    fill(tmp_path, 1)
    records = list(Reader(tmp_path).read(1))
    assert [(record.seq, record.body) for record in records] == [(seq, body(seq)) for seq in range(1, 401)]
    report = verify(tmp_path)
    assert report.segments > 5
    assert (report.first_seq, report.last_seq, report.records, report.torn_bytes) == (1, 400, 400, 0)
    for start in (1, 2, 133, 134, 250, 399, 400, 401):
        assert [record.seq for record in Reader(tmp_path).read(start)] == list(range(start, 401))


def test_the_journal_is_a_log(tmp_path: Path) -> None:
    """The file journal fulfils the port that a replicated log will stand behind."""
    with opened(tmp_path) as journal:
        log: Log = journal
        log.submit(Record(1, b"one", epoch=4))
        assert (log.last_seq, log.epoch) == (1, 4)
    with opened(tmp_path) as journal:
        assert (journal.last_seq, journal.epoch, journal.recovered.notes) == (1, 4, ())


def test_an_empty_journal_opens_reads_and_verifies(tmp_path: Path) -> None:
    """Nothing written is no error."""
    with opened(tmp_path) as journal:
        assert (journal.last_seq, list(journal.read(1)), journal.waiting) == (0, [], 0)
    with opened(tmp_path) as journal:
        assert journal.recovered.last_seq == 0
    assert verify(tmp_path).records == 0


def test_acknowledged_means_synced_and_in_the_boundary(tmp_path: Path) -> None:
    """When `on_durable` comes, a sync has happened since the submission, and the files already say so."""
    disk, waiter = CountingDisk(), Waiter()
    seen: list[tuple[int, int, list[int]]] = []

    def durable(seq: int) -> None:
        seen.append((seq, disk.syncs, [record.seq for record in Reader(tmp_path).read(seq)]))

    journal = Journal.open(tmp_path, on_durable=durable, on_failure=waiter.failures.append, settings=SMALL, disk=disk)
    with journal:
        before = disk.syncs
        journal.submit(Record(1, b"one"))
    assert [entry[0] for entry in seen] == [1]
    assert seen[0][1] > before
    assert seen[0][2] == [1]


def test_what_arrives_during_a_sync_is_one_batch(tmp_path: Path) -> None:
    """Group commit: 8 records submitted while the disk is busy cost one sync together, and 9 cost two."""
    for count, expected in ((8, 1), (9, 2)):
        disk, waiter = CountingDisk(), Waiter()
        with opened(tmp_path / str(count), waiter, disk=disk) as journal:
            disk.go.clear()
            journal.submit(Record(1, b"first"))
            assert disk.in_sync.wait(20)
            for seq in range(2, 2 + count):
                journal.submit(Record(seq, b"later"))
            assert journal.waiting == 1 + count
            before = disk.syncs
            disk.go.set()
            waiter.until(1 + count)
            assert disk.syncs - before == expected


def test_nobody_waits_nothing_is_synced_but_not_for_long(tmp_path: Path) -> None:
    """Records without `sync` are written without one; a deadline syncs them even if nothing else comes."""
    disk, waiter = CountingDisk(), Waiter()
    settings = Settings(segment_bytes=4096, ballast_bytes=0, sync_interval_ms=600_000)
    with opened(tmp_path / "long", waiter, settings, disk) as journal:
        for seq in range(1, 6):
            journal.submit(Record(seq, b"positions", sync=False))
            waiter.until(seq)
        assert disk.syncs == 0
        assert [record.seq for record in journal.read(1)] == [1, 2, 3, 4, 5]
    assert disk.syncs == 1
    disk = CountingDisk()
    settings = Settings(segment_bytes=4096, ballast_bytes=0, sync_interval_ms=1)
    with opened(tmp_path / "short", settings=settings, disk=disk) as journal:
        journal.submit(Record(1, b"positions", sync=False))
        assert disk.in_sync.wait(20)


def test_a_record_larger_than_a_segment_is_kept(tmp_path: Path) -> None:
    """A big configuration gets a segment as large as it needs, and what follows goes on in small ones."""
    disk = CountingDisk()
    with opened(tmp_path, disk=disk) as journal:
        for seq in range(1, 8):
            journal.submit(Record(seq, bytes([seq]) * (50_000 if seq % 3 == 0 else 30)))
    with opened(tmp_path) as journal:
        assert [len(record.body) for record in journal.read(1)] == [30, 30, 50_000, 30, 30, 50_000, 30]
    assert len([size for size in disk.allocated if size > 50_000]) == 2


def test_the_next_segment_is_ready_before_it_is_needed(tmp_path: Path) -> None:
    """At any time while the journal is open a spare of full size waits, and it is on the disk."""
    waiter = Waiter()
    with opened(tmp_path, waiter) as journal:
        for seq in range(1, 60):
            journal.submit(Record(seq, b"x" * 300))
            waiter.until(seq)
        journal.close()
        assert (tmp_path / "spare").stat().st_size == SMALL.segment_bytes


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (Record(1, b"", epoch=5), "does not follow record 2"),
        (Record(4, b"", epoch=5), "does not follow record 2"),
        (Record(3, b"", epoch=4), "epoch 5 has begun|but 5 has begun"),
    ],
)
def test_a_record_out_of_turn_is_refused(tmp_path: Path, record: Record, complaint: str) -> None:
    """Compare-and-append: only the successor, never of an older epoch; the next right one is taken."""
    with opened(tmp_path) as journal:
        journal.submit(Record(1, b"one", epoch=5))
        journal.submit(Record(2, b"two", epoch=5))
        with pytest.raises(RecordRefused, match=complaint):
            journal.submit(record)
        journal.submit(Record(3, b"three", epoch=5))
    assert [record.body for record in Reader(tmp_path).read(1)] == [b"one", b"two", b"three"]


def test_what_waits_is_bounded_in_records_and_in_bytes(tmp_path: Path) -> None:
    """A stuck disk makes `submit` say so instead of filling the memory; later the same record is taken."""
    for name, bounds, fits in (
        ("records", Settings(segment_bytes=4096, ballast_bytes=0, waiting_records=5), 4),
        ("bytes", Settings(segment_bytes=4096, ballast_bytes=0, waiting_bytes=1000), 4),
    ):
        disk, waiter = CountingDisk(), Waiter()
        with opened(tmp_path / name, waiter, bounds, disk) as journal:
            disk.go.clear()
            journal.submit(Record(1, b"x" * 200))
            assert disk.in_sync.wait(20)
            for seq in range(2, 2 + fits):
                journal.submit(Record(seq, b"x" * 200))
            with pytest.raises(JournalFull, match="hold back"):
                journal.submit(Record(2 + fits, b"x" * 200))
            disk.go.set()
            waiter.until(1 + fits)
            journal.submit(Record(2 + fits, b"x" * 200))
            waiter.until(2 + fits)
            assert (journal.waiting, journal.waiting_bytes) == (0, 0)


def test_one_record_above_the_bound_is_taken_when_nothing_waits(tmp_path: Path) -> None:
    """The bound holds back, it does not make a big record impossible."""
    settings = Settings(segment_bytes=4096, ballast_bytes=0, waiting_bytes=100)
    with opened(tmp_path, settings=settings) as journal:
        journal.submit(Record(1, b"x" * 5000))
    assert verify(tmp_path).records == 1


def test_only_one_writer(tmp_path: Path) -> None:
    """A second opening is refused, names the owner, and harms nothing; after the close it succeeds."""
    with opened(tmp_path) as journal:
        journal.submit(Record(1, b"one"))
        with pytest.raises(JournalLocked, match=r"another engine \(process \d+\)"):
            opened(tmp_path)
        journal.submit(Record(2, b"two"))
    with opened(tmp_path) as journal:
        assert journal.last_seq == 2


def test_closed_is_closed(tmp_path: Path) -> None:
    """After `close` nothing is taken, and closing again does nothing."""
    journal = opened(tmp_path)
    journal.submit(Record(1, b"one"))
    journal.close()
    journal.close()
    with pytest.raises(JournalStopped, match="closed"):
        journal.submit(Record(2, b"two"))
    assert verify(tmp_path).last_seq == 1


def test_a_gap_is_an_error_never_an_empty_answer(tmp_path: Path) -> None:
    """Asking beyond the next record, or for a record before the first, raises."""
    fill(tmp_path, 5)
    assert list(Reader(tmp_path).read(6)) == []
    with pytest.raises(JournalGap, match="ends with 5"):
        list(Reader(tmp_path).read(7))
    with pytest.raises(JournalGap, match="begins with 1"):
        list(Reader(tmp_path).read(0))
    with pytest.raises(JournalGap, match="ends with 0"):
        list(Reader(tmp_path / "nothing").read(2))


class SlowDisk(Disk):
    """Writes in small pieces, so that a reader meets half-written batches."""

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        for start in range(0, len(data), 97):
            super().pwrite(fd, data[start : start + 97], offset + start)


def test_reading_while_writing_never_sees_damage_or_a_hole(tmp_path: Path) -> None:
    """A follower that reads all the time gets every record once, in order, over segment rolls."""
    total, waiter = 1500, Waiter()
    follower, got = Reader(tmp_path), list[int]()

    def records() -> Iterator[Record]:
        return follower.read(got[-1] + 1 if got else 1)

    with opened(tmp_path, waiter, disk=SlowDisk()) as journal:
        for seq in range(1, total + 1):
            journal.submit(Record(seq, body(seq), track=b"t" * seq if seq % 10 == 0 else b""))
            if seq % 3 == 0:
                got.extend(record.seq for record in records())
    got.extend(record.seq for record in records())
    assert got == list(range(1, total + 1))
    assert follower.tail is not None
    assert follower.tail.clean
    assert follower.last_seq == total
    assert follower.head.hex() == verify(tmp_path).head


def test_a_follower_goes_on_where_it_was(tmp_path: Path) -> None:
    """Polling an unchanged journal reads a window or two, not everything again."""
    settings = Settings(segment_bytes=32 << 20, ballast_bytes=0)
    with opened(tmp_path, settings=settings) as journal:
        for seq in range(1, 25):
            journal.submit(Record(seq, bytes(900_000)))
        journal.close()
    disk = CountingDisk()
    follower = Reader(tmp_path, disk)
    assert sum(1 for _ in follower.read(1)) == 24
    disk.read_bytes = 0
    for _ in range(3):
        disk.read_bytes = 0
        assert list(follower.read(25)) == []
    assert disk.read_bytes <= 4 << 20


def test_a_lost_boundary_is_said_and_a_foreign_one_refused(tmp_path: Path) -> None:
    """Without the boundary file the journal opens with a note; one of another journal is noticed."""
    fill(tmp_path / "a", 5)
    fill(tmp_path / "b", 3)
    (tmp_path / "b" / "boundary").rename(tmp_path / "boundary of b")
    with opened(tmp_path / "b") as journal:
        assert journal.last_seq == 3
        assert "boundary file is missing" in journal.recovered.notes[0]
        journal.submit(Record(4, b"other"))
        journal.submit(Record(5, b"other"))
    (tmp_path / "a" / "boundary").write_bytes((tmp_path / "b" / "boundary").read_bytes())
    with pytest.raises(JournalDamaged, match="different journals"):
        opened(tmp_path / "a")


def test_missing_segments_are_noticed(tmp_path: Path) -> None:
    """A segment gone from the middle, from the end, or all of them: refused, with the place."""
    for number, gone in enumerate((slice(1, 2), slice(-1, None), slice(None))):
        directory = tmp_path / str(number)
        fill(directory, 200)
        for path in sorted(directory.glob("*.seg"))[gone]:
            path.unlink()
        with pytest.raises(JournalDamaged, match="record"):
            verify(directory)
