"""A simulation that asks for no reasons decides as the live engine does, turn by turn."""

from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.model.alert_facts import AlertRequested
from engine.model.facts import UnitDispatched, UnitsRecommended
from engine.model.input import Command
from engine.model.inputs import AdoptPlace
from engine.model.paper import decode_turn, encode
from engine.model.turn import Turn
from engine.policy import JointMatch, Quiet
from engine.policy.dispatch.solution import DispatchPolicy
from engine.state.world import World
from tests import river_town
from tests.property.days_kit import Steps, days, live_ten_thousand, random_steps
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING, engine_place


def _bare(fact: Any) -> Any:
    """A fact without what is only told: reasons, a way, and the words of a pager's line that name the way."""
    if isinstance(fact, UnitsRecommended):
        return replace(fact, why=None)
    if isinstance(fact, UnitDispatched):
        return replace(fact, route=None)
    return replace(fact, text=fact.text.split(", via ")[0]) if isinstance(fact, AlertRequested) else fact


def live_quietly(policy: DispatchPolicy, steps: Steps) -> int:
    """Live a day twice, with reasons and without; return how many decisions were made."""
    loud = Engine(World(streets=river_town.library), policy)
    quiet = Engine(World(streets=river_town.library), Quiet(policy))
    commands = Commands(loud.world)
    inputs: list[tuple[Any, int]] = [(AdoptPlace(engine_place()), MORNING)]
    for numbers, when in steps:
        for given_, now in inputs:
            _same_turn(loud.step(given_, now), quiet.step(given_, now))
            assert violations(quiet.world) == []
        given_ = commands.input_of(numbers)
        known = isinstance(given_, Command) and loud.world.answer(given_) is not None
        inputs = [] if known else [(given_, time_of(loud.world, when))]
    return loud.world.tally.get("decisions", 0)


def _same_turn(told: Turn, untold: Turn) -> None:
    assert decode_turn(encode(untold)) == untold
    assert [_bare(fact) for fact in untold.facts] == [_bare(fact) for fact in told.facts]
    for fact in untold.facts:
        if isinstance(fact, UnitsRecommended):
            assert (fact.why.slots, fact.why.travel) == ((), "not asked for")
        assert not isinstance(fact, UnitDispatched) or fact.route is None


@settings(max_examples=60, deadline=None)
@given(days(40))
def test_who_is_not_asked_for_reasons_decides_the_same(steps: Steps) -> None:
    """Over days of random inputs, streets and closures among them, only what is told differs."""
    live_quietly(JointMatch(), steps)


def test_long_days_have_decisions_in_them() -> None:
    """The claim is about something: long days hold many decisions, and all are the same."""
    assert sum(live_quietly(JointMatch(), random_steps(seed, 400)) for seed in range(3)) > 60


@pytest.mark.slow
def test_ten_thousand_days_without_reasons() -> None:
    """The same, over and over."""
    live_ten_thousand(lambda seed: live_quietly(JointMatch(), random_steps(seed, 60)), 0)
