"""The board: the World as it is durable, and what each released turn changed in it.

The engine's own World runs ahead of the disk, so nobody outside may look at it. The board folds the released
turns into a World of its own; screens, snapshots and metrics read that one.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import trio
from msgspec import Struct

from engine.live.release import Follower
from engine.model.alert_facts import AlarmCleared
from engine.model.facts import (
    AnyFact,
    AssignmentEnded,
    CommandRefused,
    PlaceAdopted,
    PositionsMoved,
    Ticked,
    UnitsRecommended,
)
from engine.model.moves import PlanProposed
from engine.model.surroundings import DestinationsRanked
from engine.model.turn import Turn
from engine.model.words import tag
from engine.state.world import World
from gateways.alert_views import AlertView, alert_words, view_alert_changes, view_alerts
from gateways.move_views import (
    CoverageView,
    MoveView,
    move_words,
    view_coverage,
    view_coverage_change,
    view_move_changes,
    view_moves,
)
from gateways.road_views import RoadsView, road_words, view_road_changes, view_roads
from gateways.surroundings_views import (
    SurroundingsView,
    incidents_warned,
    surroundings_words,
    view_surroundings,
    view_surroundings_changes,
)
from gateways.views import (
    AlarmView,
    IncidentView,
    PositionView,
    UnitView,
    view_alarm,
    view_incident,
    view_positions,
    view_unit,
)

POSITIONS_EVERY_S = 0.05
POSITIONS_AT_ONCE = 500
"""Positions go out in small helpings, the units that moved longest ago first: up to 10,000 units a second, and no
helping holds the loop up for longer than a turn does."""

SILENT = (PlaceAdopted, PositionsMoved, Ticked, CommandRefused, PlanProposed)
"""Facts without a line on the timeline."""


class Event(Struct, frozen=True, gc=False, kw_only=True):
    """A line of the timeline."""

    kind: str
    incident: str | None = None
    unit: str | None = None
    by: str | None = None
    text: str = ""


class Update(Struct, frozen=True, gc=False, kw_only=True):
    """What one turn changed: each incident, unit and alarm that it touched, as it stands after it.

    `prev` is the seq of the update before: a reader that has not seen that one has missed something.
    """

    seq: int
    prev: int
    at_ms: int
    incidents: tuple[IncidentView, ...]
    units: tuple[UnitView, ...]
    alarms: tuple[AlarmView, ...]
    cleared: tuple[str, ...]
    """Ids of alarms that are over."""
    recommendations: tuple[UnitsRecommended, ...]
    """With their why."""
    events: tuple[Event, ...]
    roads: RoadsView | None = None
    """What changed about the roads; None if nothing did."""
    surroundings: SurroundingsView | None = None
    """What changed about cautions and hospitals; None if nothing did."""
    destinations: tuple[DestinationsRanked, ...] = ()
    """Where patients should go, as it was judged."""
    moves: tuple[MoveView, ...] = ()
    """Moves between posts that are new or have changed."""
    ended_moves: tuple[str, ...] = ()
    """Ids of moves that are over, or no longer proposed."""
    coverage: tuple[CoverageView, ...] | None = None
    """How well demand is covered, if that was worked out anew."""
    alerts: tuple[AlertView, ...] = ()
    """Alerts that are new or have changed, each with its copies."""
    ended_alerts: tuple[str, ...] = ()
    """Ids of alerts that are over."""


class Snapshot(Struct, frozen=True, gc=False, kw_only=True):
    """Everything on the board after `seq`."""

    seq: int
    at_ms: int
    place: str
    name: str
    incidents: tuple[IncidentView, ...]
    """Open ones."""
    units: tuple[UnitView, ...]
    alarms: tuple[AlarmView, ...]
    roads: RoadsView | None = None
    surroundings: SurroundingsView | None = None
    moves: tuple[MoveView, ...] = ()
    """Proposed, or under way."""
    coverage: tuple[CoverageView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    """Those that are not over."""


class Board:
    """Follows the released turns. One per process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.last_update = world.seq
        """Seq of the last update that was published."""
        self.on_update: list[Callable[[Update], None]] = []
        self.on_positions: list[Callable[[int, tuple[PositionView, ...]], None]] = []
        self.on_turn: list[Callable[[Turn], None]] = []
        """Called with every released turn; must not block."""
        self._moved: dict[int, None] = {}

    async def run(self, follower: Follower) -> None:
        """Fold what is released, until cancelled."""
        while True:
            for turn in await follower.batch():
                self.fold(turn)

    async def publish_positions(self) -> None:
        """Publish where units are, until cancelled."""
        while True:
            await trio.sleep(POSITIONS_EVERY_S)
            self.tell_positions(POSITIONS_AT_ONCE)

    def tell_positions(self, most: int) -> None:
        """Publish where units are that have moved since they were published last: at most so many."""
        if not self.on_positions:
            self._moved.clear()
        rows = list(islice(self._moved, most))
        if rows:
            for row in rows:
                del self._moved[row]
            views = view_positions(self.world, rows)
            for publish in self.on_positions:
                publish(self.world.now, views)

    def fold(self, turn: Turn) -> None:
        """Take over one turn and publish what it changed."""
        warned = incidents_warned(self.world, turn.facts)
        self.world.fold(turn)
        for follow in self.on_turn:
            follow(turn)
        first = turn.facts[0] if turn.facts else None
        if isinstance(first, PositionsMoved):
            self._moved.update(dict.fromkeys(first.fixes.unit.tolist()))
        update = self._update(turn, warned)
        if update is not None:
            self.last_update = turn.seq
            for publish in self.on_update:
                publish(update)

    def snapshot(self) -> Snapshot:
        """Return everything that is on the board. Its seq is that of the last update, so updates follow on it."""
        world = self.world
        place = world.settled
        return Snapshot(
            seq=self.last_update,
            at_ms=world.now,
            place=place.id,
            name=place.name,
            incidents=tuple(view_incident(world, incident) for incident in world.open.values()),
            units=tuple(view_unit(world, unit) for unit in world.units),
            alarms=tuple(view_alarm(alarm) for alarm in world.alarms.values()),
            roads=view_roads(world),
            surroundings=view_surroundings(world),
            moves=view_moves(world),
            coverage=view_coverage(world),
            alerts=view_alerts(world),
        )

    def _update(self, turn: Turn, warned: list[str]) -> Update | None:
        told = [fact for fact in turn.facts if not isinstance(fact, SILENT)]
        world = self.world
        coverage = view_coverage_change(world, turn.facts)
        if not told and coverage is None:
            return None
        moves, ended_moves = view_move_changes(world, told)
        alerts, ended_alerts = view_alert_changes(world, told)
        named = _named(told, ("incident", "into", "other", "source", "target"))
        named += [name for name in warned if name not in named]
        # What is told of a unit alone names no incident, and the source of a move is a post.
        incidents = [world.incidents[name] for name in named if name in world.incidents]
        units = [world.units[world.fleet.rows[name]] for name in _named(told, ("unit", "replacement"))]
        alarms = [world.alarms[name] for name in _named(told, ("alarm",)) if name in world.alarms]
        return Update(
            seq=turn.seq,
            prev=self.last_update,
            at_ms=turn.now,
            incidents=tuple(view_incident(world, incident) for incident in incidents),
            units=tuple(view_unit(world, unit) for unit in units),
            alarms=tuple(view_alarm(alarm) for alarm in alarms),
            cleared=tuple(fact.alarm for fact in told if isinstance(fact, AlarmCleared)),
            recommendations=tuple(fact for fact in told if isinstance(fact, UnitsRecommended)),
            events=tuple(_event(fact) for fact in told),
            roads=view_road_changes(world, turn.facts),
            surroundings=view_surroundings_changes(world, turn.facts),
            destinations=tuple(fact for fact in told if isinstance(fact, DestinationsRanked)),
            moves=moves,
            ended_moves=ended_moves,
            coverage=coverage,
            alerts=alerts,
            ended_alerts=ended_alerts,
        )


def _named(facts: Sequence[AnyFact], fields: tuple[str, ...]) -> list[str]:
    """Return what the facts name in these fields, each once, in the order of the facts."""
    names: dict[str, None] = {}
    for fact in facts:
        for field in fields:
            name = getattr(fact, field, None)
            if name is not None:
                names[name] = None
    return list(names)


def _event(fact: Any) -> Event:
    text = next((each for name in ("text", "reason", "status", "duty") if (each := getattr(fact, name, ""))), "")
    if isinstance(fact, AssignmentEnded):  # a reason without its act says nothing
        text = f"{fact.outcome}: {fact.reason}" if fact.reason else str(fact.outcome)
    text = road_words(fact) or surroundings_words(fact) or move_words(fact) or alert_words(fact) or text
    return Event(
        kind=tag(type(fact).__name__),
        incident=getattr(fact, "incident", None),
        unit=getattr(fact, "unit", None),
        by=getattr(fact, "by", None),
        text=str(text),
    )
