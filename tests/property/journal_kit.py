"""What the fault tests of the journal share: known records, and disks that forget or fail."""

import os
import random
from pathlib import Path

from engine.journal import Disk, Journal, Reader, Settings, verify
from engine.journal.appender import Appender
from engine.journal.opening import Recovered, recover
from engine.journal.space import Ballast

SMALL = Settings(segment_bytes=8192, track_step_bytes=4096, ballast_bytes=4096, batch_records=4)


def body(seq: int) -> bytes:
    return f"record {seq} ".encode() * (1 + seq % 5)


def appender(directory: Path, settings: Settings = SMALL, disk: Disk | None = None) -> Appender:
    disk = disk or Disk()
    directory.mkdir(exist_ok=True)
    ballast = Ballast(directory, disk, settings.ballast_bytes)
    return Appender(directory, disk, settings, ballast, recover(directory, disk, ballast, verify_all=False))


def recovered(directory: Path, settings: Settings = SMALL, first_seq: int = 1) -> Recovered:
    """Open for writing, close, and hold what is there against what was written."""
    with Journal.open(directory, on_durable=lambda _: None, on_failure=lambda _: None, settings=settings) as journal:
        found = journal.recovered
    assert_holds(directory, found.last_seq, first_seq)
    assert verify(directory).torn_bytes == 0
    return found


def assert_holds(directory: Path, last_seq: int, first_seq: int = 1) -> None:
    """Every record from `first_seq` to `last_seq` is there as it was written, and no other."""
    records = [(record.seq, record.body) for record in Reader(directory).read(first_seq)]
    assert records == [(seq, body(seq)) for seq in range(first_seq, last_seq + 1)]


class VolatileDisk(Disk):
    """Remembers what each file held before the writes not yet synced, so that they can be undone."""

    def __init__(self) -> None:
        self._paths: dict[int, Path] = {}
        self._unsynced: dict[Path, list[tuple[int, bytes]]] = {}

    def open(self, path: Path, flags: int = os.O_RDONLY) -> int:
        fd = super().open(path, flags)
        self._paths[fd] = path
        return fd

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        before = super().pread(fd, len(data), offset).ljust(len(data), b"\0")
        self._unsynced.setdefault(self._paths[fd], []).append((offset, before))
        super().pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        super().fdatasync(fd)
        self._unsynced.pop(self._paths[fd], None)

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        self._unsynced.pop(self._paths[fd], None)

    def drop(self, fd: int) -> None:
        """Undo every write to a file since its last sync."""
        for offset, before in reversed(self._unsynced.pop(self._paths[fd], [])):
            super().pwrite(fd, before, offset)

    def lose_power(self, chance: random.Random) -> None:
        """Undo a random choice of the 512-byte sectors of every write since the last sync of its file."""
        for path, writes in self._unsynced.items():
            with path.open("r+b") as file:
                for offset, before in reversed(writes):
                    starts = [offset, *range((offset // 512 + 1) * 512, offset + len(before), 512)]
                    for start, end in zip(starts, [*starts[1:], offset + len(before)], strict=True):
                        if chance.random() < 0.5:
                            file.seek(start)
                            file.write(before[start - offset : end - offset])
        self._unsynced.clear()


class FaultyDisk(VolatileDisk):
    """Fails one kind of call from the Nth on: `times` in a row, then it works again.

    A failing write leaves half of its bytes. A failing sync drops what was not synced, as kernels do: if anyone
    syncs again, that succeeds, and the bytes are gone all the same.
    """

    def __init__(self, call: str, number: int, error: int, times: int = 1 << 30) -> None:
        super().__init__()
        self.call, self.error = call, error
        self.first, self.last = number, number + times - 1
        self.counts = {"pwrite": 0, "fdatasync": 0, "fallocate": 0, "fsync": 0, "fsync_dir": 0, "rename": 0}
        self.armed = False

    def _fails(self, call: str) -> bool:
        if not self.armed:
            return False
        self.counts[call] += 1
        return call == self.call and self.first <= self.counts[call] <= self.last

    def _check(self, call: str) -> None:
        if self._fails(call):
            raise OSError(self.error, os.strerror(self.error))

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        fails = self._fails("pwrite")
        super().pwrite(fd, data[: len(data) // 2] if fails else data, offset)
        if fails:
            raise OSError(self.error, os.strerror(self.error))

    def fdatasync(self, fd: int) -> None:
        if self._fails("fdatasync"):
            self.drop(fd)
            raise OSError(self.error, os.strerror(self.error))
        super().fdatasync(fd)

    def fsync(self, fd: int) -> None:
        self._check("fsync")
        super().fsync(fd)

    def fallocate(self, fd: int, size: int) -> None:
        self._check("fallocate")
        super().fallocate(fd, size)

    def fsync_dir(self, directory: Path) -> None:
        self._check("fsync_dir")
        super().fsync_dir(directory)

    def rename(self, old: Path, new: Path) -> None:
        self._check("rename")
        super().rename(old, new)
