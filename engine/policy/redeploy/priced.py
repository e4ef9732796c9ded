"""R3: the best single move by what it adds less what it costs (gain moves; objective of Daskin 1983, price after Gendreau 2001).

A unit goes from s to j if cover rises by more than a price for each minute of its drive and one for the move itself. Many
small steps stay near what a whole table would give, at a fraction of its moves. The price of a minute may be adapted to
a budget of moves for each call (`price.py`); then the survey brings it along.
"""

import numpy as np
from msgspec import Struct

from engine.kernels.moving import Terms
from engine.kernels.posting import BARRED
from engine.model.moves import OtherMove, ProposedMove
from engine.policy.redeploy.refused import check
from engine.policy.redeploy.survey import Survey, millionths
from engine.policy.redeploy.weighing import FINE, MINUTE_MS, Weighing
from engine.policy.redeploy.words import OTHERS, Move, proposed


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
        self.moves: list[Move] = []
        self._weighing = Weighing(survey, policy.q)
        self._idle = survey.movable & (1 - survey.fresh)

    def place(self, unit: int) -> None:
        """Choose the post of a unit that has just become free: it drives in any case, if only to its own post."""
        scores, own = self._weighing.scores(unit, self._terms(0)), int(self._weighing.post[unit])
        worth = scores.copy()
        worth[own] = -self._driving(unit, own) * FINE
        target = int(np.argmax(worth))
        if worth[target] > worth[own]:
            scores[target] = BARRED
            ranked = np.lexsort((np.arange(len(scores)), -scores))[:OTHERS]
            others = [(unit, post) for post in ranked.tolist() if scores[post] > BARRED]
            self._take(unit, target, self._driving(unit, target) - self._driving(unit, own), others)

    def step(self) -> bool:
        """Make the best move of an idle unit; return whether there is one that is worth it."""
        weighing, terms = self._weighing, self._terms(self.policy.move_price)
        if not weighing.best(self._idle, terms, 1, least=0):
            return False
        (unit, target), *others = weighing.best(self._idle, terms, 1 + OTHERS)
        self._take(unit, target, self._driving(unit, target) + self.policy.move_price, others)
        self._idle[unit] = 0
        return True

    def _terms(self, move_price: int) -> Terms:
        return Terms(self.policy.per_minute(self.survey) * FINE, move_price * FINE, self.policy.drive_ms_max)

    def _driving(self, unit: int, post: int) -> int:
        """Return what the drive costs in parts per million, rounded down."""
        return self.policy.per_minute(self.survey) * max(0, int(self.survey.to_post_ms[unit, post])) // MINUTE_MS

    def _take(self, unit: int, post: int, price: int, others: list[tuple[int, int]]) -> None:
        """Make the move; the best others, other units to the same post or elsewhere, are told with it."""
        told = tuple(self._other(*pair) for pair in others)
        self.moves.append(Move(unit, post, self._added(unit, post), price, told))
        self._weighing.take(unit, post)

    def _added(self, unit: int, post: int) -> int:
        kinds = self._weighing.kinds
        return millionths(int(self._weighing.gains(unit)[post]), int(kinds.whole[kinds.kind[unit]]))

    def _other(self, unit: int, post: int) -> OtherMove:
        travel_ms, price = int(self.survey.to_post_ms[unit, post]), self._driving(unit, post)
        gain = self._added(unit, post)
        return OtherMove(self.survey.ids[unit], self.survey.posts[post], travel_ms, gain, price)
