"""Who goes where, at the least total cost, where everybody goes somewhere: a dense matrix (Kuhn 1955, Munkres).

Successive shortest augmenting paths with prices (Jonker and Volgenant 1987), rows in their order. Whole numbers, so the
same matrix gives the same answer everywhere; of equally cheap answers it is the one that this order finds.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

_FAR: Final = 1 << 62


@kernel
def assign_all(cost: NDArray[np.int64], out: NDArray[np.int32]) -> None:
    """Write to out[i], int32[n], the column that row i gets: each column once at most, least total cost.

    cost: int64[n, k], n <= k, within +-2**50.
    """
    rows, columns = cost.shape
    price, own = np.zeros(columns + 1, np.int64), np.zeros(rows, np.int64)
    holder = np.full(columns + 1, -1, np.int64)
    for row in range(rows):
        _augment(row, cost, price, own, holder)
    for column in range(columns):
        if holder[column] >= 0:
            out[holder[column]] = column


@helper
def _augment(
    row: int,
    cost: NDArray[np.int64],
    price: NDArray[np.int64],
    own: NDArray[np.int64],
    holder: NDArray[np.int64],
) -> None:
    """Give the row a column along the shortest path of exchanges. The last column is the path's beginning."""
    columns = cost.shape[1]
    reach = np.full(columns, np.int64(_FAR))
    via = np.full(columns, columns)
    settled = np.zeros(columns + 1, np.bool_)
    holder[columns] = row
    at = columns
    while holder[at] >= 0:
        settled[at] = True
        taker, step, nearest = holder[at], np.int64(_FAR), -1
        for column in range(columns):
            if settled[column]:
                continue
            length = cost[taker, column] - own[taker] - price[column]
            if length < reach[column]:
                reach[column], via[column] = length, at
            if reach[column] < step:
                step, nearest = reach[column], column
        for column in range(columns + 1):
            if settled[column]:
                own[holder[column]] += step
                price[column] -= step
            elif column < columns:
                reach[column] -= step
        at = nearest
    while at != columns:
        before = via[at]
        holder[at] = holder[before]
        at = before
