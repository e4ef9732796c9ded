"""Small cities for tests of posts and cover: layers of sets, units of several kinds; and cover told the slow way."""

import random

import numpy as np

from engine.kernels.posting import ONE, Room, Sets

Layers = list[tuple[list[int], list[tuple[int, list[int]]]]]
"""For each layer: busy permille of each set, and the sets as (weight, posts that cover it)."""


def layers_of(dice: random.Random, posts: int, layers: int, sets: int) -> Layers:
    """Return layers whose weights add up to less than ONE; units are as busy everywhere in some, and not in others."""
    return [
        (
            dice.choices((0, 200, 300, 500, 900), k=sets) if dice.random() < 0.7 else [dice.choice((0, 300))] * sets,
            [
                (dice.randrange(ONE // (layers * sets)), sorted(dice.sample(range(posts), dice.randrange(posts + 1))))
                for _ in range(sets)
            ],
        )
        for _ in range(layers)
    ]


def packed(layers: Layers, posts: int) -> Sets:
    busy, which = np.unique(np.array([each for busy, _ in layers for each in busy], np.int64), return_inverse=True)
    flat = [each for _, sets in layers for each in sets]
    return Sets(
        np.array([weight for weight, _ in flat], np.int64),
        np.cumsum([0, *(len(sets) for _, sets in layers)]).astype(np.int64),
        np.cumsum([0, *(len(covering) for _, covering in flat)]).astype(np.int64),
        np.array([post for _, covering in flat for post in covering], np.int32),
        busy,
        which.astype(np.int32),
        posts,
    )


def room(capacity: list[int], minimum: list[int]) -> Room:
    """What posts may hold and are to keep."""
    return Room(np.array(capacity, np.int32), np.array(minimum, np.int32))


def added_by(busy: int, k: int) -> int:
    """What the (k + 1)th unit adds, in parts of ONE: (1 - q) q**k, rounded down at each step."""
    share = ONE * (1000 - busy) // 1000
    for _ in range(k):
        share = share * busy // 1000
    return share


def slow_cover(layers: Layers, unit_post: list[int], accepts: list[int]) -> list[int]:
    """Count, set by set and unit by unit."""
    totals = []
    for number, (busy, sets) in enumerate(layers):
        total = 0
        for q, (weight, covering) in zip(busy, sets, strict=True):
            k = sum(1 for post, bits in zip(unit_post, accepts, strict=True) if bits >> number & 1 and post in covering)
            total += weight * sum(added_by(q, each) for each in range(k))
        totals.append(total)
    return totals
