"""From waiting to sent: modes, looking again, explanations, and nobody kept waiting by those whom nobody can help."""

import pytest
from msgspec.structs import replace

from engine.core import matching
from engine.core.invariants import violations
from engine.model.facts import UnitDispatched, UnitsRecommended
from engine.model.hours import MINUTE_MS
from engine.model.inputs import AdoptPlace, RecommendUnits, ReserveUnits
from engine.model.lifecycle import Status
from engine.model.plans import Mode
from engine.model.rules import Limits
from engine.model.why import Reason, SlotWhy
from tests.unit.engine_place import MORNING, PLANS, Town, engine_place, facts_of


def why_of(town: Town, incident: str) -> dict[str, SlotWhy]:
    """Return the reasons of the latest recommendation for the incident, by slot."""
    facts = [fact for turn in town.turns for fact in facts_of(turn, UnitsRecommended) if fact.incident == incident]
    return {slot.slot: slot for slot in facts[-1].why.slots}


def reasons(slot: SlotWhy) -> dict[str, Reason]:
    return {told.unit: told.reason for told in slot.considered}


def test_each_mode_goes_as_far_as_it_says() -> None:
    """All three write down what they would do; only auto does it."""
    town = Town()
    for kind, goes in (("fire", True), ("rescue", False), ("crime", False)):
        incident = town.report(kind)
        (fact,) = facts_of(town.turns[-1], UnitsRecommended)
        assert fact.choices
        assert bool(incident.assigned) is goes


def test_a_shadow_plan_takes_nobody_away() -> None:
    """It says what it would do with units that others may have, and nobody is kept from anybody."""
    town = Town()
    crime = town.report("crime")
    assert [choice.unit for choice in crime.recommended] == ["P1"]
    town.send(town.report("crime"), "P1")
    assert [choice.unit for choice in crime.recommended] == ["P2"], "the shadow follows the World"


def test_the_same_answer_is_not_said_twice() -> None:
    """A recommendation is news only if it changes; asked for, it is said again."""
    town = Town()
    rescue = town.report("rescue")
    town.says("B1", Status.OUT_OF_SERVICE)
    assert not facts_of(town.turns[-1], UnitsRecommended)
    town.says("E1", Status.OUT_OF_SERVICE)
    assert [choice.unit for choice in rescue.recommended] == ["E2", "A1"]
    assert facts_of(town.command(RecommendUnits, incident=rescue.id), UnitsRecommended)


def test_what_is_short_comes_when_it_comes_free() -> None:
    """A ladder is out; the fire waits for it and nothing else, and gets it in the turn in which it is free."""
    town = Town()
    for unit in ("L1", "L2"):
        town.says(unit, Status.OUT_OF_SERVICE)
    fire = town.report("fire")
    assert town.world.lacking(fire) == {"ladder": 1}
    turn = town.says("L2", Status.AVAILABLE, after_s=300)
    assert [fact.unit for fact in facts_of(turn, UnitDispatched)] == ["L2"]
    assert (len(town.world.waiting), fire.short) == (0, ())


def test_the_shift_begins_and_nobody_has_to_say_so() -> None:
    """Short at 07:59; at 08:00 the day crew is on, and the queue is looked at again by itself, for as long as it lasts."""
    night = MORNING - 10 * MINUTE_MS
    town = Town(now=night)
    for unit in ("B1", "B2", "A1", "A2"):
        town.says(unit, Status.OUT_OF_SERVICE)
    incident = town.report("medical", 3)
    assert town.world.lacking(incident) == {"bls": 1}
    town.wait(9 * 60 + 50)
    assert not incident.assigned
    town.see()
    town.wait(15)
    assert list(incident.assigned) == ["B3"]
    ticks = town.wait(3_600)
    assert not any(facts_of(turn, UnitsRecommended) for turn in ticks)


def test_nobody_goes_by_a_stale_position_where_somebody_else_is_near() -> None:
    """The why says so, with the age. But where nobody else is, help is not withheld because a feed is down."""
    town = Town()
    town.now += 700_000
    town.see(A2=(2_000, 0))
    for unit in ("B1", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    incident = town.report("medical", 1)
    assert list(incident.assigned) == ["A2"]
    told = {told.unit: told for told in why_of(town, incident.id)["als"].considered}
    assert (told["A1"].reason, told["A1"].fix_age_ms) == (Reason.STALE_POSITION, 700_000)
    assert ("unseen", town.world.settled.matching.unseen_ms) in told["A1"].prices
    town.report("medical", 1, at=(0, 200))
    assert town.status("A1") is Status.DISPATCHED


def test_the_why_names_everybody_s_reason() -> None:
    """Who was chosen, who is farther, and what kept each of the others out."""
    town = Town()
    town.says("B2", Status.OFF_DUTY)
    town.send(town.report("crime"), "B1")
    incident = town.report("medical", 1)
    why = why_of(town, incident.id)["als"]
    assert {unit: reason for unit, reason in reasons(why).items() if reason is not Reason.CAPABILITY} == {
        "A1": Reason.CHOSEN,
        "A2": Reason.FARTHER,
        "B3": Reason.SECOND_CHOICE,
        "B1": Reason.DEARER,
        "B2": Reason.NOT_IN_SERVICE,
    }
    told = {told.unit: told for told in why.considered}
    dear = (("divert", 120_000), ("consent", 600_000))
    assert told["B1"].prices == dear, "it could be had, but minutes must be worth it, and a person must agree"
    assert (told["A1"].turnout_ms, told["A1"].travel_ms, told["A1"].eta_ms) == (60_000, 0, 60_000)
    assert told["A1"].margin_ms == told["A2"].eta_ms - told["A1"].eta_ms
    assert sum(count.units for count in why.tally) == len(town.world.fleet)


def test_the_why_tells_whose_crew_goes_with_another_vehicle() -> None:
    """E1 and L1 are the same people: the nearer ladder was left out for its crew, not for its distance."""
    town = Town()
    fire = town.report("fire")
    assert sorted(fire.assigned) == ["E1", "E2", "L2"]
    assert reasons(why_of(town, fire.id)["ladder"])["L1"] is Reason.CREW_BUSY


def test_a_unit_without_a_device_is_assumed_at_its_station() -> None:
    """The tanker is never seen and still goes, by the way from its station; the why gives no age."""
    town = Town()
    for unit in ("E1", "E2", "E3", "R1"):
        town.says(unit, Status.OUT_OF_SERVICE)
    fire = town.report("fire", at=(0, 5_000))
    assert "T1" in fire.assigned
    told = {told.unit: told for told in why_of(town, fire.id)["engine"].considered}
    assert (told["T1"].eta_ms, told["T1"].fix_age_ms) == (60_000, -1)


def test_calls_that_nobody_can_help_do_not_hold_up_those_behind() -> None:
    """Three fires wait for ladders that are out, and more than two slots are never solved together.

    An ambulance is free, and goes to the call of lower priority behind them.
    """
    town = Town(engine_place(limits=Limits(joint_slots=2)))
    for unit in ("L1", "L2", "A1", "A2", "B1", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    for _ in range(3):
        town.report("fire", 1)
        town.wait(5)
    sick = town.report("medical", 5)
    assert not sick.assigned
    town.says("B1", Status.AVAILABLE)
    assert list(sick.assigned) == ["B1"]
    assert violations(town.world) == []


def test_the_urgent_come_first_whatever_came_before() -> None:
    """One unit comes free: the queue gives it to the most urgent, then the oldest."""
    town = Town()
    for unit in ("A1", "A2", "B1", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    for priority in (4, 2, 1, 1):
        town.report("medical", priority, after_s=1)
    assert [incident.id for incident in town.world.queue()] == ["I3", "I4", "I2", "I1"]
    town.says("B1", Status.AVAILABLE)
    assert town.unit("B1").incident == "I3"


def test_a_reserved_place_is_not_filled_again() -> None:
    """In auto mode, too, a unit that a person keeps for the slot counts."""
    town = Town(engine_place(plans=tuple(replace(plan, mode=Mode.ADVISE) for plan in PLANS)))
    incident = town.report("medical", 1)
    town.command(ReserveUnits, incident=incident.id, units=("A2",), reason="knows the patient")
    town.step(AdoptPlace(engine_place()))
    assert list(incident.assigned) == ["A2"]


def test_the_whole_queue_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind more hopeless calls than one turn passes over, help waits for the next look at everything."""
    monkeypatch.setattr(matching, "PASSED_OVER_MAX", 2)
    town = Town(engine_place(limits=Limits(joint_slots=2)))
    for unit in ("L1", "L2", "A1", "A2", "B1", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    for _ in range(6):
        town.report("fire", 1)
        town.wait(5)
    sick = town.report("medical", 5)
    town.wait(5)
    town.says("B1", Status.AVAILABLE)
    assert not sick.assigned
    town.wait(5)
    assert list(sick.assigned) == ["B1"]
