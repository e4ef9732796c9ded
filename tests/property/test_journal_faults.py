"""The journal cut, flipped, torn and killed: never a lost acknowledged record, never silent."""

import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from journal_kit import SMALL, VolatileDisk, appender, assert_holds, body, recovered

from engine.journal import Disk, JournalDamaged, Reader, Record, Settings, verify
from engine.journal.appender import Appender
from engine.journal.boundary import boundary_path
from engine.journal.frames import Place
from engine.journal.segments import list_segments, segment_path, track_path


def append(tape: Appender, count: int, *, synced: bool = True) -> Place:
    """Write one batch of `count` records; gives the place after it."""
    first = tape.place.seq + 1
    tape.append([Record(seq, body(seq)) for seq in range(first, first + count)])
    if synced:
        tape.sync()
    return tape.place


def without_boundary(directory: Path) -> None:
    boundary_path(directory).unlink()


def test_cut_at_every_byte_of_an_unacknowledged_tail_keeps_exactly_the_whole_commits(tmp_path: Path) -> None:
    """Whole batches before the cut remain, nothing else does, and what was cut is reported."""
    tape = appender(tmp_path)
    places = [append(tape, 3), append(tape, 2, synced=False), append(tape, 2, synced=False)]
    tape.close()
    path = segment_path(tmp_path, 1)
    whole, boundary = path.read_bytes(), boundary_path(tmp_path).read_bytes()
    for cut in range(places[0].offset, places[-1].offset + 1):
        path.write_bytes(whole[:cut].ljust(len(whole), b"\0"))
        boundary_path(tmp_path).write_bytes(boundary)
        last = max((place for place in places if place.offset <= cut), key=lambda place: place.offset)
        found = recovered(tmp_path)
        assert (found.last_seq, found.head) == (last.seq, last.head)
        left = len(whole[:cut].rstrip(b"\0"))
        assert found.cut_bytes == max(left - last.offset, 0)
        assert bool(found.notes) == (found.cut_bytes > 0)


def test_cut_at_every_byte_of_acknowledged_records_is_refused(tmp_path: Path) -> None:
    """If the boundary says it was acknowledged, a cut is damage, and the refusal names place and record."""
    tape = appender(tmp_path)
    places = [append(tape, 3), append(tape, 2), append(tape, 2)]
    tape.close()
    path = segment_path(tmp_path, 1)
    whole = path.read_bytes()
    for cut in range(places[0].offset, places[-1].offset):
        damaged = whole[:cut].ljust(len(whole), b"\0")
        if damaged == whole:
            continue  # a last checksum byte that is zero anyway
        path.write_bytes(damaged)
        with pytest.raises(JournalDamaged, match="record 7 was acknowledged") as caught:
            recovered(tmp_path)
        assert caught.value.file == path
        assert places[0].offset <= caught.value.offset <= cut
        assert path.read_bytes() == damaged


def filled(directory: Path, batches: int, unsynced: int) -> tuple[list[Place], list[Place]]:
    """Fill a journal of several segments; gives the synced places and the unsynced ones after them."""
    tape = appender(directory)
    synced = [append(tape, 1 + n % 4) for n in range(batches)]
    loose = [append(tape, 1 + n % 3, synced=False) for n in range(unsynced)]
    tape.close()
    return synced, loose


def used_bytes(places: list[Place]) -> list[tuple[int, int]]:
    """Every (segment, offset) that was written."""
    ends = {place.segment: place.offset for place in places}
    return [(segment, offset) for segment, end in ends.items() for offset in range(end)]


def flip(path: Path, offset: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def test_any_flipped_bit_of_acknowledged_records_is_refused_with_its_place(tmp_path: Path) -> None:
    """300 random flips anywhere in the segments, the last commit included: each is refused, none is silent."""
    chance = random.Random(300)
    places, _ = filled(tmp_path, batches=90, unsynced=0)
    assert len(list_segments(tmp_path)) >= 3
    spots = used_bytes(places)
    last_commit = [(places[-1].segment, places[-1].offset - back) for back in range(1, 80, 4)]
    for segment, offset in [*chance.choices(spots, k=280), *last_commit]:
        path, bit = segment_path(tmp_path, segment), chance.randrange(8)
        flip(path, offset, bit)
        with pytest.raises(JournalDamaged) as caught:
            verify(tmp_path)
        assert (caught.value.file, caught.value.offset <= offset) == (path, True)
        with pytest.raises(JournalDamaged):
            list(Reader(tmp_path).read(1))
        if segment == places[-1].segment:
            with pytest.raises(JournalDamaged, match=f"byte {caught.value.offset}, record {caught.value.seq}"):
                recovered(tmp_path)
        flip(path, offset, bit)
    assert recovered(tmp_path).last_seq == places[-1].seq


def test_without_a_boundary_only_what_no_commit_vouches_for_is_cut(tmp_path: Path) -> None:
    """Flips before a later commit's `synced_through` are refused although the file goes on; later ones cut."""
    chance = random.Random(7)
    original = tmp_path / "original"
    synced, loose = filled(original, batches=30, unsynced=3)
    without_boundary(original)
    last = synced[-1].segment
    assert last == loose[-1].segment
    copy = tmp_path / "copy"
    for offset in sorted(chance.sample(range(loose[-1].offset), k=120)):
        shutil.copytree(original, copy)
        flip(segment_path(copy, last), offset, chance.randrange(8))
        if offset < synced[-1].offset:
            with pytest.raises(JournalDamaged):
                recovered(copy)
        else:
            whole = [place.seq for place in [synced[-1], *loose] if place.offset <= offset]
            found = recovered(copy)
            assert found.last_seq == whole[-1]
            assert "boundary file is missing" in found.notes[0]
            assert found.cut_bytes > 0
        shutil.rmtree(copy)


def test_the_last_batch_of_a_full_segment_is_never_cut(tmp_path: Path) -> None:
    """Even with no boundary and no commit behind it, the next segment alone says it was synced."""
    places, _ = filled(tmp_path, batches=90, unsynced=0)
    last, following = next((last, after) for last, after in pairwise(places) if last.segment != after.segment)
    without_boundary(tmp_path)
    flip(segment_path(tmp_path, last.segment), last.offset - 1, 0)
    with pytest.raises(JournalDamaged, match=f"A later segment begins with record {following.segment}"):
        verify(tmp_path)


def test_zeroed_sectors_in_the_unsynced_tail_are_cut(tmp_path: Path) -> None:
    """A power loss that brought later sectors to the medium and not earlier ones tears, it does not rot."""
    settings = Settings(segment_bytes=65536, ballast_bytes=0)
    original = tmp_path / "original"
    tape = appender(original, settings)
    kept = append(tape, 40)
    first, second = append(tape, 60, synced=False), append(tape, 60, synced=False)
    tape.close()
    sectors = range(kept.offset // 512 + 1, second.offset // 512)
    assert len(sectors) > 8
    for sector in sectors:
        copy = tmp_path / "copy"
        shutil.copytree(original, copy)
        with segment_path(copy, 1).open("r+b") as file:
            file.seek(sector * 512)
            file.write(bytes(512))
        expected = kept.seq if sector * 512 < first.offset else first.seq
        assert recovered(copy, settings).last_seq == expected
        shutil.rmtree(copy)


def test_garbage_behind_the_end_of_a_full_segment_is_harmless(tmp_path: Path) -> None:
    """A flipped bit in room never used loses nothing, and must not stop an emergency service."""
    places, _ = filled(tmp_path, batches=90, unsynced=0)
    end = next(place for place in reversed(places) if place.segment == 1)
    assert end.offset < SMALL.segment_bytes
    flip(segment_path(tmp_path, 1), end.offset, 3)
    assert verify(tmp_path).last_seq == places[-1].seq
    assert recovered(tmp_path).last_seq == places[-1].seq


def test_a_crash_between_naming_a_segment_and_writing_it(tmp_path: Path) -> None:
    """An empty or half-begun new segment is gone on with; without any batch its opening is cut."""
    tape = appender(tmp_path)
    place = append(tape, 4)
    tape.close()
    following = segment_path(tmp_path, place.seq + 1)
    for begun in (b"", b"\xf5\xc1\x01\x01\x20"):
        following.write_bytes(begun.ljust(8192, b"\0"))
        found = recovered(tmp_path)
        assert (found.last_seq, found.head, found.cut_bytes) == (place.seq, place.head, len(begun))
    tape = appender(tmp_path)
    append(tape, 4)
    tape.close()
    assert list_segments(tmp_path) == [1, place.seq + 1]
    assert recovered(tmp_path).last_seq == place.seq + 4


@pytest.mark.parametrize("seed", range(40))
def test_power_lost_between_any_writes_loses_nothing_synced(tmp_path: Path, seed: int) -> None:
    """Whichever sectors not yet synced reach the medium, all synced batches are recovered, tracks included."""
    chance, disk = random.Random(seed), VolatileDisk()
    settings = Settings(segment_bytes=6000, track_step_bytes=2048, ballast_bytes=0)
    tape = appender(tmp_path, settings, disk)
    for _ in range(chance.randrange(1, 60)):
        first = tape.place.seq + 1
        tape.append(
            [
                Record(seq, body(seq), track=b"p" * 700 if seq % 4 == 0 else b"")
                for seq in range(first, first + chance.randrange(1, 9))
            ]
        )
        if chance.random() < 0.4:
            tape.sync()
    synced, written = tape.synced, tape.place.seq
    tape.close()
    disk.lose_power(chance)
    assert synced <= recovered(tmp_path, settings).last_seq <= written
    assert verify(tmp_path).tracks_ok == verify(tmp_path).last_seq // 4


class MeddlingDisk(Disk):
    """Lets a writer go on just before the Nth call of a kind that a reader makes."""

    def __init__(self, call: str, number: int, meddle: Callable[[], None]) -> None:
        self._call, self._left, self._meddle = call, number, meddle

    def _count(self, call: str) -> None:
        self._left -= call == self._call
        if self._left == 0:
            self._left = -1
            self._meddle()

    def open(self, path: Path, flags: int = 0) -> int:
        self._count(path.suffix or path.name)
        return super().open(path, flags)

    def next_data(self, fd: int, offset: int) -> tuple[int, int] | None:
        self._count("next_data")
        return super().next_data(fd, offset)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("call", ["boundary", "next_data", ".seg"])
def test_a_writer_that_goes_on_while_the_end_is_judged_is_not_damage(tmp_path: Path, call: str, number: int) -> None:
    """Batches and whole segments written between two looks of a reader never make it cry damage."""
    for segment_bytes in (100, 1000, 100_000):
        directory = tmp_path / str(segment_bytes)
        tape = appender(directory, Settings(segment_bytes=segment_bytes, ballast_bytes=0))
        for _ in range(3):
            append(tape, 2)
        before = tape.place.seq

        def meddle(tape: Appender = tape) -> None:
            for _ in range(3):
                append(tape, 2)

        records = list(Reader(directory, MeddlingDisk(call, number, meddle)).read(1))
        assert len(records) >= before
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        tape.close()


WRITER = """
import os, sys, time
from pathlib import Path
from engine.journal import Journal, Record, Settings

def told(seq):
    os.write(1, b"%d\\n" % seq)

def failed(error):
    os.write(2, str(error).encode())
    os._exit(3)

settings = Settings(segment_bytes=16384, track_step_bytes=8192, ballast_bytes=0, batch_records=16)
journal = Journal.open(Path(sys.argv[1]), on_durable=told, on_failure=failed, settings=settings)
os.write(1, b"open\\n")
while True:
    if journal.waiting > 40:
        time.sleep(0.0002)
        continue
    seq = journal.last_seq + 1
    body = f"record {seq} ".encode() * (1 + seq % 5)
    journal.submit(Record(seq, body, track=b"p" * 50 if seq % 7 == 0 else b"", sync=seq % 5 != 0))
"""


def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """20 times SIGKILL while it writes as fast as it can: every opening finds at least what was acknowledged."""
    chance = random.Random(20)
    root = Path(__file__).resolve().parents[2]
    last = 0
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline() == b"open\n"
            killer = threading.Timer(chance.uniform(0.001, 0.08), child.send_signal, [signal.SIGKILL])
            killer.start()
            told = child.stdout.read().split(b"\n")[:-1]
            assert child.stderr.read() == b""
            assert child.wait(20) == -signal.SIGKILL
            killer.join(20)
        acknowledged = int(told[-1]) if told else 0
        last = recovered(tmp_path, first_seq=last + 1).last_seq
        assert last >= acknowledged
    assert_holds(tmp_path, last)
    report = verify(tmp_path)
    assert report.segments > 3
    assert report.tracks_ok == report.last_seq // 7
    assert track_path(tmp_path, 1).exists()
