"""Waymarks: Worlds along the whole journal, so that a past hour is reached without folding from the first turn.

Snapshots serve a restart: the newest three are kept. Waymarks serve whoever looks back: whoever passes by leaves one,
at least `APART` turns from the next; where they become too many or too large, the one that is missed least goes. They
are a cache as well: all of them may be deleted, and nobody ever waits for one.

    waymarks/<seq>-<ms since the epoch>-<lowest>-<highest>.way    the numbers of the incidents whose people are in it

A World holds people's data. The numbers stand in the name, so that a forgetting opens only the few it may be about.
"""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.journal.disk import Disk
from engine.journal.keys import Keyring, number_of
from engine.journal.snapshots import Snapshot, decoded, encoded
from engine.state.erasure import erase, named_in
from engine.state.image import restore, save
from engine.state.world import World

APART: Final = 20_000
"""Turns: some seconds of folding."""
MOST: Final = 1_024
BYTES_MAX: Final = 512 << 20
FREE_PERCENT: Final = 20
"""With less of the disk free, none is left: the room is the journal's."""
FOLDER: Final = "waymarks"
_NO_HEAD: Final = bytes(32)


class Waymark(Struct, frozen=True, order=True):
    """One of them, as its name says."""

    seq: int
    now_ms: int
    lowest: int
    highest: int
    path: Path

    def world(self) -> World | None:
        """Return its World, to be shown and not decided on; None if it does not read as it was written."""
        try:
            snapshot = decoded(self.path.read_bytes())
            return None if snapshot is None or snapshot.seq != self.seq else restore(snapshot.payload, indexed=False)
        except (OSError, msgspec.DecodeError, ValueError):
            return None


def list_waymarks(directory: Path) -> list[Waymark]:
    """Return all there are, in the order of their turns."""
    found = []
    for path in (directory / FOLDER).glob("*.way"):
        parts = path.stem.split("-")
        if len(parts) == 4 and all(part.isdecimal() for part in parts):
            found.append(Waymark(*map(int, parts), path))
    return sorted(found)


def leave_waymark(directory: Path, world: World, disk: Disk | None = None) -> bool:
    """Leave one, unless another is near; tell whether one was left. A disk that does not take it is no fault."""
    disk, known = disk or Disk(), list_waymarks(directory)
    if any(abs(mark.seq - world.seq) < APART for mark in known):
        return False
    try:
        free, total = disk.space(directory)
        if free * 100 < total * FREE_PERCENT:
            return False
        (directory / FOLDER).mkdir(mode=0o700, exist_ok=True)
        numbers = [number_of(name) for name in named_in(world)]
        name = f"{world.seq:020d}-{world.now}-{min(numbers, default=0)}-{max(numbers, default=0)}.way"
        path = directory / FOLDER / name
        disk.replace(path, encoded(Snapshot(world.seq, _NO_HEAD, save(world))))
    except OSError:
        return False
    # Somebody may have been forgotten while it was written; what was forgotten later finds it by its name.
    if _names_anybody_gone(world, Keyring(directory)):
        disk.unlink(path)
        return False
    _thin(directory, disk)
    return True


def scrub_waymarks(directory: Path) -> list[Path]:
    """Delete every waymark that still holds people's data whose key is destroyed; return which. Raises OSError."""
    keys, gone = Keyring(directory), []
    for mark in list_waymarks(directory):
        if not any(keys.is_destroyed(number) for number in range(max(1, mark.lowest), mark.highest + 1)):
            continue
        world = mark.world()
        if world is None or _names_anybody_gone(world, keys):
            mark.path.unlink(missing_ok=True)
            gone.append(mark.path)
    return gone


def _names_anybody_gone(world: World, keys: Keyring) -> bool:
    """Tell whether it holds texts of who is forgotten; they are erased in this World, in place."""
    named = [name for name in named_in(world) if keys.is_destroyed(number_of(name))]
    erased = [erase(world, name) for name in named]  # all of them, not only the first
    return any(erased)


def _thin(directory: Path, disk: Disk) -> None:
    """Delete the one that leaves the smallest gap, again and again, until they are few enough."""
    marks = list_waymarks(directory)
    with suppress(FileNotFoundError):  # somebody else is thinning
        sizes = {mark: mark.path.stat().st_size for mark in marks}
        while len(marks) > 2 and (len(marks) > MOST or sum(sizes[mark] for mark in marks) > BYTES_MAX):
            gaps = [after.seq - before.seq for (before, _), (_, after) in pairwise(pairwise(marks))]
            worst = gaps.index(min(gaps)) + 1
            disk.unlink(marks[worst].path)
            del marks[worst]
