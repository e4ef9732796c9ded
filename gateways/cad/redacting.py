"""The board's frames for those who may not see all of it: made once for all who see the same.

A thousand crews are a thousand audiences, but an update concerns few of them: all others are sent the same bytes.

Rule: what follows is redacted by `gateways/redaction.py` and nowhere else; a frame that was made for all is never sent
to an audience that does not see all.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from gateways.board import Update
from gateways.cad.messages import Delta, decode_server, frame_as, frame_of
from gateways.cad.wire import payload_of
from gateways.redaction import Audience, Concern, Find, concern_of, update_for

SNAPSHOTS_KEPT: Final = 8
"""For so many audiences beside those who see all."""
Held = TypeVar("Held")


class DeltaFrames:
    """One update as a frame for each audience that wants it, each made once."""

    def __init__(self, update: Update, find: Find) -> None:
        self.whole = frame_as("delta", update)
        self._update = update
        self._find = find
        self._concern: Concern | None = None
        self._found: dict[Audience, bytes] = {}
        self._made: dict[Audience, bytes] = {}
        """By narrowed audience."""

    def of(self, audience: Audience | None) -> bytes:
        """Return the frame for an audience; None sees all."""
        if audience is None:
            return self.whole
        frame = self._found.get(audience)
        if frame is None:
            frame = self._found[audience] = self._make(audience)
        return frame

    def _make(self, audience: Audience) -> bytes:
        if self._concern is None:
            self._concern = concern_of(self._update, self._find)
        narrowed = self._concern.narrowed(audience)
        frame = self._made.get(narrowed)
        if frame is None:
            frame = self._made[narrowed] = frame_as("delta", update_for(narrowed, self._update, self._find))
        return frame


def redacted(frame: bytes, audience: Audience | None, find: Find) -> bytes:
    """Return a kept frame of a delta as it is for the audience; None sees all."""
    if audience is None:
        return frame
    delta = decode_server(payload_of(frame))
    assert isinstance(delta, Delta), "only deltas are kept in the ring"
    made = update_for(audience, delta, find)
    assert isinstance(made, Delta)
    return frame_of(made)


class ByAudience(Generic[Held]):
    """The latest of something for each of a few audiences."""

    def __init__(self) -> None:
        self._held: OrderedDict[Audience | None, Held] = OrderedDict()

    def get(self, audience: Audience | None) -> Held | None:
        """Return what is held for the audience."""
        if audience in self._held:
            self._held.move_to_end(audience)
        return self._held.get(audience)

    def put(self, audience: Audience | None, held: Held) -> None:
        """Hold it; let go of what was asked for longest ago for somebody else, if that is too many."""
        self._held[audience] = held
        self._held.move_to_end(audience)
        if len(self._held) > SNAPSHOTS_KEPT + 1:
            del self._held[next(each for each in self._held if each is not None)]
