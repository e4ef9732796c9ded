"""Made-up outcomes: a city's calls drawn from a seed, and how a faster or slower policy would have met them."""

import numpy as np

from engine.sim.outcome import NEVER, Calls, CoverSamples, Outcome, Units

DAY_MS = 86_400_000
SAMPLE_MS = 900_000


def outcome(
    policy="nearest",
    *,
    seed=1,
    rep=0,
    days=5,
    per_day=200,
    units=6,
    pace=1.0,
    moves=0.0,
    never=0.002,
    priorities=(1, 2, 3, 4, 5),
    reach_m=(6_000, 9_000),
):
    """Return one replication: the calls depend on seed and rep alone, the rest on the policy's pace and moves."""
    city = np.random.default_rng((seed, rep, 1))
    number = int(city.poisson(days * per_day))
    came = np.sort(city.integers(0, days, number) * DAY_MS + _hours(city, number))
    priority = city.choice(np.array(priorities, np.int8), number).astype(np.int8)
    x, y = (city.normal(0, reach / 3, number).astype(np.int32) for reach in reach_m)
    calls = _met(np.random.default_rng((seed, rep, 2)), came, priority, (x, y), pace, units, never)
    return Outcome(
        policy=policy,
        seed=seed,
        rep=rep,
        days=days,
        calls=calls,
        units=_fleet(np.random.default_rng((seed, rep, 3)), units, days, number, moves),
        cover=_cover(np.random.default_rng((seed, rep, 4)), days, units, pace),
        turns=number * 9,
        state_hash=f"{seed:08x}{rep:08x}",
        wall_s=number / 6000,
    )


def outcomes(policy="nearest", *, reps=4, seed=1, **rest):
    """Return replications of one policy."""
    return [outcome(policy, seed=seed, rep=rep, **rest) for rep in range(reps)]


def city(reps=4, **rest):
    """Return four policies on the same calls: dearer in moves, better in time, and one that is neither."""
    ways = {"static": (1.0, 0.0), "dmexclp": (0.96, 0.1), "priced": (0.86, 0.35), "restless": (0.93, 1.1)}
    return {name: outcomes(name, reps=reps, pace=pace, moves=moves, **rest) for name, (pace, moves) in ways.items()}


def _hours(chance, number):
    """Draw times of day, most of them in the afternoon."""
    return (np.clip(chance.normal(15, 5.5, number) % 24, 0, 23.999) * 3_600_000).astype(np.int64)


def _met(chance, came, priority, where, pace, units, never):
    number = len(came)
    taken = 20_000 + 5_000 * priority.astype(np.int64)
    waited = chance.random(number) < 0.08
    wait = np.where(waited, chance.exponential(120_000, number), 0).astype(np.int64)
    far = np.hypot(*where) / 12
    travel = (pace * (far * 1000 + chance.gamma(4, 70_000, number))).astype(np.int64)
    reached = came + taken + wait + travel
    reached[chance.random(number) < never] = NEVER
    return Calls(
        came_ms=came,
        known_ms=came + taken,
        sent_ms=np.where(reached == NEVER, NEVER, came + taken + wait),
        reached_ms=reached,
        complete_ms=reached,
        cleared_ms=np.where(reached == NEVER, NEVER, reached + 1_500_000),
        target_ms=np.where(priority <= 2, 480_000, 630_000).astype(np.int32),
        priority=priority,
        x_m=where[0],
        y_m=where[1],
        unit=chance.integers(0, units, number).astype(np.int32),
        waited=waited.astype(np.uint8),
        bumped=np.zeros(number, np.int16),
    )


def _fleet(chance, units, days, calls, moves):
    on = np.full(units, days * DAY_MS, np.int64)
    busy = (on * chance.uniform(0.25, 0.6, units)).astype(np.int64)
    moved = chance.poisson(moves * calls / units, units).astype(np.int32)
    return Units(
        ids=tuple(f"A{row + 1:02d}" for row in range(units)),
        on_duty_ms=on,
        busy_ms=busy,
        responding_ms=busy // 4,
        jobs=chance.poisson(calls / units, units).astype(np.int32),
        idle_moves=moved,
        moves=moved + 3,
        refused_moves=moved // 10,
        declined=moved // 20,
        driven_m=(busy // 300 + moved * 2_000).astype(np.int64),
        moved_m=moved.astype(np.int64) * 2_000,
    )


def _cover(chance, days, units, pace):
    at = np.arange(0, days * DAY_MS, SAMPLE_MS, dtype=np.int64)
    daily = 0.72 - 0.14 * np.sin((at / DAY_MS * 24 - 9) / 24 * 2 * np.pi) + (1 - pace) * 0.5
    cover = np.clip(daily + chance.normal(0, 0.06, len(at)), 0, 1)
    free = np.clip(np.round(cover * units), 0, units).astype(np.int32)
    return CoverSamples(at_ms=at, free=free, cover=(cover * 1e6).astype(np.int32))
