"""Who serves which call, and when, if all calls are known: insertion, then rounds of taking out and putting back.

After the large neighbourhood search of Shaw 1998 ("Using constraint programming and local search methods to solve vehicle
routing problems") with the insertion of Solomon 1987. A unit that comes free at a hospital
when the next call is known goes straight there; else it drives to the post from which it will be there soonest, and leaves
that once the call is known.

Each unit has a route, its calls in order; each call a latest arrival that no later insertion may break: its due time once it
is in time, else what it was given. So nobody who is in time is sacrificed but in a round, which is undone if more are late.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

NEVER: Final = 1 << 60
DEEP: Final = 6
"""Places of a route looked at for a call that is to be in time: those before could only make it wait longer."""


class Calls(NamedTuple):
    """n calls by the time they are known; P posts, H hospitals. Wide numbers, 1 << 40 or more where there is no way."""

    known_ms: NDArray[np.int64]
    due_ms: NDArray[np.int64]
    high: NDArray[np.bool_]
    work_ms: NDArray[np.int64]
    end: NDArray[np.int32]
    post_ms: NDArray[np.int64]
    hospital_ms: NDArray[np.int64]
    home_ms: NDArray[np.int64]


class Routes(NamedTuple):
    """m units: unit u serves stop[u, :size[u]] in order. `arrive_ms` and `limit_ms` by call; NEVER: not served yet."""

    stop: NDArray[np.int32]
    size: NDArray[np.int64]
    arrive_ms: NDArray[np.int64]
    limit_ms: NDArray[np.int64]


@helper
def _arrival(calls: Calls, before: int, clear_ms: int, call: int) -> int:
    """Return when a unit that came free after the call `before` (-1: it stands at any post) is at the next call."""
    known, soonest = calls.known_ms[call], np.int64(NEVER)
    if before >= 0 and calls.end[before] >= 0 and clear_ms >= known:
        soonest = clear_ms + calls.hospital_ms[calls.end[before], call]
    for post in range(len(calls.post_ms)):
        there = known if before < 0 else max(clear_ms + calls.home_ms[post, before], known)
        soonest = min(soonest, there + calls.post_ms[post, call])
    return int(soonest)


@helper
def _after(calls: Calls, routes: Routes, unit: int, at: int, call: int) -> int:
    """Return when the call is reached from the stop in front of place `at` of the unit's route."""
    if at == 0:
        return _arrival(calls, -1, 0, call)
    before = routes.stop[unit, at - 1]
    return _arrival(calls, before, routes.arrive_ms[before] + calls.work_ms[before], call)


@helper
def _fits(calls: Calls, routes: Routes, unit: int, at: int, call: int, arrive_ms: int) -> bool:
    """Tell whether all that follow are still within their limits if the call is served first."""
    before, clear_ms = call, arrive_ms + calls.work_ms[call]
    for place in range(at, routes.size[unit]):
        other = routes.stop[unit, place]
        there = _arrival(calls, before, clear_ms, other)
        if there > routes.limit_ms[other]:
            return False
        if there == routes.arrive_ms[other]:
            return True
        before, clear_ms = other, there + calls.work_ms[other]
    return True


@helper
def _settle(calls: Calls, routes: Routes, unit: int, at: int, until: int) -> None:
    """Write the arrivals of the route anew from place `at`: at least to `until`, and as long as they change."""
    for place in range(at, routes.size[unit]):
        call = routes.stop[unit, place]
        there = _after(calls, routes, unit, place, call)
        same = there == routes.arrive_ms[call]
        routes.arrive_ms[call] = there
        if same and place >= until:
            return


@helper
def _put(calls: Calls, routes: Routes, unit: int, at: int, call: int) -> None:
    for place in range(routes.size[unit], at, -1):
        routes.stop[unit, place] = routes.stop[unit, place - 1]
    routes.stop[unit, at] = call
    routes.size[unit] += 1
    _settle(calls, routes, unit, at, at + 1)


@helper
def _first_after(routes: Routes, unit: int, ms: int) -> int:
    """Return the first place of the route whose arrival is later."""
    low, high = 0, routes.size[unit]
    while low < high:
        middle = (low + high) // 2
        if routes.arrive_ms[routes.stop[unit, middle]] > ms:
            high = middle
        else:
            low = middle + 1
    return low


@helper
def _insert_in_time(calls: Calls, routes: Routes, call: int) -> bool:
    """Serve the call where it is reached soonest, if that is in time and everybody else stays within their limits."""
    best, best_unit, best_at = calls.due_ms[call] + 1, -1, -1
    for unit in range(len(routes.size)):
        last = _first_after(routes, unit, calls.due_ms[call])
        for at in range(last, max(-1, last - DEEP), -1):
            there = _after(calls, routes, unit, at, call)
            if there < best and _fits(calls, routes, unit, at, call, there):
                best, best_unit, best_at = there, unit, at
    if best_unit < 0:
        return False
    routes.limit_ms[call] = calls.due_ms[call]
    _put(calls, routes, best_unit, best_at, call)
    return True


@helper
def _insert_soon(calls: Calls, routes: Routes, call: int, patience_ms: int) -> None:
    """Serve the call as soon as that makes nobody else break a limit: at the end of some route it always can be."""
    best, best_unit, best_at = int(NEVER), -1, -1
    for unit in range(len(routes.size)):
        for at in range(max(0, _first_after(routes, unit, calls.known_ms[call]) - 1), routes.size[unit] + 1):
            there = _after(calls, routes, unit, at, call)
            if there < best and _fits(calls, routes, unit, at, call, there):
                best, best_unit, best_at = there, unit, at
            if at < routes.size[unit] and routes.arrive_ms[routes.stop[unit, at]] >= best:
                break
    if best_unit >= 0:
        routes.limit_ms[call] = max(best, calls.known_ms[call] + patience_ms)
        _put(calls, routes, best_unit, best_at, call)


@helper
def _insert(calls: Calls, routes: Routes, order: NDArray[np.int64], patience_ms: int) -> None:
    """Serve these calls: the high ones in time where that goes, in this order; then all others soon."""
    for call in order:
        if calls.high[call] and routes.arrive_ms[call] == NEVER:
            _insert_in_time(calls, routes, call)
    for call in order:
        if routes.arrive_ms[call] == NEVER:
            _insert_soon(calls, routes, call, patience_ms)


@helper
def _take_out(calls: Calls, routes: Routes, first: int, last: int) -> None:
    """Take the calls first to last - 1 off all routes."""
    for unit in range(len(routes.size)):
        kept, touched, end = 0, -1, 0
        for place in range(routes.size[unit]):
            call = routes.stop[unit, place]
            if first <= call < last:
                touched = kept if touched < 0 else touched
                end = kept
                routes.arrive_ms[call] = routes.limit_ms[call] = NEVER
            else:
                routes.stop[unit, kept] = call
                kept += 1
        routes.size[unit] = kept
        if touched >= 0:
            _settle(calls, routes, unit, touched, end)


@helper
def _score(calls: Calls, routes: Routes, patience_ms: int) -> tuple[int, int]:
    """Return how many high calls are late, and how long all others wait together, waits beyond the patience thrice."""
    late, waits = 0, 0
    for call in range(len(calls.known_ms)):
        wait = routes.arrive_ms[call] - calls.known_ms[call]
        if calls.high[call] and routes.arrive_ms[call] > calls.due_ms[call]:
            late += 1
        elif not calls.high[call]:
            waits += wait + 2 * max(0, wait - patience_ms)
    return late, waits


@kernel
def schedule(calls: Calls, routes: Routes, patience_ms: int, wide: int, draws: NDArray[np.int64]) -> None:
    """Fill the routes so that few high calls are late; `draws` int64[r]: a whole number >= 0 for each round.

    Routes come in empty: size 0, arrivals and limits NEVER, stop int32[m, n]. A round takes out `wide` calls about one that
    is late, and puts them back in an order turned by its draw; it is undone if more are late, or as many and others wait
    longer. `patience_ms`: how long after being known a call that is not in time may be kept by those put in later.
    """
    count = len(calls.known_ms)
    _insert(calls, routes, np.arange(count), patience_ms)
    late, waits = _score(calls, routes, patience_ms)
    for draw in draws:
        if late == 0:
            return
        wanted, seen = draw % late, 0
        for call in range(count):
            if calls.high[call] and routes.arrive_ms[call] > calls.due_ms[call]:
                if seen == wanted:
                    break
                seen += 1
        first = max(0, call - wide // 2)
        last = min(count, first + wide)
        old = Routes(routes.stop.copy(), routes.size.copy(), routes.arrive_ms.copy(), routes.limit_ms.copy())
        _take_out(calls, routes, first, last)
        turn = draw // max(1, late) % (last - first)
        order = np.arange(first, last)
        order = np.concatenate((np.array([call]), order[turn:], order[:turn]))
        _insert(calls, routes, order, patience_ms)
        now_late, now_waits = _score(calls, routes, patience_ms)
        if now_late < late or (now_late == late and now_waits <= waits):
            late, waits = now_late, now_waits
        else:
            routes.stop[:], routes.size[:] = old.stop, old.size
            routes.arrive_ms[:], routes.limit_ms[:] = old.arrive_ms, old.limit_ms
