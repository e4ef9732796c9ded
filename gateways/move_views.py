"""How moves between posts, and the cover that they are about, look to people. Part of the published vocabulary.

Shares of demand are percent here: people do not think in millionths.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from engine.model.facts import AnyFact
from engine.model.moves import MILLION, MoveEnded, MoveHeldBack, MoveOrdered, MoveProposed, MoveWhy, PlanProposed
from engine.model.plans import Mode
from engine.state.records import Move
from engine.state.world import World

_PERCENT = MILLION // 100


class MoveState(StrEnum):
    """Where a move stands."""

    PROPOSED = "proposed"
    """Somebody may accept, reject or put it off."""
    ORDERED = "ordered"
    """Its crew was told, and is on its way."""


class OtherMoveView(Struct, frozen=True, gc=False, kw_only=True):
    """What else could have been done."""

    unit: str
    post: str
    travel_ms: int
    gain_percent: float
    price_percent: float


class MoveView(Struct, frozen=True, gc=False, kw_only=True):
    """A move that is proposed, or under way."""

    id: str
    unit: str
    source: str
    """Where the unit belongs, or did until the order."""
    post: str
    state: MoveState
    travel_ms: int
    """Normal driving; -1: not known."""
    since_ms: int
    """When it was proposed, or ordered."""
    idle: bool
    """The crew is disturbed; else it has just become free and only drives home elsewhere."""
    by: str = ""
    """Who ordered it."""
    policy: str = ""
    """Who proposed it; empty: a person ordered it unasked, and then nothing is said below."""
    gain_percent: float = 0.0
    """Of the demand of its class: what the move covers more …"""
    price_percent: float = 0.0
    """… and what the drive and the burden of the crew count."""
    cover_now_percent: float = 0.0
    cover_then_percent: float = 0.0
    hole_ms: int = -1
    """How long the hole would probably last without it; -1: nobody can tell."""
    fill: str = ""
    """Which post, and why: a sentence."""
    choice: str = ""
    """Which unit, and why: a sentence."""
    others: tuple[OtherMoveView, ...] = ()


class CoverageView(Struct, frozen=True, gc=False, kw_only=True):
    """How well one class of demand is covered."""

    layer: str
    now_percent: float
    then_percent: float
    """If all that is proposed is done."""


def view_moves(world: World) -> tuple[MoveView, ...]:
    """Return all moves that people are shown: what a shadow planner would do is only written down."""
    return tuple(view_move(move) for move in world.moves.values() if _is_shown(move))


def view_move_changes(world: World, facts: Iterable[AnyFact]) -> tuple[tuple[MoveView, ...], tuple[str, ...]]:
    """Return the moves that these facts made or changed, and the ids of those that are over."""
    names = dict.fromkeys(name for fact in facts if (name := getattr(fact, "move", None)) is not None)
    standing = [world.moves[name] for name in names if name in world.moves]
    shown = tuple(view_move(move) for move in standing if _is_shown(move))
    return shown, tuple(name for name in names if name not in world.moves)


def view_coverage(world: World) -> tuple[CoverageView, ...]:
    """Return the cover as the planner saw it last."""
    return tuple(
        CoverageView(layer=each.layer, now_percent=each.now / _PERCENT, then_percent=each.then / _PERCENT)
        for each in world.cover
    )


def view_coverage_change(world: World, facts: Iterable[AnyFact]) -> tuple[CoverageView, ...] | None:
    """Return the cover if a planner has spoken in these facts; else None."""
    return view_coverage(world) if any(isinstance(fact, PlanProposed) for fact in facts) else None


def move_words(fact: AnyFact) -> str:
    """Return a fact about moves as one line; "" for any other."""
    match fact:
        case MoveProposed():
            return f"{fact.source} to {fact.post}: {fact.why.fill}"
        case MoveOrdered():
            return f"{fact.source} to {fact.post}" + (f": {fact.reason}" if fact.reason else "")
        case MoveEnded():
            return fact.outcome.value
        case MoveHeldBack():
            return f"not to {fact.post}: {fact.reason}"
        case _:
            return ""


def view_move(move: Move) -> MoveView:
    """Return the move."""
    view = MoveView(
        id=move.id,
        unit=move.unit,
        source=move.source,
        post=move.post,
        state=MoveState.ORDERED if move.ordered else MoveState.PROPOSED,
        travel_ms=move.travel_ms,
        since_ms=move.since_ms,
        idle=move.idle,
        by=move.by,
    )
    return view if move.why is None else _with_why(view, move.why)


def _with_why(view: MoveView, why: MoveWhy) -> MoveView:
    others = tuple(
        OtherMoveView(
            unit=each.unit,
            post=each.post,
            travel_ms=each.travel_ms,
            gain_percent=each.gain / _PERCENT,
            price_percent=each.price / _PERCENT,
        )
        for each in why.others
    )
    return replace(
        view,
        policy=why.policy,
        gain_percent=why.gain / _PERCENT,
        price_percent=why.price / _PERCENT,
        cover_now_percent=why.cover_now / _PERCENT,
        cover_then_percent=why.cover_then / _PERCENT,
        hole_ms=why.hole_ms,
        fill=why.fill,
        choice=why.choice,
        others=others,
    )


def _is_shown(move: Move) -> bool:
    return move.ordered or move.mode is not Mode.SHADOW
