"""The words of the matching: who might be chosen, what is wanted, and the lists that stand between the two.

A **crew** is what can be chosen once: units of one crew share a number, so that two of them are never chosen together.
A **seat** is a unit's place in the pool, a **kind** is places that are alike: same incident, same capability.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import kernel

BARRED: Final = 2**31 - 1
"""A price that means never."""
MOST: Final = 2**50
"""No place costs more than this to leave open."""
HEAVIEST: Final = 2**16
"""No ms counts more than this."""
LATEST: Final = 1_000
"""No ms of delay counts more than so many percent."""


class Pool(NamedTuple):
    """n units that might be chosen, in ascending order of row; a place in it is called a seat.

    row: int32[n]; crew: int32[n], the lowest row of the units that share its crew, itself in the pool or not;
    delay_ms: int32[n], what comes before driving (turnout, time to clear); classes: units in order of class, seats of
    class c are member[start[c]:start[c + 1]], ascending; start: int64[C + 1]; member: int32[n].
    """

    row: NDArray[np.int32]
    crew: NDArray[np.int32]
    delay_ms: NDArray[np.int32]
    start: NDArray[np.int64]
    member: NDArray[np.int32]


class Kinds(NamedTuple):
    """Q kinds of slots, in order of urgency; P = sum of wanted places.

    times: int32[Q], its row in `times_ms`; prices: int32[Q], its row in `prices_ms`; wanted: int32[Q]; weight:
    int64[Q], what a ms counts; target_ms: int64[Q], time left to the target; late_percent: int64[Q]; unserved:
    int64[Q], cost of the last of its places left open, its first place costs most: unserved + (wanted - 1) * step;
    step: int64[Q]; kind q may be filled by the classes fit[first[q]:first[q + 1]] at penalty_ms[...].
    first: int64[Q + 1]; fit: int32[F]; penalty_ms: int32[F].
    """

    times: NDArray[np.int32]
    prices: NDArray[np.int32]
    wanted: NDArray[np.int32]
    weight: NDArray[np.int64]
    target_ms: NDArray[np.int64]
    late_percent: NDArray[np.int64]
    unserved: NDArray[np.int64]
    step: NDArray[np.int64]
    first: NDArray[np.int64]
    fit: NDArray[np.int32]
    penalty_ms: NDArray[np.int32]


class Matching(NamedTuple):
    """The answer: P places, kind by kind.

    seat: int32[P], -1 = left open, ascending by (eta, row) within a kind; eta_ms, cost: int32[P], int64[P], of the
    chosen seat, -1 and the cost of being open without one; place_price: int64[P]; crew_price: int64[n] by seat, <= 0:
    all together would cost at least so much more if that crew were not there, 0 for one that nobody took; bound: the
    sum of all prices, each crew's once, equal to the sum of costs.
    """

    seat: NDArray[np.int32]
    eta_ms: NDArray[np.int32]
    cost: NDArray[np.int64]
    place_price: NDArray[np.int64]
    crew_price: NDArray[np.int64]
    bound: int


class Lists(NamedTuple):
    """Of each of Q kinds its cheapest crews, each with its cheapest unit, in order of (cost, seat).

    Those of kind q are [begin[q]:end[q]] of seat: int32[M], crew: int32[M] and cost: int64[M]. begin, end: int64[Q];
    cut: int64[Q], no crew that is not listed costs less than this.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    cut: NDArray[np.int64]
    seat: NDArray[np.int32]
    crew: NDArray[np.int32]
    cost: NDArray[np.int64]


def crews_of(times_ms: NDArray[np.int32], prices_ms: NDArray[np.int32], pool: Pool, kinds: Kinds) -> int:
    """Return a number above that of every crew. Raises ValueError if the arrays do not fit together."""
    seats = len(pool.row)
    if not (
        times_ms.shape[1] == prices_ms.shape[1] == len(pool.crew) == len(pool.delay_ms) == len(pool.member) == seats
    ):
        raise ValueError("pool: row, crew, delay_ms, member, times_ms and prices_ms are not of the same length")
    if len({len(column) for column in kinds[:8]}) != 1 or len(kinds.first) != len(kinds.wanted) + 1:
        raise ValueError("kinds: columns are not of the same length")
    crews, fault = _look_over(len(times_ms), len(prices_ms), pool, kinds)
    if fault >= 0:
        raise ValueError(_FAULTS[fault])
    return crews


_FAULTS: Final = (
    "pool: a member is not a seat, a crew is below 0, or start does not run from 0 to the number of seats",
    "kinds: times, prices or fit names a row or a class that is not there",
    "kinds: wanted, step or weight is below 0, or beyond what fits into the arithmetic (see match.py)",
)


@kernel
def _look_over(times: int, prices: int, pool: Pool, kinds: Kinds) -> tuple[int, int]:
    """Return a number above that of every crew, and which of _FAULTS there is, -1 if none.

    As an unsigned number a negative one is huge: one comparison.
    """
    classes = len(pool.start) - 1
    crews = highest = np.uint32(0)
    for seat in range(len(pool.row)):
        crews = max(crews, np.uint32(pool.crew[seat]))
        highest = max(highest, np.uint32(pool.member[seat]))
    sound = crews < BARRED and highest < max(1, len(pool.row)) and pool.start[0] == 0
    for number in range(classes):
        sound = sound and pool.start[number] <= pool.start[number + 1]
    if not sound or pool.start[classes] != len(pool.row):
        return 0, 0
    for kind in range(len(kinds.wanted)):
        first, end = kinds.first[kind], kinds.first[kind + 1]
        sound = 0 <= first <= end <= min(len(kinds.fit), len(kinds.penalty_ms))
        if not (sound and 0 <= kinds.times[kind] < times and 0 <= kinds.prices[kind] < prices):
            return 0, 1
        for f in range(first, end):
            if not 0 <= kinds.fit[f] < classes:
                return 0, 1
        sound = kinds.wanted[kind] >= 0 and 0 <= kinds.step[kind] <= MOST and abs(kinds.unserved[kind]) <= MOST
        if not (sound and 0 <= kinds.weight[kind] <= HEAVIEST and 0 <= kinds.late_percent[kind] <= LATEST):
            return 0, 2
    return int(crews) + 1, -1
