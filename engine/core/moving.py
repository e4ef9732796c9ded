"""Decisions about moves of units between posts: what the planner proposes, and what people and crews make of it.

Rule: a unit belongs to its new post from the moment of the order, and is on its way there until its crew is available
again, is sent elsewhere, or somebody says otherwise. Whatever ends a move or a proposal does so in the same turn.
"""

from engine.core import moves_guard, sending
from engine.core.lookup import check_given, check_text, known_unit
from engine.core.move_ends import back_of, end_move, withdraw_of
from engine.core.recorder import ENGINE, Recorder, Refused
from engine.model.alert_facts import Purpose
from engine.model.lifecycle import Status
from engine.model.moves import (
    AcceptMove,
    MoveHeldBack,
    MoveOrdered,
    MoveOutcome,
    MoveProposed,
    MoveRefused,
    MoveWithdrawn,
    OrderMove,
    PlanProposed,
    ProposedMove,
    ProposeMoves,
    RecallUnit,
    RejectMove,
    SnoozeMove,
)
from engine.model.place import PRIORITIES
from engine.model.plans import Mode
from engine.policy.travel import travel_model
from engine.state.posts import home_of, is_idle, post_of
from engine.state.records import Move, UnitRecord
from engine.state.world import World

MOVES_MAX = 1_000
"""Moves that one plan names."""
SNOOZE_MS_MAX = 86_400_000
NO_HURRY = max(PRIORITIES) + 1
"""Moves are driven normally, whichever priorities go under lights."""


# ── the planner ─────────────────────────────────────────────────────────────────────────────────────────────


def propose_moves(turn: Recorder, given: ProposeMoves) -> None:
    """Take the plan over in the place of the last one; what the agency does not want is held back."""
    world = turn.world
    units = _checked(world, given)
    standing = {(move.unit, move.post): move for move in world.moves.values() if not move.ordered}
    turn.record(PlanProposed(given.seq, given.policy, given.cover))
    asked = {(each.unit, each.post) for each in given.moves}
    for pair, move in standing.items():
        if pair not in asked:
            turn.record(MoveWithdrawn(move.id, "the planner no longer asks for it"))
    for unit, proposed in zip(units, given.moves, strict=True):
        _consider(turn, unit, proposed, standing.get((unit.id, proposed.post)))


def _checked(world: World, given: ProposeMoves) -> list[UnitRecord]:
    if len(given.moves) > MOVES_MAX:
        raise Refused("too_long", "moves", f"The plan names {len(given.moves)} moves; at most {MOVES_MAX} are taken.")
    if not 0 <= given.seq <= world.seq:
        raise Refused("out_of_range", "seq", f"The plan rests on turn {given.seq}, and this is turn {world.seq}.")
    units = []
    for each in given.moves:
        units.append(known_unit(world, each.unit, "moves"))
        known_post(world, each.post, "moves")
        check_text(fill=each.why.fill, choice=each.why.choice)
        if each.travel_ms < 0:
            raise Refused("out_of_range", "moves", f"{each.unit} would reach {each.post} in {each.travel_ms} ms.")
    if len({unit.id for unit in units}) != len(units):
        raise Refused("repeated", "moves", "The plan moves a unit twice.")
    return units


def _consider(turn: Recorder, unit: UnitRecord, proposed: ProposedMove, standing: Move | None) -> None:
    """Propose one move, or keep it from its crew; what stands already, or is so already, is not told again."""
    world = turn.world
    mode = world.settled.moves.mode
    if post_of(world, unit) == proposed.post or (standing is not None and mode is not Mode.AUTO):
        return
    try:
        moves_guard.may_propose(world, unit, proposed)
    except Refused as refused:
        _hold_back(turn, proposed, refused)
        return
    if standing is None:
        standing = _propose(turn, unit, proposed, mode)
    if mode is Mode.AUTO:
        _order(turn, unit, standing, by=ENGINE)


def _hold_back(turn: Recorder, proposed: ProposedMove, refused: Refused) -> None:
    code, reason = refused.refusal.code, refused.refusal.reason
    known = turn.world.held_moves.get((proposed.unit, proposed.post))
    if known is None or known[0] != code:
        turn.record(MoveHeldBack(proposed.unit, proposed.post, code, reason))


def _propose(turn: Recorder, unit: UnitRecord, proposed: ProposedMove, mode: Mode) -> Move:
    name = _next_name(turn.world)
    turn.record(
        MoveProposed(
            move=name,
            unit=unit.id,
            source=post_of(turn.world, unit),
            post=proposed.post,
            travel_ms=proposed.travel_ms,
            mode=mode,
            idle=is_idle(turn.world, unit),
            why=proposed.why,
        )
    )
    return turn.world.moves[name]


# ── people and crews ────────────────────────────────────────────────────────────────────────────────────────


def accept_move(turn: Recorder, given: AcceptMove) -> None:
    """Tell the crew. The rules of the planner were asked when it was proposed; what may never be is asked again."""
    move = known_move(turn.world, given.move)
    if move.ordered:
        raise Refused("already_ordered", "move", f"{move.unit} has been told already: it is under way to {move.post}.")
    unit = known_unit(turn.world, move.unit)
    moves_guard.may_be_moved(turn.world, unit, move.post)
    _order(turn, unit, move, by=given.by)


def reject_move(turn: Recorder, given: RejectMove) -> None:
    """Take no for an answer. A unit that is under way belongs to its old post again."""
    world = turn.world
    move = known_move(world, given.move)
    if given.unit not in ("", move.unit):
        raise Refused("unknown_move", "unit", f"{move.id} moves {move.unit}, not {given.unit}.")
    check_given(reason=given.reason)
    unit = known_unit(world, move.unit)
    until_ms = turn.now + world.settled.moves.refused_ms
    turn.record(MoveRefused(move.id, move.unit, move.post, given.reason, until_ms, given.by))
    if move.ordered:
        end_move(turn, move, MoveOutcome.REFUSED, post=back_of(world, unit, move), by=given.by, reason="it was refused")
        _tell_to_stay(turn, unit, move)
    _look_for_siblings(turn, unit)


def snooze_move(turn: Recorder, given: SnoozeMove) -> None:
    """Ask again later."""
    move = known_move(turn.world, given.move)
    if move.ordered:
        raise Refused(
            "already_ordered", "move", f"{move.unit} is under way to {move.post}: reject the move, or recall it."
        )
    if not 0 < given.for_ms <= SNOOZE_MS_MAX:
        raise Refused("out_of_range", "for_ms", f"{given.for_ms} ms: a move is put off for a day at most.")
    until_ms = turn.now + given.for_ms
    turn.record(MoveRefused(move.id, move.unit, move.post, "not now", until_ms, given.by))


def order_move(turn: Recorder, given: OrderMove) -> None:
    """Send an idle unit to a post, whatever the planner thinks of it."""
    world = turn.world
    unit = known_unit(world, given.unit)
    known_post(world, given.post)
    check_given(reason=given.reason)
    moves_guard.may_be_moved(world, unit, given.post)
    move = _as_proposed(world, unit, given.post) or _unasked(turn, unit, given.post)
    _order(turn, unit, move, by=given.by, reason=given.reason)


def recall_unit(turn: Recorder, given: RecallUnit) -> None:
    """Let the unit belong to its home station again; it drives there, unless it has not left."""
    world = turn.world
    unit = known_unit(world, given.unit)
    check_given(reason=given.reason)
    home = home_of(world, unit)
    moves_guard.may_be_moved(world, unit, home)
    if unit.move is not None:
        move = world.moves[unit.move]
        end_move(turn, move, MoveOutcome.RECALLED, post=home, by=given.by, reason=given.reason)
        if unit.duty is Status.AVAILABLE and world.fleet.is_at_post(unit.row):
            _tell_to_stay(turn, unit, move)
            _look_for_siblings(turn, unit)
            return
        source = move.post
    else:
        source = post_of(world, unit)
    _order(turn, unit, _unasked(turn, unit, home, source), by=given.by, reason=given.reason)


def known_move(world: World, name: str) -> Move:
    """Return the proposal that stands, or the move that is under way, or refuse."""
    move = world.moves.get(name)
    if move is None:
        raise Refused("unknown_move", "move", f"{name!r} is not proposed and not under way (any more).")
    return move


def known_post(world: World, name: str, field: str = "post") -> None:
    """Refuse a post that the place does not have."""
    if name not in world.stations:
        raise Refused("unknown_post", field, f"The place has no station or post {name!r}.")


def _as_proposed(world: World, unit: UnitRecord, post: str) -> Move | None:
    return next((move for move in world.moves.values() if (move.unit, move.post) == (unit.id, post)), None)


def _unasked(turn: Recorder, unit: UnitRecord, post: str, source: str | None = None) -> Move:
    """Return a move that nobody has proposed, as it would be ordered."""
    world = turn.world
    return Move(
        id=_next_name(world),
        unit=unit.id,
        source=source or post_of(world, unit),
        post=post,
        travel_ms=_drive_ms(world, unit, post),
        mode=world.settled.moves.mode,
        idle=is_idle(world, unit),
        since_ms=turn.now,
    )


def _drive_ms(world: World, unit: UnitRecord, post: str) -> int:
    """Return how long the unit drives to the post from where it is now, -1 where there is no way."""
    fleet, station = world.fleet, world.settled.stations[world.stations[post]]
    start = (int(fleet.x_m[unit.row]), int(fleet.y_m[unit.row]))
    spot = fleet.spots[unit.row] if fleet.roads is not None else None
    return travel_model(world).to_points_ms(start, [(station.x_m, station.y_m)], NO_HURRY, spot)[0]


# ── carrying out ────────────────────────────────────────────────────────────────────────────────────────────


def _order(turn: Recorder, unit: UnitRecord, move: Move, *, by: str, reason: str = "") -> None:
    """Let the unit belong there, and owe its crew the word to drive. What it was told before no longer holds."""
    world = turn.world
    source, idle = move.source, move.idle
    if move.id in world.moves:
        source, idle = post_of(world, unit), is_idle(world, unit)
    if unit.move is not None:
        now_to = f"it goes to {move.post} instead"
        end_move(turn, world.moves[unit.move], MoveOutcome.REPLACED, post=move.post, by=by, reason=now_to)
    for row in (unit.row, *world.fleet.siblings[unit.row]):
        withdraw_of(turn, world.units[row], f"{unit.id} goes to {move.post}", but=move.id)
    sending.settle_alerts(turn, unit.id, "", f"it goes to {move.post}")
    turn.record(
        MoveOrdered(
            move=move.id,
            unit=unit.id,
            source=source,
            post=move.post,
            travel_ms=move.travel_ms,
            idle=idle,
            by=by,
            reason=reason,
        )
    )
    station = world.settled.stations[world.stations[move.post]]
    name = "" if station.name == station.id else f" {station.name}"
    more = f", {reason}" if reason else ""
    text = f"{unit.id} MOVE TO {station.id}{name}{more}"
    sending.request_alert(turn, Purpose.MOVE, unit.id, "", text)
    _look_for_siblings(turn, unit)


def _tell_to_stay(turn: Recorder, unit: UnitRecord, move: Move) -> None:
    """Owe a crew that was told to drive the word that it need not."""
    post = post_of(turn.world, unit)
    text = f"{unit.id} RELEASED FROM MOVE TO {move.post}, BELONGS TO {post}"
    sending.request_alert(turn, Purpose.RELEASE, unit.id, "", text)


def _look_for_siblings(turn: Recorder, unit: UnitRecord) -> None:
    """Match again where the crew's other vehicles may now go, or no longer."""
    if turn.world.fleet.siblings[unit.row]:
        turn.match = True


def _next_name(world: World) -> str:
    return f"M{world.move_number + 1}"
