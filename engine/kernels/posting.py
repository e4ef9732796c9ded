"""What units at posts cover together, what each move would change, and where so many units stand best (MEXCLP).

A set of demand that k units cover is served by one of them with probability 1 - q**k (Daskin 1983), where q is how much
of the time a unit is busy. So the (k + 1)th unit adds its weight times (1 - q) * q**k. Demand comes in layers: each
counts only the units that it accepts, and each set has the q of its neighbourhood (ReVelle and Hogan 1989).

Whole numbers throughout: weights in parts of ONE of all demand, probabilities too, so values are parts of ONE * ONE and
the same bytes come out everywhere. Posts that cover a set are listed (CSR), so the change of *every* move s -> j comes
from one pass: what j adds, less what s gives up, plus what was reckoned twice where both cover a set.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

ONE: Final = 1 << 30
"""All demand; certainty."""
BARRED: Final = -(1 << 62)
"""The score of a move that is not allowed."""


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
def covered(sets: Sets, unit_post: NDArray[np.int32], accepts: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """Write to out[l], int64[L], what the units cover of layer l, in parts of ONE * ONE.

    unit_post: int32[m], where each stands; accepts: int64[m], bit l is set where layer l accepts the unit.
    """
    added = _added(sets.busy, len(unit_post))
    for layer in range(len(sets.first) - 1):
        here = _standing(layer, unit_post, accepts, sets.posts)
        total = np.int64(0)
        for s in range(sets.first[layer], sets.first[layer + 1]):
            k = np.int64(0)
            for i in range(sets.begin[s], sets.begin[s + 1]):
                k += here[sets.post[i]]
            for one in range(k):
                total += sets.weight[s] * added[sets.which[s], one]
        out[layer] = total


@kernel
def weigh_moves(
    sets: Sets,
    unit_post: NDArray[np.int32],
    accepts: NDArray[np.int64],
    kinds: NDArray[np.int64],
    gain: NDArray[np.int64],
    leaves: NDArray[np.int64],
) -> None:
    """Write to gain[c, s, j], int64[C, p, p], what a unit of kind c adds that goes from post s to j: parts of ONE * ONE.

    unit_post: int32[m] and accepts: int64[m] as in `covered`; kinds: int64[C], the distinct values of `accepts`.
    leaves[c, s], int64[C, p], is what is lost where it leaves s for nowhere. Only posts s where a unit of kind c stands
    have an entry; all others are zero.
    """
    gain[:], leaves[:] = 0, 0
    comes = np.zeros((len(kinds), sets.posts), np.int64)
    stands = np.zeros((len(kinds), sets.posts), np.bool_)
    for u in range(len(unit_post)):
        for c in range(len(kinds)):
            if kinds[c] == accepts[u]:
                stands[c, unit_post[u]] = True
    added = _added(sets.busy, len(unit_post))
    for layer in range(len(sets.first) - 1):
        here = _standing(layer, unit_post, accepts, sets.posts)
        for c in range(len(kinds)):
            if kinds[c] >> layer & 1:
                _weigh_layer(sets, layer, added, here, stands[c], comes[c], leaves[c], gain[c])
    for c in range(len(kinds)):
        for s in range(sets.posts):
            if stands[c, s]:
                for j in range(sets.posts):
                    gain[c, s, j] += comes[c, j] - leaves[c, s]


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
def tell_moves(
    sets: Sets,
    unit_post: NDArray[np.int32],
    accepts: NDArray[np.int64],
    movers: NDArray[np.int64],
    targets: NDArray[np.int32],
    out: NDArray[np.int64],
) -> None:
    """Write to out[n], int64[N, 3], of the n-th move, those before it made: cover before it, after it, and what was bare.

    unit_post, accepts: int64[m] as in `covered`; movers: int64[N], units; targets: int32[N], posts. Cover is that of the
    layers which accept the unit, in parts of ONE * ONE; bare is the weight of their sets that the target covers and no
    other unit does, in parts of ONE.
    """
    first, held, layer_of = _by_post(sets)
    count = np.zeros(len(sets.weight), np.int64)
    value = np.zeros(len(sets.first) - 1, np.int64)
    added = _added(sets.busy, len(unit_post))
    post = unit_post.copy()
    for u in range(len(post)):
        _come(post[u], accepts[u], sets, first, held, layer_of, added, count, value)
    for n in range(len(movers)):
        bits = accepts[movers[n]]
        out[n, 0] = _of_layers(bits, value)
        for i in range(first[post[movers[n]]], first[post[movers[n]] + 1]):
            s = held[i]
            if bits >> layer_of[s] & 1:
                count[s] -= 1
                value[layer_of[s]] -= sets.weight[s] * added[sets.which[s], count[s]]
        post[movers[n]] = targets[n]
        out[n, 2] = _come(targets[n], bits, sets, first, held, layer_of, added, count, value)
        out[n, 1] = _of_layers(bits, value)


@helper
def _by_post(sets: Sets) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the sets of each post, held[first[j]:first[j + 1]], and the layer of each set."""
    first = np.zeros(sets.posts + 2, np.int64)
    for post in sets.post:
        first[post + 2] += 1
    for j in range(2, len(first)):
        first[j] += first[j - 1]
    held, layer_of = np.empty(len(sets.post), np.int64), np.empty(len(sets.weight), np.int64)
    for layer in range(len(sets.first) - 1):
        for s in range(sets.first[layer], sets.first[layer + 1]):
            layer_of[s] = layer
            for i in range(sets.begin[s], sets.begin[s + 1]):
                held[first[sets.post[i] + 1]] = s
                first[sets.post[i] + 1] += 1
    return first, held, layer_of


@helper
def _come(
    post: int,
    bits: int,
    sets: Sets,
    first: NDArray[np.int64],
    held: NDArray[np.int64],
    layer_of: NDArray[np.int64],
    added: NDArray[np.int64],
    count: NDArray[np.int64],
    value: NDArray[np.int64],
) -> int:
    """Let a unit come to the post; return the weight of what nobody covered before."""
    bare = np.int64(0)
    for i in range(first[post], first[post + 1]):
        s = held[i]
        if bits >> layer_of[s] & 1:
            bare += sets.weight[s] if count[s] == 0 else 0
            value[layer_of[s]] += sets.weight[s] * added[sets.which[s], count[s]]
            count[s] += 1
    return int(bare)


@helper
def _of_layers(bits: int, value: NDArray[np.int64]) -> int:
    total = np.int64(0)
    for layer in range(len(value)):
        if bits >> layer & 1:
            total += value[layer]
    return int(total)


@kernel
def best_move(
    gain: NDArray[np.int64],
    whole: NDArray[np.int64],
    kind: NDArray[np.int32],
    unit_post: NDArray[np.int32],
    to_post_ms: NDArray[np.int32],
    may_move: NDArray[np.uint8],
    room: Room,
    per_minute: int,
    per_move: int,
    drive_ms_max: int,
    scores: NDArray[np.int64],
) -> int:
    """Return u * p + j of the move with the best score above zero, -1 if there is none; ties to the lowest of these.

    gain: int64[C, p, p] from `weigh_moves`; whole: int64[C], the weight of all demand of a kind, in parts of ONE; kind,
    unit_post: int32[m]; to_post_ms: int32[m, p], -1 for no way; may_move: uint8[m]. The score of u -> j is its gain in
    parts per billion of its kind's demand less `per_minute` for each minute of the drive and `per_move`, both in parts
    per billion. Moves that are not allowed (no room, a donor at its minimum, too far) are BARRED. scores:
    int64[m, p].
    """
    units, posts = to_post_ms.shape
    here = np.zeros(posts, np.int64)
    for u in range(units):
        here[unit_post[u]] += 1
    best, at = np.int64(0), -1
    for u in range(units):
        s, c = unit_post[u], kind[u]
        bound = may_move[u] == 0 or here[s] <= room.minimum[s]
        for j in range(posts):
            drive_ms = np.int64(to_post_ms[u, j])
            if bound or j == s or drive_ms < 0 or drive_ms > drive_ms_max or here[j] >= room.capacity[j]:
                scores[u, j] = BARRED
                continue
            scores[u, j] = _billionths(gain[c, s, j], whole[c]) - per_minute * drive_ms // 60_000 - per_move
            if scores[u, j] > best:
                best, at = scores[u, j], u * posts + j
    return at


@helper
def _billionths(value: int, whole: int) -> int:
    """Return the value, in parts of ONE * ONE, in parts per billion of `whole` parts of ONE."""
    return (value >> 30) * 1_000_000_000 // whole if whole > 0 else 0


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
