"""Cover in time and sampled futures: against the same told slowly, in plain integers."""

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from engine.kernels.futures import CALLS_MAX, QUANTILES, late_in_futures
from engine.kernels.outlook import (
    FAR_MS,
    FINE,
    FIRST,
    NEAR,
    STEP_BITS,
    SURE,
    Points,
    Ranks,
    Units,
    direct_ms,
    rank_outlook,
    weigh_outlook,
)

seeded = pytest.mark.parametrize("seed", range(10))
LAYERS = 2
CURVES = [[SURE] * 60 + [SURE - 16 * step for step in range(60)], [SURE - 8 * step for step in range(120)]]
EXPONENTIAL = [round(-1000 * math.log(1 - (i + 0.5) / QUANTILES)) for i in range(QUANTILES)]


def scene(dice: random.Random, busy: int = 2) -> tuple[Points, Units]:
    """Three posts, a dozen points, idle units at posts and on the road, and some that are busy."""
    posts, points, units = 3, 12, dice.randrange(2, 12)
    reach = np.array([dice.randrange(-20_000, 900_000) for _ in range(2 * posts * points)], np.int32)
    reach = np.maximum(reach, -1).reshape(2, posts, points)
    drive = np.array([dice.choice((-1, 0, dice.randrange(900_000))) for _ in range(units * posts)], np.int32)
    demand = Points(
        reach,
        np.array([dice.randrange(1 << 26) for _ in range(points)], np.int64),
        np.array([0, 1], np.int64),
        np.array([300_000, 480_000], np.int64),
        np.array([400_000, 600_000], np.int64),
        np.array([0, 200, 300, 500], np.int64),
        np.array([dice.randrange(4) for _ in range(LAYERS * points)], np.int32).reshape(LAYERS, points),
        np.array([700, 1000], np.int64),
        np.array(CURVES, np.int64),
    )
    free = [0] * (units - busy) + [dice.randrange(1_000_000) for _ in range(busy)]
    return demand, Units(
        np.array(free, np.int64),
        np.array([dice.randrange(posts) for _ in range(units)], np.int32),
        drive.reshape(units, posts),
        np.array([dice.randrange(1, 4) for _ in range(units)], np.int64),
    )


def found_direct(points: Points, units: Units) -> Any:
    out = np.empty((2, len(units.post), len(points.weight)), np.int32)
    direct_ms(points, units, out)
    return out


@seeded
def test_how_far_a_unit_is_is_told_by_the_posts_next_to_it(seed: int) -> None:
    """Between the tightest bounds that differences and sums of times give; exact where it stands at a post."""
    points, units = scene(random.Random(seed))
    out = found_direct(points, units)
    for mode, unit, i in itertools.product(range(2), range(len(units.post)), range(12)):
        near = sorted((int(ms), post) for post, ms in enumerate(units.to_post_ms[unit]) if ms >= 0)[:NEAR]
        times = [(ms * int(points.pace[mode]) // 1000, int(points.reach_ms[mode, post, i])) for ms, post in near]
        assert out[mode, unit, i] == middle(times)
        if near and near[0][0] == 0 and times[0][1] >= 0 and consistent(times):
            assert out[mode, unit, i] == times[0][1]


def middle(times: list[tuple[int, int]]) -> int:
    """Of the bounds from times to posts and from those on; -1: no way."""
    known = [(first, reach) for first, reach in times if reach >= 0]
    least = max((abs(reach - first) for first, reach in known), default=0)
    most = min((reach + first for first, reach in known), default=2 * FAR_MS)
    return (least + most) // 2


def consistent(times: list[tuple[int, int]]) -> bool:
    """Do the bounds hold together, as they do in a real city?"""
    known = [(first, reach) for first, reach in times if reach >= 0]
    return max(abs(reach - first) for first, reach in known) <= min(reach + first for first, reach in known)


@seeded
def test_a_move_is_worth_what_all_points_and_moments_say(seed: int) -> None:
    """Everybody's time to every point, sorted anew, before and after."""
    dice = random.Random(50 + seed)
    points, units = scene(dice)
    direct = found_direct(points, units)
    moments = [0, 300_000, 700_000]
    pairs = list(itertools.product(range(len(units.post)), range(3)))
    movers, targets = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    out = np.empty(len(pairs), np.int64)
    at = (points, units, direct, np.array(moments, np.int64))
    cells = LAYERS * len(moments) * 12
    ranks = Ranks(*np.full((2, cells, FIRST + 1), -7, np.int64), np.zeros(cells, np.int64))
    rank_outlook(*at, -1, ranks)
    # Two units have moved since: the ranks are brought up to date, not made anew.
    for unit in (0, len(units.post) - 1):
        units.post[unit] = dice.randrange(3)
        rank_outlook(*at, unit, ranks)
    now = weigh_outlook(*at, ranks, movers, targets, out)
    own = units.post.tolist()
    assert now == slow_outlook(points, units, direct, moments, own)
    for worth, (unit, post) in zip(out.tolist(), pairs, strict=True):
        then = slow_outlook(points, units, direct, moments, [*own[:unit], post, *own[unit + 1 :]])
        assert worth == then - now


def slow_outlook(points: Points, units: Units, direct: Any, moments: list[int], post: list[int]) -> int:
    total = 0
    for layer, at_ms, i in itertools.product(range(LAYERS), moments, range(12)):
        values = []
        for unit in range(len(post)):
            if int(units.accepts[unit]) >> layer & 1:
                took = slow_time(points, units, direct, post[unit], unit, layer, i, at_ms)
                place = took // 2**STEP_BITS
                values.append(CURVES[layer][place] if place < len(CURVES[layer]) else 0)
        busy = int(points.busy[points.which[layer, i]])
        share, worth = FINE * (1000 - busy) // 1000, 0
        for value in sorted(values, reverse=True)[:FIRST]:
            worth += share * value
            share = share * busy // 1000
        total += int(points.weight[i]) * int(points.share[layer]) // 1_000_000 * worth
    return total


def slow_time(points: Points, units: Units, direct: Any, post: int, unit: int, layer: int, i: int, at_ms: int) -> int:
    mode = int(points.mode[layer])
    reach, from_here = int(points.reach_ms[mode, post, i]), int(direct[mode, unit, i])
    reach = FAR_MS if reach < 0 else reach
    drive, driven = int(units.to_post_ms[unit, post]), at_ms - int(units.free_ms[unit])
    if driven < 0:
        return from_here - driven
    if drive < 0:
        return from_here
    if driven >= drive:
        return reach
    on = (drive - driven) * int(points.pace[mode]) // 1000 + reach
    # Both round towards the lower number, as a shift does.
    return min(on, from_here + (reach - from_here) * (driven * SURE // drive) // SURE)


def drawn(seed: int, future: int, call: int, draw: int) -> int:
    mask = 2**64 - 1
    z = (seed + (future * CALLS_MAX * 4 + call * 4 + draw + 1) * 0x9E3779B97F4A7C15) & mask
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
    return (z ^ z >> 31) >> 32


def slow_futures(points: Points, units: Units, direct: Any, seed: int, move: tuple[int, int]) -> tuple[int, int]:
    """Live the futures one call after the other; return how many were late, and how many there were."""
    late = calls = 0
    near = [sorted((int(ms), post) for post, ms in enumerate(column) if ms >= 0)[:3] for column in points.reach_ms[1].T]
    weights = list(itertools.accumulate(points.weight.tolist()))
    shares = list(itertools.accumulate(points.share.tolist()))
    for future in range(5):
        post = [move[1] if unit == move[0] else int(each) for unit, each in enumerate(units.post)]
        free, origin = units.free_ms.tolist(), [-1] * len(post)
        drive = [int(units.to_post_ms[unit, each]) for unit, each in enumerate(post)]
        at_ms = 0
        for call in itertools.count():
            at_ms += 200_000 * EXPONENTIAL[drawn(seed, future, call, 0) * QUANTILES >> 32] // 1000
            if at_ms >= 3_000_000:
                break
            i = next(n for n, each in enumerate(weights) if each > drawn(seed, future, call, 1) * weights[-1] >> 32)
            layer = next(n for n, each in enumerate(shares) if each > drawn(seed, future, call, 2) * shares[-1] >> 32)
            mode = int(points.mode[layer])
            options = []
            for unit in range(len(post)):
                if not int(units.accepts[unit]) >> layer & 1:
                    continue
                start = int(direct[mode, unit, i])
                if origin[unit] >= 0:
                    pace = int(points.pace[mode])
                    start = middle(
                        [(ms * pace // 1000, int(points.reach_ms[mode, at, i])) for ms, at in near[origin[unit]]]
                    )
                reach = int(points.reach_ms[mode, post[unit], i])
                reach = FAR_MS if reach < 0 else reach
                driven = at_ms - free[unit]
                if driven < 0 or drive[unit] < 0:
                    took = start + max(0, -driven)
                elif driven >= drive[unit]:
                    took = reach
                else:
                    on = (drive[unit] - driven) * int(points.pace[mode]) // 1000 + reach
                    took = min(on, start + (reach - start) * driven // drive[unit])
                options.append((driven < 0, took, unit))
            took, unit = min(options)[1:] if options else (FAR_MS, -1)
            took, unit = (FAR_MS, -1) if took >= FAR_MS and options and min(options)[0] else (took, unit)
            calls, late = calls + 1, late + (took > points.cover_ms[layer])
            if unit >= 0:
                lasts = 1_500_000 * EXPONENTIAL[drawn(seed, future, call, 3) * QUANTILES >> 32] // 1000
                free[unit], origin[unit] = at_ms + took + lasts, i
                drive[unit] = int(points.reach_ms[1, post[unit], i])
    return late, calls


@seeded
def test_futures_are_the_same_for_every_choice_and_lived_as_told(seed: int) -> None:
    """Late calls of each choice, and their number, by living them in plain Python."""
    points, units = scene(random.Random(90 + seed))
    direct = found_direct(points, units)
    choices = [(-1, 0), (0, 0), (0, 1), (1, 2)]
    movers, targets = (np.array(column, np.int64) for column in zip(*choices, strict=True))
    late = np.full(len(choices), -1, np.int64)
    chance = np.array(EXPONENTIAL, np.int64)
    told = late_in_futures(points, units, direct, seed, 5, 3_000_000, 200_000, 1_500_000, chance, movers, targets, late)
    for count, choice in zip(late.tolist(), choices, strict=True):
        assert (count, told) == slow_futures(points, units, direct, seed, choice)


def test_chance_is_even() -> None:
    """Draws of one kind, over calls and futures, fill sixteen bins alike (chi-square below its 99.9th percentile)."""
    bins = [0] * 16
    for future, call in itertools.product(range(100), range(40)):
        bins[drawn(12, future, call, 1) >> 28] += 1
    assert sum((count - 250) ** 2 / 250 for count in bins) < 37.7
