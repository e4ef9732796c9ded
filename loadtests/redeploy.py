"""Where units should stand: time of a plan, and how far greedy and swaps are from the optimum that HiGHS proves.

    python -m loadtests.redeploy --json

A made-up metropolis: posts and demand spread unevenly over 40 km, travel along straight lines, two classes of units
(three in four may serve both classes of demand). `plan` is the time from a survey to proposals with all their reasons.
Beside it: what the same costs in NumPy expressions, scipy's assignment and HiGHS. Values are compared, not only times:
`short_permille` says how much less than the proven bound of the MIP is covered.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import coo_array, hstack

from engine.kernels.dense import assign_all
from engine.kernels.posting import ONE, Room, Sets, covered, improve, nested_order
from engine.kernels.warm import warm
from engine.policy.redeploy import LayerRule, Points, Survey, policy_named
from engine.policy.redeploy.compliance import _made
from engine.policy.redeploy.ground import ground_of
from engine.policy.redeploy.survey import kinds_of
from engine.policy.redeploy.weighing import Weighing
from loadtests.report import Row, emit, timed, wants_json

SIDE_M = 40_000
MM_PER_MS = 12
BUSY = 300
MIP_SECONDS = 60
SCALE = 1_000_000
RULES = (
    LayerRule("als", 1, lights=True, cover_ms=330_000, share=420_000),
    LayerRule("bls", 2, lights=False, cover_ms=480_000, share=580_000),
)
POLICIES = ("priced:price=0", "compliance", "dmexclp", "ahead:price=0", "ahead:price=0,rollouts=16")


def city(units: int, posts: int, points: int, seed: int = 1, rules: tuple[LayerRule, ...] = RULES) -> Survey:
    """Return a moment in which a third of the units is on the road and a tenth has just become free."""
    chance = np.random.default_rng(seed)
    centres = chance.integers(0, SIDE_M, (5, 2))
    where = _spread(chance, centres, points)
    at = np.concatenate([_spread(chance, centres, posts // 2), chance.integers(0, SIDE_M, (posts - posts // 2, 2))])
    demand = Points(*where.T.astype(np.int32).copy(), chance.integers(1, 1_000, points))
    reach = np.stack([_times_ms(at, where, speed) for speed in (MM_PER_MS, MM_PER_MS * 3 // 4)])
    post = chance.integers(0, posts, units).astype(np.int32)
    here = np.where(chance.random(units)[:, None] < 1 / 3, chance.integers(0, SIDE_M, (units, 2)), at[post])
    busy = units // 3
    return Survey(
        seq=seed,
        now_ms=0,
        ids=tuple(f"U{row}" for row in range(units)),
        rows=np.arange(units, dtype=np.int32),
        post=post,
        to_post_ms=_times_ms(here, at, MM_PER_MS * 3 // 4),
        fresh=(chance.random(units) < 0.02).astype(np.uint8),
        movable=np.ones(units, np.uint8),
        capability=np.where(chance.random(units) < 0.75, 3, 2).astype(np.uint64),
        busy_ids=tuple(f"B{row}" for row in range(busy)),
        busy_rows=np.arange(units, units + busy, dtype=np.int32),
        busy_free_ms=chance.integers(0, 3_600_000, busy).astype(np.int32),
        busy_post=chance.integers(0, posts, busy).astype(np.int32),
        busy_to_post_ms=_times_ms(chance.integers(0, SIDE_M, (busy, 2)), at, MM_PER_MS * 3 // 4),
        busy_capability=np.full(busy, 3, np.uint64),
        posts=tuple(f"P{number}" for number in range(posts)),
        names=tuple(f"Post {number}" for number in range(posts)),
        capacity=np.full(posts, 5 + int(np.bincount(post).max()), np.int32),
        minimum=np.zeros(posts, np.int32),
        ground=ground_of(rules, demand, reach, (BUSY,) * len(rules)),
        calls_per_day=3_000,
        service_ms=2_400_000,
    )


def _spread(chance: np.random.Generator, centres: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return places that lie round the centres, inside the city."""
    drawn = centres[chance.integers(0, len(centres), count)] + chance.normal(0, SIDE_M / 8, (count, 2))
    return np.clip(drawn, 0, SIDE_M).astype(np.int64)


def _times_ms(starts: NDArray[np.int64], ends: NDArray[np.int64], mm_per_ms: int) -> NDArray[np.int32]:
    apart = np.hypot(*(starts[:, None, axis] - ends[None, :, axis] for axis in (0, 1)))
    return (apart * 1000 / mm_per_ms).astype(np.int32)


def plans(units: int, posts: int, points: int) -> list[Row]:
    """Time every policy from a survey to its proposals, and the parts beside the alternatives."""
    seen, case = city(units, posts, points), f"{units} units x {posts} posts x {points} points"
    rows = [
        _timed(f"plan, {case}", f"turnout {text}", lambda policy=text: policy_named(policy).propose(seen))
        for text in POLICIES
    ]
    kinds = kinds_of(seen)

    def weighed() -> NDArray[np.int64]:
        weighing = Weighing(seen, None)
        return np.stack([weighing.gains(unit) for unit in range(units)])

    dense = np.concatenate([layer.cover for layer in seen.layers], axis=1).astype(np.float64)
    rows.append(_timed(f"all moves weighed, {case}", "turnout", weighed))
    rows.append(_timed(f"all moves weighed, {case}", "numpy, dense", lambda: _numpy_gains(seen, dense)))
    assert np.allclose(_numpy_gains(seen, dense)[kinds.kind, seen.post], weighed() / ONE / ONE, atol=1e-6)
    cost = seen.to_post_ms[:, seen.post].astype(np.int64)
    column = np.empty(units, np.int32)
    rows.append(_timed(f"assignment, {units} x {units}", "turnout", lambda: assign_all(cost, column)))
    rows.append(_timed(f"assignment, {units} x {units}", "scipy", lambda: linear_sum_assignment(cost)))
    there = linear_sum_assignment(cost)
    assert cost[np.arange(units), column].sum() == cost[there].sum()
    return rows


def _numpy_gains(seen: Survey, dense: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what every move of every kind adds, in array expressions over whole matrices."""
    kinds, posts = kinds_of(seen), len(seen.posts)
    gain = np.zeros((len(kinds.kinds), posts, posts))
    first = seen.ground.sets.first
    for number, layer in enumerate(seen.layers):
        cover = dense[:, first[number] : first[number + 1]]
        standing = np.bincount(seen.post[kinds.accepts >> number & 1 == 1], minlength=posts)
        k = standing @ cover
        more = layer.weight * (1 - BUSY / 1000) * (BUSY / 1000) ** k / ONE
        less = np.where(k > 0, more / (BUSY / 1000), 0)
        both = (cover * (less - more)) @ cover.T
        for kind, bits in enumerate(kinds.kinds.tolist()):
            if bits >> number & 1:
                gain[kind] += (cover @ more)[None, :] - (cover @ less)[:, None] + both
    for kind in range(len(kinds.kinds)):
        gain[kind][np.bincount(seen.post[kinds.kind == kind], minlength=posts) == 0] = 0
    return gain


def placements(units: int, posts: int, points: int) -> list[Row]:
    """Place all units anew, by greedy and swaps and by a MIP; both answers are valued by the same kernel."""
    seen = city(units, posts, points, rules=RULES[:1])
    sets, room, case = (
        seen.ground.sets,
        Room(np.full(posts, 5, np.int32), np.zeros(posts, np.int32)),
        f"placing {units} units, {posts} posts, {points} points",
    )
    post = np.empty(units, np.int32)

    def greedy() -> None:
        assert nested_order(sets, 1, room, BUSY, post) == units

    def both() -> None:
        greedy()
        improve(sets, 1, room, 10_000, post)

    rows = []
    began = time.perf_counter()
    x, bound = _mip(sets, units, posts)
    mip_ms = (time.perf_counter() - began) * 1000
    best = _value(sets, np.repeat(np.arange(posts, dtype=np.int32), x))
    for method, call in (("turnout greedy and swaps", both), ("turnout greedy (nested table)", greedy)):
        row = _timed(case, method, call)
        call()
        rows.append({**row, "short_permille": (bound - _value(sets, post)) / bound * 1000})
    rows.append(
        {
            "case": case,
            "method": "HiGHS MIP",
            "median_ms": mip_ms,
            "p99_ms": mip_ms,
            "short_permille": (bound - best) / bound * 1000,
        }
    )
    return rows


def _value(sets: Sets, post: NDArray[np.int32]) -> float:
    out = np.empty(1, np.int64)
    covered(sets, post, np.ones(len(post), np.int64), out)
    return float(out[0]) / ONE / ONE


def _mip(sets: Sets, units: int, posts: int, deepest: int = 8) -> tuple[NDArray[np.int64], float]:
    """Solve MEXCLP: how many units at each post; return it with a bound that nothing beats.

    A set's y_k need not be whole, as each adds less than the one before. Beyond the deepest k all that could still be
    added is given to the bound. Weights are scaled up, so that the solver's tolerances do not swallow them.
    """
    count = len(sets.weight)
    weight = sets.weight / ONE * SCALE
    owner = np.repeat(np.arange(count), np.diff(sets.begin))
    cover = coo_array((-np.ones(len(owner)), (owner, sets.post)), shape=(count, posts))
    levels = hstack([coo_array((np.ones(count), (np.arange(count), np.arange(count))), shape=(count, count))] * deepest)
    share = BUSY / 1000
    value = np.concatenate([np.zeros(posts), *(weight * (1 - share) * share**k for k in range(deepest))])
    total = np.concatenate([np.ones(posts), np.zeros(count * deepest)])[None, :]
    found = milp(
        -value,
        integrality=np.concatenate([np.ones(posts), np.zeros(count * deepest)]),
        bounds=Bounds(0, np.concatenate([np.full(posts, 5.0), np.ones(count * deepest)])),
        constraints=[LinearConstraint(hstack([cover, levels]), -np.inf, 0), LinearConstraint(total, units, units)],
        options={"time_limit": MIP_SECONDS, "mip_rel_gap": 1e-4},
    )
    bound = -float(found.mip_dual_bound) + float(weight.sum()) * share**deepest
    return np.rint(found.x[:posts]).astype(np.int64), bound / SCALE


def _timed(case: str, method: str, call: Callable[[], object], budget_s: float = 3.0) -> Row:
    began = time.perf_counter()
    call()
    rounds = int(max(5, min(200, budget_s / max(1e-6, time.perf_counter() - began))))
    median_ms, p99_ms = timed(call, rounds=rounds, warmup=1)
    return {"case": case, "method": method, "median_ms": median_ms, "p99_ms": p99_ms}


def tables(units: int, posts: int, points: int) -> Row:
    """Time a compliance plan whose table has to be made first."""
    seen, policy = city(units, posts, points), policy_named("compliance")

    def fresh() -> None:
        _made.cache_clear()
        policy.propose(seen)

    case = f"plan, {units} units x {posts} posts x {points} points"
    return _timed(case, "turnout compliance, table made anew", fresh)


def main() -> None:
    """Measure a plan for a metropolis and placements that can be solved exactly, and print the figures."""
    warm()
    rows = plans(300, 200, 2_000)
    rows.append(tables(300, 200, 2_000))
    rows += plans(12, 8, 400)
    for size in ((12, 8, 400), (20, 20, 400), (40, 40, 800), (100, 80, 1_000), (300, 200, 2_000)):
        rows += placements(*size)
    emit("redeploy", rows, as_json=wants_json())


if __name__ == "__main__":
    main()
