"""The journal on a disk that fails or is full: it stops, says so once, and has lost nothing acknowledged."""

import errno
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_kit import FaultyDisk, body, recovered

from engine.journal import Disk, Journal, JournalStopped, Record, Settings


class Service:
    """Writes records one after another, each when the last is acknowledged, until it is done or the disk fails."""

    def __init__(self, directory: Path, disk: Disk, settings: Settings) -> None:
        self.acknowledged = 0
        self.failures: list[Exception] = []
        self._news = threading.Semaphore(0)
        self.journal = Journal.open(
            directory, on_durable=self._durable, on_failure=self._failed, settings=settings, disk=disk
        )

    def _durable(self, seq: int) -> None:
        self.acknowledged = seq
        self._news.release()

    def _failed(self, error: Exception) -> None:
        self.failures.append(error)
        self._news.release()

    def run(self, count: int) -> None:
        for seq in range(self.journal.last_seq + 1, self.journal.last_seq + count + 1):
            try:
                self.journal.submit(Record(seq, body(seq), track=b"p" * 90 if seq % 4 == 0 else b""))
            except JournalStopped:
                return
            assert self._news.acquire(timeout=20)


def serve_with_fault(directory: Path, disk: FaultyDisk, count: int = 60) -> Service:
    """Run into the fault, check that it was said once and that nothing is taken after, reopen and compare."""
    settings = Settings(segment_bytes=1024, track_step_bytes=512, ballast_bytes=4096)
    service = Service(directory, disk, settings)
    disk.armed = True
    service.run(count)
    if service.failures:
        assert len(service.failures) == 1
        syncs = disk.counts["fdatasync"]
        with pytest.raises(JournalStopped, match="must be opened again"):
            service.journal.submit(Record(service.journal.last_seq + 1, b"late"))
        service.journal.close()
        assert disk.counts["fdatasync"] == syncs
    else:
        assert service.acknowledged == count
        service.journal.close()
    found = recovered(directory, settings)
    assert found.last_seq >= service.acknowledged
    return service


@pytest.mark.parametrize("number", [*range(1, 12), 25, 40])
def test_a_failing_sync_stops_the_journal_and_is_never_retried(tmp_path: Path, number: int) -> None:
    """EIO at the Nth fdatasync, once: the journal stops, and everything acknowledged is on the disk."""
    disk = FaultyDisk("fdatasync", number, errno.EIO, times=1)
    service = serve_with_fault(tmp_path, disk)
    assert isinstance(service.failures[0], OSError)
    assert disk.counts["fdatasync"] == number


@pytest.mark.parametrize("call", ["pwrite", "fallocate", "fsync", "fsync_dir", "rename"])
@pytest.mark.parametrize("number", [1, 2, 3, 5, 8])
def test_any_other_failing_call_stops_the_journal(tmp_path: Path, call: str, number: int) -> None:
    """EIO at the Nth call of any kind, once: it stops, and everything acknowledged is on the disk."""
    assert serve_with_fault(tmp_path, FaultyDisk(call, number, errno.EIO, times=1)).failures


@pytest.mark.parametrize("number", [*range(1, 12), 25, 40])
def test_a_disk_full_for_a_moment_costs_the_ballast_and_nothing_else(tmp_path: Path, number: int) -> None:
    """ENOSPC at the Nth write, once: the ballast is given up, and every record is acknowledged."""
    service = serve_with_fault(tmp_path, FaultyDisk("pwrite", number, errno.ENOSPC, times=1))
    assert not service.failures
    assert not service.journal.space().ballast_held


@pytest.mark.parametrize("number", [*range(1, 12), 25, 40])
def test_a_disk_that_stays_full_stops_the_journal(tmp_path: Path, number: int) -> None:
    """ENOSPC from the Nth write on: the journal stops, and everything acknowledged is on the disk."""
    assert serve_with_fault(tmp_path, FaultyDisk("pwrite", number, errno.ENOSPC)).failures


@pytest.mark.parametrize("number", range(1, 7))
def test_no_room_for_the_next_segment_stops_only_when_it_is_needed(tmp_path: Path, number: int) -> None:
    """ENOSPC at every allocation from the Nth on: the room already allocated is still written full."""
    disk = FaultyDisk("fallocate", number, errno.ENOSPC)
    service = serve_with_fault(tmp_path, disk)
    assert service.failures
    assert service.acknowledged >= 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB, really."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield mount
    subprocess.run(["umount", "--lazy", str(mount)], check=True)


def test_a_really_full_disk(small_disk: Path) -> None:
    """The journal fills a small disk, goes on into the room of its ballast, stops, and has lost nothing."""
    settings = Settings(segment_bytes=65536, track_step_bytes=16384, ballast_bytes=262_144)
    directory = small_disk / "journal"
    service = Service(directory, Disk(), settings)
    service.run(1000)
    (small_disk / "other program").write_bytes(bytes(300_000))
    assert service.journal.space().ballast_held
    service.run(100_000)
    assert service.failures
    assert isinstance(service.failures[0], OSError)
    assert service.failures[0].errno == errno.ENOSPC
    assert not service.journal.space().ballast_held
    assert not (directory / "ballast").exists()
    assert service.journal.space().alarm_percent == 5
    held = sum(path.stat().st_size for path in directory.iterdir())
    assert held > (1 << 20) - 300_000 - settings.ballast_bytes  # it went on into that room
    service.journal.close()
    (small_disk / "other program").unlink()
    assert recovered(directory, settings).last_seq >= service.acknowledged > 1000
    service = Service(directory, Disk(), settings)
    service.run(10)
    assert not service.failures
    service.journal.close()
