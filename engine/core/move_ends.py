"""How moves and proposals end: by arrival, by what a unit does instead, by time, or with the post itself."""

from typing import TypeAlias, TypeGuard, get_args

from engine.core import sending
from engine.core.recorder import ENGINE, Recorder
from engine.model.alert_facts import AlertAcknowledged, Purpose
from engine.model.facts import AnyFact, AssignmentMoved, DutyChanged, EmergencyDeclared, UnitDispatched, UnitReserved
from engine.model.lifecycle import FREE, Status
from engine.model.moves import MoveEnded, MoveOutcome, MoveWithdrawn
from engine.model.place import Place
from engine.state.deadlines import Deadline
from engine.state.posts import has_room, home_of, out_of_place, post_of
from engine.state.records import Move, UnitRecord
from engine.state.world import World

OfAUnit: TypeAlias = UnitDispatched | UnitReserved | AssignmentMoved | DutyChanged | EmergencyDeclared
"""Facts after which a move or a proposal may be over."""
_OF_A_UNIT = frozenset(get_args(OfAUnit))


def _is_of_a_unit(fact: AnyFact) -> TypeGuard[OfAUnit]:
    return type(fact) in _OF_A_UNIT


def end_move(turn: Recorder, move: Move, outcome: MoveOutcome, *, post: str, by: str, reason: str) -> None:
    """End a move that is under way; what its crew has not been told of it, it need not be told."""
    sending.settle_alerts(turn, move.unit, "", reason)
    turn.record(MoveEnded(move.id, move.unit, outcome, post, by))


def withdraw_of(turn: Recorder, unit: UnitRecord, reason: str, but: str = "") -> None:
    """Withdraw the proposals about this unit, except for one."""
    for move in tuple(turn.world.moves.values()):
        if move.unit == unit.id and not move.ordered and move.id != but:
            turn.record(MoveWithdrawn(move.id, reason))


def back_of(world: World, unit: UnitRecord, move: Move) -> str:
    """Return where a unit belongs whose move is undone: to its old post, or home where that is full by now."""
    return move.source if has_room(world, move.source, unit) else home_of(world, unit)


def settle(turn: Recorder) -> None:
    """End what the facts of this turn have made untrue. Called when all else has been decided."""
    world = turn.world
    if not world.moves and not world.alerts.about(""):
        return
    for fact in tuple(turn.facts):
        if _is_of_a_unit(fact):
            _settle_unit(turn, world.units[world.fleet.rows[fact.unit]], fact)


def _settle_unit(turn: Recorder, unit: UnitRecord, fact: object) -> None:
    world = turn.world
    doing = f"{unit.id} is {world.status(unit)}"
    gone = unit.incident is not None or unit.emergency is not None or unit.duty not in FREE
    if unit.move is not None and gone:
        outcome = MoveOutcome.OUT if unit.incident is None else MoveOutcome.DISPATCHED
        end_move(turn, world.moves[unit.move], outcome, post=post_of(world, unit), by=ENGINE, reason=doing)
    elif unit.move is not None and isinstance(fact, DutyChanged):
        _hear(turn, unit, world.moves[unit.move], fact)
    if gone or unit.duty is Status.ON_BREAK:
        withdraw_of(turn, unit, doing)
        sending.settle_alerts(turn, unit.id, "", doing)
    if gone:
        for row in world.fleet.siblings[unit.row]:
            withdraw_of(turn, world.units[row], doing)


def _hear(turn: Recorder, unit: UnitRecord, move: Move, fact: DutyChanged) -> None:
    """Take a crew's word about its drive: that it rolls, or that it is there."""
    at_post = turn.world.fleet.is_at_post(unit.row)
    is_answer = fact.at_ms >= move.since_ms
    if is_answer and fact.duty is Status.AVAILABLE and (move.rolled or at_post):
        _acknowledge(turn, unit)
        end_move(turn, move, MoveOutcome.ARRIVED, post=move.post, by=fact.by, reason=f"{unit.id} is there")
    elif is_answer and fact.duty is Status.RETURNING:
        _acknowledge(turn, unit)


def _acknowledge(turn: Recorder, unit: UnitRecord) -> None:
    """The crew has shown that it knows: its alert is acknowledged, and nobody has to call it."""
    for alert in turn.world.alerts.about(""):
        if alert.unit == unit.id and alert.purpose is Purpose.MOVE:
            turn.record(AlertAcknowledged(alert.id, unit.id))
    sending.settle_alerts(turn, unit.id, "", "the crew has answered")


def look(turn: Recorder, entry: Deadline) -> None:
    """Withdraw a proposal that nobody has answered; end a move whose unit stands at its post without a word."""
    world = turn.world
    move = world.moves.get(entry.subject)
    if move is None or move.since_ms != entry.since_ms or move.ordered != bool(entry.unit):
        return
    unit = world.units[world.fleet.rows[move.unit]]
    if not move.ordered:
        turn.record(MoveWithdrawn(move.id, "nobody has answered"))
    elif world.fleet.fix_ms[unit.row] >= 0 and world.fleet.is_at_post(unit.row):
        end_move(turn, move, MoveOutcome.ARRIVED, post=move.post, by=ENGINE, reason=f"{unit.id} is there")


def lapse_with_posts(turn: Recorder, place: Place) -> None:
    """End what a new place no longer has room or names for. Called before it comes into force."""
    world = turn.world
    if not world.moves:
        return
    leaving = {unit.id for unit in out_of_place(world, place)}
    homes = {unit.id: unit.station for unit in place.units if unit.agency is None}
    for move in tuple(world.moves.values()):
        unit = world.units[world.fleet.rows[move.unit]]
        # Where it will belong once the place is in force; nowhere, if it is no longer there or no longer ours.
        belongs = None if move.unit in leaving else unit.post or homes.get(move.unit)
        if not move.ordered:
            turn.record(MoveWithdrawn(move.id, "the place has changed"))
        elif move.unit not in homes or belongs != move.post:
            home = home_of(world, unit)
            end_move(turn, move, MoveOutcome.OUT, post=home, by=ENGINE, reason="the place has changed")
