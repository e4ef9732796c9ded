"""Where to begin: the nearest World before a moment from which the journal can be folded on."""

from pathlib import Path

import msgspec

from engine.journal import Snapshot
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.model.turn import Turn
from engine.state.image import restore
from engine.state.world import World
from gateways.journals import earliest_snapshot, first_seq
from gateways.past.forgotten import Forgotten


def nearest_world(journal: Path, before_ms: int, forgotten: Forgotten) -> World:
    """Return the latest World before then; where there is none, the earliest there is.

    A World of seq 0 is empty: the journal is there from its first turn. Raises JournalError, NoJournal.
    """
    most: int | None = None
    while (found := latest_snapshot(journal, at_most_seq=most).snapshot) is not None and found.seq >= first_seq(
        journal
    ) - 1:
        world = _restored(found)
        if world is not None and world.now <= before_ms:
            return forgotten.clean(world)
        most = found.seq - 1
    if first_seq(journal) == 1:
        return World(indexed=False)
    earliest = earliest_snapshot(journal)
    world = None if earliest is None else _restored(earliest)
    return World(indexed=False) if world is None else forgotten.clean(world)


def _restored(snapshot: Snapshot) -> World | None:
    """Return its World; None where another version of the program wrote it."""
    try:
        return restore(snapshot.payload, indexed=False)
    except (msgspec.DecodeError, ValueError):
        return None


def first_turn(journal: Path) -> Turn:
    """Return the first turn that is kept. Raises JournalError."""
    return next(turns(journal, first_seq(journal)))
