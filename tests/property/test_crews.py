"""Neighbours and crews through any day: what was agreed is kept, what was asked for is answered or given up."""

import random
from typing import Any

import pytest

from engine.model.crew_facts import AidRequested
from engine.model.facts import UnitDispatched
from engine.model.inputs import AdoptPlace
from engine.model.turn import Turn
from tests.property.crew_kit import WEIGHTS, neighbourly_place
from tests.property.response_kit import drives
from tests.property.step_kit import Commands, time_of
from tests.property.test_step_invariants import Witness
from tests.unit.engine_place import MORNING

ENGINE = "engine"
_WEIGHTS: dict[Any, int] = {
    Commands.incident: 5,
    Commands.status: 3,
    Commands.home: 2,
    Commands.dispatch: 2,
    Commands.release: 1,
    Commands.cancel: 2,
    Commands.merge: 1,
    Commands.emergency: 1,
    Commands.tick: 3,
    drives: 3,
    **WEIGHTS,
}
MAKERS = [make for make, weight in _WEIGHTS.items() for _ in range(weight)]
"""What a day of neighbours is made of."""


def _day(seed: int) -> int:
    """Run a day of 150 turns; return how often a neighbour was asked by the engine."""
    dice, witness, asked = random.Random(seed), Witness(), 0
    witness.take(AdoptPlace(neighbourly_place(1 + seed % 2)), MORNING)
    witness.take(drives(witness.commands, 0, 0, 0), MORNING)
    for _ in range(150):
        given = MAKERS[dice.randrange(len(MAKERS))](witness.commands, *(dice.randrange(256) for _ in range(3)))
        turn = witness.take(given, time_of(witness.world, dice.randrange(256)))
        _agreed(witness, turn)
        _asked_first(witness, turn)
        asked += sum(isinstance(fact, AidRequested) and fact.by == ENGINE for fact in turn.facts)
    return asked


def _agreed(witness: Witness, turn: Turn) -> None:
    """Where the engine has chosen a neighbour's unit, no more of them are out than may be."""
    world = witness.world
    for fact in turn.facts:
        if isinstance(fact, AidRequested | UnitDispatched) and fact.by == ENGINE:
            agency = world.neighbour(world.fleet.rows[fact.unit])
            assert agency is None or world.aid_out(agency.id) <= agency.units_max, fact


def _asked_first(witness: Witness, turn: Turn) -> None:
    """Nobody is asked by the engine for what was declined, nor sent by it who wants to be asked."""
    world = witness.world
    for fact in turn.facts:
        if isinstance(fact, AidRequested) and fact.by == ENGINE:
            assert fact.unit not in world.incidents[fact.incident].declined
        if isinstance(fact, UnitDispatched) and fact.by == ENGINE and not fact.diverted:
            agency = world.neighbour(world.fleet.rows[fact.unit])
            assert agency is None or agency.automatic, fact


def test_neighbours_are_asked_and_not_asked_too_much() -> None:
    """After each turn of any day: quotas kept, refusals remembered, and the World whole."""
    assert sum(_day(seed) for seed in range(6)) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 300))
def test_neighbours_through_hundreds_of_days(seed: int) -> None:
    """The same, for long."""
    _day(seed)
