"""Every call to the disk, in one small class, so that a test can make any of them fail.

Nothing here retries. A short write is continued, because the operating system may write less than it was
given.
"""

import errno
import os
from pathlib import Path

CREATE = os.O_RDWR | os.O_CREAT


class Disk:
    """The real disk. All methods raise OSError as the operating system gives it."""

    def open(self, path: Path, flags: int = os.O_RDONLY) -> int:
        """Open a file; gives its descriptor, which is not inherited by programs we start."""
        return os.open(path, flags, 0o640)

    def close(self, fd: int) -> None:
        """Close a descriptor. It does not sync."""
        os.close(fd)

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        """Read up to `size` bytes; fewer only at the end of the file."""
        chunks: list[bytes] = []
        while size > 0 and (chunk := os.pread(fd, size, offset)):
            chunks.append(chunk)
            size, offset = size - len(chunk), offset + len(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        written = os.pwrite(fd, data, offset)
        if written < len(data):
            self._write_rest(fd, memoryview(data)[written:], offset + written)

    def _write_rest(self, fd: int, rest: memoryview, offset: int) -> None:
        while rest:
            written = os.pwrite(fd, rest, offset)
            rest, offset = rest[written:], offset + written

    def fdatasync(self, fd: int) -> None:
        """Bring the data of a file to the medium."""
        os.fdatasync(fd)

    def fsync(self, fd: int) -> None:
        """Bring data and metadata of a file to the medium."""
        os.fsync(fd)

    def forget(self, fd: int) -> None:
        """Drop clean cached pages, so that what is read next comes from the medium and not from a cache."""
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def fallocate(self, fd: int, size: int) -> None:
        """Reserve the first `size` bytes; what was never written reads as zero."""
        os.posix_fallocate(fd, 0, size)

    def truncate(self, fd: int, size: int) -> None:
        """Cut a file to `size` bytes."""
        os.ftruncate(fd, size)

    def size(self, fd: int) -> int:
        """Length of a file in bytes."""
        return os.fstat(fd).st_size

    def next_data(self, fd: int, offset: int) -> tuple[int, int] | None:
        """Start and end of the next stretch of data at or after `offset`; None if only unwritten room is left."""
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
            return start, os.lseek(fd, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            raise

    def read_no_further(self, fd: int) -> None:
        """Have reads bring in what was asked for and nothing ahead of it."""
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file a new name, in place of any that had it."""
        old.rename(new)

    def replace(self, path: Path, data: bytes) -> None:
        """Let a file hold this and nothing else: written beside, synced, then renamed, so that it is never in part.

        Raises OSError; what the path held before is untouched then.
        """
        beside = path.with_suffix(".new")
        fd = self.open(beside, CREATE | os.O_TRUNC)
        try:
            self.pwrite(fd, data, 0)
            self.fsync(fd)
        except OSError:
            self.unlink(beside)
            raise
        finally:
            self.close(fd)
        self.rename(beside, path)
        self.fsync_dir(path.parent)

    def unlink(self, path: Path) -> None:
        """Remove a file; it need not exist."""
        path.unlink(missing_ok=True)

    def fsync_dir(self, directory: Path) -> None:
        """Make names just created, changed or removed in a directory permanent."""
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def space(self, directory: Path) -> tuple[int, int]:
        """Bytes free for us and bytes in total on the file system of `directory`."""
        stat = os.statvfs(directory)
        return stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize
