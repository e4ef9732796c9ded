"""R4: the best single move by cover in time, over idle and soon-free units, tried out in sampled futures if so wished.

What counts is who would be there when: idle units from where they are on their way, busy ones from when and where they
will probably be free (`kernels/outlook.py`; survival functions: Erkut, Ingolfsson, Erdogan 2008; busy units in the state:
van Barneveld and others 2018). It is weighed now and at moments ahead, so that a long drive is judged by the hole that it
leaves meanwhile. With `rollouts` the best few moves, and no move, are tried in the same futures each (Bertsekas and
others 1997; Guigues, Kleywegt, Nascimento 2024), and the one with the fewest late calls is taken.
"""

import math
from functools import lru_cache

import numpy as np
from msgspec import Struct

from engine.kernels.futures import QUANTILES, late_in_futures
from engine.kernels.moving import Terms
from engine.kernels.outlook import FINE as PROBABLE
from engine.kernels.outlook import FIRST, STEP_BITS, SURE, Points, Ranks, Units, direct_ms, rank_outlook, weigh_outlook
from engine.kernels.posting import BARRED
from engine.model.moves import MILLION, OtherMove, ProposedMove
from engine.policy.redeploy.refused import PolicyRefused, Ranges, check
from engine.policy.redeploy.survey import Ground, Kinds, Survey, Wide, accepted
from engine.policy.redeploy.weighing import FINE, MINUTE_MS, Weighing
from engine.policy.redeploy.words import OTHERS, Move, proposed

DAY_MS = 86_400_000
STEP_MS = 1 << STEP_BITS
SAME, ALL = -2, -1
"""Whose post has changed since ranks were made: nobody's, or they have to be made."""
QUANTILE = np.array([round(-1000 * math.log(1 - (i + 0.5) / QUANTILES)) for i in range(QUANTILES)], np.int64)
"""Of the exponential distribution with mean 1000."""

OWN_RANGES: Ranges = {
    "horizon_ms": (0, 7_200_000, "ms"),
    "moments": (1, 16, "moments"),
    "soft": (0, 1_000, "permille"),
    "soon_ms": (0, 86_400_000, "ms"),
    "candidates": (1, 100_000, "moves"),
    "rollouts": (0, 10_000, "futures"),
    "rollout_ms": (60_000, 86_400_000, "ms"),
    "tried": (1, 100, "moves"),
}


class Ahead(Struct, frozen=True, tag="ahead"):
    """Fresh units choose their post by the same objective first, without the price of a move."""

    q: int | None = 300
    """How much of the time a unit is busy, in permille; None: as was learned, by layer and area."""
    price: int = 500
    """Parts per million of demand for each minute of driving, where the survey brings none."""
    move_price: int = 1_000
    """Parts per million for the move itself."""
    budget_permille: int = 0
    """Idle moves for a thousand calls that the driver is to hold the price to; 0: the price is fixed."""
    at_once: int = 1
    horizon_ms: int = 900_000
    """So far ahead cover is weighed …"""
    moments: int = 3
    """… at so many moments, from now on."""
    soft: int = 300
    """Permille of the cover time by which cover begins to fade earlier, and ends later; 0: a step."""
    soon_ms: int = 1_800_000
    """Busy units that will be free within this count."""
    candidates: int = 24
    """So many moves are looked at closely, the best by counted cover, and so many posts of a fresh unit."""
    rollouts: int = 0
    """Futures for each of the best few moves; 0: none."""
    rollout_ms: int = 3_600_000
    """How long each future lasts."""
    tried: int = 4
    """So many moves are tried out."""
    drive_ms_max: int = 3_600_000

    def __post_init__(self) -> None:
        check(self, OWN_RANGES)

    def propose(self, survey: Survey) -> tuple[ProposedMove, ...]:
        """Return moves for fresh units, then the best moves of idle ones, each after those before it.

        Raises PolicyRefused where futures are asked for and nobody knows how often calls come or how long they last.
        """
        if self.rollouts and not (survey.calls_per_day > 0 and survey.service_ms > 0):
            raise PolicyRefused("rollouts", "futures need calls_per_day and service_ms, and one of them is not known")
        if not (survey.movable.any() and (self.at_once or survey.fresh.any())):
            return ()
        search = _Search(survey, self)
        for unit in np.flatnonzero(survey.fresh & survey.movable).tolist():
            search.place(unit)
        for _ in range(self.at_once):
            if not search.step():
                break
        return proposed(survey, "ahead", search.moves, self.q)


class _Search:
    """The moves found so far, and where that puts everybody."""

    def __init__(self, survey: Survey, policy: Ahead) -> None:
        self.survey, self.policy = survey, policy
        self._weighing = Weighing(survey, policy.q)
        self.kinds: Kinds = self._weighing.kinds
        self.moves: list[Move] = []
        self._points = _points(survey.ground, policy)
        self._units = _units(survey, self.kinds, policy)
        self._direct = np.empty((2, len(self._units.post), len(self._points.weight)), np.int32)
        direct_ms(self._points, self._units, self._direct)
        steps = range(policy.moments)
        self._moments = np.array([policy.horizon_ms * each // max(1, policy.moments - 1) for each in steps], np.int64)
        cells = len(self._points.mode) * policy.moments * len(self._points.weight)
        wide = np.empty((cells, FIRST + 1), np.int64)
        self._ranks = Ranks(wide, np.empty_like(wide), np.empty(cells, np.int64))
        self._changed = ALL
        self._idle = survey.movable & (1 - survey.fresh)
        self._minute = survey.price if survey.price >= 0 else policy.price
        self._terms = Terms(self._minute * FINE, 0, policy.drive_ms_max)

    def place(self, unit: int) -> None:
        """Choose the post of a unit that has just become free: it drives in any case, if only to its own post."""
        scores = self._weighing.scores(unit, self._terms)
        targets = np.lexsort((np.arange(len(scores)), -scores))[: self.policy.candidates]
        targets = np.sort(targets[scores[targets] > BARRED])
        gains = self._weighed(np.full(len(targets), unit), targets)
        own = self._driving(unit, int(self._weighing.post[unit]))
        prices = [self._driving(unit, post) - own for post in targets.tolist()]
        self._take_best([unit] * len(targets), targets.tolist(), gains, prices)

    def step(self) -> bool:
        """Make the best move of an idle unit; return whether there is one that is worth it."""
        # Which are looked at closely is said by counted cover.
        pairs = sorted(self._weighing.best(self._idle, self._terms, self.policy.candidates))
        units, targets = [unit for unit, _ in pairs], [post for _, post in pairs]
        prices = [self._driving(unit, post) + self.policy.move_price for unit, post in pairs]
        gains = self._weighed(np.array(units, np.int64), np.array(targets, np.int64))
        return self._take_best(units, targets, gains, prices)

    def _weighed(self, units: Wide, targets: Wide) -> list[int]:
        """Return what each move adds, in parts per billion of the demand of its unit's kind."""
        out = np.empty(len(units), np.int64)
        movers, ends = units.astype(np.int64), targets.astype(np.int64)
        at = (self._points, self._units, self._direct, self._moments)
        if self._changed != SAME:
            rank_outlook(*at, self._changed, self._ranks)
            self._changed = SAME
        weigh_outlook(*at, self._ranks, movers, ends, out)
        whole = self.kinds.whole[self.kinds.kind[units]]
        per = PROBABLE * SURE * len(self._moments)
        return [
            value * MILLION * FINE // (per * max(1, all_))
            for value, all_ in zip(out.tolist(), whole.tolist(), strict=True)
        ]

    def _take_best(self, units: list[int], targets: list[int], gains: list[int], prices: list[int]) -> bool:
        scores = [gain - price * FINE for gain, price in zip(gains, prices, strict=True)]
        ranked = [
            place
            for place in sorted(range(len(scores)), key=lambda place: (-scores[place], place))
            if scores[place] > 0
        ]
        if not ranked:
            return False
        best = self._tried(units, targets, prices, ranked) if self.policy.rollouts else ranked[0]
        if best < 0:
            return False
        others = tuple(
            self._other(units[n], targets[n], gains[n], prices[n]) for n in ranked[: OTHERS + 1] if n != best
        )
        unit, target = units[best], targets[best]
        self.moves.append(Move(unit, target, gains[best] // FINE, prices[best], others[:OTHERS]))
        self._weighing.take(unit, target)
        self._units.post[unit] = target
        self._idle[unit], self._changed = 0, unit
        return True

    def _tried(self, units: list[int], targets: list[int], prices: list[int], ranked: list[int]) -> int:
        """Return the move that does best in sampled futures, its price counted; -1: nobody moves."""
        survey, policy = self.survey, self.policy
        tried = ranked[: policy.tried]
        movers = np.array([-1, *(units[place] for place in tried)], np.int64)
        ends = np.array([0, *(targets[place] for place in tried)], np.int64)
        late = np.empty(len(movers), np.int64)
        calls = late_in_futures(
            self._points,
            self._units,
            self._direct,
            survey.seq,
            policy.rollouts,
            policy.rollout_ms,
            DAY_MS // survey.calls_per_day,
            survey.service_ms,
            QUANTILE,
            movers,
            ends,
            late,
        )
        costs = [count * MILLION // max(1, calls) for count in late.tolist()]
        then = [(cost + prices[place], place) for cost, place in zip(costs[1:], tried, strict=True)]
        # Of equals the one that ranks first by cover in time, as `min` keeps the first.
        best = min(then, key=lambda each: each[0])
        return best[1] if best[0] < costs[0] else -1

    def _driving(self, unit: int, post: int) -> int:
        return self._minute * max(0, int(self.survey.to_post_ms[unit, post])) // MINUTE_MS

    def _other(self, unit: int, post: int, gain: int, price: int) -> OtherMove:
        survey = self.survey
        return OtherMove(survey.ids[unit], survey.posts[post], int(survey.to_post_ms[unit, post]), gain // FINE, price)


def _points(ground: Ground, policy: Ahead) -> Points:
    layers, times = ground.layers, ground.reach_ms
    both = (times >= 0).all(axis=0)
    lights, normal = (int(times[mode][both].sum(dtype=np.int64)) for mode in (0, 1))
    busy = ground.point_busy if policy.q is None else np.full_like(ground.point_busy, policy.q)
    fractions, which = np.unique(busy, return_inverse=True)
    return Points(
        times,
        ground.point_weight,
        np.array([layer.mode for layer in layers], np.int64),
        np.array([layer.cover_ms for layer in layers], np.int64),
        np.array([layer.share for layer in layers], np.int64),
        fractions.astype(np.int64),
        which.reshape(busy.shape).astype(np.int32),
        np.array([lights * 1000 // max(1, normal) if normal else 1000, 1000], np.int64),
        _curves(tuple(layer.cover_ms for layer in layers), policy.soft),
    )


@lru_cache(maxsize=8)
def _curves(cover_ms: tuple[int, ...], soft: int) -> Wide:
    """Return by layer: SURE up to 1 - soft of the cover time, nothing from 1 + soft on, and a smooth step between."""
    steps = max(each * (1000 + soft) // 1000 for each in cover_ms) // STEP_MS + 1
    return np.array([[_sure(STEP_MS * step, each, soft) for step in range(steps)] for each in cover_ms], np.int64)


def _sure(took_ms: int, cover_ms: int, soft: int) -> int:
    begin, end = cover_ms * (1000 - soft) // 1000, cover_ms * (1000 + soft) // 1000
    if took_ms <= begin:
        return SURE
    if took_ms >= end:
        return 0
    # The smooth step 3x**2 - 2x**3, in whole numbers.
    x = (took_ms - begin) * 1000 // (end - begin)
    return SURE - SURE * (3 * x * x * 1000 - 2 * x * x * x) // 1_000_000_000


def _units(survey: Survey, kinds: Kinds, policy: Ahead) -> Units:
    soon = np.flatnonzero((survey.busy_free_ms >= 0) & (survey.busy_free_ms <= policy.soon_ms))
    busy_to_post = survey.busy_to_post_ms.reshape(-1, len(survey.posts))[soon]
    return Units(
        np.concatenate([np.zeros(len(survey.post), np.int64), survey.busy_free_ms[soon].astype(np.int64)]),
        np.concatenate([survey.post, survey.busy_post[soon]]).astype(np.int32),
        np.ascontiguousarray(np.concatenate([survey.to_post_ms, busy_to_post]), np.int32),
        np.concatenate([kinds.accepts, accepted(survey.layers, survey.busy_capability[soon])]),
    )
