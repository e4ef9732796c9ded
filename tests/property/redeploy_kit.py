"""Surveys for tests of redeployment: small cities on a plane, units of two kinds, some fresh, some that may not be moved."""

import random

import numpy as np

from engine.policy.redeploy import LayerRule, Points, Survey
from engine.policy.redeploy.ground import ground_of

ALS, BLS = 1, 2
RULES = (
    LayerRule("als", ALS, lights=True, cover_ms=300_000, share=400_000),
    LayerRule("bls", BLS, lights=False, cover_ms=480_000, share=600_000),
)
SIDE_M = 9_000


def times_ms(starts: np.ndarray, ends: np.ndarray, mm_per_ms: float) -> np.ndarray:
    """int32[a, b], along straight lines."""
    apart = np.hypot(*(starts[:, None, axis] - ends[None, :, axis] for axis in (0, 1)))
    return (apart / mm_per_ms * 1000).astype(np.int32)


def some_survey(seed: int, posts: int = 4, units: int = 5, kinds: int = 2, busy: int = 2, points: int = 40) -> Survey:
    """A moment: everybody belongs to a post that has room; some are on the road."""
    dice, chance = random.Random(seed), np.random.default_rng(seed)
    at = chance.integers(0, SIDE_M, (posts, 2))
    where = chance.integers(0, SIDE_M, (points, 2))
    demand = Points(*where.T.astype(np.int32), chance.integers(0, 1_000, points))
    reach = np.stack([times_ms(at, where, speed) for speed in (12, 9)])
    ground = ground_of(RULES[:kinds], demand, reach, (300, 200)[:kinds])
    post = np.array([dice.randrange(posts) for _ in range(units)], np.int32)
    stands = chance.random(units) < 0.6
    spots = np.where(stands[:, None], at[post], chance.integers(0, SIDE_M, (units, 2)))
    here = np.bincount(post, minlength=posts)
    leaves = chance.integers(0, SIDE_M, (busy, 2))
    return Survey(
        seq=seed + 1,
        now_ms=0,
        ids=tuple(f"U{row}" for row in range(units)),
        rows=np.arange(units, dtype=np.int32),
        post=post,
        to_post_ms=times_ms(spots, at, 9),
        fresh=((chance.random(units) < 0.3) & ~stands).astype(np.uint8),
        movable=(chance.random(units) < 0.8).astype(np.uint8),
        capability=np.array([dice.choice((ALS, BLS, ALS | BLS)) for _ in range(units)], np.uint64),
        busy_ids=tuple(f"B{row}" for row in range(busy)),
        busy_rows=np.arange(units, units + busy, dtype=np.int32),
        busy_free_ms=chance.integers(0, 1_200_000, busy).astype(np.int32),
        busy_post=chance.integers(0, posts, busy).astype(np.int32),
        busy_to_post_ms=times_ms(leaves, at, 9),
        busy_capability=np.array([dice.choice((ALS, ALS | BLS)) for _ in range(busy)], np.uint64),
        posts=tuple(f"P{number}" for number in range(posts)),
        names=tuple(f"Post {number}" for number in range(posts)),
        capacity=np.maximum(here, chance.integers(1, 4, posts)).astype(np.int32),
        minimum=(chance.random(posts) < 0.2).astype(np.int32),
        ground=ground,
        calls_per_day=200,
        service_ms=1_800_000,
    )


def pairs(survey: Survey, moves: tuple) -> list[tuple[int, int]]:
    """Proposals by number: (unit, post)."""
    return [(survey.ids.index(move.unit), survey.posts.index(move.post)) for move in moves]
