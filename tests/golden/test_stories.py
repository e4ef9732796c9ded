"""Whole stories, to be read by people who dispatch: `tests/golden/stories/*.txt`.

A change of behaviour shows as a change of a story. Rewrite them with UPDATE_GOLDEN=1 and read the difference.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from engine.core.invariants import violations
from engine.model.alert_facts import CopyState
from engine.model.facts import AnyFact
from engine.model.inputs import (
    AcknowledgeAlarm,
    AddNote,
    AmendIncident,
    AnyInput,
    CloseIncident,
    CloseRoad,
    DeclareEmergency,
    DispatchUnits,
    DivertUnit,
    MergeIncident,
    OpenRoad,
    PublishEpoch,
    RecommendUnits,
    ReleaseUnit,
    ReportAttempt,
    ReportCopy,
    ReportIncident,
    ReserveUnits,
    ResolveEmergency,
    Resume,
)
from engine.model.lifecycle import Status
from engine.model.moves import AcceptMove, Cover, MoveWhy, OrderMove, ProposedMove, ProposeMoves, RejectMove
from engine.model.roads import Stretch
from tests import river_town
from tests.builders import small_place
from tests.golden.near_stories import HOSPITALS, bed_for_a_patient, called_twice, gas_on_the_way
from tests.golden.storyteller import BECAME, SAID, tell
from tests.unit.engine_place import Town, engine_place

STORIES = Path(__file__).parent / "stories"
Story = Callable[[Town], None]


def ladder_short(town: Town) -> None:
    """A structure fire finds every ladder out; the fire waits for that one and gets it the moment it comes free."""
    town.says("L1", Status.OUT_OF_SERVICE)
    town.says("L2", Status.OUT_OF_SERVICE)
    fire = town.report("fire", 1, at=(400, 300), after_s=60)
    for unit in ("E1", "E2"):
        town.says(unit, Status.EN_ROUTE, after_s=20)
    town.wait(60)
    town.says("L2", Status.AVAILABLE, after_s=30)
    for unit in ("E1", "E2", "L2"):
        town.says(unit, Status.ON_SCENE, after_s=200)
    for unit in ("E1", "E2", "L2"):
        town.says(unit, Status.RETURNING, after_s=900)
    town.command(CloseIncident, incident=fire.id, disposition="kitchen fire, out")


def divert_and_backfill(town: Town) -> None:
    """A paramedic turns round for a more urgent call, by a person's order; the robbed call is backfilled at once."""
    town.report("medical", 2, at=(-3_000, 0))
    town.says("A1", Status.EN_ROUTE, after_s=45)
    town.report("rescue", 1, at=(-1_000, 500), after_s=30)
    town.command(DivertUnit, unit="A1", incident="I2", reason="nearest paramedic", after_s=15)
    town.says("A1", Status.EN_ROUTE, after_s=10)
    town.report("rescue", 1, at=(0, 0), after_s=20)
    town.command(AmendIncident, incident="I2", priority=2, after_s=5)
    town.command(DivertUnit, unit="A1", incident="I3", reason="nearest again", after_s=5)


def crew_fails_on_the_way(town: Town) -> None:
    """An ambulance breaks down on the way; its place is open again and the next one goes in the same turn."""
    town.report("medical", 1, at=(1_000, 0))
    town.says("A1", Status.EN_ROUTE, after_s=50)
    town.says("A1", Status.OUT_OF_SERVICE, after_s=70)
    town.says("B1", Status.ACKNOWLEDGED, after_s=10)


def shared_crew(town: Town) -> None:
    """Engine 1 and ladder 1 are the same people: one out means both out, and one free means both free."""
    town.report("fire", 1, at=(200, 0))
    town.send(town.report("rescue", 3, after_s=30), "L1", reason="it is the nearest", after_s=10)
    town.command(ReleaseUnit, unit="E1", incident="I1", reason="two engines are enough", after_s=20)
    town.send(town.world.open["I2"], "L1", reason="it is the nearest", after_s=10)


def advised(town: Town) -> None:
    """The engine recommends, a person decides: it accepts, departs with a reason, and is refused without one."""
    rescue = town.report("rescue", 2, at=(500, 0))
    town.send(rescue, "E1", after_s=20)
    town.send(rescue, "A2", after_s=15)
    town.send(rescue, "A2", reason="A1 stands by at the stadium", after_s=10)
    town.report("rescue", 2, at=(500, 0), after_s=60)
    town.command(ReserveUnits, incident="I2", units=("E2",), after_s=10)
    town.command(RecommendUnits, incident="I2", after_s=5)
    town.wait(60)
    town.send(town.world.open["I2"], "E2", "A1", after_s=2)


def unit_emergency(town: Town) -> None:
    """A patrol calls for help: others go, not it; its incident ends when somebody has said that it is safe."""
    town.report("crime", 2, at=(800, 0))
    town.send(town.world.open["I1"], "P1", after_s=10)
    town.says("P1", Status.ON_SCENE, after_s=120)
    town.command(DeclareEmergency, unit="P1", text="man with a knife", by="P1", after_s=60)
    town.command(AcknowledgeAlarm, alarm="W1", by="anna", after_s=5)
    town.command(DeclareEmergency, unit="P1", text="hurry", by="P1", after_s=10)
    for unit in ("P2", "A1"):
        town.says(unit, Status.ON_SCENE, after_s=200)
        town.says(unit, Status.AVAILABLE, after_s=300)
    town.command(CloseIncident, incident="I2", disposition="done", by="anna", after_s=5)
    town.command(ResolveEmergency, unit="P1", reason="seen, unhurt", by="anna", after_s=5)
    town.command(CloseIncident, incident="I2", disposition="one in custody", by="anna", after_s=5)


def alert_fails(town: Town) -> None:
    """The pager is down, the radio takes the word and nobody answers: a person is told to call the crew."""
    town.report("medical", 1, at=(300, 0))
    town.step(ReportAttempt("A1", 0, 1, delivered=False, detail="connection refused"), 1)
    town.wait(2)
    town.step(ReportAttempt("A1", 0, 2, delivered=False, detail="connection refused"), 1)
    town.step(ReportAttempt("A1", 1, 1, delivered=True), 1)
    town.wait(130)
    town.command(AcknowledgeAlarm, alarm="W1", by="anna", after_s=5)
    town.says("A1", Status.EN_ROUTE, after_s=20)


def told_side_by_side(town: Town) -> None:
    """Two are told at once: one copy fails and is made again, the other is read, and that stops the ladder for both."""
    town.report("medical", 1, at=(300, 0))
    copy = partial(ReportCopy, alert="A1", rung=0)
    town.step(copy(endpoint="sms", recipient="jansen", state=CopyState.SENT), 1)
    town.step(ReportAttempt("A1", 0, 1, delivered=True))
    town.step(copy(endpoint="mail", recipient="de wit", state=CopyState.FAILED, detail="mailbox full"), 1)
    town.step(ReportAttempt("A1", 0, 1, delivered=False, detail="mailbox full"))
    town.wait(2)
    town.step(copy(endpoint="mail", recipient="de wit", state=CopyState.SENT))
    town.step(ReportAttempt("A1", 0, 2, delivered=True))
    news = partial(ReportCopy, alert="A1", endpoint="sms", recipient="jansen")
    town.step(news(state=CopyState.DELIVERED), 1)
    town.step(news(state=CopyState.SENT), 1)
    town.step(news(state=CopyState.ACKNOWLEDGED, at_ms=town.now - 500), 3)
    town.step(news(state=CopyState.EXPIRED), 60)


def merged(town: Town) -> None:
    """Two calls were one fire: the units of the first go on under the second, each from where it is."""
    town.report("fire", 1, at=(400, 300))
    town.says("E1", Status.EN_ROUTE, after_s=40)
    town.report("fire", 1, at=(450, 320), after_s=10)
    town.command(MergeIncident, incident="I2", into="I1", after_s=20)
    town.command(AddNote, incident="I2", text="same house, caller from the back", after_s=5)
    town.send(town.world.incidents["I2"], "E2", after_s=5)


def restart_is_quiet(town: Town) -> None:
    """An outage of twenty minutes: what was owed goes on at once, and no alarm rings for the outage itself."""
    town.report("medical", 1, at=(300, 0))
    town.step(ReportAttempt("A1", 0, 1, delivered=False, detail="connection refused"), 1)
    town.now += 1_200_000
    town.step(Resume())
    town.wait(4)
    town.says("A1", Status.ON_SCENE, at_ms=town.now - 600_000)
    town.wait(300)


def impossible_reports(town: Town) -> None:
    """What cannot be is refused in words that help, and changes nothing."""
    incident = town.report("medical", 1, at=(300, 0))
    town.says("A1", Status.AVAILABLE, after_s=30)
    town.says("A2", Status.ON_SCENE, after_s=1)
    town.says("A1", Status.EN_ROUTE, after_s=30)
    town.says("A1", Status.ACKNOWLEDGED, after_s=1)
    town.says("A1", Status.ON_SCENE, at_ms=town.now - 20_000)
    town.says("A1", Status.ON_SCENE, incident="I7", after_s=1)
    town.command(CloseIncident, incident=incident.id, disposition="done", after_s=1)
    town.command(ReportIncident, type="dragon", x_m=0, y_m=0, after_s=1)
    town.command(ReportIncident, type="medical", x_m=90_000, y_m=0, after_s=1)
    town.send(incident, "Z9", after_s=1)


def bridge_closed(town: Town) -> None:
    """The bridge between two banks is closed; once travel times say so, the other station's ambulance is the one to ask."""
    town.command(ReportIncident, type="sick", x_m=0, y_m=-2_600, address="Quay 1")
    town.command(CloseRoad, stretch=Stretch(streets=("West Bridge",)), reason="flood", after_s=20)
    town.step(PublishEpoch(town.world.road_book.making[0]))  # type: ignore[index]  # it is in the making
    town.command(DispatchUnits, incident="I1", units=(town.world.open["I1"].recommended[0].unit,), after_s=10)
    town.command(OpenRoad, closure="C1", reason="the water is gone", after_s=600)


def moved_up(town: Town) -> None:
    """North is empty: the planner asks for an ambulance, a person accepts, the crew drives, and is sent from there."""
    town.step(move_plan(town, "A1"), 60)
    town.command(AcceptMove, move="M1", after_s=25)
    town.says("A1", Status.RETURNING, after_s=50)
    town.see(A1=(0, 5_000), after_s=500)
    town.says("A1", Status.AVAILABLE, after_s=20)
    town.report("medical", 1, at=(500, 5_000), after_s=600)


def move_refused(town: Town) -> None:
    """A crew says no, another is ordered by hand, is needed before it arrives, and keeps its new post."""
    town.step(move_plan(town, "A1"), 60)
    town.command(RejectMove, move="M1", by="A1", reason="the oxygen is low", after_s=30)
    town.step(move_plan(town, "A1"), 60)
    town.step(move_plan(town, "A1"), 60)
    town.command(OrderMove, unit="A2", post="North", reason="somebody has to", after_s=20)
    town.says("A2", Status.RETURNING, after_s=70)
    town.report("medical", 1, at=(5_000, 500), after_s=60)


def move_plan(town: Town, unit: str) -> ProposeMoves:
    """Return a plan that fills North with this unit."""
    why = MoveWhy(
        policy="by hand",
        cover_now=612_000,
        cover_then=655_500,
        gain=43_500,
        price=6_000,
        hole_ms=1_500_000,
        fill="North has no ALS unit and none that is out will be clear within 25 minutes",
        choice=f"{unit} leaves Central to B1 and is there in 8 minutes; A2 would take 11",
    )
    moves = (ProposedMove(unit, "North", 490_000, why),)
    return ProposeMoves(town.world.seq, "by hand", moves, (Cover("als", 612_000, 655_500),))


TOLD: tuple[Story, ...] = (
    ladder_short,
    divert_and_backfill,
    crew_fails_on_the_way,
    shared_crew,
    advised,
    unit_emergency,
    alert_fails,
    told_side_by_side,
    merged,
    restart_is_quiet,
    impossible_reports,
    bridge_closed,
    called_twice,
    gas_on_the_way,
    bed_for_a_patient,
    moved_up,
    move_refused,
)


def _town(story: Story) -> Town:
    if story is bed_for_a_patient:
        return Town(engine_place(hospitals=HOSPITALS))
    if story is not bridge_closed:
        return Town()
    return Town(small_place(streets=river_town.graph().digest), streets=river_town.library)


@pytest.mark.parametrize("story", TOLD, ids=[story.__name__ for story in TOLD])
def test_the_story_goes_as_it_was_told(story: Story) -> None:
    """Turn by turn, word by word."""
    town = _town(story)
    del town.turns[:]
    story(town)
    assert violations(town.world) == []
    text = tell(story.__name__.replace("_", " "), (story.__doc__ or "").strip(), town.turns)
    file = STORIES / f"{story.__name__}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_no_story_is_left_from_another_time() -> None:
    """Every file is told by a function here."""
    assert sorted(path.stem for path in STORIES.iterdir()) == sorted(story.__name__ for story in TOLD)


def test_everything_can_be_told() -> None:
    """Each kind of input and of fact has its sentence."""
    assert set(SAID) == set(get_args(AnyInput))
    assert set(BECAME) == set(get_args(AnyFact))
