"""What a page needs to show an hour as it was: the live board's own snapshots and deltas, and positions step by step.

Rule: the turns are folded by the `Board` that feeds live screens, and what it publishes goes onto the reel. Nothing is
worked out here that the live edge does not work out.
"""

from collections import deque
from typing import Final

from engine.model.facts import PositionsMoved, UnitsRecommended
from engine.model.inputs import ReportPositions
from engine.model.turn import Turn
from engine.state.world import World
from gateways.board import Board, Event, Update
from gateways.cad.messages import Positions
from gateways.cad.mirror import Mirror
from gateways.past.marks import marks_of
from gateways.past.reel import Reel, encode
from gateways.redaction import Audience, snapshot_for, update_for
from gateways.views import PositionView, view_positions

SNAPSHOT_EVERY_MS: Final = 300_000
"""How far a page has to fold at most when somebody jumps."""
EVENTS: Final = 600
"""What had happened before, told with each snapshot: a page keeps fewer, without those that say little."""
HOUR_MS: Final = 3_600_000
POSITIONS_MAX: Final = 400_000
"""In an hour: of a large fleet they are told less often."""
STEPS_MS: Final = (1_000, 2_000, 5_000, 10_000, 30_000, 60_000)


class Happened(Event, frozen=True, gc=False, kw_only=True):
    """A line of the timeline, with its time and a name of its own."""

    at: int
    key: str


def step_of(units: int) -> int:
    """Return how often positions are told, in ms, of a fleet of that size."""
    return next((step for step in STEPS_MS if units * HOUR_MS // step <= POSITIONS_MAX), STEPS_MS[-1])


class Showing:
    """Tells one hour. Give it turns from before `from_ms`; what is on the reel begins then."""

    def __init__(self, world: World, audience: Audience, reel: Reel, from_ms: int, to_ms: int) -> None:
        self.every_ms = step_of(len(world.units))
        self.positions = 0
        """How many were told."""
        self.expired = 0
        """Turns of this hour whose positions are gone."""
        self._world = world
        self._audience = audience
        self._reel = reel
        self._from_ms, self._to_ms, self._next_ms = from_ms, to_ms, from_ms
        self._at_ms = from_ms
        """Of the step that is being told."""
        self._began = False
        self._happened: deque[Happened] = deque(maxlen=EVENTS)
        self._told: dict[str, UnitsRecommended] = {}
        """The latest recommendation with its why, by incident."""
        self._board = Board(world)
        self._mirror = Mirror()
        self._mirror.take(self._board.snapshot())
        self._board.on_update.append(self._updated)
        self._board.on_positions.append(self._moved)

    def take(self, turn: Turn) -> None:
        """Fold one turn. Raises ReelFull."""
        self.reach(turn.now - 1)
        if self._began:
            for mark in marks_of(turn, self._world):
                self._reel.line(turn.now, b"m", encode(mark))
            moved = turn.facts and isinstance(turn.facts[0], PositionsMoved)
            self.expired += isinstance(turn.input, ReportPositions) and not moved
        self._board.fold(turn)

    def reach(self, at_ms: int) -> None:
        """Nothing more happens up to then: tell what is told at fixed steps. Raises ReelFull."""
        while self._next_ms <= min(at_ms, self._to_ms):
            self._step(self._next_ms)
            self._next_ms += self.every_ms

    def _step(self, at_ms: int) -> None:
        self._at_ms = at_ms
        self._board.tell_positions(len(self._world.units))
        if (at_ms - self._from_ms) % SNAPSHOT_EVERY_MS == 0:
            self._snapshot(at_ms)

    def _snapshot(self, at_ms: int) -> None:
        self._mirror.settle()
        told = snapshot_for(self._audience, self._mirror.snapshot())
        events, reasons = encode(list(self._happened)), encode(list(self._told.values()))
        content = encode(told)[1:]
        self._reel.line(at_ms, b"s", b'{"events":%s,"recommendations":%s,%s' % (events, reasons, content))
        seen = [row for row, fix_ms in enumerate(self._world.fleet.fix_ms.tolist()) if fix_ms >= 0]
        if seen:
            self._tell_positions(at_ms, view_positions(self._world, seen))
        if not self._began:
            self._began = True
            self._reel.flush()  # somebody waits to see it

    def _updated(self, update: Update) -> None:
        told = update_for(self._audience, update, self._mirror.incidents.get)
        self._mirror.take(update)
        for number, event in enumerate(told.events):
            fields = {name: getattr(event, name) for name in event.__struct_fields__}
            self._happened.append(Happened(at=update.at_ms, key=f"{update.seq}.{number}", **fields))
        for reason in told.recommendations:
            self._told[reason.incident] = reason
        for incident in told.incidents:
            if incident.ended_ms is not None:
                self._told.pop(incident.id, None)
        if self._began:
            self._reel.line(update.at_ms, b"d", encode(told))

    def _moved(self, now_ms: int, units: tuple[PositionView, ...]) -> None:
        self._mirror.take(Positions(at_ms=now_ms, units=units))
        if self._began:
            self._tell_positions(self._at_ms, units)

    def _tell_positions(self, at_ms: int, units: tuple[PositionView, ...]) -> None:
        self.positions += len(units)
        self._reel.line(at_ms, b"p", encode({"at_ms": at_ms, "units": units}))
