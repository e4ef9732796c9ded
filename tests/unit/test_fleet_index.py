"""The index is told where units are only when it is asked; no answer shows that it was told late."""

import random

import pytest

from engine.core.invariants import violations
from engine.state import fleet as fleet_file
from engine.state.image import restore, save
from tests.unit.engine_place import Town


def holds_everybody(town: Town, dice: random.Random) -> None:
    """Compare an answer with a look through all positions: who is within is in it, who is far away is not."""
    fleet = town.world.fleet
    x_m, y_m, radius_m = dice.randint(-9_000, 9_000), dice.randint(-9_000, 9_000), dice.randint(0, 4_000)
    found = set(fleet.index.near(x_m, y_m, radius_m).tolist())
    for row in range(len(fleet)):
        away_m = max(abs(int(fleet.x_m[row]) - x_m), abs(int(fleet.y_m[row]) - y_m))
        if away_m <= radius_m:
            assert row in found
        if away_m > radius_m + 2 * fleet.index.slack_m:
            assert row not in found


def test_who_asks_finds_everybody_where_they_were_seen_last() -> None:
    """Whether one or many positions came in since the last question."""
    town, dice = Town(), random.Random(7)
    units = [unit.id for unit in town.world.fleet.units if unit.tracked]
    for _ in range(200):
        for _ in range(dice.randint(0, 4)):
            chosen = dice.sample(units, dice.randint(1, 5))
            town.see(1, **{unit: (dice.randint(-9_000, 9_000), dice.randint(-9_000, 9_000)) for unit in chosen})
        holds_everybody(town, dice)
    assert violations(town.world) == []


def test_a_restored_world_and_a_large_one_answer_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large fleet's index is told at once; both say the same, also after an image."""
    late, dice = Town(), random.Random(3)
    spots = {unit.id: (dice.randint(-9_000, 9_000), dice.randint(-9_000, 9_000)) for unit in late.world.fleet.units}
    late.see(1, **spots)
    monkeypatch.setattr(fleet_file, "SETTLED_LATER", 0)
    at_once = Town()
    at_once.see(1, **spots)
    again = restore(save(late.world))
    for _ in range(50):
        box = dice.randint(-9_000, 9_000), dice.randint(-9_000, 9_000), dice.randint(0, 6_000)
        answer = at_once.world.fleet.index.near(*box).tolist()
        assert late.world.fleet.index.near(*box).tolist() == answer
        assert again.fleet.index.near(*box).tolist() == answer
