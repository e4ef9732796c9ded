"""Simulated days of Riverside in which much goes wrong: the World stays whole, nobody is lost, and two runs agree."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.hours import DAY_MS
from engine.model.lifecycle import FREE, Status
from engine.model.plans import Mode
from engine.sim.callers import draw
from engine.sim.outcome import Outcome
from engine.sim.replicate import replicate
from gateways.simulation.running import run_all
from tests.property.sim_kit import WatchedCity, live, setup

ROOT = Path(__file__).parents[2]
RACES = {
    ("AnswerRoll", "not_on_scene"),
}
"""What may be refused: a crew answers the roll-call when it has just left for the hospital."""
QUICK = ("nearest+divert/priced:budget_permille=300", "joint/home")
GRID = tuple(
    f"{dispatch}/{redeploy}"
    for dispatch in ("joint", "nearest+divert")
    for redeploy in ("home", "dmexclp", "compliance", "priced:budget_permille=500", "ahead")
)


def whole(city: WatchedCity) -> None:
    """Hold a city that has come to rest against what must be true of it."""
    assert set(city.refused) <= RACES, (city.refused, city.texts)
    assert not city.world.open
    assert min(city.cases.reached_ms, default=0) > 0, "a call that nobody reached"
    assert min(city.cases.complete_ms, default=0) > 0, "a call that never got all it was to have"
    assert min(city.cases.cleared_ms, default=0) > 0, "a call that was never cleared"
    under_way = set(city.world.moves)
    assert set(city.ordered) == set(city.moves_ended) | under_way
    assert not set(city.moves_ended) & under_way
    assert max(city.moves_ended.values(), default=1) == 1, "a move that ended twice"
    for crew in city.crews:
        duty = city.world.units[crew.row].duty
        assert crew.incident is None
        resting = duty in (*FREE, Status.OFF_DUTY, Status.ON_BREAK)
        assert resting or (duty is Status.OUT_OF_SERVICE and crew.drive is None), (crew.unit.id, duty)
    units = city.tally.units(tuple(city.world.fleet.ids), city.duty.measured())
    length_ms = city.measured_ms[1] - city.measured_ms[0]
    assert (units.on_duty_ms <= length_ms).all()
    assert (units.busy_ms <= length_ms).all()
    assert (units.responding_ms <= length_ms).all()
    assert units.jobs.sum() > len(city.calls) // 2
    assert (units.moved_m <= units.driven_m).all()


@pytest.mark.parametrize("policy", QUICK)
def test_a_day_stays_whole(policy: str) -> None:
    """The invariants are looked at every twentieth turn; at the end everybody has been helped and is at rest."""
    whole(live(setup(policy), every=20))


@pytest.mark.slow
@pytest.mark.parametrize("policy", GRID)
@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.ADVISE])
def test_days_stay_whole(policy: str, seed: int, mode: Mode) -> None:
    """After every turn, whatever the policy, and whether moves are ordered or only advised."""
    city = live(setup(policy, days=2, seed=seed), mode=mode)
    whole(city)
    assert mode is Mode.AUTO or not any(city.tally.columns["idle_moves"])


def test_two_policies_meet_the_same_days() -> None:
    """Byte-identical calls; who serves a call under both of them is as long at work there."""
    one, two = (live(setup(policy, per_day=40), every=10_000) for policy in ("joint/home", "nearest/home"))
    assert msgspec.msgpack.encode(columns(one.calls)) == msgspec.msgpack.encode(columns(two.calls))
    alone = [
        call
        for call in range(len(one.calls))
        if one.cases.unit[call] == two.cases.unit[call] and not one.calls.transport[call]
    ]
    lasted = [[city.cases.cleared_ms[call] - city.cases.reached_ms[call] for call in alone] for city in (one, two)]
    same = sum(a == b for a, b in zip(*lasted, strict=True))
    assert len(alone) > 8
    # Calls with several units are cleared by the last one, and that may be another.
    assert same > len(alone) // 2


def test_calls_depend_on_nothing_but_seed_and_replication() -> None:
    """Another fleet, other rules, other policies: the same callers; another replication: others."""
    made = setup("joint/home")
    fewer = replace(made.place, units=made.place.units[:3])
    span = made.begin_ms, made.begin_ms + DAY_MS
    first, second, third = (
        draw(place, made.demand, made.nature, *span, made.seed, rep)
        for place, rep in ((made.place, 0), (fewer, 0), (made.place, 1))
    )
    assert columns(first) == columns(second) != columns(third)


def test_processes_change_nothing() -> None:
    """One after the other or side by side: the same outcomes in the same order."""
    setups = [setup(policy, per_day=40) for policy in ("joint/home", "nearest/home")]
    alone, beside = run_all(setups, 2, 1), run_all(setups, 2, 2)
    assert [(each.policy, each.rep) for each in alone] == [
        (name, rep) for name in ("joint/home", "nearest/home") for rep in range(2)
    ]
    assert [told(each) for each in alone] == [told(each) for each in beside]


def test_the_order_of_sets_changes_nothing() -> None:
    """Two interpreters with other hash seeds give the same World and the same columns."""
    line = (
        "from tests.property.sim_kit import setup; from engine.sim.replicate import replicate; "
        "from tests.property.test_sim_days import told; "
        "print(told(replicate(setup('nearest+divert/priced:budget_permille=300', per_day=60), 0)).hex())"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", line],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(found[0]) > 1_000
    assert found[0] == found[1]


def test_a_replication_sees_all_its_calls_through() -> None:
    """Measured calls are those of the measured days, and each has been reached in full."""
    made = replace(setup("joint/home", per_day=60), warm_days=1)
    outcome = replicate(made, 3)
    calls = outcome.calls
    assert len(calls.came_ms) > 20
    assert ((calls.came_ms >= 0) & (calls.came_ms < DAY_MS)).all()
    for earlier, later in (("came_ms", "known_ms"), ("known_ms", "sent_ms"), ("sent_ms", "reached_ms")):
        assert (getattr(calls, earlier) <= getattr(calls, later)).all(), (earlier, later)
    assert (calls.reached_ms <= calls.complete_ms).all()
    assert Counter(calls.unit.tolist()).keys() <= set(range(len(outcome.units.ids)))


def columns(part: msgspec.Struct) -> list[object]:
    """Return the fields of a struct of columns as plain bytes and values."""
    values = (getattr(part, name) for name in part.__struct_fields__)
    return [value.tobytes() if isinstance(value, np.ndarray) else value for value in values]


def told(outcome: Outcome) -> bytes:
    """Return all that two runs have to agree on."""
    parts = [columns(part) for part in (outcome.calls, outcome.units, outcome.cover)]
    return msgspec.msgpack.encode([parts, outcome.turns, outcome.state_hash])
