"""R3: the best single move by what it adds less what it costs (gain moves; objective of Daskin 1983, price after Gendreau 2001).

A unit goes from s to j if cover rises by more than a price for each minute of its drive and one for the move itself. Many
small steps stay near what a whole table would give, at a fraction of its moves. The price of a minute may be adapted to
a budget of moves for each call (`price.py`); then the survey brings it along.
"""

import numpy as np
from msgspec import Struct

from engine.kernels.posting import BARRED, best_move, weigh_moves
from engine.model.moves import OtherMove, ProposedMove
from engine.policy.redeploy.refused import check
from engine.policy.redeploy.survey import Bytes, Ints, Kinds, Survey, Wide, kinds_of, millionths, with_busy
from engine.policy.redeploy.words import OTHERS, Move, proposed

FINE = 1_000
"""Scores are in parts per billion, so that a minute more always tells."""
MINUTE_MS = 60_000


class Priced(Struct, frozen=True, tag="priced"):
    """Fresh units choose their post by the same objective first, without the price of a move."""

    q: int | None = 300
    """How much of the time a unit is busy, in permille; None: as was learned, by layer and area."""
    price: int = 2_000
    """Parts per million of demand for each minute of driving, where the survey brings none."""
    move_price: int = 0
    """Parts per million for the move itself."""
    budget_permille: int = 0
    """Idle moves for a thousand calls that the driver is to hold the price to; 0: the price is fixed."""
    at_once: int = 1
    """Idle moves proposed at one time."""
    drive_ms_max: int = 3_600_000

    def __post_init__(self) -> None:
        check(self)

    def propose(self, survey: Survey) -> tuple[ProposedMove, ...]:
        """Return moves for fresh units, then the best moves of idle ones, each after those before it."""
        if not (survey.movable.any() and (self.at_once or survey.fresh.any())):
            return ()
        search = Search(survey, self)
        for unit in np.flatnonzero(survey.fresh & survey.movable).tolist():
            search.place(unit)
        for _ in range(self.at_once):
            if not search.step():
                break
        return proposed(survey, "priced", search.moves, self.q)

    def per_minute(self, survey: Survey) -> int:
        """Return the price that counts now."""
        return survey.price if survey.price >= 0 else self.price


class Search:
    """The moves found so far, and where that puts everybody."""

    def __init__(self, survey: Survey, policy: Priced) -> None:
        self.survey, self.policy = survey, policy
        self.kinds: Kinds = kinds_of(survey)
        self.post: Ints = survey.post.copy()
        self.moves: list[Move] = []
        self._sets = with_busy(survey.ground.sets, policy.q)
        posts = len(survey.posts)
        self._gain: Wide = np.empty((len(self.kinds.kinds), posts, posts), np.int64)
        self._leaves: Wide = np.empty(self._gain.shape[:2], np.int64)
        self.scores: Wide = np.empty(survey.to_post_ms.shape, np.int64)
        self._idle = survey.movable & (1 - survey.fresh)

    def place(self, unit: int) -> None:
        """Choose the post of a unit that has just become free: it drives in any case, if only to its own post."""
        only = np.zeros(len(self.post), np.uint8)
        only[unit] = 1
        self._best(only, 0)
        worth, own = self.scores[unit].copy(), int(self.post[unit])
        worth[own] = -self._driving(unit, own) * FINE
        target = int(np.argmax(worth))
        if worth[target] > worth[own]:
            self._take(unit, target, self._driving(unit, target) - self._driving(unit, own))

    def step(self) -> bool:
        """Make the best move of an idle unit; return whether there is one that is worth it."""
        found = self._best(self._idle, self.policy.move_price)
        if found < 0:
            return False
        unit, target = divmod(found, len(self.survey.posts))
        self._take(unit, target, self._driving(unit, target) + self.policy.move_price)
        self._idle[unit] = 0
        return True

    def _best(self, may_move: Bytes, move_price: int) -> int:
        kinds, survey, policy = self.kinds, self.survey, self.policy
        weigh_moves(self._sets, self.post, kinds.accepts, kinds.kinds, self._gain, self._leaves)
        return best_move(
            self._gain,
            kinds.whole,
            kinds.kind,
            self.post,
            survey.to_post_ms,
            may_move,
            survey.room,
            policy.per_minute(survey) * FINE,
            move_price * FINE,
            policy.drive_ms_max,
            self.scores,
        )

    def _driving(self, unit: int, post: int) -> int:
        """Return what the drive costs in parts per million, rounded down."""
        return self.policy.per_minute(self.survey) * max(0, int(self.survey.to_post_ms[unit, post])) // MINUTE_MS

    def _take(self, unit: int, post: int, price: int) -> None:
        self.moves.append(Move(unit, post, self._added(unit, post), price, self._others(unit, post)))
        self.post[unit] = post

    def _added(self, unit: int, post: int) -> int:
        kind = int(self.kinds.kind[unit])
        return millionths(int(self._gain[kind, self.post[unit], post]), int(self.kinds.whole[kind]))

    def _others(self, unit: int, post: int) -> tuple[OtherMove, ...]:
        """Return the best other moves, at most three: other units to the same post, else elsewhere."""
        scores = self.scores.copy()
        scores[unit, post] = BARRED
        best = np.lexsort((np.arange(scores.size), -scores.ravel()))[:OTHERS]
        pairs = [divmod(place, scores.shape[1]) for place in best.tolist() if scores.flat[place] > BARRED]
        return tuple(self._other(*pair) for pair in pairs)

    def _other(self, unit: int, post: int) -> OtherMove:
        travel_ms, price = int(self.survey.to_post_ms[unit, post]), self._driving(unit, post)
        gain = self._added(unit, post)
        return OtherMove(self.survey.ids[unit], self.survey.posts[post], travel_ms, gain, price)
