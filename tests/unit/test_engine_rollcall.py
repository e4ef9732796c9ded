"""Roll-calls: each unit answers for itself; who does not is helped."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.core.rollcall import UNANSWERED
from engine.model.alert_facts import (
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    AlertAcknowledged,
    AlertRequested,
    AlertWithdrawn,
    Purpose,
)
from engine.model.crew_facts import RollAnswered, RollCalled
from engine.model.crew_inputs import AnswerRoll, CallRoll
from engine.model.facts import (
    AssignmentMoved,
    EmergencyDeclared,
    NoteAdded,
    UnitDispatched,
)
from engine.model.inputs import (
    AcknowledgeAlarm,
    AdoptPlace,
    AmendIncident,
    CloseIncident,
    DeclareEmergency,
    MergeIncident,
    ReportReceipt,
    ResolveEmergency,
    Resume,
)
from engine.model.lifecycle import Status
from engine.model.rules import WatchRules
from engine.state.image import restore, save, state_hash
from tests.unit.engine_place import PLANS, Town, engine_place, facts_of, refusal

EVERY_S = 600
ANSWER_S = 120
RULES = WatchRules(turnout_ms=0, overdue_ms=0, unchanged_ms=(), escalate_ms=0, par_answer_ms=ANSWER_S * 1000)
CREWS = ("E1", "E2", "L2")


def burning(*, every_s: int = EVERY_S, apart_s: int = 100, **rules: Any) -> Town:
    """A town with a fire, I1, and three crews on scene that arrived one after the other."""
    plans = tuple(replace(plan, par_every_ms=every_s * 1000) if plan.id == "fire" else plan for plan in PLANS)
    town = Town(engine_place(plans=plans, watch=replace(RULES, **rules)))
    town.report("fire")
    for unit in CREWS:
        town.says(unit, Status.ON_SCENE, after_s=apart_s)
    return town


def owing(town: Town) -> list[str]:
    return [unit.id for unit in town.world.units if unit.roll_due_ms]


def happened(town: Town, seconds: int, kind: Any) -> list[Any]:
    return [fact for turn in town.wait(seconds) for fact in facts_of(turn, kind)]


def raised(town: Town, seconds: int) -> list[tuple[AlarmKind, str | None]]:
    return [(fact.about, fact.unit) for fact in happened(town, seconds, AlarmRaised)]


def standing(town: Town, about: AlarmKind) -> list[str | None]:
    return [alarm.unit for alarm in town.world.alarms.values() if alarm.about is about]


# ── by the plan ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_clock_calls_the_roll_for_all() -> None:
    """Each crew's clock runs from its own arrival; the one that was there first triggers the call for everybody."""
    town = burning()
    (called,) = happened(town, EVERY_S - 200, RollCalled)
    assert (called.incident, called.units, called.by) == ("I1", CREWS, "engine")
    assert called.answer_by_ms == town.now + ANSWER_S * 1000
    assert owing(town) == list(CREWS)
    asked = [alert for alert in town.world.alerts.values() if alert.purpose is Purpose.ROLL_CALL]
    assert [alert.text for alert in asked] == [
        f"{unit} ROLL-CALL I1: report that your people are well, within 120 s" for unit in CREWS
    ]
    assert violations(town.world) == []


def test_no_unit_speaks_for_another() -> None:
    """One answer clears one unit and starts its clock anew; the next call comes by the crew that waited longest."""
    town = burning()
    town.wait(EVERY_S - 200)
    turn = town.command(AnswerRoll, unit="E2", by="E2", after_s=30)
    assert [fact.unit for fact in facts_of(turn, RollAnswered)] == ["E2"]
    assert [fact.by for fact in facts_of(turn, AlertAcknowledged)] == ["E2"]
    assert owing(town) == ["E1", "L2"]
    for unit in ("E1", "L2"):
        town.command(AnswerRoll, unit=unit, by=unit, after_s=30)
    assert owing(town) == []
    assert not town.world.alerts
    assert happened(town, EVERY_S - 61, RollCalled) == []
    (called,) = happened(town, 1, RollCalled)
    assert called.units == CREWS
    assert violations(town.world) == []


def test_to_have_read_it_is_not_to_have_answered() -> None:
    """The pager's receipt stops the ladder; the crew still owes its word."""
    town = burning()
    town.wait(EVERY_S - 200)
    (name,) = (alert.id for alert in town.world.alerts.values() if alert.unit == "E1")
    town.step(ReportReceipt(name, "pager"))
    assert name not in town.world.alerts
    assert "E1" in owing(town)
    assert (AlarmKind.ROLL_UNANSWERED, "E1") in raised(town, ANSWER_S)


@pytest.mark.parametrize("status", [Status.AT_PATIENT, Status.TRANSPORTING, Status.AVAILABLE, Status.OUT_OF_SERVICE])
def test_leaving_the_scene_answers_and_nothing_less(status: Status) -> None:
    """Its own report that it is clear ends what it owes, and its alert; another rung on scene does not."""
    town = burning()
    town.wait(EVERY_S - 200)
    turn = town.says("E1", status, after_s=10)
    stays = status is Status.AT_PATIENT
    assert owing(town) == (list(CREWS) if stays else ["E2", "L2"])
    assert bool(facts_of(turn, AlertWithdrawn)) is not stays
    assert violations(town.world) == []
    assert ((AlarmKind.ROLL_UNANSWERED, "E1") in raised(town, ANSWER_S)) is stays


def test_a_plan_without_roll_calls_calls_none() -> None:
    """Neither does a place that has switched them off; a person may call where the place knows them."""
    quiet, off = burning(every_s=0), burning(par_answer_ms=0)
    for town in (quiet, off):
        assert happened(town, 7_200, RollCalled) == []
        assert violations(town.world) == []
    assert facts_of(quiet.command(CallRoll, incident="I1"), RollCalled)
    assert refusal(off.command(CallRoll, incident="I1")) == ("switched_off", "incident")


# ── by a person ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_chief_calls_the_roll() -> None:
    """All on scene are asked; asking again gives nobody more time, and who arrives meanwhile is asked, too."""
    town = burning()
    town.send(town.world.open["I1"], "E3", reason="relief")
    (called,) = facts_of(town.command(CallRoll, incident="I1"), RollCalled)
    assert (called.units, called.by) == (CREWS, "desk")
    assert refusal(town.command(CallRoll, incident="I1", after_s=60)) == ("already_called", "incident")
    town.says("E3", Status.ON_SCENE)
    (again,) = facts_of(town.command(CallRoll, incident="I1"), RollCalled)
    assert again.units == ("E3",)
    due = {town.unit(unit).roll_due_ms for unit in CREWS}
    assert due == {called.answer_by_ms}
    assert violations(town.world) == []


def test_what_cannot_be_called_or_answered() -> None:
    """Nobody on scene, nothing known, no such crew: refused in words, and nothing changes."""
    town = Town()
    town.report("fire")
    assert refusal(town.command(CallRoll, incident="I1")) == ("nobody_on_scene", "incident")
    assert refusal(town.command(CallRoll, incident="I7")) == ("unknown_incident", "incident")
    assert refusal(town.command(AnswerRoll, unit="E1")) == ("not_on_scene", "unit")
    assert refusal(town.command(AnswerRoll, unit="X1")) == ("unknown_unit", "unit")


def test_a_word_that_nobody_asked_for_counts() -> None:
    """A crew that reports its people well puts its own next roll-call off."""
    town = burning(apart_s=0)
    town.command(AnswerRoll, unit="E1", by="E1", after_s=EVERY_S - 10)
    (called,) = happened(town, 10, RollCalled)
    assert called.units == CREWS, "the others' clocks ran out: everybody is asked"


# ── no answer ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_does_not_answer_is_helped() -> None:
    """First a person is asked; if nobody takes that on and nobody answers, help is sent to where the crew was."""
    town = burning()
    town.wait(EVERY_S - 200)
    for unit in ("E1", "L2"):
        town.command(AnswerRoll, unit=unit, by=unit)
    assert (AlarmKind.ROLL_UNANSWERED, "E2") in raised(town, ANSWER_S)
    assert standing(town, AlarmKind.ROLL_UNANSWERED) == ["E2"]
    assert violations(town.world) == []
    town.see()
    assert happened(town, ANSWER_S - 1, EmergencyDeclared) == []
    (tick,) = [turn for turn in town.wait(1) if facts_of(turn, EmergencyDeclared)]
    (declared,) = facts_of(tick, EmergencyDeclared)
    assert (declared.unit, declared.text, declared.by) == ("E2", UNANSWERED, "engine")
    assert facts_of(tick, UnitDispatched), "the emergency's plan sends help in the same turn"
    assert standing(town, AlarmKind.ROLL_UNANSWERED) == []
    assert standing(town, AlarmKind.UNIT_EMERGENCY) == ["E2"]
    assert owing(town) == []
    assert violations(town.world) == []


@pytest.mark.parametrize("how", ["answers", "taken on", "leaves", "calls for help"])
def test_what_keeps_help_from_being_sent(how: str) -> None:
    """The crew's own word, a person who takes the alarm on, or the crew's own call for help."""
    town = burning()
    town.wait(EVERY_S - 200 + ANSWER_S)
    assert standing(town, AlarmKind.ROLL_UNANSWERED) == list(CREWS)
    for unit in CREWS:
        (alarm,) = (each.id for each in town.world.alarms.values() if each.unit == unit and "roll" in each.about)
        if how == "answers":
            turn = town.command(AnswerRoll, unit=unit, by=unit)
            assert alarm in [fact.alarm for fact in facts_of(turn, AlarmCleared)]
        elif how == "taken on":
            town.command(AcknowledgeAlarm, alarm=alarm)
        elif how == "leaves":
            town.says(unit, Status.AVAILABLE)
        else:
            town.command(DeclareEmergency, unit=unit, by=unit)
        assert violations(town.world) == []
    assert happened(town, ANSWER_S, EmergencyDeclared) == []
    still = list(CREWS) if how == "taken on" else []
    assert standing(town, AlarmKind.ROLL_UNANSWERED) == still


def test_an_answer_that_comes_too_late_calls_nothing_off() -> None:
    """It is written down where help is going; a person says that the crew is safe, and its clock starts anew."""
    town = burning()
    town.wait(EVERY_S - 200 + 2 * ANSWER_S)
    emergency = town.unit("E1").emergency
    assert emergency is not None
    turn = town.command(AnswerRoll, unit="E1", by="E1")
    assert [fact.incident for fact in facts_of(turn, NoteAdded)] == [emergency]
    assert town.unit("E1").emergency == emergency
    town.command(ResolveEmergency, unit="E1", reason="spoke to the captain")
    assert violations(town.world) == []
    for unit in ("E2", "L2"):
        town.command(ResolveEmergency, unit=unit, reason="spoke to the captain")
    (called,) = happened(town, EVERY_S, RollCalled)
    assert called.units == CREWS


def test_help_is_sent_once_however_often_the_rules_change() -> None:
    """Each new place sets the reminders again; what they remind of has happened by then."""
    town = burning()
    town.wait(EVERY_S - 200 + ANSWER_S)
    for seconds in (10, 20):
        town.step(AdoptPlace(replace(town.world.settled, name=f"Town {seconds}")), seconds)
        assert violations(town.world) == []
    declared = happened(town, 3_600, EmergencyDeclared)
    assert [fact.unit for fact in declared] == list(CREWS)


def test_a_merged_crew_still_owes_its_word() -> None:
    """It is asked once more under the name of the incident that goes on, and its time is the old one."""
    town = burning(every_s=0)
    town.report("rescue", 2, at=(100, 0))
    town.command(CallRoll, incident="I1")
    turn = town.command(MergeIncident, incident="I1", into="I2", after_s=60)
    assert len(facts_of(turn, AssignmentMoved)) == len(CREWS)
    asked = [fact for fact in facts_of(turn, AlertRequested) if fact.purpose is Purpose.ROLL_CALL]
    assert [(fact.unit, fact.incident) for fact in asked] == [(unit, "I2") for unit in CREWS]
    assert "within 60 s" in asked[0].text
    assert owing(town) == list(CREWS)
    assert violations(town.world) == []
    late = raised(town, 60)
    assert [each for each in late if each[0] is AlarmKind.ROLL_UNANSWERED] == [
        (AlarmKind.ROLL_UNANSWERED, unit) for unit in CREWS
    ]


def test_new_plans_call_rolls_at_once() -> None:
    """An incident that becomes a fire is one where crews are accounted for, and the other way round."""
    town = burning(every_s=EVERY_S)
    town.command(AmendIncident, incident="I1", type="rescue")
    assert happened(town, 3_600, RollCalled) == []
    assert violations(town.world) == []
    town.command(AmendIncident, incident="I1", type="fire")
    assert violations(town.world) == []
    assert len(happened(town, 1, RollCalled)) == 1, "nobody has heard of them for an hour"


# ── outages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_roll_is_called_about_what_is_over() -> None:
    """The engine was away for a day; the crews' reports come in the grace time, and nobody is asked anything."""
    town = burning()
    town.now += 86_400_000
    town.step(Resume())
    for unit in CREWS:
        town.says(unit, Status.AVAILABLE, after_s=1, at_ms=town.now - 80_000_000)
    town.command(CloseIncident, incident="I1", disposition="out")
    assert happened(town, 7_200, RollCalled) == []
    assert not town.world.alarms


def test_who_was_asked_before_an_outage_gets_the_whole_time_again() -> None:
    """Its answer may have found nobody; and no help is sent for want of a person who could take the alarm on."""
    town = burning()
    town.wait(EVERY_S - 200)
    town.now += 3_600_000
    town.step(Resume())
    assert violations(town.world) == []
    grace_s = town.world.settled.limits.resume_grace_ms // 1000
    assert AlarmKind.ROLL_UNANSWERED not in [about for about, _ in raised(town, grace_s + ANSWER_S - 1)]
    assert (AlarmKind.ROLL_UNANSWERED, "E1") in raised(town, 1)
    town.now += 3_600_000
    town.step(Resume())
    assert violations(town.world) == []
    assert happened(town, grace_s + ANSWER_S - 1, EmergencyDeclared) == []
    assert len(happened(town, 1, EmergencyDeclared)) == len(CREWS)


def test_a_snapshot_carries_roll_calls() -> None:
    """Stopped and started anywhere, the roll goes on alike."""
    for stop in (1, EVERY_S - 200, EVERY_S, EVERY_S + ANSWER_S):
        town, twin = burning(), burning()
        for each in (town, twin):
            each.wait(stop)
        twin.engine.world = twin.world = restore(save(twin.world))
        for each in (town, twin):
            each.wait(3_600)
        assert len(standing(town, AlarmKind.UNIT_EMERGENCY)) == len(CREWS)
        assert state_hash(town.world) == state_hash(twin.world)
