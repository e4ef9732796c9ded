"""Whole responses, to be read by people who dispatch: plans, crews, diversion, second thoughts, and who was forgotten.

As in `test_stories.py`: a change of behaviour shows as a change of a story. UPDATE_GOLDEN=1 rewrites them.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from engine.model.crew_inputs import (
    AnswerAid,
    AnswerRoll,
    CallRoll,
    DeclineDispatch,
    Help,
    ReportDelay,
    ReportStaffing,
    RequestHelp,
    TellDispatch,
    TellUnit,
)
from engine.model.inputs import AcknowledgeAlarm, AcknowledgeAlert, CloseIncident, DispatchUnits, ReportIncident
from engine.model.lifecycle import Status
from engine.model.place import Agency, Determination, Place, ResponseArea, Unit
from engine.model.plans import AlarmLevel, Alternative, Gate, Mode, Option, Order, Plan, Slot
from engine.model.response_inputs import (
    AcceptRecommendation,
    EndHold,
    HoldIncident,
    ReopenIncident,
    StackIncident,
    StrikeAlarm,
)
from engine.model.rules import MatchingRules, WatchRules, WorkRules
from tests.golden.checking import Story, check_story
from tests.unit.engine_place import ALS, ENGINE, LADDER, PLANS, UNITS, Town, engine_place

RESPONSES = Path(__file__).parent / "responses"
QUINT = Unit("Q1", "quint", ENGINE | LADDER, "Central")
NEIGHBOUR = Agency("hill", "Hillside Fire", units_max=1, answer_within_ms=60_000)


def _slot(name: str, needs: int, count: int = 1, **more: int) -> Slot:
    return Slot(name, (Alternative(needs),), count, **more)


def _plans(*first: Plan) -> tuple[Plan, ...]:
    return (*first, *PLANS)


FIRE = Plan(
    "structure-fire",
    ("fire",),
    (1, 2, 3),
    Mode.AUTO,
    (
        _slot("first_engine", ENGINE, target_ms=240_000),
        _slot("engine", ENGINE, weight_percent=40),
        _slot("ladder", LADDER, weight_percent=60),
    ),
    options=(
        Option("quint", (_slot("first_engine", ENGINE, target_ms=240_000), _slot("quint", ENGINE | LADDER)), 60_000),
    ),
    alarms=(AlarmLevel(2, (_slot("second_alarm_engine", ENGINE, 2, weight_percent=40),)),),
    par_every_ms=900_000,
)


def second_alarm(town: Town) -> None:
    """Both ladders are out, so an engine and a quint answer; then the chief strikes the second alarm."""
    town.says("L1", Status.OUT_OF_SERVICE)
    town.says("L2", Status.OUT_OF_SERVICE)
    town.command(ReportIncident, type="", code="69-D-6", x_m=400, y_m=300, address="12 Mill Lane", after_s=30)
    town.says("Q1", Status.ON_SCENE, after_s=120)
    town.command(StrikeAlarm, incident="I1", reason="through the roof", after_s=60, by="chief")
    town.command(StrikeAlarm, incident="I1", after_s=60, by="chief")


def first_due(town: Town) -> None:
    """The east's own engine is due first; another goes only where it saves more than a minute."""
    town.see(E3=(4_500, 200), after_s=10)
    town.report("fire", 3, at=(4_800, 0))
    town.see(E1=(4_800, 500), R1=(9_000, 0), after_s=600)
    town.report("fire", 3, at=(4_900, 100), after_s=10)


def next_door(town: Town) -> None:
    """An ambulance is about to clear next door: the fall waits for it, the cardiac arrest does not, and takes another."""
    town.report("medical", 2, at=(-5_900, 200))
    for status, after_s in ((Status.EN_ROUTE, 60), (Status.ON_SCENE, 700), (Status.TRANSPORTING, 900)):
        town.says("A1", status, after_s=after_s)
    town.says("A1", Status.AT_HOSPITAL, after_s=600)
    far = dict.fromkeys(("A2", "B1", "B2", "B3"), (18_000, 18_000))
    town.see(A1=(-6_000, 0), **far, after_s=900)
    town.report("medical", 3, at=(-6_200, 0), after_s=5)
    town.report("medical", 1, at=(-6_100, 100), after_s=5)
    town.says("A1", Status.AVAILABLE, after_s=240)


def diverted(town: Town) -> None:
    """The only ambulance near a cardiac arrest is under way to a sprained ankle: it turns round, and another takes the ankle."""
    town.see(B1=(-8_000, 0), A1=(-8_500, 0))
    town.report("medical", 3, at=(-2_000, 0))
    town.says("B1", Status.EN_ROUTE, after_s=30)
    town.see(B1=(-6_500, 0), A1=(9_000, 9_000), A2=(9_000, 8_000), after_s=90)
    town.report("medical", 1, at=(-6_400, 200), after_s=1)
    town.says("B1", Status.EN_ROUTE, after_s=20)
    town.report("medical", 1, at=(-6_500, 100), after_s=10)
    town.says("B1", Status.ON_SCENE, after_s=40)


def superseded(town: Town) -> None:
    """A closer paramedic comes free while another is on the way: it goes instead, and the first turns round."""
    for unit in ("B1", "B2"):
        town.says(unit, Status.OUT_OF_SERVICE)
    town.report("medical", 1, at=(-5_000, 0))
    town.says("A1", Status.EN_ROUTE, after_s=60)
    town.says("A1", Status.ON_SCENE, after_s=500)
    town.see(after_s=60)
    town.see(A1=(-5_000, 0), after_s=5)
    town.report("medical", 1, at=(-5_600, 100))
    town.says("A2", Status.EN_ROUTE, after_s=60)
    town.says("A1", Status.AVAILABLE, after_s=30)


def crews_of_flesh(town: Town) -> None:
    """For a fall at a quarter to the hour nobody keeps a crew beyond its shift, or rouses one from its break; for a life, yes."""
    town.says("B1", Status.ON_BREAK)
    town.report("medical", 3, at=(0, 100), after_s=10)
    town.report("medical", 4, at=(100, 100), after_s=10)
    town.report("medical", 1, at=(5_000, 100), after_s=10)
    town.command(ReportStaffing, unit="A2", staff=1, after_s=60)
    town.command(ReportStaffing, unit="A2", staff=2, after_s=600)


def neighbours(town: Town) -> None:
    """Both of our ladders are out: the neighbour is asked, says no, and is asked for the other one; no more than agreed."""
    town.says("L1", Status.OUT_OF_SERVICE)
    town.says("L2", Status.OUT_OF_SERVICE)
    town.report("fire", 1, at=(400, 300), after_s=10)
    town.command(AnswerAid, unit="HL1", incident="I1", committed=False, reason="out at a fire of our own", after_s=30)
    town.command(AnswerAid, unit="HL2", incident="I1", committed=True, after_s=20)
    town.report("fire", 1, at=(600, 300), after_s=30)


def what_crews_say(town: Town) -> None:
    """A crew does not go and another does, held up at a crossing; it asks for police, and hears where to park."""
    town.report("medical", 1, at=(200, 0), after_s=10)
    said = {"unit": "A1", "incident": "I1", "by": "A1"}
    town.command(DeclineDispatch, **said, reason="axle broken", at_ms=town.now + 12_000, after_s=15)
    town.command(AcknowledgeAlarm, alarm="W1", after_s=20)
    (second,) = town.world.open["I1"].assigned
    town.command(ReportDelay, unit=second, incident="I1", by=second, minutes=4, reason="level crossing", after_s=30)
    town.wait(60)
    town.says(second, Status.ON_SCENE, after_s=240)
    town.command(RequestHelp, unit=second, by=second, what=Help.POLICE, text="aggressive", after_s=60)
    town.command(TellUnit, unit=second, text="police on their way, wait outside", after_s=20)
    town.command(TellDispatch, unit=second, by=second, text="we wait in the car", after_s=15)


def held_and_stacked(town: Town) -> None:
    """A transfer is booked for nine, a lift assist is stacked on the crew next door, and nobody forgets either."""
    town.command(ReportIncident, type="medical", priority=4, x_m=500, y_m=0, due_ms=town.now + 3_600_000)
    town.report("medical", 3, at=(100, 0), after_s=60)
    town.report("medical", 4, at=(1_200, 0), after_s=60)
    town.command(HoldIncident, incident="I3", until_ms=town.now + 600_000, reason="not at home yet", after_s=5)
    town.command(EndHold, incident="I3", after_s=120)
    town.says("A1", Status.ON_SCENE, after_s=200)
    for unit in ("A2", "B2", "B3"):
        town.says(unit, Status.OUT_OF_SERVICE, after_s=1)
    town.report("medical", 4, at=(2_500, 50), after_s=5)
    town.command(StackIncident, incident="I4", unit="B1", reason="round the corner", after_s=5)
    town.says("B1", Status.ON_SCENE, after_s=20)
    town.says("B1", Status.AVAILABLE, after_s=900)
    town.says("B1", Status.EN_ROUTE, after_s=20)
    town.says("A1", Status.AVAILABLE, after_s=20)
    town.see(after_s=20)
    town.says("B1", Status.ON_SCENE, after_s=200)
    town.see(after_s=1_700)
    town.wait(400)


def reopened(town: Town) -> None:
    """The call is over, and then it is not."""
    town.report("medical", 2, at=(300, 0))
    town.says("A1", Status.ON_SCENE, after_s=200)
    town.says("A1", Status.AVAILABLE, after_s=900)
    town.command(CloseIncident, incident="I1", disposition="refused transport", after_s=10)
    town.see(after_s=590)
    town.command(ReopenIncident, incident="I1", reason="she has fainted again", after_s=10)


def forgotten(town: Town) -> None:
    """A crew is told and does not roll, then is overdue; nobody takes on the alarm, so it climbs."""
    town.report("medical", 1, at=(-5_000, 0))
    town.says("A1", Status.ACKNOWLEDGED, after_s=20)
    town.wait(420)
    town.command(AcknowledgeAlarm, alarm="W1", by="anna", after_s=1)
    town.says("A1", Status.EN_ROUTE, after_s=10)
    town.wait(900)
    town.says("A1", Status.ON_SCENE, after_s=10)


def roll_call(town: Town) -> None:
    """Roll-call at a fire: each crew answers for itself, and for the one that does not, help goes out."""
    town.report("fire", 2, at=(400, 300))
    town.says("E1", Status.ON_SCENE, after_s=120)
    town.says("Q1", Status.ON_SCENE, after_s=20)
    town.command(CallRoll, incident="I1", after_s=300, by="chief")
    town.command(AnswerRoll, unit="E1", by="E1", after_s=20)
    town.command(AcknowledgeAlert, alert="A4", after_s=5)
    town.see(after_s=20)
    town.wait(240)


def overruled(town: Town) -> None:
    """A person accepts what no longer holds and hears the new best; accepts that; and overrides, with a reason."""
    town.report("rescue", 2, at=(500, 0))
    seen = town.world.open["I1"].decided_seq
    town.says("E1", Status.OUT_OF_SERVICE, after_s=5)
    town.command(AcceptRecommendation, incident="I1", decision=seen, after_s=5)
    town.command(AcceptRecommendation, incident="I1", decision=town.world.open["I1"].decided_seq, after_s=5)
    town.report("rescue", 2, at=(-500, 0), after_s=60)
    best = next(choice.unit for choice in town.world.open["I2"].recommended if choice.slot == "engine")
    other = "T1" if best != "T1" else "E3"
    town.command(DispatchUnits, incident="I2", units=(other,), after_s=20)
    town.command(DispatchUnits, incident="I2", units=(other,), reason="has the cutting gear", after_s=5)


def not_sure_enough(town: Town) -> None:
    """The plan dispatches by itself, but not on a position that is four minutes old: a person is asked, until one comes."""
    town.wait(240)
    town.report("medical", 1, at=(-5_000, 0))
    town.see(after_s=20)
    town.wait(10)


class Told(Struct, frozen=True):
    """A story and where it happens."""

    story: Story
    place: Callable[[], Place] = engine_place


def _staffed() -> Place:
    units = tuple(replace(unit, staff=2, staff_min=2) if unit.id == "A2" else unit for unit in UNITS)
    return engine_place(units=units, work=WorkRules())


TOLD = (
    Told(
        second_alarm,
        lambda: engine_place(
            plans=_plans(FIRE), units=(*UNITS, QUINT), determinations=(Determination(("69-D", "69-E"), "fire", 1),)
        ),
    ),
    Told(
        first_due,
        lambda: engine_place(
            plans=_plans(Plan("one", ("fire",), (3,), Mode.AUTO, (_slot("engine", ENGINE),), order=Order.BLENDED)),
            areas=(
                ResponseArea(
                    "east",
                    "East",
                    ((2_500, -20_000), (20_000, -20_000), (20_000, 20_000), (2_500, 20_000)),
                    ("East", "Central"),
                ),
            ),
        ),
    ),
    Told(next_door, lambda: engine_place(matching=MatchingRules(free_within_ms=2_400_000))),
    Told(diverted),
    Told(superseded),
    Told(crews_of_flesh, _staffed),
    Told(
        neighbours,
        lambda: engine_place(
            units=(
                *UNITS,
                Unit("HL1", "ladder", LADDER, "East", agency="hill"),
                Unit("HL2", "ladder", LADDER, "North", agency="hill"),
            ),
            agencies=(NEIGHBOUR,),
        ),
    ),
    Told(what_crews_say),
    Told(held_and_stacked),
    Told(reopened),
    Told(forgotten, lambda: engine_place(watch=WatchRules(escalate_ms=60_000, escalations=2))),
    Told(roll_call, lambda: engine_place(plans=_plans(FIRE), units=(*UNITS, QUINT))),
    Told(overruled),
    Told(
        not_sure_enough,
        lambda: engine_place(
            plans=_plans(
                Plan("sure", ("medical",), (1,), Mode.AUTO, (_slot("als", ALS),), gate=Gate(fix_age_ms=120_000))
            )
        ),
    ),
)


@pytest.mark.parametrize("told", TOLD, ids=[told.story.__name__ for told in TOLD])
def test_the_response_goes_as_it_was_told(told: Told) -> None:
    """Turn by turn, word by word."""
    check_story(told.story, Town(told.place()), RESPONSES)


def test_no_response_is_left_from_another_time() -> None:
    """Every file is told by a function here."""
    assert sorted(path.stem for path in RESPONSES.iterdir()) == sorted(told.story.__name__ for told in TOLD)
