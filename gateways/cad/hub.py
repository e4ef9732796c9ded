"""The board, once for all clients: every delta, snapshot and helping of positions is encoded once and shared.

Rule: joining is one synchronous step. The board publishes from the same loop, so a client can neither miss a delta
between its snapshot and the stream, nor see one twice.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from engine.live.service import Service
from engine.model.geometry import Projection
from gateways.auth import OnRead, Principal
from gateways.board import Board, Update
from gateways.cad.config import CadConfig, Statistics
from gateways.cad.messages import Look, Positions, frame_as, frame_of
from gateways.cad.mirror import Mirror
from gateways.cad.outbox import HELPING, Helping
from gateways.cad.pulse import Pulse
from gateways.cad.pump import Pump
from gateways.cad.redacting import ByAudience, DeltaFrames, redacted
from gateways.cad.sights import Sights
from gateways.cad.stream import Follower, Piece
from gateways.cad.trail import Trail
from gateways.cad.whatif import WhatIf, WhatIfQuestion
from gateways.cad.window import Box, Ints
from gateways.covering import Covering
from gateways.geocoding import Geocoder, look_up
from gateways.inquiries import Inquiries, NoAnswer
from gateways.previews import preview
from gateways.redaction import NOBODY, SEES, Audience, Concern, Scope, audience_of, concern_of, snapshot_for
from gateways.views import PositionView, suspects_of, view_incident
from gateways.vocabulary.questions import (
    AddressTold,
    AskAddress,
    AskPreview,
    AskSuspects,
    AskWhy,
    PreviewTold,
    Question,
    SuspectsTold,
    Told,
    WhyTold,
)

REPLAY_ON_SNAPSHOT_MAX: Final = 200
"""Deltas that a newcomer is given on top of a kept snapshot before a new one is cheaper."""
REPLAY_REDACTED_MAX: Final = 20
"""Of those who do not see all: each delta is made anew for them."""


class Link(Struct, frozen=True, gc=False):
    """A delta in the ring."""

    prev: int
    frame: bytes
    told: int
    """Helpings of positions that had been told when the delta before it was made."""


class Kept(Struct, frozen=True, gc=False):
    """A snapshot."""

    seq: int
    frame: bytes
    told: int
    """Helpings of positions that are in it."""


class Hub:
    """Follows the board and keeps what newcomers and those who come back are given. One per process."""

    def __init__(
        self,
        service: Service,
        board: Board,
        config: CadConfig,
        inquiries: Inquiries | None = None,
        covering: Covering | None = None,
    ) -> None:
        self.service = service
        self._board = board
        self._inquiries = inquiries
        self._whatif = WhatIf(service, board, covering or Covering(None))
        self._sights = Sights(board.world)
        self.config = config
        self.statistics = Statistics()
        self.pump = Pump()
        self.pulse = Pulse(config.ping_s)
        self._mirror = Mirror()
        """What every client knows that has read everything."""
        self._mirror.take(board.snapshot())
        self._stream = self.pump.stream
        self._ring: deque[Link] = deque()
        self._ring_bytes = 0
        self._trail = Trail()
        self._told = 0
        """Helpings of positions that had been told at the last update."""
        self._snapshots: ByAudience[Kept] = ByAudience()
        self.geocoder: Geocoder | None = None
        """None: the place lists no house numbers."""
        self.on_read: OnRead | None = None
        """Called with who was shown what: the board, or the account of an incident with its people."""
        self._concerned = -1, NOBODY
        """A seq, and whom the board concerned then."""
        board.on_update.append(self._updated)
        board.on_positions.append(self._moved)

    @property
    def seq(self) -> int:
        """Seq of the last update."""
        assert self._mirror.seq is not None
        return self._mirror.seq

    @property
    def projection(self) -> Projection:
        """Of the place: degrees to metres."""
        return self.service.world.settled.projection

    def resume(self, seen: int | None, audience: Audience) -> list[bytes] | None:
        """Return the deltas behind the one that was seen last, and positions since; None if they are not all kept.

        Nor for who does not see all, if they are many: each is made anew, and a snapshot is cheaper.
        """
        behind = None if seen is None else self._behind(seen)
        if behind is None or (not audience.sees_all and len(behind[0]) > REPLAY_ON_SNAPSHOT_MAX):
            return None
        deltas, told = behind
        return [*self._redacted(deltas, audience), *self._positions(told)]

    def begin(self, audience: Audience) -> list[bytes]:
        """Return a snapshot, and deltas and positions since it was made: together, the board as it is now."""
        whose = None if audience.sees_all else self._concern().narrowed(audience)
        most = REPLAY_ON_SNAPSHOT_MAX if whose is None else REPLAY_REDACTED_MAX
        kept = self._snapshots.get(whose)
        behind = None if kept is None else self._behind(kept.seq)
        if kept is None or behind is None or len(behind[0]) > most:
            kept, behind = Kept(self.seq, self._take_snapshot(whose), self._trail.told), ([], 0)
            self._snapshots.put(whose, kept)
        return [kept.frame, *self._redacted(behind[0], audience), *self._positions(kept.told)]

    def _redacted(self, deltas: list[bytes], audience: Audience) -> list[bytes]:
        if audience.sees_all:
            return deltas
        return [redacted(frame, audience, self._mirror.incidents.get) for frame in deltas]

    async def inquire(self, question: Question, audience: Audience) -> Told:
        """Answer a question. Raises NoAnswer."""
        if isinstance(question, WhatIfQuestion):
            return await self._whatif.answer(question, audience)
        if isinstance(question, AskSuspects):
            found = suspects_of(
                self._board.world,
                question.lat,
                question.lon,
                question.incident_type,
                question.address,
                question.caller,
            )
            return SuspectsTold(id=question.id, suspects=found)
        if isinstance(question, AskAddress):
            return AddressTold(id=question.id, **asdict(look_up(self.geocoder, question.text, question.most)))
        if isinstance(question, AskPreview):
            return PreviewTold(id=question.id, **asdict(await preview(self.service, question)))
        if self._inquiries is None:
            raise NoAnswer("unavailable", "type", "This server keeps no journal that could be asked.")
        world = self._board.world
        known = world.incidents.get(question.incident)
        hidden = audience.hidden(None if known is None else view_incident(world, known))
        account = await self._inquiries.why(question.incident, question.unit, question.at, personal=not hidden)
        return WhyTold(id=question.id, account=msgspec.Raw(account))

    def note_board(self, principal: Principal) -> None:
        """Take note that somebody follows the board from now on, if that shows people at all."""
        if self.on_read is not None and any(scope is not Scope.NONE for scope in SEES[principal.role].values()):
            self.on_read(principal, "cad.board", ())

    def note_account(self, principal: Principal, question: Question) -> None:
        """Take note that somebody was told what a question asked for."""
        if self.on_read is None or not isinstance(question, AskWhy):
            return
        known = self._board.world.incidents.get(question.incident)
        if not audience_of(principal).hidden(None if known is None else view_incident(self._board.world, known)):
            self.on_read(principal, "cad.why", (question.incident,))

    def join(self, follower: Follower, audience: Audience, *, positions: bool = True) -> None:
        """Hand on everything from now on. Call it in the same step as `resume` or `begin`."""
        self._stream.join(follower, audience, positions=positions)

    def part(self, follower: Follower) -> None:
        """Hand on no more."""
        self._stream.part(follower)
        self._sights.forget(follower)

    def look(self, follower: Follower, look: Look) -> Ints:
        """Hand on positions in that part of the map only; return the rows of units that it has to be told of now."""
        self._stream.look(follower, everywhere=look.box is None)
        if look.box is None:
            return self._sights.look_everywhere(follower)
        west, south, east, north = look.box
        to_metres = self._board.world.settled.projection.to_metres
        return self._sights.look(follower, Box(*to_metres(south, west), *to_metres(north, east)))

    def helpings(self, rows: Ints) -> Iterator[Helping]:
        """Give where these units are, in helpings, each made when it is asked for."""
        return self._sights.helpings(rows)

    def renewed(self, follower: Follower) -> None:
        """It has been given a snapshot anew."""
        self._stream.skip(follower)
        self._sights.renew(follower)

    def _behind(self, seen: int) -> tuple[list[bytes], int] | None:
        """Return the deltas behind `seen`, and how many helpings of positions had been told when it was made."""
        if seen == self.seq:
            return [], self._told
        frames: list[bytes] = []
        for link in reversed(self._ring):
            frames.append(link.frame)
            if link.prev == seen:
                frames.reverse()
                return frames, link.told
            if link.prev < seen:
                break
        return None

    def _concern(self) -> Concern:
        """Return whom the board concerns as it is now."""
        seq, concern = self._concerned
        if seq != self.seq:
            concern = concern_of(self._mirror.snapshot(), self._mirror.incidents.get)
            self._concerned = self.seq, concern
        return concern

    def _take_snapshot(self, audience: Audience | None) -> bytes:
        self._mirror.settle()
        self.statistics.snapshots += 1
        snapshot = self._mirror.snapshot()
        return frame_as("snapshot", snapshot if audience is None else snapshot_for(audience, snapshot))

    def _positions(self, told: int) -> list[bytes]:
        views = tuple(self._trail.since(told))
        starts = range(0, len(views), HELPING)
        at_ms = self._mirror.at_ms
        return [frame_of(Positions(at_ms=at_ms, units=views[start : start + HELPING])) for start in starts]

    def _updated(self, update: Update) -> None:
        frames = DeltaFrames(update, self._mirror.incidents.get)
        self._mirror.take(update)
        self._sights.told_all(unit.id for unit in update.units)
        for unit in update.units:
            self._trail.forget(unit.id)
        self._keep(Link(update.prev, frames.whole, self._told))
        self._told = self._trail.told
        if any(event.kind == "incident_forgotten" for event in update.events):
            # What is kept for those who come back holds what was to be erased: they are given a new snapshot.
            self._ring.clear()
            self._ring_bytes = 0
            self._snapshots = ByAudience()
        self._stream.tell(Piece({audience: frames.of(audience) for audience in self._stream.audiences}))

    def _keep(self, link: Link) -> None:
        self._ring.append(link)
        self._ring_bytes += len(link.frame)
        while len(self._ring) > self.config.ring_messages or self._ring_bytes > self.config.ring_bytes:
            self._ring_bytes -= len(self._ring.popleft().frame)

    def _moved(self, at_ms: int, units: tuple[PositionView, ...]) -> None:
        message = Positions(at_ms=at_ms, units=units)
        self._mirror.take(message)
        self._trail.add(units)
        rows = self._sights.told(unit.unit for unit in units)
        if not self._stream.audiences:
            return
        helping = Helping(message, frame_of(message))
        self._stream.tell(Piece(helping=helping))
        for follower in self._sights.watchers():
            part = self._sights.part_of(follower, rows, helping)
            if part is not None:
                self._stream.settle(follower)
                follower.on_positions(part)
