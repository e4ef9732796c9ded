"""Small cities for tests of posts and cover: layers of sets, units of several kinds; and cover told the slow way."""

import random

import numpy as np

from engine.kernels.posting import ONE, Sets


def layers_of(dice: random.Random, posts: int, layers: int, sets: int) -> list[tuple[int, list[tuple[int, list[int]]]]]:
    """Return (busy permille, sets of (weight, posts that cover it)) for each layer; weights add up to less than ONE."""
    return [
        (
            dice.choice((0, 200, 300, 500, 900)),
            [
                (dice.randrange(ONE // (layers * sets)), sorted(dice.sample(range(posts), dice.randrange(posts + 1))))
                for _ in range(sets)
            ],
        )
        for _ in range(layers)
    ]


def packed(layers: list[tuple[int, list[tuple[int, list[int]]]]], posts: int) -> Sets:
    flat = [each for _, sets in layers for each in sets]
    return Sets(
        np.array([weight for weight, _ in flat], np.int64),
        np.cumsum([0, *(len(sets) for _, sets in layers)]).astype(np.int64),
        np.cumsum([0, *(len(covering) for _, covering in flat)]).astype(np.int64),
        np.array([post for _, covering in flat for post in covering], np.int32),
        np.array([busy for busy, _ in layers], np.int64),
        posts,
    )


def added_by(busy: int, k: int) -> int:
    """What the (k + 1)th unit adds, in parts of ONE: (1 - q) q**k, rounded down at each step."""
    share = ONE * (1000 - busy) // 1000
    for _ in range(k):
        share = share * busy // 1000
    return share


def slow_cover(
    layers: list[tuple[int, list[tuple[int, list[int]]]]], unit_post: list[int], accepts: list[int]
) -> list[int]:
    """Count, set by set and unit by unit."""
    totals = []
    for number, (busy, sets) in enumerate(layers):
        total = 0
        for weight, covering in sets:
            k = sum(1 for post, bits in zip(unit_post, accepts, strict=True) if bits >> number & 1 and post in covering)
            total += weight * sum(added_by(busy, each) for each in range(k))
        totals.append(total)
    return totals
