"""The price of a minute: it holds a fleet to its budget of moves, whatever the city is like, and stays within bounds."""

import random

import pytest

from engine.policy.redeploy import PolicyRefused, Price
from engine.policy.redeploy.price import LEAST, MOST


def test_the_start_is_what_was_said():
    """Nothing seen, nothing changed."""
    price = Price(400, 1_500)
    assert price.now == 1_500
    price.saw(0, 0)
    assert price.now == 1_500


@pytest.mark.parametrize(("budget", "start"), [(100, 20), (400, 2_000), (700, 50_000)])
def test_moves_come_to_the_budget(budget: int, start: int):
    """A city in which a dearer minute means fewer moves: after a while there are as many as was agreed, within a tenth."""
    dice, price, late = random.Random(budget), Price(budget, start), 0
    for call in range(60_000):
        moves = sum(dice.random() < 600 / (600 + price.now) for _ in range(2))
        late += moves if call >= 40_000 else 0
        price.saw(1, moves)
    assert late / 20_000 == pytest.approx(budget / 1000, rel=0.1)
    assert price.calls == 60_000


@pytest.mark.parametrize(("moves", "end"), [(5, MOST), (0, LEAST)])
def test_a_budget_that_cannot_be_met_ends_at_the_bound(moves: int, end: int):
    """Neither for nothing nor without end."""
    price = Price(300)
    for _ in range(5_000):
        price.saw(1, moves)
    assert price.now == end


@pytest.mark.parametrize("settings", [{"budget_permille": -1}, {"budget_permille": 1, "start": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, int]):
    """By name."""
    with pytest.raises(PolicyRefused, match="is not between"):
        Price(**settings)
