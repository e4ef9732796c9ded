"""The dense assignment against scipy's, which knows nothing of ours."""

import random

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from engine.kernels.dense import assign_all


@pytest.mark.parametrize("seed", range(60))
def test_the_total_is_scipys_and_no_column_is_used_twice(seed: int) -> None:
    """Square and wide, costs below zero, many ties."""
    dice = random.Random(seed)
    rows = dice.randrange(0, 9)
    columns = rows + dice.randrange(0, 5)
    spread = dice.choice((2, 10, 10**6, 2**40))
    cost = np.array([[dice.randrange(-spread, spread) for _ in range(columns)] for _ in range(rows)], np.int64)
    cost = cost.reshape(rows, columns)
    out = np.full(rows, -1, np.int32)
    assign_all(cost, out)
    assert len(set(out.tolist())) == rows
    assert all(0 <= column < columns for column in out.tolist())
    there = linear_sum_assignment(cost)
    assert sum(int(cost[row, column]) for row, column in enumerate(out.tolist())) == int(cost[there].sum())
