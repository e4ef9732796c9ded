"""Who does not roll, arrive or report is asked after once; an alarm that nobody takes on climbs; nobody is orphaned."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.alert_facts import AlarmCleared, AlarmEscalated, AlarmKind, AlarmRaised
from engine.model.inputs import (
    AcknowledgeAlarm,
    AdoptPlace,
    AmendIncident,
    CancelIncident,
    DeclareEmergency,
    MergeIncident,
    ReleaseUnit,
    ReserveUnits,
    Resume,
)
from engine.model.lifecycle import Status
from engine.model.rules import WatchRules
from engine.state.deadlines import Reminder
from engine.state.fold_watch import ORPHANS_EVERY_MS
from engine.state.image import restore, save, state_hash
from tests.unit.engine_place import Town, engine_place, facts_of

QUIET = WatchRules(turnout_ms=0, overdue_ms=0, unchanged_ms=(), escalate_ms=0, par_answer_ms=0)
"""No rule at all; tests switch on the one that they are about."""


def watched(**rules: Any) -> Town:
    """A town that watches for these only."""
    return Town(engine_place(watch=replace(QUIET, **rules)))


def standing(town: Town, about: AlarmKind) -> list[tuple[str, str | None]]:
    return [(alarm.incident, alarm.unit) for alarm in town.world.alarms.values() if alarm.about is about]


def texts(town: Town, about: AlarmKind) -> list[str]:
    return [alarm.text for alarm in town.world.alarms.values() if alarm.about is about]


# ── turnout ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_crew_that_does_not_roll_is_called() -> None:
    """Acknowledged is not rolling; after three minutes a person is asked, once, and the wheels end it."""
    town = watched(turnout_ms=180_000)
    town.report("medical", 1)
    town.says("A1", Status.ACKNOWLEDGED, after_s=20)
    town.wait(159)
    assert standing(town, AlarmKind.TURNOUT) == []
    town.wait(1)
    assert standing(town, AlarmKind.TURNOUT) == [("I1", "A1")]
    assert texts(town, AlarmKind.TURNOUT) == [
        "A1 was sent to I1 3 min ago and is not rolling. Call the crew, or send another."
    ]
    town.wait(600)
    assert town.world.tally[f"alarms_{AlarmKind.TURNOUT}"] == 1
    turn = town.says("A1", Status.EN_ROUTE)
    assert [fact.reason for fact in facts_of(turn, AlarmCleared)][-1] == "A1 is en_route"
    assert standing(town, AlarmKind.TURNOUT) == []
    assert violations(town.world) == []


def test_a_crew_that_rolls_in_time_is_left_alone() -> None:
    """The reminder comes due and says nothing; so it does where the rule is switched off."""
    town = watched(turnout_ms=180_000)
    town.report("medical", 1)
    town.says("A1", Status.EN_ROUTE, after_s=60)
    off = watched()
    off.report("medical", 1)
    for each in (town, off):
        each.wait(3_600)
        assert standing(each, AlarmKind.TURNOUT) == []


@pytest.mark.parametrize("how", ["cancelled", "released", "merged", "failed"])
def test_an_alarm_about_a_crew_ends_with_its_assignment(how: str) -> None:
    """Whoever takes the unit off the incident ends what was asked about it; a merged unit is asked about anew."""
    town = watched(turnout_ms=180_000)
    town.report("medical", 1)
    town.report("rescue", 1)
    town.wait(180)
    assert ("I1", "A1") in standing(town, AlarmKind.TURNOUT)
    if how == "cancelled":
        town.command(CancelIncident, incident="I1", reason="caller called back")
    elif how == "released":
        town.command(ReleaseUnit, unit="A1", incident="I1", reason="not needed")
    elif how == "merged":
        town.command(MergeIncident, incident="I1", into="I2")
    else:
        town.says("A1", Status.OUT_OF_SERVICE)
    assert ("I1", "A1") not in standing(town, AlarmKind.TURNOUT)
    town.wait(1)
    assert (("I2", "A1") in standing(town, AlarmKind.TURNOUT)) is (how == "merged")
    assert violations(town.world) == []


# ── overdue ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_unit_that_does_not_arrive_is_asked_after() -> None:
    """Two minutes after the time that was told, or a quarter of the way where that is more."""
    town = watched(overdue_ms=120_000, overdue_percent=25)
    near = town.report("medical", 1)
    far = town.report("medical", 1, at=(15_000, 15_000))
    grace = {}
    for incident in (near, far):
        (assignment,) = incident.assigned.values()
        town.says(assignment.unit, Status.EN_ROUTE)
        grace[incident.id] = max(120_000, assignment.eta_ms // 4)
        assignment_due = assignment.sent_ms + assignment.eta_ms + grace[incident.id]
        town.wait((assignment_due - town.now - 1) // 1000)
        assert (incident.id, assignment.unit) not in standing(town, AlarmKind.OVERDUE)
        town.wait(1)
        assert (incident.id, assignment.unit) in standing(town, AlarmKind.OVERDUE)
    assert grace["I1"] == 120_000 < grace["I2"]
    late = texts(town, AlarmKind.OVERDUE)[0]
    assert late.startswith("A1 is expected at I1 (see map) and is 2 min later than told.")
    assert violations(town.world) == []
    town.says("A1", Status.ON_SCENE)
    assert ("I1", "A1") not in standing(town, AlarmKind.OVERDUE)


def test_a_staged_unit_is_not_overdue() -> None:
    """It was told to stand by: that it is not on scene is what was asked of it, also when it is called in later."""
    town = watched(overdue_ms=120_000)
    town.report("medical", 1)
    town.wait(3_600)
    assert standing(town, AlarmKind.OVERDUE) == [("I1", "A1")]
    town.says("A1", Status.STAGING)
    assert standing(town, AlarmKind.OVERDUE) == []
    town.says("A1", Status.EN_ROUTE, after_s=60)
    town.wait(600)
    assert standing(town, AlarmKind.OVERDUE) == []
    assert violations(town.world) == []


def test_a_unit_that_is_sent_anew_has_its_time_anew() -> None:
    """It is taken back and sent again: what the first order promised means nothing any more."""
    town = watched(overdue_ms=120_000, turnout_ms=60_000)
    first = town.report("medical", 1)
    due_ms = first.assigned["A1"].sent_ms + first.assigned["A1"].eta_ms + 120_000
    town.wait(50)
    town.command(ReleaseUnit, unit="A1", incident="I1", reason="wrong address")
    town.send(first, "A1", reason="right address", after_s=5)
    town.wait((due_ms - town.now) // 1000)
    assert standing(town, AlarmKind.OVERDUE) == []
    assert standing(town, AlarmKind.TURNOUT) == [("I1", "A1")]
    town.wait(56)
    assert standing(town, AlarmKind.OVERDUE) == [("I1", "A1")]


# ── unchanged ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_unit_without_a_word_for_long_is_asked_how_it_is() -> None:
    """Time counts from its last report; the same status said again renews it; another rule counts in the next."""
    town = watched(unchanged_ms=(("on_scene", 600_000), ("returning", 900_000)))
    town.report("medical", 1)
    town.says("A1", Status.ON_SCENE, after_s=60)
    town.says("A1", Status.ON_SCENE, after_s=300)
    town.wait(599)
    assert standing(town, AlarmKind.UNCHANGED) == []
    town.wait(1)
    assert standing(town, AlarmKind.UNCHANGED) == [("I1", "A1")]
    turn = town.says("A1", Status.ON_SCENE)
    assert facts_of(turn, AlarmCleared)
    town.says("A1", Status.RETURNING, after_s=60)
    town.wait(899)
    assert standing(town, AlarmKind.UNCHANGED) == []
    town.wait(1)
    assert standing(town, AlarmKind.UNCHANGED) == [("", "A1")]
    assert texts(town, AlarmKind.UNCHANGED) == [
        "A1 has been returning for 15 min without a word. Ask the crew how it is."
    ]
    assert violations(town.world) == []
    town.see()
    town.report("medical", 1)
    assert town.unit("A1").incident == "I2", "it is free, so it is sent"
    assert standing(town, AlarmKind.UNCHANGED) == []
    assert violations(town.world) == []


def test_a_report_that_comes_late_does_not_renew() -> None:
    """It says that the crew was on scene an hour ago: nobody has heard from it since."""
    town = watched(unchanged_ms=(("on_scene", 600_000),))
    town.report("medical", 1, after_s=5)
    town.says("A1", Status.ON_SCENE, after_s=3_600, at_ms=town.now + 1_000)
    town.wait(1)
    assert standing(town, AlarmKind.UNCHANGED) == [("I1", "A1")]


def test_a_unit_that_is_kept_and_forgotten() -> None:
    """Reserved is a status, too."""
    town = watched(unchanged_ms=(("reserved", 300_000),))
    rescue = town.report("rescue", 2)
    town.command(ReserveUnits, incident=rescue.id, units=("A1",))
    town.wait(300)
    assert standing(town, AlarmKind.UNCHANGED) == [("I1", "A1")]
    town.send(rescue, "A1")
    assert standing(town, AlarmKind.UNCHANGED) == []
    assert violations(town.world) == []


# ── other rules ─────────────────────────────────────────────────────────────────────────────────────────────


def test_new_rules_count_at_once() -> None:
    """Switched on they watch who is out already; switched off they take back what they asked; longer ones wait."""
    town = watched()
    town.report("medical", 1)
    town.wait(300)
    town.step(AdoptPlace(engine_place(watch=replace(QUIET, turnout_ms=400_000))))
    assert violations(town.world) == []
    town.wait(99)
    assert standing(town, AlarmKind.TURNOUT) == []
    town.step(AdoptPlace(engine_place(watch=replace(QUIET, turnout_ms=500_000))))
    town.wait(100)
    assert standing(town, AlarmKind.TURNOUT) == []
    town.wait(1)
    assert standing(town, AlarmKind.TURNOUT) == [("I1", "A1")]
    town.step(AdoptPlace(engine_place(watch=QUIET)))
    assert standing(town, AlarmKind.TURNOUT) == []
    assert violations(town.world) == []


def test_no_alarm_about_an_outage() -> None:
    """The engine was away for an hour; the reports that were held back come in the grace time, so nothing rings."""
    town = Town()
    town.report("medical", 1)
    town.now += 3_600_000
    town.step(Resume())
    town.wait(9)
    town.says("A1", Status.ON_SCENE, at_ms=town.now - 3_000_000)
    town.says("A1", Status.AVAILABLE, at_ms=town.now - 1_000_000)
    for turn in town.wait(60):
        raised = [fact.about for fact in facts_of(turn, AlarmRaised)]
        assert raised == []


def test_a_snapshot_carries_the_watch() -> None:
    """Stopped and started anywhere, the same alarms come at the same time."""
    for stop in (30, 100, 200, 300, 420):
        town, twin = Town(), Town()
        for each in (town, twin):
            each.report("medical", 1)
            each.wait(stop)
        twin.engine.world = twin.world = restore(save(twin.world))
        for each in (town, twin):
            each.wait(1_200)
        assert town.world.tally[f"alarms_{AlarmKind.OVERDUE}"] == 1
        assert state_hash(town.world) == state_hash(twin.world)


# ── escalation ──────────────────────────────────────────────────────────────────────────────────────────────


def rungs(town: Town, seconds: int) -> list[tuple[str, int]]:
    return [(fact.alarm, fact.rung) for turn in town.wait(seconds) for fact in facts_of(turn, AlarmEscalated)]


def test_an_alarm_that_nobody_takes_on_climbs_to_the_top_and_stays() -> None:
    """Every two minutes one rung, three times; then it stands where it is until somebody comes."""
    town = watched(turnout_ms=60_000, escalate_ms=120_000, escalations=3)
    town.report("medical", 1)
    town.says("A1", Status.ACKNOWLEDGED, after_s=1)
    town.wait(59)
    assert rungs(town, 119) == []
    assert [rungs(town, seconds) for seconds in (1, 120, 120, 3_600)] == [[("W1", 1)], [("W1", 2)], [("W1", 3)], []]
    assert town.world.alarms["W1"].rung == 3
    assert violations(town.world) == []


def test_whoever_takes_an_alarm_on_stops_it() -> None:
    """Acknowledged it climbs no further, and neither does one that is over."""
    for how in range(2):
        town = watched(turnout_ms=60_000, escalate_ms=120_000, escalations=3)
        town.report("medical", 1)
        town.says("A1", Status.ACKNOWLEDGED, after_s=1)
        town.wait(59)
        assert rungs(town, 120) == [("W1", 1)]
        if how:
            town.command(AcknowledgeAlarm, alarm="W1")
        else:
            town.says("A1", Status.EN_ROUTE)
        assert rungs(town, 3_600) == []
        assert violations(town.world) == []


def test_a_crew_s_emergency_starts_above_all_others() -> None:
    """It is on the first rung from the start, so it comes to the top sooner."""
    town = watched(escalate_ms=120_000, escalations=2)
    town.command(DeclareEmergency, unit="P1", by="P1")
    assert town.world.alarms["W1"].rung == 1
    own = [(alarm, rung) for alarm, rung in rungs(town, 600) if alarm == "W1"]
    assert own == [("W1", 2)]


# ── orphans ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_incident_that_nobody_has_is_an_alarm() -> None:
    """It cannot happen, so we break the World by hand: within a minute a person knows, once, and sees it mended."""
    town = Town()
    for unit in ("P1", "P2", "P3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    crime = town.report("crime", 3)
    town.world.waiting.discard(crime.id)
    assert town.world.orphans() == [crime.id]
    town.wait(ORPHANS_EVERY_MS // 1000)
    assert standing(town, AlarmKind.ORPHAN) == [(crime.id, None)]
    assert "a fault of the program" in texts(town, AlarmKind.ORPHAN)[0]
    town.wait(600)
    assert town.world.tally[f"alarms_{AlarmKind.ORPHAN}"] == 1
    turn = town.command(AmendIncident, incident=crime.id, address="the back yard")
    assert [fact.reason for fact in facts_of(turn, AlarmCleared)] == [f"{crime.id} is somebody's again"]
    assert violations(town.world) == []


def test_the_watchdog_never_sleeps() -> None:
    """Through ticks, snapshots and restarts there is always one look ahead, and none is taken more often."""
    town = Town()
    for _ in range(5):
        town.wait(90)
        town.step(Resume())
        beats = [entry for entry in town.world.deadlines.entries() if entry.about is Reminder.ORPHANS]
        assert [town.now < beat.due_ms <= town.now + ORPHANS_EVERY_MS for beat in beats] == [True]
