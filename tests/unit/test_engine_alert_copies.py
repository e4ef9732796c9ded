"""Copies of one alert: several recipients and endpoints side by side, each with its own state."""

from engine.core.invariants import violations
from engine.model.alert_facts import (
    AlarmKind,
    AlertAcknowledged,
    AlertAttemptFailed,
    AlertEscalated,
    AlertHandedOver,
    AlertRequested,
    CopyMarked,
    CopyState,
)
from engine.model.inputs import ReleaseUnit, ReportAttempt, ReportCopy
from engine.model.turn import Turn
from engine.state.image import restore, save
from engine.state.records import AlertState
from tests.unit.engine_place import Town, facts_of, refusal


def sent() -> Town:
    town = Town()
    town.report("medical", 1)
    return town


def copy(town: Town, who: str, state: CopyState, *, rung: int = -1, endpoint: str = "sms", after_s: int = 0) -> Turn:
    given = ReportCopy(alert="A1", endpoint=endpoint, recipient=who, state=state, rung=rung)
    return town.step(given, after_s)


def states(town: Town) -> dict[str, CopyState]:
    return {each.recipient: each.state for each in town.world.alerts["A1"].copies}


def test_what_failed_beside_a_delivery_is_tried_again() -> None:
    """The rung keeps the time that it has for an acknowledgement; the next attempt is for the copies that are left."""
    town = sent()
    copy(town, "jansen", CopyState.SENT, rung=0)
    town.step(ReportAttempt("A1", 0, 1, delivered=True))
    copy(town, "wit", CopyState.FAILED, rung=0)
    (failed,) = facts_of(town.step(ReportAttempt("A1", 0, 1, delivered=False, detail="full")), AlertAttemptFailed)
    assert failed.retry_at_ms == town.now + 2_000
    (again,) = [fact for turn in town.wait(2) for fact in facts_of(turn, AlertRequested)]
    assert (again.rung, again.attempt) == (0, 2)
    turn = town.step(ReportAttempt("A1", 0, 2, delivered=False, detail="full"))
    assert not facts_of(turn, AlertEscalated)  # the last attempt of two, but somebody has been told
    assert town.world.alerts["A1"].state is AlertState.WAITING
    climbed = [fact for turn in town.wait(40) for fact in facts_of(turn, AlertEscalated)]
    assert [fact.rung for fact in climbed] == [1]
    assert violations(town.world) == []


def test_a_failure_after_a_delivery_of_one_endpoint_alone_is_stale() -> None:
    """As before there were copies: the attempt is over with its report."""
    town = sent()
    town.step(ReportAttempt("A1", 0, 1, delivered=True))
    assert refusal(town.step(ReportAttempt("A1", 0, 1, delivered=False))) == ("stale_report", "alert")


def test_the_first_acknowledgement_stops_it_for_everybody() -> None:
    """One input, one turn: the copy is marked and the alert is over; a second one finds it so."""
    town = sent()
    copy(town, "jansen", CopyState.SENT, rung=0)
    copy(town, "wit", CopyState.SENT, rung=0)
    turn = copy(town, "wit", CopyState.ACKNOWLEDGED, after_s=5)
    assert [type(fact) for fact in turn.facts][:2] == [CopyMarked, AlertAcknowledged]
    assert facts_of(turn, AlertAcknowledged)[0].by == "wit via sms"
    assert town.world.alerts == {}
    assert refusal(copy(town, "jansen", CopyState.ACKNOWLEDGED)) == ("unknown_alert", "alert")


def test_a_copy_never_goes_back() -> None:
    """News out of order, or twice, changes nothing; at a new rung the copy begins anew."""
    town = sent()
    copy(town, "jansen", CopyState.SENT, rung=0)
    copy(town, "jansen", CopyState.DELIVERED)
    for state in (CopyState.SENT, CopyState.DELIVERED):
        assert refusal(copy(town, "jansen", state)) == ("stale_report", "state")
    assert states(town) == {"jansen": CopyState.DELIVERED}
    town.step(ReportAttempt("A1", 0, 1, delivered=True))
    town.wait(31)
    assert town.world.alerts["A1"].rung == 1
    assert facts_of(copy(town, "jansen", CopyState.SENT, rung=1), CopyMarked)
    assert states(town) == {"jansen": CopyState.SENT}


def test_what_nobody_acknowledged_expires_with_the_alert() -> None:
    """The alarm asks a person, and the copies say that they were taken and not read."""
    town = sent()
    copy(town, "jansen", CopyState.SENT, rung=0)
    copy(town, "wit", CopyState.OFF_DUTY, rung=0)
    town.step(ReportAttempt("A1", 0, 1, delivered=True))
    turns = town.wait(200)
    marked = [fact for turn in turns for fact in facts_of(turn, CopyMarked)]
    assert [(fact.recipient, fact.state) for fact in marked] == [("jansen", CopyState.EXPIRED)]
    assert sum(len(facts_of(turn, AlertHandedOver)) for turn in turns) == 1
    assert AlarmKind.ALERT_UNDELIVERED in [alarm.about for alarm in town.world.alarms.values()]


def test_a_release_needs_no_acknowledgement_and_takes_none() -> None:
    """Somebody answers a release: noted, and nothing else."""
    town = sent()
    copy(town, "jansen", CopyState.ACKNOWLEDGED)
    town.command(ReleaseUnit, unit="A1", incident="I1", reason="not needed")
    given = ReportCopy(alert="A2", endpoint="sms", recipient="jansen", state=CopyState.ACKNOWLEDGED)
    turn = town.step(given)
    assert facts_of(turn, CopyMarked)
    assert not facts_of(turn, AlertAcknowledged)


def test_copies_are_in_the_image_and_cost_old_ones_nothing() -> None:
    """An alert without copies is written as it always was, so that older images and hashes hold."""
    town = sent()
    before = save(town.world)
    assert b"copies" not in before
    copy(town, "jansen", CopyState.SENT, rung=0)
    again = restore(save(town.world))
    assert again.alerts["A1"].copies[0].recipient == "jansen"
    assert save(again) == save(town.world)
