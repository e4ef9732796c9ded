"""A crew's own emergency, from call to word: what is seen of it, and that nothing but a word ends it."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.alert_facts import (
    AlarmKind,
    AlarmRaised,
)
from engine.model.facts import (
    IncidentReported,
    IncidentsLinked,
    UnitDispatched,
    UnitsRecommended,
)
from engine.model.fixes import Fixes
from engine.model.inputs import (
    AmendIncident,
    CancelIncident,
    CloseIncident,
    DeclareEmergency,
    MergeIncident,
    ReportPositions,
    ResolveEmergency,
)
from engine.model.lifecycle import Status
from engine.model.response_inputs import HoldIncident, StackIncident
from tests.unit.engine_place import PLANS, Town, engine_place, facts_of, refusal


def standing(town: Town, about: AlarmKind) -> list[str | None]:
    return [alarm.unit for alarm in town.world.alarms.values() if alarm.about is about]


def test_what_a_crew_in_need_was_doing_is_seen() -> None:
    """Its own incident is linked; help is recommended and sent in the same turn; a second call doubles nothing."""
    town = Town()
    town.report("crime", 3, at=(2_000, 0))
    town.send(town.world.open["I1"], "P1", reason="near")
    turn = town.command(DeclareEmergency, unit="P1", text="shots fired", by="P1")
    assert [(fact.incident, fact.other) for fact in facts_of(turn, IncidentsLinked)] == [("I2", "I1")]
    assert facts_of(turn, UnitsRecommended)
    assert facts_of(turn, UnitDispatched)
    again = town.command(DeclareEmergency, unit="P1", by="P1")
    assert not facts_of(again, IncidentReported)
    assert not facts_of(again, AlarmRaised)
    assert standing(town, AlarmKind.UNIT_EMERGENCY) == ["P1"]
    assert violations(town.world) == []


def test_an_old_position_is_said_to_be_old() -> None:
    """People act on where a crew is: they are told how old that is, and what is shown where nothing is known."""
    town = Town()
    for unit, after_s, said in (("P1", 10, ""), ("P2", 290, "Its position is 300 s old.")):
        turn = town.command(DeclareEmergency, unit=unit, by=unit, after_s=after_s)
        (alarm,) = facts_of(turn, AlarmRaised)
        assert alarm.text == " ".join(part for part in (f"{unit} needs help.", said) if part)
    turn = town.command(DeclareEmergency, unit="T1", text="trapped", by="T1")
    (alarm,) = [fact for fact in facts_of(turn, AlarmRaised) if fact.unit == "T1"]
    assert alarm.text == "T1 needs help. Trapped. It has sent no position; its station is shown instead."


def test_a_crew_on_scene_without_a_position_is_looked_for_there() -> None:
    """T1 has no device: help goes to the fire where it was at work, not to its station."""
    town = Town()
    fire = town.report("fire", at=(3_000, 1_000))
    town.send(fire, "T1", reason="water")
    town.says("T1", Status.ON_SCENE, after_s=300)
    turn = town.command(DeclareEmergency, unit="T1", by="T1")
    (reported,) = facts_of(turn, IncidentReported)
    assert (reported.x_m, reported.y_m) == (3_000, 1_000)
    assert "it is on scene of I1, which is shown instead" in reported.note
    town.command(ResolveEmergency, unit="T1", reason="found")
    row = town.world.fleet.rows["T1"]
    town.step(ReportPositions(Fixes([row], [3_100], [900], [town.now], [-1], [-1])))
    for after_s, note in ((0, ""), (300, "Its position is 300 s old.")):
        turn = town.command(DeclareEmergency, unit="T1", by="T1", after_s=after_s)
        (reported,) = facts_of(turn, IncidentReported)
        assert (reported.x_m, reported.y_m, reported.note) == (3_100, 900, note), "where it was after it arrived"
        town.command(ResolveEmergency, unit="T1", reason="found")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (CancelIncident, {"reason": "x"}),
        (CloseIncident, {"disposition": "x"}),
        (MergeIncident, {"into": "I1"}),
        (AmendIncident, {"priority": 2}),
        (HoldIncident, {"until_ms": 1_772_438_400_000 + 3_600_000, "reason": "x"}),
        (StackIncident, {"unit": "E1"}),
    ],
)
def test_nothing_but_a_word_that_it_is_safe_ends_an_emergency(kind: Any, fields: dict[str, Any]) -> None:
    """Not ended, not merged, not put off, not made less urgent: refused, and help goes on."""
    town = Town()
    town.report("rescue", 2)
    town.send(town.world.open["I1"], "E1", reason="near")
    town.command(DeclareEmergency, unit="P1", by="P1")
    for unit in list(town.world.open["I2"].assigned):
        town.says(unit, Status.ON_SCENE)
        town.says(unit, Status.AVAILABLE)
    before = town.world.open["I2"].priority
    code, field = refusal(town.command(kind, incident="I2", **fields))
    assert (code, field) in {("unit_emergency", "incident"), ("too_urgent", "incident")}
    assert (town.world.open["I2"].priority, town.unit("P1").emergency) == (before, "I2")
    assert standing(town, AlarmKind.UNIT_EMERGENCY) == ["P1"]


def test_a_crew_that_is_safe_and_goes_on_ends_the_wait_for_another() -> None:
    """Its place was open while it called for help, and somebody was told of the wait; it is not open any more."""
    town = Town()
    town.report("rescue", 1)
    town.send(town.world.open["I1"], "E1", "A1", reason="near")
    town.command(DeclareEmergency, unit="E1", by="E1")
    town.wait(600)
    assert standing(town, AlarmKind.PENDING), "the place is open, and nobody was accepted for it"
    town.command(ResolveEmergency, unit="E1", reason="a false alarm")
    assert "I1" not in town.world.waiting
    assert not standing(town, AlarmKind.PENDING)


def test_a_gap_in_the_run_cards_refuses_no_call_for_help() -> None:
    """The only plan for emergencies has no hours at this time: help is sought by it all the same."""
    plans = tuple(replace(plan, windows=((0, 60),)) if plan.id == "mayday" else plan for plan in PLANS)
    town = Town(engine_place(plans=plans))
    turn = town.command(DeclareEmergency, unit="P1", by="P1")
    (reported,) = facts_of(turn, IncidentReported)
    assert reported.plan == "mayday"
    assert facts_of(turn, UnitDispatched)


def test_a_unit_that_is_safe_takes_its_place_again_and_ends_the_wait() -> None:
    """Its incident lacked it meanwhile and a person was told; nobody is asked to look at a wait that is over."""
    town = Town(engine_place(units=tuple(unit for unit in engine_place().units if unit.id in ("A1", "P1", "P2"))))
    incident = town.report("medical", 1)
    town.says("A1", Status.EN_ROUTE, after_s=10)
    town.command(DeclareEmergency, after_s=10, by="A1", unit="A1")
    town.wait(100)
    assert [alarm.about for alarm in town.world.alarms.about(incident.id)].count(AlarmKind.PENDING) == 1
    town.command(ResolveEmergency, unit="A1", reason="a false alarm")
    assert incident.id not in town.world.waiting
    assert not [alarm for alarm in town.world.alarms.about(incident.id) if alarm.about is AlarmKind.PENDING]
    assert violations(town.world) == []
