"""Alerts are owed until somebody knows: tried, tried again, up the ladder, to a person; and time that passes."""

from engine.core.invariants import violations
from engine.model.alert_facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlertAcknowledged,
    AlertAttemptFailed,
    AlertEscalated,
    AlertHandedOver,
    AlertRequested,
    Purpose,
)
from engine.model.inputs import (
    AcknowledgeAlarm,
    AcknowledgeAlert,
    AdoptPlace,
    CancelIncident,
    ReleaseUnit,
    ReportAttempt,
    ReportReceipt,
    ReserveUnits,
    Resume,
)
from engine.model.lifecycle import Status
from engine.model.place import AlertSettings
from engine.state.deadlines import Reminder
from engine.state.records import AlertState
from tests.unit.engine_place import Town, engine_place, facts_of, refusal


def sent() -> Town:
    """A town in which A1 has just been sent to I1, by alert A1."""
    town = Town()
    town.report("medical", 1)
    assert list(town.world.alerts) == ["A1"]
    return town


def tried(town: Town, rung: int, attempt: int, *, delivered: bool, after_s: int = 0) -> list[object]:
    return list(town.step(ReportAttempt("A1", rung, attempt, delivered, "busy"), after_s).facts)


def alarms(town: Town) -> list[AlarmKind]:
    return [alarm.about for alarm in town.world.alarms.values()]


def test_a_failed_attempt_is_tried_again_under_the_same_key() -> None:
    """After two seconds, at the same endpoint, with the next number."""
    town = sent()
    (failed,) = tried(town, 0, 1, delivered=False)
    assert isinstance(failed, AlertAttemptFailed)
    assert failed.retry_at_ms == town.now + 2_000
    assert town.world.alerts["A1"].state is AlertState.WAITING
    (tick,) = town.wait(2)
    (again,) = facts_of(tick, AlertRequested)
    assert (again.alert, again.endpoint, again.rung, again.attempt) == ("A1", "pager", 0, 2)


def test_the_ladder_is_climbed_once_and_ends_with_a_person() -> None:
    """Every rung fails: each is asked its two times, nothing is asked for after the person has it."""
    town = sent()
    asked = [("pager", 1)]
    while "A1" in town.world.alerts:
        alert = town.world.alerts["A1"]
        if alert.state is AlertState.REQUESTED:
            turns = [town.step(ReportAttempt("A1", alert.rung, alert.attempt, delivered=False, detail="busy"), 1)]
        else:
            turns = town.wait(1)
        asked += [(fact.endpoint, fact.attempt) for turn in turns for fact in facts_of(turn, AlertRequested)]
        assert violations(town.world) == []
    assert asked == [("pager", 1), ("pager", 2), ("radio", 1), ("radio", 2)]
    assert alarms(town) == [AlarmKind.ALERT_UNDELIVERED]
    later = [fact for turn in town.wait(600) for fact in facts_of(turn, AlertRequested)]
    assert not later


def test_delivered_is_not_acknowledged() -> None:
    """An endpoint took it and nobody answers: up one rung after half a minute, to a person after two."""
    town = sent()
    tried(town, 0, 1, delivered=True)
    ticks = town.wait(30)
    assert [fact.rung for turn in ticks for fact in facts_of(turn, AlertEscalated)] == [1]
    tried(town, 1, 1, delivered=True)
    ticks = town.wait(95)
    assert sum(len(facts_of(turn, AlertEscalated)) for turn in ticks) == 0
    assert sum(len(facts_of(turn, AlertHandedOver)) for turn in ticks) == 1
    assert alarms(town).count(AlarmKind.ALERT_UNDELIVERED) == 1


def test_rung_and_deadline_due_together_hand_over_once() -> None:
    """However late the tick comes, there is one alarm and nothing is asked for any more."""
    place = engine_place(alerts=AlertSettings(ladder=("pager",), acknowledge_within_ms=60_000, deadline_ms=60_000))
    town = Town(place)
    town.report("medical", 1)
    ticks = town.wait(3_600)
    assert sum(len(facts_of(turn, AlertHandedOver)) for turn in ticks) == 1
    assert town.world.alerts == {}


def test_the_crew_s_own_word_settles_its_alert() -> None:
    """A status beyond dispatched, a receipt, or a person's word: each stops the ladder."""
    for how in range(3):
        town = sent()
        if how == 0:
            turn = town.says("A1", Status.EN_ROUTE, after_s=10)
        elif how == 1:
            turn = town.step(ReportReceipt("A1", "pager"), 10)
        else:
            turn = town.command(AcknowledgeAlert, 10, alert="A1")
        assert facts_of(turn, AlertAcknowledged)
        assert town.world.alerts == {}
        assert refusal(town.step(ReportReceipt("A1", "pager"))) == ("unknown_alert", "alert")


def test_a_report_about_an_attempt_that_is_over_changes_nothing() -> None:
    """Each attempt is reported once; a late or repeated report is refused."""
    town = sent()
    tried(town, 0, 1, delivered=False)
    for rung, attempt in ((0, 1), (0, 2), (1, 1)):
        assert refusal(town.step(ReportAttempt("A1", rung, attempt, delivered=True))) == ("stale_report", "alert")
    assert refusal(town.step(ReportAttempt("A9", 0, 1, delivered=True))) == ("stale_report", "alert")


def test_a_word_of_release_needs_no_answer() -> None:
    """Taken by an endpoint it is done."""
    town = sent()
    town.command(ReleaseUnit, unit="A1", incident="I1", reason="mistake")
    (alert,) = town.world.alerts.values()
    assert alert.purpose is Purpose.RELEASE
    town.step(ReportAttempt(alert.id, 0, 1, delivered=True))
    assert town.world.alerts == {}


def test_an_undelivered_release_ends_when_a_person_takes_it_on() -> None:
    """No crew will ever answer for an incident it has left: the acknowledgement ends the alarm."""
    town = sent()
    town.command(CancelIncident, incident="I1", reason="hoax")
    town.wait(200)
    assert alarms(town) == [AlarmKind.ALERT_UNDELIVERED]
    (name,) = town.world.alarms
    turn = town.command(AcknowledgeAlarm, alarm=name)
    assert [type(fact) for fact in turn.facts] == [AlarmAcknowledged, AlarmCleared]
    assert alarms(town) == []


def test_acknowledging_an_alarm_twice_is_harmless() -> None:
    """It stays until its cause is gone; whoever took it last owns it."""
    town = sent()
    town.wait(60)
    assert AlarmKind.NOT_ACKNOWLEDGED in alarms(town)
    name = next(iter(town.world.alarms))
    for person in ("anna", "anna", "bert"):
        assert facts_of(town.command(AcknowledgeAlarm, alarm=name, by=person), AlarmAcknowledged)
        assert town.world.alarms[name].acknowledged_by == person
    town.says("A1", Status.EN_ROUTE)
    assert alarms(town) == []
    assert refusal(town.command(AcknowledgeAlarm, alarm=name)) == ("unknown_alarm", "alarm")


def test_a_forgotten_reservation_is_noticed() -> None:
    """A reserved unit fills its slot, and nobody is on the way: after a minute a person is told."""
    town = Town()
    rescue = town.report("rescue")
    town.command(ReserveUnits, incident=rescue.id, units=("E1", "A1"))
    town.wait(60)
    assert alarms(town) == [AlarmKind.NOT_SENT] * 2
    town.send(rescue, "E1", "A1")
    assert alarms(town) == []
    assert violations(town.world) == []


def test_after_a_restart_alarms_wait_and_deliveries_do_not() -> None:
    """An hour was lost: reminders that would ring are held back for the grace time, retries and the queue are not."""
    town = sent()
    tried(town, 0, 1, delivered=False)
    town.now += 3_600_000
    town.step(Resume())
    ticks = town.wait(9)
    assert [fact.attempt for turn in ticks for fact in facts_of(turn, AlertRequested)] == [2]
    assert alarms(town) == []
    town.says("A1", Status.ON_SCENE)
    assert not [fact for turn in town.wait(60) for fact in turn.facts if "Alarm" in type(fact).__name__]


def test_a_reminder_that_outlived_its_cause_is_silent() -> None:
    """Nothing is cancelled when a crew answers; the reminders come due, are looked at, and say nothing."""
    town = sent()
    town.says("A1", Status.ON_SCENE, after_s=5)
    for turn in town.wait(3_600):
        assert len(turn.facts) == 1
    assert [entry.about for entry in town.world.deadlines.entries()] == [Reminder.ORPHANS, Reminder.UNCHANGED]


def test_alerts_follow_the_place_that_is_adopted() -> None:
    """A ladder that got shorter while an alert stood on its top ends at once with a person."""
    town = sent()
    town.wait(30)
    assert town.world.alerts["A1"].rung == 1
    settings = AlertSettings(ladder=("pager",), attempts=1)
    town.step(AdoptPlace(engine_place(alerts=settings)))
    tried(town, 1, 1, delivered=False)
    assert alarms(town) == [AlarmKind.ALERT_UNDELIVERED]
