"""What units say of themselves: one assignment moves, nothing else; what is late, early or impossible is refused."""

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.core.statuses import AHEAD_MS_MAX
from engine.model.facts import AssignmentAdvanced, AssignmentEnded, DutyChanged
from engine.model.inputs import ReleaseUnit, ReserveUnits
from engine.model.lifecycle import CREW_REPORTS, DUTY, DUTY_REPORTS, RUNGS, UNTOLD, Outcome, Phase, Status
from engine.model.place import Agency
from engine.state.image import save
from tests.unit.engine_place import UNITS, Town, engine_place, facts_of, refusal

ARRIVED = (Status.STAGING, Status.ON_SCENE, Status.AT_PATIENT, Status.TRANSPORTING, Status.AT_HOSPITAL)


def on_rung(rung: Status) -> Town:
    """A town in which A1 is on an incident, at that rung."""
    town = Town()
    if rung is Status.REQUESTED:
        units = tuple(replace(unit, agency="next") if unit.id == "A1" else unit for unit in UNITS)
        town = Town(engine_place(units=units, agencies=(Agency("next", "Next Town", 3),)))
        town.send(town.report("rescue"), "A1", reason="it is the nearest")
    elif rung is Status.RESERVED:
        rescue = town.report("rescue")
        town.command(ReserveUnits, incident=rescue.id, units=("A1",))
    else:
        town.report("medical", 1)
        if rung is not Status.DISPATCHED:
            town.says("A1", rung, after_s=5)
    assert town.status("A1") is rung
    return town


@pytest.mark.parametrize("rung", RUNGS)
def test_an_assigned_unit_reports_what_the_table_allows(rung: Status) -> None:
    """Every status from every rung: allowed ones move the assignment, duty ends it, all others change nothing."""
    for wanted in Status:
        town = on_rung(rung)
        before = town.unit("A1").incident
        turn = town.says("A1", wanted, after_s=5)
        repeated = wanted is rung and rung not in UNTOLD
        if wanted in CREW_REPORTS[rung] or repeated:
            assert [fact.status for fact in facts_of(turn, AssignmentAdvanced)] == [wanted]
            assert (town.status("A1"), town.unit("A1").incident) == (wanted, before)
        elif wanted in (Status.OUT_OF_SERVICE, Status.OFF_DUTY):
            assert [fact.outcome for fact in facts_of(turn, AssignmentEnded)] == [Outcome.FAILED]
            assert town.status("A1") is wanted
        elif wanted in DUTY and rung in ARRIVED:
            assert [fact.outcome for fact in facts_of(turn, AssignmentEnded)] == [Outcome.CLEARED]
            assert town.status("A1") is wanted
        elif wanted in DUTY and rung in UNTOLD:
            assert facts_of(turn, DutyChanged)
            assert (town.status("A1"), town.unit("A1").duty) == (rung, wanted)
        else:
            assert refusal(turn) == ("impossible_transition", "status")
            assert town.status("A1") is rung
        assert violations(town.world) == []


@pytest.mark.parametrize("duty", [status for status in Status if status in DUTY])
def test_an_unassigned_unit_reports_what_the_table_allows(duty: Status) -> None:
    """From a duty status only duty statuses, and only those of the table; a repeat is no mistake."""
    for wanted in Status:
        town = Town()
        if duty is Status.RETURNING:
            town.report("medical", 1)
            town.says("A1", Status.ON_SCENE, after_s=5)
        if duty is not Status.AVAILABLE:
            town.says("A1", duty, after_s=5)
        turn = town.says("A1", wanted, after_s=5)
        if wanted is duty or wanted in DUTY_REPORTS[duty]:
            assert [fact.duty for fact in facts_of(turn, DutyChanged)] == [wanted]
        else:
            assert refusal(turn) == ("impossible_transition", "status")
            assert town.status("A1") is duty


def test_available_again_is_fresh_news() -> None:
    """A unit that is available and says so again is heard: the time of its last report moves."""
    town = Town()
    town.says("A1", Status.AVAILABLE, after_s=60)
    assert town.unit("A1").reported_ms == town.now


def test_an_old_report_does_not_overwrite_a_newer_one() -> None:
    """Reports carry their own time: one that is overtaken, or about an assignment that ended, is refused."""
    town = Town()
    incident = town.report("medical", 1)
    town.says("A1", Status.EN_ROUTE, after_s=20)
    assert refusal(town.says("A1", Status.ON_SCENE, at_ms=town.now - 1)) == ("stale_status", "at_ms")
    assert refusal(town.says("A1", Status.ON_SCENE, incident="I99")) == ("stale_status", "incident")
    town.says("A1", Status.ON_SCENE, after_s=60)
    town.says("A1", Status.AVAILABLE, after_s=60)
    assert refusal(town.says("A1", Status.AT_PATIENT, incident=incident.id)) == ("stale_status", "incident")
    assert town.status("A1") is Status.AVAILABLE


def test_a_report_from_before_the_dispatch_does_not_move_it() -> None:
    """A reserved unit is sent; what its crew said between the two orders is not an answer to the second."""
    town = on_rung(Status.RESERVED)
    town.send(town.world.incidents["I1"], "A1", after_s=30)
    assert refusal(town.says("A1", Status.EN_ROUTE, at_ms=town.now - 10_000)) == ("stale_status", "at_ms")
    assert town.status("A1") is Status.DISPATCHED


def test_a_clock_may_run_ahead_a_little() -> None:
    """Five seconds count as now; more is refused, and says what to look at."""
    town = on_rung(Status.DISPATCHED)
    assert refusal(town.says("A1", Status.EN_ROUTE, at_ms=town.now + AHEAD_MS_MAX + 1)) == ("out_of_range", "at_ms")
    town.says("A1", Status.EN_ROUTE, at_ms=town.now + AHEAD_MS_MAX)
    assert town.world.open["I1"].assigned["A1"].reported_ms == town.now


def test_a_new_unit_has_no_last_report() -> None:
    """Before a unit has ever reported, a report from before the engine's start is news."""
    town = Town()
    town.says("B1", Status.OUT_OF_SERVICE, at_ms=town.now - 3_600_000)
    assert town.status("B1") is Status.OUT_OF_SERVICE


def test_pressing_a_button_twice_is_not_arriving_twice() -> None:
    """The stamp of a rung is that of its first report."""
    town = on_rung(Status.DISPATCHED)
    town.says("A1", Status.ON_SCENE, after_s=100)
    arrived = town.now
    town.says("A1", Status.ON_SCENE, after_s=50)
    assert town.world.open["I1"].assigned["A1"].stamps[Status.ON_SCENE] == arrived


def test_one_crew_clears_and_the_others_stay() -> None:
    """The end of one assignment leaves the others, the filled slots and the incident as they were."""
    town = Town()
    fire = town.report("fire")
    for unit in ("E1", "E2", "L2"):
        town.says(unit, Status.ON_SCENE, after_s=60)
    town.says("E1", Status.RETURNING, after_s=600)
    assert (sorted(fire.assigned), fire.phase) == (["E2", "L2"], Phase.ON_SCENE)
    assert (town.world.lacking(fire), len(town.world.waiting)) == ({}, 0)
    assert violations(town.world) == []


def test_an_open_incident_without_units_stays_on_the_board() -> None:
    """The last crew clears, and the incident waits for a person to close it, in full view."""
    town = on_rung(Status.ON_SCENE)
    town.says("A1", Status.AVAILABLE, after_s=60)
    assert [incident.phase for incident in town.world.open.values()] == [Phase.WAITING]
    assert town.world.orphans() == []


def test_a_crew_that_fails_on_the_way_is_replaced_in_the_same_turn() -> None:
    """Out of service reopens the slot; the next unit goes in the very turn."""
    town = on_rung(Status.EN_ROUTE)
    town.says("A1", Status.OUT_OF_SERVICE, after_s=30)
    assert list(town.world.open["I1"].assigned) == ["B1"]


def test_a_released_unit_that_never_left_stays_what_it_was() -> None:
    """Recalled in quarters it is available; recalled on the road it is returning."""
    for rung, duty in ((Status.ACKNOWLEDGED, Status.AVAILABLE), (Status.EN_ROUTE, Status.RETURNING)):
        town = on_rung(rung)
        town.command(ReleaseUnit, unit="A1", incident="I1", reason="caller called back")
        assert town.status("A1") is duty


def test_a_refused_report_changes_nothing() -> None:
    """Only the count of turns, answers and refusals moves."""
    town = Town()
    other = Town()
    town.says("nobody", Status.AVAILABLE)
    other.says("nobody", Status.ON_SCENE)
    town.world.answers.clear()
    other.world.answers.clear()
    assert save(town.world) == save(other.world)
    assert town.world.tally["refused_unknown_unit"] == 1
