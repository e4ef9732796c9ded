"""Whatever comes in, in whatever order: after each turn the World is whole, and its journal says all there is to say."""

import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.journal.codec import record_of, turn_of
from engine.model.facts import (
    AssignmentEnded,
    AssignmentMoved,
    CommandRefused,
    IncidentReported,
    UnitDispatched,
    UnitDiverted,
)
from engine.model.input import Command
from engine.model.inputs import AdoptPlace, ReportIncident, Tick
from engine.model.lifecycle import Outcome, Status
from engine.model.paper import decode_turn, encode
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.policy.dispatch.judging import Bench
from engine.state.image import Image, image_of, restore, save, state_hash
from engine.state.world import LOOK_AGAIN_MS, World
from tests import river_town
from tests.property.days_kit import Steps, days, live_ten_thousand, random_steps
from tests.property.step_kit import Commands, Numbers, time_of
from tests.unit.engine_place import MORNING, engine_place

ARRIVED = (Status.ON_SCENE, Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL)


class Witness:
    """Drives an engine and beside it everything that must agree with it."""

    def __init__(self) -> None:
        self.engine = Engine(World(streets=river_town.library))
        self.world = self.engine.world
        self.commands = Commands(self.world)
        self.follower = World(indexed=False)
        self.twin: Engine | None = None
        self.turns: list[Turn] = []
        self.acknowledged: list[str] = []
        self._diverted: set[str] = set()
        self._image = image_of(self.world)
        self._bytes = save(self.world)
        self.take(AdoptPlace(engine_place()), MORNING)

    def step(self, numbers: Numbers, when: int) -> None:
        """Take the input that the numbers mean, as the service does: a command that is known is not decided again."""
        given_ = self.commands.input_of(numbers)
        known = self.world.answer(given_) if isinstance(given_, Command) else None
        if known is None:
            self.take(given_, time_of(self.world, when))

    def take(self, given_: Any, now: int) -> Turn:
        """Take one input and hold everything against everything."""
        statuses = {unit.id: self.world.status(unit) for unit in self.world.units}
        before = self._image, self._bytes
        turn = self.engine.step(given_, now)
        self.turns.append(turn)
        self._image, self._bytes = image_of(self.world), save(self.world)
        assert turn.facts, "something is always said"
        assert turn.now >= now
        assert violations(self.world) == []
        self._same_on_paper(turn)
        if isinstance(turn.facts[0], CommandRefused):
            assert len(turn.facts) == 1
            assert _essence(self._bytes) == _essence(before[1])
        self._nobody_lost(turn)
        self._crews_respected(turn, statuses)
        return turn

    def _same_on_paper(self, turn: Turn) -> None:
        assert decode_turn(encode(turn)) == turn
        recorded = turn_of(record_of(turn))
        assert recorded == turn
        self.follower.fold(recorded)
        assert save(self.follower) == self._bytes
        if self.twin is not None:
            assert encode(self.twin.step(turn.input, turn.now)) == encode(turn)

    def _nobody_lost(self, turn: Turn) -> None:
        """A call that was acknowledged is an incident: on the board, or ended by somebody's word."""
        answer = self.world.answer(turn.input) if isinstance(turn.input, Command) else None
        if isinstance(turn.input, ReportIncident):
            assert answer is not None
            assert (answer.incident is None) == (answer.refusal is not None)
            if answer.incident is not None:
                assert answer.incident in self.world.open
                self.acknowledged.append(answer.incident)
        opened = [fact for fact in turn.facts if isinstance(fact, IncidentReported)]
        if not isinstance(turn.input, ReportIncident):
            self.acknowledged += [fact.incident for fact in opened]
        assert len(set(self.acknowledged)) == len(self.acknowledged) == self.world.incident_number
        assert set(self.world.open) <= set(self.acknowledged)

    def _crews_respected(self, turn: Turn, statuses: dict[str, Status]) -> None:
        """Nobody takes a crew away from a scene; nobody turns a crew round twice."""
        sent = {fact.unit for fact in turn.facts if isinstance(fact, UnitDispatched)}
        for fact in turn.facts:
            if isinstance(fact, UnitDiverted):
                assert fact.unit not in self._diverted, f"{fact.unit} was diverted twice"
                source, target = self.world.incidents[fact.source], self.world.incidents[fact.target]
                assert target.priority < source.priority
            if isinstance(fact, AssignmentEnded):
                self._diverted.discard(fact.unit)
                if fact.outcome in (Outcome.RELEASED, Outcome.DIVERTED, Outcome.CANCELLED):
                    assert statuses[fact.unit] not in ARRIVED
            if isinstance(fact, UnitDispatched):
                # One turn may clear a unit, send it on to its stack, and change its mind.
                statuses[fact.unit] = Status.DISPATCHED
                if fact.diverted:
                    self._diverted.add(fact.unit)
            if isinstance(fact, AssignmentMoved) and fact.unit not in sent:
                unit = self.world.unit(fact.unit)
                assert unit is not None
                assert statuses[fact.unit] is self.world.status(unit)

    def restart(self) -> None:
        """Go on from a snapshot beside the engine; from here on both must decide alike."""
        self.twin = Engine(restore(self._bytes, streets=river_town.library))
        assert state_hash(self.twin.world) == state_hash(self.world)

    def settle(self) -> None:
        """Let the queue be looked at until nobody is sent any more: then nobody waits for a unit that is ready.

        More than one look is needed only where more slots wait than are solved together.
        """
        world = self.world
        for _ in range(len(world.waiting) + 1):
            turn = self.take(Tick(), world.now + LOOK_AGAIN_MS)
            if not any(isinstance(fact, UnitDispatched) for fact in turn.facts):
                break
        modes = {world.plans[incident.plan].mode for incident in world.waiting.values()}
        # A unit that is proposed again where its crew did not go waits for a person's word, as if that were advised; and
        # so does whoever would go where a person has released the last one.
        asked = any(
            each.emptied_by or any(choice.unit in each.turned_down for choice in each.recommended)
            for each in world.waiting.values()
        )
        if modes <= {Mode.AUTO, Mode.SHADOW} and not asked:
            bench = Bench(world, [])
            for incident in world.waiting.values():
                plan = world.plans[incident.plan]
                # For what is less urgent nobody's meal is interrupted: there a ready unit may be on its break.
                if plan.mode is Mode.AUTO and incident.priority <= world.settled.work.break_to_priority:
                    lacking = [slot for slot in plan.slots if slot.id in world.lacking(incident)]
                    near = bench.ready[bench.times_ms(bench.ready, incident) >= 0]
                    hands = [int(world.fleet.capability[row]) for row in near]
                    assert not [slot.id for slot in lacking if any(slot.fits(mask) for mask in hands)]


def _essence(image: bytes) -> dict[str, Any]:
    """Return what a refusal may not change: everything but the count of turns, the time, answers and counters."""
    fields = msgspec.structs.asdict(msgspec.msgpack.decode(image, type=Image, dec_hook=_raw))
    for name in ("seq", "now", "answers", "tally"):
        del fields[name]
    return fields


def _raw(kind: type, value: Any) -> Any:
    return kind.from_bytes(value)  # type: ignore[attr-defined]  # only Fixes comes here


def run(steps: Steps, restart_at: int) -> Witness:
    witness = Witness()
    for number, (numbers, when) in enumerate(steps):
        if number == restart_at:
            witness.restart()
        witness.step(numbers, when)
    witness.restart()
    witness.settle()
    return witness


@settings(max_examples=300, deadline=None)
@given(days(60), st.integers(0, 60))
def test_whatever_comes_the_world_is_whole(steps: Steps, restart_at: int) -> None:
    """After each turn: no invariant broken, the recorded facts fold to the same World, a snapshot goes on alike."""
    run(steps, restart_at)


@pytest.mark.parametrize("seed", range(20))
def test_long_days_stay_whole(seed: int) -> None:
    """300 inputs on one World: deep states that short stories do not reach."""
    run(random_steps(seed, 300), 150)


@pytest.mark.slow
def test_ten_thousand_days_stay_whole() -> None:
    """The same, ten thousand times."""
    live_ten_thousand(lambda seed: run(random_steps(seed, 50), 25), 1_000)


def day(seed: int) -> tuple[bytes, str]:
    witness = Witness()
    for numbers, when in random_steps(seed, 400):
        witness.step(numbers, when)
    return b"".join(encode(turn) for turn in witness.turns), state_hash(witness.world)


def test_the_same_day_twice_gives_the_same_bytes() -> None:
    """Nothing but inputs and times goes into a decision."""
    assert day(7) == day(7)


def test_the_order_of_hashes_does_not_matter() -> None:
    """Two interpreters with other hash seeds come to the same World: nothing decided iterates over a set."""
    code = "from tests.property.test_step_invariants import day; print(day(11)[1])"
    hashes = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        ).stdout
        for seed in ("1", "4242")
    ]
    assert hashes[0] == hashes[1]
    assert len(hashes[0].strip()) == 64
