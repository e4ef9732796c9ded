"""The watcher: released turns in, parameters out. What it remembers is kept over a restart.

    turns ──► drives ──► (somebody predicts them) ──► speeds ─┐
        └───► ladders ──► turnouts, service times ────────────┴──► LearnSpeeds, LearnTurnouts, LearnService

It draws no conclusion of its own about the present: what it has learned becomes true only when the engine records
it, so a replay needs no learner.
"""

from collections.abc import Collection, Iterable
from typing import TypeAlias

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from engine.learning.drives import Drive, DriveFinder
from engine.learning.hours import block_of_day, block_of_week
from engine.learning.ladders import Ladder, Ladders
from engine.learning.service_times import ServiceBook, ServiceLearner
from engine.learning.speeds import Expected, SpeedBook, SpeedLearner
from engine.learning.turnouts import TurnoutBook, TurnoutLearner
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    DutyChanged,
    PlaceAdopted,
    PositionsMoved,
    UnitDispatched,
)
from engine.model.fixes import Fixes
from engine.model.inputs import LearnService, LearnSpeeds, LearnTurnouts
from engine.model.lifecycle import Status
from engine.model.roads import Learned
from engine.model.turn import Turn
from engine.state.world import World

TELL_EVERY_MS = 900_000
DRIVES_MIN, TURNOUTS_MIN, SERVICES_MIN = 50, 10, 10
"""New observations without which there is nothing to tell."""
STANDING, DRIVING, DRIVING_LIGHTS = 0, 1, 2
Lesson: TypeAlias = LearnSpeeds | LearnTurnouts | LearnService
_CHANGES_STATUS = (UnitDispatched, AssignmentAdvanced, AssignmentEnded, AssignmentMoved, DutyChanged)


class LearnerState(Struct):
    """Everything that was learned: what is saved and loaded."""

    streets: str = ""
    """Digest of the streets whose arcs it speaks of."""
    speeds: SpeedBook = field(default_factory=SpeedBook)
    turnouts: TurnoutBook = field(default_factory=TurnoutBook)
    services: ServiceBook = field(default_factory=ServiceBook)
    told_ms: int = 0
    told_drives: int = 0
    told_turnouts: int = 0
    told_services: int = 0


class Watcher:
    """Folds turns into the learners. Beside it goes a World into which each turn is folded first."""

    def __init__(self, world: World, state: LearnerState | None = None) -> None:
        self.state = LearnerState() if state is None else state
        self.speeds = SpeedLearner(self.state.speeds)
        self.turnouts = TurnoutLearner(self.state.turnouts)
        self.services = ServiceLearner(self.state.services)
        self._drives = DriveFinder(self.state.speeds.counts)
        self._ladders = Ladders()
        self._doing = np.empty(0, np.int8)
        self._look_at_all(world)

    def feed(self, turn: Turn, world: World) -> None:
        """Take a turn that has just been folded into the World."""
        for fact in turn.facts:
            if isinstance(fact, PositionsMoved):
                self._see(fact.fixes)
            elif isinstance(fact, PlaceAdopted):
                self._look_at_all(world)
            elif isinstance(fact, _CHANGES_STATUS):
                self._look_at(world, world.fleet.rows[fact.unit])
        for ladder, rung in self._ladders.feed(turn, world.fleet):
            if rung is Status.EN_ROUTE:
                self._turned_out(ladder, world)
            elif rung is None:
                self._finished(ladder, world)

    # ── drives ──────────────────────────────────────────────────────────────────────────────────────────────

    def take_drives(self, most: int) -> list[Drive]:
        """Hand out drives to be predicted; `learn_drives` takes them back."""
        return self._drives.take(most)

    def learn_drives(self, world: World, predicted: Iterable[tuple[Drive, Expected | None]]) -> None:
        """Take drives with what was expected of them."""
        place = world.settled
        for drive, expected in predicted:
            self.speeds.learn(drive, expected, block_of_week(place, drive.to_ms))

    def _see(self, fixes: Fixes) -> None:
        doing = self._doing[fixes.unit]
        for index in np.flatnonzero(doing).tolist():
            self._drives.see(
                int(fixes.unit[index]),
                int(fixes.x_m[index]),
                int(fixes.y_m[index]),
                int(fixes.fix_ms[index]),
                heading=int(fixes.heading[index]),
                lights=int(doing[index]) == DRIVING_LIGHTS,
            )

    def _look_at_all(self, world: World) -> None:
        self._doing = np.zeros(len(world.fleet), np.int8)
        for row in range(len(world.fleet)):
            self._look_at(world, row)
        streets = "" if world.place is None else world.place.streets
        if streets != self.state.streets:
            self.speeds.forget_arcs()
            self.state.streets = streets

    def _look_at(self, world: World, row: int) -> None:
        """Write down how a unit moves, if it is known to drive. Patrols loiter, and nobody knows how patients ride."""
        unit = world.units[row]
        status = world.status(unit)
        doing = DRIVING if status is Status.RETURNING else STANDING
        if status is Status.EN_ROUTE and unit.incident is not None:
            urgent = world.settled.travel.under_lights(world.open[unit.incident].priority)
            doing = DRIVING_LIGHTS if urgent else DRIVING
        self._doing[row] = doing
        if doing == STANDING:
            self._drives.stop(row)

    # ── ladders ─────────────────────────────────────────────────────────────────────────────────────────────

    def _turned_out(self, ladder: Ladder, world: World) -> None:
        turnout_ms = ladder.turned_out_ms
        if ladder.in_quarters and turnout_ms is not None:
            unit = world.fleet.units[world.fleet.rows[ladder.unit]]
            block = block_of_day(world.settled, ladder.sent_ms)
            self.turnouts.learn(unit.station, unit.kind, block, unit.turnout_ms, turnout_ms, ladder.sent_ms)

    def _finished(self, ladder: Ladder, world: World) -> None:
        incident = world.incidents.get(ladder.incident)
        kind = None if incident is None else world.types.get(incident.type)
        if incident is not None and kind is not None:
            self.services.learn(kind, incident.priority, ladder)

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────

    def is_due(self, now: int) -> bool:
        """Tell whether there is enough news, long enough after the last."""
        return now - self.state.told_ms >= TELL_EVERY_MS and self._has_news

    def tell(self, world: World, classes: Collection[str]) -> list[Lesson]:
        """Return what the engine is to be told now, and take it as told. `classes` are those of its streets."""
        told: list[Lesson] = []
        if self._new_drives and classes:
            told.append(LearnSpeeds(self._speeds(world, classes)))
        if self._new_turnouts:
            turnouts = self.turnouts.learned(world.settled, world.now)
            told += [LearnTurnouts(turnouts)] if turnouts else []
        if self._new_services:
            told.append(LearnService(self.services.times(world.settled).paces))
        self.state.told_ms = world.now
        self.state.told_drives = self.state.speeds.observations
        self.state.told_turnouts = self.state.turnouts.observations
        self.state.told_services = self.state.services.observations
        return told

    def _speeds(self, world: World, classes: Collection[str]) -> Learned:
        learned = self.speeds.learned(world.now)
        return replace(learned, classes=tuple(row for row in learned.classes if row[0] in classes))

    @property
    def _has_news(self) -> bool:
        return self._new_drives or self._new_turnouts or self._new_services

    @property
    def _new_drives(self) -> bool:
        return self.state.speeds.observations - self.state.told_drives >= DRIVES_MIN

    @property
    def _new_turnouts(self) -> bool:
        return self.state.turnouts.observations - self.state.told_turnouts >= TURNOUTS_MIN

    @property
    def _new_services(self) -> bool:
        return self.state.services.observations - self.state.told_services >= SERVICES_MIN
