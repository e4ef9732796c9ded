"""What must hold of posts and moves after every turn, as sentences about what does not."""

from collections import Counter
from collections.abc import Iterator, Mapping

from engine.model.alert_facts import Purpose
from engine.model.lifecycle import FREE, Status
from engine.state.deadlines import Reminder
from engine.state.records import Move, UnitRecord
from engine.state.world import World

Reminded = Mapping[tuple[Reminder, str, str, int], int]


def move_violations(world: World, reminded: Reminded) -> Iterator[str]:
    """Give a sentence for each thing about posts and moves that is not as it must be."""
    for unit in world.units:
        yield from _post(world, unit)
    yield from _room(world)
    for name, move in world.moves.items():
        if move.id != name or int(name[1:]) > world.move_number:
            yield f"the move {name} is filed wrongly"
        yield from _move(world, move, reminded)
    for alert in world.alerts.values():
        told = world.unit(alert.unit)
        if alert.purpose is Purpose.MOVE and (alert.incident or told is None or told.move is None):
            yield f"{alert.id} tells {alert.unit} to drive to a post, which it need not"


def _post(world: World, unit: UnitRecord) -> Iterator[str]:
    """A unit belongs to one post, and the columns say which."""
    fleet, row = world.fleet, unit.row
    stations, home = world.settled.stations, fleet.units[row].station
    if not fleet.listed[row]:
        if unit.post is not None or unit.move is not None or fleet.post[row] != -1:
            yield f"{unit.id} is no longer listed and belongs to {unit.post}"
        return
    post = home if unit.post is None else unit.post
    number = int(fleet.post[row])
    if stations[number].id != post or unit.post == home:
        yield f"{unit.id} belongs to {unit.post} by its record, and to {stations[number].id} by its column"
    if (fleet.post_x_m[row], fleet.post_y_m[row]) != (stations[number].x_m, stations[number].y_m):
        yield f"the post of {unit.id} is somewhere else"
    if unit.post is not None and (unit.duty is Status.OFF_DUTY or fleet.agency[row] >= 0):
        yield f"{unit.id} is {unit.duty}, of agency {fleet.agency[row]}, and belongs to {unit.post}"
    if unit.move is not None and (unit.move not in world.moves or not world.moves[unit.move].ordered):
        yield f"{unit.id} is under way by {unit.move}, which nobody has ordered"
    if unit.moves < 0 or unit.moved_ms > world.now or (unit.moves and not unit.moved_ms):
        yield f"{unit.id} was moved {unit.moves} times, last at {unit.moved_ms}"


def _room(world: World) -> Iterator[str]:
    """No post holds more units of others than it has room for."""
    moved = Counter(unit.post for unit in world.units if unit.post is not None)
    for station in world.settled.stations:
        if 0 < station.capacity < moved[station.id]:
            yield f"{moved[station.id]} units were moved to {station.id}, which has room for {station.capacity}"


def _move(world: World, move: Move, reminded: Reminded) -> Iterator[str]:
    """Who is proposed or under way is free; a proposal has an end, and somebody looks for who is under way."""
    unit = world.unit(move.unit)
    if unit is None or not world.fleet.listed[unit.row]:
        yield f"{move.id} moves {move.unit}, which there is not"
        return
    if unit.incident is not None or unit.emergency is not None or unit.duty not in FREE:
        yield f"{move.id} moves {unit.id}, which is {world.status(unit)} on {unit.incident}"
    belongs = unit.post or world.fleet.units[unit.row].station
    if move.ordered and (unit.move != move.id or belongs != move.post):
        yield f"{unit.id} belongs to {belongs}, is under way by {unit.move}, and {move.id} says {move.post}"
    if not move.ordered and belongs == move.post:
        yield f"{move.id} proposes that {unit.id} goes to where it belongs"
    if not move.ordered and (unit.duty is Status.ON_BREAK or move.why is None):
        yield f"{move.id} proposes for no reason, or a crew on its break"
    about = unit.id if move.ordered else ""
    if (Reminder.MOVE, move.id, about, move.since_ms) not in reminded:
        yield f"nobody would look at {move.id} again"
