"""What is followed turn by turn says what a walk over the whole World would say."""

import random
from collections import Counter

import numpy as np
import pytest

from engine.core.engine import Engine
from engine.model.fixes import Fixes
from engine.model.input import Command
from engine.model.inputs import AdoptPlace, ReportPositions, ReportStatus
from engine.model.lifecycle import Status
from engine.model.place import PRIORITIES, Place, Unit
from engine.model.response_facts import DelayCause
from engine.state.progress import under_way
from engine.state.world import World
from gateways.metrics.census import Census
from gateways.metrics.waiting import Waiting
from tests.builders import NOW, small_place
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING, engine_place


def counted(world: World) -> dict[Status, int]:
    """The census, slowly."""
    known = {unit.id for unit in world.settled.units}
    found = Counter(world.status(unit) for unit in world.units if unit.id in known)
    return {status: found[status] for status in Status}


def late(world: World) -> dict[DelayCause, int]:
    """Who is late, slowly."""
    known = {unit.id for unit in world.settled.units}
    found = Counter(assignment.late for _, assignment in under_way(world) if assignment.unit in known)
    return {cause: found[cause] for cause in DelayCause}


def owing(world: World) -> int:
    """Who owes a roll-call its answer, slowly."""
    known = {unit.id for unit in world.settled.units}
    return sum(unit.roll_due_ms > 0 for unit in world.units if unit.id in known)


def queued(world: World) -> tuple[dict[int, int], dict[int, int | None], int | None]:
    """The queue, slowly."""
    waiting = list(world.waiting.values())
    of = {priority: [each for each in waiting if each.priority == priority] for priority in PRIORITIES}
    oldest = {rank: min((each.waiting_since_ms for each in found), default=None) for rank, found in of.items()}
    unassigned = min((each.waiting_since_ms for each in of[1] if not each.assigned), default=None)
    return {rank: len(found) for rank, found in of.items()}, oldest, unassigned


@pytest.mark.parametrize("seed", [*range(12), 22, 25, 93, 129])
def test_following_agrees_with_counting_whatever_happens(seed: int) -> None:
    """After each of many random turns, changes of the place among them, nothing has drifted."""
    chance = random.Random(seed)
    engine = Engine()
    engine.step(AdoptPlace(engine_place()), MORNING)
    world, commands = engine.world, Commands(engine.world)
    census, waiting = Census(world), Waiting(world)
    for _ in range(150):
        given = commands.input_of((chance.randrange(256), *(chance.randrange(256) for _ in range(3))))
        if isinstance(given, Command) and world.answer(given) is not None:
            continue
        turn = engine.step(given, time_of(world, chance.randrange(256)))
        census.follow(turn)
        waiting.follow(turn)
        assert census.by_status == counted(world)
        assert (census.late, census.owing_answers) == (late(world), owing(world))
        assert waiting.held() == sum(incident.held for incident in world.open.values())
        assert (waiting.counts(), waiting.oldest_ms(), waiting.oldest_unassigned_ms()) == queued(world)
    assert world.tally["incidents_reported"] > 2, "the story was about something"


def tracked_place() -> Place:
    """Four tracked units and one that is not."""
    kept = [Unit(unit.id, unit.kind, unit.capabilities, unit.station) for unit in small_place().units[:4]]
    return small_place(units=(*kept, small_place().units[4]), crews=())


def test_a_position_is_stale_when_decisions_may_not_rest_on_it() -> None:
    """Counted: tracked units in service. Stale among them: no fix at all, or one older than the place allows."""
    engine = Engine()
    engine.step(AdoptPlace(tracked_place()), NOW)
    census = Census(engine.world)
    stale_after_ms = engine.world.settled.limits.stale_after_ms
    assert census.positions(NOW) == (4, 4)
    rows = np.array([0, 2], np.int32)  # in order of id: B1, B2 (not tracked), M1, M2, M3
    zeros = np.zeros(2, np.int64)
    fixes = Fixes(rows, zeros, zeros, np.array([NOW, NOW + 1_000]), zeros, zeros)
    census.follow(engine.step(ReportPositions(fixes), NOW + 1_000))
    assert census.positions(NOW + 1_000) == (4, 2)
    assert census.positions(NOW + stale_after_ms) == (4, 2)
    assert census.positions(NOW + stale_after_ms + 1) == (4, 3)
    unit = engine.world.fleet.ids[3]
    off = ReportStatus(id="s1", by="crew", unit=unit, status=Status.OFF_DUTY)
    census.follow(engine.step(off, NOW + 2_000))
    assert census.positions(NOW + 2_000) == (3, 1)
