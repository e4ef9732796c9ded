"""Patients reach a hospital that can help: ranked with reasons, chosen by people, told to crews that carry one."""

from typing import Any

import numpy as np
import pytest

from engine.core.invariants import violations
from engine.model.inputs import (
    AdoptPlace,
)
from engine.model.lifecycle import Status
from engine.model.place import Hospital
from engine.model.surroundings import (
    ChooseDestination,
    DestinationChosen,
    DestinationsRanked,
    HospitalReportLapsed,
    HospitalState,
    RankDestinations,
    ReportHospital,
)
from engine.model.turn import Turn
from engine.policy.destinations import USUAL_HANDOVER_MS
from engine.policy.travel import travel_model
from engine.state.image import restore, save
from tests import river_town
from tests.unit.engine_place import Town, engine_place, facts_of, refusal

HOSPITALS = (
    Hospital("General", "General Hospital", 1_000, 0, ("stroke",), beds=2),
    Hospital("Trauma", "Trauma Centre", 4_000, 0, ("stroke", "trauma"), beds=2),
    Hospital("Uni", "University", 9_000, 0, ("trauma", "burns"), beds=2),
)


def whole(town: Town) -> None:
    """Nothing is broken, and a World from an image is the same."""
    assert violations(town.world) == []
    back = restore(save(town.world))
    assert violations(back) == []
    assert save(back) == save(town.world)


def hospital_town(*hospitals: Hospital) -> Town:
    """Return a town with hospitals and A1 on scene in its middle."""
    town = Town(engine_place(hospitals=hospitals or HOSPITALS))
    town.report("medical", 2)
    town.says("A1", Status.EN_ROUTE, after_s=30)
    town.says("A1", Status.ON_SCENE, after_s=60)
    return town


def ranked(town: Town, *needs: str, unit: str = "A1") -> list[tuple[str, str]]:
    """Ask where to go and return hospitals with why they are out."""
    (fact,) = facts_of(town.command(RankDestinations, unit=unit, needs=needs), DestinationsRanked)
    whole(town)
    return [(each.hospital, each.reason) for each in fact.ranked]


def say(town: Town, hospital: str, state: HospitalState = HospitalState.OPEN, **fields: Any) -> Turn:
    """Let a hospital report."""
    return town.command(ReportHospital, hospital=hospital, state=state, **fields)


def test_the_nearest_that_can_help_comes_first() -> None:
    """Ranked by the time to the bed; what lacks a service is out and says what it lacks."""
    town = hospital_town()
    assert ranked(town) == [("General", ""), ("Trauma", ""), ("Uni", "")]
    assert ranked(town, "trauma") == [("Trauma", ""), ("Uni", ""), ("General", "it has no trauma")]
    assert ranked(town, "trauma", "stroke")[0] == ("Trauma", "")
    assert ranked(town, "stroke", "burns") == [
        ("General", "it has no burns"),
        ("Trauma", "it has no burns"),
        ("Uni", "it has no stroke"),
    ]


def test_load_and_state_count() -> None:
    """A slow handover, a queue or a busy house loses to one that is farther and free."""
    town = hospital_town()
    for fields in ({"handover_ms": USUAL_HANDOVER_MS + 900_000}, {"waiting": 2}, {"state": HospitalState.BUSY}):
        say(town, "General", **fields)
        assert ranked(town)[0] == ("Trauma", "")
        say(town, "General")
        assert ranked(town)[0] == ("General", "")


def test_one_that_diverts_takes_only_whom_no_other_can_help() -> None:
    """Diverting: out while another can help, in where none can; closed: out whatever comes."""
    town = hospital_town()
    say(town, "Trauma", HospitalState.DIVERTING)
    assert ranked(town, "trauma")[0] == ("Uni", "")
    assert ("Trauma", "it diverts patients to others") in ranked(town, "trauma")
    say(town, "Uni", HospitalState.CLOSED)
    assert ranked(town, "trauma")[0] == ("Trauma", "")
    say(town, "General", HospitalState.DIVERTING)
    assert [reason for _, reason in ranked(town)] == ["", "", "it is closed"]


def test_units_on_their_way_fill_the_beds() -> None:
    """Units that bring a patient count: with its beds taken, the nearest hospital costs a round of handovers."""
    town = hospital_town()
    for number, unit in enumerate(("B1", "A2")):
        town.report("medical", 2, at=(0, 300 + number))
        on = town.world.incidents[town.unit(unit).incident or ""]
        for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.TRANSPORTING):
            town.says(unit, status, after_s=5)
        town.command(ChooseDestination, unit=unit, hospital="General", reason="their own doctor")
        assert on.assigned[unit].destination == "General"
    assert ranked(town)[0] == ("Trauma", "")


def test_a_crew_with_its_patient_on_board_is_told_at_once() -> None:
    """Transporting without a destination: the ranking is in the same turn, for the needs that were named before."""
    town = hospital_town()
    ranked(town, "trauma")
    turn = town.says("A1", Status.TRANSPORTING, after_s=600)
    (fact,) = facts_of(turn, DestinationsRanked)
    assert (fact.needs, fact.ranked[0].hospital) == (("trauma",), "Trauma")
    assert facts_of(town.says("A1", Status.TRANSPORTING, after_s=5), DestinationsRanked) == []
    chosen = hospital_town()
    chosen.command(ChooseDestination, unit="A1", hospital="General")
    assert facts_of(chosen.says("A1", Status.TRANSPORTING, after_s=5), DestinationsRanked) == []
    none = Town()
    none.report("medical", 2)
    for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.TRANSPORTING):
        turn = none.says("A1", status, after_s=5)
    assert facts_of(turn, DestinationsRanked) == []


def test_another_choice_has_a_reason() -> None:
    """The first of the ranking needs none; any other needs a word, also where nobody had asked."""
    town = hospital_town()
    assert refusal(town.command(ChooseDestination, unit="A1", hospital="Uni")) == ("reason_required", "reason")
    ranked(town, "trauma")
    assert refusal(town.command(ChooseDestination, unit="A1", hospital="General")) == ("reason_required", "reason")
    town.command(ChooseDestination, unit="A1", hospital="Trauma")
    turn = town.command(ChooseDestination, unit="A1", hospital="General", reason="stops breathing")
    assert facts_of(turn, DestinationChosen)[0].reason == "stops breathing"
    assert town.world.open["I1"].assigned["A1"].destination == "General"
    whole(town)


def test_the_way_begins_at_the_scene_and_later_at_the_unit() -> None:
    """A unit that waits round the corner of its scene counts from the scene; one that drives, from where it is."""
    town = hospital_town(Hospital("Near", "Near", 0, 0), Hospital("Far", "Far", 6_000, 0))
    town.see(A1=(6_000, 0))
    assert ranked(town)[0] == ("Near", "")
    town.says("A1", Status.TRANSPORTING, after_s=5)
    assert ranked(town)[0] == ("Far", "")


def test_a_report_is_forgotten_when_its_time_is_over() -> None:
    """What a hospital said ends by itself; a later word is not ended by the earlier one's time."""
    town = hospital_town()
    say(town, "General", HospitalState.CLOSED, until_ms=town.now + 60_000)
    say(town, "Trauma", HospitalState.CLOSED, until_ms=town.now + 60_000)
    say(town, "Trauma", HospitalState.CLOSED, until_ms=town.now + 90_000)
    whole(town)
    ticks = town.wait(70)
    lapsed = [fact.hospital for turn in ticks for fact in facts_of(turn, HospitalReportLapsed)]
    assert lapsed == ["General"]
    assert list(town.world.hospitals) == ["Trauma"]
    town.wait(30)
    assert town.world.hospitals == {}


def test_a_hospital_that_is_gone_has_nothing_to_say() -> None:
    """With a new place its report goes; a unit that drives there keeps its destination."""
    town = hospital_town()
    town.command(ChooseDestination, unit="A1", hospital="General")
    say(town, "General", HospitalState.BUSY)
    turn = town.step(AdoptPlace(engine_place(hospitals=HOSPITALS[1:])))
    assert [fact.hospital for fact in facts_of(turn, HospitalReportLapsed)] == ["General"]
    whole(town)
    assert ranked(town)[0] == ("Trauma", "")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"hospital": "Nowhere"}, ("unknown_hospital", "hospital")),
        ({"waiting": -1}, ("out_of_range", "waiting")),
        ({"waiting": 1_001}, ("out_of_range", "waiting")),
        ({"handover_ms": -1}, ("out_of_range", "handover_ms")),
        ({"until_ms": 0}, ("out_of_range", "until_ms")),
    ],
)
def test_a_report_that_cannot_be_is_refused(fields: dict[str, Any], told: tuple[str, str]) -> None:
    """Each refusal names its field."""
    town = hospital_town()
    assert (
        refusal(town.command(ReportHospital, **{"hospital": "General", "state": HospitalState.OPEN} | fields)) == told
    )


def test_a_question_that_cannot_be_answered_is_refused() -> None:
    """A unit without an incident has no patient; a service that nobody has is a slip of the pen; no hospitals, no rank."""
    town = hospital_town()
    assert refusal(town.command(RankDestinations, unit="A2")) == ("not_assigned", "unit")
    assert refusal(town.command(RankDestinations, unit="Z9")) == ("unknown_unit", "unit")
    assert refusal(town.command(RankDestinations, unit="A1", needs=("stroek",))) == ("unknown_service", "needs")
    assert refusal(town.command(ChooseDestination, unit="A1", hospital="X")) == ("unknown_hospital", "hospital")
    bare = Town()
    bare.report("medical", 2)
    assert refusal(bare.command(RankDestinations, unit="A1")) == ("no_hospitals", "unit")


def test_over_streets_the_way_is_that_of_the_oracle() -> None:
    """With streets the travel to a hospital is the one that a unit there would be told to an incident."""
    place = engine_place(
        streets=river_town.graph().digest,
        hospitals=(Hospital("South", "South", 0, -2_000), Hospital("Off", "Off", 9_000, 9_000)),
    )
    town = Town(place, streets=river_town.library)
    town.report("medical", 2)
    unit = next(iter(town.world.open["I1"].assigned))
    for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.TRANSPORTING):
        turn = town.says(unit, status, after_s=5)
    (fact,) = facts_of(turn, DestinationsRanked)
    other = town.report("medical", 2, at=(0, -2_000))
    row = town.world.fleet.rows[unit]
    (exact_ms,) = travel_model(town.world).times_ms(town.world.fleet, np.array([row], np.int32), other)
    told = {each.hospital: each.travel_ms for each in fact.ranked}
    assert told["South"] == exact_ms
    assert told["Off"] > 0
    whole(town)
