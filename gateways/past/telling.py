"""An hour of the journal, told as a reel: from the nearest World before it, with progress, within bounds.

Memory: one World, the block that is being packed, and the hour's last few events. Run it as a process of its own
(`gateways/reels.py`): folding a long journal keeps a processor busy.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.journal.waymarks import APART, leave_waymark
from engine.model.facts import PlaceAdopted
from engine.state.world import World
from gateways.auth import Role
from gateways.journals import first_seq, journal_of
from gateways.past.beginning import first_turn, nearest_world
from gateways.past.forgotten import Forgotten
from gateways.past.reel import Reel, ReelFull
from gateways.past.showing import Showing
from gateways.redaction import Audience
from gateways.reels import Hour
from gateways.times import Offsets, local

LEAD_MS: Final = 1_800_000
"""So long before the hour the board is followed as a screen would: its timeline then tells what came before."""
PROGRESS_EVERY_S: Final = 0.3
LOOK_EVERY: Final = 256
"""Turns between looks at the clock."""


def tell_hour(directory: Path, hour: Hour, write: Callable[[bytes], object]) -> None:
    """Give the frames of an hour to `write`; the last word says how it ended. Raises JournalError, NoJournal."""
    reel, journal = Reel(write), journal_of(directory)
    forgotten = Forgotten(journal, hour.gone)
    world = nearest_world(journal, hour.from_ms - LEAD_MS, forgotten)
    begins_ms = first_turn(journal).now if first_seq(journal) == 1 else world.now
    if hour.at_ms < begins_ms:
        reason = f"The journal begins at {local(begins_ms, _clocks(journal, world))}. Nothing is known from before."
        reel.last_word("refused", code="before_journal", reason=reason)
        return
    from_ms = max(hour.from_ms, begins_ms)
    showing, whole = None, True
    progress = _Progress(reel, max(world.now, begins_ms), from_ms)
    try:
        for turn in forgotten.turns(world.seq + 1):
            if turn.now > hour.to_ms:
                break
            if showing is None and world.place is not None and turn.now > from_ms - LEAD_MS:
                showing = _begin(world, hour, reel, from_ms)
            if showing is None:
                world.fold(turn)
                if world.seq % APART == 0:
                    leave_waymark(journal, world)
            else:
                showing.take(turn)
            progress.at(turn.now)
        showing = showing or _begin(world, hour, reel, from_ms)
        showing.reach(hour.to_ms)
    except ReelFull:
        whole = False
    assert showing is not None, "nothing is told before there is a place"
    positions = {"every_ms": showing.every_ms, "told": showing.positions, "expired": showing.expired}
    reel.last_word("end", to_ms=hour.to_ms if whole else reel.last_ms, whole=whole, positions=positions)


def _begin(world: World, hour: Hour, reel: Reel, from_ms: int) -> Showing:
    showing = Showing(world, Audience(Role(hour.role)), reel, from_ms, hour.to_ms)
    reel.word("begin", from_ms=from_ms, to_ms=hour.to_ms, at_ms=hour.at_ms, every_ms=showing.every_ms)
    return showing


def _clocks(journal: Path, world: World) -> Offsets:
    """Return how the place's clocks go."""
    if world.place is not None:
        return world.place.utc_offsets
    adopted = (fact.place.utc_offsets for fact in first_turn(journal).facts if isinstance(fact, PlaceAdopted))
    return next(adopted, ())


class _Progress:
    """Says now and then how far the reading has come on its way to the hour."""

    def __init__(self, reel: Reel, start_ms: int, from_ms: int) -> None:
        self._reel = reel
        self._start_ms = start_ms
        self._span_ms = from_ms - start_ms
        self._turns = 0
        self._said_s = time.monotonic()
        if self._span_ms > 0:
            self._say(start_ms)

    def at(self, now_ms: int) -> None:
        """It has come so far."""
        self._turns += 1
        if self._turns % LOOK_EVERY or now_ms - self._start_ms >= self._span_ms:
            return
        if time.monotonic() - self._said_s >= PROGRESS_EVERY_S:
            self._said_s = time.monotonic()
            self._say(now_ms)

    def _say(self, now_ms: int) -> None:
        share = (now_ms - self._start_ms) / self._span_ms
        self._reel.word("reading", at_ms=now_ms, share=round(max(0.0, share), 3))
