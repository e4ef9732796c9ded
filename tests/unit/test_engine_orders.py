"""What dispatchers order: reserve, dispatch, divert, release, and the one gate that all of it passes."""

import pytest

from engine.core.invariants import violations
from engine.model.alert_facts import AlertRequested, AlertWithdrawn, Purpose
from engine.model.facts import AssignmentEnded, UnitDispatched, UnitDiverted
from engine.model.inputs import AmendIncident, CancelIncident, DispatchUnits, DivertUnit, ReleaseUnit, ReserveUnits
from engine.model.lifecycle import Outcome, Status
from engine.model.response_facts import AutoWithheld, PlacesReopened, UnitsBypassed
from engine.model.response_inputs import AcceptRecommendation
from tests.unit.engine_place import Town, facts_of, refusal


def test_reserved_dispatched_and_acknowledged_are_three_things() -> None:
    """A reserved crew is not told; a dispatched one is; only its own word makes it acknowledged."""
    town = Town()
    rescue = town.report("rescue")
    turn = town.command(ReserveUnits, incident=rescue.id, units=("E1", "A1"))
    assert not facts_of(turn, AlertRequested)
    assert [town.status(unit) for unit in ("E1", "A1")] == [Status.RESERVED] * 2
    turn = town.send(rescue, "E1", "A1", after_s=10)
    assert [fact.unit for fact in facts_of(turn, AlertRequested)] == ["E1", "A1"]
    assert [fact.slot for fact in facts_of(turn, UnitDispatched)] == ["engine", "als"]
    town.says("E1", Status.ACKNOWLEDGED, after_s=10)
    assert [town.status(unit) for unit in ("E1", "A1")] == [Status.ACKNOWLEDGED, Status.DISPATCHED]
    assert rescue.filled == {"engine": 1, "als": 1}


def test_another_unit_than_the_recommended_one_needs_a_reason() -> None:
    """The reason goes into the record of that unit alone; the recommended one carries none."""
    town = Town()
    rescue = town.report("rescue")
    assert [choice.unit for choice in rescue.recommended] == ["E1", "A1"]
    assert refusal(town.send(rescue, "E1", "A2")) == ("reason_required", "reason")
    turn = town.send(rescue, "E1", "A2", reason="A1 has a flat tyre")
    said = {fact.unit: fact.deviation for fact in facts_of(turn, UnitDispatched)}
    assert said == {"E1": "", "A2": "A1 has a flat tyre"}


def test_a_shadow_plan_binds_nobody() -> None:
    """What the engine would have done is recorded, and no dispatcher has to argue with it."""
    town = Town()
    crime = town.report("crime")
    assert [choice.unit for choice in crime.recommended] == ["P1"]
    assert facts_of(town.send(crime, "P2"), UnitDispatched)


def test_whoever_goes_in_the_place_of_a_recommended_unit_is_evidence() -> None:
    """Under any plan, with or without a reason, sent or reserved: once, and not for units in nobody's place."""
    town = Town()
    crime = town.report("crime")
    (bypassed,) = facts_of(town.send(crime, "P2"), UnitsBypassed)
    assert (bypassed.bypassed, bypassed.sent, bypassed.reason) == (("P1",), ("P2",), "")
    rescue = town.report("rescue")
    turn = town.command(ReserveUnits, incident=rescue.id, units=("E1", "A2"), reason="A1 has a flat tyre")
    (bypassed,) = facts_of(turn, UnitsBypassed)
    assert (bypassed.bypassed, bypassed.sent, bypassed.reason) == (("A1",), ("A2",), "A1 has a flat tyre")
    assert not facts_of(town.send(rescue, "E1", "A2"), UnitsBypassed)
    other = town.report("crime")
    assert not facts_of(town.send(other, "P1"), UnitsBypassed)


def test_an_order_is_carried_out_whole_or_not_at_all() -> None:
    """A refusal for one unit is a refusal of the order."""
    town = Town()
    rescue = town.report("rescue")
    town.says("A2", Status.OUT_OF_SERVICE)
    orders = {
        ("E1", "nobody"): ("unknown_unit", "units"),
        ("E1", "A2"): ("unit_not_in_service", "units"),
        ("E1", "E1"): ("repeated", "units"),
        ("E1", "L1"): ("crew_busy", "units"),
        (): ("missing", "units"),
        tuple(f"X{i}" for i in range(65)): ("too_long", "units"),
    }
    for units, said in orders.items():
        assert refusal(town.send(rescue, *units, reason="try")) == said
        assert not rescue.assigned
    assert refusal(town.command(DispatchUnits, incident="I9", units=("E1",))) == ("unknown_incident", "incident")


def test_one_crew_is_in_one_place() -> None:
    """The engine takes the ladder's crew; the ladder is barred until the crew is back, and then goes in its stead."""
    town = Town()
    town.report("fire")
    assert town.status("E1") is Status.DISPATCHED
    rescue = town.report("rescue")
    assert refusal(town.send(rescue, "L1", reason="near")) == ("crew_busy", "units")
    turn = town.says("E1", Status.OUT_OF_SERVICE, after_s=10)
    assert ("L1", "I1") in [(fact.unit, fact.incident) for fact in facts_of(turn, UnitDispatched)]


def medical_under_way() -> Town:
    """Both ALS units are on their way to priority-2 calls, and a priority-1 rescue is in."""
    town = Town()
    for at in ((0, 0), (5_000, 0)):
        town.report("medical", 2, at=at)
    town.says("A1", Status.EN_ROUTE, after_s=10)
    town.report("rescue", 1, after_s=10)
    return town


def test_a_diversion_backfills_in_the_same_turn() -> None:
    """The robbed incident gets the next best unit at once; the crew is told once, of the new order."""
    town = medical_under_way()
    turn = town.command(DivertUnit, unit="A1", incident="I3", reason="nearest paramedic")
    assert [fact.source for fact in facts_of(turn, UnitDiverted)] == ["I1"]
    assert [fact.outcome for fact in facts_of(turn, AssignmentEnded)] == [Outcome.DIVERTED]
    assert list(town.world.open["I1"].assigned) == ["B1"]
    assert list(town.world.open["I3"].assigned) == ["A1"]
    told = [fact for fact in facts_of(turn, AlertRequested) if fact.unit == "A1"]
    assert [(fact.purpose, fact.incident) for fact in told] == [(Purpose.DISPATCH, "I3")]
    assert violations(town.world) == []


def test_nobody_is_diverted_twice() -> None:
    """Turned round once, a crew is left in peace, also if its incident is merged; later incidents are another day."""
    town = medical_under_way()
    town.command(DivertUnit, unit="A1", incident="I3", reason="nearest paramedic")
    town.command(AmendIncident, incident="I3", priority=2)
    town.report("rescue", 1)
    assert refusal(town.command(DivertUnit, unit="A1", incident="I4", reason="again")) == ("not_divertible", "unit")
    town.command(ReleaseUnit, unit="A1", incident="I3", reason="not needed")
    town.send(town.world.open["I3"], "A1", reason="needed after all")
    assert facts_of(town.command(DivertUnit, unit="A1", incident="I4", reason="now"), UnitDiverted)


@pytest.mark.parametrize("rung", [Status.ON_SCENE, Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL])
def test_a_crew_that_has_arrived_is_left_alone(rung: Status) -> None:
    """It is not diverted, not released, and its incident is not cancelled over its head."""
    town = medical_under_way()
    town.says("A1", rung, after_s=300)
    assert refusal(town.command(DivertUnit, unit="A1", incident="I3", reason="x")) == ("not_divertible", "unit")
    assert refusal(town.command(ReleaseUnit, unit="A1", incident="I1", reason="x")) == ("units_on_scene", "unit")
    assert refusal(town.command(CancelIncident, incident="I1", reason="x")) == ("units_on_scene", "incident")
    assert town.status("A1") is rung


def test_help_goes_only_to_those_who_need_it_more() -> None:
    """A diversion needs a more urgent target, an assignment to leave, and a reason."""
    town = medical_under_way()
    divert = town.command
    assert refusal(divert(DivertUnit, unit="A1", incident="I2", reason="x")) == ("not_more_urgent", "incident")
    assert refusal(divert(DivertUnit, unit="A1", incident="I1", reason="x")) == ("already_there", "incident")
    assert refusal(divert(DivertUnit, unit="B1", incident="I3", reason="x")) == ("not_assigned", "unit")
    assert refusal(divert(DivertUnit, unit="A1", incident="I3", reason=" ")) == ("missing", "reason")


def test_a_release_waives_the_place() -> None:
    """A person said that others are enough: the engine does not send the next one."""
    town = Town()
    fire = town.report("fire")
    *others, last = fire.assigned
    turn = town.command(ReleaseUnit, unit=last, incident=fire.id, reason="the others are enough")
    assert [fact.purpose for fact in facts_of(turn, AlertRequested)] == [Purpose.RELEASE]
    assert not facts_of(turn, PlacesReopened)
    assert (list(fire.assigned), town.world.lacking(fire), len(town.world.waiting)) == (others, {}, 0)


def test_whose_last_unit_is_released_is_not_forgotten() -> None:
    """It waits again for all that its plan asks. Who released the unit had a reason: a person is asked who goes instead."""
    town = Town()
    incident = town.report("medical", 1)
    turn = town.command(ReleaseUnit, unit="A1", incident=incident.id, reason="its crew must be relieved")
    assert [(fact.unit, fact.by) for fact in facts_of(turn, PlacesReopened)] == [("A1", "desk")]
    assert not facts_of(turn, UnitDispatched)
    assert "released its last unit" in facts_of(turn, AutoWithheld)[0].reason
    assert town.world.lacking(incident) == {"als": 1}
    (choice,) = incident.recommended
    assert violations(town.world) == []
    town.command(AcceptRecommendation, incident=incident.id, decision=incident.decided_seq)
    assert [(each.unit, each.slot) for each in incident.assigned.values()] == [(choice.unit, "als")]
    assert not town.world.alarms.about(incident.id)
    assert violations(town.world) == []


def test_whoever_is_sent_instead_fills_the_place_of_the_released() -> None:
    """Not beyond the plan: if it falls out, the place is open again."""
    town = Town()
    incident = town.report("medical", 1)
    town.command(ReleaseUnit, unit="A1", incident=incident.id, reason="its crew must be relieved")
    turn = town.send(incident, "A2", reason="its crew speaks his language")
    assert [(fact.unit, fact.slot) for fact in facts_of(turn, UnitDispatched)] == [("A2", "als")]
    assert incident.id not in town.world.waiting


def test_a_release_after_somebody_was_there_leaves_nothing_open() -> None:
    """The first crew has been there and is clear; one that was to help is called off: the incident waits to be closed."""
    town = Town()
    incident = town.report("medical", 1)
    town.says("A1", Status.ON_SCENE, after_s=300)
    town.send(incident, "A2", reason="to carry him down")
    town.says("A1", Status.AVAILABLE, after_s=60)
    turn = town.command(ReleaseUnit, unit="A2", incident=incident.id, reason="he walks")
    assert not facts_of(turn, PlacesReopened)
    assert (incident.assigned, town.world.lacking(incident), len(town.world.waiting)) == ({}, {}, 0)


def test_a_late_word_of_release_does_not_follow_a_new_order() -> None:
    """Released and sent again to the same incident: the release that was on its way is withdrawn."""
    town = Town()
    incident = town.report("medical", 1)
    town.command(ReleaseUnit, unit="A1", incident=incident.id, reason="false alarm")
    turn = town.send(incident, "A1")
    assert [fact.alert for fact in facts_of(turn, AlertWithdrawn)] == ["A2"]
    assert [alert.purpose for alert in town.world.alerts.values()] == [Purpose.DISPATCH]


def test_a_unit_beyond_the_plan_fills_no_slot() -> None:
    """A dispatcher may send more than the plan asks for; it counts for no place, and leaves none open."""
    town = Town()
    fire = town.report("fire")
    turn = town.send(fire, "E3")
    assert [fact.slot for fact in facts_of(turn, UnitDispatched)] == [None]
    town.says("E3", Status.OUT_OF_SERVICE, after_s=10)
    assert town.world.lacking(fire) == {}


def test_two_units_for_one_slot_do_not_both_fill_it() -> None:
    """Another unit takes the slot first; the recommended one in the same order goes beyond the plan."""
    town = Town()
    rescue = town.report("rescue")
    turn = town.send(rescue, "A2", "A1", reason="both wanted")
    assert [(fact.unit, fact.slot) for fact in facts_of(turn, UnitDispatched)] == [("A2", "als"), ("A1", None)]
    assert rescue.filled == {"als": 1}
