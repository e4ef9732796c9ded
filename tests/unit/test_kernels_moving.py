"""What moves add, kept up from move to move, and the best of them: against counting cover anew each time."""

import itertools
import random
from dataclasses import dataclass

import numpy as np
import pytest

from engine.kernels.moving import Standing, Terms, best_moves, gains_from, make_move, take_stand, tell_moves
from engine.kernels.posting import BARRED, Sets, shares
from tests.unit.posting_kit import Layers, layers_of, packed, room, slow_cover

LAYERS = 3
seeded = pytest.mark.parametrize("seed", range(12))


@dataclass
class City:
    """Units at posts, and how cover sees them."""

    layers: Layers
    posts: int
    where: list[int]
    accepts: list[int]

    def __post_init__(self) -> None:
        self.sets: Sets = packed(self.layers, self.posts)
        sizes = (self.posts + 2, len(self.sets.post), len(self.sets.weight), len(self.sets.weight))
        tables = (np.full((LAYERS, self.posts), 7, np.int64) for _ in range(2))
        columns = (np.full(size, 7, np.int64) for size in sizes)
        self.standing = Standing(shares(self.sets.busy, len(self.where)), *columns, *tables)
        self.columns = np.array(self.where, np.int32), np.array(self.accepts, np.int64)
        take_stand(self.sets, *self.columns, self.standing)

    def gains(self, unit: int) -> list[int]:
        out = np.full(self.posts, 7, np.int64)
        gains_from(self.sets, self.standing, self.accepts[unit], self.where[unit], out)
        return out.tolist()

    def slow_gain(self, unit: int, post: int) -> int:
        moved = [*self.where[:unit], post, *self.where[unit + 1 :]]
        return sum(slow_cover(self.layers, moved, self.accepts)) - sum(
            slow_cover(self.layers, self.where, self.accepts)
        )


def some_city(dice: random.Random) -> City:
    posts, units = dice.randrange(2, 6), dice.randrange(1, 9)
    where = [dice.randrange(posts) for _ in range(units)]
    return City(layers_of(dice, posts, LAYERS, 6), posts, where, [dice.randrange(8) for _ in range(units)])


@seeded
def test_a_move_adds_what_counting_before_and_after_says(seed: int) -> None:
    """For every unit and every post, exactly, after each of many moves; nothing is reckoned anew between them."""
    dice = random.Random(100 + seed)
    city = some_city(dice)
    for _ in range(5):
        for unit in range(len(city.where)):
            assert city.gains(unit) == [city.slow_gain(unit, post) for post in range(city.posts)]
        unit, post = dice.randrange(len(city.where)), dice.randrange(city.posts)
        make_move(city.sets, city.standing, city.accepts[unit], city.where[unit], post)
        city.where[unit] = post


@seeded
def test_a_row_of_moves_is_told_one_after_the_other(seed: int) -> None:
    """Cover of the unit's layers before and after, and what nobody else covers at its end, by counting each time."""
    dice = random.Random(150 + seed)
    city = some_city(dice)
    layers, where, accepts, units = city.layers, city.where, city.accepts, len(city.where)
    moves = [(dice.randrange(units), dice.randrange(city.posts)) for _ in range(6)]
    movers, targets = (np.array(column) for column in zip(*moves, strict=True))
    out = np.empty((6, 3), np.int64)
    tell_moves(city.sets, city.standing, *city.columns, movers, targets.astype(np.int32), out)
    for told, (unit, post) in zip(out.tolist(), moves, strict=True):
        mine = [number for number in range(LAYERS) if accepts[unit] >> number & 1]
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
@pytest.mark.parametrize(("most", "least"), [(1, 0), (4, BARRED), (100, BARRED), (2, -30_000_000)])
def test_the_best_moves_are_the_best_of_all_that_are_allowed(seed: int, most: int, least: int) -> None:
    """Every pair is scored as the docstring says and ranked; of equals the lowest unit and post comes first."""
    dice = random.Random(200 + seed)
    city = some_city(dice)
    units, posts, where = len(city.where), city.posts, city.where
    kinds, kind = np.unique(np.array(city.accepts, np.int64), return_inverse=True)
    whole = np.array([dice.choice((0, 1 << 29, 1 << 30)) for _ in kinds], np.int64)
    drive_ms = np.array([[dice.choice((-1, 0, 60_000, 90_001)) for _ in range(posts)] for _ in range(units)], np.int32)
    may = np.array([dice.random() < 0.7 for _ in range(units)], np.uint8)
    capacity, minimum = [dice.randrange(6) for _ in range(posts)], [dice.randrange(2) for _ in range(posts)]
    terms = Terms(dice.choice((0, 20_000_000)), dice.choice((0, 77)), 90_000)
    best, scores = np.empty(most, np.int64), np.empty(most, np.int64)
    found = best_moves(
        city.sets,
        city.standing,
        kinds,
        whole,
        kind.astype(np.int32),
        city.columns[0],
        drive_ms,
        may,
        room(capacity, minimum),
        terms,
        least,
        best,
        scores,
    )
    told = list(zip((-scores[:found]).tolist(), best[:found].tolist(), strict=True))
    all_ = []
    for unit, post in itertools.product(range(units), range(posts)):
        ms, full = int(drive_ms[unit, post]), int(whole[kind[unit]])
        allowed = may[unit] and post != where[unit] and 0 <= ms <= 90_000 and where.count(post) < capacity[post]
        if allowed and where.count(where[unit]) > minimum[where[unit]]:
            gain = (city.slow_gain(unit, post) >> 30) * 10**9 // full if full else 0
            score = gain - terms.per_minute * ms // 60_000 - terms.per_move
            all_.append((-score, unit * posts + post))
    assert told == sorted(pair for pair in all_ if -pair[0] > least)[:most]
