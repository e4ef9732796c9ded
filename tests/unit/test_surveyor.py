"""What a survey takes from the World: who may be moved, what was refused, and what is made ready beside the engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.inputs import AdoptPlace
from engine.model.moves import AcceptMove, MoveRules, MoveWhy, ProposedMove, ProposeMoves, RejectMove
from engine.model.rules import CoverageRules
from engine.policy.redeploy import Demand, Home, Planning, Points, PolicyRefused, Survey, Surveyor, complete
from engine.policy.redeploy.ground import _alike
from engine.streets.weighing import Mode
from tests import river_town
from tests.builders import small_place
from tests.unit.engine_place import Town

WHY = MoveWhy("test", 0, 0, 500_000, 0, -1, "why there", "why it")
COVER = CoverageRules(points=((1_000, -4_000, 8), (0, 4_000, 1)))


def town(**rules: int) -> Town:
    return Town(small_place(coverage=COVER, moves=MoveRules(at_once=5, **rules)))


def propose(of: Town, unit: str, post: str) -> str:
    of.step(ProposeMoves(of.world.seq, "test", (ProposedMove(unit, post, 60_000, WHY),)))
    return next(iter(of.world.moves))


def test_what_was_refused_has_no_way() -> None:
    """That unit to that post, until the refusal is over; the same unit elsewhere, and others there, may be proposed."""
    found, surveyor = town(refused_ms=600_000), Surveyor()
    before = surveyor.survey(found.world)
    unit, post = before.ids.index("M2"), before.posts.index("S3")
    found.command(RejectMove, move=propose(found, "M2", "S3"), reason="low on fuel")
    after = surveyor.survey(found.world)
    assert before.to_post_ms[unit, post] > 0
    assert after.to_post_ms[unit, post] == -1
    changed = after.to_post_ms != before.to_post_ms
    assert changed.sum() == 1
    found.now += 600_001
    found.see()
    assert surveyor.survey(found.world).to_post_ms[unit, post] == before.to_post_ms[unit, post]


def test_a_crew_rests_after_a_move() -> None:
    """For as long as the agency says; and in another tour of duty its budget is whole again."""
    found, surveyor = town(cool_down_ms=600_000, budget=1), Surveyor()
    found.command(AcceptMove, move=propose(found, "M2", "S3"))
    unit = surveyor.survey(found.world).ids.index("M2")
    assert not surveyor.survey(found.world).movable[unit]
    found.now += 600_000
    found.see()
    assert not surveyor.survey(found.world).movable[unit], "its budget is spent"
    found.now += 2 * 86_400_000
    found.see()
    assert surveyor.survey(found.world).movable[unit]


@pytest.mark.parametrize("budget", [0, 1])
def test_no_budget_means_no_moves(budget: int) -> None:
    """Of nobody."""
    assert Surveyor().survey(town(budget=budget).world).movable.any() == (budget > 0)


def test_a_place_with_too_little_room_is_refused_each_time() -> None:
    """And not only at first: whoever looks on is to see that nobody plans, and why."""
    place = small_place(coverage=COVER)
    narrow = replace(place, stations=tuple(replace(station, capacity=1) for station in place.stations))
    found, surveyor = Town(narrow), Surveyor()
    for _ in range(2):
        with pytest.raises(PolicyRefused, match="more than the 3 that all posts together may hold"):
            surveyor.survey(found.world)
        assert not surveyor.is_ready(found.world)
    found.step(AdoptPlace(place))
    assert surveyor.survey(found.world).ids


def test_ready_means_that_nothing_is_left_to_find() -> None:
    """Made ready beside the engine, a survey is the same as one that found everything itself; what changes undoes it."""
    found, surveyor = town(), Surveyor()
    world = found.world
    assert not surveyor.is_ready(world)
    surveyor.make_ready(world.settled, world.roads, world.road_book.current)
    assert surveyor.is_ready(world)
    ready, alone = surveyor.survey(world), Surveyor().survey(world)
    assert ready.ground.digest == alone.ground.digest
    assert (ready.to_post_ms == alone.to_post_ms).all()
    points = Points(np.array([0], np.int32), np.array([0], np.int32), np.array([1], np.int64))
    surveyor.expect(Demand(points=points))
    assert not surveyor.is_ready(world)
    surveyor.make_ready(world.settled, world.roads, world.road_book.current)
    assert surveyor.is_ready(world)
    found.step(AdoptPlace(small_place(coverage=COVER, name="Otherville")))
    assert not surveyor.is_ready(world)


@pytest.mark.parametrize("streets", [False, True])
def test_a_look_is_completed_as_it_was_whatever_happens_meanwhile(streets: bool) -> None:
    """Another thread does it while units drive on, are sent and are moved: what it reads is its own."""
    place = small_place(coverage=COVER, streets=river_town.graph().digest if streets else "")
    found, surveyor = Town(place, streets=river_town.library), Surveyor()
    found.see(after_s=5, M1=(2_000, -100))
    planning = Planning(Home())
    planning.surveyor = surveyor
    before = surveyor.survey(found.world)
    look = planning.look(found.world)
    found.see(after_s=5, M1=(-2_000, 900), M2=(1_500, -900))
    found.command(AcceptMove, move=propose(found, "M2", "S3"))
    found.report("cardiac", 1)
    after = complete(look)
    for name in Survey.__struct_fields__:
        was, is_ = getattr(before, name), getattr(after, name)
        assert np.array_equal(was, is_) if isinstance(was, np.ndarray) else was == is_, name


def test_what_is_made_ready_beside_the_engine_leaves_its_memory_alone() -> None:
    """Another thread makes it ready while the engine decides: what an oracle remembers is one thread's."""
    place = small_place(coverage=COVER, streets=river_town.graph().digest)
    world = Town(place, streets=river_town.library).world
    assert world.roads is not None
    kept = [world.roads.oracle(world.road_book.current).metric(mode) for mode in Mode]
    departures = [metric.departures(world.fleet.spots) for metric in kept]
    surveyor = Surveyor()
    reach, _ = surveyor.make_ready(world.settled, world.roads, world.road_book.current)
    reach.from_places([(100, 100), (2_000, -300)])
    assert surveyor.is_ready(world)
    after = [metric.departures(world.fleet.spots) for metric in kept]
    assert all(one is other for one, other in zip(after, departures, strict=True))


@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_rows_are_told_apart_as_numpy_does(rows: int, bytes_: int, seed: int) -> None:
    """The same kinds in the same order, the same first rows."""
    packed = (np.random.default_rng(seed).integers(0, 3, (rows, bytes_)) * 100).astype(np.uint8)
    _, first, number = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    found = _alike(packed)
    assert found[0].tolist() == first.tolist()
    assert found[1].tolist() == number.ravel().tolist()
