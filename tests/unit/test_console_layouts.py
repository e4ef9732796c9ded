"""Layouts of the console: on the disk before they are answered, bounded, and never in anybody's way."""

import errno
from pathlib import Path

import pytest
import trio.testing

from engine.journal.disk import Disk
from gateways.console.layouts import FILE, PUTS_BURST, WINDOWS_MAX, Layouts, NotKept, Window


class FullDisk(Disk):
    """Takes nothing any more."""

    def pwrite(self, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


class CountingDisk(Disk):
    """Knows how often it was synced."""

    synced = 0

    def fsync(self, fd: int) -> None:
        self.synced += 1
        super().fsync(fd)

    def fsync_dir(self, directory: Path) -> None:
        self.synced += 1
        super().fsync_dir(directory)


async def test_what_was_put_is_on_the_disk(tmp_path: Path) -> None:
    """File and name are synced; who comes after a restart finds it."""
    disk = CountingDisk()
    await Layouts(tmp_path, disk).put("desk", "map", Window(theme="dark"))
    assert disk.synced == 2
    assert Layouts(tmp_path).of("desk") == {"map": Window(theme="dark")}
    assert Layouts(tmp_path).of("other") == {}


async def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """It is said, and the layout that was kept before stands, here and after a restart."""
    await Layouts(tmp_path).put("desk", "desk", Window(left_percent=30))
    layouts = Layouts(tmp_path, FullDisk())
    with pytest.raises(NotKept, match="No space left") as refused:
        await layouts.put("desk", "desk", Window(left_percent=40))
    assert refused.value.code == "not_kept"
    assert layouts.of("desk")["desk"].left_percent == 30
    assert Layouts(tmp_path).of("desk")["desk"].left_percent == 30


async def test_one_user_has_only_so_many_windows_and_changes_them_only_so_often(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    """No time passes here. The disk of the journal is not worn out by somebody who drags an edge to and fro."""
    layouts = Layouts(tmp_path)
    for number in range(WINDOWS_MAX):
        await layouts.put("desk", f"window-{number}", Window())
    with pytest.raises(NotKept, match="at most"):
        await layouts.put("desk", "one-more", Window())
    for _ in range(int(PUTS_BURST) - WINDOWS_MAX - 1):
        await layouts.put("desk", "window-0", Window())
    with pytest.raises(NotKept, match="too often"):
        await layouts.put("desk", "window-0", Window())
    await layouts.put("other", "desk", Window())
    mock_clock.jump(1)
    await layouts.put("desk", "window-0", Window())
    assert len(layouts.of("desk")) == WINDOWS_MAX


@pytest.mark.parametrize("content", [b'{"desk":', b'{"desk": {"desk": {"left_percent": 900}}}', b"[]"])
def test_a_file_that_cannot_be_read_is_a_desk_as_it_was_shipped(tmp_path: Path, content: bytes) -> None:
    """Torn, of another version, or written by hand: nobody is kept from working."""
    (tmp_path / FILE).write_bytes(content)
    assert Layouts(tmp_path).of("desk") == {}
