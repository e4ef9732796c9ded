"""Where to begin: the nearest World before a moment from which the journal can be folded on."""

from pathlib import Path

import msgspec

from engine.journal import Snapshot
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.journal.waymarks import list_waymarks, strip_waymarks
from engine.model.turn import Turn
from engine.state.image import restore
from engine.state.world import World
from gateways.journals import earliest_snapshot, first_seq
from gateways.past.forgotten import Forgotten


def nearest_world(journal: Path, before_ms: int, forgotten: Forgotten) -> World:
    """Return the latest World before then; where there is none, the earliest there is.

    A World of seq 0 is empty: the journal is there from its first turn. Raises JournalError, NoJournal.
    """
    least = first_seq(journal) - 1
    strip_waymarks(journal)
    passed = (mark for mark in reversed(list_waymarks(journal)) if mark.now_ms <= before_ms and mark.seq >= least)
    marked = next((world for world in (mark.world() for mark in passed) if world is not None), None)
    found = [world for world in (marked, _from_snapshot(journal, before_ms, least)) if world is not None]
    if found:
        return forgotten.clean(max(found, key=lambda world: world.seq))
    earliest = None if least == 0 else earliest_snapshot(journal)
    world = None if earliest is None else _restored(earliest)
    return World(indexed=False) if world is None else forgotten.clean(world)


def _from_snapshot(journal: Path, before_ms: int, least: int) -> World | None:
    """Return the World of the newest snapshot before then, from which the turns that are kept go on."""
    most: int | None = None
    while (found := latest_snapshot(journal, at_most_seq=most).snapshot) is not None and found.seq >= least:
        world = _restored(found)
        if world is not None and world.now <= before_ms:
            return world
        most = found.seq - 1
    return None


def _restored(snapshot: Snapshot) -> World | None:
    """Return its World; None where another version of the program wrote it."""
    try:
        return restore(snapshot.payload, indexed=False)
    except (msgspec.DecodeError, ValueError):
        return None


def first_turn(journal: Path) -> Turn:
    """Return the first turn that is kept. Raises JournalError."""
    return next(turns(journal, first_seq(journal)))
