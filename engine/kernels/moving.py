"""What moves between posts add to cover, kept up from move to move, and the best of all moves.

A move s -> j adds what a unit adds at j, less what it gives up at s, plus what was reckoned twice where both cover a set
(`posting.py` says what cover is). The first two are one number for each post and layer, and a move that is made changes
them only round its two ends. The third is found for one post at a time, against all others: it is the same either way.
So the best of all moves needs no table of all of them: no move to j is worth more than what a unit adds there, and posts
are looked at in that order until no other can matter.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel
from engine.kernels.posting import BARRED, Room, Sets


class Standing(NamedTuple):
    """Where a moment's units stand, as cover sees it.

    added: int64[B, k] from `posting.shares`; first: int64[p + 2], held: int64[...], the sets of post j in rising order are
    held[first[j]:first[j + 1]]; layer: int64[S], of each set. covering: int64[S], the units that cover the set; comes and
    leaves: int64[L, p], what one more unit adds at a post to a layer, and what one fewer takes away.
    """

    added: NDArray[np.int64]
    first: NDArray[np.int64]
    held: NDArray[np.int64]
    layer: NDArray[np.int64]
    covering: NDArray[np.int64]
    comes: NDArray[np.int64]
    leaves: NDArray[np.int64]


class Terms(NamedTuple):
    """What a move costs, in parts per billion: for each minute of the drive, and for itself; and the longest drive."""

    per_minute: int
    per_move: int
    drive_ms_max: int


@kernel
def take_stand(sets: Sets, unit_post: NDArray[np.int32], accepts: NDArray[np.int64], standing: Standing) -> None:
    """Fill in all of `standing` but `added`. unit_post: int32[m], accepts: int64[m] as in `posting.covered`."""
    _list_by_post(sets, standing)
    standing.comes[:], standing.leaves[:] = 0, 0
    for layer in range(len(sets.first) - 1):
        here = np.zeros(sets.posts, np.int64)
        for u in range(len(unit_post)):
            here[unit_post[u]] += accepts[u] >> layer & 1
        for s in range(sets.first[layer], sets.first[layer + 1]):
            k = np.int64(0)
            for i in range(sets.begin[s], sets.begin[s + 1]):
                k += here[sets.post[i]]
            standing.covering[s] = k
            _reckon(sets, standing, s, 1)


@helper
def _list_by_post(sets: Sets, standing: Standing) -> None:
    """List the sets of each post, and the layer of each set."""
    first = standing.first
    first[:] = 0
    for post in sets.post:
        first[post + 2] += 1
    for j in range(2, len(first)):
        first[j] += first[j - 1]
    for layer in range(len(sets.first) - 1):
        for s in range(sets.first[layer], sets.first[layer + 1]):
            standing.layer[s] = layer
            for i in range(sets.begin[s], sets.begin[s + 1]):
                standing.held[first[sets.post[i] + 1]] = s
                first[sets.post[i] + 1] += 1


@helper
def _more(sets: Sets, standing: Standing, s: int) -> int:
    """Return what one more unit adds to the set."""
    k = min(standing.covering[s], standing.added.shape[1] - 1)
    return sets.weight[s] * standing.added[sets.which[s], k]  # type: ignore[no-any-return]  # numba's int64


@helper
def _less(sets: Sets, standing: Standing, s: int) -> int:
    """Return what one unit fewer takes away from the set."""
    if standing.covering[s] == 0:
        return 0
    k = min(standing.covering[s] - 1, standing.added.shape[1] - 1)
    return sets.weight[s] * standing.added[sets.which[s], k]  # type: ignore[no-any-return]  # numba's int64


@helper
def _reckon(sets: Sets, standing: Standing, s: int, sign: int) -> None:
    """Count the set in at all posts that cover it, or out again."""
    layer, more, less = standing.layer[s], sign * _more(sets, standing, s), sign * _less(sets, standing, s)
    for i in range(sets.begin[s], sets.begin[s + 1]):
        standing.comes[layer, sets.post[i]] += more
        standing.leaves[layer, sets.post[i]] += less


@kernel
def make_move(sets: Sets, standing: Standing, accepts: int, source: int, target: int) -> None:
    """Let a unit, accepted by the layers of these bits, go from one post to the other."""
    for post, change in ((source, -1), (target, 1)):
        for i in range(standing.first[post], standing.first[post + 1]):
            s = standing.held[i]
            if accepts >> standing.layer[s] & 1:
                _reckon(sets, standing, s, -1)
                standing.covering[s] += change
                _reckon(sets, standing, s, 1)


@kernel
def gains_from(sets: Sets, standing: Standing, accepts: int, source: int, out: NDArray[np.int64]) -> None:
    """Write to out[j], int64[p], what a unit adds that goes from the source, where it stands, to post j: parts of ONE * ONE."""
    _twice(sets, standing, accepts, source, out)
    for layer in range(len(standing.comes)):
        if accepts >> layer & 1:
            for j in range(sets.posts):
                out[j] += standing.comes[layer, j] - standing.leaves[layer, source]


@helper
def _twice(sets: Sets, standing: Standing, accepts: int, post: int, out: NDArray[np.int64]) -> None:
    """Write what leaving one of two posts and coming to the other both reckon of the sets that both cover."""
    out[:] = 0
    for i in range(standing.first[post], standing.first[post + 1]):
        s = standing.held[i]
        if accepts >> standing.layer[s] & 1:
            both = _less(sets, standing, s) - _more(sets, standing, s)
            for j in range(sets.begin[s], sets.begin[s + 1]):
                out[sets.post[j]] += both


@kernel
def best_moves(
    sets: Sets,
    standing: Standing,
    kinds: NDArray[np.int64],
    whole: NDArray[np.int64],
    kind: NDArray[np.int32],
    unit_post: NDArray[np.int32],
    to_post_ms: NDArray[np.int32],
    may_move: NDArray[np.uint8],
    room: Room,
    terms: Terms,
    least: int,
    best: NDArray[np.int64],
    scores: NDArray[np.int64],
) -> int:
    """Write the best moves to best, int64[n], as u * p + j, and their scores, int64[n]; return how many there are.

    The highest score comes first, of equals the lowest number; those that score no more than `least` are none. kinds:
    int64[C], bits of the layers that accept them; whole: int64[C], the weight of all demand of a kind, in parts of ONE;
    kind, unit_post: int32[m]; to_post_ms: int32[m, p], -1 for no way; may_move: uint8[m]. The score of u -> j is its gain
    in parts per billion of its kind's demand less what `terms` say of the drive and the move. A move that is not
    allowed (no room, a donor at its minimum, too far) is none.
    """
    posts, found = sets.posts, 0
    here, first, members = _by_kind(len(kinds), posts, kind, unit_post, may_move, room)
    comes, leaves = np.zeros((len(kinds), posts), np.int64), np.zeros((len(kinds), posts), np.int64)
    for c in range(len(kinds)):
        for layer in range(len(standing.comes)):
            if kinds[c] >> layer & 1:
                comes[c] += standing.comes[layer]
                leaves[c] += standing.leaves[layer]
    bound = np.empty(len(kinds) * posts, np.int64)
    for c in range(len(kinds)):
        for j in range(posts):
            nobody = first[c] == first[c + 1] or here[j] >= room.capacity[j]
            bound[c * posts + j] = BARRED if nobody else _billionths(comes[c, j], whole[c]) - terms.per_move
    twice = np.empty(posts, np.int64)
    for pair in np.argsort(-bound):
        if bound[pair] <= least or (found == len(best) and bound[pair] < scores[found - 1]):
            break
        c, j = pair // posts, pair % posts
        _twice(sets, standing, kinds[c], j, twice)
        for i in range(first[c], first[c + 1]):
            u, s = members[i], unit_post[members[i]]
            drive_ms = np.int64(to_post_ms[u, j])
            if j == s or drive_ms < 0 or drive_ms > terms.drive_ms_max:
                continue
            gain = _billionths(comes[c, j] - leaves[c, s] + twice[s], whole[c])
            score = gain - terms.per_minute * drive_ms // 60_000 - terms.per_move
            if score > least:
                found = _rank(int(score), int(u * posts + j), found, best, scores)
    return found


@helper
def _by_kind(
    kinds: int,
    posts: int,
    kind: NDArray[np.int32],
    unit_post: NDArray[np.int32],
    may_move: NDArray[np.uint8],
    room: Room,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many stand at each post, and who may go from there, kind after kind (CSR)."""
    here, first = np.zeros(posts, np.int64), np.zeros(kinds + 1, np.int64)
    for u in range(len(unit_post)):
        here[unit_post[u]] += 1
    members = np.empty(len(unit_post), np.int64)
    for c in range(kinds):
        first[c + 1] = first[c]
        for u in range(len(unit_post)):
            if kind[u] == c and may_move[u] != 0 and here[unit_post[u]] > room.minimum[unit_post[u]]:
                members[first[c + 1]] = u
                first[c + 1] += 1
    return here, first, members


@helper
def _rank(score: int, move: int, found: int, best: NDArray[np.int64], scores: NDArray[np.int64]) -> int:
    """Put the move where it belongs among the best, if it does; return how many there are now."""
    place = found
    while place > 0 and (scores[place - 1] < score or (scores[place - 1] == score and best[place - 1] > move)):
        place -= 1
    if place == len(best):
        return found
    found = min(found + 1, len(best))
    for i in range(found - 1, place, -1):
        best[i], scores[i] = best[i - 1], scores[i - 1]
    best[place], scores[place] = move, score
    return found


@helper
def _billionths(value: int, whole: int) -> int:
    """Return the value, in parts of ONE * ONE, in parts per billion of `whole` parts of ONE."""
    return (value >> 30) * 1_000_000_000 // whole if whole > 0 else 0


@kernel
def tell_moves(
    sets: Sets,
    standing: Standing,
    unit_post: NDArray[np.int32],
    accepts: NDArray[np.int64],
    movers: NDArray[np.int64],
    targets: NDArray[np.int32],
    out: NDArray[np.int64],
) -> None:
    """Write to out[n], int64[N, 3], of the n-th move, those before it made: cover before it, after it, and what was bare.

    unit_post, accepts: int64[m] as in `posting.covered`, of whom `standing` is changed; movers: int64[N], units; targets:
    int32[N], posts. Cover is that of the layers which accept the unit, in parts of ONE * ONE; bare is the weight of
    their sets that the target covers and no other unit does, in parts of ONE.
    """
    post, value = unit_post.copy(), np.zeros(len(sets.first) - 1, np.int64)
    for s in range(len(sets.weight)):
        for k in range(min(standing.covering[s], standing.added.shape[1])):
            value[standing.layer[s]] += sets.weight[s] * standing.added[sets.which[s], k]
    for n in range(len(movers)):
        bits, source, target = accepts[movers[n]], post[movers[n]], targets[n]
        out[n, 0], out[n, 2] = _of_layers(bits, value), 0
        for i in range(standing.first[source], standing.first[source + 1]):
            s = standing.held[i]
            if bits >> standing.layer[s] & 1:
                value[standing.layer[s]] -= _less(sets, standing, s)
                standing.covering[s] -= 1
        for i in range(standing.first[target], standing.first[target + 1]):
            s = standing.held[i]
            if bits >> standing.layer[s] & 1:
                out[n, 2] += sets.weight[s] if standing.covering[s] == 0 else 0
                value[standing.layer[s]] += _more(sets, standing, s)
                standing.covering[s] += 1
        post[movers[n]] = target
        out[n, 1] = _of_layers(bits, value)


@helper
def _of_layers(bits: int, value: NDArray[np.int64]) -> int:
    total = np.int64(0)
    for layer in range(len(value)):
        if bits >> layer & 1:
            total += value[layer]
    return int(total)
