"""What is said of decisions after the first one: late units, roll-calls, what people made of advice, who is not heard."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.model.crew_inputs import AnswerRoll, CallRoll, ReportStaffing
from engine.model.inputs import (
    AcknowledgeAlarm,
    DeclareEmergency,
    DispatchUnits,
    ReportIncident,
    ReportStatus,
)
from engine.model.lifecycle import Status
from engine.model.place import Agency
from engine.model.response_facts import DelayCause
from engine.model.response_inputs import AcceptRecommendation, EndHold, HoldIncident, StackIncident
from engine.model.rules import Limits, WatchRules
from gateways.metrics.census import Census
from tests.builders import UNITS
from tests.unit.engine_place import UNITS as TOWN_UNITS
from tests.unit.engine_place import Town, engine_place
from tests.unit.metrics_kit import Measured, serve_metrics


def test_a_unit_that_stands_is_counted_as_late_until_it_arrives() -> None:
    """By its cause; on scene it is late no longer, whatever was said on the way."""
    town = Town()
    census = Census(town.world)
    town.report("medical", 3, at=(-10_000, 0))
    town.says("B1", Status.EN_ROUTE, after_s=30)
    for _ in range(12):
        town.wait(30)
        town.see(B1=(0, 0))
    town.wait(11)
    for turn in town.turns:
        census.follow(turn)
    assert census.late[DelayCause.NOT_MOVING] == 1
    town.says("B1", Status.ON_SCENE, after_s=1)
    census.follow(town.turns[-1])
    assert sum(census.late.values()) == 0


def test_each_unit_that_was_asked_owes_an_answer_of_its_own() -> None:
    """One roll-call, two debts; one answer pays one."""
    town = Town()
    census = Census(town.world)
    town.report("fire")
    for unit in ("E1", "E2"):
        town.says(unit, Status.ON_SCENE, after_s=60)
    town.command(CallRoll, incident="I1")
    for turn in town.turns:
        census.follow(turn)
    assert census.owing_answers == 2
    census.follow(town.command(AnswerRoll, unit="E2"))
    assert census.owing_answers == 1


def test_a_unit_with_too_few_on_board_is_counted() -> None:
    """Only while it stands in service and would be sent, were they more."""
    units = tuple(replace(unit, staff=2, staff_min=2) if unit.id == "A2" else unit for unit in TOWN_UNITS)
    town = Town(engine_place(units=units))
    census = Census(town.world)
    town.command(ReportStaffing, unit="A2", staff=1)
    assert census.understaffed() == 1
    town.says("A2", Status.OUT_OF_SERVICE)
    assert census.understaffed() == 0


async def advised(measured: Measured, number: int) -> tuple[str, int]:
    """Report what a plan asks a person about; return its id and the turn of the advice."""
    given = ReportIncident(id=f"s{number}", by="cad", type="sick", x_m=number, y_m=0)
    answer = await measured.service.ask(given)
    assert answer.incident is not None
    await measured.settled()
    return answer.incident, measured.board.world.open[answer.incident].decided_seq


async def test_what_people_make_of_advice(tmp_path: Path) -> None:
    """Accepted while it holds, stale when it no longer does, passed over for a reason: each is counted once."""
    async with serve_metrics(tmp_path) as measured:
        first, seen = await advised(measured, 1)
        accept = AcceptRecommendation(id="a1", by="desk", incident=first, decision=seen)
        assert (await measured.service.ask(accept)).refusal is None
        second, seen = await advised(measured, 2)
        (named,) = [choice.unit for choice in measured.board.world.open[second].recommended]
        await measured.service.ask(ReportStatus(id="o1", by="crew", unit=named, status=Status.OUT_OF_SERVICE))
        stale = await measured.service.ask(AcceptRecommendation(id="a2", by="desk", incident=second, decision=seen))
        assert stale.refusal is not None
        await measured.settled()
        order = DispatchUnits(id="d1", by="desk", incident=second, units=("B2",), reason="knows the house")
        assert (await measured.service.ask(order)).refusal is None
        await measured.settled()
        assert measured.value("turnout_recommendations_accepted_total") == 1
        assert measured.value("turnout_recommendations_stale_total") == 1
        assert measured.value("turnout_units_bypassed_total") == 1
        assert measured.value("turnout_recommendations_total") >= 3


async def test_who_is_kept_for_later_is_counted_while_it_is_so(tmp_path: Path) -> None:
    """Held, stacked, and neither any more; what has happened stays counted."""
    async with serve_metrics(tmp_path) as measured:
        name, _ = await advised(measured, 1)
        later = measured.service.clock.now() + 3_600_000
        await measured.service.ask(
            HoldIncident(id="h1", by="desk", incident=name, until_ms=later, reason="not at home")
        )
        await measured.settled()
        assert measured.value("turnout_incidents_set_aside", state="held") == 1
        await measured.service.ask(EndHold(id="h2", by="desk", incident=name))
        busy = await measured.report(2)
        (unit,) = measured.board.world.open[busy].assigned
        await measured.service.ask(StackIncident(id="h3", by="desk", incident=name, unit=unit))
        await measured.settled()
        assert measured.value("turnout_incidents_set_aside", state="held") == 0
        assert measured.value("turnout_incidents_set_aside", state="stacked") == 1
        assert measured.value("turnout_incidents_total", event="held") == 1
        assert measured.value("turnout_incidents_total", event="stacked") == 1


async def test_an_alarm_that_nobody_takes_on_comes_to_stand_at_the_top(tmp_path: Path) -> None:
    """It climbs by itself, and leaves the count when a person takes it on."""
    watch = WatchRules(escalate_ms=20, escalations=2)
    limits = Limits(resume_grace_ms=0, pending_after_ms=(20, 20, 20, 20, 20))
    async with serve_metrics(tmp_path, watch=watch, limits=limits) as measured:
        await advised(measured, 1)
        await measured.reaches(1, "turnout_alarms_unacknowledged", about="pending", rung="top")
        assert measured.value("turnout_alarms_escalated_total") == 2
        (alarm,) = measured.board.world.alarms
        await measured.service.ask(AcknowledgeAlarm(id="k1", by="desk", alarm=alarm))
        await measured.settled()
        assert measured.value("turnout_alarms_unacknowledged", about="pending", rung="top") == 0
        assert measured.value("turnout_alarms_open", about="pending") == 1


@pytest.mark.parametrize(("escalations", "rung"), [(3, "higher"), (1, "top"), (0, "top")])
async def test_a_units_emergency_starts_above_the_others(tmp_path: Path, escalations: int, rung: str) -> None:
    """Wherever the ladder ends; and one that nobody has takes the first rung for none."""
    async with serve_metrics(tmp_path, watch=WatchRules(escalations=escalations)) as measured:
        await measured.service.ask(DeclareEmergency(id="e1", by="crew-m1", unit="M1"))
        await measured.settled()
        assert measured.value("turnout_alarms_unacknowledged", about="unit_emergency", rung=rung) == 1
        assert measured.value("turnout_alarms_unacknowledged", about="unit_emergency", rung="first") == 0


async def test_a_neighbour_who_does_not_answer_is_told_from_one_who_says_no(tmp_path: Path) -> None:
    """Both have declined; the silent one is counted beside, because a line may be down."""
    units = tuple(replace(unit, agency="hill", crew=None) if unit.id == "L7" else unit for unit in UNITS)
    hill = Agency("hill", "Hillside", 1, answer_within_ms=20)
    async with serve_metrics(tmp_path, units=units, agencies=(hill,)) as measured:
        await measured.report(1, "fire")
        await measured.reaches(1, "turnout_aid_expired_total")
        assert measured.value("turnout_aid_total", event="requested") >= 1
        assert measured.value("turnout_aid_total", event="declined") >= 1
        assert measured.value("turnout_aid_total", event="committed") == 0
