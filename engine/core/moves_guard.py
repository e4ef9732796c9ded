"""The gate of moves: no unit is told to drive to another post but through here, whoever proposed it.

Two kinds of checks. What holds for everybody: the unit is ours and free, its crew is with it, the post exists and has
room. And what an agency asks of a planner (`MoveRules`): a person who orders a move has thought about that.
"""

from engine.core.guard import crew_may_go
from engine.core.recorder import Refused
from engine.model.hours import shift_left_ms
from engine.model.lifecycle import FREE, Status
from engine.model.moves import ProposedMove
from engine.state.duty import shift_of
from engine.state.fleet import STANDING_FREE
from engine.state.fold_moves import moves_in_tour
from engine.state.posts import has_room, home_of, is_idle, post_of
from engine.state.records import UnitRecord
from engine.state.world import World


def may_be_moved(world: World, unit: UnitRecord, post: str) -> None:
    """Refuse a move that nobody may order. `post` is one of the place's stations."""
    if not world.fleet.listed[unit.row]:
        raise Refused("unknown_unit", "unit", f"The place no longer has {unit.id}. Choose another unit.")
    agency = world.neighbour(unit.row)
    if agency is not None:
        raise Refused("not_ours", "unit", f"{unit.id} belongs to {agency.name}: where it stands is theirs to say.")
    if unit.incident is not None:
        where = f"{world.status(unit)} on {unit.incident}"
        raise Refused("unit_assigned", "unit", f"{unit.id} is {where}. Choose another unit, or wait until it is clear.")
    if unit.duty is Status.ON_BREAK:
        raise Refused("on_break", "unit", f"{unit.id} is on its break. Choose another unit, or wait.")
    if unit.duty not in FREE:
        raise Refused("unit_not_in_service", "unit", f"{unit.id} is {unit.duty.plain}. Choose another unit.")
    crew_may_go(world, unit, "unit")
    if post == post_of(world, unit):
        raise Refused("already_there", "post", f"{unit.id} belongs to {post} already.")
    if not has_room(world, post, unit):
        raise Refused("no_room", "post", f"{post} has as many units as it has room for. Choose another post.")


def may_propose(world: World, unit: UnitRecord, proposed: ProposedMove) -> None:
    """Refuse a planner's move that the agency does not want. Of a crew that only drives home elsewhere it asks less."""
    may_be_moved(world, unit, proposed.post)
    rules = world.settled.moves
    _nobody_has_refused(world, unit, proposed.post)
    if proposed.travel_ms > rules.drive_ms_max:
        drive = f"{_minutes(proposed.travel_ms)} to {proposed.post}; at most {_minutes(rules.drive_ms_max)} are driven"
        raise Refused("too_far", "post", f"{unit.id} would drive {drive}.")
    _stays_long_enough(world, unit, proposed.post)
    if is_idle(world, unit):
        _is_worth_it(world, unit, proposed)
        _may_be_disturbed(world, unit)
        _may_be_spared(world, unit)


def _nobody_has_refused(world: World, unit: UnitRecord, post: str) -> None:
    left_ms = world.refused_moves.get((unit.id, post), 0) - world.now
    if left_ms > 0:
        raise Refused("refused", "post", f"Moving {unit.id} to {post} was refused: not again for {_minutes(left_ms)}.")


def _stays_long_enough(world: World, unit: UnitRecord, post: str) -> None:
    """Refuse to send a crew away whose shift ends soon; home it may go."""
    left_ms = shift_left_ms(world.settled, shift_of(world, unit.row), world.now)
    within_ms = world.settled.moves.shift_end_ms
    if left_ms is not None and left_ms <= within_ms and post != home_of(world, unit):
        ends = f"ends in {_minutes(left_ms)}" if left_ms else "is over"
        raise Refused("shift_ends", "unit", f"The shift of {unit.id} {ends}.")


def _is_worth_it(world: World, unit: UnitRecord, proposed: ProposedMove) -> None:
    least, gain = world.settled.moves.gain_min, proposed.why.gain
    if gain < least:
        covers = f"{gain / 10_000:.2f} % of demand more; less than {least / 10_000:.2f} % is not worth a move"
        raise Refused("too_little", "post", f"{unit.id} at {proposed.post} would cover {covers}.")


def _may_be_disturbed(world: World, unit: UnitRecord) -> None:
    """Refuse to move a crew too often."""
    rules = world.settled.moves
    rested_ms = world.now - unit.moved_ms
    if unit.moved_ms and rested_ms < rules.cool_down_ms:
        waits = _minutes(rules.cool_down_ms - rested_ms)
        raise Refused("cool_down", "unit", f"{unit.id} was moved {_minutes(rested_ms)} ago: not again for {waits}.")
    moves = moves_in_tour(world, unit)
    if moves >= rules.budget:
        raise Refused("budget", "unit", f"{unit.id} has been moved {moves} times in this tour of duty.")


def _may_be_spared(world: World, unit: UnitRecord) -> None:
    """Refuse to take a unit from a post that needs it, or while as many as may be are under way."""
    at_once = world.settled.moves.at_once
    others = sum(move.ordered and move.idle and move.unit != unit.id for move in world.moves.values())
    if others >= at_once:
        raise Refused("at_once", "unit", f"{others} idle units are under way to a post; at most {at_once} are at once.")
    number = int(world.fleet.post[unit.row])
    station = world.settled.stations[number]
    remain = int(((world.fleet.post == number) & (world.fleet.standing == STANDING_FREE)).sum()) - 1
    if remain < station.minimum:
        raise Refused(
            "donor_minimum", "unit", f"Without {unit.id}, {station.id} has {remain} free of its {station.minimum}."
        )


def _minutes(ms: int) -> str:
    return f"{ms // 1000} s" if ms < 120_000 else f"{ms // 60_000} min"
