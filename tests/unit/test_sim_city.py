"""One call, one crew, to the millisecond: what the simulated city's people do, and what of it is counted."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.facts import DutyChanged
from engine.model.hours import DAY_MS
from engine.model.lifecycle import Status
from engine.model.moves import Mode, MoveRules, OrderMove
from engine.model.place import Shift
from engine.model.turn import Turn
from engine.policy import Nearest, Quiet
from engine.policy.redeploy import Demand, Home
from engine.sim.callers import CallList
from engine.sim.city import City
from engine.sim.crew import Crew
from engine.sim.nature import Nature
from engine.sim.replicate import MONDAY_MS, Setup, replicate
from tests.unit.test_sim_foreknown import DEMAND, NATURE, simple

MINUTE_MS = 60_000
WORK_MS, HANDOVER_MS, TAKING_MS = 600_000, 300_000, 90_000
ALWAYS = (MONDAY_MS, MONDAY_MS + 100 * DAY_MS)


def calls(*came_min: int, priority: int = 2, transport: int = 1, at: tuple[int, int] = (3_000, 0)) -> CallList:
    """Return calls of one kind from one place, so many minutes after the first midnight."""
    count = len(came_min)
    return CallList(
        came_ms=MONDAY_MS + np.array(came_min, np.int64) * MINUTE_MS,
        taking_ms=np.full(count, TAKING_MS, np.int32),
        type=("medical",),
        kind=np.zeros(count, np.int16),
        priority=np.full(count, priority, np.int8),
        x_m=np.full(count, at[0], np.int32),
        y_m=np.full(count, at[1], np.int32),
        work_ms=np.full(count, WORK_MS, np.int32),
        transport=np.full(count, transport, np.uint8),
        handover_ms=np.full(count, HANDOVER_MS, np.int32),
    )


class Told(City):
    """A city whose turns are kept."""

    def step(self, given: Any) -> Turn:
        turn = super().step(given)
        self.__dict__.setdefault("kept", []).append(turn)
        return turn

    def said(self, unit: str) -> list[tuple[Status, int]]:
        """Return what the unit's crew has reported, and when."""
        return [
            (turn.input.status, turn.now)
            for turn in self.__dict__["kept"]
            if getattr(turn.input, "unit", None) == unit and hasattr(turn.input, "status")
        ]


def city(given: CallList, nature: Nature = NATURE, measured_ms: tuple[int, int] = ALWAYS, **place: Any) -> Told:
    return Told(
        simple(**place),
        None,
        given,
        nature,
        Quiet(Nearest(divert=True)),
        seed=1,
        rep=0,
        begin_ms=MONDAY_MS,
        measured_ms=measured_ms,
    )


def at_its_post(crew: Crew) -> bool:
    return crew.drive is None and (crew.stands.x_m, crew.stands.y_m) == (crew.post.x_m, crew.post.y_m)


def test_a_response_is_a_ladder_of_the_times_that_were_drawn() -> None:
    """Taken, driven to, worked on, brought to hospital, handed over; nothing is added and nothing left out."""
    town = city(calls(10))
    town.run(MONDAY_MS + 5 * 60 * MINUTE_MS)
    (row,) = town.cases.unit
    unit = town.world.fleet.ids[row]
    rungs = dict(town.said(unit))
    assert [status for status, _ in town.said(unit)] == [
        Status.EN_ROUTE,
        Status.ON_SCENE,
        Status.TRANSPORTING,
        Status.AT_HOSPITAL,
        Status.RETURNING,
        Status.AVAILABLE,
    ]
    assert rungs[Status.EN_ROUTE] == MONDAY_MS + 10 * MINUTE_MS + TAKING_MS
    assert rungs[Status.TRANSPORTING] - rungs[Status.ON_SCENE] == WORK_MS
    assert rungs[Status.RETURNING] - rungs[Status.AT_HOSPITAL] == HANDOVER_MS
    assert town.cases.reached_ms == [rungs[Status.ON_SCENE]]
    assert town.cases.cleared_ms == [rungs[Status.RETURNING]]
    units = town.tally.units(tuple(town.world.fleet.ids), town.duty.measured())
    assert units.busy_ms[row] == rungs[Status.RETURNING] - rungs[Status.EN_ROUTE]
    assert units.responding_ms[row] == rungs[Status.ON_SCENE] - rungs[Status.EN_ROUTE]
    assert units.jobs.tolist() == [int(each == row) for each in range(len(units.jobs))]
    assert at_its_post(town.crews[row])


def test_a_crew_that_is_diverted_goes_on_from_where_it_is() -> None:
    """On its way to the less urgent call it is sent to the other: it does not start again at its post."""
    slow = calls(10, 12, transport=0, at=(8_000, 0))
    mixed = replace(slow, priority=np.array([4, 1], np.int8), x_m=np.array([8_000, 7_500], np.int32))
    town = city(mixed, units=simple().units[:1])
    town.run(MONDAY_MS + 13 * MINUTE_MS + TAKING_MS // 2)
    (crew,) = town.crews
    assert town.cases.bumped == [1, 0]
    assert crew.drive is not None
    assert crew.seen(town.now).x_m > 0
    town.run(MONDAY_MS + 5 * 60 * MINUTE_MS)
    assert town.cases.reached_ms[1] < town.cases.reached_ms[0]
    straight_ms = town.cases.reached_ms[1] - (MONDAY_MS + 12 * MINUTE_MS + TAKING_MS)
    alone = city(calls(12, priority=1, transport=0, at=(7_500, 0)), units=simple().units[:1])
    alone.run(MONDAY_MS + 60 * MINUTE_MS)
    assert straight_ms < alone.cases.reached_ms[0] - (MONDAY_MS + 12 * MINUTE_MS + TAKING_MS)


def test_a_vehicle_that_breaks_down_is_replaced_and_comes_back() -> None:
    """Its incident gets another unit; it is out of service where it stands, and at its post once it is repaired."""
    town = city(calls(10, transport=0, at=(8_000, 0)))
    town.run(MONDAY_MS + 12 * MINUTE_MS)
    (crew,) = [each for each in town.crews if each.incident is not None]
    until_ms = town.now + 90 * MINUTE_MS
    crew.fails(until_ms)
    assert town.world.units[crew.row].duty is Status.OUT_OF_SERVICE
    town.run(until_ms - 1)
    assert town.cases.reached_ms[0] > 0
    assert town.cases.unit[0] != crew.row
    assert town.world.units[crew.row].duty is Status.OUT_OF_SERVICE
    town.run(until_ms + 1)
    assert town.world.units[crew.row].duty is Status.AVAILABLE
    assert at_its_post(crew)


def test_a_moved_crew_drives_to_its_new_post_and_belongs_there() -> None:
    """Returning while it drives, available once it is there; the way is counted as moved."""
    town = city(calls(600), moves=MoveRules(mode=Mode.AUTO))
    town.run(MONDAY_MS + MINUTE_MS)
    town.step(OrderMove(id="m1", by="desk", unit="A1", post="North", reason="a concert"))
    row = town.world.fleet.rows["A1"]
    town.run(MONDAY_MS + 60 * MINUTE_MS)
    assert [status for status, _ in town.said("A1")] == [Status.RETURNING, Status.AVAILABLE]
    assert town.crews[row].post.id == "North"
    assert town.world.units[row].post == "North"
    assert not town.world.moves
    units = town.tally.units(tuple(town.world.fleet.ids), town.duty.measured())
    assert units.moves[row] == units.idle_moves[row] == 1
    assert units.moved_m[row] == units.driven_m[row] >= 5_000


def test_a_shift_is_worked_from_its_begin_and_left_once_home() -> None:
    """On duty is what lies in the measured days; a crew that is out when its hours end finishes and drives home first."""
    days = Shift("days", tuple((day * 1440 + 480, day * 1440 + 1200) for day in range(7)))
    units = tuple(replace(unit, shift="days") for unit in simple().units[:1])
    town = city(
        calls(20 * 60 - 5, transport=0), units=units, shifts=(days,), measured_ms=(MONDAY_MS, MONDAY_MS + DAY_MS)
    )
    town.run(MONDAY_MS + 9 * 60 * MINUTE_MS)
    assert town.world.units[0].duty is Status.AVAILABLE
    town.run(MONDAY_MS + 20 * 60 * MINUTE_MS + MINUTE_MS)
    assert town.crews[0].incident is not None
    town.run(MONDAY_MS + 23 * 60 * MINUTE_MS)
    assert town.cases.cleared_ms[0] > 0
    assert town.world.units[0].duty is Status.OFF_DUTY
    assert town.duty.measured() == [12 * 60 * MINUTE_MS]


def test_crews_eat_when_the_rules_say_so() -> None:
    """After so many hours, for so long, and are available again."""
    place = simple()
    rules = replace(place.work, break_after_ms=4 * 60 * MINUTE_MS, break_ms=30 * MINUTE_MS)
    shift = Shift("days", tuple((day * 1440, day * 1440 + 720) for day in range(7)))
    hungry = replace(NATURE, crews=replace(NATURE.crews, breaks=True))
    units = tuple(replace(unit, shift="days") for unit in place.units[:1])
    town = city(calls(13 * 60), hungry, units=units, shifts=(shift,), work=rules)
    town.run(MONDAY_MS + 11 * 60 * MINUTE_MS)
    duty = [
        (fact.duty, turn.now - MONDAY_MS)
        for turn in town.__dict__["kept"]
        for fact in turn.facts
        if isinstance(fact, DutyChanged) and turn.now > MONDAY_MS
    ]
    assert duty == [(Status.ON_BREAK, 240 * MINUTE_MS), (Status.AVAILABLE, 270 * MINUTE_MS)]


def test_only_the_measured_days_count() -> None:
    """A call before them is answered and not told of; one in them counts from their begin."""
    begin_ms = MONDAY_MS + DAY_MS
    town = city(calls(10, 24 * 60 + 10, transport=0), measured_ms=(begin_ms, begin_ms + DAY_MS))
    town.run(MONDAY_MS + 2 * DAY_MS)
    found = town.cases.measured(*town.measured_ms)
    assert found.came_ms.tolist() == [10 * MINUTE_MS]
    assert found.known_ms.tolist() == [10 * MINUTE_MS + TAKING_MS]
    assert not town.cases.open_before(begin_ms + DAY_MS)
    units = town.tally.units(tuple(town.world.fleet.ids), town.duty.measured())
    assert units.jobs.sum() == 1


def setup(**changes: Any) -> Setup:
    given = {"days": 2, "warm_days": 1, "seed": 5} | changes
    return Setup("x", simple(), None, DEMAND, NATURE, Quiet(Nearest()), Home(), Demand(), **given)


def test_a_replication_is_its_setup_and_its_number() -> None:
    """The same twice to the last bit; another number, or another seed, is other days."""
    one, again, other, seeded = (
        replicate(setup(), 0),
        replicate(setup(), 0),
        replicate(setup(), 1),
        replicate(setup(seed=6), 0),
    )
    assert one.state_hash == again.state_hash
    assert one.calls.reached_ms.tolist() == again.calls.reached_ms.tolist()
    assert len({one.state_hash, other.state_hash, seeded.state_hash}) == 3
    assert (one.calls.came_ms < 2 * DAY_MS).all()
    assert (one.calls.complete_ms > 0).all(), "seen through to the end"


@pytest.mark.parametrize("days", [1, 3])
def test_each_day_is_told_as_it_ends(days: int) -> None:
    """The warm-up too: a progress bar counts all of them."""
    seen: list[int] = []
    replicate(setup(days=days), 0, seen.append)
    assert seen == list(range(1, days + 2))
