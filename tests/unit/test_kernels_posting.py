"""What units at posts cover, and where units stand best: against counting it the slow way."""

import itertools
import random

import numpy as np
import pytest

from engine.kernels.posting import covered, improve, list_posts, nested_order, shares
from tests.unit.posting_kit import Layers, added_by, layers_of, packed, room, slow_cover

seeded = pytest.mark.parametrize("seed", range(12))


@pytest.mark.parametrize("most", [0, 1, 7, 5_000])
def test_shares_end_where_nothing_is_added_any_more(most: int) -> None:
    """By any of the busy fractions, and nowhere before; beyond the end all would be zero."""
    busy = [0, 300, 950, 1_000]
    found = shares(np.array(busy, np.int64), most)
    wide = found.shape[1]
    assert found.tolist() == [[added_by(q, k) for k in range(wide)] for q in busy]
    assert wide == most + 1 or not found[:, -1].any()
    assert wide == 1 or found[:, -2].any()


@seeded
def test_posts_are_listed_set_by_set(seed: int) -> None:
    """Wherever the list of these sets begins."""
    cover = (np.random.default_rng(seed).random((5, 7)) < 0.4).astype(np.uint8)
    begin = 2 + np.concatenate([[0], np.cumsum(cover.sum(axis=0))]).astype(np.int64)
    out = np.full(begin[-1], -1, np.int32)
    list_posts(cover, begin, out)
    assert out[:2].tolist() == [-1, -1]
    for number in range(7):
        assert out[begin[number] : begin[number + 1]].tolist() == np.flatnonzero(cover[:, number]).tolist()


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
