"""Exact matching of a whole decision: from travel times to chosen units, with the proof, in one call.

`match` finds for each kind of slot its cheapest crews among the capability classes that fit, as few as will do, and
assigns all places at once (`assign.py`). A list that turns out too short is extended, so the answer is exact: the
prices prove it against every unit of the pool, listed or not.

A **crew** is what can be chosen once: units of one crew share a number, so that two of them are never chosen together
and the answer is the best that respects this.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BARRED: Final = 2**31 - 1
"""A price that means never."""


class Pool(NamedTuple):
    """n units that might be chosen, in ascending order of row; a place in it is called a seat.

    row: int32[n]; crew: int32[n], the lowest row of the units that share its crew; delay_ms: int32[n], what comes
    before driving (turnout, time to clear); classes: units in order of class, seats of class c are
    member[start[c]:start[c + 1]], ascending; start: int64[C + 1]; member: int32[n].
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

    seat: int32[P], -1 = left open, ascending by (eta, row) within a kind; eta_ms, cost: int32[P], int64[P], of the chosen
    seat, -1 and the cost of being open without one; place_price: int64[P]; crew_price: int64[n] by seat, <= 0: what it would cost more if that crew
    were not there, 0 for one that nobody took; bound: the sum of all prices, equal to the sum of costs.
    """

    seat: NDArray[np.int32]
    eta_ms: NDArray[np.int32]
    cost: NDArray[np.int64]
    place_price: NDArray[np.int64]
    crew_price: NDArray[np.int64]
    bound: int


def match(times_ms: NDArray[np.int32], prices_ms: NDArray[np.int32], pool: Pool, kinds: Kinds) -> Matching:
    """Fill all places at least total cost.

    times_ms: int32[T, n], travel time of each seat to an incident, -1 = no way; prices_ms: int32[R, n], what choosing
    the seat costs beside time, BARRED = never, may be negative for a unit that is on its way already.

    eta = delay + travel; cost of a place for a seat = weight * (eta + late_percent / 100 * max(0, eta - target)
    + price + penalty), the least penalty of those that apply. Ties go to the lower row, for the first place first.
    """
    raise NotImplementedError
