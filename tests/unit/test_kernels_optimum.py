"""Greedy and swaps against the optimum that a MIP solver proves (scipy's HiGHS)."""

import random

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from engine.kernels.posting import ONE, Room, improve, nested_order
from tests.unit.posting_kit import packed, slow_cover

DEEPEST = 6


@pytest.mark.parametrize("seed", range(8))
def test_greedy_and_swaps_are_within_half_a_percent_of_the_optimum(seed: int):
    """Places on a plane, each covered by the posts near it; what is covered is counted by the slow twin."""
    dice = random.Random(seed)
    posts, units, points = 10, 8, 60
    at = [(dice.random(), dice.random()) for _ in range(posts)]
    sets = []
    for _ in range(points):
        x, y = dice.random(), dice.random()
        near = [post for post, (a, b) in enumerate(at) if (a - x) ** 2 + (b - y) ** 2 < 0.08]
        sets.append((dice.randrange(ONE // points), near))
    layers = [([300] * len(sets), sets)]
    room = Room(np.full(posts, 3, np.int32), np.zeros(posts, np.int32))
    post = np.empty(units, np.int32)
    assert nested_order(packed(layers, posts), 1, room, 300, post) == units
    greedy = sum(slow_cover(layers, post.tolist(), [1] * units))
    improve(packed(layers, posts), 1, room, 100, post)
    found = sum(slow_cover(layers, post.tolist(), [1] * units))
    best = optimum(sets, posts, units)
    assert greedy <= found <= best * 1.001
    assert found >= best * 0.995


def optimum(sets: list[tuple[int, list[int]]], posts: int, units: int) -> float:
    """Solve MEXCLP by its textbook formulation; in parts of ONE * ONE."""
    count = len(sets)
    value = np.zeros(posts + count * DEEPEST)
    rows = np.zeros((count + 1, len(value)))
    for number, (weight, covering) in enumerate(sets):
        for k in range(DEEPEST):
            column = posts + number * DEEPEST + k
            value[column] = weight / ONE * 1000 * 0.7 * 0.3**k
            rows[number, column] = 1
        rows[number, covering] = -1
    rows[count, :posts] = 1
    whole = np.concatenate([np.ones(posts), np.zeros(count * DEEPEST)])
    upper = np.concatenate([np.full(posts, 3.0), np.ones(count * DEEPEST)])
    limits = LinearConstraint(rows, [*[-np.inf] * count, units], [*[0.0] * count, units])
    solved = milp(-value, integrality=whole, bounds=Bounds(0, upper), constraints=limits)
    assert solved.success
    return -float(solved.fun) / 1000 * ONE * ONE
