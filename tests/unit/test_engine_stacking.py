"""Stacked on a unit that is busy: it goes there next, and nobody else looks for somebody meanwhile."""

from typing import Any

import pytest

from engine.core.invariants import violations
from engine.core.lookup import TEXT_MAX
from engine.model.alert_facts import AlarmKind
from engine.model.facts import UnitDispatched
from engine.model.inputs import (
    AcknowledgeAlarm,
    AddNote,
    AmendIncident,
    CancelIncident,
    CloseIncident,
    DeclareEmergency,
    DivertUnit,
    MergeIncident,
)
from engine.model.lifecycle import Status
from engine.model.response_facts import IncidentUnstacked
from engine.model.response_inputs import HoldIncident, StackIncident, UnstackIncident
from tests.unit.engine_place import Town, facts_of, refusal
from tests.unit.holding_kit import busy_town, stack


def test_a_unit_goes_to_its_stack_as_soon_as_it_is_clear() -> None:
    """In the same turn, first come first served, and no other ambulance takes the place meanwhile."""
    town = busy_town()
    second, third = town.report("medical", 4), town.report("medical", 3)
    stack(town, second, reason="same street")
    stack(town, third)
    assert town.unit("B1").stack == [second.id, third.id]
    assert not town.world.waiting
    town.says("A2", Status.AVAILABLE, after_s=60)
    assert not second.assigned
    turn = town.says("B1", Status.AVAILABLE, after_s=60)
    assert [(fact.unit, fact.incident) for fact in facts_of(turn, UnitDispatched)] == [("B1", second.id)]
    assert town.unit("B1").stack == [third.id]
    assert third.stacked_on == "B1"
    assert violations(town.world) == []
    town.says("B1", Status.ON_SCENE, after_s=200)
    turn = town.says("B1", Status.AVAILABLE, after_s=200)
    assert [(fact.unit, fact.incident) for fact in facts_of(turn, UnitDispatched)] == [("B1", third.id)]
    assert violations(town.world) == []


@pytest.mark.parametrize("how", ["failed", "off duty", "emergency", "diverted", "unstacked", "held", "urgent"])
def test_a_stack_that_cannot_be_kept_is_back_in_the_queue_in_the_same_turn(how: str) -> None:
    """Whatever happens to the unit or the incident, somebody has it."""
    town = Town()
    for name in ("A1", "A2", "B2", "B3"):
        town.says(name, Status.OUT_OF_SERVICE)
    town.report("medical", 3, at=(2_000, 0))
    other = town.report("medical", 5, at=(3_000, 0))
    stack(town, other)
    if how == "failed":
        turn = town.says("B1", Status.OUT_OF_SERVICE, after_s=10)
    elif how == "off duty":
        turn = town.says("B1", Status.OFF_DUTY, after_s=10)
    elif how == "emergency":
        turn = town.command(DeclareEmergency, unit="B1", after_s=10)
    elif how == "diverted":
        urgent = town.report("medical", 1, at=(9_000, 0), after_s=10)
        if "B1" not in urgent.assigned:
            town.command(DivertUnit, unit="B1", incident=urgent.id, reason="nearest")
        assert "B1" in urgent.assigned
        turn = next(turn for turn in reversed(town.turns) if facts_of(turn, IncidentUnstacked))
    elif how == "unstacked":
        turn = town.command(UnstackIncident, incident=other.id, reason="somebody else")
    elif how == "held":
        turn = town.command(HoldIncident, incident=other.id, until_ms=town.now + 60_000, reason="later")
    else:
        turn = town.command(AmendIncident, incident=other.id, priority=2)
    (fact,) = facts_of(turn, IncidentUnstacked)
    assert (fact.incident, fact.unit) == (other.id, "B1")
    assert other.stacked_on is None
    assert town.unit("B1").stack == []
    assert other.held if how == "held" else other.id in town.world.waiting or other.assigned
    assert violations(town.world) == []


def test_the_clock_of_a_stacked_incident_runs_on() -> None:
    """Its alarm comes when it would have come, names the unit, stays, and is not raised twice."""
    town = busy_town()
    incident = town.report("medical", 3)
    town.wait(600)
    stack(town, incident)
    town.wait(301)
    (alarm,) = town.world.alarms.about(incident.id)
    assert alarm.about is AlarmKind.PENDING
    assert "waits for B1" in alarm.text
    town.command(AcknowledgeAlarm, alarm=alarm.id)
    town.command(UnstackIncident, incident=incident.id)
    assert incident.waiting_since_ms == incident.reported_ms
    assert [alarm.id for alarm in town.world.alarms.about(incident.id)] == [alarm.id]
    town.says("B1", Status.AVAILABLE)
    assert not town.world.alarms.about(incident.id)


def test_somebody_else_may_serve_a_stacked_incident_after_all() -> None:
    """A dispatcher's order fills it: it leaves the stack, and the unit is nobody's any more."""
    town = busy_town()
    incident = town.report("medical", 4)
    stack(town, incident)
    town.says("B2", Status.AVAILABLE)
    turn = town.send(incident, "B2")
    (fact,) = facts_of(turn, IncidentUnstacked)
    assert fact.reason == "it has all its units"
    assert violations(town.world) == []


def test_a_stacked_incident_that_needs_more_than_one_unit_is_matched() -> None:
    """What one unit cannot serve does not wait for one unit."""
    town = busy_town()
    incident = town.report("medical", 4)
    stack(town, incident)
    turn = town.command(AmendIncident, incident=incident.id, type="fire")
    assert facts_of(turn, IncidentUnstacked)
    assert sorted(incident.assigned) == ["E1", "E2", "L2"]


@pytest.mark.parametrize("kind", [CancelIncident, CloseIncident, MergeIncident])
def test_an_incident_that_ends_leaves_the_stack(kind: Any) -> None:
    """Silently: its end says it all."""
    town = busy_town()
    incident = town.report("medical", 4)
    stack(town, incident)
    fields = {CancelIncident: {"reason": "x"}, CloseIncident: {"disposition": "x"}, MergeIncident: {"into": "I1"}}
    town.command(kind, incident=incident.id, **fields[kind])
    assert town.unit("B1").stack == []
    assert violations(town.world) == []


def test_a_unit_that_is_merged_into_its_stack_is_there() -> None:
    """The incident it is on goes on as the one that it was to go to next."""
    town = busy_town()
    incident = town.report("medical", 4)
    stack(town, incident)
    town.command(MergeIncident, incident="I1", into=incident.id)
    assert list(incident.assigned) == ["B1"]
    assert incident.stacked_on is None
    assert violations(town.world) == []


def test_a_crew_whose_shift_is_over_goes_home() -> None:
    """Its stack is for others. The days' shift ends at 20:00."""
    town = Town()
    for name in ("A1", "A2", "B1", "B2"):
        town.says(name, Status.OUT_OF_SERVICE)
    town.step(AddNote(id="n", by="desk", incident="I0", text="late"), after_s=11 * 3_600 + 3_000)
    town.see()
    town.report("medical", 3)
    town.says("B3", Status.ON_SCENE, after_s=300)
    incident = town.report("medical", 4)
    stack(town, incident, "B3")
    turn = town.says("B3", Status.AVAILABLE, after_s=600)
    (fact,) = facts_of(turn, IncidentUnstacked)
    assert fact.reason == "the shift of B3 is over"
    assert incident.id in town.world.waiting


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("urgent", ("too_urgent", "incident")),
        ("free unit", ("not_assigned", "unit")),
        ("cannot", ("cannot_do", "unit")),
        ("many places", ("not_stackable", "incident")),
        ("served", ("not_stackable", "incident")),
        ("twice", ("already_stacked", "incident")),
        ("held", ("incident_held", "incident")),
        ("full", ("stack_full", "unit")),
        ("nobody", ("unknown_unit", "unit")),
        ("text", ("too_long", "reason")),
        ("itself", ("already_there", "unit")),
        ("emergency", ("unit_emergency", "unit")),
    ],
)
def test_a_stack_that_makes_no_sense_is_refused(case: str, said: tuple[str, str]) -> None:
    """By the field at fault, and nothing changes."""
    town = busy_town("E1", "E2", "E3", "T1", "R1")
    incident = town.report("medical", 2 if case == "urgent" else 4)
    unit, reason = "B1", ""
    if case == "free unit":
        unit = "L1"
    elif case == "cannot":
        town.report("crime")
        town.send(town.world.open["I3"], "P1")
        unit = "P1"
    elif case == "many places":
        incident = town.report("fire", 4)
    elif case == "served":
        incident = town.world.open["I1"]
    elif case == "twice":
        stack(town, incident)
    elif case == "held":
        town.command(HoldIncident, incident=incident.id, until_ms=town.now + 60_000, reason="later")
    elif case == "full":
        for _ in range(3):
            stack(town, town.report("medical", 5))
    elif case == "nobody":
        unit = "Z9"
    elif case == "text":
        reason = "x" * (TEXT_MAX + 1)
    elif case == "itself":
        town.command(CancelIncident, incident=incident.id, reason="hoax")
        town.says("A1", Status.AVAILABLE)
        incident = town.report("rescue", 4)
        town.send(incident, "A1")
        unit = "A1"
    elif case == "emergency":
        town.command(DeclareEmergency, unit="B1")
    stacks = [list(record.stack) for record in town.world.units]
    turn = town.command(StackIncident, incident=incident.id, unit=unit, reason=reason)
    assert refusal(turn) == said
    assert [record.stack for record in town.world.units] == stacks
    assert violations(town.world) == []


def test_only_what_is_stacked_can_be_unstacked() -> None:
    """Said plainly."""
    town = busy_town()
    assert refusal(town.command(UnstackIncident, incident="I1")) == ("not_stacked", "incident")


def test_a_unit_does_not_pass_by_who_is_more_urgent() -> None:
    """The stack is dissolved, the queue decides: the cardiac arrest first, in the same turn."""
    town = busy_town()
    incident = town.report("medical", 4)
    stack(town, incident)
    urgent = town.report("medical", 1)
    assert not urgent.assigned
    turn = town.says("B1", Status.AVAILABLE, after_s=30)
    assert [fact.reason for fact in facts_of(turn, IncidentUnstacked)] == ["B1 is free, and I3 is more urgent"]
    assert [(fact.unit, fact.incident) for fact in facts_of(turn, UnitDispatched)] == [("B1", urgent.id)]
    assert incident.id in town.world.waiting
    assert violations(town.world) == []


def test_a_break_is_not_interrupted_by_a_stack() -> None:
    """Who goes on a break is not sent on."""
    town = busy_town()
    incident = town.report("medical", 4)
    stack(town, incident)
    turn = town.says("B1", Status.ON_BREAK, after_s=30)
    assert [fact.reason for fact in facts_of(turn, IncidentUnstacked)] == ["B1 is on its break"]
    assert violations(town.world) == []
