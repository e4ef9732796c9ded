"""Moves between posts: what the planner proposes, what the guard lets through, and what people and crews make of it."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.alert_facts import AlertAcknowledged, AlertRequested, AlertWithdrawn, Purpose
from engine.model.facts import UnitDispatched
from engine.model.inputs import AdoptPlace, DeclareEmergency, ReserveUnits
from engine.model.lifecycle import Status
from engine.model.moves import (
    AcceptMove,
    Cover,
    MoveEnded,
    MoveHeldBack,
    MoveOrdered,
    MoveOutcome,
    MoveProposed,
    MoveRefused,
    MoveRules,
    MoveWhy,
    MoveWithdrawn,
    OrderMove,
    PlanProposed,
    ProposedMove,
    ProposeMoves,
    RecallUnit,
    RejectMove,
    SnoozeMove,
)
from engine.model.place import Place, Station
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.state.image import restore, save
from engine.state.world import World
from tests.unit.engine_place import MORNING, STATIONS, UNITS, Town, engine_place, facts_of, refusal

WHY = MoveWhy("test", 600_000, 640_000, 40_000, 3_000, -1, "North is empty", "A1 is the nearest")
HOUR_MS = 3_600_000


def place(mode: Mode = Mode.ADVISE, stations: tuple[Station, ...] = STATIONS, **rules: Any) -> Place:
    """The town under these rules of moves."""
    return engine_place(stations=stations, moves=replace(MoveRules(mode=mode), **rules))


def plan(town: Town, *pairs: tuple[str, str], gain: int = 40_000, travel_ms: int = 300_000, after_s: int = 0) -> Turn:
    """Let the planner propose these moves."""
    moves = tuple(ProposedMove(unit, post, travel_ms, replace(WHY, gain=gain)) for unit, post in pairs)
    return town.step(ProposeMoves(town.world.seq, "test", moves, (Cover("als", 600_000, 640_000),)), after_s)


def whole(town: Town) -> World:
    """Return the World, after it was held against its invariants and against its own image."""
    assert violations(town.world) == []
    again = restore(save(town.world))
    assert violations(again) == []
    assert save(again) == save(town.world)
    for name in ("post", "post_x_m", "post_y_m", "turnout_ms", "standing", "x_m"):
        assert (getattr(again.fleet, name) == getattr(town.world.fleet, name)).all(), name
    return town.world


def held(turn: Turn) -> list[str]:
    """Return the codes for which the guard held proposals back."""
    return [fact.code for fact in facts_of(turn, MoveHeldBack)]


def test_a_person_accepts_and_the_crew_drives() -> None:
    """The unit belongs to its new post from the order on, is returning until it is there, and turns out from there."""
    town = Town(place())
    (proposed,) = facts_of(plan(town, ("A1", "North")), MoveProposed)
    assert (proposed.source, proposed.idle, proposed.mode) == ("Central", True, Mode.ADVISE)
    assert town.unit("A1").post is None
    turn = town.command(AcceptMove, move=proposed.move, after_s=30)
    (ordered,) = facts_of(turn, MoveOrdered)
    assert (ordered.move, ordered.source, ordered.post, ordered.by) == (proposed.move, "Central", "North", "desk")
    (alert,) = facts_of(turn, AlertRequested)
    assert (alert.purpose, alert.unit, alert.text) == (Purpose.MOVE, "A1", "A1 MOVE TO North")
    whole(town)
    assert [type(fact) for fact in town.says("A1", Status.RETURNING, after_s=60).facts][1:] == [AlertAcknowledged]
    town.see(A1=(0, 5_000), after_s=300)
    assert town.world.fleet.turnout_ms[town.unit("A1").row] == 0, "its crew is in the vehicle"
    (ended,) = facts_of(town.says("A1", Status.AVAILABLE, after_s=10), MoveEnded)
    assert (ended.outcome, ended.post, ended.by) == (MoveOutcome.ARRIVED, "North", "A1")
    assert town.world.fleet.turnout_ms[town.unit("A1").row] == 60_000
    assert (town.unit("A1").move, town.unit("A1").post, town.world.moves) == (None, "North", {})
    whole(town)


def test_auto_tells_the_crew_and_shadow_tells_nobody() -> None:
    """By mode: ordered in the same turn, or only written down."""
    town = Town(place(Mode.AUTO))
    kinds = [type(fact) for fact in plan(town, ("A1", "North")).facts]
    assert kinds == [PlanProposed, MoveProposed, MoveOrdered, AlertRequested]
    assert whole(town).cover == (Cover("als", 600_000, 640_000),)
    town = Town(place(Mode.SHADOW))
    assert [type(fact) for fact in plan(town, ("A1", "North")).facts] == [PlanProposed, MoveProposed]
    whole(town)


def test_a_plan_replaces_the_last_one() -> None:
    """What is asked for again is not told again; what is not asked for any more is withdrawn; the rest expires."""
    town = Town(place())
    (first,) = facts_of(plan(town, ("A1", "North")), MoveProposed)
    assert [type(fact) for fact in plan(town, ("A1", "North"), after_s=60).facts] == [PlanProposed]
    turn = plan(town, ("B1", "North"), after_s=60)
    assert [fact.move for fact in facts_of(turn, MoveWithdrawn)] == [first.move]
    (second,) = facts_of(turn, MoveProposed)
    withdrawn = [fact for tick in town.wait(301) for fact in facts_of(tick, MoveWithdrawn)]
    assert [(fact.move, fact.reason) for fact in withdrawn] == [(second.move, "nobody has answered")]
    assert refusal(town.command(AcceptMove, move=second.move)) == ("unknown_move", "move")
    whole(town)


@pytest.mark.parametrize(
    ("rules", "pair", "gain", "travel_ms", "code"),
    [
        ({"gain_min": 40_001}, ("A1", "North"), 40_000, 300_000, "too_little"),
        ({"drive_ms_max": 299_999}, ("A1", "North"), 40_000, 300_000, "too_far"),
        ({"budget": 0}, ("A1", "North"), 40_000, 300_000, "budget"),
        ({"at_once": 0}, ("A1", "North"), 40_000, 300_000, "at_once"),
        # The day shift ends at 20:00, twelve hours from now.
        ({"shift_end_ms": 12 * HOUR_MS}, ("B3", "North"), 40_000, 300_000, "shift_ends"),
    ],
)
def test_the_guard_holds_a_plan_to_the_rules(
    rules: dict[str, int], pair: tuple[str, str], gain: int, travel_ms: int, code: str
) -> None:
    """Each rule holds a proposal back at its very bound, once; one step further it lets it through."""
    town = Town(place(**rules))
    assert held(plan(town, pair, gain=gain, travel_ms=travel_ms)) == [code]
    assert held(plan(town, pair, gain=gain, travel_ms=travel_ms, after_s=10)) == [], "no news"
    assert held(plan(town, pair, gain=gain, travel_ms=travel_ms, after_s=300)) == [code], "news again after a while"
    (name,) = rules
    looser = {name: rules[name] + (1 if name in ("drive_ms_max", "budget", "at_once") else -1)}
    town = Town(place(**looser))
    assert len(facts_of(plan(town, pair, gain=gain, travel_ms=travel_ms), MoveProposed)) == 1
    whole(town)


def test_a_donor_keeps_its_minimum_of_free_units() -> None:
    """Central has five vehicles: with a minimum of five nobody leaves, with four one may, but no second one."""
    town = Town(place(stations=(replace(STATIONS[0], minimum=5), *STATIONS[1:])))
    assert held(plan(town, ("A1", "North"))) == ["donor_minimum"]
    town = Town(place(Mode.AUTO, (replace(STATIONS[0], minimum=4), *STATIONS[1:]), at_once=9))
    assert held(plan(town, ("A1", "North"), ("B1", "North"))) == ["donor_minimum"]
    assert town.unit("A1").post == "North"


def test_a_post_takes_no_more_than_it_has_room_for() -> None:
    """Not by a plan, not by a person; but home a unit may always go, even where another stands in its place."""
    stations = (STATIONS[0], STATIONS[1], replace(STATIONS[2], capacity=5))
    town = Town(place(Mode.AUTO, stations, at_once=9))
    assert held(plan(town, ("A1", "North"), ("B1", "North"))) == ["no_room"]
    assert refusal(town.command(OrderMove, unit="B1", post="North", reason="fair")) == ("no_room", "post")
    town.command(OrderMove, unit="B2", post="Central", reason="fair")
    town.command(OrderMove, unit="B1", post="North", reason="fair")
    town.command(RecallUnit, unit="B2", reason="the fair is over")
    north = town.world.stations["North"]
    assert [int(post) for post in town.world.fleet.post].count(north) == 6
    whole(town)


def test_a_crew_is_moved_so_often_and_no_oftener() -> None:
    """It rests between two moves, and its budget is for one tour of duty: off duty and on again it begins anew."""
    town = Town(place(Mode.AUTO, budget=2, cool_down_ms=600_000))
    plan(town, ("A1", "North"))
    assert held(plan(town, ("A1", "East"), after_s=599)) == ["cool_down"]
    (ended,) = facts_of(plan(town, ("A1", "East"), after_s=1), MoveEnded)
    assert (ended.outcome, ended.post) == (MoveOutcome.REPLACED, "East")
    assert held(plan(town, ("A1", "Central"), after_s=600)) == ["budget"]
    town.says("A1", Status.OFF_DUTY, after_s=60)
    assert (town.unit("A1").post, whole(town).moves) == (None, {})
    town.says("A1", Status.AVAILABLE, after_s=60)
    assert held(plan(town, ("A1", "East"), after_s=600)) == []
    whole(town)


def test_the_budget_of_a_crew_that_is_always_on_is_for_a_day() -> None:
    """Moves of the day before no longer count."""
    town = Town(place(Mode.AUTO, budget=1))
    plan(town, ("A1", "North"))
    assert held(plan(town, ("A1", "East"), after_s=15 * 3_600)) == ["budget"]
    assert held(plan(town, ("A1", "East"), after_s=3_600)) == [], "it is midnight"


def test_who_has_just_become_free_only_drives_home_elsewhere() -> None:
    """For a minute after it is clear a unit costs nobody's budget, and needs no gain; after that it is idle again."""
    rules: dict[str, Any] = {"budget": 0, "gain_min": 900_000, "at_once": 0}
    stations = (replace(STATIONS[0], minimum=5), *STATIONS[1:])
    for after_s, codes in ((60, []), (61, ["too_little"])):
        town = Town(place(Mode.AUTO, stations, **rules))
        incident = town.report("medical", 1)
        town.says("A1", Status.ON_SCENE, after_s=300)
        town.says("A1", Status.RETURNING, after_s=600)
        assert not incident.assigned
        turn = plan(town, ("A1", "North"), after_s=after_s)
        assert held(turn) == codes
        assert [fact.idle for fact in facts_of(turn, MoveOrdered)] == [False] * (1 - len(codes))
        assert town.unit("A1").moves == 0
        whole(town)


def test_a_refused_move_is_not_proposed_again_for_a_while() -> None:
    """A person's no and not now; both with their time."""
    town = Town(place(refused_ms=600_000))
    (proposed,) = facts_of(plan(town, ("A1", "North")), MoveProposed)
    assert refusal(town.command(RejectMove, move=proposed.move, reason=" ")) == ("missing", "reason")
    (refused,) = facts_of(town.command(RejectMove, move=proposed.move, reason="training"), MoveRefused)
    assert (refused.until_ms - town.now, refused.by) == (600_000, "desk")
    assert held(plan(town, ("A1", "North"), ("B1", "North"), after_s=599)) == ["refused"]
    (again,) = facts_of(plan(town, ("A1", "North"), after_s=1), MoveProposed)
    town.command(SnoozeMove, move=again.move, for_ms=60_000)
    assert held(plan(town, ("A1", "North"), after_s=59)) == ["refused"]
    assert len(facts_of(plan(town, ("A1", "North"), after_s=1), MoveProposed)) == 1
    whole(town)


def test_a_crew_that_says_no_on_the_way_belongs_to_its_old_post() -> None:
    """And it is told so, whoever said it: the order may still be on its way to it."""
    town = Town(place(Mode.AUTO))
    plan(town, ("A1", "North"))
    turn = town.command(RejectMove, by="A1", move="M1", reason="out of fuel", after_s=20)
    (ended,) = facts_of(turn, MoveEnded)
    assert (ended.outcome, ended.post) == (MoveOutcome.REFUSED, "Central")
    assert [fact.alert for fact in facts_of(turn, AlertWithdrawn)] == ["A1"]
    (told,) = facts_of(turn, AlertRequested)
    assert (told.purpose, told.text) == (Purpose.RELEASE, "A1 RELEASED FROM MOVE TO North, BELONGS TO Central")
    assert held(plan(town, ("A1", "North"), after_s=1_700)) == ["refused"]
    whole(town)


def test_an_incident_comes_first() -> None:
    """A unit that is sent on its way keeps its new post; the word to drive there is withdrawn in the same turn."""
    town = Town(place(Mode.AUTO))
    plan(town, ("A1", "North"))
    turn = town.command(ReserveUnits, incident=town.report("crime").id, units=("A1",), reason="", after_s=1)
    (ended,) = facts_of(turn, MoveEnded)
    assert (ended.outcome, ended.post) == (MoveOutcome.DISPATCHED, "North")
    assert [fact.alert for fact in facts_of(turn, AlertWithdrawn)] == ["A1"]
    assert town.unit("A1").post == "North"
    whole(town)


def test_a_proposal_ends_when_its_unit_is_sent() -> None:
    """In the very turn in which it is."""
    town = Town(place())
    plan(town, ("A1", "North"), ("E1", "North"))
    incident = town.report("medical", 1)
    assert "A1" in incident.assigned
    assert [fact.move for fact in facts_of(town.turns[-1], MoveWithdrawn)] == ["M1"]
    town.report("fire", 1)
    assert facts_of(town.turns[-1], UnitDispatched)
    assert [fact.move for fact in facts_of(town.turns[-1], MoveWithdrawn)] == ["M2"]
    assert whole(town).moves == {}


def test_a_crew_takes_its_other_vehicle_with_it() -> None:
    """L1 has nobody while E1 stands elsewhere, and only one of the two is moved; with E1 back home it has again."""
    town = Town(place(Mode.AUTO, at_once=9))
    assert held(plan(town, ("E1", "North"), ("L1", "North"))) == ["crew_busy"]
    incident = town.report("fire", 1)
    assert "L1" not in incident.assigned
    assert refusal(town.send(incident, "L1")) == ("crew_busy", "units")
    town = Town(place())
    town.command(OrderMove, unit="E1", post="North", reason="fair")
    town.command(RecallUnit, unit="E1", reason="rain")
    assert town.unit("E1").move is None, "it never left"
    assert [fact.unit for fact in facts_of(town.send(town.report("crime"), "L1"), UnitDispatched)] == ["L1"]
    whole(town)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unit": "A9"}, ("unknown_unit", "unit")),
        ({"post": "Nowhere"}, ("unknown_post", "post")),
        ({"post": "East"}, ("already_there", "post")),
        ({"reason": ""}, ("missing", "reason")),
        ({"unit": "B1"}, ("unit_assigned", "unit")),
        ({"unit": "B2", "post": "East"}, ("on_break", "unit")),
        ({"unit": "E2"}, ("unit_not_in_service", "unit")),
        ({"unit": "P1"}, ("unit_emergency", "unit")),
    ],
)
def test_not_even_a_person_orders_what_cannot_be(fields: dict[str, str], said: tuple[str, str]) -> None:
    """Nothing happens, and the answer says why."""
    town = Town(place())
    town.send(town.report("rescue", 2), "B1", reason="test")
    town.says("B2", Status.ON_BREAK)
    town.says("E2", Status.OUT_OF_SERVICE)
    town.command(DeclareEmergency, unit="P1")
    assert refusal(town.command(OrderMove, **{"unit": "A2", "post": "North", "reason": "fair", **fields})) == said


def test_a_person_may_order_what_a_planner_may_not() -> None:
    """Budget, gain and rest bind the planner; a person has thought about them."""
    town = Town(
        place(Mode.AUTO, budget=0, at_once=0, drive_ms_max=0, stations=(replace(STATIONS[0], minimum=9), *STATIONS[1:]))
    )
    (ordered,) = facts_of(town.command(OrderMove, unit="A1", post="North", reason="the fair"), MoveOrdered)
    # 5 km, a third longer by road, at 11 m/s.
    assert (ordered.travel_ms, ordered.reason, ordered.idle) == (590_909, "the fair", True)
    assert facts_of(town.turns[-1], AlertRequested)[0].text == "A1 MOVE TO North, the fair"
    turn = town.command(RecallUnit, unit="A1", reason="over", after_s=60)
    assert [fact.outcome for fact in facts_of(turn, MoveEnded)] == [MoveOutcome.RECALLED]
    whole(town)


def test_a_unit_that_is_recalled_drives_home() -> None:
    """From its post, by an order like any other; at home it cannot be recalled."""
    town = Town(place())
    town.command(OrderMove, unit="A1", post="North", reason="fair")
    town.says("A1", Status.RETURNING, after_s=60)
    town.see(A1=(0, 5_000), after_s=600)
    town.says("A1", Status.AVAILABLE)
    (ordered,) = facts_of(town.command(RecallUnit, unit="A1", reason="over"), MoveOrdered)
    assert (ordered.source, ordered.post) == ("North", "Central")
    assert (town.unit("A1").post, town.unit("A1").move) == (None, ordered.move)
    town.says("A1", Status.RETURNING, after_s=60)
    assert [fact.post for fact in facts_of(town.says("A1", Status.AVAILABLE, after_s=600), MoveEnded)] == ["Central"]
    assert refusal(town.command(RecallUnit, unit="A1", reason="over")) == ("already_there", "post")
    whole(town)


def test_available_before_it_rolls_is_no_arrival() -> None:
    """A crew that repeats that it is available where it stands has not arrived; seen at its post it has."""
    town = Town(place(Mode.AUTO))
    plan(town, ("A1", "North"))
    assert not facts_of(town.says("A1", Status.AVAILABLE, after_s=10), MoveEnded)
    town.wait(601)
    assert town.unit("A1").move == "M1"
    town.see(A1=(100, 4_900))
    (ended,) = [fact for tick in town.wait(301) for fact in facts_of(tick, MoveEnded)]
    assert (ended.outcome, ended.by) == (MoveOutcome.ARRIVED, "engine")
    whole(town)


def test_a_unit_without_a_device_is_taken_to_be_where_it_arrived() -> None:
    """From there its times are reckoned, until it says otherwise; and from home again once it is off duty."""
    town = Town(place())
    row = town.unit("T1").row
    town.command(OrderMove, unit="T1", post="East", reason="fair")
    town.says("T1", Status.RETURNING, after_s=60)
    assert (int(town.world.fleet.x_m[row]), int(town.world.fleet.y_m[row])) == (0, 5_000)
    town.says("T1", Status.AVAILABLE, after_s=600)
    assert (int(whole(town).fleet.x_m[row]), int(town.world.fleet.y_m[row])) == (5_000, 0)
    town.says("T1", Status.OFF_DUTY, after_s=600)
    assert (int(whole(town).fleet.x_m[row]), int(town.world.fleet.y_m[row])) == (0, 5_000)


def test_a_plan_of_what_there_is_not_is_refused() -> None:
    """With the field that is wrong; nothing of it is taken."""
    town = Town(place())
    for pairs in ([("Z9", "North")], [("A1", "Nowhere")], [("A1", "North"), ("A1", "East")]):
        assert refusal(plan(town, *pairs))[1] == "moves"
    assert refusal(plan(town, ("A1", "North"), travel_ms=-1)) == ("out_of_range", "moves")
    assert refusal(town.step(ProposeMoves(town.world.seq + 2, "test", ()))) == ("out_of_range", "seq")
    assert town.world.moves == {}


def test_a_place_without_the_post_sends_everybody_home() -> None:
    """Under way, arrived or only proposed: nobody belongs to what is not there; the others stay."""
    town = Town(place())
    more = (*STATIONS, Station("Fair", "Fair", 2_000, 2_000))
    town.step(AdoptPlace(place(stations=more, at_once=9)))
    for unit in ("A1", "B1"):
        town.command(OrderMove, unit=unit, post="Fair", reason="fair")
    town.command(OrderMove, unit="A2", post="North", reason="fair")
    town.says("B1", Status.RETURNING, after_s=60)
    town.says("B1", Status.AVAILABLE, after_s=600)
    plan(town, ("E2", "Fair"))
    turn = town.step(AdoptPlace(place()))
    assert [(fact.unit, fact.outcome) for fact in facts_of(turn, MoveEnded)] == [("A1", MoveOutcome.OUT)]
    assert len(facts_of(turn, MoveWithdrawn)) == 1
    assert [town.unit(name).post for name in ("A1", "B1", "A2")] == [None, None, "North"]
    whole(town)


def test_a_place_with_less_room_keeps_who_was_listed_first() -> None:
    """The others belong to their homes again."""
    town = Town(place())
    for unit in ("B1", "A1"):
        town.command(OrderMove, unit=unit, post="North", reason="fair")
    town.step(AdoptPlace(place(stations=(*STATIONS[:2], replace(STATIONS[2], capacity=1)))))
    assert [town.unit(name).post for name in ("A1", "B1")] == ["North", None]
    whole(town)


def test_a_moved_unit_is_first_due_where_it_stands() -> None:
    """In the order of stations it counts with its post, not with its home."""
    areas = (replace(engine_place().areas[0], stations=("North", "Central", "East")),)
    plans = tuple(replace(each, order="station") if each.id == "minor" else each for each in engine_place().plans)
    units = tuple(unit for unit in UNITS if unit.id in ("B1", "B3"))
    town = Town(engine_place(areas=areas, plans=plans, units=units), now=MORNING)
    town.command(OrderMove, unit="B3", post="North", reason="fair")
    assert list(town.report("medical", 4, at=(0, 0)).assigned) == ["B3"]
