"""Any word about moves between posts, from three whole numbers; and a town whose crews are moved often."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from engine.model.inputs import AnyInput, ReportStatus
from engine.model.lifecycle import Status
from engine.model.moves import (
    AcceptMove,
    Cover,
    MoveRules,
    MoveWhy,
    OrderMove,
    ProposedMove,
    ProposeMoves,
    RecallUnit,
    RejectMove,
    SnoozeMove,
)
from engine.model.place import Place
from engine.model.plans import Mode
from tests.property.response_kit import Commander
from tests.unit.engine_place import STATIONS, engine_place

KEEN = MoveRules(at_once=3, gain_min=1_000, budget=4, cool_down_ms=20_000, refused_ms=60_000, expires_ms=30_000)
REASONS = ("because", "", "the fair is on", "because")


def mobile_place(mode: Mode, **changes: Any) -> Place:
    """Return the town with posts that have little room, and rules by which its crews are moved at every turn."""
    stations = (
        replace(STATIONS[0], minimum=2),
        replace(STATIONS[1], capacity=7, minimum=1),
        replace(STATIONS[2], capacity=5),
    )
    return engine_place(stations=stations, moves=replace(KEEN, mode=mode), **changes)


def why(gain: int) -> MoveWhy:
    """Return reasons for a move that gains so much."""
    return MoveWhy("kit", 500_000, 500_000 + gain, gain, 100, -1, "it is empty", "it is near")


def _unit(kit: Commander, number: int) -> str:
    """Some unit; mostly one that has nothing to do."""
    free = [unit.id for unit in kit.world.units if unit.incident is None and unit.duty in ("available", "returning")]
    names = free if free and number % 4 else kit.world.fleet.ids
    return names[number // 4 % len(names)] if number % 64 else "nobody"


def _post(kit: Commander, number: int) -> str:
    stations = kit.world.settled.stations
    return stations[number % len(stations)].id if number % 32 else "Nowhere"


def _move(kit: Commander, number: int) -> str:
    moves = list(kit.world.moves)
    return moves[number // 8 % len(moves)] if moves and number % 8 else f"M{number}"


def plan(kit: Commander, a: int, b: int, c: int) -> AnyInput:
    """A plan of some moves; what stood before is mostly asked for again."""
    world = kit.world
    again = [(move.unit, move.post) for move in world.moves.values() if not move.ordered] if b % 3 else []
    fresh = [(_unit(kit, a + i * 37), _post(kit, b + i * 11)) for i in range(c % 4)]
    pairs = dict([*again, *fresh]) if c % 16 else dict.fromkeys(["E1", "E2"], "North")
    moves = [ProposedMove(unit, post, b * 6_000, why(c * 100)) for unit, post in pairs.items()]
    if moves and b % 16 == 0:
        moves.append(moves[0])
    seq = world.seq if a % 16 else world.seq + 5
    return ProposeMoves(seq, "kit", tuple(moves), (Cover("als", 500_000, 500_000 + b),))


def answer(kit: Commander, a: int, b: int, c: int) -> AnyInput:
    """Yes, no or not now."""
    name = _move(kit, a)
    match b % 4:
        case 0:
            return kit.command(RejectMove, move=name, reason=REASONS[c % 4])
        case 1:
            return kit.command(SnoozeMove, move=name, for_ms=(c - 8) * 1_000)
        case _:
            return kit.command(AcceptMove, move=name)


def order(kit: Commander, a: int, b: int, c: int) -> AnyInput:
    """Somebody is to go somewhere, whatever the planner thinks."""
    return kit.command(OrderMove, unit=_unit(kit, a), post=_post(kit, b), reason=REASONS[c % 4])


def recall(kit: Commander, a: int, b: int, c: int) -> AnyInput:
    """Home again, mostly somebody who is not at home."""
    away = [unit.id for unit in kit.world.units if unit.is_away]
    name = away[a % len(away)] if away and b % 8 else _unit(kit, a)
    return kit.command(RecallUnit, unit=name, reason=REASONS[c % 4])


def drive(kit: Commander, a: int, b: int, c: int) -> AnyInput:
    """A crew that was told to drive rolls, arrives, or does something else."""
    del c
    told = [unit.id for unit in kit.world.units if unit.move is not None]
    name = told[a % len(told)] if told else _unit(kit, a)
    duty = (Status.RETURNING, Status.AVAILABLE, Status.AVAILABLE, Status.ON_BREAK, Status.OFF_DUTY)[b % 5]
    return kit.command(ReportStatus, unit=name, status=duty)


WEIGHTS: dict[Callable[[Any, int, int, int], AnyInput], int] = {plan: 5, answer: 5, order: 3, recall: 3, drive: 3}
