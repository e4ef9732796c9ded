"""Nobody is sent, diverted or relieved but as the guard allows, whatever comes: read from the facts of each turn.

The guard's own code is not asked: each turn is judged from the World as it stood before, and from what was recorded.
"""

import random
from collections import Counter

import pytest
from msgspec import Struct
from msgspec.structs import replace

from engine.core.engine import Engine
from engine.core.reviewing import on_shift
from engine.model.crew_facts import AidCommitted, AidRequested
from engine.model.facts import (
    AssignmentEnded,
    AssignmentMoved,
    EmergencyDeclared,
    EmergencyResolved,
    UnitDispatched,
    UnitDiverted,
    UnitReserved,
)
from engine.model.input import Command
from engine.model.inputs import AdoptPlace
from engine.model.lifecycle import Outcome, Status
from engine.model.place import Place
from engine.model.plans import Mode
from engine.model.response_facts import AutoWithheld, UnitSuperseded
from engine.model.rules import MatchingRules
from engine.model.turn import Turn
from engine.state.fleet import STANDING_FREE
from engine.state.records import Incident
from engine.state.world import World
from tests.property.days_kit import four, live_ten_thousand
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING, PLANS, engine_place

ARRIVED = (Status.ON_SCENE, Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL)
KEEN = MatchingRules(divert_ms=5_000, supersede_ms=5_000, supersede_percent=5, open_ms=600_000)
"""Rules by which units are diverted and relieved at every turn of the dice."""
ENGINE = "engine"
FEW = 2
"""Slots that one of the places lets be solved together: there the robbed may have to wait for the next turn."""


def _place(mode: Mode | None) -> Place:
    plans = PLANS if mode is None else tuple(replace(plan, mode=mode) for plan in PLANS)
    return engine_place(plans=plans, matching=KEEN)


class Before(Struct):
    """What a turn is judged against."""

    status: dict[str, Status]
    incident: dict[str, str | None]
    plan_mode: dict[str, Mode]
    reported_ms: dict[str, int]
    diverted: dict[str, bool]


def _before(world: World) -> Before:
    return Before(
        {unit.id: world.status(unit) for unit in world.units},
        {unit.id: unit.incident for unit in world.units},
        {incident.id: world.plans[incident.plan].mode for incident in world.open.values()},
        {incident.id: incident.reported_ms for incident in world.incidents.values()},
        {name: each.diverted for incident in world.open.values() for name, each in incident.assigned.items()},
    )


class Judge:
    """Looks at every turn of one World, and counts what it has seen, so that a day without diversions is no proof."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: Counter[str] = Counter()
        self._calls: set[str] = {unit.id for unit in world.units if unit.emergency}

    def look(self, turn: Turn, before: Before) -> None:
        """Judge one turn."""
        for fact in turn.facts:
            match fact:
                case EmergencyDeclared():
                    self._calls.add(fact.unit)
                case EmergencyResolved():
                    self._calls.discard(fact.unit)
                case UnitDiverted():
                    self._diverted(turn, fact, before)
                case UnitSuperseded():
                    self._superseded(fact, before)
                case UnitDispatched() | UnitReserved() | AidRequested():
                    self._sent(turn, fact, before)
                case AssignmentEnded():
                    self._ended(fact, before)
                case AssignmentMoved():
                    before.incident[fact.unit] = fact.into
                case AutoWithheld():
                    # No gate is set here: otherwise the guard has refused what the policy proposed.
                    minded = (
                        "plan asks a person",
                        "does not go, and there is nobody else",
                        "has released its last unit",
                    )
                    asked = any(words in fact.reason for words in minded)
                    assert asked, fact.reason
        self._clocks(before)

    def _diverted(self, turn: Turn, fact: UnitDiverted, before: Before) -> None:
        world, unit = self.world, fact.unit
        assert before.status[unit] not in ARRIVED, f"{unit} was {before.status[unit]}"
        assert not before.diverted.get(unit, False), f"{unit} was diverted before"
        assert before.incident[unit] == fact.source
        source, target = world.incidents[fact.source], world.incidents[fact.target]
        assert target.priority < source.priority
        assert unit not in target.assigned or target.assigned[unit].diverted
        if fact.by == ENGINE:
            assert world.plans[source.plan].mode is Mode.AUTO, f"{source.id} asks a person"
            assert world.plans[target.plan].mode is Mode.AUTO, f"{target.id} asks a person"
        replaced = any(isinstance(each, UnitDispatched) and each.incident == source.id for each in turn.facts)
        waits = source.id in world.waiting or source.set_aside
        beyond = not world.lacking(source)
        self.seen["replaced" if replaced else "waits" if waits else "beyond"] += 1
        assert replaced or waits or beyond, f"{source.id} was robbed and forgotten"
        if fact.by == ENGINE and source.id in world.waiting and world.settled.limits.joint_slots != FEW:
            self._nobody_left(source)
        before.diverted[unit] = True
        self.seen["diverted"] += 1

    def _nobody_left(self, robbed: Incident) -> None:
        """Who was robbed waits in the queue only where nobody is free for its place, and nobody is kept for advice."""
        if any(incident.recommended for incident in self.world.open.values()):
            return
        world = self.world
        slots = {slot.id: slot for slot in world.slots(robbed)}
        free = [
            unit
            for unit in world.units
            # A break may bar a unit, and so may its neighbour's quota or no: those are shown elsewhere.
            if world.fleet.standing[unit.row] == STANDING_FREE
            and unit.duty is not Status.ON_BREAK
            and world.neighbour(unit.row) is None
            and on_shift(world, unit.row, world.now)
        ]
        for name in world.lacking(robbed):
            left = [unit.id for unit in free if slots[name].fits(int(world.fleet.capability[unit.row]))]
            assert not left, f"{robbed.id} was robbed, and {left[0]} could fill its {name}"

    def _superseded(self, fact: UnitSuperseded, before: Before) -> None:
        assert before.status[fact.unit] not in ARRIVED
        assert before.incident[fact.unit] == fact.incident
        if fact.by == ENGINE:
            assert self.world.plans[self.world.incidents[fact.incident].plan].mode is Mode.AUTO
        self.seen["superseded"] += 1

    def _sent(self, turn: Turn, fact: UnitDispatched | UnitReserved | AidRequested, before: Before) -> None:
        """Nobody is sent who calls for help, is short of people, is not listed, or whose crew is out."""
        world, name = self.world, fact.unit
        unit = world.units[world.fleet.rows[name]]
        assert name not in self._calls, f"{name} calls for help and is sent"
        assert world.fleet.listed[unit.row], f"{name} is not in the place"
        assert not world.understaffed(unit), f"{name} is short of people"
        assert before.incident.get(name) in (None, fact.incident), f"{name} was on {before.incident[name]}"
        for row in world.fleet.siblings[unit.row]:
            assert before.incident.get(world.fleet.ids[row]) is None, f"{name} has the crew of {world.fleet.ids[row]}"
        before.incident[name] = fact.incident
        before.status[name] = Status.RESERVED if isinstance(fact, UnitReserved) else Status.DISPATCHED
        if isinstance(fact, UnitDispatched):
            before.diverted[name] = fact.diverted
            self._asked(turn, fact)
            self.seen["sent"] += 1

    def _asked(self, turn: Turn, fact: UnitDispatched) -> None:
        """A neighbour's unit goes by its neighbour's word only, where that was agreed."""
        agency = self.world.neighbour(self.world.fleet.rows[fact.unit])
        if agency is not None and not agency.automatic and not fact.diverted:
            assert any(isinstance(each, AidCommitted) and each.unit == fact.unit for each in turn.facts)

    def _ended(self, fact: AssignmentEnded, before: Before) -> None:
        if fact.outcome in (Outcome.DIVERTED, Outcome.SUPERSEDED, Outcome.RELEASED):
            assert before.status[fact.unit] not in ARRIVED, f"{fact.unit} was taken from a scene"
        before.incident[fact.unit] = None
        before.diverted.pop(fact.unit, None)

    def _clocks(self, before: Before) -> None:
        """An incident's clock starts at its own report, and nothing that is done to it moves that."""
        for incident in self.world.open.values():
            assert incident.reported_ms == before.reported_ms.get(incident.id, self.world.now)


def live(seed: int, steps: int) -> Counter[str]:
    """Live through one random day, and judge every turn of it."""
    dice = random.Random(seed)
    engine = Engine(World())
    engine.step(AdoptPlace(_place(dice.choice((None, None, Mode.AUTO, Mode.AUTO, Mode.ADVISE)))), MORNING)
    world = engine.world
    commands, judge = Commands(world), Judge(world)
    for _ in range(steps):
        numbers = four(dice)
        given = commands.input_of(numbers)
        if isinstance(given, Command) and world.answer(given) is not None:
            continue
        if isinstance(given, AdoptPlace):
            given = AdoptPlace(replace(given.place, matching=KEEN))
        before = _before(world)
        judge.look(engine.step(given, time_of(world, dice.randrange(256))), before)
    return judge.seen


def test_the_guard_holds_on_random_days() -> None:
    """Three hundred random days under rules that divert and relieve at the least occasion."""
    seen: Counter[str] = Counter()
    for seed in range(300):
        seen += live(seed, 60)
    for what in ("sent", "diverted", "superseded", "replaced", "waits"):
        assert seen[what], f"no day has {what}: nothing was shown"


@pytest.mark.slow
def test_the_guard_holds_on_ten_thousand_random_days() -> None:
    """The same on ten thousand other days."""
    live_ten_thousand(lambda seed: live(seed, 60), 1_000)
