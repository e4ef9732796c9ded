"""What all are told alike, and how far each has been told: a delta for a thousand clients is kept once, not a thousand times.

    an update ──► Piece, one for all ──► the pump's round: follower after follower, joined where several came together

Who has nothing else waiting is sent the shared bytes straight away; for anybody else the piece goes into a queue of its own, as
deltas and positions always may. Rule: each follower is given every piece once and in order, and nothing that concerns it alone
(a snapshot, what it sees in its window) overtakes a piece: `settle` comes first.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final, Protocol

from msgspec import Struct

from gateways.auth import Role
from gateways.cad.outbox import TOGETHER, Helping
from gateways.redaction import Audience

_PARTED: Final = 1 << 62
"""More pieces than there will ever be."""
ONLOOKERS: Final = frozenset({Role.OBSERVER, Role.FEED, Role.PARTNER})
"""They are told after those who act on what they see."""


_Key = tuple[int, Audience | None, bool]
"""Of those who are to be sent the same: what they have been given, what they may see, whether they want positions."""


class Follower(Protocol):
    """Somebody who is told. No call may wait or raise."""

    def tell_now(self, frames: bytes, messages: int) -> bool:
        """Send these, so many, at once; False, and nothing is done, if something else has to go before."""

    def on_delta(self, frame: bytes) -> None:
        """Take the next delta."""

    def on_positions(self, helping: Helping) -> None:
        """Take where some units are."""


class Piece(Struct, frozen=True):
    """A delta as each audience may see it, or a helping of positions."""

    frames: Mapping[Audience | None, bytes] = {}
    helping: Helping | None = None


class _Place(Struct):
    """How far a follower has been told, and what it is told at all."""

    seen: int
    audience: Audience | None
    """None sees all."""
    wants_positions: bool
    positions: bool
    """Does it want those of all units, as it looks now?"""


class Stream:
    """The pieces that not all have been given. `wake` is called when there are some."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pieces: deque[Piece] = deque()
        self._end = 0
        """Pieces so far, those that are gone included."""
        self._actors: dict[Follower, _Place] = {}
        self._onlookers: dict[Follower, _Place] = {}
        self._audiences: Counter[Audience | None] = Counter()
        self._round: Iterator[tuple[Follower, _Place]] = iter(())
        self._round_to = 0
        """All pieces before it had come when the round began."""
        self._joined: dict[_Key, tuple[bytes, int]] = {}
        """Several pieces in one, up to the end: by where they begin and for whom."""

    @property
    def is_idle(self) -> bool:
        """Everybody has been given everything."""
        return not self._pieces

    @property
    def followers(self) -> list[Follower]:
        """Who is told, in their order."""
        return [*self._actors, *self._onlookers]

    @property
    def audiences(self) -> list[Audience | None]:
        """For whom a delta has to be made."""
        return list(self._audiences)

    def join(self, follower: Follower, audience: Audience, *, positions: bool = True) -> None:
        """Give it everything from now on."""
        self.part(follower)
        seen = None if audience.sees_all else audience
        places = self._onlookers if audience.role in ONLOOKERS else self._actors
        places[follower] = _Place(self._end, seen, positions, positions)
        self._audiences[seen] += 1

    def part(self, follower: Follower) -> None:
        """Give it what has come so far, and nothing more."""
        self.settle(follower)
        place = self._actors.pop(follower, None) or self._onlookers.pop(follower, None)
        if place is not None:
            place.seen = _PARTED  # it may stand in a round
            self._audiences[place.audience] -= 1
            if not self._audiences[place.audience]:
                del self._audiences[place.audience]

    def tell(self, piece: Piece) -> None:
        """Give this to everybody, soon."""
        if self._audiences:
            self._pieces.append(piece)
            self._end += 1
            self._joined.clear()
            self._wake()

    def settle(self, follower: Follower) -> None:
        """Give it now, into its own queue, what it has not been given."""
        place = self._place(follower)
        if place is not None:
            self._queue(follower, place)

    def skip(self, follower: Follower) -> None:
        """It knows by a snapshot what it has not been given."""
        place = self._place(follower)
        if place is not None:
            place.seen = self._end

    def look(self, follower: Follower, *, everywhere: bool) -> None:
        """Give it positions of all units from now on, if it wants any, or those of none."""
        place = self._place(follower)
        if place is not None:
            self._queue(follower, place)
            place.positions = place.wants_positions and everywhere

    def hand_out(self, most: int) -> None:
        """Give so many followers what they have not been given, in rounds."""
        if not self._pieces:
            return
        if not self._round_to:
            self._round = iter([*self._actors.items(), *self._onlookers.items()])
            self._round_to = self._end
        went, end = 0, self._end
        key, frames, messages = None, b"", 0
        for follower, place in islice(self._round, most):
            went += 1
            if place.seen >= end:
                continue
            if key != (key := (place.seen, place.audience, place.positions)):
                frames, messages = self._joined_from(key)
            if not messages or (frames and follower.tell_now(frames, messages)):
                place.seen = end
            else:
                self._queue(follower, place)
        if went < most:
            self._end_round()

    def _joined_from(self, key: _Key) -> tuple[bytes, int]:
        """Return all that such a follower has not been given in one, and how many messages that is; nothing of too much."""
        joined = self._joined.get(key)
        if joined is None:
            seen, audience, positions = key
            frames = [
                piece.frames[audience] if piece.helping is None else piece.helping.frame
                for piece in self._from(seen)
                if piece.helping is None or positions
            ]
            small = len(frames) == 1 or sum(map(len, frames)) <= TOGETHER
            joined = self._joined[key] = b"".join(frames) if small else b"", len(frames)
        return joined

    def _queue(self, follower: Follower, place: _Place) -> None:
        pieces, place.seen = list(self._from(place.seen)), self._end
        for piece in pieces:
            if piece.helping is None:
                follower.on_delta(piece.frames[place.audience])
            elif place.positions:
                follower.on_positions(piece.helping)

    def _from(self, seen: int) -> Iterator[Piece]:
        return islice(self._pieces, len(self._pieces) - (self._end - seen), None)

    def _place(self, follower: Follower) -> _Place | None:
        return self._actors.get(follower) or self._onlookers.get(follower)

    def _end_round(self) -> None:
        """Let go of what all have been given; if more has come meanwhile, the next round gives that."""
        while len(self._pieces) > self._end - self._round_to:
            self._pieces.popleft()
        self._round_to = 0
        self._joined.clear()
