"""Which plan an incident gets, what its code says of it, and how alarms are struck and ways to answer change."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.invariants import violations
from engine.model.facts import AnyFact, IncidentAmended, IncidentReported, UnitDispatched
from engine.model.inputs import AdoptPlace, AmendIncident, DeclareEmergency, MergeIncident, ReportIncident
from engine.model.place import Determination, Place
from engine.model.plans import AlarmLevel, Mode, Option, Plan
from engine.model.response_facts import AlarmStruck
from engine.model.response_inputs import StrikeAlarm
from engine.model.turn import Turn
from tests.unit.engine_place import ALS, BLS, ENGINE, LADDER, PLANS, POLICE, Town, engine_place, facts_of, refusal, slot

ALL = (1, 2, 3, 4, 5)
HOUR_MS = 3_600_000
"""So dear a way is chosen by people only."""
ENGINES, LADDERS = slot("engine", ENGINE, 2), slot("ladder", LADDER)
FIRE = Plan(
    *("fire", ("fire",), ALL, Mode.ADVISE, (ENGINES, LADDERS)),
    options=(
        Option("with-police", (replace(ENGINES, count=1), slot("police", POLICE)), HOUR_MS),
        Option("with-medics", (replace(ENGINES, count=1), slot("medic", ALS, 2)), HOUR_MS),
    ),
    alarms=(AlarmLevel(2, (slot("more", BLS, 2),)), AlarmLevel(3, (slot("more", BLS), replace(ENGINES, count=1)))),
)
OTHERS = tuple(plan for plan in PLANS if plan.id != "fire")
NIGHT = Plan(
    "night-fire", ("fire",), ALL, Mode.ADVISE, (ENGINES,), windows=((0, 480), (1200, 1440)), alarms=FIRE.alarms[:1]
)


def town(*plans: Plan, **changes: Any) -> Town:
    return Town(engine_place(plans=(*plans, *OTHERS), **changes))


def fact(turn: Turn, kind: type[AnyFact]) -> Any:
    (found,) = facts_of(turn, kind)
    return found


def sound(town: Town) -> bool:
    assert list(violations(town.world)) == []
    return True


# ── the choice of the plan ──────────────────────────────────────────────────────────────────────────────────


def test_the_area_the_hour_and_the_code_choose_the_plan() -> None:
    """The town's Monday begins at eight: the night plan holds until then and from twenty; one holds in the west only."""
    west = Plan("west-fire", ("fire",), (1,), Mode.ADVISE, (ENGINES,), areas=("west",))
    coded = Plan("coded", ("*",), ALL, Mode.ADVISE, (ENGINES,), codes=("7-D", "LOCAL-*"))
    here = town(coded, NIGHT, west, FIRE)
    assert here.report("fire", at=(0, 0)).plan == "west-fire"
    assert here.report("fire", at=(9_000, 0)).plan == "fire"
    assert here.report("fire", at=(0, 0), after_s=12 * 3600 - 1).plan == "west-fire"
    assert here.report("fire", at=(0, 0), after_s=1).plan == "night-fire"
    turn = here.command(ReportIncident, type="crime", x_m=0, y_m=0, code=" local-4 ")
    assert fact(turn, IncidentReported).plan == "coded"
    assert sound(here)


def test_a_gap_in_the_plans_is_refused_in_words() -> None:
    """By day nothing covers it, and the refusal says type, priority and place."""
    here = Town(engine_place(plans=(NIGHT, *PLANS[:2], *PLANS[3:])))
    turn = here.command(ReportIncident, type="fire", x_m=0, y_m=0)
    assert refusal(turn) == ("no_plan", "type")
    assert "'fire' at priority 1 in area 'west' at this hour" in turn.facts[0].reason  # type: ignore[union-attr]


def test_an_incident_keeps_its_plan_over_the_hour_until_it_is_amended() -> None:
    """Night falls on an open incident: nothing changes under its crews' feet; a new word takes the plan of now."""
    here = town(NIGHT, FIRE)
    fire = here.report("fire")
    here.wait(13 * 3600)
    assert fire.plan == "fire"
    here.command(AmendIncident, incident=fire.id, priority=2)
    assert fire.plan == "night-fire"


def test_an_emergency_of_a_unit_gets_the_plan_of_its_area() -> None:
    """The first that covers it, like any incident."""
    local = replace(PLANS[5], id="mayday-west", areas=("west",))
    here = Town(engine_place(plans=(local, *PLANS)))
    assert fact(here.command(DeclareEmergency, unit="B1"), IncidentReported).plan == "mayday-west"
    assert fact(here.command(DeclareEmergency, unit="E2"), IncidentReported).plan == "mayday"


# ── what a code says ────────────────────────────────────────────────────────────────────────────────────────


CODED = engine_place(
    determinations=(
        Determination(("9-E", "9-D-1"), "medical", 1),
        Determination(("9",), "medical", 3),
        Determination(("*-Ω",), "crime", 5),
        Determination(("RTC*",), "rescue", 2),
    )
)

SAID = [
    ({"type": "", "code": "09e1"}, ("medical", 1, "9-E-1")),
    ({"type": "", "code": "9-D-2"}, ("medical", 3, "9-D-2")),
    ({"type": "", "code": "31-OMEGA-2"}, ("crime", 5, "31-Ω-2")),
    ({"type": "", "code": "rtc-17"}, ("rescue", 2, "rtc-17")),
    ({"type": "", "code": "9-E-1", "priority": 4}, ("medical", 4, "9-E-1")),
    ({"type": "fire", "code": "9-E-1"}, ("fire", 1, "9-E-1")),
    ({"type": "crime", "code": "77-A-1"}, ("crime", 3, "77-A-1")),
    ({"type": "crime"}, ("crime", 3, "")),
]


@pytest.mark.parametrize(("given", "expected"), SAID)
def test_a_code_says_type_and_priority_where_nobody_does(given: dict[str, Any], expected: tuple[str, int, str]) -> None:
    """What the report names counts; then the first determination that fits; then the type's own priority."""
    here = Town(CODED)
    reported = fact(here.command(ReportIncident, x_m=0, y_m=0, **given), IncidentReported)
    assert (reported.type, reported.priority, reported.code) == expected
    assert here.world.incidents[reported.incident].code == expected[2]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "", "code": "50-A-1"}, ("unknown_code", "code")),
        ({"type": "", "code": "  "}, ("missing", "type")),
        ({"type": "", "code": ""}, ("missing", "type")),
        ({"type": "crime", "code": "x" * 65}, ("too_long", "code")),
        ({"type": "crimes", "code": "9-E-1"}, ("unknown_type", "type")),
    ],
)
def test_a_code_that_does_not_help_is_refused_by_field(given: dict[str, Any], expected: tuple[str, str]) -> None:
    """The sender learns which field to mend."""
    assert refusal(Town(CODED).command(ReportIncident, x_m=0, y_m=0, **given)) == expected


def test_a_new_code_amends_type_and_priority_and_a_repeated_one_does_not() -> None:
    """A code that a system sends along with every message must not undo what a person has said since."""
    here = Town(CODED)
    call = here.report("crime")
    amended = fact(here.command(AmendIncident, incident=call.id, code="9-E-1"), IncidentAmended)
    assert (amended.type, amended.priority, amended.code, amended.plan) == ("medical", 1, "9-E-1", "medical")
    here.command(AmendIncident, incident=call.id, priority=4)
    here.command(AmendIncident, incident=call.id, code="09-E-01", address="Mill Lane 4")
    assert (call.priority, call.address, call.code) == (4, "Mill Lane 4", "9-E-1")
    here.command(AmendIncident, incident=call.id, code="60-A-1")
    assert (call.type, call.priority, call.code) == ("medical", 4, "60-A-1")
    here.command(AmendIncident, incident=call.id, code="9-D-1", type="crime", priority=5)
    assert (call.type, call.priority) == ("crime", 5)
    here.command(AmendIncident, incident=call.id, code="")
    assert (call.type, call.code) == ("crime", "")
    assert refusal(here.command(AmendIncident, incident=call.id, code="x" * 65)) == ("too_long", "code")


# ── alarms ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_alarm_is_matched_in_the_turn_in_which_it_is_struck() -> None:
    """Two engines and a ladder are there; the second alarm adds two ambulances, the third one more and an engine."""
    here = town(replace(FIRE, mode=Mode.AUTO))
    fire = here.report("fire")
    assert not here.world.lacking(fire)
    turn = here.command(StrikeAlarm, incident=fire.id, reason="roof")
    assert fact(turn, AlarmStruck) == AlarmStruck(fire.id, 2, "roof", "desk")
    assert [each.slot for each in facts_of(turn, UnitDispatched)] == ["more", "more"]
    assert (fire.alarm, fire.filled) == (2, {"engine": 2, "ladder": 1, "more": 2})
    turn = here.command(StrikeAlarm, incident=fire.id, level=3)
    assert sorted(each.slot for each in facts_of(turn, UnitDispatched)) == ["engine", "more"]
    assert sound(here)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (1, ("not_higher", "level")),
        (2, ("not_higher", "level")),
        (4, ("unknown_level", "level")),
        (0, ("not_higher", "level")),
    ],
)
def test_an_alarm_that_the_plan_does_not_have_or_that_is_struck_is_refused(
    level: int, expected: tuple[str, str]
) -> None:
    """Levels only rise, one that is left out is struck along."""
    here = town(FIRE)
    fire = here.report("fire")
    here.command(StrikeAlarm, incident=fire.id)
    assert refusal(here.command(StrikeAlarm, incident=fire.id, level=level)) == expected
    here.command(StrikeAlarm, incident=fire.id, level=3)
    assert refusal(here.command(StrikeAlarm, incident=fire.id)) == ("top_alarm", "level")
    assert refusal(here.command(StrikeAlarm, incident=here.report("crime").id)) == ("no_alarms", "incident")
    assert refusal(here.command(StrikeAlarm, incident="I99")) == ("unknown_incident", "incident")


def test_a_third_alarm_may_be_struck_at_once_and_adds_both() -> None:
    """What stands between is part of it."""
    here = town(FIRE)
    fire = here.report("fire")
    here.command(StrikeAlarm, incident=fire.id, level=3)
    assert here.world.lacking(fire) == {"engine": 3, "ladder": 1, "more": 3}


def test_another_plan_keeps_the_alarm_level_as_far_as_it_goes() -> None:
    """From three levels to two, to one; back it stays at one, for nobody has struck it again."""
    here = town(FIRE, replace(NIGHT, types=("crime",), windows=()))
    fire = here.report("fire")
    here.command(StrikeAlarm, incident=fire.id, level=3)
    for kind, level in (("crime", 2), ("medical", 1), ("fire", 1)):
        here.command(AmendIncident, incident=fire.id, type=kind)
        assert (fire.type, fire.alarm) == (kind, level)
    here.command(StrikeAlarm, incident=fire.id, level=2)
    here.step(AdoptPlace(engine_place(plans=(replace(FIRE, alarms=()), *OTHERS))))
    assert fire.alarm == 1
    assert sound(here)


# ── ways to answer ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_who_sends_another_way_moves_the_incident_to_it() -> None:
    """The plan asks for two engines and a ladder; with an engine there, a patrol car makes it an engine and the police."""
    here = town(FIRE)
    fire = here.report("fire")
    here.send(fire, "E1", reason="near")
    assert (fire.option, fire.filled) == ("", {"engine": 1})
    here.send(fire, "P1", reason="crowd")
    assert (fire.option, fire.filled) == ("with-police", {"engine": 1, "police": 1})
    assert not here.world.lacking(fire)
    assert fire.id not in here.world.waiting
    assert sound(here)


def test_a_way_that_has_no_room_for_those_who_are_there_is_not_taken() -> None:
    """Two engines are there: no other way has two, so a patrol car goes beyond the plan."""
    here = town(FIRE)
    fire = here.report("fire")
    here.send(fire, "E1", "E2", reason="near")
    here.send(fire, "P1", reason="crowd")
    assert fire.option == ""
    assert fire.assigned["P1"].slot is None
    assert here.world.lacking(fire) == {"ladder": 1}
    assert sound(here)


def test_the_way_is_left_only_where_the_present_one_has_no_place() -> None:
    """A medic who fits two ways takes the place in the first that holds all, in the plan's order."""
    both = replace(
        FIRE, options=(FIRE.options[1], Option("late", (replace(ENGINES, count=1), slot("aid", BLS)), HOUR_MS))
    )
    here = town(both)
    fire = here.report("fire")
    here.send(fire, "E1", "A1", reason="near")
    assert (fire.option, fire.assigned["A1"].slot) == ("with-medics", "medic")
    here.send(fire, "B1", reason="near")
    assert (fire.option, fire.assigned["B1"].slot) == ("with-medics", None)
    assert sound(here)


def test_a_merged_unit_and_an_amended_plan_find_their_way_too() -> None:
    """Places are filled by the same rule wherever units come from."""
    here = town(FIRE)
    crime, fire = here.report("crime", at=(9_000, 0)), here.report("fire")
    here.send(crime, "P1", reason="near")
    here.command(MergeIncident, incident=crime.id, into=fire.id)
    assert (fire.option, fire.assigned["P1"].slot) == ("with-police", "police")
    other = here.report("crime")
    here.send(other, "P2", reason="near")
    here.command(AmendIncident, incident=other.id, type="fire")
    assert (other.option, other.filled) == ("with-police", {"police": 1})
    here.command(AmendIncident, incident=other.id, type="crime")
    assert (other.option, other.filled) == ("", {"police": 1})
    assert sound(here)


def test_a_new_place_without_that_way_falls_back_to_the_plans_own() -> None:
    """And whoever filled a place of it goes on beyond the plan."""
    here = town(FIRE)
    fire = here.report("fire")
    here.send(fire, "P1", reason="crowd")
    assert fire.option == "with-police"
    bare: Place = engine_place(plans=(replace(FIRE, options=()), *OTHERS))
    here.step(AdoptPlace(bare))
    assert (fire.option, fire.assigned["P1"].slot, fire.filled) == ("", None, {})
    assert sound(here)
