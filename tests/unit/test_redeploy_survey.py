"""The survey of a World: who is free where, how far from each post, what demand there is; and what is refused."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.demand import TypeShare
from engine.model.lifecycle import Status
from engine.model.moves import OrderMove
from engine.model.place import Place
from engine.model.rules import CoverageRules
from engine.policy.redeploy import Demand, LayerRule, Points, PolicyRefused, Surveyor, rules_of
from engine.policy.redeploy.ground import POINTS_MAX, ground_of
from engine.policy.travel import straight_line
from tests.unit.engine_place import ALS, BLS, STATIONS, Town, engine_place

POINTS = ((0, 100, 5), (5_000, 100, 3), (0, 5_100, 2), (9_000, 9_000, 1))
COVERED = engine_place(coverage=CoverageRules(points=POINTS))


def test_who_is_free_stands_where_it_belongs_and_is_so_far_from_the_others():
    """Rows rise; a unit at its post is 0 from it and as far from the others as that post is."""
    town = Town(COVERED)
    seen = Surveyor().survey(town.world)
    fleet, straight = town.world.fleet, straight_line(COVERED)
    assert seen.rows.tolist() == sorted(seen.rows.tolist())
    assert seen.ids == tuple(fleet.ids[row] for row in seen.rows.tolist())
    for unit, row in enumerate(seen.rows.tolist()):
        home = next(number for number, each in enumerate(STATIONS) if each.id == fleet.units[row].station)
        assert seen.post[unit] == home
        assert seen.to_post_ms[unit, home] == 0
        for number, station in enumerate(STATIONS):
            told = straight.to_points_ms((STATIONS[home].x_m, STATIONS[home].y_m), [(station.x_m, station.y_m)], 1)[0]
            assert seen.to_post_ms[unit, number] == told


def test_a_unit_on_the_road_is_as_far_as_it_is():
    """Its own post included."""
    town = Town(COVERED)
    town.see(after_s=5, A1=(2_000, 3_000))
    seen = Surveyor().survey(town.world)
    unit = seen.ids.index("A1")
    straight = straight_line(COVERED)
    told = straight.to_points_ms((2_000, 3_000), [(station.x_m, station.y_m) for station in STATIONS], 1)
    assert seen.to_post_ms[unit].tolist() == told


def test_where_a_unit_belongs_says_nothing_about_where_it_is():
    """At another post it is as far from all as that post is, and none of it changes when it is moved there."""
    town = Town(COVERED)
    town.see(after_s=5, A1=(5_090, 30))
    surveyor = Surveyor()
    before = surveyor.survey(town.world)
    unit = before.ids.index("A1")
    assert before.to_post_ms[unit].tolist() == before.to_post_ms[before.ids.index("A2")].tolist()
    town.command(OrderMove, unit="A1", post="East", reason="cover")
    after = surveyor.survey(town.world)
    assert after.post[unit] != before.post[unit]
    assert after.to_post_ms[unit].tolist() == before.to_post_ms[unit].tolist()


def test_a_unit_on_the_road_is_where_it_is_however_near_a_post():
    """Passing by a post it does not stand there; once it is available again, what its device says by a few metres counts for nothing."""
    town = Town(COVERED)
    town.says("A1", Status.RETURNING, after_s=5)
    town.see(after_s=5, A1=(5_090, 30))
    surveyor = Surveyor()
    passing = surveyor.survey(town.world)
    unit = passing.ids.index("A1")
    straight = straight_line(COVERED)
    told = straight.to_points_ms((5_090, 30), [(station.x_m, station.y_m) for station in STATIONS], 1)
    assert passing.to_post_ms[unit].tolist() == told
    town.says("A1", Status.AVAILABLE, after_s=5)
    standing = surveyor.survey(town.world)
    assert standing.to_post_ms[unit].tolist() == standing.to_post_ms[standing.ids.index("A2")].tolist()


def test_a_busy_unit_is_told_with_its_place_and_time():
    """It is not among the free; it becomes free at its incident."""
    town = Town(COVERED)
    incident = town.report("medical", 2, at=(1_000, 2_000))
    (unit,) = incident.assigned
    seen = Surveyor().survey(town.world)
    assert unit not in seen.ids
    assert seen.busy_ids == (unit,)
    assert seen.busy_free_ms[0] > 0
    straight = straight_line(COVERED)
    told = straight.to_points_ms((1_000, 2_000), [(station.x_m, station.y_m) for station in STATIONS], 1)
    assert seen.busy_to_post_ms[0].tolist() == told


def test_a_unit_that_has_just_become_free_is_fresh_for_a_while():
    """For a minute, as long as a move is no idle one; another that idles never is."""
    town = Town(COVERED)
    incident = town.report("medical", 2, at=(1_000, 2_000))
    (unit,) = incident.assigned
    town.says(unit, Status.ON_SCENE, after_s=100)
    town.says(unit, Status.RETURNING, after_s=100)
    surveyor = Surveyor()
    seen = surveyor.survey(town.world)
    assert [name for name, fresh in zip(seen.ids, seen.fresh, strict=True) if fresh] == [unit]
    town.see(after_s=61)
    assert not surveyor.survey(town.world).fresh.any()


def test_nobody_of_a_shared_crew_on_a_break_or_near_the_end_of_the_shift_may_be_moved():
    """They are seen all the same."""
    town = Town(COVERED)
    town.says("A1", Status.ON_BREAK, after_s=10)
    seen = Surveyor().survey(town.world)
    movable = dict(zip(seen.ids, seen.movable.tolist(), strict=True))
    assert not any(movable[unit] for unit in ("A1", "E1", "L1", "P2", "P3"))
    assert movable["A2"]
    assert movable["B3"]
    town.see(after_s=11 * 3_600 + 1_900)
    seen = Surveyor().survey(town.world)
    assert not seen.movable[seen.ids.index("B3")]


def test_points_that_the_same_posts_cover_are_one_set():
    """Each layer's weights are its share of everything, whoever covers it."""
    town = Town(COVERED)
    rules = (
        LayerRule("all", BLS, cover_ms=60_000, share=250_000),
        LayerRule("far", ALS, cover_ms=10**7, share=750_000),
    )
    seen = Surveyor(Demand(rules=rules)).survey(town.world)
    near, far = seen.layers
    assert sorted(map(tuple, near.cover.T.tolist())) == [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    assert far.cover.T.tolist() == [[1, 1, 1]]
    weights = dict(zip(map(tuple, near.cover.T.tolist()), near.weight.tolist(), strict=True))
    assert weights[1, 0, 0] == (5 << 30) // 11 * 250_000 // 1_000_000
    assert far.weight.tolist() == [750_000 * (1 << 30) // 1_000_000]


def test_other_demand_makes_another_ground_and_the_same_the_same_one():
    """Times are found once; new weights only sort the points anew."""
    town = Town(COVERED)
    surveyor = Surveyor()
    first = surveyor.survey(town.world).ground
    assert surveyor.survey(town.world).ground is first
    x_m, y_m, weight = np.array(POINTS, np.int32).T
    points = Points(x_m.copy(), y_m.copy(), weight.astype(np.int64))
    surveyor.expect(Demand(points=points))
    same = surveyor.survey(town.world).ground
    assert same is not first
    assert same.digest == first.digest
    surveyor.expect(Demand(points=replace(points, weight=points.weight[::-1].copy())))
    assert surveyor.survey(town.world).ground.digest != first.digest


def test_layers_follow_what_plans_ask_for_and_how_often_it_is_called_for():
    """One for each capability, way of driving and time; a slot wanted twice counts twice."""
    shares = (TypeShare("medical", 1, 0.5), TypeShare("fire", 2, 0.25), TypeShare("crime", 5, 0.25))
    rules = rules_of(COVERED, shares)
    told = {(rule.needs, rule.lights): rule.share for rule in rules}
    whole = 0.5 + 0.25 * 3 + 0.25
    assert told[ALS, True] == round(0.5 / whole * 1e6)
    assert told[4, True] == round(0.5 / whole * 1e6)
    assert told[8, True] == round(0.25 / whole * 1e6)
    assert told[16, False] == round(0.25 / whole * 1e6)
    assert {rule.cover_ms for rule in rules} == {480_000 - 120_000}
    assert sum(rule.share for rule in rules_of(COVERED)) == pytest.approx(1_000_000, abs=len(rules_of(COVERED)))


def test_a_hundred_thousand_points_are_put_together_without_losing_weight():
    """Position-aware policies look at few points, sets are made of all of them."""
    chance = np.random.default_rng(1)
    count = 20_000
    x_m, y_m = chance.integers(0, 30_000, (2, count)).astype(np.int32)
    points = Points(x_m, y_m, chance.integers(1, 9, count))
    reach = np.where(chance.random((2, 4, count)) < 0.5, 100_000, 900_000).astype(np.int32)
    ground = ground_of((LayerRule("all"),), points, reach, (300,))
    assert len(ground.point_weight) <= POINTS_MAX
    assert (1 << 30) - count <= int(ground.point_weight.sum()) <= 1 << 30
    assert len(ground.layers[0].weight) == 16
    assert int(ground.layers[0].weight.sum()) == pytest.approx(1 << 30, abs=16)


@pytest.mark.parametrize(
    ("demand", "field"),
    [
        (Demand(rules=(LayerRule("none", share=0),)), "layers"),
        (Demand(rules=(LayerRule("one"),) * 63), "layers"),
        (Demand(points=Points(*np.zeros((2, 3), np.int32), np.zeros(3, np.int64))), "demand"),
        (Demand(points=Points(*np.zeros((2, 2), np.int32), np.array([3, -1]))), "demand"),
    ],
)
def test_what_no_policy_could_use_is_refused(demand: Demand, field: str):
    """By the name of what is wrong, at the first survey."""
    with pytest.raises(PolicyRefused) as refused:
        Surveyor(demand).survey(Town(COVERED).world)
    assert refused.value.field == field


def test_a_place_without_demand_is_refused():
    """Its plans say what is wanted, nothing says where."""
    with pytest.raises(PolicyRefused, match="demand"):
        Surveyor().survey(Town().world)


def holding(*capacity: int) -> Place:
    stations = tuple(replace(each, capacity=most) for each, most in zip(STATIONS, capacity, strict=True))
    return replace(COVERED, stations=stations)


def test_more_units_than_posts_may_hold_are_refused():
    """Nobody could say where all of them are to stand."""
    with pytest.raises(PolicyRefused, match="15 units are more than the 12"):
        Surveyor().survey(Town(holding(4, 4, 4)).world)


def test_a_unit_that_is_out_keeps_its_room():
    """It will come back to where it belongs; without a limit nothing is counted."""
    town = Town(holding(6, 7, 0))
    surveyor = Surveyor()
    assert surveyor.survey(town.world).capacity.tolist() == [6, 7, 1 << 30]
    (unit,) = town.report("medical", 2, at=(100, 0)).assigned
    assert unit == "A1"
    assert surveyor.survey(town.world).capacity.tolist() == [5, 7, 1 << 30]


def test_a_moved_unit_belongs_to_its_new_post_and_rests():
    """Until its crew may be moved again."""
    town = Town(COVERED)
    town.command(OrderMove, unit="E2", post="North", reason="cover")
    surveyor = Surveyor()
    seen = surveyor.survey(town.world)
    unit = seen.ids.index("E2")
    assert (seen.posts[seen.post[unit]], seen.movable[unit]) == ("North", 0)
    town.see(after_s=COVERED.moves.cool_down_ms // 1000)
    assert surveyor.survey(town.world).movable[unit]


@pytest.mark.parametrize(("field", "value"), [("cover_ms", 0), ("share", 1_000_001)])
def test_a_layer_s_settings_are_held_within_sense(field: str, value: int):
    """The name of the layer and of the setting is told."""
    with pytest.raises(PolicyRefused, match=f"layer all: {field}"):
        LayerRule("all", **{field: value})
