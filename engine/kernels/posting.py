"""What units at posts cover together, and where so many units stand best (MEXCLP); `moving.py` says what moves change.

A set of demand that k units cover is served by one of them with probability 1 - q**k (Daskin 1983), where q is how much
of the time a unit is busy. So the (k + 1)th unit adds its weight times (1 - q) * q**k. Demand comes in layers: each
counts only the units that it accepts, and each set has the q of its neighbourhood (ReVelle and Hogan 1989).

Whole numbers throughout: weights in parts of ONE of all demand, probabilities too, so values are parts of ONE * ONE and
the same bytes come out everywhere. Posts that cover a set are listed (CSR), so the change of *every* move s -> j comes
from one pass over the sets.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

ONE: Final = 1 << 30
"""All demand; certainty."""
BARRED: Final = -(1 << 62)
"""Below the score of any move that is allowed."""


class Sets(NamedTuple):
    """Demand as sets of points that the same posts cover, layer after layer.

    weight: int64[S], at most ONE together; first: int64[L + 1], the sets of layer l are first[l]:first[l + 1]; begin:
    int64[S + 1] and post: int32[...], the posts that cover set s are post[begin[s]:begin[s + 1]]; posts: how many there
    are. The busy fraction of set s is busy[which[s]]: busy: int64[B], permille; which: int32[S].
    """

    weight: NDArray[np.int64]
    first: NDArray[np.int64]
    begin: NDArray[np.int64]
    post: NDArray[np.int32]
    busy: NDArray[np.int64]
    which: NDArray[np.int32]
    posts: int


class Room(NamedTuple):
    """By post: how many units it may hold, and how many it is to keep: int32[p] each."""

    capacity: NDArray[np.int32]
    minimum: NDArray[np.int32]


@helper
def _added(busy: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return (1 - q) * q**k in parts of ONE for each q and k = 0 ... most, int64[B, most + 1]."""
    added = np.zeros((len(busy), most + 1), np.int64)
    for b in range(len(busy)):
        share = np.int64(ONE) * (1000 - busy[b]) // 1000
        for k in range(most + 1):
            added[b, k] = share
            share = share * busy[b] // 1000
    return added


@helper
def _standing(layer: int, unit_post: NDArray[np.int32], accepts: NDArray[np.int64], posts: int) -> NDArray[np.int64]:
    """Return how many units of the layer stand at each post."""
    here = np.zeros(posts, np.int64)
    for u in range(len(unit_post)):
        if accepts[u] >> layer & 1:
            here[unit_post[u]] += 1
    return here


@kernel
def shares(busy: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return (1 - q) * q**k in parts of ONE for each q and k = 0, 1, …, int64[B, k]: up to `most`.

    It ends sooner where nothing is added any more by any q: its last column is then zero, as all after it would be.
    """
    deepest = 0
    for b in range(len(busy)):
        k, share = 0, np.int64(ONE) * (1000 - busy[b]) // 1000
        while share > 0 and k < most:
            share = share * busy[b] // 1000
            k += 1
        deepest = max(deepest, k)
    return _added(busy, deepest)


@kernel
def list_posts(cover: NDArray[np.uint8], begin: NDArray[np.int64], out: NDArray[np.int32]) -> None:
    """Write to out[begin[s]:begin[s + 1]], int32, the posts that cover set s, rising. cover: uint8[p, n]; begin: int64[n + 1]."""
    place = begin[:-1].copy()
    for j in range(cover.shape[0]):
        for s in range(cover.shape[1]):
            if cover[j, s] != 0:
                out[place[s]] = j
                place[s] += 1


@kernel
def covered(sets: Sets, unit_post: NDArray[np.int32], accepts: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """Write to out[l], int64[L], what the units cover of layer l, in parts of ONE * ONE.

    unit_post: int32[m], where each stands; accepts: int64[m], bit l is set where layer l accepts the unit.
    """
    count, most = np.empty(len(sets.weight), np.int64), 0
    for layer in range(len(sets.first) - 1):
        here = _standing(layer, unit_post, accepts, sets.posts)
        for s in range(sets.first[layer], sets.first[layer + 1]):
            k = np.int64(0)
            for i in range(sets.begin[s], sets.begin[s + 1]):
                k += here[sets.post[i]]
            count[s], most = k, max(most, int(k))
    # What k units cover: all that was added up to the k-th.
    together = _added(sets.busy, most)
    for b in range(len(sets.busy)):
        total = np.int64(0)
        for deep in range(most + 1):
            share = together[b, deep]
            together[b, deep] = total
            total += share
    for layer in range(len(sets.first) - 1):
        value = np.int64(0)
        for s in range(sets.first[layer], sets.first[layer + 1]):
            value += sets.weight[s] * together[sets.which[s], count[s]]
        out[layer] = value


@helper
def _weigh_layer(
    sets: Sets,
    layer: int,
    added: NDArray[np.int64],
    here: NDArray[np.int64],
    stands: NDArray[np.bool_],
    comes: NDArray[np.int64],
    leaves: NDArray[np.int64],
    twice: NDArray[np.int64],
) -> None:
    """Add for one layer what a unit adds that comes to j, gives up that leaves s, and what both reckon of one set."""
    for s in range(sets.first[layer], sets.first[layer + 1]):
        k = np.int64(0)
        for i in range(sets.begin[s], sets.begin[s + 1]):
            k += here[sets.post[i]]
        more = sets.weight[s] * added[sets.which[s], k]
        less = sets.weight[s] * added[sets.which[s], k - 1] if k > 0 else np.int64(0)
        for i in range(sets.begin[s], sets.begin[s + 1]):
            source = sets.post[i]
            comes[source] += more
            if stands[source]:
                leaves[source] += less
                for j in range(sets.begin[s], sets.begin[s + 1]):
                    twice[source, sets.post[j]] += less - more


@kernel
def nested_order(sets: Sets, accepts: int, room: Room, then: int, out: NDArray[np.int32]) -> int:
    """Write to out, int32[n], the post that each further unit goes to; return how many find room.

    The first n of them are the posts of n units: a nested table, greedily made. Minimums come first, among themselves
    in the same order; then each unit goes where it adds most with the sets' own q. Where that adds nothing anywhere,
    or the same, what counts is what it adds with q = `then` permille, and then the lowest post. `accepts`: bits of the
    layers that count.
    """
    here = np.zeros(sets.posts, np.int64)
    adds, also = np.zeros(sets.posts, np.int64), np.zeros(sets.posts, np.int64)
    count = np.zeros(len(sets.weight), np.int64)
    added = _added(sets.busy, len(out))
    later = _added(np.full(len(sets.busy), then, np.int64), len(out))
    _begin_adding(sets, accepts, added, adds)
    _begin_adding(sets, accepts, later, also)
    for n in range(len(out)):
        owed = False
        for j in range(sets.posts):
            owed = owed or here[j] < min(room.minimum[j], room.capacity[j])
        best = -1
        for j in range(sets.posts):
            if here[j] >= room.capacity[j] or (owed and here[j] >= room.minimum[j]):
                continue
            if best < 0 or adds[j] > adds[best] or (adds[j] == adds[best] and also[j] > also[best]):
                best = j
        if best < 0:
            return n
        out[n] = best
        here[best] += 1
        _take_added(sets, accepts, best, added, later, count, adds, also)
    return len(out)


@helper
def _begin_adding(sets: Sets, accepts: int, added: NDArray[np.int64], adds: NDArray[np.int64]) -> None:
    """Write what the first unit adds at each post."""
    for layer in range(len(sets.first) - 1):
        if accepts >> layer & 1:
            for s in range(sets.first[layer], sets.first[layer + 1]):
                for i in range(sets.begin[s], sets.begin[s + 1]):
                    adds[sets.post[i]] += sets.weight[s] * added[sets.which[s], 0]


@helper
def _take_added(
    sets: Sets,
    accepts: int,
    post: int,
    added: NDArray[np.int64],
    later: NDArray[np.int64],
    count: NDArray[np.int64],
    adds: NDArray[np.int64],
    also: NDArray[np.int64],
) -> None:
    """Let a unit stand at the post: whatever it covers is worth less to the next one."""
    for layer in range(len(sets.first) - 1):
        if not accepts >> layer & 1:
            continue
        for s in range(sets.first[layer], sets.first[layer + 1]):
            covers = False
            for i in range(sets.begin[s], sets.begin[s + 1]):
                covers = covers or sets.post[i] == post
            if not covers:
                continue
            k, b = count[s], sets.which[s]
            count[s] += 1
            for i in range(sets.begin[s], sets.begin[s + 1]):
                adds[sets.post[i]] -= sets.weight[s] * (added[b, k] - added[b, k + 1])
                also[sets.post[i]] -= sets.weight[s] * (later[b, k] - later[b, k + 1])


@kernel
def improve(sets: Sets, accepts: int, room: Room, rounds: int, unit_post: NDArray[np.int32]) -> int:
    """Move one unit after the other, each time the best move of all, until none adds anything; return how many moved.

    unit_post: int32[m], changed in place; `accepts`: bits of the layers that count. At most `rounds` moves.
    """
    posts, added = sets.posts, _added(sets.busy, len(unit_post))
    here = np.zeros(posts, np.int64)
    for u in range(len(unit_post)):
        here[unit_post[u]] += 1
    for moved in range(rounds):
        comes, leaves = np.zeros(posts, np.int64), np.zeros(posts, np.int64)
        gain = np.zeros((posts, posts), np.int64)
        stands = here > 0
        for layer in range(len(sets.first) - 1):
            if accepts >> layer & 1:
                _weigh_layer(sets, layer, added, here, stands, comes, leaves, gain)
        best, source, target = np.int64(0), -1, -1
        for s in range(posts):
            if here[s] == 0 or here[s] <= room.minimum[s]:
                continue
            for j in range(posts):
                if here[j] < room.capacity[j] and j != s and gain[s, j] + comes[j] - leaves[s] > best:
                    best, source, target = gain[s, j] + comes[j] - leaves[s], s, j
        if source < 0:
            return moved
        here[source] -= 1
        here[target] += 1
        for u in range(len(unit_post)):
            if unit_post[u] == source:
                unit_post[u] = target
                break
    return rounds
