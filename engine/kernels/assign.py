"""Exact matching of slots to units: least total cost, each unit at most once, every slot served or paid for.

Successive shortest augmenting paths over cost-sorted lists (Jonker and Volgenant 1987, sparse, rows added in
order of priority). Each slot also has a column of its own, "unserved", at its own cost, so a solution always
exists. Prices prove the result: see `certify`.

**A slot needs only its S cheapest eligible units**, where S is the number of slots. Take any solution in
which a slot uses a unit that is not among its first S by (cost, unit). The other S - 1 slots hold at most S -
1 units, so one of its first S is free. Moving to that one costs no more; and if it costs the same, its number
is lower. So the best solution, and the one that the tie rule below picks, is found on the short lists.

**Ties**: of all solutions of least cost, the one is returned in which the first slot has the lowest unit
number it can have, then the second, and so on; being served comes before being unserved
(`engine.kernels.ties`).

**Headroom**: sums of at most 2 S costs are formed. With costs within +-2**40 and up to 2**20 slots they stay
below 2**62. Unit numbers are not part of the arithmetic; up to 2**31 - 1 are allowed.

Memory is touched by slot, never by fleet: `holder` is as long as the fleet but never cleared. Its entry for a
unit is believed only if that slot's choice says the same (the sparse set of Briggs and Torczon 1993).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.ties import settle_ties

UNSERVED: Final = -1
_FAR: Final = 2**62


class Assignment(NamedTuple):
    """choice: int32[S], a unit or UNSERVED; slot_price: int64[S]; unit_price: int64[unit_count], <= 0."""

    choice: NDArray[np.int32]
    slot_price: NDArray[np.int64]
    unit_price: NDArray[np.int64]


def assign(
    offsets: NDArray[np.int64],
    units: NDArray[np.int32],
    costs: NDArray[np.int64],
    unserved: NDArray[np.int64],
    unit_count: int,
) -> Assignment:
    """Match every slot at least total cost.

    S = slots in priority order, M = listed candidates. offsets: int64[S + 1]; the candidates of slot s are
    units[offsets[s]:offsets[s + 1]] (int32[M]) at costs[...] (int64[M]), sorted by (cost, unit); unserved:
    int64[S]. Raises ValueError if the lists do not fit together or name a unit outside 0 <= unit <
    unit_count.
    """
    slots = len(unserved)
    if len(offsets) != slots + 1 or len(units) != len(costs) or offsets[0] != 0 or offsets[-1] != len(units):
        raise ValueError("offsets: not len(unserved) + 1 numbers from 0 to the number of candidates")
    if len(units) > 0 and int(units.view(np.uint32).max()) >= unit_count:  # a negative number reads as huge
        raise ValueError(f"units: a candidate is outside 0 <= unit < {unit_count}")
    choice = np.full(slots, UNSERVED, np.int32)
    slot_price = np.zeros(slots, np.int64)
    unit_price = np.zeros(unit_count, np.int64)  # fresh zero pages from the system: untouched is free
    _solve(offsets, units, costs, unserved, choice, slot_price, unit_price)
    settle_ties(offsets, units, costs, unserved, choice, slot_price, unit_price)
    return Assignment(choice, slot_price, unit_price)


class _Market(NamedTuple):
    """The problem, as in `assign`, and the solution so far."""

    offsets: NDArray[np.int64]
    units: NDArray[np.int32]
    costs: NDArray[np.int64]
    unserved: NDArray[np.int64]
    choice: NDArray[np.int32]
    slot_price: NDArray[np.int64]
    paid: NDArray[np.int64]  # by slot: minus the price of the unit it holds, >= 0
    holder: NDArray[np.int32]  # by unit: the slot that holds it, if that slot's choice says so too


class _Search(NamedTuple):
    """Scratch of one search, all by slot: a held unit is known by the slot that holds it."""

    reach: NDArray[np.int64]  # length of the shortest path to the unit this slot holds, _FAR if not met
    via: NDArray[np.int32]  # the slot from which that path enters
    queue: NDArray[np.int32]  # slots met: [:settled] done, [settled:size] waiting


@helper
def _nearest_first(search: _Search, settled: int, size: int) -> None:
    """Bring the nearest waiting slot to search.queue[settled]; the earliest met wins a tie."""
    nearest = settled
    for i in range(settled + 1, size):
        if search.reach[search.queue[i]] < search.reach[search.queue[nearest]]:
            nearest = i
    search.queue[settled], search.queue[nearest] = search.queue[nearest], search.queue[settled]


@helper
def _raise_prices(start: int, length: int, settled: int, market: _Market, search: _Search) -> None:
    """Make the path found tight: slots settled pay more, and the units they hold become dearer to take."""
    market.slot_price[start] += length
    for i in range(settled):
        slot = search.queue[i]
        rise = length - search.reach[slot]
        market.slot_price[slot] += rise
        market.paid[slot] += rise


@helper
def _flip(start: int, slot: int, unit: int, market: _Market, search: _Search) -> None:
    """Walk the path back from its end: each slot takes the next unit, its own goes with its price to `via`."""
    paid = np.int64(0)  # a path ends where nothing was paid yet: at a free unit, or at being unserved
    while True:
        released, released_paid = market.choice[slot], market.paid[slot]
        market.choice[slot], market.paid[slot] = unit, paid
        if unit >= 0:
            market.holder[unit] = slot
        if slot == start:
            return
        slot = search.via[slot]
        unit, paid = released, released_paid


@helper
def _augment(start: int, market: _Market, search: _Search) -> None:
    """Add slot `start`: the shortest path, by reduced cost, to a free unit or to leaving some slot unserved.

    Lists are sorted and nothing paid is below 0, so a list is cut where cost alone reaches the best path known.
    """
    search.reach[:start] = _FAR
    length, end_slot, end_unit = _FAR, start, UNSERVED
    settled = size = 0
    slot, reach = start, 0
    while True:
        base = reach - market.slot_price[slot]
        if base + market.unserved[slot] < length:
            length, end_slot, end_unit = base + market.unserved[slot], slot, UNSERVED
        for j in range(market.offsets[slot], market.offsets[slot + 1]):
            direct = base + market.costs[j]
            if direct >= length:
                break
            unit = market.units[j]
            owner = market.holder[unit]
            if not (0 <= owner < start and market.choice[owner] == unit):
                length, end_slot, end_unit = direct, slot, unit
                break
            through = direct + market.paid[owner]
            if through >= length or through >= search.reach[owner]:
                continue
            if search.reach[owner] == _FAR:
                search.queue[size] = owner
                size += 1
            search.reach[owner] = through
            search.via[owner] = slot
        if settled == size:
            break
        _nearest_first(search, settled, size)
        slot = search.queue[settled]
        reach = search.reach[slot]
        if reach >= length:
            break
        settled += 1
    _raise_prices(start, length, settled, market, search)
    _flip(start, end_slot, end_unit, market, search)


@kernel
def _solve(
    offsets: NDArray[np.int64],
    units: NDArray[np.int32],
    costs: NDArray[np.int64],
    unserved: NDArray[np.int64],
    choice: NDArray[np.int32],
    slot_price: NDArray[np.int64],
    unit_price: NDArray[np.int64],
) -> None:
    """Add the slots one by one. `choice` comes in as all UNSERVED, the prices as zeros."""
    slots = len(unserved)
    paid = np.zeros(slots, np.int64)
    holder = np.empty(len(unit_price), np.int32)
    market = _Market(offsets, units, costs, unserved, choice, slot_price, paid, holder)
    search = _Search(np.empty(slots, np.int64), np.empty(slots, np.int32), np.empty(slots, np.int32))
    for slot in range(slots):
        _augment(slot, market, search)
    for slot in range(slots):
        if choice[slot] >= 0:
            unit_price[choice[slot]] = -paid[slot]


@kernel
def certify(
    offsets: NDArray[np.int64],
    units: NDArray[np.int32],
    costs: NDArray[np.int64],
    unserved: NDArray[np.int64],
    choice: NDArray[np.int32],
    slot_price: NDArray[np.int64],
    unit_price: NDArray[np.int64],
) -> bool:
    """Whether the prices prove that `choice` is a matching on these lists and that none costs less.

    True if every choice is listed, no unit is chosen twice, slot_price[s] <= unserved[s], unit_price <= 0,
    slot_price[s] + unit_price[u] <= cost of every listed pair, and all prices together are the cost of
    `choice`. By weak duality no matching can cost less than that sum.
    """
    taken = np.zeros(len(unit_price), np.bool_)
    gap = np.int64(0)
    for slot in range(len(choice)):
        if slot_price[slot] > unserved[slot]:
            return False
        listed = choice[slot] < 0
        cost = unserved[slot]
        for j in range(offsets[slot], offsets[slot + 1]):
            if slot_price[slot] + unit_price[units[j]] > costs[j]:
                return False
            if units[j] == choice[slot] and not listed:
                listed = True
                cost = costs[j]
        if not listed or (choice[slot] >= 0 and taken[choice[slot]]):
            return False
        if choice[slot] >= 0:
            taken[choice[slot]] = True
        gap += cost - slot_price[slot]
    for price in unit_price:
        if price > 0:
            return False
        gap -= price
    return bool(gap == 0)
