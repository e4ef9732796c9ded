"""One who plans: a policy, what it reckons with, and the price of driving as it is adapted. Owned by its driver.

Live it sits beside the engine, in simulations within the calendar: the same object, asked in the same way. It says
nothing while what it would propose stands proposed already.
"""

from typing import Any, Protocol

import numpy as np

from engine.kernels.posting import ONE, covered
from engine.model.facts import AssignmentEnded, DutyChanged, IncidentReported, UnitDispatched
from engine.model.lifecycle import Status
from engine.model.moves import (
    MILLION,
    Cover,
    MoveEnded,
    MoveOutcome,
    MoveProposed,
    MoveRefused,
    ProposedMove,
    ProposeMoves,
)
from engine.model.turn import Turn
from engine.policy.redeploy.looking import Look
from engine.policy.redeploy.price import Price
from engine.policy.redeploy.survey import NO_PRICE, Ints, Survey, accepted, millionths, with_busy
from engine.policy.redeploy.surveyor import Demand, Surveyor, complete
from engine.state.world import World

ON_THE_WAY = (Status.AVAILABLE, Status.RETURNING)
"""Between these two a unit is as free as before."""


class RedeployPolicy(Protocol):
    """Pure: the same survey, the same proposals."""

    def propose(self, survey: Survey) -> tuple[ProposedMove, ...]:
        """Return the moves that are worth it now, the most valuable first; each is judged as if those before were done."""


class Planning:
    """Thinks about one World after the other."""

    def __init__(self, policy: RedeployPolicy, demand: Demand | None = None, *, tells_cover: bool = False) -> None:
        self.policy = policy
        self.surveyor = Surveyor(demand)
        kind: Any = type(policy)
        self.name: str = kind.__struct_config__.tag
        budget = getattr(policy, "budget_permille", 0)
        self.price = Price(budget, max(20, getattr(policy, "price", 2_000))) if budget else None
        self._tells_cover = tells_cover

    def saw(self, turn: Turn) -> bool:
        """Take in what has happened; tell whether it is worth thinking again."""
        news, calls, moves = False, 0, 0
        for fact in turn.facts:
            kind = type(fact)
            if kind is UnitDispatched or kind is AssignmentEnded:
                news = True
            elif kind is IncidentReported:
                calls += 1
            elif isinstance(fact, MoveProposed):
                # What crews are asked counts, and not what they are told: else driving would get ever cheaper where
                # people say no, or where nobody looks.
                moves += fact.idle
            elif isinstance(fact, DutyChanged):
                news |= fact.duty not in ON_THE_WAY
            elif isinstance(fact, MoveRefused):
                news = True
            elif isinstance(fact, MoveEnded):
                news |= fact.outcome is not MoveOutcome.ARRIVED
        if self.price is not None and (calls or moves):
            self.price.saw(calls, moves)
        return news

    def think(self, world: World) -> ProposeMoves | None:
        """Return what to tell the engine; None where it is what was told already. Raises PolicyRefused."""
        return self.unless_told(world, self.propose(self.survey(world)))

    def survey(self, world: World) -> Survey:
        """Return the moment, at the price of now. Quick once the surveyor is ready. Raises PolicyRefused."""
        return complete(self.surveyor.look(world, self._price))

    def look(self, world: World) -> Look:
        """Return what `complete` makes a survey of in another thread, whatever becomes of the World. Raises PolicyRefused."""
        return self.surveyor.look(world, self._price, apart=True)

    @property
    def _price(self) -> int:
        return NO_PRICE if self.price is None else self.price.now

    def propose(self, survey: Survey) -> ProposeMoves:
        """Return the plan. Touches nothing but the survey, so another thread may do it meanwhile."""
        moves = self.policy.propose(survey)
        return ProposeMoves(survey.seq, self.name, moves, covers(survey, moves) if self._tells_cover else ())

    def unless_told(self, world: World, plan: ProposeMoves) -> ProposeMoves | None:
        """Return the plan; None where it is what was told already."""
        standing = {(move.unit, move.post) for move in world.moves.values() if not move.ordered}
        if {(move.unit, move.post) for move in plan.moves} == standing and plan.cover == world.cover:
            return None
        return plan


def covers(survey: Survey, moves: tuple[ProposedMove, ...] = ()) -> tuple[Cover, ...]:
    """Return how well each layer of demand is covered now, and if all these moves are made."""
    post = survey.post.copy()
    now = _cover(survey, post)
    for move in moves:
        post[survey.ids.index(move.unit)] = survey.posts.index(move.post)
    then = _cover(survey, post) if moves else now
    return tuple(Cover(layer.name, *each) for layer, *each in zip(survey.layers, now, then, strict=True))


def reached_share(survey: Survey) -> int:
    """Return the share of all demand that at least one free unit covers from its post, in parts per million."""
    by_layer = _cover(survey, survey.post, busy_permille=0)
    return sum(part * layer.share for part, layer in zip(by_layer, survey.layers, strict=True)) // MILLION


def _cover(survey: Survey, post: Ints, busy_permille: int | None = None) -> list[int]:
    by_layer = np.empty(len(survey.layers), np.int64)
    covered(with_busy(survey.ground.sets, busy_permille), post, accepted(survey.layers, survey.capability), by_layer)
    shares = [layer.share * ONE // MILLION for layer in survey.layers]
    return [millionths(value, whole) for value, whole in zip(by_layer.tolist(), shares, strict=True)]
