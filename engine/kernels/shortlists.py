"""The cheapest crews for each kind of slot: one pass over the classes that fit, one comparison a seat.

A **look** is what all kinds of an incident share: time, delay and price of each seat added up, and of every block of
seats the least. A rare capability is looked up by its classes; where half the pool fits, only those blocks are opened
whose least beats the bar.

The **bar** is the dearest unit kept so far. A kind keeps as many units as it was told to, each as one whole number that
holds cost and seat, in order. A seat is compared with the bar by its look alone, plus the least that being late and its
penalty can add: less than its cost, so nobody is passed over wrongly.

A crew is listed once, with the first of its units. Nobody left out costs less than the last unit that was kept: that is
the list's `cut`.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.market import BARRED, Kinds, Lists, Pool

UNCUT: Final = 2**62
"""The `cut` of a list that leaves nobody out."""
BLOCK: Final = 64
_SHIFT: Final = 32
_SEAT: Final = 2**32 - 1
_NOBODY: Final = BARRED << _SHIFT


class _Look(NamedTuple):
    """One incident at one price. plain_ms: int32[n], delay + travel + price, BARRED = never; least_ms: of each block."""

    eta_ms: NDArray[np.int32]
    plain_ms: NDArray[np.int32]
    least_ms: NDArray[np.int32]


class _Lateness(NamedTuple):
    """Of the kind in hand. sure_ms: what being late adds at least, to any seat."""

    target_ms: int
    percent: int
    sure_ms: int


class _Fit(NamedTuple):
    """class_of: int32[n], by seat; penalty_ms: int32[C], of each class for the kind in hand, -1 = does not fit."""

    class_of: NDArray[np.int32]
    penalty_ms: NDArray[np.int32]


@helper
def _look_at(
    times_ms: NDArray[np.int32], prices_ms: NDArray[np.int32], delay_ms: NDArray[np.int32], look: _Look
) -> None:
    """Fill the look. Two plain loops, which the compiler turns into eight seats at a time."""
    for seat in range(len(delay_ms)):
        never = (times_ms[seat] < 0) | (prices_ms[seat] == BARRED)
        eta_ms = np.int32(times_ms[seat] + delay_ms[seat])
        look.eta_ms[seat] = eta_ms
        look.plain_ms[seat] = np.int32(BARRED) if never else np.int32(eta_ms + prices_ms[seat])
    for block in range(len(look.least_ms)):
        least_ms = np.int32(BARRED)
        for seat in range(block * BLOCK, min((block + 1) * BLOCK, len(delay_ms))):
            least_ms = min(least_ms, look.plain_ms[seat])
        look.least_ms[block] = least_ms


@helper
def _offer(seat: np.uint32, plain_ms: int, eta_ms: int, lateness: _Lateness, best: NDArray[np.int64]) -> None:
    """Let the seat take its place in `best`, whose last falls out. Without a branch: nobody can guess where it goes."""
    late_ms = max(0, eta_ms - lateness.target_ms) * lateness.percent // 100
    entry = ((plain_ms + late_ms) << _SHIFT) + np.int64(seat)
    for i in range(len(best)):
        held = best[np.uint64(i)]
        best[np.uint64(i)] = min(held, entry)
        entry = max(held, entry)


@helper
def _bar(rest_ms: int, best: NDArray[np.int64]) -> int:
    """Return what a seat's look must be below, where `rest_ms` more is the least that is added to it."""
    return int(min(BARRED, (best[np.uint64(len(best) - 1)] >> _SHIFT) - rest_ms + 1))


@helper
def _by_class(kind: int, lateness: _Lateness, look: _Look, pool: Pool, kinds: Kinds, best: NDArray[np.int64]) -> None:
    """Offer the seats of each class that fits."""
    for f in range(kinds.first[kind], kinds.first[kind + 1]):
        penalty_ms = int(kinds.penalty_ms[f])
        bar = _bar(lateness.sure_ms + penalty_ms, best)
        for m in range(pool.start[kinds.fit[f]], pool.start[kinds.fit[f] + 1]):
            seat = np.uint32(pool.member[m])  # unsigned: an index that needs no look at its sign
            if look.plain_ms[seat] < bar:
                _offer(seat, look.plain_ms[seat] + penalty_ms, look.eta_ms[seat], lateness, best)
                bar = _bar(lateness.sure_ms + penalty_ms, best)


@helper
def _by_block(kind: int, lateness: _Lateness, look: _Look, fit: _Fit, kinds: Kinds, best: NDArray[np.int64]) -> None:
    """Offer the seats of the blocks that hold one cheap enough, if their class fits."""
    fit.penalty_ms[:] = -1
    least_ms = int(BARRED)
    for f in range(kinds.first[kind], kinds.first[kind + 1]):
        known_ms = fit.penalty_ms[kinds.fit[f]]
        fit.penalty_ms[kinds.fit[f]] = kinds.penalty_ms[f] if known_ms < 0 else min(known_ms, kinds.penalty_ms[f])
        least_ms = min(least_ms, int(kinds.penalty_ms[f]))
    bar = int(BARRED)
    for block in range(len(look.least_ms)):
        if look.least_ms[block] >= bar:
            continue
        for i in range(block * BLOCK, min((block + 1) * BLOCK, len(look.plain_ms))):
            seat = np.uint32(i)
            if look.plain_ms[seat] < bar and fit.penalty_ms[fit.class_of[seat]] >= 0:
                _offer(
                    seat, look.plain_ms[seat] + fit.penalty_ms[fit.class_of[seat]], look.eta_ms[seat], lateness, best
                )
                bar = _bar(lateness.sure_ms + least_ms, best)


@helper
def _scan(kind: int, look: _Look, fit: _Fit, pool: Pool, kinds: Kinds, best: NDArray[np.int64]) -> None:
    """Fill `best` with the cheapest units, _NOBODY at its end if there are fewer."""
    best[:] = _NOBODY
    target_ms, percent = kinds.target_ms[kind], kinds.late_percent[kind]
    lateness = _Lateness(target_ms, percent, max(0, -target_ms) * percent // 100)
    fitting = 0
    for f in range(kinds.first[kind], kinds.first[kind + 1]):
        fitting += pool.start[kinds.fit[f] + 1] - pool.start[kinds.fit[f]]
    if 2 * fitting > len(look.plain_ms):
        _by_block(kind, lateness, look, fit, kinds, best)
    else:
        _by_class(kind, lateness, look, pool, kinds, best)


@helper
def _write(kind: int, weight: int, pool: Pool, best: NDArray[np.int64], lists: Lists, met: NDArray[np.int32]) -> None:
    """List the crews of `best`. met: by crew, where in this list it is; believed only if the list says so too."""
    begin = end = lists.begin[kind]
    size = 0
    while size < len(best) and best[size] < _NOBODY:
        seat = best[size] & _SEAT
        crew = pool.crew[seat]
        if not (begin <= met[crew] < end and lists.crew[met[crew]] == crew):
            met[crew] = end
            lists.seat[end] = seat
            lists.crew[end] = crew
            lists.cost[end] = (best[size] >> _SHIFT) * weight
            end += 1
        size += 1
    lists.end[kind] = end
    lists.cut[kind] = UNCUT if size < len(best) else (best[size - 1] >> _SHIFT) * weight


@helper
def _with_room(lengths: NDArray[np.int64], old: Lists) -> Lists:
    """Copy the lists, with room behind them for the new ones."""
    size = len(old.seat)
    total = size + lengths.sum()
    lists = Lists(
        old.begin.copy(),
        old.end.copy(),
        old.cut.copy(),
        np.empty(total, np.int32),
        np.empty(total, np.int32),
        np.empty(total, np.int64),
    )
    lists.seat[:size], lists.crew[:size], lists.cost[:size] = old.seat, old.crew, old.cost
    for kind in range(len(lengths)):
        if lengths[kind] > 0:
            lists.begin[kind] = size
            size += lengths[kind]
    return lists


@kernel
def shortlist(
    times_ms: NDArray[np.int32],
    prices_ms: NDArray[np.int32],
    pool: Pool,
    kinds: Kinds,
    crews: int,
    lengths: NDArray[np.int64],
    old: Lists,
) -> Lists:
    """Return the lists with new ones, of that many of the cheapest units, for each kind q with lengths[q] > 0.

    lengths: int64[Q]; times_ms, prices_ms, pool, kinds: see `engine.kernels.match.match`; crew numbers are below
    `crews`.
    """
    lists = _with_room(lengths, old)
    n = len(pool.row)
    look = _Look(np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n + BLOCK - 1) // BLOCK, np.int32))
    fit = _Fit(np.empty(n, np.int32), np.empty(len(pool.start) - 1, np.int32))
    for number in range(len(pool.start) - 1):
        for m in range(pool.start[number], pool.start[number + 1]):
            fit.class_of[np.uint32(pool.member[m])] = number
    met = np.empty(crews, np.int32)
    best = np.empty(lengths.max() if len(lengths) > 0 else 0, np.int64)
    times = prices = -1
    for kind in range(len(lengths)):
        if lengths[kind] == 0:
            continue
        if kinds.times[kind] != times or kinds.prices[kind] != prices:
            times, prices = kinds.times[kind], kinds.prices[kind]
            _look_at(times_ms[times], prices_ms[prices], pool.delay_ms, look)
        _scan(kind, look, fit, pool, kinds, best[: lengths[kind]])
        _write(kind, kinds.weight[kind], pool, best[: lengths[kind]], lists, met)
    return lists
