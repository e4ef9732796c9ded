"""What the audit adds up of the whole response, from facts alone."""

import pytest
from msgspec.structs import replace

from engine.model.alert_facts import AlarmKind, AlarmRaised
from engine.model.crew_facts import AidCommitted, AidDeclined, AidRequested, RollAnswered, RollCalled
from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    Choice,
    IncidentMerged,
    IncidentReported,
    UnitDispatched,
    UnitDiverted,
    UnitsRecommended,
)
from engine.model.inputs import AnyInput, Tick
from engine.model.lifecycle import Outcome, Status
from engine.model.plans import Mode
from engine.model.response_facts import IncidentSplit, RecommendationStale, UnitSuperseded
from engine.model.response_inputs import AcceptRecommendation
from engine.model.turn import Turn
from engine.model.why import Why
from gateways.demo.response_tallies import nothing_yet
from gateways.demo.tallies import TICK_MS, Assignments, Commands, Incidents
from tests.builders import NOW

SENT = UnitDispatched(unit="E1", incident="I1", slot="engine", eta_ms=1, by="engine")
AGAIN = UnitDispatched(unit="E1", incident="I2", slot="engine", eta_ms=1, by="engine", diverted=True)
DIVERTED = UnitDiverted("E1", "I1", "I2", "", "engine")
OFF = AssignmentEnded("E1", "I1", Outcome.DIVERTED, Status.AVAILABLE, NOW, "engine")
ASKED = AidRequested("E3", "next", "I1", "engine", NOW + 60_000, "engine")


def summed(*facts: AnyFact, given: AnyInput | None = None, seq: int = 1) -> tuple[Turn, ...]:
    return (Turn(seq, NOW, given or Tick(), facts),)


def there(status: Status) -> AssignmentAdvanced:
    return AssignmentAdvanced("E1", "I1", status, NOW, "E1")


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ((SENT, DIVERTED, OFF, AGAIN), False),
        ((SENT, there(Status.EN_ROUTE), DIVERTED, OFF, AGAIN), False),
        ((SENT, DIVERTED, OFF, AGAIN, DIVERTED), True),
        ((SENT, there(Status.ON_SCENE), DIVERTED), True),
        ((SENT, there(Status.ON_SCENE), UnitSuperseded("E1", "E2", "I1", 1, "", "engine")), True),
        ((SENT, there(Status.STAGING), UnitSuperseded("E1", "E2", "I1", 1, "", "engine")), False),
    ],
)
def test_who_was_turned_round_wrongly_is_named(facts: tuple[AnyFact, ...], *, wrong: bool) -> None:
    """Twice, or off a scene."""
    response = nothing_yet()
    for turn in summed(*facts):
        response.take(turn)
    assert response.turned.wrong == ["E1 at turn 1"] * wrong


def test_every_request_to_a_neighbour_is_followed_to_its_end() -> None:
    """Committed, declined, taken back, open; too long without an end, an answer unasked, and going unasked, are wrong."""
    end = AssignmentEnded("E3", "I1", Outcome.CANCELLED, Status.AVAILABLE, NOW, "cad")
    yes, no = AidCommitted("E3", "next", "I1", "cad"), AidDeclined("E3", "next", "I1", "", "engine")
    sent = replace(SENT, unit="E3")
    for facts, ends, wrong in (
        ((ASKED, yes, sent), {"committed": 1}, 0),
        ((ASKED, no, end), {"declined": 1}, 0),
        ((ASKED, end), {"taken_back": 1}, 0),
        ((yes,), {"committed": 1}, 1),
        ((ASKED, sent), {}, 1),
    ):
        response = nothing_yet()
        for turn in summed(*facts):
            response.take(turn)
        assert dict(response.neighbours.ends) == ends
        assert len(response.neighbours.wrong) == wrong
    response = nothing_yet()
    response.take(summed(ASKED)[0])
    assert response.neighbours.overdue(NOW + 60_000 + TICK_MS, 0) == []
    assert response.neighbours.overdue(NOW + 60_001 + TICK_MS, 0) == ["E3"]
    assert response.neighbours.overdue(NOW + 60_001 + TICK_MS, NOW + 60_002) == []


def test_an_acceptance_that_sends_somebody_else_is_seen() -> None:
    """And a stale one that sends anybody. What the engine sends in the same turn is its own matter."""
    why = Why("p", "t", "routine", ())
    told = UnitsRecommended("I1", Mode.ADVISE, (Choice("engine", "E1", 1),), (), why)
    accept = AcceptRecommendation(id="c1", by="cad", incident="I1", decision=1)
    by_person = replace(SENT, by="cad")
    stale = RecommendationStale("I1", 1, "")
    for facts, accepted, wrong in (
        ((by_person,), 1, 0),
        ((by_person, replace(SENT, unit="E9")), 1, 0),
        ((replace(by_person, unit="E9"),), 1, 1),
        ((stale,), 0, 0),
        ((stale, by_person), 1, 1),
    ):
        response = nothing_yet()
        response.take(summed(told)[0])
        response.take(summed(*facts, given=accept, seq=2)[0])
        assert (response.acceptances.accepted, len(response.acceptances.wrong)) == (accepted, wrong)


def test_a_unit_that_was_asked_and_forgotten_is_named() -> None:
    """Not one that has answered, has left the scene, or is somebody's matter."""
    call = RollCalled("I1", ("E1",), NOW + 1_000, "engine")
    late = NOW + 1_001 + TICK_MS
    alarm = AlarmRaised(alarm="W1", about=AlarmKind.ROLL_UNANSWERED, incident="I1", unit="E1", text="")
    for fact, forgotten in (
        (None, ["E1"]),
        (there(Status.AT_PATIENT), ["E1"]),
        (RollAnswered("E1", "I1", "E1"), []),
        (there(Status.TRANSPORTING), []),
        (OFF, []),
        (alarm, []),
    ):
        response = nothing_yet()
        response.take(summed(call, *([] if fact is None else [fact]))[0])
        assert response.rolls.forgotten(late, 0) == forgotten
        assert response.rolls.forgotten(late - 1, 0) == []


def test_units_of_a_merged_incident_move_and_are_counted_once() -> None:
    """A move from where a unit is not is seen; a request to a neighbour is an assignment."""
    good, bad = Assignments(), Assignments()
    move = AssignmentMoved("E1", "I1", "I2", None, "cad")
    for fact in (SENT, move, replace(OFF, incident="I2"), ASKED, replace(SENT, unit="E3")):
        good.take(fact, 1)
    for fact in (SENT, replace(move, incident="I9")):
        bad.take(fact, 1)
    assert (good.made, good.doubled) == (2, [])
    assert bad.doubled == ["E1 at turn 1"]


def test_an_incident_that_is_split_again_is_open() -> None:
    """Reported = ended + open, whatever became of it in between."""
    report = IncidentReported(
        incident="I1", type="fire", priority=1, x_m=0, y_m=0, plan="fire", area=None, address="", caller="", note="",
        external="", by="cad",
    )  # fmt: skip
    incidents = Incidents()
    for fact in (report, replace(report, incident="I2"), IncidentMerged("I2", "I1", "cad")):
        incidents.take(fact)
    assert (incidents.counts()["merged"], incidents.counts()["open"]) == (1, 1)
    incidents.take(IncidentSplit("I2", "I1", "another flat", "cad"))
    assert (incidents.counts()["merged"], incidents.counts()["open"]) == (0, 2)


def test_a_stale_acceptance_counts_as_refused() -> None:
    """That is what its sender was told, though it is a fact of its own."""
    commands = Commands()
    command = AcceptRecommendation(id="c1", by="cad", incident="I1", decision=1)
    commands.take(command, Turn(2, NOW, command, (RecommendationStale("I1", 1, ""),)))
    assert [kept.code for kept in commands.seen["cad", "c1"]] == ["stale_recommendation"]
