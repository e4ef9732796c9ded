"""Exact matching of places to crews: least total cost, each crew at most once, every place filled or paid for.

Successive shortest augmenting paths over cost-sorted lists (Jonker and Volgenant 1987, sparse, places added in order
of priority). Places of one kind share one list and one price, so a search meets kinds, not places. Leaving places open
has a cost of its own, so a solution always exists. Prices prove the result: see `proof.py`.

**A kind needs only its P cheapest crews**, where P is the number of all places. Take any solution in which a place uses
a crew that is not among its first P by (cost, unit). The other P - 1 places hold at most P - 1 crews, so one of its
first P is free. Moving to that one costs no more; and if it costs the same, its unit's number is lower. So the best
solution, and the one that the tie rule below picks, is found on the short lists.

**Ties**: of all solutions of least cost, the one is returned in which the first place has the lowest unit number it can
have, then the second, and so on; being filled comes before being open (`engine.kernels.ties`).

**Headroom**: prices and paths stay within the dearest open place plus the dearest unit, sums within P times that. With
costs within +-2**50 and 1,024 places they stay below 2**61. Unit numbers are not part of the arithmetic.

Memory is touched by place, never by fleet: `holder` is as long as the fleet but never cleared. Its entry for a crew is
believed only if the hold it names is of that crew (the sparse set of Briggs and Torczon 1993).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.market import Lists

UNSERVED: Final = -1
_FAR: Final = 2**62


class _Market(NamedTuple):
    """The problem, as in `solve`, and the solution so far. A hold is a crew that is taken, once and for all."""

    lists: Lists
    unserved: NDArray[np.int64]
    step: NDArray[np.int64]
    price: NDArray[np.int64]  # by kind
    opened: NDArray[np.int64]  # by kind: places left open
    kind: NDArray[np.int32]  # by hold: who has it now
    pick: NDArray[np.int64]  # by hold: as which candidate
    holder: NDArray[np.int32]  # by crew: its hold, if that hold is of this crew


class _Search(NamedTuple):
    """Scratch of one search, all by kind."""

    reach: NDArray[np.int64]  # length of the shortest path to a crew that this kind holds, _FAR if not met
    via: NDArray[np.int32]  # the kind that would take it
    taking: NDArray[np.int64]  # ... as which candidate
    queue: NDArray[np.int32]  # kinds met: [:settled] done, [settled:size] waiting


@helper
def _hold(crew: int, holds: int, market: _Market) -> int:
    """Return the hold on the crew, or -1."""
    hold = market.holder[crew]
    if 0 <= hold < holds and market.lists.crew[market.pick[hold]] == crew:
        return int(hold)
    return -1


@helper
def _nearest_first(search: _Search, settled: int, size: int) -> None:
    """Bring the nearest waiting kind to search.queue[settled]; the earliest met wins a tie."""
    nearest = settled
    for i in range(settled + 1, size):
        if search.reach[search.queue[i]] < search.reach[search.queue[nearest]]:
            nearest = i
    search.queue[settled], search.queue[nearest] = search.queue[nearest], search.queue[settled]


@helper
def _meet(kind: int, j: int, hold: int, through: int, size: int, market: _Market, search: _Search) -> int:
    """Note a path to the kind that has this hold, if it is the shortest so far. Returns the new size of the queue."""
    owner = market.kind[hold]
    if through >= search.reach[owner]:
        return size
    if search.reach[owner] == _FAR:
        search.queue[size] = owner
        size += 1
    search.reach[owner] = through
    search.via[owner] = kind
    search.taking[owner] = j
    return size


@helper
def _settle_prices(length: int, settled: int, size: int, market: _Market, search: _Search) -> None:
    """Make the path found tight: kinds settled pay more, and so their crews are dearer to take. Forget the search."""
    for i in range(size):
        kind = search.queue[i]
        if i < settled:
            market.price[kind] += length - search.reach[kind]
        search.reach[kind] = _FAR


@helper
def _flip(start: int, kind: int, j: int, holds: int, market: _Market, search: _Search) -> int:
    """Walk the path back from its end: each kind hands a crew on to the one before it. Returns the number of holds."""
    if j < 0:
        market.opened[kind] += 1
    else:
        market.kind[holds], market.pick[holds] = kind, j
        market.holder[market.lists.crew[j]] = holds
        holds += 1
    while kind != start:
        taken = search.taking[kind]
        hold = market.holder[market.lists.crew[taken]]
        kind = search.via[kind]
        market.kind[hold], market.pick[hold] = kind, taken
    return holds


@helper
def _augment(start: int, holds: int, market: _Market, search: _Search) -> int:
    """Add a place of kind `start`: the shortest path, by reduced cost, to a free crew or to leaving a place open.

    Lists are sorted and no crew's price is above 0, so a list is cut where cost alone reaches the best path known.
    """
    lists = market.lists
    length, end_kind, end_j = _FAR, start, UNSERVED
    search.reach[start] = 0
    search.queue[0] = start
    settled, size = 0, 1
    while settled < size:
        _nearest_first(search, settled, size)
        kind = search.queue[settled]
        if search.reach[kind] >= length:
            break
        settled += 1
        base = search.reach[kind] - market.price[kind]
        leaving = base + market.unserved[kind] + market.opened[kind] * market.step[kind]
        if leaving < length:
            length, end_kind, end_j = leaving, kind, UNSERVED
        for j in range(lists.begin[kind], lists.end[kind]):
            direct = base + lists.cost[j]
            if direct >= length:
                break
            hold = _hold(lists.crew[j], holds, market)
            if hold < 0:
                length, end_kind, end_j = direct, kind, j
                break
            through = direct + market.price[market.kind[hold]] - lists.cost[market.pick[hold]]
            if through < length:
                size = _meet(kind, j, hold, through, size, market, search)
    _settle_prices(length, settled, size, market, search)
    return _flip(start, end_kind, end_j, holds, market, search)


@helper
def _by_place(holds: int, wanted: NDArray[np.int32], market: _Market) -> NDArray[np.int64]:
    """Give each place its candidate: of each kind the lowest seat first, then UNSERVED for those left open."""
    seat = market.lists.seat
    choice = np.full(wanted.sum(), UNSERVED, np.int64)
    first = np.cumsum(wanted) - wanted
    last = first.copy()
    for hold in range(holds):
        kind, j = market.kind[hold], market.pick[hold]
        place = last[kind]
        last[kind] += 1
        while place > first[kind] and seat[choice[place - 1]] > seat[j]:
            choice[place] = choice[place - 1]
            place -= 1
        choice[place] = j
    return choice


@kernel
def solve(
    lists: Lists,
    wanted: NDArray[np.int32],
    unserved: NDArray[np.int64],
    step: NDArray[np.int64],
    price: NDArray[np.int64],
    crew_price: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for each of P places, kind by kind, the candidate j that fills it, or UNSERVED: int64[P].

    wanted: int32[Q]; unserved, step: int64[Q], leaving k places of a kind open costs k * unserved + step * (0 + 1 + ...
    + k - 1); step >= 0. `price`: int64[Q] and `crew_price`: int64 by crew come in as zeros and leave as the proof: a
    place's own price is that of its kind, or what it costs to be open if that is less.
    """
    kinds, places = len(wanted), wanted.sum()
    holds = 0
    market = _Market(
        lists,
        unserved,
        step,
        price,
        np.zeros(kinds, np.int64),
        np.empty(places, np.int32),
        np.empty(places, np.int64),
        np.empty(len(crew_price), np.int32),
    )
    search = _Search(
        np.full(kinds, _FAR, np.int64), np.empty(kinds, np.int32), np.empty(kinds, np.int64), np.empty(kinds, np.int32)
    )
    for kind in range(kinds):
        for _ in range(wanted[kind]):
            holds = _augment(kind, holds, market, search)
    for hold in range(holds):
        j = market.pick[hold]
        crew_price[lists.crew[j]] = lists.cost[j] - price[market.kind[hold]]
    return _by_place(holds, wanted, market)
