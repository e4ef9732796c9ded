"""Exact matching of a whole decision: from travel times to chosen units, with the proof, in one call.

`match` finds for each kind of slot its cheapest crews among the capability classes that fit, as few as will do
(`shortlists.py`), and assigns all places at once (`assign.py`). A kind whose price is below what its list leaves out has
seen all it can use; any other list is made longer, and the whole solved again. So the answer is exact, ties included:
the prices prove it against every unit of the pool, listed or not (`proof.py`).

**Headroom.** In ms: times and delays up to 2**24, targets so of either sign, penalties up to 2**28, prices from -2**28
to 2**30 + 2**27, `late_percent` up to 1,000. What a unit costs then stays below 2**31 ms. With weights up to 2**16 (16 * 100 is 2**11) and
costs of open places up to 2**50 every sum over 1,024 places stays below 2**61.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.assign import solve
from engine.kernels.market import BARRED, Kinds, Lists, Matching, Pool, crews_of
from engine.kernels.proof import certify_matching
from engine.kernels.shortlists import shortlist
from engine.kernels.ties import settle_ties

__all__ = ["BARRED", "Kinds", "Matching", "Pool", "certify_matching", "match"]

SPARE: Final = 7
"""Units that a first list holds beyond what its kind wants."""
GROWTH: Final = 4


def match(times_ms: NDArray[np.int32], prices_ms: NDArray[np.int32], pool: Pool, kinds: Kinds) -> Matching:
    """Fill all places at least total cost.

    times_ms: int32[T, n], travel time of each seat to an incident, -1 = no way; prices_ms: int32[R, n], what choosing
    the seat costs beside time, BARRED = never, may be negative for a unit that is on its way already.

    eta = delay + travel; cost of a place for a seat = weight * (eta + late + price + penalty), where late =
    late_percent * max(0, eta - target) // 100 in whole ms, and penalty is the least of those that apply. Ties go to the
    lower row, for the first place first. Raises ValueError if the arrays do not fit together or a number of `kinds` is
    beyond the headroom.
    """
    crews = crews_of(times_ms, prices_ms, pool, kinds)
    places = int(kinds.wanted.sum())
    lengths = kinds.wanted + np.int64(SPARE)
    lists = shortlist(times_ms, prices_ms, pool, kinds, crews, lengths, _no_lists(len(lengths)))
    while True:
        kind_price, by_crew = np.zeros(len(lengths), np.int64), np.zeros(crews, np.int64)
        choice = solve(lists, kinds.wanted, kinds.unserved, kinds.step, kind_price, by_crew)
        short = (kind_price >= lists.cut) & (lists.end - lists.begin < places)
        if not short.any():
            break
        lengths = np.where(short, np.minimum(GROWTH * lengths, np.maximum(2 * lengths, places)), lengths)
        lists = shortlist(times_ms, prices_ms, pool, kinds, crews, np.where(short, lengths, 0), lists)
    kind, unserved, price = _by_place(kinds, kind_price)
    settle_ties(lists, kind, unserved, choice, price, by_crew)
    seat, eta_ms, cost, crew_price = _tell(times_ms, pool, kinds, lists, choice, unserved, by_crew)
    return Matching(seat, eta_ms, cost, price, crew_price, int(price.sum()) + int(by_crew.sum()))


def _no_lists(kinds: int) -> Lists:
    none = np.zeros(kinds, np.int64)
    return Lists(none, none, none, np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64))


@kernel
def _by_place(
    kinds: Kinds, kind_price: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return of each place its kind, what it costs to leave it open, and its price."""
    places = kinds.wanted.sum()
    kind, unserved, price = np.empty(places, np.int64), np.empty(places, np.int64), np.empty(places, np.int64)
    place = 0
    for each in range(len(kind_price)):
        for after in range(kinds.wanted[each] - 1, -1, -1):
            kind[place] = each
            unserved[place] = kinds.unserved[each] + after * kinds.step[each]
            price[place] = min(kind_price[each], unserved[place])
            place += 1
    return kind, unserved, price


@helper
def _soonest_first(
    first: int, end: int, times_ms: NDArray[np.int32], pool: Pool, lists: Lists, choice: NDArray[np.int64]
) -> None:
    """Put the candidates choice[first:end] of one kind in order of (eta, seat)."""
    for i in range(first + 1, end):
        j, place = choice[i], i
        seat = lists.seat[j]
        eta_ms = times_ms[seat] + pool.delay_ms[seat]
        while place > first:
            before = lists.seat[choice[place - 1]]
            before_ms = times_ms[before] + pool.delay_ms[before]
            if before_ms < eta_ms or (before_ms == eta_ms and before < seat):
                break
            choice[place] = choice[place - 1]
            place -= 1
        choice[place] = j


@kernel
def _tell(
    times_ms: NDArray[np.int32],
    pool: Pool,
    kinds: Kinds,
    lists: Lists,
    choice: NDArray[np.int64],
    unserved: NDArray[np.int64],
    by_crew: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return seat, eta and cost of each place, and the price of each seat's crew. Crews are in `by_crew` by number."""
    seats, etas_ms = np.full(len(choice), -1, np.int32), np.full(len(choice), -1, np.int32)
    costs, crew_price = unserved.copy(), np.zeros(len(pool.row), np.int64)
    first = 0
    for kind in range(len(kinds.wanted)):
        filled = first
        while filled < first + kinds.wanted[kind] and choice[filled] >= 0:
            filled += 1
        times = times_ms[kinds.times[kind]]
        _soonest_first(first, filled, times, pool, lists, choice)
        for place in range(first, filled):
            seat = lists.seat[choice[place]]
            seats[place] = seat
            etas_ms[place] = times[seat] + pool.delay_ms[seat]
            costs[place] = lists.cost[choice[place]]
        first += kinds.wanted[kind]
    for seat in range(len(pool.row)):
        crew_price[seat] = by_crew[np.uint32(pool.crew[seat])]
    return seats, etas_ms, costs, crew_price
