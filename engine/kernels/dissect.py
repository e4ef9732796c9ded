"""The order in which junctions are taken out of a street network: nested dissection by inertial flow.

Cut the map in two where the fewest junctions hold the halves together. Those few come last; each half is ordered in
the same way, by itself. Rivers, motorways and railways are found like this, and a hierarchy built in this order stays
small (George 1973; Schild and Sommer 2015; Dibbelt, Strasser and Wagner 2016).

**A cut.** Sort the junctions of a part along one of four directions. As many ways as possible are laid from the first
30 % to the last 30 %, no junction on two of them (Ford and Fulkerson 1956). When no further way fits, the junctions up
to which one still gets hold the part together, one on each way, and by Menger's theorem no fewer would do. Of the four
directions the one with the fewest for the balance of its halves is taken.

Whole numbers only; ties go to the lower direction, and everything is met in written order.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

_DIRECTIONS: Final = 4
_END_PERMILLE: Final = 300
"""How much of a part lies wholly before, and wholly after, any cut (but for those that hold it together)."""
_LATTICE_WAYS: Final = 200
"""A part that so many ways cross in every direction is cut in the middle, at once."""

_NO: Final = -1
"""Instead of a junction before or behind: no way passes here."""
_EDGE: Final = -2
"""Instead of a junction before or behind: the way begins or ends here."""
_ENTERED: Final = 1
_LEFT: Final = 2
"""What the search for a further way has done with a junction. One that is on a way can be entered, but be left only
by shifting that way."""

_BEFORE: Final = 0
_AFTER: Final = 1
_HOLDING: Final = 2


class _Map(NamedTuple):
    """The network, and the four lists of which every part is a slice, from `low` to `high`."""

    first: NDArray[np.int64]
    beside: NDArray[np.int32]  # [direction, any]: junctions beside v from first[v], the farthest ahead first
    lists: NDArray[np.int32]  # [direction, place]: junctions of each part, sorted along that direction
    part: NDArray[np.int32]  # by junction: `low` of the part it is in, -1 when it has been put in order
    place: NDArray[np.int32]  # by junction: its place in the list at hand, counted from `low`


class _Ways(NamedTuple):
    """The ways laid, and the search for the next. All but `trail` by junction."""

    ahead: NDArray[np.int32]  # the next junction on its way, _EDGE or _NO
    behind: NDArray[np.int32]
    seen: NDArray[np.uint8]
    turn: NDArray[np.int64]  # which junction beside it is to be tried next
    trail: NDArray[np.int64]  # steps of the search, 2 v for entering and 2 v + 1 for leaving


def dissection_order(
    x: NDArray[np.int32], y: NDArray[np.int32], tails: NDArray[np.int32], heads: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return `order`, int32[n]: order[rank] is the junction of that rank. Rank 0 is taken out first.

    x, y: int32[n], any flat coordinates; tails, heads: int32[links], junctions. Direction, loops and parallel links
    make no difference; the network need not be connected, and junctions may share a place.
    """
    n = len(x)
    ends, others = _both_ways(n, tails, heads)
    first = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=n), out=first[1:])
    east, north = x.astype(np.int64), y.astype(np.int64)
    along = (east, north, east + north, east - north)
    lists = np.empty((_DIRECTIONS, n), np.int32)
    beside = np.empty((_DIRECTIONS, len(ends)), np.int32)
    for direction in range(_DIRECTIONS):
        lists[direction] = np.argsort(along[direction], kind="stable")
        beside[direction] = others[np.lexsort((-along[direction][others], ends))]
    order: NDArray[np.int32] = _dissect(_Map(first, beside, lists, np.zeros(n, np.int32), np.zeros(n, np.int32)))
    return order


def _both_ways(
    n: int, tails: NDArray[np.int32], heads: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of linked junctions both ways round, once each, sorted."""
    ends = np.concatenate((tails, heads)).astype(np.int64)
    others = np.concatenate((heads, tails)).astype(np.int64)
    pairs = np.unique((ends * n + others)[ends != others])
    return pairs // max(n, 1), pairs % max(n, 1)


@helper
def _leave(city: _Map, ways: _Ways, v: int, depth: int) -> int:
    """Step out of v: every junction beside it may be tried. Return the new depth of the trail."""
    ways.seen[v] |= _LEFT
    ways.turn[v] = city.first[v]
    ways.trail[depth] = 2 * v + 1
    return depth + 1


@helper
def _next(city: _Map, ways: _Ways, low: int, direction: int, begin: int, v: int) -> int:
    """Return the next junction of the part beside v that has not been entered and is past the beginning, or _NO."""
    while ways.turn[v] < city.first[v + 1]:
        w = city.beside[direction, ways.turn[v]]
        ways.turn[v] += 1
        if city.part[w] == low and city.place[w] >= begin and ways.seen[w] & _ENTERED == 0:
            return int(w)
    return _NO


@helper
def _lay(ways: _Ways, depth: int) -> None:
    """Follow the trail to its end: new ways where it went ahead, none where it went back along an old one."""
    ways.behind[ways.trail[0] >> 1] = _EDGE
    for i in range(depth - 1):
        v, w = ways.trail[i] >> 1, ways.trail[i + 1] >> 1
        if ways.trail[i] & 1 == 0:
            continue
        if v == w:  # both the step before and the step behind v have been taken back
            ways.ahead[v], ways.behind[v] = _NO, _NO
        else:
            ways.ahead[v], ways.behind[w] = w, v
    ways.ahead[ways.trail[depth - 1] >> 1] = _EDGE


@helper
def _search(city: _Map, ways: _Ways, low: int, direction: int, begin: int, end: int, start: int) -> bool:
    """Look for a further way from `start` to any place from `end` on, depth first, and lay it."""
    ways.seen[start] = _ENTERED
    depth = _leave(city, ways, start, 0)
    while depth > 0:
        v, leaving = ways.trail[depth - 1] >> 1, ways.trail[depth - 1] & 1
        if leaving == 0:  # v is on a way: take that back to the junction before
            before = int(ways.behind[v])
            if before >= 0 and ways.seen[before] & _LEFT == 0:
                depth = _leave(city, ways, before, depth)
            else:
                depth -= 1
            continue
        w = v  # where a way was taken back to v, it can be taken back farther
        if ways.ahead[v] == _NO or ways.seen[v] & _ENTERED != 0:
            w = _next(city, ways, low, direction, begin, v)
        if w < 0:
            depth -= 1
            continue
        ways.seen[w] |= _ENTERED
        ways.trail[depth] = 2 * w
        depth += 1
        if ways.ahead[w] == _NO and city.place[w] >= end:
            _lay(ways, depth)
            return True
        if ways.ahead[w] == _NO:
            depth = _leave(city, ways, w, depth)
    return False


@helper
def _lay_all(city: _Map, ways: _Ways, low: int, high: int, direction: int, most: int) -> int:
    """Lay as many ways as fit and return how many; stop early at `most` or more. `seen` then tells the halves."""
    size = high - low
    begin, end = max(1, size * _END_PERMILLE // 1000), min(size - 1, size - size * _END_PERMILLE // 1000)
    junctions = city.lists[direction, low:high]
    for i in range(size):
        v = junctions[i]
        city.place[v] = i
        ways.ahead[v], ways.behind[v] = _NO, _NO
    starts, count = np.empty(begin, np.int32), 0
    for v in junctions[:begin]:
        if _is_linked_across(city, low, begin, v):
            starts[count] = v
            count += 1
    starts, count = starts[:count], 0
    while count < most:
        found = 0
        for i in range(size):
            ways.seen[junctions[i]] = _LEFT if i < begin else 0  # what lies before all starts is before any cut
        for v in starts:
            ways.seen[v] = 0
        for v in starts:
            if ways.ahead[v] != _NO:
                ways.seen[v] |= _ENTERED
            elif ways.seen[v] == 0 and _search(city, ways, low, direction, begin, end, int(v)):
                found += 1
        if found == 0:
            return count
        count += found
    return count


@helper
def _cut(city: _Map, ways: _Ways, low: int, high: int, side: NDArray[np.uint8]) -> None:
    """Write the side of every junction of the part: _BEFORE, _AFTER or _HOLDING."""
    size = high - low
    fewest, balance = size, 1
    for direction in range(_DIRECTIONS):
        in_vain = fewest * (size * size // 4) // balance + 1  # not even in the middle would so many be better
        most = min(in_vain, _LATTICE_WAYS)
        count = _lay_all(city, ways, low, high, direction, most)
        if count >= most:
            continue
        before = 0
        for v in city.lists[direction, low:high]:
            before += int(ways.seen[v] >= _LEFT)
        halves = max(before * (size - count - before), 1)
        if count * balance >= fewest * halves:
            continue
        fewest, balance = count, halves
        for v in city.lists[direction, low:high]:
            seen = ways.seen[v]
            side[v] = _BEFORE if seen >= _LEFT else _HOLDING if seen == _ENTERED else _AFTER
    if balance == 1 and fewest == size:
        _halve(city, low, high, side)


@helper
def _halve(city: _Map, low: int, high: int, side: NDArray[np.uint8]) -> None:
    """Cut in the middle of the direction where the fewest before it are linked to any after it."""
    fewest, middle = high - low + 1, (high - low) // 2
    for direction in range(_DIRECTIONS):
        junctions = city.lists[direction, low:high]
        for i in range(high - low):
            city.place[junctions[i]] = i
        holding = 0
        for v in junctions[:middle]:
            holding += int(_is_linked_across(city, low, middle, v))
        if holding < fewest:
            fewest = holding
            for v in junctions:
                side[v] = _AFTER if city.place[v] >= middle else _BEFORE
            for v in junctions[:middle]:
                if _is_linked_across(city, low, middle, v):
                    side[v] = _HOLDING


@helper
def _is_linked_across(city: _Map, low: int, middle: int, v: int) -> bool:
    for i in range(city.first[v], city.first[v + 1]):
        w = city.beside[0, i]
        if city.part[w] == low and city.place[w] >= middle:
            return True
    return False


@helper
def _split(city: _Map, low: int, high: int, side: NDArray[np.uint8], spare: NDArray[np.int32]) -> tuple[int, int]:
    """Part every list into before, after and holding, in their order; return where the latter two begin."""
    middle = top = low
    for i in range(low, high):
        middle += int(side[city.lists[0, i]] == _BEFORE)
        top += int(side[city.lists[0, i]] != _HOLDING)
    for direction in range(_DIRECTIONS):
        before, after, holding = low, middle, top
        for i in range(low, high):
            v = city.lists[direction, i]
            if side[v] == _BEFORE:
                spare[before] = v
                before += 1
            elif side[v] == _AFTER:
                spare[after] = v
                after += 1
            else:
                spare[holding] = v
                holding += 1
        for i in range(low, high):  # to assign a slice takes the compiler four seconds
            city.lists[direction, i] = spare[i]
    for i in range(middle, high):
        city.part[city.lists[0, i]] = middle if i < top else -1
    return middle, top


@kernel
def _dissect(city: _Map) -> NDArray[np.int32]:
    """Cut until nothing is left to cut. The order is then the first list: what holds a part together at its end."""
    n = len(city.part)
    side, spare = np.zeros(n, np.uint8), np.empty(n, np.int32)
    ahead, behind, seen, turn = (
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.zeros(n, np.uint8),
        np.empty(n, np.int64),
    )
    ways = _Ways(ahead, behind, seen, turn, np.empty(2 * n + 2, np.int64))
    lows, highs = np.zeros(n + 1, np.int64), np.full(n + 1, n, np.int64)
    waiting = 1
    while waiting > 0:
        waiting -= 1
        low, high = lows[waiting], highs[waiting]
        if high - low < 2:
            continue
        _cut(city, ways, low, high, side)
        middle, top = _split(city, low, high, side, spare)
        lows[waiting], highs[waiting] = low, middle
        lows[waiting + 1], highs[waiting + 1] = middle, top
        waiting += 2
    order: NDArray[np.int32] = city.lists[0].copy()
    return order
