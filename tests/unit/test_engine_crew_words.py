"""What crews say of their orders: a decline is decided anew at once, a delay moves the clocks, words are brought."""

import pytest

from engine.core.invariants import violations
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlarmRaised, AlertRequested, Purpose
from engine.model.crew_facts import DelayReported, DispatchDeclined, HelpRequested, UnitSaid
from engine.model.crew_inputs import DeclineDispatch, Help, ReportDelay, RequestHelp, TellDispatch, TellUnit
from engine.model.facts import AssignmentEnded, UnitDispatched, UnitsRecommended
from engine.model.inputs import AcknowledgeAlarm, DispatchUnits, ReportReceipt
from engine.model.lifecycle import Outcome, Status
from engine.model.plans import Mode, Option, Plan
from engine.model.response_facts import AssignmentDelayed, AssignmentOnTime, DelayCause
from engine.model.why import Reason
from engine.policy import Nearest
from engine.state.image import restore, save
from engine.state.world import World
from tests.unit.engine_place import ENGINE, PLANS, POLICE, UNITS, Town, engine_place, facts_of, refusal, slot

MEDICS = tuple(unit for unit in UNITS if unit.id[0] in "AB")


def whole(town: Town) -> World:
    """Return the World, after it was held against its invariants and its own image."""
    assert violations(town.world) == []
    again = restore(save(town.world))
    assert (violations(again), save(again)) == ([], save(town.world))
    return town.world


def sent(town: Town, incident: str) -> list[str]:
    """Return who is on the incident."""
    return sorted(town.world.open[incident].assigned)


@pytest.mark.parametrize("rung", [Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE, Status.STAGING])
def test_who_declines_is_replaced_in_the_same_turn_and_a_person_is_told(rung: Status) -> None:
    """The place is decided anew at once; the alarm stands although somebody else is on the way, until it is seen."""
    town = Town(engine_place())
    incident = town.report("medical", 1).id
    (first,) = sent(town, incident)
    if rung is not Status.DISPATCHED:
        town.says(first, rung)
    turn = town.command(DeclineDispatch, unit=first, incident=incident, reason="axle broken", by=first, after_s=5)
    (declined,) = facts_of(turn, DispatchDeclined)
    (ended,) = facts_of(turn, AssignmentEnded)
    assert (declined.unit, declined.reason, ended.outcome) == (first, "axle broken", Outcome.DECLINED)
    (second,) = sent(town, incident)
    assert second != first
    (alarm,) = [fact for fact in facts_of(turn, AlarmRaised) if fact.about is AlarmKind.DECLINED]
    assert "axle broken" in alarm.text
    assert alarm.alarm in town.world.alarms
    (told,) = facts_of(turn, AlertRequested)
    assert (told.unit, told.purpose) == (second, Purpose.DISPATCH), "its own crew needs no word of release"
    whole(town)
    assert facts_of(town.command(AcknowledgeAlarm, alarm=alarm.alarm), AlarmCleared)
    why = facts_of(turn, UnitsRecommended)[-1].why
    reasons = {each.unit: each.reason for slot in why.slots for each in slot.considered}
    if first in reasons and rung in (Status.DISPATCHED, Status.ACKNOWLEDGED):
        assert reasons[first] is Reason.DECLINED
    whole(town)


def test_a_decline_may_be_answered_in_another_way() -> None:
    """Of the first way no place is filled any more: that it once was is no fault of the incident that is served now."""
    other = Option("police", (slot("police", POLICE),), penalty_ms=1_800_000)
    plan = Plan("medical", ("medical",), (1, 2), Mode.AUTO, (slot("engine", ENGINE),), options=(other,))
    units = tuple(unit for unit in UNITS if unit.id in ("E2", "P1"))
    town = Town(engine_place(units=units, crews=(), plans=(plan, *PLANS[1:])))
    incident = town.report("medical", 1)
    assert (sent(town, incident.id), incident.filled) == (["E2"], {"engine": 1})
    town.command(DeclineDispatch, unit="E2", incident=incident.id, reason="flat tyre", by="E2", after_s=5)
    assert (sent(town, incident.id), incident.option) == (["P1"], "police")
    whole(town)
    incident.filled["engine"] = 1
    assert "counts 1 places of engine as filled" in violations(town.world)[0]


@pytest.mark.parametrize("dispatch", [None, Nearest()])
def test_who_declined_is_proposed_again_only_where_there_is_nobody_else(dispatch: Nearest | None) -> None:
    """Then it is recommended, and not sent by the engine itself: a person decides. Who orders it again may."""
    town = Town(engine_place(units=MEDICS[:2], crews=()))
    if dispatch is not None:
        town.engine.dispatch = dispatch
    incident = town.report("medical", 1).id
    (first,) = sent(town, incident)
    town.command(DeclineDispatch, unit=first, incident=incident, reason="no", by=first)
    (second,) = sent(town, incident)
    turn = town.command(DeclineDispatch, unit=second, incident=incident, reason="no", by=second)
    assert not facts_of(turn, UnitDispatched)
    assert sent(town, incident) == []
    advised = town.world.open[incident].recommended
    assert [choice.unit for choice in advised] in ([first], [second])
    assert AlarmKind.WITHHELD in {alarm.about for alarm in town.world.alarms.values()}
    assert not [fact for each in town.wait(120) for fact in facts_of(each, UnitDispatched)]
    whole(town)
    town.command(DispatchUnits, incident=incident, units=(advised[0].unit,), reason="talked to them")
    assert sent(town, incident) == [advised[0].unit]
    about = {(alarm.about, alarm.unit) for alarm in town.world.alarms.values()}
    assert (AlarmKind.DECLINED, advised[0].unit) not in about
    whole(town)


def test_a_decline_must_be_about_an_order_that_stands() -> None:
    """No reason, another incident, or a crew that has arrived: refused in words, and nothing has changed."""
    town = Town(engine_place())
    incident = town.report("medical", 1).id
    (unit,) = sent(town, incident)
    said = {"unit": unit, "incident": incident, "by": unit}
    assert refusal(town.command(DeclineDispatch, **said, reason=" ")) == ("missing", "reason")
    assert refusal(town.command(DeclineDispatch, **(said | {"incident": "I9"}), reason="no")) == (
        "not_assigned",
        "incident",
    )
    assert refusal(town.command(DeclineDispatch, **said, reason="no", at_ms=town.now + 60_000)) == (
        "out_of_range",
        "at_ms",
    )
    town.says(unit, Status.ON_SCENE)
    assert refusal(town.command(DeclineDispatch, **said, reason="no")) == ("units_on_scene", "incident")
    assert refusal(town.command(ReportDelay, **said, minutes=5)) == ("units_on_scene", "incident")
    whole(town)


def test_a_reported_delay_moves_the_eta_and_the_clocks_of_the_watch() -> None:
    """The crew's word stands against its position, and nobody asks where it is before it has had that time."""
    town = Town(engine_place(units=MEDICS[:1], crews=()))
    incident = town.report("medical", 1).id
    (unit,) = sent(town, incident)
    assignment = town.world.open[incident].assigned[unit]
    before_ms = assignment.arrive_ms
    turn = town.command(ReportDelay, unit=unit, incident=incident, minutes=30, reason="level crossing", by=unit)
    (delay,) = facts_of(turn, DelayReported)
    assert delay.arrive_ms == before_ms + 30 * 60_000
    assert (assignment.late, assignment.arrive_ms) == (DelayCause.REPORTED, delay.arrive_ms)
    assert not town.world.alerts, "who is late knows of its order"
    turns = town.wait(20 * 60)
    changed = [
        fact for each in turns for kind in (AssignmentOnTime, AssignmentDelayed) for fact in facts_of(each, kind)
    ]
    assert changed == []
    asked = {alarm.about for alarm in town.world.alarms.values()}
    assert not asked & {AlarmKind.TURNOUT, AlarmKind.OVERDUE}
    whole(town)
    town.command(ReportDelay, unit=unit, incident=incident, minutes=5, by=unit)
    assert assignment.arrive_ms == before_ms + 35 * 60_000
    late = [fact for each in town.wait(90 * 60) for fact in facts_of(each, AlarmRaised)]
    assert {fact.about for fact in late} & {AlarmKind.TURNOUT, AlarmKind.OVERDUE}
    whole(town)


def test_a_wish_for_help_is_an_alarm_of_its_own() -> None:
    """Police after more units is a second alarm; asked again for the same, it is one alarm with the newest words."""
    town = Town(engine_place())
    incident = town.report("medical", 1).id
    (unit,) = sent(town, incident)
    for what, text in ((Help.MORE_UNITS, ""), (Help.POLICE, "aggressive"), (Help.POLICE, "has a knife")):
        turn = town.command(RequestHelp, unit=unit, what=what, text=text, by=unit)
        (wish,) = facts_of(turn, HelpRequested)
        assert (wish.incident, wish.what, wish.text) == (incident, what, text)
    texts = [each.text for each in town.world.alarms.values() if each.about is AlarmKind.HELP_REQUESTED]
    assert texts == [f"{unit} asks for more units on {incident}", f"{unit} asks for police on {incident}: has a knife"]
    assert len(town.unit(unit).words) == 3
    whole(town)


def test_words_for_a_crew_go_the_way_of_its_alerts() -> None:
    """They are read with a receipt; if nobody can bring them, a person is asked to say them; an order does not end them."""
    town = Town(engine_place())
    turn = town.command(TellUnit, unit="A1", text="come by for oxygen", by="desk")
    (alert,) = facts_of(turn, AlertRequested)
    assert (alert.purpose, alert.incident, "oxygen" in alert.text) == (Purpose.MESSAGE, "", True)
    incident = town.report("medical", 1).id
    (unit,) = sent(town, incident)
    town.says(unit, Status.EN_ROUTE)
    assert alert.alert in town.world.alerts, "an order does not make words untrue"
    town.step(ReportReceipt(alert.alert, "A1"))
    assert alert.alert not in town.world.alerts
    (second,) = facts_of(town.command(TellUnit, unit="A2", text="stay off 5th Avenue", by="desk"), AlertRequested)
    town.wait(3_600)
    (alarm,) = [each for each in town.world.alarms.values() if each.about is AlarmKind.MESSAGE_UNTOLD]
    assert "stay off" in alarm.text
    assert second.alert not in town.world.alerts
    whole(town)
    assert facts_of(town.command(AcknowledgeAlarm, alarm=alarm.id), AlarmCleared)
    assert refusal(town.command(TellUnit, unit="A1", text="x" * 1_001)) == ("too_long", "text")


def test_what_a_crew_says_is_kept_with_its_time_and_bounded() -> None:
    """The latest twenty words of each unit are in the World, all of them in the journal."""
    town = Town(engine_place())
    for number in range(25):
        turn = town.command(TellDispatch, unit="A1", text=f"word {number}", by="A1", at_ms=town.now - 30_000)
        (said,) = facts_of(turn, UnitSaid)
        assert said.at_ms == turn.now - 30_000
    kept = [each.text for each in town.world.unit("A1").words]
    assert kept == [f"word {number}" for number in range(5, 25)]
    whole(town)
