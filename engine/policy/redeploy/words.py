"""Why a move is proposed, in two steps as dispatchers think: which post is to be filled, then which unit fills it."""

import numpy as np

from engine.kernels.posting import ONE, covered
from engine.model.moves import MoveWhy, OtherMove, ProposedMove
from engine.policy.redeploy.survey import Ints, Kinds, Survey, accepted, kinds_of, millionths, with_busy

OTHERS = 3
NOBODY_KNOWS = -1


class Move:
    """A unit, by its place in the survey, and the post it is to go to."""

    __slots__ = ("gain", "others", "post", "price", "unit")

    def __init__(self, unit: int, post: int, gain: int, price: int = 0, others: tuple[OtherMove, ...] = ()) -> None:
        """Gain and price in parts per million of the demand of the unit's kind."""
        self.unit, self.post, self.gain, self.price, self.others = unit, post, gain, price, others


def proposed(
    survey: Survey, policy: str, moves: list[Move], busy_permille: int | None = None
) -> tuple[ProposedMove, ...]:
    """Return the moves with their reasons, each judged as if those before it were done."""
    if not moves:
        return ()
    kinds, post = kinds_of(survey), survey.post.copy()
    return tuple(_proposed(survey, kinds, policy, move, post, busy_permille) for move in moves)


def _proposed(
    survey: Survey, kinds: Kinds, policy: str, move: Move, post: Ints, busy_permille: int | None
) -> ProposedMove:
    unit, target, source = move.unit, move.post, int(post[move.unit])
    now = cover_of(survey, kinds, post, unit, busy_permille)
    alone = _lost_share(survey, kinds, post, unit, target)
    post[unit] = target
    then = cover_of(survey, kinds, post, unit, busy_permille)
    hole_ms = hole_of(survey, int(kinds.accepts[unit]), target)
    travel_ms = int(survey.to_post_ms[unit, target])
    left = int((post == source).sum())
    why = MoveWhy(
        policy=policy,
        cover_now=now,
        cover_then=then,
        gain=move.gain,
        price=move.price,
        hole_ms=hole_ms,
        fill=_fill(survey.names[target], alone, hole_ms),
        choice=_choice(survey, unit, source, travel_ms, left),
        others=move.others,
    )
    return ProposedMove(survey.ids[unit], survey.posts[target], travel_ms, why)


def cover_of(survey: Survey, kinds: Kinds, post: Ints, unit: int, busy_permille: int | None) -> int:
    """Return how much of the demand of the unit's kind is covered, in parts per million."""
    sets = with_busy(survey.ground.sets, busy_permille)
    by_layer = np.empty(len(survey.layers), np.int64)
    covered(sets, post, kinds.accepts, by_layer)
    bits = int(kinds.accepts[unit])
    counts = [int(value) for layer, value in enumerate(by_layer.tolist()) if bits >> layer & 1]
    return millionths(sum(counts), int(kinds.whole[kinds.kind[unit]]))


def _lost_share(survey: Survey, kinds: Kinds, post: Ints, unit: int, target: int) -> int:
    """Return how much demand of the unit's kind lies within reach of the post and of no other free unit."""
    bits, bare = int(kinds.accepts[unit]), 0
    others = np.arange(len(post)) != unit
    for number, layer in enumerate(survey.layers):
        if bits >> number & 1:
            standing = post[others & (kinds.accepts >> number & 1 == 1)]
            reached = layer.cover[standing].any(axis=0)
            bare += int(layer.weight[(layer.cover[target] != 0) & ~reached].sum())
    return millionths(bare * ONE, int(kinds.whole[kinds.kind[unit]]))


def hole_of(survey: Survey, accepts: int, post: int) -> int:
    """Return when the first busy unit could be at the post that counts for the same demand; -1: nobody can tell."""
    if not len(survey.busy_free_ms):
        return NOBODY_KNOWS
    may = accepted(survey.layers, survey.busy_capability) & accepts == accepts
    may &= (survey.busy_to_post_ms[:, post] >= 0) & (survey.busy_free_ms >= 0)
    times = survey.busy_free_ms[may].astype(np.int64) + survey.busy_to_post_ms[may, post]
    return int(times.min()) if len(times) else NOBODY_KNOWS


def _fill(name: str, bare: int, hole_ms: int) -> str:
    reaches = f"{bare / 10_000:.1f} % of demand is within reach of {name} and of no other free unit"
    if bare == 0:
        reaches = f"all that {name} reaches has a free unit already, but not enough of them"
    later = (
        "no busy unit is known to come there" if hole_ms < 0 else f"a busy unit could be there in {_minutes(hole_ms)}"
    )
    return f"{reaches}; {later}."


def _choice(survey: Survey, unit: int, source: int, travel_ms: int, left: int) -> str:
    name = survey.names[source]
    keeps = {0: f"nobody stays at {name}", 1: f"one unit stays at {name}"}.get(left, f"{left} units stay at {name}")
    what = "has just become free and" if survey.fresh[unit] else "is idle and"
    return f"{survey.ids[unit]} {what} would be there in {_minutes(travel_ms)}; {keeps}."


def _minutes(ms: int) -> str:
    return f"{ms / 60_000:.1f} min"
