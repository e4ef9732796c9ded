"""Crews: who is on board decides what a unit can do and whether it goes; hours, breaks and jobs are kept."""

import pytest
from msgspec.structs import replace

from engine.core.crews import STAFF_MAX
from engine.core.invariants import violations
from engine.model.crew_inputs import ReportStaffing
from engine.model.facts import DutyChanged, UnitDispatched, UnitsRecommended
from engine.model.inputs import AdoptPlace, CancelIncident
from engine.model.lifecycle import Outcome, Status
from engine.model.place import Place
from engine.model.staffing import Staffing, staffing_level
from engine.state.image import restore, save
from engine.state.world import World
from tests.unit.engine_place import ALS, CAPABILITIES, ENGINE, UNITS, Town, engine_place, facts_of, refusal


def staffed(**changes: object) -> Place:
    """The town, in which E2 and E3 want four people and three at least."""
    units = tuple(replace(u, staff=4, staff_min=3) if u.id in ("E2", "E3") else u for u in UNITS)
    return engine_place(units=units, **changes)


def whole(town: Town) -> World:
    """Return the World, after it was held against its invariants and against its own image."""
    assert violations(town.world) == []
    again = restore(save(town.world))
    assert violations(again) == []
    assert save(again) == save(town.world)
    for name in ("standing", "capability", "on_break", "staff_short", "fresh_ms", "cleared_ms", "jobs", "turnout_ms"):
        assert (getattr(again.fleet, name) == getattr(town.world.fleet, name)).all(), name
    return town.world


def test_a_unit_can_do_what_its_crew_can() -> None:
    """A paramedic on the engine makes it one that an ALS slot may be filled by, until the next crew comes."""
    town = Town(staffed())
    row = town.unit("E3").row
    town.command(ReportStaffing, unit="E3", staff=4, brings=("als",))
    assert int(whole(town).fleet.capability[row]) == ENGINE | ALS
    incident = town.report("rescue", at=(0, 5_000))
    assert [(c.slot, c.unit) for c in incident.recommended if c.slot == "als"] == [("als", "E3")]
    town.command(ReportStaffing, unit="E3", staff=4)
    assert int(whole(town).fleet.capability[row]) == ENGINE
    assert [c.unit for c in incident.recommended if c.slot == "als"] != ["E3"]


def test_a_unit_with_too_few_people_does_not_go() -> None:
    """Below its minimum it is not sent; the moment it has its people it is, in the same turn."""
    town = Town(staffed())
    town.command(ReportStaffing, unit="E2", staff=2)
    incident = town.report("fire", at=(5_000, 0))
    assert "E2" not in incident.assigned
    whole(town)
    for unit in sorted({u.id for u in UNITS if u.capabilities & ENGINE and u.id != "E2"}):
        town.says(unit, Status.OUT_OF_SERVICE, after_s=1)
    assert whole(town).lacking(incident)["engine"] == 2
    turn = town.command(ReportStaffing, unit="E2", staff=3, after_s=1)
    assert [(fact.unit, fact.slot) for fact in facts_of(turn, UnitDispatched)] == [("E2", "engine")]
    whole(town)


def test_levels_of_staffing_have_names() -> None:
    """Full, partial, below the minimum; and unknown while nobody has said anything."""
    four = replace(UNITS[6], staff=4, staff_min=3)
    levels = [staffing_level(four, staff) for staff in (None, 5, 4, 3, 2)]
    assert levels == [
        Staffing.UNKNOWN,
        Staffing.FULL,
        Staffing.FULL,
        Staffing.PARTIAL,
        Staffing.BELOW_MINIMUM,
    ]
    assert staffing_level(UNITS[6], 0) is Staffing.FULL, "where people are not counted, nobody is missing"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unit": "X9", "staff": 3}, ("unknown_unit", "unit")),
        ({"unit": "E2", "staff": -1}, ("out_of_range", "staff")),
        ({"unit": "E2", "staff": STAFF_MAX + 1}, ("out_of_range", "staff")),
        ({"unit": "E2", "staff": 3, "brings": ("als", "juggling")}, ("unknown_capability", "brings")),
    ],
)
def test_a_staffing_that_cannot_be_is_refused(fields: dict[str, object], said: tuple[str, str]) -> None:
    """It names the field, and nothing changes."""
    town = Town(staffed())
    before = save(town.world)
    assert refusal(town.command(ReportStaffing, **fields)) == said
    assert town.unit("E2").staff is None
    assert len(save(town.world)) >= len(before)


def test_what_crews_bring_survives_a_place_whose_capabilities_are_numbered_otherwise() -> None:
    """A paramedic stays one; what the new place does not know is forgotten."""
    town = Town(staffed())
    town.command(ReportStaffing, unit="E2", staff=4, brings=("als", "police"))
    names = ("bls", "als", "engine", "ladder")
    town.step(AdoptPlace(staffed(capabilities=(*names, "boat"))), after_s=1)
    assert town.unit("E2").brings == 1 << names.index("als")
    whole(town)
    town.step(AdoptPlace(staffed(capabilities=CAPABILITIES)), after_s=1)
    assert town.unit("E2").brings == ALS


def test_a_crew_on_its_break_is_free_and_has_to_turn_out() -> None:
    """Away from its station it needs its turnout as in quarters; the break ends by its word, and is remembered."""
    town = Town()
    town.see(1, E3=(3_000, 3_000))
    row = town.unit("E3").row
    assert town.world.fleet.turnout_ms[row] == 0
    assert facts_of(town.says("E3", Status.ON_BREAK, after_s=60), DutyChanged)
    fleet = whole(town).fleet
    assert (town.status("E3"), int(fleet.on_break[row]), int(fleet.standing[row])) == (Status.ON_BREAK, 1, 0)
    assert fleet.turnout_ms[row] == UNITS[7].turnout_ms
    town.says("E3", Status.AVAILABLE, after_s=1_800)
    assert town.unit("E3").break_ms == town.now
    assert (int(whole(town).fleet.on_break[row]), int(fleet.turnout_ms[row])) == (0, 0)


def test_a_break_that_an_emergency_ends_was_none() -> None:
    """The crew is sent from its meal; when it comes home the break is still due. Called off before it left, it eats on."""
    town = Town()
    town.says("A1", Status.ON_BREAK, after_s=60)
    incident = town.report("medical", 1)
    assert town.status("A1") is Status.DISPATCHED
    assert whole(town).fleet.on_break[town.unit("A1").row] == 0
    town.command(CancelIncident, incident=incident.id, reason="called off", after_s=5)
    assert town.status("A1") is Status.ON_BREAK
    assert whole(town).fleet.on_break[town.unit("A1").row] == 1
    second = town.report("medical", 1, after_s=30)
    assert "A1" in second.assigned
    town.says("A1", Status.ON_SCENE, after_s=60)
    town.says("A1", Status.RETURNING, after_s=600)
    assert (town.unit("A1").break_ms, town.unit("A1").jobs) == (0, 1)
    whole(town)


def test_a_crew_may_clear_into_its_break() -> None:
    """At hospital with the patient handed over, the meal may follow at once."""
    town = Town()
    incident = town.report("medical", 1)
    town.says("A1", Status.AT_HOSPITAL, after_s=900)
    town.says("A1", Status.ON_BREAK, after_s=600)
    assert incident.past[-1].outcome is Outcome.CLEARED
    assert town.status("A1") is Status.ON_BREAK
    whole(town)


def test_duty_begins_by_the_crews_word() -> None:
    """Off duty or out of service and available again: the hours and the jobs begin anew."""
    town = Town()
    assert (town.unit("A1").duty_since_ms, town.unit("A1").jobs) == (0, 0)
    town.report("medical", 1)
    town.says("A1", Status.ON_SCENE, after_s=300)
    town.says("A1", Status.RETURNING, after_s=600)
    assert (town.unit("A1").jobs, town.unit("A1").cleared_ms) == (1, town.now)
    town.says("A1", Status.OFF_DUTY, after_s=60)
    town.says("A1", Status.AVAILABLE, after_s=36_000)
    assert (town.unit("A1").duty_since_ms, town.unit("A1").jobs) == (town.now, 0)
    whole(town)


def test_only_work_is_counted_as_a_job() -> None:
    """Called off before it rolled: no job. Called off on the road: one. And each night the count begins anew."""
    town = Town()
    for number, (rolls, jobs) in enumerate(((False, 0), (True, 1), (True, 2))):
        incident = town.report("medical", 1, after_s=60)
        assert "A1" in incident.assigned, number
        if rolls:
            town.says("A1", Status.EN_ROUTE, after_s=60)
        town.command(CancelIncident, incident=incident.id, reason="called off", after_s=60)
        town.says("A1", Status.AVAILABLE, after_s=60)
        assert town.unit("A1").jobs == jobs
    incident = town.report("medical", 1, after_s=86_400)
    town.see(A1=(0, 0))
    if "A1" not in incident.assigned:
        town.send(incident, "A1", reason="for the count")
    town.says("A1", Status.ON_SCENE, after_s=60)
    town.says("A1", Status.AVAILABLE, after_s=60)
    assert town.unit("A1").jobs == 1, "a crew without a shift is counted by the day"
    whole(town)


def test_one_vehicle_of_a_crew_takes_its_siblings_out() -> None:
    """E1 and L1 share their people: with E1 on its way L1 cannot go, whatever its own staffing says."""
    town = Town()
    town.command(ReportStaffing, unit="L1", staff=4)
    incident = town.report("rescue")
    town.send(incident, "E1", reason="near")
    fire = town.report("fire", at=(0, 5_000), after_s=1)
    assert "L1" not in fire.assigned
    assert refusal(town.send(fire, "L1", reason="please"))[0] == "crew_busy"
    assert not facts_of(town.turns[-1], UnitsRecommended)
    whole(town)
