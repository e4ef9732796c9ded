"""Why a move is proposed, in two steps as dispatchers think: which post is to be filled, then which unit fills it."""

import numpy as np
from msgspec import Struct

from engine.kernels.posting import ONE
from engine.model.moves import MoveWhy, OtherMove, ProposedMove
from engine.policy.redeploy.survey import Kinds, Survey, accepted, millionths
from engine.policy.redeploy.weighing import Weighing

OTHERS = 3
NOBODY_KNOWS = -1


class Move(Struct, frozen=True):
    """A unit, by its place in the survey, and the post it is to go to."""

    unit: int
    post: int
    gain: int | None = None
    """In parts per million of the demand of the unit's kind; None: by so much as cover by counts grows."""
    price: int = 0
    others: tuple[OtherMove, ...] = ()


def proposed(
    survey: Survey, policy: str, moves: list[Move], busy_permille: int | None = None
) -> tuple[ProposedMove, ...]:
    """Return the moves with their reasons, each judged as if those before it were done."""
    if not moves:
        return ()
    weighing, post, out = Weighing(survey, busy_permille), survey.post.copy(), []
    told = weighing.tell([move.unit for move in moves], [move.post for move in moves])
    for move, cover in zip(moves, told, strict=True):
        source = int(post[move.unit])
        post[move.unit] = move.post
        left = int(np.count_nonzero(post == source))
        out.append(_proposed(survey, weighing.kinds, policy, move, cover, source, left))
    return tuple(out)


def _proposed(
    survey: Survey, kinds: Kinds, policy: str, move: Move, cover: tuple[int, int, int], source: int, left: int
) -> ProposedMove:
    unit, target, whole = move.unit, move.post, int(kinds.whole[kinds.kind[move.unit]])
    now, then, bare = (millionths(value, whole) for value in (cover[0], cover[1], cover[2] * ONE))
    hole_ms = hole_of(survey, int(kinds.accepts[unit]), target)
    travel_ms = int(survey.to_post_ms[unit, target])
    why = MoveWhy(
        policy=policy,
        cover_now=now,
        cover_then=then,
        gain=then - now if move.gain is None else move.gain,
        price=move.price,
        hole_ms=hole_ms,
        fill=_fill(survey.names[target], bare, hole_ms),
        choice=_choice(survey, unit, source, travel_ms, left),
        others=move.others,
    )
    return ProposedMove(survey.ids[unit], survey.posts[target], travel_ms, why)


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
