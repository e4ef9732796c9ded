"""Undoing: reopened, split and unlinked incidents."""

import pytest

from engine.core.invariants import violations
from engine.model.facts import UnitDispatched
from engine.model.inputs import (
    AdoptPlace,
    CancelIncident,
    CloseIncident,
    LinkIncidents,
    MergeIncident,
    ReleaseUnit,
)
from engine.model.lifecycle import Phase, Status
from engine.model.response_facts import IncidentReopened, IncidentSplit, IncidentsUnlinked, PlacesReopened
from engine.model.response_inputs import HoldIncident, ReopenIncident, SplitIncident, UnlinkIncidents
from engine.state.image import restore, save, state_hash
from engine.state.records import Incident
from tests.unit.engine_place import PLANS, Town, engine_place, facts_of, refusal


def treated(town: Town) -> Incident:
    """Return an incident whose only unit was there, and that is closed."""
    incident = town.report("medical", 3)
    town.says("B1", Status.ON_SCENE, after_s=200)
    town.says("B1", Status.AVAILABLE, after_s=600)
    town.command(CloseIncident, incident=incident.id, disposition="treated at home")
    return incident


def test_a_reopened_incident_is_served_anew_in_the_same_turn() -> None:
    """It keeps its number, its times, its notes and what was done before; its plan counts from nothing."""
    town = Town()
    incident = treated(town)
    later = town.report("medical", 4, after_s=60)
    town.see()
    turn = town.command(ReopenIncident, incident=incident.id, reason="fell again", after_s=60)
    assert facts_of(turn, IncidentReopened)[0].reason == "fell again"
    assert incident.id in [fact.incident for fact in facts_of(turn, UnitDispatched)]
    assert (incident.number, incident.phase, incident.disposition, incident.ended_ms) == (1, Phase.ASSIGNED, "", 0)
    assert incident.filled == {"bls": 1}
    assert len(incident.past) == 1
    assert incident.notes[-1].text == "reopened: fell again (it was closed: treated at home)"
    assert list(town.world.open) == [incident.id, later.id], "the board is in the order of the reports"
    assert not town.world.closed
    assert violations(town.world) == []


def test_who_was_there_before_it_was_reopened_does_not_count_as_there() -> None:
    """Its last unit is released before anybody came this time: it waits again, and a person is asked."""
    town = Town()
    incident = treated(town)
    town.see()
    town.command(ReopenIncident, incident=incident.id, reason="fell again", after_s=60)
    (unit,) = incident.assigned
    assert not restore(save(town.world)).incidents[incident.id].reached
    turn = town.command(ReleaseUnit, unit=unit, incident=incident.id, reason="its crew must be relieved")
    assert [fact.unit for fact in facts_of(turn, PlacesReopened)] == [unit]
    assert (town.world.lacking(incident), incident.id in town.world.waiting) == ({"bls": 1}, True)
    assert violations(town.world) == []


def test_a_cancelled_incident_may_be_reopened_and_cancelled_and_reopened() -> None:
    """Each time it is counted once."""
    town = Town()
    incident = town.report("rescue")
    for _ in range(3):
        town.command(CancelIncident, incident=incident.id, reason="hoax")
        assert violations(town.world) == []
        town.command(ReopenIncident, incident=incident.id, reason="no hoax")
        assert incident.id in town.world.waiting
        assert violations(town.world) == []
    assert (town.world.tally["incidents_cancelled"], town.world.tally["incidents_reopened"]) == (3, 3)


def test_a_reopened_incident_is_watched_from_then_on() -> None:
    """Nobody is told of the time for which it was over."""
    town = Town()
    for unit in ("A1", "A2", "B1", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    incident = town.report("medical", 1)
    town.command(CancelIncident, incident=incident.id, reason="hoax", after_s=10)
    town.command(ReopenIncident, incident=incident.id, reason="no hoax", after_s=600)
    assert incident.waiting_since_ms == town.now
    town.wait(59)
    assert not town.world.alarms
    town.wait(1)
    assert len(town.world.alarms) == 1


def test_what_need_not_or_cannot_be_reopened_is_refused() -> None:
    """Each with what to do instead."""
    town = Town()
    first, second = town.report("rescue"), town.report("rescue")
    assert refusal(town.command(ReopenIncident, incident=first.id, reason="x")) == ("not_ended", "incident")
    assert refusal(town.command(ReopenIncident, incident="I9", reason="x")) == ("unknown_incident", "incident")
    assert refusal(town.command(ReopenIncident, incident="I0", reason="x")) == ("unknown_incident", "incident")
    long = "I" + "9" * 5_000
    assert refusal(town.command(ReopenIncident, incident=long, reason="x")) == ("unknown_incident", "incident")
    town.command(MergeIncident, incident=first.id, into=second.id)
    assert refusal(town.command(ReopenIncident, incident=first.id, reason="x")) == ("incident_merged", "incident")
    town.command(CancelIncident, incident=second.id, reason="hoax")
    assert refusal(town.command(ReopenIncident, incident=second.id, reason=" ")) == ("missing", "reason")


def test_what_ended_too_long_ago_is_no_longer_on_the_board() -> None:
    """The town keeps four; the answer says so, and what to do."""
    town = Town()
    for _ in range(5):
        town.command(CancelIncident, incident=town.report("rescue").id, reason="hoax")
    turn = town.command(ReopenIncident, incident="I1", reason="no hoax")
    assert refusal(turn) == ("no_longer_kept", "incident")
    assert "name I1 in a note" in turn.facts[0].reason  # type: ignore[union-attr]  # refusal() has looked
    town.command(ReopenIncident, incident="I2", reason="no hoax")
    assert violations(town.world) == []


def test_an_incident_whose_plan_is_gone_is_reported_anew() -> None:
    """A place without its plan cannot serve it."""
    town = Town()
    incident = town.report("medical", 1)
    town.command(CancelIncident, incident=incident.id, reason="hoax")
    town.step(AdoptPlace(engine_place(plans=PLANS[1:])))
    turn = town.command(ReopenIncident, incident=incident.id, reason="no hoax")
    assert refusal(turn) == ("plan_gone", "incident")


def test_a_split_undoes_a_merge() -> None:
    """The units stay where they went; the other one is served by others, in the same turn; both know of each other."""
    town = Town()
    first, second = town.report("medical", 3), town.report("medical", 3, at=(5_000, 0))
    (own,) = second.assigned
    town.command(MergeIncident, incident=second.id, into=first.id)
    turn = town.command(SplitIncident, incident=second.id, reason="another floor", after_s=30)
    (fact,) = facts_of(turn, IncidentSplit)
    assert (fact.incident, fact.source) == (second.id, first.id)
    assert own in first.assigned
    assert own not in second.assigned
    assert second.assigned
    assert (second.merged_into, second.links, first.links) == (None, [first.id], [second.id])
    assert violations(town.world) == []
    turn = town.command(SplitIncident, incident=second.id, reason="again")
    assert refusal(turn) == ("not_merged", "incident")


def test_a_split_needs_nothing_of_the_other_one() -> None:
    """It may have ended, or been merged itself."""
    town = Town()
    first, second, third = town.report("rescue"), town.report("rescue"), town.report("rescue")
    town.command(MergeIncident, incident=first.id, into=second.id)
    town.command(MergeIncident, incident=second.id, into=third.id)
    town.command(CancelIncident, incident=third.id, reason="hoax")
    for incident in (first, second):
        town.command(SplitIncident, incident=incident.id, reason="real")
        assert incident.id in town.world.waiting
        assert violations(town.world) == []


def test_what_merged_into_an_ended_incident_says_where_it_is() -> None:
    """Merging into what has ended is refused; the answer names the one that goes on."""
    town = Town()
    first, second, third = town.report("rescue"), town.report("rescue"), town.report("rescue")
    town.command(MergeIncident, incident=first.id, into=second.id)
    turn = town.command(MergeIncident, incident=third.id, into=first.id)
    assert refusal(turn) == ("incident_ended", "into")
    assert f"merged into {second.id}: use that one" in turn.facts[0].reason  # type: ignore[union-attr]  # as above


def test_links_can_be_taken_back() -> None:
    """On both sides, however often it was said."""
    town = Town()
    first, second = town.report("rescue"), town.report("rescue")
    town.command(LinkIncidents, incident=first.id, other=second.id)
    town.command(LinkIncidents, incident=second.id, other=first.id)
    turn = town.command(UnlinkIncidents, incident=second.id, other=first.id)
    assert facts_of(turn, IncidentsUnlinked)
    assert first.links == second.links == []
    turn = town.command(UnlinkIncidents, incident=first.id, other=second.id)
    assert refusal(turn) == ("not_linked", "other")


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_one_incident_is_split_and_not_unlinked(turned: bool) -> None:  # a row of the table
    """A merge leaves more than a link."""
    town = Town()
    first, second = town.report("rescue"), town.report("rescue")
    town.command(MergeIncident, incident=first.id, into=second.id)
    names = (second.id, first.id) if turned else (first.id, second.id)
    turn = town.command(UnlinkIncidents, incident=names[0], other=names[1])
    assert refusal(turn) == ("incident_merged", "other")


def test_a_link_to_what_is_no_longer_kept_can_be_taken_back() -> None:
    """The other side is gone."""
    town = Town()
    first, second = town.report("rescue"), town.report("rescue")
    town.command(LinkIncidents, incident=first.id, other=second.id)
    town.command(CancelIncident, incident=second.id, reason="hoax")
    for _ in range(4):
        town.command(CancelIncident, incident=town.report("rescue").id, reason="hoax")
    assert second.id not in town.world.incidents
    town.command(UnlinkIncidents, incident=first.id, other=second.id)
    assert first.links == []


def test_a_reopened_world_is_the_same_after_a_restart() -> None:
    """Also one whose incident had been held before it ended."""
    town = Town()
    incident = town.report("rescue")
    town.command(HoldIncident, incident=incident.id, until_ms=town.now + 60_000, reason="later")
    town.command(CancelIncident, incident=incident.id, reason="hoax")
    town.command(ReopenIncident, incident=incident.id, reason="no hoax")
    assert not incident.held
    world = restore(save(town.world))
    assert list(world.waiting) == [incident.id]
    assert state_hash(world) == state_hash(town.world)
