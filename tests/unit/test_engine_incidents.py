"""Incidents: reported, amended, joined and ended; and the emergencies of units, which end by a word only."""

from typing import Any

import pytest

from engine.core.invariants import violations
from engine.core.lookup import TEXT_MAX
from engine.model.alert_facts import AlarmKind, AlertRequested
from engine.model.facts import AssignmentMoved, IncidentReported, NoteAdded, UnitDispatched
from engine.model.inputs import (
    AddNote,
    AmendIncident,
    CancelIncident,
    CloseIncident,
    DeclareEmergency,
    DispatchUnits,
    DivertUnit,
    LinkIncidents,
    MergeIncident,
    ReportIncident,
    ReserveUnits,
    ResolveEmergency,
)
from engine.model.lifecycle import Outcome, Phase, Status
from tests.unit.engine_place import Town, facts_of, refusal


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"type": "dragon"}, ("unknown_type", "type")),
        ({"priority": 0}, ("out_of_range", "priority")),
        ({"priority": 6}, ("out_of_range", "priority")),
        ({"x_m": 20_001}, ("out_of_range", "position")),
        ({"y_m": -(2**40)}, ("out_of_range", "position")),
        ({"note": "x" * (TEXT_MAX + 1)}, ("too_long", "note")),
        ({"external": "x" * (TEXT_MAX + 1)}, ("too_long", "external")),
        ({"type": "unit_emergency", "priority": 4}, ("no_plan", "type")),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_by_its_field(fields: dict[str, Any], said: tuple[str, str]) -> None:
    """And nothing is on the board."""
    town = Town()
    call = {"type": "medical", "priority": 1, "x_m": 0, "y_m": 0, **fields}
    assert refusal(town.command(ReportIncident, **call)) == said
    assert not town.world.incidents


def test_the_answer_names_the_incident() -> None:
    """What the sender of a command is told is kept under its id."""
    town = Town()
    call = ReportIncident(id="17", by="cad", type="medical", x_m=0, y_m=0)
    town.step(call)
    answer = town.world.answer(call)
    assert answer is not None
    assert (answer.incident, answer.refusal, answer.seq) == ("I1", None, town.world.seq)
    assert town.world.incidents["I1"].priority == 2, "the type's own"
    assert town.world.incidents["I1"].area == "west"


def test_answers_are_kept_up_to_the_limit() -> None:
    """The oldest are forgotten first."""
    town = Town()
    for _ in range(50):
        town.says("A1", Status.AVAILABLE, after_s=1)
    assert len(town.world.answers) == 40
    assert next(iter(town.world.answers)) == "A1/c11"


def test_an_amended_type_asks_for_its_own_units() -> None:
    """Units on their way count where they fit; what lacks is sent; what is too much is released."""
    town = Town()
    incident = town.report("fire")
    assert sorted(incident.assigned) == ["E1", "E2", "L2"]
    town.command(AmendIncident, incident=incident.id, type="medical", priority=1)
    assert incident.filled == {"als": 1}
    assert {name: assignment.slot for name, assignment in incident.assigned.items()} == {
        "A1": "als",
    }
    assert violations(town.world) == []


def test_an_incident_that_lacks_more_after_an_amendment_is_watched() -> None:
    """The new plan needs what nobody has: the incident waits, and an alarm is due though its urgency did not rise."""
    town = Town()
    for unit in ("E1", "E2", "E3", "R1", "T1", "L1", "L2"):
        town.says(unit, Status.OUT_OF_SERVICE)
    incident = town.report("medical", 1)
    town.command(AmendIncident, incident=incident.id, type="fire", after_s=30)
    assert list(town.world.waiting) == [incident.id]
    town.wait(60)
    assert [alarm.about for alarm in town.world.alarms.values()].count(AlarmKind.PENDING) == 1


def test_an_alarm_about_waiting_ends_with_the_wait() -> None:
    """Whether units come free, the need gets less, or units are reserved."""
    for how in range(3):
        town = Town()
        for unit in ("A1", "A2", "B1", "B2", "B3"):
            town.says(unit, Status.OUT_OF_SERVICE)
        incident = town.report("medical", 1)
        town.wait(60)
        assert [alarm.about for alarm in town.world.alarms.values()] == [AlarmKind.PENDING]
        if how == 0:
            town.says("A1", Status.AVAILABLE)
        if how == 1:
            town.send(incident, "E1", reason="first aid")
            town.command(AmendIncident, incident=incident.id, type="rescue")
            town.says("A1", Status.AVAILABLE)
            town.command(ReserveUnits, incident=incident.id, units=("A1",))
        if how == 2:
            town.command(CancelIncident, incident=incident.id, reason="hoax")
        assert not [alarm for alarm in town.world.alarms.values() if alarm.about is AlarmKind.PENDING]
        assert violations(town.world) == []


def test_a_position_comes_whole() -> None:
    """An amendment with a latitude alone is refused."""
    town = Town()
    town.report("medical")
    assert refusal(town.command(AmendIncident, incident="I1", x_m=5)) == ("missing", "position")


def test_cancelling_sends_everybody_home() -> None:
    """The crews are told; the incident leaves the board; a repeat says that it has ended."""
    town = Town()
    fire = town.report("fire")
    turn = town.command(CancelIncident, incident=fire.id, reason="burnt toast")
    assert sorted(fact.unit for fact in facts_of(turn, AlertRequested)) == ["E1", "E2", "L2"]
    assert [ended.outcome for ended in fire.past] == [Outcome.CANCELLED] * 3
    assert (fire.phase, len(town.world.open)) == (Phase.CANCELLED, 0)
    again = town.command(CancelIncident, incident=fire.id, reason="burnt toast")
    assert refusal(again) == ("incident_ended", "incident")


def test_closing_needs_a_clear_scene() -> None:
    """While a unit is on it an incident stays open, whoever asks."""
    town = Town()
    town.report("medical", 1)
    assert refusal(town.command(CloseIncident, incident="I1", disposition="done")) == ("units_assigned", "incident")
    town.says("A1", Status.ON_SCENE, after_s=300)
    town.says("A1", Status.AVAILABLE, after_s=900)
    town.command(CloseIncident, incident="I1", disposition="treated on scene")
    assert town.world.incidents["I1"].phase is Phase.CLOSED


def test_only_the_latest_ended_incidents_stay_in_memory() -> None:
    """The journal keeps them all; the World answers that it does not know the others any more."""
    town = Town()
    for number in range(6):
        town.report("crime")
        town.command(CloseIncident, incident=f"I{number + 1}", disposition="done")
    assert list(town.world.incidents) == ["I3", "I4", "I5", "I6"]
    assert refusal(town.command(AddNote, incident="I1", text="late")) == ("unknown_incident", "incident")
    assert facts_of(town.command(AddNote, incident="I6", text="late"), NoteAdded)


def test_merged_units_keep_their_rung_and_their_times() -> None:
    """One reserved, one told, one on the way, one there: each goes on as it was, and only the told one is told again."""
    town = Town()
    first = town.report("fire")
    second = town.report("rescue")
    town.says("E1", Status.EN_ROUTE, after_s=10)
    town.says("L2", Status.ON_SCENE, after_s=90)
    town.command(ReserveUnits, incident=first.id, units=("A1",))
    stamps = dict(first.assigned["L2"].stamps)
    turn = town.command(MergeIncident, incident=first.id, into=second.id, after_s=10)
    assert {name: assignment.status for name, assignment in second.assigned.items()} == {
        "A1": Status.RESERVED,
        "E1": Status.EN_ROUTE,
        "E2": Status.DISPATCHED,
        "L2": Status.ON_SCENE,
    }
    assert second.assigned["L2"].stamps == stamps
    assert [fact.unit for fact in facts_of(turn, AlertRequested)] == ["E2"]
    assert [fact.unit for fact in facts_of(turn, AssignmentMoved)] == ["A1", "E1", "E2", "L2"]
    assert second.filled == {"als": 1, "engine": 1}
    assert (first.phase, first.merged_into, second.links) == (Phase.MERGED, second.id, [first.id])
    assert violations(town.world) == []
    assert refusal(town.command(AddNote, incident="I9", text="x")) == ("unknown_incident", "incident")
    said = town.command(DispatchUnits, incident=first.id, units=("P1",)).facts[0]
    assert "It was merged into I2" in str(said)


def test_a_merged_unit_that_does_not_answer_is_still_missed() -> None:
    """Its time runs from when it was sent, and the alarm names the incident that goes on."""
    town = Town()
    town.report("medical", 1)
    town.report("rescue", 1)
    town.command(MergeIncident, incident="I1", into="I2", after_s=30)
    town.wait(30)
    alarms = [alarm for alarm in town.world.alarms.values() if alarm.about is AlarmKind.NOT_ACKNOWLEDGED]
    assert [(alarm.unit, alarm.incident) for alarm in alarms] == [("A1", "I2")]


def test_links_and_their_limits() -> None:
    """Both sides carry the link; nothing is linked to, or merged into, itself."""
    town = Town()
    town.report("crime")
    town.report("crime")
    town.command(LinkIncidents, incident="I1", other="I2")
    assert [town.world.open[name].links for name in ("I1", "I2")] == [["I2"], ["I1"]]
    assert refusal(town.command(LinkIncidents, incident="I1", other="I1")) == ("same_incident", "other")
    assert refusal(town.command(MergeIncident, incident="I1", into="I1")) == ("same_incident", "into")


# ── emergencies of units ────────────────────────────────────────────────────────────────────────────────────


def test_who_calls_for_help_is_not_sent_to_help() -> None:
    """The nearest patrol is the one in trouble: another goes, and nobody can send the caller anywhere."""
    town = Town()
    turn = town.command(DeclareEmergency, unit="P1", text="shots fired", by="P1")
    (emergency,) = facts_of(turn, IncidentReported)
    sent = [fact.unit for fact in facts_of(turn, UnitDispatched)]
    assert "P1" not in sent
    assert sent == ["P2", "A1"]
    rescue = town.report("rescue")
    assert refusal(town.send(rescue, "P1", reason="near")) == ("unit_emergency", "units")
    assert [alarm.about for alarm in town.world.alarms.about(emergency.incident)] == [AlarmKind.UNIT_EMERGENCY]


def test_the_crew_of_who_calls_for_help_is_not_sent_either() -> None:
    """P2 and P3 are the same people."""
    town = Town()
    turn = town.command(DeclareEmergency, unit="P2", by="P2")
    assert [fact.unit for fact in facts_of(turn, UnitDispatched)] == ["P1", "A2"]
    assert refusal(town.send(town.report("crime"), "P3")) == ("crew_busy", "units")


def test_an_emergency_ends_by_a_word_and_not_by_paperwork() -> None:
    """Its incident is not closed, cancelled or merged away while the unit has not been declared safe."""
    town = Town()
    town.command(DeclareEmergency, unit="P1", by="P1")
    town.report("crime")
    endings = (
        (CloseIncident, {"disposition": "done"}),
        (CancelIncident, {"reason": "mistake"}),
        (MergeIncident, {"into": "I2"}),
    )
    for unit in ("P2", "A1"):
        town.says(unit, Status.ON_SCENE, after_s=60)
        town.says(unit, Status.AVAILABLE, after_s=60)
    for kind, fields in endings:
        assert refusal(town.command(kind, incident="I1", **fields)) == ("unit_emergency", "incident")
    town.command(ResolveEmergency, unit="P1", reason="seen and well")
    assert not town.world.alarms.about("I1")
    assert town.world.open["I1"].phase is Phase.WAITING
    town.command(CloseIncident, incident="I1", disposition="done")
    turn = town.command(DeclareEmergency, unit="P1", text="again", by="P1")
    assert facts_of(turn, IncidentReported), "the next call for help is a new emergency"


def test_a_second_call_for_help_is_noted_and_never_refused() -> None:
    """While the first is open it is written down there."""
    town = Town()
    town.command(DeclareEmergency, unit="P1", by="P1")
    turn = town.command(DeclareEmergency, unit="P1", text="hurry", by="P1", after_s=10)
    assert [fact.incident for fact in facts_of(turn, NoteAdded)] == ["I1"]
    assert refusal(town.command(ResolveEmergency, unit="A2", reason="x")) == ("no_emergency", "unit")


def test_a_unit_in_need_is_not_diverted() -> None:
    """It is on its way to a call, calls for help itself, and stays where it is."""
    town = Town()
    town.report("medical", 2)
    town.command(DeclareEmergency, unit="A1", by="A1")
    town.report("rescue", 1)
    turn = town.command(DivertUnit, unit="A1", incident="I3", reason="near")
    assert refusal(turn) == ("unit_emergency", "unit")


def test_nobody_is_sent_on_while_the_other_vehicle_of_the_crew_calls_for_help() -> None:
    """L1 is under way, or only reserved, and E1's button is pressed: the same people, so L1 goes nowhere else."""
    town = Town()
    first = town.report("rescue", 2)
    town.send(first, "L1", reason="first there")
    second = town.report("rescue", 1)
    town.command(DeclareEmergency, unit="E1", by="E1")
    turn = town.command(DivertUnit, unit="L1", incident=second.id, reason="near")
    assert refusal(turn) == ("crew_busy", "unit")
    town.command(ResolveEmergency, unit="E1", reason="button pressed by mistake")
    town.says("L1", Status.OUT_OF_SERVICE, after_s=5)
    town.says("L1", Status.AVAILABLE, after_s=5)
    town.command(ReserveUnits, incident=second.id, units=("L1",), reason="near")
    town.command(DeclareEmergency, unit="E1", by="E1")
    assert refusal(town.send(second, "L1", reason="near")) == ("crew_busy", "units")
