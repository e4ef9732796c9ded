"""Crews that say no: somebody else goes; where everybody has said no, a person asks again; and it depends on call and unit."""

import numpy as np
from msgspec.structs import replace

from engine.model.crew_facts import DispatchDeclined
from engine.model.facts import CommandRefused
from engine.model.response_facts import AutoWithheld
from engine.model.turn import Turn
from engine.sim.nature import PERFECT, Nature
from engine.sim.refusals import ASKED_AGAIN_AFTER_MS, REASONS
from gateways.simulation.presets import jemss
from tests.unit.test_sim_city import MINUTE_MS, TAKING_MS, Told, at_its_post, calls, city
from tests.unit.test_sim_foreknown import MONDAY_MS, NATURE, simple

CAME_MS = MONDAY_MS + 10 * MINUTE_MS + TAKING_MS


def saying_no(permille: int, notice_ms: int = 0) -> Nature:
    return replace(NATURE, crews=replace(NATURE.crews, decline_permille=permille, notice_ms=notice_ms))


def turns(town: Told) -> list[Turn]:
    kept: list[Turn] = town.__dict__["kept"]
    return kept


def declined(town: Told) -> list[tuple[str, int, str]]:
    """Return who said no, when, and why."""
    facts = [(turn.now, fact) for turn in turns(town) for fact in turn.facts]
    return [(fact.unit, now, fact.reason) for now, fact in facts if isinstance(fact, DispatchDeclined)]


def test_where_everybody_says_no_a_person_asks_again() -> None:
    """Each crew once, the next one sent in the same turn; then the best of them is asked again and goes."""
    town = city(calls(10, transport=0), saying_no(1000, notice_ms=8_000))
    town.run(MONDAY_MS + 5 * 60 * MINUTE_MS)
    said = declined(town)
    assert sorted(unit for unit, _, _ in said) == sorted(town.world.fleet.ids)
    assert [at_ms for _, at_ms, _ in said] == [CAME_MS + 8_000 * nth for nth in range(1, len(said) + 1)]
    assert {reason for _, _, reason in said} <= set(REASONS)
    assert any(isinstance(fact, AutoWithheld) for turn in turns(town) for fact in turn.facts)
    assert town.cases.sent_ms == [said[-1][1] + ASKED_AGAIN_AFTER_MS]
    assert town.cases.cleared_ms[0] > town.cases.reached_ms[0] > 0
    assert not any(isinstance(fact, CommandRefused) for turn in turns(town) for fact in turn.facts)
    assert all(at_its_post(crew) and crew.incident is None for crew in town.crews)
    assert town.tally.columns["declined"] == [1] * len(town.crews)


def test_who_says_no_depends_on_the_call_and_the_unit() -> None:
    """Another policy of calls before it changes nothing of that; and a share of all dispatches is what was asked for."""
    town = city(calls(10), saying_no(100))
    drawn = np.array([[town.refusals.says_no(row, call) for call in range(2_000)] for row in range(3)])
    assert drawn.mean() == np.clip(drawn.mean(), 0.08, 0.12)
    again = city(calls(10, 20), saying_no(100))
    assert [again.refusals.says_no(2, call) for call in range(2_000)] == drawn[2].tolist()


def test_nobody_says_no_where_nothing_goes_wrong() -> None:
    """Neither in a perfect city nor in one by the rules of JEMSS."""
    town = city(calls(10))
    assert not any(town.refusals.says_no(0, call) for call in range(2_000))
    assert PERFECT.crews.decline_permille == jemss(simple()).nature.crews.decline_permille == 0
