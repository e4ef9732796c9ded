"""Of all matchings of least cost, the one that gives each place in turn the lowest seat.

Prices that prove one cheapest matching prove them all: the cheapest are those that use only *tight* pairs (cost = place
price + crew price) and leave no crew with a price below 0 unheld. So a place may take a tight candidate of a lower seat
if the displacement this causes can be carried, through tight pairs and places not yet fixed, either back to the crew it
gives up, or to somewhere that may be filled and emptied freely: a crew of price 0, or being open where that is tight.
`_displace` is that search. Without ties the whole pass is one look at the head of each list.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.market import Lists

_NONE: Final = -1
_BEYOND: Final = 2**31 - 1


class _Places(NamedTuple):
    """The problem, its prices and the answer so far, by place except where it says otherwise."""

    lists: Lists
    kind: NDArray[np.int64]
    unserved: NDArray[np.int64]
    price: NDArray[np.int64]
    crew_price: NDArray[np.int64]  # by crew
    choice: NDArray[np.int64]  # the candidate, or -1
    holder: NDArray[np.int32]  # by crew; never cleared: believed only if `choice` says the same


class _Walk(NamedTuple):
    """Who displaced whom, by place: place `by[t]` would take candidate `taking[t]`, and so place t must move.

    `met[t]` is the last place fixed for which t was met (what failed for one wish fails for the next), and `loose[0]`
    is the same for all that may be filled and emptied freely, which count as one. queue[:size[0]] are the places met in
    this search.
    """

    by: NDArray[np.int64]
    taking: NDArray[np.int64]
    met: NDArray[np.int64]
    loose: NDArray[np.int64]
    queue: NDArray[np.int64]
    size: NDArray[np.int64]


@helper
def _is_tight(places: _Places, place: int, j: int) -> bool:
    """Whether candidate j of `place` may be chosen in a cheapest matching."""
    return bool(places.lists.cost[j] == places.price[place] + places.crew_price[places.lists.crew[j]])


@helper
def _is_free(places: _Places, place: int) -> bool:
    """Whether what `place` has may be left empty."""
    j = places.choice[place]
    return bool(j < 0 or places.crew_price[places.lists.crew[j]] == 0)


@helper
def _next_lower(places: _Places, place: int, above: int, below: int) -> int:
    """Return the tight candidate j of `place` of lowest seat with above < seat < below, or -1.

    Crew prices are at most 0, so the sorted list ends, for this purpose, where cost passes the place's price.
    """
    lists, kind = places.lists, places.kind[place]
    lowest = -1
    for j in range(lists.begin[kind], lists.end[kind]):
        if lists.cost[j] > places.price[place]:
            break
        if above < lists.seat[j] < below and _is_tight(places, place, j):
            lowest = j
            below = lists.seat[j]
    return lowest


@helper
def _meet(fixing: int, place: int, mover: int, j: int, walk: _Walk) -> None:
    """Queue `place`, if it is new and not fixed: it must move if `mover` is to take candidate j."""
    if place <= fixing or walk.met[place] == fixing:
        return
    walk.met[place] = fixing
    walk.by[place] = mover
    walk.taking[place] = j
    walk.queue[walk.size[0]] = place
    walk.size[0] += 1


@helper
def _meet_loose(fixing: int, mover: int, j: int, places: _Places, walk: _Walk) -> None:
    """Queue all who may leave what they have, as `mover` has filled what was empty: once for each place fixed."""
    if walk.loose[0] == fixing:
        return
    walk.loose[0] = fixing
    for place in range(fixing + 1, len(places.choice)):
        if _is_free(places, place):
            _meet(fixing, place, mover, j, walk)


@helper
def _carry_out(fixing: int, mover: int, j: int, places: _Places, walk: _Walk) -> None:
    """Make all the moves that were found, from the last back to that of the place being fixed."""
    while True:
        places.choice[mover] = j
        if j >= 0:
            places.holder[places.lists.crew[j]] = mover
        if mover == fixing:
            return
        j = walk.taking[mover]
        mover = walk.by[mover]


@helper
def _owner(places: _Places, crew: int) -> int:
    """Return the place that has this crew, or -1."""
    hint = places.holder[crew]
    if not 0 <= hint < len(places.choice):
        return -1
    j = places.choice[hint]
    return int(hint) if j >= 0 and places.lists.crew[j] == crew else -1


@helper
def _step(fixing: int, mover: int, j: int, places: _Places, walk: _Walk) -> bool:
    """Let `mover` take candidate j (-1: be open). True if with this everybody has a place."""
    owner = -1 if j < 0 else _owner(places, places.lists.crew[j])
    if owner == fixing or (owner < 0 and _is_free(places, fixing)):
        _carry_out(fixing, mover, j, places, walk)
        return True
    if owner < 0:
        _meet_loose(fixing, mover, j, places, walk)
    else:
        _meet(fixing, owner, mover, j, walk)
    return False


@helper
def _displace(fixing: int, wanted: int, places: _Places, walk: _Walk) -> bool:
    """Give candidate `wanted` to `fixing` if some cheapest matching does, with all earlier places as they are."""
    lists = places.lists
    walk.size[0] = 0
    found = _step(fixing, fixing, wanted, places, walk)
    done = 0
    while not found and done < walk.size[0]:
        mover = walk.queue[done]
        done += 1
        if places.choice[mover] >= 0 and places.price[mover] == places.unserved[mover]:
            found = _step(fixing, mover, int(_NONE), places, walk)
        kind = places.kind[mover]
        for j in range(lists.begin[kind], lists.end[kind]):
            if found or lists.cost[j] > places.price[mover]:
                break
            if _is_tight(places, mover, j):
                found = _step(fixing, mover, j, places, walk)
    return found


@helper
def _settle(place: int, places: _Places, walk: _Walk) -> None:
    """Try for `place` the tight candidates below the one it has, lowest seat first, until one can be had."""
    above = int(_NONE)
    below = int(_BEYOND)
    if places.choice[place] >= 0:
        below = places.lists.seat[places.choice[place]]
    while True:
        wanted = _next_lower(places, place, above, below)
        if wanted < 0 or _displace(place, wanted, places, walk):
            return
        above = places.lists.seat[wanted]


@kernel
def settle_ties(
    lists: Lists,
    kind: NDArray[np.int64],
    unserved: NDArray[np.int64],
    choice: NDArray[np.int64],
    price: NDArray[np.int64],
    crew_price: NDArray[np.int64],
) -> None:
    """Change `choice` in place to the cheapest matching that is first in the order of seats.

    P places. kind: int64[P], whose list each uses; unserved, price: int64[P]; choice: int64[P], a candidate j or -1;
    crew_price: int64 by crew. The prices prove `choice` and stay as they are. Being open counts as the highest seat.
    """
    count = len(choice)
    places = _Places(lists, kind, unserved, price, crew_price, choice, np.empty(len(crew_price), np.int32))
    walk = _Walk(
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.full(count, -1, np.int64),
        np.full(1, -1, np.int64),
        np.empty(count, np.int64),
        np.zeros(1, np.int64),
    )
    for place in range(count):
        if choice[place] >= 0:
            places.holder[lists.crew[choice[place]]] = place
    for place in range(count):
        _settle(place, places, walk)
