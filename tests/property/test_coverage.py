"""The price of taking a unit away against the formula in plain numbers, point by point and unit by unit."""

import random
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.kernels.coverage import MOST_COUNTED, WHOLE, lost_cover
from engine.model.rules import CoverageRules, MatchingRules
from engine.policy.coverage import prices_ms
from tests.unit.engine_place import engine_place

Points = list[tuple[int, int, int]]
Units = list[tuple[int, int]]


def lost(points: Points, units: Units, radius_m: int, busy_permille: int) -> list[int]:
    columns = np.array(points, np.int32).reshape(-1, 3).T.copy()
    x_m, y_m = np.array(units, np.int32).reshape(-1, 2).T.copy()
    out = np.full(len(units), -1, np.int32)
    lost_cover(*columns, x_m, y_m, radius_m, busy_permille, out)
    told: list[int] = out.tolist()
    return told


def twin(points: Points, units: Units, radius_m: int, busy_permille: int) -> list[int]:
    """The formula of the docstring: every point against every unit."""
    sums = [0] * len(units)
    for x_m, y_m, weight in points:
        near = [i for i, at in enumerate(units) if (at[0] - x_m) ** 2 + (at[1] - y_m) ** 2 <= radius_m**2]
        share = WHOLE
        for _ in near[1:]:
            share = share * busy_permille // 1000
        for i in near if len(near) <= MOST_COUNTED else ():
            sums[i] += weight * share
    whole = sum(weight for _, _, weight in points)
    return [each // whole if whole else 0 for each in sums]


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_every_point_against_every_unit(seed: int) -> None:
    """Crowds and deserts, units far outside, points on one spot, radii from nothing to all of it."""
    chance = random.Random(seed)
    for _ in range(150):
        wide = chance.choice([0, 10, 3_000, 2**20, 2**28])
        spot = chance.choice([1, wide + 1])

        def at(wide: int = wide) -> int:
            return chance.randint(-wide, wide)

        points = [(at() // spot * spot, at(), chance.choice([0, 1, 2**26])) for _ in range(chance.randint(0, 30))]
        units = [(chance.choice([1, 1, 2]) * at() // 2, at()) for _ in range(chance.choice([0, 1, 5, 40, 90]))]
        radius_m = chance.choice([0, 1, wide // 10, wide // 2, 2 * wide])
        busy = chance.choice([0, 200, 300, 900, 1000])
        assert lost(points, units, radius_m, busy) == twin(points, units, radius_m, busy)


@pytest.mark.slow
def test_a_city_agrees_as_well() -> None:
    """Two thousand points and a thousand units, both clustered."""
    chance = random.Random(1)
    points = [(int(chance.gauss(0, 5_000)), int(chance.gauss(0, 5_000)), chance.randint(1, 900)) for _ in range(2_000)]
    units = [(int(chance.gauss(0, 6_000)), int(chance.gauss(0, 6_000))) for _ in range(1_000)]
    assert lost(points, units, 3_500, 300) == twin(points, units, 3_500, 300)


def test_the_only_cover_of_everything_is_worth_all_of_it() -> None:
    """And one of two is worth q of that, whichever of them goes."""
    points = [(0, 0, 5), (100, 0, 7)]
    assert lost(points, [(50, 0)], 50, 300) == [WHOLE]
    assert lost(points, [(50, 0), (50, 1), (5_000, 0)], 60, 300) == [WHOLE * 3 // 10, WHOLE * 3 // 10, 0]
    assert lost(points, [(0, 0), (100, 0)], 10, 300) == [WHOLE * 5 // 12, WHOLE * 7 // 12]


def test_units_taken_together_cost_at_least_the_sum() -> None:
    """Cover lost by two is never less than what each alone would lose: what the exact matching may rest on."""
    chance = random.Random(3)
    for _ in range(200):
        points = [(chance.randint(0, 50), chance.randint(0, 50), chance.randint(1, 9)) for _ in range(10)]
        units = [(chance.randint(0, 50), chance.randint(0, 50)) for _ in range(6)]
        first = lost(points, units, 20, 300)
        then = lost(points, units[1:], 20, 300)
        assert all(after >= before for before, after in zip(first[1:], then, strict=True))


class Columns:
    """As much of a World as a price looks at."""

    def __init__(self, settled: Any, units: Units) -> None:
        self.settled = settled
        self.fleet = self
        self.x_m, self.y_m = np.array(units, np.int32).T.copy()

    def __len__(self) -> int:
        return len(self.x_m)


def test_prices_are_parts_of_what_the_place_says() -> None:
    """By priority: nothing for the most urgent, all of it for the only cover of everything, nothing without points."""
    coverage = CoverageRules(points=((0, 0, 1), (10, 0, 1)), within_m=100, busy_permille=300)
    place = engine_place(coverage=coverage, matching=MatchingRules(coverage_ms=(0, 0, 60_000, 180_000, 300_000)))
    world: Any = Columns(place, [(0, 0), (5, 5), (9_000, 0)])
    all_rows = np.arange(3, dtype=np.int32)
    assert prices_ms(world, all_rows[:1], all_rows, 5).tolist() == [300_000, 0, 0]
    assert prices_ms(world, all_rows, all_rows[::-1].copy(), 3).tolist() == [0, 18_000, 18_000]
    assert prices_ms(world, all_rows, all_rows, 1).tolist() == [0, 0, 0]
    bare: Any = Columns(replace(place, coverage=replace(coverage, points=())), [(0, 0)])
    assert prices_ms(bare, all_rows[:1], all_rows[:1], 5).tolist() == [0]
