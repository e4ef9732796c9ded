"""From the disk to a World: the newest snapshot, then the recorded facts. Nothing is decided again here.

A snapshot is a cache. One that is damaged, or that an older version of the program wrote, is passed over, and the
fold starts further back.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.journal.codec import turn_of
from engine.journal.keys import Keyring, number_of
from engine.journal.reader import Reader
from engine.journal.snapshots import Snapshot, latest_snapshot, write_snapshot
from engine.journal.waymarks import leave_waymark, scrub_waymarks
from engine.model.turn import Turn
from engine.state.erasure import erase, named_in
from engine.state.image import restore, save
from engine.state.world import Library, World, no_streets


class Found(Struct, frozen=True):
    """A World that stands where its journal ends."""

    world: World
    folded: int
    """Turns folded on top of the snapshot."""
    head: bytes
    notes: tuple[str, ...]
    """What an operator should know, in sentences."""


def turns(directory: Path, from_seq: int = 1) -> Iterator[Turn]:
    """Give the turns of a journal from `from_seq` on. Raises JournalDamaged, JournalGap."""
    keys = Keyring(directory)
    return (turn_of(record, keys) for record in Reader(directory).read(from_seq))


def recover_world(directory: Path, *, use_snapshot: bool = True, streets: Library = no_streets) -> Found:
    """Return the World at the end of the journal; an empty one if the directory holds none.

    A World that will decide needs the `streets` of its place; folding asks for none.

    Raises JournalDamaged, JournalGap (no snapshot reaches back to where the journal begins).
    """
    notes: list[str] = []
    world, head = World(streets=streets), b""
    if use_snapshot:
        world, head = _from_snapshot(directory, notes, streets)
    reader, keys = Reader(directory), Keyring(directory)
    folded = 0
    for record in reader.read(world.seq + 1):
        world.fold(turn_of(record, keys))
        folded += 1
    return Found(world, folded, reader.head or head, tuple(notes))


def _from_snapshot(directory: Path, notes: list[str], streets: Library) -> tuple[World, bytes]:
    at_most: int | None = _last_seq(directory)
    while True:
        latest = latest_snapshot(directory, at_most_seq=at_most)
        notes += latest.passed_over
        if latest.snapshot is None:
            return World(streets=streets), b""
        try:
            return restore(latest.snapshot.payload, streets=streets), latest.snapshot.head
        except (msgspec.DecodeError, ValueError) as error:
            notes.append(f"snapshot {latest.snapshot.seq} was passed over: another version wrote it ({error})")
            at_most = latest.snapshot.seq - 1


def _last_seq(directory: Path) -> int:
    reader = Reader(directory)
    # Walking the last segment is enough: what lies before it was sealed when it was rolled.
    segments = sorted(int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal())
    for _ in reader.read(segments[-1]) if segments else ():
        pass
    return reader.last_seq


def take_snapshot(directory: Path) -> tuple[int, Path]:
    """Fold the journal as it stands, beside a running engine if need be, and write a snapshot of the result.

    Returns the seq and the snapshot's path.
    """
    found = recover_world(directory)
    path = write_snapshot(directory, Snapshot(found.world.seq, found.head, save(found.world)))
    leave_waymark(directory, found.world)
    # An incident may have been forgotten while this was under way.
    scrub_snapshots(directory)
    return found.world.seq, path


def scrub_snapshots(directory: Path) -> list[Path]:
    """Take people's data out of every snapshot that still holds some whose key is destroyed; return what was rewritten.

    One that cannot be read is deleted: it is only a cache, and nobody could tell what is in it. So is a waymark that
    holds some. Raises OSError.
    """
    scrub_waymarks(directory)
    keys, rewritten = Keyring(directory), []
    for path in sorted((directory / "snapshots").glob("*.snap")):
        snapshot = latest_snapshot(directory, at_most_seq=int(path.stem)).snapshot
        try:
            world = None if snapshot is None or snapshot.seq != int(path.stem) else restore(snapshot.payload)
        except (msgspec.DecodeError, ValueError):
            world = None
        if world is None or snapshot is None:
            path.unlink(missing_ok=True)
            continue
        named = [name for name in named_in(world) if keys.is_destroyed(number_of(name))]
        found = [name for name in named if erase(world, name)]
        if found:
            write_snapshot(directory, Snapshot(snapshot.seq, snapshot.head, save(world)))
            rewritten.append(path)
    return rewritten
