"""No crew is moved but as the rules of moves allow, whatever comes: read from the facts of each turn.

The guard's own code is not asked: each turn is judged from the World as it stood before, and from what was recorded.
"""

import random
from collections import Counter

from msgspec import Struct

from engine.core.engine import Engine
from engine.core.recorder import ENGINE
from engine.model.alert_facts import AlertRequested, Purpose
from engine.model.facts import DutyChanged, PlaceAdopted, UnitDispatched
from engine.model.input import Command
from engine.model.inputs import AdoptPlace
from engine.model.lifecycle import Status
from engine.model.moves import (
    MoveEnded,
    MoveOrdered,
    MoveOutcome,
    MoveProposed,
    MoveRefused,
    ProposeMoves,
)
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.state.fleet import STANDING_FREE
from engine.state.world import World
from tests import river_town
from tests.property.days_kit import four
from tests.property.moves_kit import WEIGHTS, mobile_place
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING


class Before(Struct):
    """What a turn is judged against."""

    status: dict[str, Status]
    post: dict[str, str]
    free_at: Counter[str]


class Judge:
    """Reads turns, and keeps its own books of who was moved, who said no, and who is under way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: Counter[str] = Counter()
        self.moved_ms: dict[str, int] = {}
        self.refused: dict[tuple[str, str], int] = {}
        self.under_way: dict[str, str] = {}
        """By move, the unit."""
        self.idle: dict[str, None] = {}
        """Those of them that disturb a crew."""

    def look(self) -> Before:
        world = self.world
        free = [unit for unit in world.units if world.fleet.standing[unit.row] == STANDING_FREE]
        return Before(
            {unit.id: world.status(unit) for unit in world.units},
            {unit.id: unit.post or world.fleet.units[unit.row].station for unit in world.units},
            Counter(unit.post or world.fleet.units[unit.row].station for unit in free),
        )

    def judge(self, before: Before, turn: Turn) -> None:
        for fact in turn.facts:
            if isinstance(fact, MoveRefused):
                self.refused[fact.unit, fact.post] = fact.until_ms
            elif isinstance(fact, MoveProposed):
                self._proposed(before, turn, fact)
            elif isinstance(fact, MoveOrdered):
                self._ordered(before, turn, fact)
            elif isinstance(fact, MoveEnded):
                self._ended(turn, fact)
        sent = {fact.unit for fact in turn.facts if isinstance(fact, UnitDispatched)}
        assert not sent & set(self.under_way.values()), "who is sent is no longer under way to a post"
        assert sorted(self.under_way) == sorted(m.id for m in self.world.moves.values() if m.ordered)

    def _proposed(self, before: Before, turn: Turn, fact: MoveProposed) -> None:
        assert isinstance(turn.input, ProposeMoves)
        assert before.status[fact.unit] in (Status.AVAILABLE, Status.RETURNING)
        assert fact.source == before.post[fact.unit] != fact.post
        assert self.refused.get((fact.unit, fact.post), 0) <= turn.now
        self.seen[f"proposed {fact.mode}"] += 1
        if fact.idle:
            rules = self.world.settled.moves
            assert fact.why.gain >= rules.gain_min
            assert turn.now - self.moved_ms.get(fact.unit, -(10**15)) >= rules.cool_down_ms
            station = next(each for each in self.world.settled.stations if each.id == fact.source)
            ordered = [f for f in turn.facts[: turn.facts.index(fact)] if isinstance(f, MoveOrdered)]
            came, gone = (sum(getattr(f, side) == fact.source for f in ordered) for side in ("post", "source"))
            assert before.free_at[fact.source] + came - gone > station.minimum
        else:
            self.seen["only drives home elsewhere"] += 1
            assert before.status[fact.unit] is Status.RETURNING

    def _ordered(self, before: Before, turn: Turn, fact: MoveOrdered) -> None:
        assert before.status[fact.unit] in (Status.AVAILABLE, Status.RETURNING)
        assert fact.unit not in self.under_way.values(), "one move at a time"
        self.under_way[fact.move] = fact.unit
        alerts = [f for f in turn.facts if isinstance(f, AlertRequested) and f.purpose is Purpose.MOVE]
        assert fact.unit in [alert.unit for alert in alerts]
        if fact.by == ENGINE:
            assert self.world.settled.moves.mode is Mode.AUTO
            assert not fact.idle or len(self.idle) < self.world.settled.moves.at_once
        if fact.idle:
            self.idle[fact.move] = None
            self.moved_ms[fact.unit] = turn.now
        self.seen[f"ordered by {fact.by}"] += 1

    def _ended(self, turn: Turn, fact: MoveEnded) -> None:
        assert self.under_way.pop(fact.move) == fact.unit
        self.idle.pop(fact.move, None)
        self.seen[fact.outcome] += 1
        said = [f for f in turn.facts if isinstance(f, DutyChanged) and f.unit == fact.unit]
        if fact.outcome is MoveOutcome.ARRIVED and fact.by != ENGINE:
            assert said[0].duty is Status.AVAILABLE
        if fact.outcome is MoveOutcome.DISPATCHED:
            unit = self.world.unit(fact.unit)
            assert unit is not None
            assert unit.post in (None, fact.post)


def live(seed: int, count: int, mode: Mode) -> Counter[str]:
    """Live through a day in a town that moves its crews, and return what happened in it."""
    dice, engine = random.Random(seed), Engine(World(streets=river_town.library))
    commands, judge = Commands(engine.world), Judge(engine.world)
    engine.step(AdoptPlace(mobile_place(mode)), MORNING)
    for _ in range(count):
        kind, *rest = four(dice)
        of_moves = list(WEIGHTS)[kind // 3 % len(WEIGHTS)]
        given = commands.input_of((kind, *rest)) if kind % 3 else of_moves(commands, *rest)
        if isinstance(given, AdoptPlace) or (isinstance(given, Command) and engine.world.answer(given)):
            continue
        before = judge.look()
        turn = engine.step(given, time_of(engine.world, dice.randrange(256)))
        assert not isinstance(turn.facts[0], PlaceAdopted)
        judge.judge(before, turn)
    return judge.seen


def test_moves_keep_to_the_rules_whatever_comes() -> None:
    """And days are drawn in which all of it happens: no rule is kept for want of moves."""
    seen: Counter[str] = Counter()
    for seed in range(30):
        seen += live(seed, 200, (Mode.AUTO, Mode.ADVISE, Mode.SHADOW)[seed % 3])
    wanted = [f"proposed {mode}" for mode in Mode] + ["ordered by engine", "ordered by desk", *MoveOutcome]
    assert [what for what in wanted if not seen[what]] == []
