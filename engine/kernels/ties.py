"""Of all matchings of least cost, the one that gives each slot in turn the lowest unit number.

Prices that prove one cheapest matching prove them all: the cheapest are those that use only *tight* pairs
(cost = slot price + unit price) and leave no unit with a price below 0 unheld. So a slot may take a tight
unit of a lower number if the displacement this causes can be carried, through tight pairs and slots not yet
fixed, either back to the unit it gives up, or to a place that may be filled and emptied freely: a unit of
price 0, or being unserved where that is tight. `_displace` is that search. Without ties the whole pass is one
look at the head of each list.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

_NONE: Final = -1
_BEYOND: Final = 2**31 - 1


class _Lists(NamedTuple):
    """The problem and its prices, as in `engine.kernels.assign`."""

    offsets: NDArray[np.int64]
    units: NDArray[np.int32]
    costs: NDArray[np.int64]
    unserved: NDArray[np.int64]
    slot_price: NDArray[np.int64]
    unit_price: NDArray[np.int64]


class _Walk(NamedTuple):
    """Who displaced whom, by slot: slot `by[t]` would take unit `taking[t]`, and so slot t must move.

    `met[t]` is the last slot fixed for which t was met (what failed for one wish fails for the next), and
    `loose[0]` is the same for the freely filled places, which count as one. queue[:size[0]] are the slots met
    in this search.
    """

    by: NDArray[np.int64]
    taking: NDArray[np.int64]
    met: NDArray[np.int64]
    loose: NDArray[np.int64]
    queue: NDArray[np.int64]
    size: NDArray[np.int64]


@helper
def _is_tight(lists: _Lists, slot: int, j: int) -> bool:
    """Whether candidate j of `slot` may be chosen in a cheapest matching."""
    return bool(lists.costs[j] == lists.slot_price[slot] + lists.unit_price[lists.units[j]])


@helper
def _next_lower(lists: _Lists, slot: int, above: int, below: int) -> int:
    """Return the tight candidate j of `slot` of lowest unit number with above < number < below, or -1.

    Unit prices are at most 0, so the sorted list ends, for this purpose, where cost passes the slot's price.
    """
    lowest = -1
    for j in range(lists.offsets[slot], lists.offsets[slot + 1]):
        if lists.costs[j] > lists.slot_price[slot]:
            break
        if above < lists.units[j] < below and _is_tight(lists, slot, j):
            lowest = j
            below = lists.units[j]
    return lowest


@helper
def _meet(fixing: int, slot: int, mover: int, unit: int, walk: _Walk) -> None:
    """Queue `slot`, if it is new and not fixed: it must move if `mover` is to take `unit`."""
    if slot <= fixing or walk.met[slot] == fixing:
        return
    walk.met[slot] = fixing
    walk.by[slot] = mover
    walk.taking[slot] = unit
    walk.queue[walk.size[0]] = slot
    walk.size[0] += 1


@helper
def _meet_loose(fixing: int, mover: int, unit: int, lists: _Lists, walk: _Walk, choice: NDArray[np.int32]) -> None:
    """Queue all who may leave their place empty, as `mover` has filled an empty one: once for each slot fixed."""
    if walk.loose[0] == fixing:
        return
    walk.loose[0] = fixing
    for slot in range(fixing + 1, len(choice)):
        if choice[slot] < 0 or lists.unit_price[choice[slot]] == 0:
            _meet(fixing, slot, mover, unit, walk)


@helper
def _carry_out(
    fixing: int, mover: int, unit: int, walk: _Walk, choice: NDArray[np.int32], holder: NDArray[np.int32]
) -> None:
    """Make all the moves that were found, from the last back to that of the slot being fixed."""
    while True:
        choice[mover] = unit
        if unit >= 0:
            holder[unit] = mover
        if mover == fixing:
            return
        unit = walk.taking[mover]
        mover = walk.by[mover]


@helper
def _step(
    fixing: int,
    mover: int,
    j: int,
    lists: _Lists,
    walk: _Walk,
    choice: NDArray[np.int32],
    holder: NDArray[np.int32],
) -> bool:
    """Let `mover` take candidate j (-1: be unserved). True if with this everybody has a place."""
    unit = owner = -1
    if j >= 0:
        unit = lists.units[j]
        hint = holder[unit]  # never cleared: believed only if `choice` says the same
        if 0 <= hint < len(choice) and choice[hint] == unit:
            owner = hint
    given_up = choice[fixing]
    may_empty = given_up < 0 or lists.unit_price[given_up] == 0
    if owner == fixing or (owner < 0 and may_empty):
        _carry_out(fixing, mover, unit, walk, choice, holder)
        return True
    if owner < 0:
        _meet_loose(fixing, mover, unit, lists, walk, choice)
    else:
        _meet(fixing, owner, mover, unit, walk)
    return False


@helper
def _displace(
    fixing: int,
    wanted: int,
    lists: _Lists,
    walk: _Walk,
    choice: NDArray[np.int32],
    holder: NDArray[np.int32],
) -> bool:
    """Give candidate `wanted` to `fixing` if some cheapest matching does, with all earlier slots as they are."""
    walk.size[0] = 0
    found = _step(fixing, fixing, wanted, lists, walk, choice, holder)
    done = 0
    while not found and done < walk.size[0]:
        mover = walk.queue[done]
        done += 1
        if choice[mover] >= 0 and lists.slot_price[mover] == lists.unserved[mover]:
            found = _step(fixing, mover, int(_NONE), lists, walk, choice, holder)
        for j in range(lists.offsets[mover], lists.offsets[mover + 1]):
            if found or lists.costs[j] > lists.slot_price[mover]:
                break
            if _is_tight(lists, mover, j):
                found = _step(fixing, mover, j, lists, walk, choice, holder)
    return found


@helper
def _settle(slot: int, lists: _Lists, walk: _Walk, choice: NDArray[np.int32], holder: NDArray[np.int32]) -> None:
    """Try for `slot` the tight units below the one it has, lowest first, until one can be had."""
    above = int(_NONE)
    below = int(choice[slot]) if choice[slot] >= 0 else int(_BEYOND)
    while True:
        wanted = _next_lower(lists, slot, above, below)
        if wanted < 0 or _displace(slot, wanted, lists, walk, choice, holder):
            return
        above = lists.units[wanted]


@kernel
def settle_ties(
    offsets: NDArray[np.int64],
    units: NDArray[np.int32],
    costs: NDArray[np.int64],
    unserved: NDArray[np.int64],
    choice: NDArray[np.int32],
    slot_price: NDArray[np.int64],
    unit_price: NDArray[np.int64],
) -> None:
    """Change `choice` in place to the cheapest matching that is first in the order of unit numbers.

    Shapes as in `engine.kernels.assign.assign`; the prices prove `choice` and stay as they are. Being
    unserved counts as the highest number.
    """
    slots = len(choice)
    lists = _Lists(offsets, units, costs, unserved, slot_price, unit_price)
    walk = _Walk(
        np.empty(slots, np.int64),
        np.empty(slots, np.int64),
        np.full(slots, -1, np.int64),
        np.full(1, -1, np.int64),
        np.empty(slots, np.int64),
        np.zeros(1, np.int64),
    )
    holder = np.empty(len(unit_price), np.int32)
    for slot in range(slots):
        if choice[slot] >= 0:
            holder[choice[slot]] = slot
    for slot in range(slots):
        _settle(slot, lists, walk, choice, holder)
