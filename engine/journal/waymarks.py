"""Waymarks: Worlds along the whole journal, so that a past hour is reached without folding from the first turn.

Snapshots serve a restart: the newest three are kept. Waymarks serve whoever looks back: whoever passes by leaves one,
at least `APART` turns from the next; where they become too many or too large, the one that is missed least goes. They
are a cache as well: all of them may be deleted, and nobody ever waits for one.

    waymarks/<seq>-<ms since the epoch>-<lowest>-<highest>-<bare>.way

A World holds people's data. The lowest and the highest number of the incidents that are in it stand in the name, so that
a forgetting opens only the few it may be about. It says where units were, too: once the positions of those turns have
expired, it is `bare` (1) of them.
"""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.journal.disk import Disk
from engine.journal.keys import Keyring, number_of
from engine.journal.snapshots import Snapshot, decoded, encoded
from engine.journal.tracks import expire_tracks, read_expired_through
from engine.model.fixes import Fixes
from engine.model.paper import decode_as, encode
from engine.state.erasure import erase, named_in
from engine.state.image import Image, restore, save
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
    bare: int
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
        if len(parts) == 5 and all(part.isdecimal() for part in parts):
            seq, now_ms, lowest, highest, bare = map(int, parts)
            found.append(Waymark(seq, now_ms, lowest, highest, bare, path))
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
        bare = int(world.seq <= read_expired_through(directory))
        path = _path(directory, world.seq, world.now, min(numbers, default=0), max(numbers, default=0), bare)
        image = save(world)
        disk.replace(path, encoded(Snapshot(world.seq, _NO_HEAD, _without_positions(image) if bare else image)))
    except OSError:
        return False
    # Somebody may have been forgotten while it was written; what was forgotten later finds it by its name.
    if _names_anybody_gone(world, Keyring(directory)):
        disk.unlink(path)
        return False
    _thin(directory, disk)
    return True


def expire_positions(directory: Path, before_seq: int) -> list[Path]:
    """Delete where units were in turns before that one: tracks, and what waymarks hold; return which tracks. Raises OSError.

    May run while the journal is written.
    """
    gone = expire_tracks(directory, before_seq)
    strip_waymarks(directory)
    return gone


def strip_waymarks(directory: Path, disk: Disk | None = None) -> None:
    """Take the positions out of the waymarks of turns whose positions have expired. Raises OSError."""
    disk, through = disk or Disk(), read_expired_through(directory)
    for mark in list_waymarks(directory):
        if mark.seq > through or mark.bare:
            continue
        with suppress(FileNotFoundError, msgspec.DecodeError, ValueError):
            snapshot = decoded(mark.path.read_bytes())
            if snapshot is not None:
                path = _path(directory, mark.seq, mark.now_ms, mark.lowest, mark.highest, 1)
                disk.replace(path, encoded(replace(snapshot, payload=_without_positions(snapshot.payload))))
        disk.unlink(mark.path)


def scrub_waymarks(directory: Path) -> list[Path]:
    """Delete every waymark that still holds people's data whose key is destroyed; return which. Raises OSError."""
    for beside in (directory / FOLDER).glob("*.new"):
        beside.unlink(missing_ok=True)  # a crash has left it; whoever is writing one at this moment leaves none
    keys, gone = Keyring(directory), []
    for mark in list_waymarks(directory):
        if not any(keys.is_destroyed(number) for number in range(max(1, mark.lowest), mark.highest + 1)):
            continue
        world = mark.world()
        if world is None or _names_anybody_gone(world, keys):
            mark.path.unlink(missing_ok=True)
            gone.append(mark.path)
    return gone


def _path(directory: Path, seq: int, *parts: int) -> Path:
    return directory / FOLDER / f"{seq:020d}-{'-'.join(map(str, parts))}.way"


def _without_positions(image: bytes) -> bytes:
    """Return the image with every unit where it is assumed. Raises what decoding raises."""
    return encode(replace(decode_as(Image, image), positions=Fixes.empty()))


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
