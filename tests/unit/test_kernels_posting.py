"""What units at posts cover, what moves change, and where units stand best: against counting it the slow way."""

import itertools
import random

import numpy as np
import pytest

from engine.kernels.posting import BARRED, Room, best_move, covered, improve, nested_order, tell_moves, weigh_moves
from tests.unit.posting_kit import Layers, added_by, layers_of, packed, slow_cover

seeded = pytest.mark.parametrize("seed", range(12))


def room(capacity: list[int], minimum: list[int]) -> Room:
    return Room(np.array(capacity, np.int32), np.array(minimum, np.int32))


@seeded
def test_cover_is_what_counting_says(seed: int) -> None:
    """Each layer counts only the units that it accepts, each set by its own busy fraction."""
    dice = random.Random(seed)
    posts, units = dice.randrange(1, 6), dice.randrange(0, 8)
    layers = layers_of(dice, posts, 3, 5)
    where = [dice.randrange(posts) for _ in range(units)]
    accepts = [dice.randrange(8) for _ in range(units)]
    out = np.empty(3, np.int64)
    covered(packed(layers, posts), np.array(where, np.int32), np.array(accepts, np.int64), out)
    assert out.tolist() == slow_cover(layers, where, accepts)


@seeded
def test_a_move_changes_what_counting_before_and_after_says(seed: int) -> None:
    """For every unit and every post, exactly; and leaving for nowhere loses what counting without it says."""
    dice = random.Random(100 + seed)
    posts, units = dice.randrange(2, 6), dice.randrange(1, 8)
    layers = layers_of(dice, posts, 3, 6)
    where = [dice.randrange(posts) for _ in range(units)]
    accepts = [dice.randrange(8) for _ in range(units)]
    kinds = np.unique(np.array(accepts, np.int64))
    gain, leaves = np.full((len(kinds), posts, posts), 7, np.int64), np.full((len(kinds), posts), 7, np.int64)
    columns = np.array(where, np.int32), np.array(accepts, np.int64)
    weigh_moves(packed(layers, posts), *columns, kinds, gain, leaves)
    now = sum(slow_cover(layers, where, accepts))
    for unit, post in itertools.product(range(units), range(posts)):
        moved = [*where[:unit], post, *where[unit + 1 :]]
        kind = kinds.tolist().index(accepts[unit])
        assert gain[kind, where[unit], post] == sum(slow_cover(layers, moved, accepts)) - now
        without = sum(slow_cover(layers, where[:unit] + where[unit + 1 :], accepts[:unit] + accepts[unit + 1 :]))
        assert leaves[kind, where[unit]] == now - without


@seeded
def test_a_row_of_moves_is_told_one_after_the_other(seed: int) -> None:
    """Cover of the unit's layers before and after, and what nobody else covers at its end, by counting each time."""
    dice = random.Random(150 + seed)
    posts, units = dice.randrange(2, 6), dice.randrange(1, 8)
    layers = layers_of(dice, posts, 3, 6)
    where = [dice.randrange(posts) for _ in range(units)]
    accepts = [dice.randrange(8) for _ in range(units)]
    moves = [(dice.randrange(units), dice.randrange(posts)) for _ in range(6)]
    movers, targets = (np.array(column) for column in zip(*moves, strict=True))
    out = np.empty((6, 3), np.int64)
    columns = np.array(where, np.int32), np.array(accepts, np.int64)
    tell_moves(packed(layers, posts), *columns, movers, targets.astype(np.int32), out)
    for told, (unit, post) in zip(out.tolist(), moves, strict=True):
        mine = [number for number in range(3) if accepts[unit] >> number & 1]
        before = slow_cover(layers, where, accepts)
        where[unit] = post
        after = slow_cover(layers, where, accepts)
        alone = [
            weight
            for number in mine
            for weight, covering in layers[number][1]
            if post in covering
            and not any(u != unit and accepts[u] >> number & 1 and where[u] in covering for u in range(units))
        ]
        assert told == [sum(before[n] for n in mine), sum(after[n] for n in mine), sum(alone)]


@seeded
def test_the_best_move_is_the_best_that_is_allowed(seed: int) -> None:
    """Every pair is scored as the docstring says; ties go to the lowest unit and post."""
    dice = random.Random(200 + seed)
    posts, units = dice.randrange(2, 6), dice.randrange(1, 7)
    gain = np.array([dice.randrange(-5, 6) << 50 for _ in range(2 * posts * posts)], np.int64).reshape(2, posts, posts)
    whole = np.array([1 << 29, 1 << 30], np.int64)
    kind = np.array([dice.randrange(2) for _ in range(units)], np.int32)
    where = np.array([dice.randrange(posts) for _ in range(units)], np.int32)
    drive_ms = np.array([[dice.choice((-1, 0, 60_000, 90_001)) for _ in range(posts)] for _ in range(units)], np.int32)
    may = np.array([dice.random() < 0.7 for _ in range(units)], np.uint8)
    capacity, minimum = [dice.randrange(4) for _ in range(posts)], [dice.randrange(2) for _ in range(posts)]
    scores = np.empty((units, posts), np.int64)
    found = best_move(gain, whole, kind, where, drive_ms, may, room(capacity, minimum), 1_000, 77, 90_000, scores)
    here = [int((where == post).sum()) for post in range(posts)]
    best, pair = 0, -1
    for unit, post in itertools.product(range(units), range(posts)):
        source, ms = int(where[unit]), int(drive_ms[unit, post])
        allowed = bool(may[unit]) and post != source and 0 <= ms <= 90_000
        if not (allowed and here[post] < capacity[post] and here[source] > minimum[source]):
            assert scores[unit, post] == BARRED
            continue
        worth = (
            (int(gain[kind[unit], source, post]) >> 30) * 10**9 // int(whole[kind[unit]]) - 1_000 * ms // 60_000 - 77
        )
        assert scores[unit, post] == worth
        if worth > best:
            best, pair = worth, unit * posts + post
    assert found == pair


@seeded
def test_a_nested_table_takes_the_post_that_adds_most(seed: int) -> None:
    """Step by step: minimums first, room respected, ties by the second busy fraction and then by the lowest post."""
    dice = random.Random(300 + seed)
    posts, units = dice.randrange(1, 6), 7
    layers = layers_of(dice, posts, 2, 4)
    accepts = dice.choice((1, 2, 3))
    capacity, minimum = [dice.randrange(4) for _ in range(posts)], [dice.randrange(3) for _ in range(posts)]
    out = np.full(units, -1, np.int32)
    found = nested_order(packed(layers, posts), accepts, room(capacity, minimum), 300, out)
    where: list[int] = []
    while len(where) < units:
        open_to = [post for post in range(posts) if where.count(post) < capacity[post]]
        owed = [post for post in open_to if where.count(post) < minimum[post]]
        if not open_to:
            break
        rest = [([300] * len(sets), sets) for _, sets in layers]
        where.append(
            max(
                owed or open_to,
                key=lambda post: (_adds(layers, where, post, accepts), _adds(rest, where, post, accepts), -post),
            )
        )
    assert out[:found].tolist() == where


def _adds(layers: Layers, where: list[int], post: int, accepts: int) -> int:
    total = 0
    for number, (busy, sets) in enumerate(layers):
        if accepts >> number & 1:
            for q, (weight, covering) in zip(busy, sets, strict=True):
                if post in covering:
                    total += weight * added_by(q, sum(1 for each in where if each in covering))
    return total


@seeded
def test_improving_ends_where_no_single_move_adds_anything(seed: int) -> None:
    """Nothing gets worse, room and minimums hold, and what is left is a local best by trying everything."""
    dice = random.Random(400 + seed)
    posts, units = dice.randrange(2, 6), dice.randrange(1, 8)
    layers = layers_of(dice, posts, 2, 6)
    where = np.array([dice.randrange(posts) for _ in range(units)], np.int32)
    before = where.copy()
    capacity = [units] * posts
    minimum = [dice.randrange(2) for _ in range(posts)]
    improve(packed(layers, posts), 3, room(capacity, minimum), 1_000, where)
    all_ = [3] * units
    value = sum(slow_cover(layers, where.tolist(), all_))
    assert value >= sum(slow_cover(layers, before.tolist(), all_))
    for post in range(posts):
        assert (where == post).sum() >= min(minimum[post], (before == post).sum())
    for unit, post in itertools.product(range(units), range(posts)):
        moved = where.tolist()
        if moved.count(moved[unit]) > minimum[moved[unit]]:
            moved[unit] = post
            assert sum(slow_cover(layers, moved, all_)) <= value
