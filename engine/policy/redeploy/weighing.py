"""What moves add to cover, from where units stand now: kept up as moves are taken, so that the next question is cheap."""

import numpy as np

from engine.kernels.moving import Standing, Terms, best_moves, gains_from, make_move, take_stand, tell_moves
from engine.kernels.posting import BARRED, shares
from engine.policy.redeploy.survey import Bytes, Ints, Kinds, Survey, Wide, kinds_of, with_busy

FINE = 1_000
"""Scores are in parts per billion, so that a minute more always tells."""
MINUTE_MS = 60_000


class Weighing:
    """Units at their posts, the moves taken so far made. Values are in parts of ONE * ONE of all demand."""

    def __init__(self, survey: Survey, busy_permille: int | None) -> None:
        """Begin where the survey has them; a busy fraction given counts everywhere in the place of what was learned."""
        self.kinds: Kinds = kinds_of(survey)
        self.post: Ints = survey.post.copy()
        self._survey = survey
        self._sets = with_busy(survey.ground.sets, busy_permille)
        self._standing = _empty_standing(survey, self._sets.busy)
        self._known: dict[tuple[int, int], Wide] = {}
        """Gains by who is accepted and where from, until a move is taken."""
        take_stand(self._sets, self.post, self.kinds.accepts, self._standing)

    def gains(self, unit: int) -> Wide:
        """Return what the unit adds at each post if it goes there from its own, int64[p]. Not to be written to."""
        key = int(self.kinds.accepts[unit]), int(self.post[unit])
        if key not in self._known:
            out = self._known[key] = np.empty(len(self._survey.posts), np.int64)
            gains_from(self._sets, self._standing, *key, out)
        return self._known[key]

    def scores(self, unit: int, terms: Terms) -> Wide:
        """Return what each move of the unit is worth, int64[p], in parts per billion; BARRED where it is not allowed."""
        survey, whole, source = self._survey, int(self.kinds.whole[self.kinds.kind[unit]]), int(self.post[unit])
        here = np.bincount(self.post, minlength=len(survey.posts))
        drive_ms = survey.to_post_ms[unit].astype(np.int64)
        allowed = (drive_ms >= 0) & (drive_ms <= terms.drive_ms_max) & (here < survey.capacity)
        allowed[source] = False
        if here[source] <= survey.minimum[source]:
            allowed[:] = False
        gain = (self.gains(unit) >> 30) * 1_000_000_000 // whole if whole > 0 else np.zeros(len(drive_ms), np.int64)
        return np.where(allowed, gain - terms.per_minute * drive_ms // MINUTE_MS - terms.per_move, BARRED)

    def best(self, may_move: Bytes, terms: Terms, most: int, least: int = BARRED) -> list[tuple[int, int]]:
        """Return the moves that are worth the most of all, as (unit, post), the best first; of equals the lowest first.

        At most so many, and none that is worth no more than `least`, in parts per billion.
        """
        survey, kinds = self._survey, self.kinds
        best, scores = np.empty(most, np.int64), np.empty(most, np.int64)
        found = best_moves(
            self._sets,
            self._standing,
            kinds.kinds,
            kinds.whole,
            kinds.kind,
            self.post,
            survey.to_post_ms,
            may_move,
            survey.room,
            terms,
            least,
            best,
            scores,
        )
        return [divmod(move, len(survey.posts)) for move in best[:found].tolist()]

    def take(self, unit: int, post: int) -> None:
        """Let the unit belong to that post from now on."""
        make_move(self._sets, self._standing, int(self.kinds.accepts[unit]), int(self.post[unit]), post)
        self.post[unit] = post
        self._known.clear()

    def tell(self, units: list[int], posts: list[int]) -> list[tuple[int, int, int]]:
        """Return of each of these moves, those before it made: cover before and after it, and what was bare in parts of ONE.

        Cover is that of the demand which accepts the unit. The last question that may be asked: it moves them.
        """
        out = np.empty((len(units), 3), np.int64)
        movers, targets = np.array(units, np.int64), np.array(posts, np.int32)
        tell_moves(self._sets, self._standing, self.post, self.kinds.accepts, movers, targets, out)
        return [(before, after, bare) for before, after, bare in out.tolist()]


def _empty_standing(survey: Survey, busy: Wide) -> Standing:
    sets = survey.ground.sets
    layers = (len(survey.layers), sets.posts)
    return Standing(
        shares(busy, len(survey.post)),
        np.empty(sets.posts + 2, np.int64),
        np.empty(len(sets.post), np.int64),
        np.empty(len(sets.weight), np.int64),
        np.empty(len(sets.weight), np.int64),
        np.empty(layers, np.int64),
        np.empty(layers, np.int64),
    )
