"""Who is chosen, in words: robbing and what is left behind, waiting, second looks, stations, neighbours; and why."""

from msgspec.structs import replace

from engine.model.facts import (
    AssignmentAdvanced,
    Choice,
    DutyChanged,
    IncidentReported,
    PlaceAdopted,
    PositionsMoved,
    UnitDispatched,
)
from engine.model.fixes import Fixes
from engine.model.lifecycle import Status
from engine.model.place import Agency, Place, ResponseArea, Unit
from engine.model.plans import Alternative, Mode, Option, Order, Plan, Slot
from engine.model.rules import MatchingRules
from engine.model.why import Considered, Reason
from engine.policy import JointMatch, Reviewed, Solution
from engine.state.records import Incident
from engine.state.world import World
from tests.unit.engine_place import ALS, BLS, ENGINE, LADDER, MORNING, engine_place

POLICY = JointMatch()
WHOLE = ((-20_000, -20_000), (20_000, -20_000), (20_000, 20_000), (-20_000, 20_000))
MEDIC = Plan("medic", ("medical",), (1, 2, 3, 4, 5), Mode.AUTO, (Slot("als", (Alternative(ALS),)),))


def world_of(*units: Unit, **changes: object) -> World:
    """A town of these units, each seen where its station is."""
    place: Place = engine_place(**{"units": units, "plans": (MEDIC,), "crews": (), "areas": (), **changes})
    world = World()
    world.begin(MORNING)
    world.apply(PlaceAdopted(place))
    rows, nothing = range(len(units)), [-1] * len(units)
    x_m, y_m = world.fleet.x_m.tolist(), world.fleet.y_m.tolist()
    world.apply(PositionsMoved(Fixes(list(rows), x_m, y_m, [MORNING] * len(units), nothing, nothing)))
    return world


def report(world: World, priority: int, at: tuple[int, int] = (0, 0), plan: str = "medic", area: str = "") -> Incident:
    name = f"I{world.incident_number + 1}"
    world.apply(
        IncidentReported(
            incident=name,
            type="medical",
            priority=priority,
            x_m=at[0],
            y_m=at[1],
            plan=plan,
            area=area or None,
            address="",
            caller="",
            note="",
            external="",
            by="desk",
        )
    )
    return world.open[name]


def send(world: World, unit: str, incident: Incident, status: Status = Status.DISPATCHED) -> None:
    slot = world.slots(incident)[0].id
    world.apply(UnitDispatched(unit=unit, incident=incident.id, slot=slot, eta_ms=600_000, by="desk"))
    if status is not Status.DISPATCHED:
        world.apply(AssignmentAdvanced(unit, incident.id, status, MORNING, unit))


def chosen(solution: Solution, incident: Incident) -> list[Choice]:
    return list(solution.proposals[incident.id].choices)


def told(world: World, incident: Incident, solution: Solution, unit: str) -> Considered:
    (slot,) = POLICY.explain(world, incident, solution, world.fleet.rows[unit]).slots
    (only,) = slot.considered
    return only


def test_a_cardiac_arrest_robs_a_sprained_ankle_although_nobody_is_left() -> None:
    """Its one ambulance turns round; the ankle is told that it has none, in the same answer."""
    world = world_of(Unit("A1", "als", ALS, "Central"))
    ankle = report(world, 4, at=(0, 8_000))
    send(world, "A1", ankle)
    arrest = report(world, 1, at=(0, -1_000))
    solution = POLICY.solve(world, [arrest])
    (choice,) = chosen(solution, arrest)
    assert (choice.unit, choice.source) == ("A1", ankle.id)
    assert [(each.slot, each.missing) for each in solution.proposals[ankle.id].short] == [("als", 1)]
    assert solution.proof.cost == solution.proof.bound


def test_an_ankle_that_nobody_else_can_help_is_worth_half_an_hour() -> None:
    """A free ambulance that is 10 minutes away goes, unless turning the other one round saves more than that."""
    for open_ms, source in ((1_800_000_000, ""), (60_000, "I1")):
        world = world_of(
            Unit("A1", "als", ALS | LADDER, "Central"),
            Unit("A2", "als", ALS, "East"),
            plans=(MEDIC, replace(MEDIC, id="both", slots=(Slot("both", (Alternative(ALS | LADDER),)),))),
            matching=MatchingRules(open_ms=open_ms),
        )
        ankle = report(world, 5, at=(0, 8_000), plan="both")
        send(world, "A1", ankle)
        arrest = report(world, 1, at=(0, -1_000))
        (choice,) = chosen(POLICY.solve(world, [arrest]), arrest)
        assert (choice.unit, choice.source) == (("A1", source) if source else ("A2", ""))


def test_who_is_robbed_gets_its_best_replacement_in_the_same_answer() -> None:
    """The one that is nearest to the arrest turns round, the free one takes its place."""
    world = world_of(Unit("A1", "als", ALS, "Central"), Unit("A2", "als", ALS, "North"))
    ankle = report(world, 4, at=(0, 6_000))
    send(world, "A1", ankle)
    arrest = report(world, 1, at=(0, -1_000))
    solution = POLICY.solve(world, [arrest])
    assert [(each.unit, each.source) for each in chosen(solution, arrest)] == [("A1", ankle.id)]
    assert [(each.unit, each.replaces) for each in chosen(solution, ankle)] == [("A2", "")]
    why = told(world, arrest, solution, "A1")
    assert (why.reason, why.source, why.prices) == (Reason.CHOSEN, ankle.id, (("divert", 120_000),))
    free_only = POLICY.solve(world, [arrest], take=False)
    assert [each.unit for each in chosen(free_only, arrest)] == ["A2"]


def test_nobody_turns_round_twice_or_for_as_little() -> None:
    """Diverted once, under way to as urgent a call, arrived: each is left alone, and the why says which."""
    world = world_of(*(Unit(f"A{i}", "als", ALS, "Central") for i in range(1, 5)))
    once, as_urgent, there = (report(world, priority, at=(0, 9_000)) for priority in (4, 2, 4))
    world.apply(UnitDispatched(unit="A1", incident=once.id, slot="als", eta_ms=1, by="desk", diverted=True))
    send(world, "A2", as_urgent)
    send(world, "A3", there, Status.ON_SCENE)
    world.apply(DutyChanged("A4", Status.OUT_OF_SERVICE, MORNING, "A4"))
    incident = report(world, 2)
    solution = POLICY.solve(world, [incident])
    assert not chosen(solution, incident)
    reasons = [told(world, incident, solution, f"A{i}").reason for i in range(1, 5)]
    assert reasons == [Reason.DIVERTED_ONCE, Reason.NOT_LESS_URGENT, Reason.ARRIVED, Reason.NOT_IN_SERVICE]


def test_a_unit_that_is_soon_free_is_waited_for_but_not_by_the_most_urgent() -> None:
    """It is named with the time until it is free, and its price; priority 1 takes whoever can go."""
    for priority, unit in ((1, "A2"), (2, "A1")):
        world = world_of(
            Unit("A1", "als", ALS, "Central"),
            Unit("A2", "als", ALS, "East"),
            matching=MatchingRules(free_within_ms=10_000_000, wait_ms=0, weights=(16, 8, 4, 2, 1)),
            stations=(
                engine_place().stations[0],
                replace(engine_place().stations[1], x_m=19_000),
                *engine_place().stations[2:],
            ),
            travel=replace(engine_place().travel, speed_mm_per_s=2_000),
        )
        old = report(world, 3)
        send(world, "A1", old, Status.AT_HOSPITAL)
        incident = report(world, priority)
        solution = POLICY.solve(world, [incident])
        (choice,) = chosen(solution, incident)
        assert choice.unit == unit
        if unit == "A1":
            assert 0 < choice.clear_ms < choice.eta_ms
            why = told(world, incident, solution, "A1")
            assert (why.reason, why.eta_ms, why.turnout_ms) == (Reason.CHOSEN, choice.eta_ms, choice.eta_ms)


def test_a_unit_under_way_is_relieved_only_by_one_that_is_clearly_sooner() -> None:
    """A minute or a fifth of what is left, whichever is more: plans do not flap."""
    for away_m, replaces in ((4_500, []), (1_000, ["A1"])):
        world = world_of(Unit("A1", "als", ALS, "Central", turnout_ms=0), Unit("A2", "als", ALS, "East", turnout_ms=0))
        incident = report(world, 2, at=(5_000 - away_m, 0) if away_m < 2_500 else (2_600, 0))
        send(world, "A1", incident, Status.EN_ROUTE)
        solution = POLICY.solve(world, [], (Reviewed(incident, "A1"),))
        assert [each.replaces for each in chosen(solution, incident)] == replaces
    assert set(solution.taken) == {world.fleet.rows["A2"]}, "who is relieved is sent nowhere else in the same answer"


def test_the_first_due_station_goes_however_far() -> None:
    """Station order against time; blended: another one that saves more than a minute goes instead."""
    for order, unit in ((Order.STATION, "A2"), (Order.BLENDED, "A1"), (Order.CLOSEST, "A1")):
        world = world_of(
            Unit("A1", "als", ALS, "Central"),
            Unit("A2", "als", ALS, "East"),
            plans=(replace(MEDIC, order=order),),
            areas=(ResponseArea("all", "All", WHOLE, ("East", "Central")),),
        )
        incident = report(world, 1, area="all")
        solution = POLICY.solve(world, [incident])
        assert [each.unit for each in chosen(solution, incident)] == [unit]
        why = POLICY.explain(world, incident, solution)
        assert why.order is order
        if order is Order.STATION:
            (other,) = (each for each in why.slots[0].considered if each.unit == "A1")
            assert other.reason is Reason.DEARER
            assert [name for name, _ in other.prices] == ["order"]


def test_no_more_of_a_neighbour_s_units_are_asked_for_than_was_agreed() -> None:
    """Two are wanted and two are near, one may be had; the next call hears that the neighbour has given all."""
    world = world_of(
        *(Unit(f"N{i}", "als", ALS, "Central", agency="next") for i in (1, 2)),
        Unit("A1", "als", ALS, "East"),
        plans=(replace(MEDIC, slots=(Slot("als", (Alternative(ALS),), 2),)),),
        agencies=(Agency("next", "Next door", 1, penalty_ms=30_000),),
    )
    incident = report(world, 1)
    solution = POLICY.solve(world, [incident])
    assert sorted(each.unit for each in chosen(solution, incident)) in (["A1", "N1"], ["A1", "N2"])
    assert ("neighbour", 30_000) in told(world, incident, solution, chosen(solution, incident)[0].unit).prices
    send(world, "N1", incident)
    other = report(world, 1)
    solution = POLICY.solve(world, [other])
    assert [each.unit for each in chosen(solution, other)] == ["A1"]
    assert told(world, other, solution, "N2").reason is Reason.NEIGHBOUR_QUOTA


def test_a_quint_goes_where_a_ladder_is_missed_and_stays() -> None:
    """The other way to answer costs a penalty; it is taken where the plan's own would leave a place open, and told."""
    fire = Plan(
        "fire",
        ("medical",),
        (1, 2, 3, 4, 5),
        Mode.AUTO,
        (Slot("engine", (Alternative(ENGINE),), 2), Slot("ladder", (Alternative(LADDER),))),
        options=(
            Option(
                "quint",
                (Slot("engine", (Alternative(ENGINE),)), Slot("quint", (Alternative(ENGINE | LADDER),))),
                60_000,
            ),
        ),
    )
    world = world_of(
        Unit("E1", "engine", ENGINE, "Central"), Unit("Q1", "quint", ENGINE | LADDER, "East"), plans=(fire,)
    )
    incident = report(world, 1, plan="fire")
    solution = POLICY.solve(world, [incident])
    assert solution.proposals[incident.id].option == "quint"
    why = POLICY.explain(world, incident, solution)
    assert [(way.option, way.open) for way in why.ways] == [("", 1), ("quint", 0)]
    assert [slot.slot for slot in why.slots] == ["engine", "quint"]


def test_the_why_tells_margins_and_what_a_unit_is_worth() -> None:
    """The chosen one is so much sooner than the next; without it all would cost at least so much more."""
    world = world_of(
        Unit("A1", "als", ALS, "Central"), Unit("A2", "als", ALS, "East"), Unit("B1", "bls", BLS, "Central")
    )
    first, second = report(world, 2), report(world, 3)
    solution = POLICY.solve(world, [first, second])
    (slot,) = POLICY.explain(world, first, solution).slots
    best = slot.considered[0]
    assert (best.unit, best.reason, best.margin_ms) == ("A1", Reason.CHOSEN, None)
    assert slot.considered[1].reason is Reason.ELSEWHERE
    alone = POLICY.solve(world, [first])
    (slot,) = POLICY.explain(world, first, alone).slots
    best, other = slot.considered[:2]
    assert best.margin_ms == other.eta_ms - best.eta_ms
    assert 0 <= best.saves_ms <= other.eta_ms + max(0, other.eta_ms - 480_000) - best.eta_ms
    assert slot.place_ms >= best.eta_ms
