"""Mutual aid: asked for, kept while the neighbour thinks, sent in the turn of its yes; else somebody else is found."""

import pytest

from engine.core.invariants import violations
from engine.model.alert_facts import AlarmKind, AlarmRaised, AlertRequested, Purpose
from engine.model.crew_facts import AidCommitted, AidDeclined, AidRequested
from engine.model.crew_inputs import AnswerAid
from engine.model.facts import AssignmentEnded, UnitDispatched
from engine.model.inputs import (
    CancelIncident,
    DeclareEmergency,
    MergeIncident,
    ReleaseUnit,
    ReserveUnits,
    ResolveEmergency,
    Resume,
)
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.place import Agency, Unit
from engine.model.turn import Turn
from engine.state.image import restore, save
from engine.state.records import Incident
from engine.state.world import World
from tests.unit.engine_place import ALS, BLS, UNITS, Town, engine_place, facts_of, refusal

NEXT = Agency("next", "Next Town", 2, answer_within_ms=45_000)
VALE = Agency("vale", "The Vale", 1, automatic=True)
THEIRS = (
    Unit("N1", "als ambulance", ALS | BLS, "Central", agency="next"),
    Unit("N2", "als ambulance", ALS | BLS, "East", agency="next"),
    Unit("N3", "als ambulance", ALS | BLS, "North", agency="next"),
)
OURS = ("A1", "A2", "B1", "B2", "B3")


def lonely_town(*theirs: Unit) -> Town:
    """A town whose own ambulances are all out of service."""
    town = Town(engine_place(units=(*UNITS, *(theirs or THEIRS)), agencies=(NEXT, VALE)))
    for name in OURS:
        town.says(name, Status.OUT_OF_SERVICE, after_s=1)
    return town


def says(town: Town, unit: str, incident: Incident | str, *, yes: bool, after_s: int = 5, reason: str = "") -> Turn:
    """Let the neighbour answer."""
    name = incident if isinstance(incident, str) else incident.id
    return town.command(AnswerAid, after_s, by="next", unit=unit, incident=name, committed=yes, reason=reason)


def asked(turn: Turn) -> list[str]:
    """Return the units that the turn asked for."""
    return [fact.unit for fact in facts_of(turn, AidRequested)]


def whole(town: Town) -> World:
    """Return the World, after it was held against its invariants and its own image."""
    assert violations(town.world) == []
    again = restore(save(town.world))
    assert (violations(again), save(again)) == ([], save(town.world))
    return town.world


def test_a_neighbour_is_asked_before_its_crew_is_told() -> None:
    """Its unit is kept and its slot taken, nobody is alerted and nobody else is sent; the reminder stands."""
    town = lonely_town()
    incident = town.report("medical", 1)
    turn = town.turns[-1]
    (request,) = facts_of(turn, AidRequested)
    assert (request.unit, request.agency, request.slot, request.expires_ms) == ("N1", "next", "als", town.now + 45_000)
    assert request.eta_ms > 0
    assert not facts_of(turn, UnitDispatched)
    assert not facts_of(turn, AlertRequested)
    world = whole(town)
    assert (town.status("N1"), incident.phase, world.lacking(incident)) == (Status.REQUESTED, Phase.ASSIGNED, {})
    assert (incident.id in world.waiting, world.aid_out("next"), world.quota_left(NEXT)) == (False, 1, 1)


def test_a_yes_sends_the_unit_in_the_same_turn() -> None:
    """Committed, dispatched and alerted at once; from then on it is a unit like our own."""
    town = lonely_town()
    incident = town.report("medical", 1)
    turn = says(town, "N1", incident, yes=True)
    assert facts_of(turn, AidCommitted) == [AidCommitted("N1", "next", incident.id, "next")]
    assert [(fact.unit, fact.slot) for fact in facts_of(turn, UnitDispatched)] == [("N1", "als")]
    assert [(fact.unit, fact.purpose) for fact in facts_of(turn, AlertRequested)] == [("N1", Purpose.DISPATCH)]
    whole(town)
    town.says("N1", Status.ACKNOWLEDGED, after_s=5)
    assert not [fact for each in town.wait(60) for fact in facts_of(each, AidDeclined)]
    town.says("N1", Status.ON_SCENE, after_s=300)
    town.says("N1", Status.AVAILABLE, after_s=900)
    assert whole(town).aid_out("next") == 0


def test_a_no_asks_the_next_one_in_the_same_turn() -> None:
    """The one that was declined is not asked again for this incident; it may be for another."""
    town = lonely_town()
    incident = town.report("medical", 1)
    turn = says(town, "N1", incident, yes=False, reason="none to spare")
    (declined,) = facts_of(turn, AidDeclined)
    assert (declined.unit, declined.reason) == ("N1", "none to spare")
    assert [fact.outcome for fact in facts_of(turn, AssignmentEnded)] == [Outcome.DECLINED]
    assert asked(turn) == ["N2"]
    world = whole(town)
    assert world.declined(incident) == (world.fleet.rows["N1"],)
    assert asked(says(town, "N2", incident, yes=False)) == ["N3"]
    says(town, "N3", incident, yes=False)
    assert [shortage.slot for shortage in incident.short] == ["als"]
    assert incident.id in whole(town).waiting
    other = town.report("medical", 1, after_s=1)
    assert other.assigned["N1"].status is Status.REQUESTED


def test_silence_is_a_no() -> None:
    """Not answered within what was agreed: somebody else is asked that very moment, and a late yes is refused."""
    town = lonely_town()
    incident = town.report("medical", 1)
    turns = town.wait(45)
    (declined,) = [fact for turn in turns for fact in facts_of(turn, AidDeclined)]
    assert (declined.unit, declined.by, declined.reason) == ("N1", "engine", "no answer within 45 s")
    assert [unit for turn in turns for unit in asked(turn)] == ["N2"]
    assert refusal(says(town, "N1", incident, yes=True)) == ("not_requested", "unit")
    whole(town)


def test_an_answer_held_back_by_an_outage_is_waited_for() -> None:
    """Back after an hour, the engine does not give up at once what the neighbour has answered long ago."""
    town = lonely_town()
    incident = town.report("medical", 1)
    town.step(Resume(), after_s=3_600)
    assert facts_of(says(town, "N1", incident, yes=True, after_s=1), UnitDispatched)
    whole(town)


def test_automatic_aid_is_sent_like_our_own() -> None:
    """Nobody is asked where it was agreed that nobody need be."""
    town = lonely_town(Unit("V1", "als ambulance", ALS | BLS, "North", agency="vale"))
    incident = town.report("medical", 1, at=(0, 5_000))
    assert incident.assigned["V1"].status is Status.DISPATCHED
    assert (whole(town).aid_out("vale"), town.world.quota_left(VALE)) == (1, 0)


def test_the_engine_keeps_to_what_was_agreed() -> None:
    """Two of the neighbour's three units at once; the third incident waits until one of them is back."""
    town = lonely_town()
    incidents = [town.report("medical", 1, at=spot, after_s=1) for spot in ((0, 0), (5_000, 0), (0, 5_000))]
    assert [sorted(incident.assigned) for incident in incidents] == [["N1"], ["N2"], []]
    assert town.world.quota_left(NEXT) == 0
    assert incidents[2].id in whole(town).waiting
    turn = town.command(CancelIncident, after_s=5, incident=incidents[0].id, reason="nobody there")
    assert len(asked(turn)) == 1
    assert whole(town).aid_out("next") == 2


def test_a_dispatchers_order_for_a_neighbours_unit_is_a_request() -> None:
    """Also where it was reserved before; the reason why this one and not another stays with it."""
    town = Town(engine_place(units=(*UNITS, *THEIRS), agencies=(NEXT, VALE)))
    rescue = town.report("rescue")
    turn = town.send(rescue, "N2", reason="they are training next door")
    assert asked(turn) == ["N2"]
    assert refusal(town.send(rescue, "N2", reason="hurry")) == ("unit_assigned", "units")
    turn = says(town, "N2", rescue, yes=True)
    assert [fact.unit for fact in facts_of(turn, UnitDispatched)] == ["N2"]
    town.command(ReserveUnits, after_s=5, incident=rescue.id, units=("N3",), reason="in case")
    assert town.status("N3") is Status.RESERVED
    assert asked(town.send(rescue, "N3", reason="now")) == ["N3"]
    whole(town)
    says(town, "N3", rescue, yes=True)
    assert (town.status("N3"), rescue.assigned["N3"].stamps[Status.REQUESTED]) == (Status.DISPATCHED, town.now - 5_000)
    whole(town)


def test_a_request_is_called_off_with_its_incident() -> None:
    """Cancelled: the unit is free, no crew is told of a release, and the neighbour's answer comes too late."""
    town = lonely_town()
    incident = town.report("medical", 1)
    turn = town.command(CancelIncident, after_s=5, incident=incident.id, reason="false alarm")
    assert [fact.outcome for fact in facts_of(turn, AssignmentEnded)] == [Outcome.CANCELLED]
    assert not facts_of(turn, AlertRequested)
    assert town.status("N1") is Status.AVAILABLE
    assert refusal(says(town, "N1", incident, yes=True)) == ("not_requested", "unit")
    assert town.wait(120) is not None
    whole(town)


def test_a_request_is_called_off_by_a_person() -> None:
    """Released like a reservation: its place counts as waived."""
    town = lonely_town()
    incident = town.report("medical", 1)
    town.command(ReleaseUnit, after_s=5, unit="N1", incident=incident.id, reason="the caller drives herself")
    assert (town.status("N1"), incident.assigned) == (Status.AVAILABLE, {})
    whole(town)


def test_a_request_goes_with_a_merged_incident() -> None:
    """Same unit, same time to answer; the neighbour may use the name that it was asked under."""
    town = lonely_town()
    first = town.report("medical", 1)
    second = town.report("medical", 1, at=(100, 0), after_s=5)
    says(town, "N2", second, yes=False)
    town.command(MergeIncident, after_s=5, incident=first.id, into=second.id)
    assert town.status("N1") is Status.REQUESTED
    assert town.unit("N1").incident == second.id
    whole(town)
    assert [fact.incident for fact in facts_of(says(town, "N1", first, yes=True), UnitDispatched)] == [second.id]
    assert town.world.fleet.rows["N2"] in whole(town).declined(second)


def test_a_merged_request_still_expires() -> None:
    """The reminder is set again for the incident that goes on, and counts from the request."""
    town = lonely_town()
    first = town.report("medical", 1)
    crime = town.report("crime", 3, after_s=20)
    town.command(MergeIncident, after_s=5, incident=first.id, into=crime.id)
    assert town.status("N1") is Status.REQUESTED
    turns = town.wait(20)
    assert [fact.incident for turn in turns for fact in facts_of(turn, AidDeclined)] == [crime.id]
    whole(town)


def test_a_crew_that_calls_for_help_itself_is_not_sent() -> None:
    """The neighbour's yes keeps it, and somebody is reminded that it did not go."""
    town = lonely_town()
    incident = town.report("medical", 1)
    town.command(DeclareEmergency, after_s=5, unit="N1")
    turn = says(town, "N1", incident, yes=True)
    assert facts_of(turn, AidCommitted)
    assert "N1" not in [fact.unit for fact in facts_of(turn, UnitDispatched)]
    assert town.status("N1") is Status.RESERVED
    whole(town)
    raised = [fact for each in town.wait(120) for fact in facts_of(each, AlarmRaised)]
    assert (AlarmKind.NOT_SENT, "N1") in [(fact.about, fact.unit) for fact in raised]
    town.command(ResolveEmergency, after_s=5, unit="N1", reason="safe")
    whole(town)


@pytest.mark.parametrize("status", [Status.OUT_OF_SERVICE, Status.OFF_DUTY])
def test_a_unit_that_breaks_down_while_it_is_asked_for_is_replaced(status: Status) -> None:
    """Its slot opens, and the next one is asked in the same turn."""
    town = lonely_town()
    incident = town.report("medical", 1)
    turn = town.says("N1", status, after_s=5)
    assert [fact.outcome for fact in facts_of(turn, AssignmentEnded)] == [Outcome.FAILED]
    assert asked(turn) == ["N2"]
    assert incident.assigned["N2"].status is Status.REQUESTED
    whole(town)


def test_nobody_answers_for_a_unit_that_was_not_asked_for() -> None:
    """Our own, one that is free, one of another incident: refused in words, and nothing changes."""
    town = lonely_town()
    incident = town.report("medical", 1)
    for unit, name in (("A1", incident.id), ("N2", incident.id), ("N1", "I99")):
        assert refusal(says(town, unit, name, yes=True)) == ("not_requested", "unit")
    assert refusal(says(town, "X9", incident, yes=True)) == ("unknown_unit", "unit")
    assert town.status("N1") is Status.REQUESTED
    whole(town)


def test_a_request_is_not_ours_to_divert() -> None:
    """A more urgent incident next door asks for another unit; the first request stands."""
    town = lonely_town()
    first = town.report("medical", 2)
    second = town.report("medical", 1, at=(100, 0), after_s=5)
    assert (town.unit("N1").incident, list(second.assigned)) == (first.id, ["N2"])
    assert not town.world.divertible(first.assigned["N1"])
    whole(town)
