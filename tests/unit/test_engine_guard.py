"""What the guard and the acts behind it keep from happening: crews too few, neighbours unasked, places forgotten."""

from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.crew_facts import AidRequested
from engine.model.crew_inputs import ReportStaffing
from engine.model.facts import UnitDispatched, UnitDiverted, UnitsRecommended
from engine.model.inputs import (
    AmendIncident,
    DeclareEmergency,
    DispatchUnits,
    DivertUnit,
    ReportIncident,
    ReserveUnits,
    ResolveEmergency,
)
from engine.model.lifecycle import Status
from engine.model.place import Agency, Unit
from engine.model.plans import AlarmLevel, Mode, Plan
from engine.model.response_facts import AutoWithheld
from engine.model.response_inputs import HoldIncident, StrikeAlarm, SupersedeUnit
from tests.unit.engine_place import ALS, BLS, ENGINE, LADDER, PLANS, UNITS, Town, engine_place, facts_of, refusal, slot

CRASH = Plan("crash", ("rescue",), (4, 5), Mode.AUTO, (slot("als", ALS), slot("ladder", LADDER)))
NEIGHBOUR = Agency("hill", "Hillside", units_max=2, answer_within_ms=60_000)


def _sent(town: Town, incident: str) -> dict[str, str | None]:
    return {unit: each.slot for unit, each in town.world.incidents[incident].assigned.items()}


def test_who_has_too_few_people_is_neither_diverted_nor_sent_on() -> None:
    """Its crew shrank on the way: another unit goes to the cardiac arrest, and a diversion by hand is refused whole."""
    units = (Unit("B1", "ambulance", ALS | BLS, "Central", staff=2, staff_min=2), Unit("B2", "ambulance", BLS, "North"))
    town = Town(engine_place(units=units))
    town.report("medical", 4, at=(-8_000, 0))
    town.command(ReportStaffing, unit="B1", staff=1, after_s=60)
    urgent = town.report("medical", 1, at=(-3_000, 0))
    assert _sent(town, urgent.id) == {"B2": "als"}
    assert refusal(town.command(DivertUnit, unit="B1", incident=urgent.id, reason="closer")) == ("understaffed", "unit")


def test_a_reserved_unit_that_lost_its_people_is_not_sent() -> None:
    """What was right when it was kept is judged again when it goes."""
    town = Town(engine_place(units=(replace(UNITS[0], staff=2, staff_min=2), *UNITS[1:])))
    incident = town.report("rescue", 2)
    town.command(ReserveUnits, incident=incident.id, units=("A1",))
    town.command(ReportStaffing, unit="A1", staff=1)
    assert refusal(town.send(incident, "A1")) == ("understaffed", "units")


def test_a_neighbour_that_was_not_asked_is_not_diverted() -> None:
    """Kept for one incident, never asked for: it is not ours to send to another."""
    units = (*(unit for unit in UNITS if unit.id[0] not in "AB"), Unit("H1", "als", ALS, "Central", agency="hill"))
    town = Town(engine_place(units=units, agencies=(NEIGHBOUR,)))
    rescue = town.report("rescue", 4)
    town.command(ReserveUnits, incident=rescue.id, units=("H1",), reason="")
    urgent = town.report("medical", 1)
    assert not urgent.assigned
    said = refusal(town.command(DivertUnit, unit="H1", incident=urgent.id, reason="closer"))
    assert said == ("not_divertible", "unit")


def test_a_request_is_called_off_when_nothing_is_left_for_it() -> None:
    """The fire was a sprained ankle: the neighbour's ladder is not waited for, nor sent when it says yes."""
    units = (*(unit for unit in UNITS if unit.id[0] != "L"), Unit("H1", "ladder", LADDER, "Central", agency="hill"))
    town = Town(engine_place(units=units, agencies=(NEIGHBOUR,)))
    turn = town.command(ReportIncident, type="fire", priority=1, x_m=0, y_m=0)
    assert facts_of(turn, AidRequested)
    town.command(AmendIncident, incident="I1", type="medical", priority=3)
    assert "H1" not in town.world.incidents["I1"].assigned
    assert town.unit("H1").incident is None


def test_nobody_relieves_where_it_has_a_place_already() -> None:
    """Its own place would be the one that it leaves open."""
    town = Town()
    incident = town.report("rescue", 2, at=(3_000, 0))
    town.command(DispatchUnits, incident=incident.id, units=("E1", "A1"), reason="wanted")
    town.command(ReserveUnits, incident=incident.id, units=("E2",), reason="wanted")
    turn = town.command(SupersedeUnit, incident=incident.id, unit="E1", replacement="E2", reason="nearer")
    assert refusal(turn) == ("already_there", "replacement")


def test_the_place_of_a_crew_that_calls_for_help_on_its_way_is_filled_at_once() -> None:
    """It stays on its incident, and goes on there when it is safe: beyond the plan, as its place is taken by then."""
    town = Town()
    incident = town.report("medical", 1, at=(-8_000, 0))
    town.says("A1", Status.EN_ROUTE, after_s=30)
    turn = town.command(DeclareEmergency, unit="A1", text="crashed", after_s=30)
    (other,) = [fact.unit for fact in facts_of(turn, UnitDispatched) if fact.incident == incident.id]
    assert _sent(town, incident.id) == {"A1": None, other: "als"}
    town.command(ResolveEmergency, unit="A1", reason="only the mirror", after_s=20)
    assert _sent(town, incident.id) == {"A1": None, other: "als"}
    assert violations(town.world) == []


def test_a_crew_that_is_safe_again_takes_its_place_if_nobody_has_it() -> None:
    """Nobody else was there to be sent."""
    town = Town(engine_place(units=UNITS[:1]))
    incident = town.report("medical", 1)
    town.command(DeclareEmergency, unit="A1", text="crashed", after_s=5)
    assert _sent(town, incident.id) == {"A1": None}
    assert incident.id in town.world.waiting
    town.command(ResolveEmergency, unit="A1", reason="only the mirror", after_s=20)
    assert _sent(town, incident.id) == {"A1": "als"}
    assert incident.id not in town.world.waiting


def test_who_strikes_an_alarm_ends_the_hold() -> None:
    """Nobody asks for more engines and wants them tomorrow."""
    plan = Plan(
        "box", ("fire",), (1, 2), Mode.AUTO, (slot("engine", ENGINE),), alarms=(AlarmLevel(2, (slot("more", ENGINE),)),)
    )
    town = Town(engine_place(plans=(plan, *PLANS)))
    fire = town.report("fire", 1)
    town.command(HoldIncident, incident=fire.id, until_ms=town.now + 600_000, reason="police first")
    town.command(StrikeAlarm, incident=fire.id, after_s=5)
    assert not fire.held
    assert sorted(filter(None, _sent(town, fire.id).values())) == ["engine", "more"]


def test_the_robbed_is_backfilled_though_it_waits_for_something_else() -> None:
    """It lacked a ladder before; that must not keep another ambulance from it in the turn that takes the first."""
    town = Town(engine_place(plans=(CRASH, *PLANS), units=tuple(unit for unit in UNITS if unit.id[0] != "L")))
    robbed = town.report("rescue", 4, at=(-6_000, 0))
    town.says("A1", Status.EN_ROUTE, after_s=60)
    town.see(A1=(-3_000, 0), after_s=60)
    turn = town.command(ReportIncident, type="medical", priority=1, x_m=-3_100, y_m=0)
    assert [fact.unit for fact in facts_of(turn, UnitDiverted)] == ["A1"]
    assert _sent(town, robbed.id) == {"A2": "als"}
    assert robbed.reported_ms < turn.now


def test_what_is_only_proposed_robs_nobody_and_asks_a_person() -> None:
    """An automatic plan that would rob one that asks a person: nobody moves, nothing is said twice, an alarm stands."""
    plans = (replace(CRASH, mode=Mode.ADVISE), *PLANS)
    town = Town(engine_place(plans=plans, units=tuple(unit for unit in UNITS if unit.id in ("A1", "E1"))))
    source = town.report("rescue", 4, at=(-6_000, 0))
    town.send(source, "A1")
    town.says("A1", Status.EN_ROUTE, after_s=60)
    town.see(A1=(-3_000, 0), after_s=60)
    turn = town.command(ReportIncident, type="medical", priority=1, x_m=-3_100, y_m=0)
    (withheld,) = facts_of(turn, AutoWithheld)
    assert "plan asks a person" in withheld.reason
    assert _sent(town, source.id) == {"A1": "als"}
    assert not any(facts_of(tick, UnitsRecommended) for tick in town.wait(30))
