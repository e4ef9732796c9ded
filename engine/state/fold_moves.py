"""What the facts about moves between posts do to the World."""

from engine.model.hours import jobs_count_from_ms
from engine.model.lifecycle import Status
from engine.model.moves import (
    MoveEnded,
    MoveHeldBack,
    MoveOrdered,
    MoveOutcome,
    MoveProposed,
    MoveRefused,
    MoveWithdrawn,
    PlanProposed,
)
from engine.state.deadlines import Reminder
from engine.state.duty import shift_of
from engine.state.posts import belong
from engine.state.records import Move, UnitRecord
from engine.state.world import World, folds

LOOK_MS = 300_000
"""A unit that should have arrived this long ago, and every so often again, is looked for at its post."""


@folds(PlanProposed)
def planned(world: World, fact: PlanProposed) -> None:
    """Publish its cover; forget refusals that are over, and what was held back so long ago that it is news again."""
    world.cover, world.cover_seq = fact.cover, fact.seq
    if world.refused_moves:
        world.refused_moves = {pair: until for pair, until in world.refused_moves.items() if until > world.now}
    if world.held_moves:
        since_ms = world.now - world.settled.moves.expires_ms
        world.held_moves = {pair: held for pair, held in world.held_moves.items() if held[1] > since_ms}
    world.count("move_plans")


@folds(MoveProposed)
def proposed(world: World, fact: MoveProposed) -> None:
    """Let it stand until somebody answers, or until it expires."""
    world.move_number += 1
    world.moves[fact.move] = Move(
        id=fact.move,
        unit=fact.unit,
        source=fact.source,
        post=fact.post,
        travel_ms=fact.travel_ms,
        mode=fact.mode,
        idle=fact.idle,
        since_ms=world.now,
        why=fact.why,
    )
    world.held_moves.pop((fact.unit, fact.post), None)
    expires_ms = world.now + world.settled.moves.expires_ms
    world.deadlines.set(expires_ms, Reminder.MOVE, fact.move, since_ms=world.now)
    world.count("moves_proposed")


@folds(MoveHeldBack)
def held_back(world: World, fact: MoveHeldBack) -> None:
    """Remember it: the same is not told with each new plan."""
    world.held_moves[fact.unit, fact.post] = (fact.code, world.now)
    world.count("moves_held_back")


@folds(MoveWithdrawn)
def withdrawn(world: World, fact: MoveWithdrawn) -> None:
    """It no longer stands."""
    del world.moves[fact.move]
    world.count("moves_withdrawn")


@folds(MoveRefused)
def refused(world: World, fact: MoveRefused) -> None:
    """Do not ask again before then. A move that is under way ends by a fact of its own."""
    world.refused_moves[fact.unit, fact.post] = fact.until_ms
    if not world.moves[fact.move].ordered:
        del world.moves[fact.move]
    world.count("moves_refused")


@folds(MoveOrdered)
def ordered(world: World, fact: MoveOrdered) -> None:
    """Let the unit belong there, and be under way; a proposal goes on under its own name."""
    unit = _known(world, fact.unit)
    kept = world.moves.get(fact.move)
    if kept is None:
        world.move_number += 1
    world.moves[fact.move] = Move(
        id=fact.move,
        unit=fact.unit,
        source=fact.source,
        post=fact.post,
        travel_ms=fact.travel_ms,
        mode=world.settled.moves.mode if kept is None else kept.mode,
        idle=fact.idle,
        since_ms=world.now,
        why=None if kept is None else kept.why,
        ordered=True,
        rolled=unit.duty is Status.RETURNING,
        by=fact.by,
    )
    unit.move = fact.move
    if fact.idle:
        _count_move(world, unit)
    belong(world, unit, fact.post)
    _look_for(world, world.moves[fact.move])
    world.count("moves_ordered")


@folds(MoveEnded)
def ended(world: World, fact: MoveEnded) -> None:
    """Let it be where it belongs from now on, or go on to where it was sent."""
    unit = _known(world, fact.unit)
    del world.moves[fact.move]
    unit.move = None
    belong(world, unit, fact.post)
    if fact.outcome is MoveOutcome.ARRIVED:
        world.fleet.stand_at_post(unit.row)
    world.count(f"moves_{fact.outcome}")


def look_on(world: World, name: str) -> None:
    """Have somebody look again for the unit of a move that is under way."""
    if name in world.moves and world.moves[name].ordered:
        _look_for(world, world.moves[name])


def _look_for(world: World, move: Move) -> None:
    """Have somebody see whether the unit has arrived without a word. Of reminders of moves these name their unit."""
    due_ms = max(move.since_ms + max(0, move.travel_ms), world.now) + LOOK_MS
    world.deadlines.set(due_ms, Reminder.MOVE, move.id, unit=move.unit, since_ms=move.since_ms)


def moves_in_tour(world: World, unit: UnitRecord) -> int:
    """Return how many idle moves the crew has had in this tour of duty; of this day where it is always on."""
    since_ms = jobs_count_from_ms(world.settled, shift_of(world, unit.row), world.now)
    return unit.moves if unit.moved_ms >= since_ms else 0


def _count_move(world: World, unit: UnitRecord) -> None:
    unit.moves = 1 + moves_in_tour(world, unit)
    unit.moved_ms = world.now


def _known(world: World, unit_id: str) -> UnitRecord:
    return world.units[world.fleet.rows[unit_id]]
