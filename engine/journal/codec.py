"""Turns as records, and back. A batch of positions goes beside the log, so that it can expire without a gap in it.

Where all reported fixes became true, which is nearly always, the columns are written once for input and fact.
"""

from msgspec import Struct
from msgspec.structs import replace

from engine.journal.keys import Keyring
from engine.journal.port import Record
from engine.journal.sealing import Paper, seal, unseal
from engine.model.facts import PositionsMoved
from engine.model.fixes import Fixes
from engine.model.inputs import ReportPositions
from engine.model.paper import decode_as, decoder_of, encode
from engine.model.turn import Turn

_papers = decoder_of(Paper)


class _Tracked(Struct, frozen=True, array_like=True):
    """A turn of positions as it is written beside the log."""

    reported: Fixes
    moved: Fixes | None
    """None: the same."""
    ignored: int


def record_of(turn: Turn, keys: Keyring | None = None) -> Record:
    """Return the record of a turn; people's data sealed, where there are keys. Nobody waits for positions to be on the disk.

    Raises OSError if a key had to be made and could not be.
    """
    if not isinstance(turn.input, ReportPositions):
        return Record(turn.seq, encode(turn if keys is None else seal(turn, keys)))
    fact = turn.facts[0]
    assert isinstance(fact, PositionsMoved)
    reported = turn.input.fixes
    tracked = _Tracked(reported, None if fact.fixes is reported else fact.fixes, fact.ignored)
    bare = Turn(turn.seq, turn.now, ReportPositions(Fixes.empty()), turn.facts[1:])
    return Record(turn.seq, encode(bare), track=encode(tracked), sync=False)


def turn_of(record: Record, keys: Keyring | None = None) -> Turn:
    """Return the turn of a record; one whose positions have expired comes without any fact.

    People's data are there as far as their keys are; without `keys`, what was sealed reads as erased.
    Raises msgspec.ValidationError if the record was written by another version of the model; KeysForeign.
    """
    turn = unseal(_papers.decode(record.body), keys)
    if not record.track:
        return turn
    tracked: _Tracked = decode_as(_Tracked, record.track)
    moved = tracked.reported if tracked.moved is None else tracked.moved
    facts = (PositionsMoved(moved, tracked.ignored), *turn.facts)
    return replace(turn, input=ReportPositions(tracked.reported), facts=facts)


def has_expired(record: Record) -> bool:
    """Tell whether the record's positions are gone."""
    return record.track is None
