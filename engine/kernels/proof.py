"""Whether the prices of a matching prove that nothing cheaper exists: against every unit of the pool, listed or not.

By weak duality: if no place's price exceeds what it costs to leave it open, no crew's price is above 0, and no unit costs
a place less than the two prices together, then no matching costs less than all prices together. So one that costs just
that is a cheapest. Nothing of how the matching was found is used here.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.market import BARRED, Kinds, Matching, Pool

_NEVER: Final = 2**62


class _Prices(NamedTuple):
    seat: NDArray[np.int32]
    place: NDArray[np.int64]
    crew: NDArray[np.int64]  # by seat


def certify_matching(
    times_ms: NDArray[np.int32], prices_ms: NDArray[np.int32], pool: Pool, kinds: Kinds, matching: Matching
) -> bool:
    """Tell whether the matching is one, and its prices prove that none costs less; see `engine.kernels.match.match`.

    Looks at each unit that fits, for each kind: some ms for 90 places and 10,000 units. For tests and audits.
    """
    prices = _Prices(matching.seat, matching.place_price, matching.crew_price)
    return _proves(times_ms, prices_ms, pool, kinds, prices)


@helper
def _least_slack(
    kind: int,
    price: int,
    times_ms: NDArray[np.int32],
    prices_ms: NDArray[np.int32],
    pool: Pool,
    kinds: Kinds,
    crew_price: NDArray[np.int64],
    cost: NDArray[np.int64],
) -> int:
    """Write what each seat costs a place of this kind, _NEVER if it cannot go.

    Return by how much, at the tightest, a seat's cost exceeds the two prices. times_ms, prices_ms: those of this kind.
    """
    cost[:] = _NEVER
    slack = np.int64(_NEVER)
    weight, target_ms, percent = kinds.weight[kind], kinds.target_ms[kind], kinds.late_percent[kind]
    for f in range(kinds.first[kind], kinds.first[kind + 1]):
        for m in range(pool.start[kinds.fit[f]], pool.start[kinds.fit[f] + 1]):
            seat = pool.member[m]
            if times_ms[seat] < 0 or prices_ms[seat] == BARRED:
                continue
            eta_ms = np.int64(times_ms[seat]) + pool.delay_ms[seat]
            late_ms = percent * max(0, eta_ms - target_ms) // 100
            this = weight * (eta_ms + late_ms + prices_ms[seat] + kinds.penalty_ms[f])
            cost[seat] = min(cost[seat], this)
            slack = min(slack, this - price - crew_price[seat])
    return int(slack)


@helper
def _crews_agree(pool: Pool, prices: _Prices, paid: NDArray[np.int64]) -> bool:
    """Whether no crew is chosen twice, and what each seat says of its crew's price is so. paid: int64 by crew, zeros."""
    taken = np.zeros(len(paid), np.bool_)
    for seat in prices.seat:
        if seat >= 0:
            crew = pool.crew[seat]
            if taken[crew] or prices.crew[seat] > 0:
                return False
            taken[crew] = True
            paid[crew] = prices.crew[seat]
    return bool((prices.crew == paid[pool.crew]).all())


@kernel
def _proves(
    times_ms: NDArray[np.int32], prices_ms: NDArray[np.int32], pool: Pool, kinds: Kinds, prices: _Prices
) -> bool:
    paid = np.zeros(max(0, pool.crew.max()) + 1 if len(pool.crew) > 0 else 1, np.int64)
    if not _crews_agree(pool, prices, paid):
        return False
    gap = -paid.sum()
    cost = np.empty(len(pool.row), np.int64)
    place = 0
    for kind in range(len(kinds.wanted)):
        if kinds.wanted[kind] == 0:
            continue
        highest = prices.place[place : place + kinds.wanted[kind]].max()
        times, soft = times_ms[kinds.times[kind]], prices_ms[kinds.prices[kind]]
        if _least_slack(kind, highest, times, soft, pool, kinds, prices.crew, cost) < 0:
            return False
        for after in range(kinds.wanted[kind] - 1, -1, -1):
            unserved = kinds.unserved[kind] + after * kinds.step[kind]
            seat = prices.seat[place]
            this = unserved if seat < 0 else cost[seat]
            if prices.place[place] > unserved or this == _NEVER:
                return False
            gap += this - prices.place[place]
            place += 1
    return bool(gap == 0)
