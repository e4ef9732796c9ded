"""Kept for later: held until a time, scheduled from the report on."""

from typing import Any

import pytest

from engine.core.invariants import violations
from engine.core.lookup import TEXT_MAX
from engine.model.alert_facts import AlarmKind
from engine.model.facts import IncidentReported, UnitDispatched
from engine.model.inputs import (
    AmendIncident,
    CancelIncident,
    CloseIncident,
    DeclareEmergency,
    ReportIncident,
)
from engine.model.lifecycle import Status
from engine.model.response_facts import HoldEnded, IncidentHeld
from engine.model.response_inputs import EndHold, HoldIncident
from engine.model.rules import Limits
from engine.state.image import restore, save, state_hash
from tests.unit.engine_place import Town, engine_place, facts_of, refusal
from tests.unit.holding_kit import PATIENT, busy_town, stack

# ── held ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_sent_to_a_held_incident_until_its_time() -> None:
    """Then it is served in the very turn, by the reminder alone."""
    town = busy_town()
    incident = town.report("medical", 4)
    town.command(HoldIncident, incident=incident.id, until_ms=town.now + 600_000, reason="caller rings again")
    assert (incident.held, incident.held_reason) == (True, "caller rings again")
    assert not town.world.waiting
    assert town.world.orphans() == []
    town.says("B1", Status.AVAILABLE, after_s=60)
    town.wait(500)
    assert not incident.assigned
    ticks = town.wait(100)
    (turn,) = [turn for turn in ticks if facts_of(turn, HoldEnded)]
    assert facts_of(turn, HoldEnded)[0].by == "engine"
    assert [fact.unit for fact in facts_of(turn, UnitDispatched)] == ["B1"]
    assert violations(town.world) == []


def test_a_hold_can_be_ended_and_moved() -> None:
    """The reminder of a hold that was moved means nothing; the incident is back with its old rank."""
    town = busy_town()
    older, younger = town.report("medical", 3), town.report("medical", 3, after_s=5)
    town.command(HoldIncident, incident=older.id, until_ms=town.now + 60_000, reason="wait")
    town.command(HoldIncident, incident=older.id, until_ms=town.now + 300_000, reason="wait longer")
    assert not any(facts_of(turn, HoldEnded) for turn in town.wait(120))
    assert list(town.world.waiting) == [younger.id]
    turn = town.command(EndHold, incident=older.id)
    assert isinstance(turn.facts[0], HoldEnded)
    assert list(town.world.waiting) == [older.id, younger.id]
    assert not any(facts_of(turn, HoldEnded) for turn in town.wait(600))


def test_units_of_a_held_incident_stay_and_nobody_more_is_sent() -> None:
    """A fire that lacks its ladder is held; the engines go on."""
    town = Town()
    for name in ("L1", "L2"):
        town.says(name, Status.OUT_OF_SERVICE)
    fire = town.report("fire", 2)
    assert sorted(fire.assigned) == ["E1", "E2"]
    town.command(HoldIncident, incident=fire.id, until_ms=town.now + 60_000, reason="engines look first")
    town.says("L2", Status.AVAILABLE)
    assert sorted(fire.assigned) == ["E1", "E2"]
    assert violations(town.world) == []
    town.wait(61)
    assert "L2" in fire.assigned


def test_the_alarm_about_waiting_ends_with_the_hold_and_begins_anew() -> None:
    """While it is held nobody waits; afterwards the clock of the wait starts again."""
    town = busy_town()
    incident = town.report("medical", 3)
    town.wait(901)
    assert AlarmKind.PENDING in [alarm.about for alarm in town.world.alarms.about(incident.id)]
    town.command(HoldIncident, incident=incident.id, until_ms=town.now + 60_000, reason="later")
    assert not town.world.alarms.about(incident.id)
    town.wait(61)
    assert incident.waiting_since_ms > incident.reported_ms
    town.wait(901)
    assert AlarmKind.PENDING in [alarm.about for alarm in town.world.alarms.about(incident.id)]


def test_a_held_incident_that_becomes_more_urgent_is_served_at_once() -> None:
    """Who put off a transfer has not put off the cardiac arrest that it has become. Less urgent, it stays held."""
    town = Town()
    incident = town.report("rescue", 4)
    town.command(HoldIncident, incident=incident.id, until_ms=town.now + 60_000, reason="later")
    town.command(AmendIncident, incident=incident.id, priority=5)
    assert incident.held
    turn = town.command(AmendIncident, incident=incident.id, type="medical", priority=1)
    assert not incident.held
    assert facts_of(turn, HoldEnded)
    assert incident.assigned
    assert violations(town.world) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until_ms": 0}, ("out_of_range", "until_ms")),
        ({"after_ms": 0}, ("out_of_range", "until_ms")),
        ({"after_ms": 86_400_001}, ("out_of_range", "until_ms")),
        ({"reason": " "}, ("missing", "reason")),
        ({"reason": "x" * (TEXT_MAX + 1)}, ("too_long", "reason")),
        ({"incident": "I7"}, ("unknown_incident", "incident")),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(fields: dict[str, Any], said: tuple[str, str]) -> None:
    """By the field at fault."""
    town = Town()
    incident = town.report("rescue")
    after_ms = fields.pop("after_ms", 60_000)
    given = {"incident": incident.id, "until_ms": town.now + after_ms, "reason": "later", **fields}
    assert refusal(town.command(HoldIncident, **given)) == said
    assert not incident.held


def test_what_calls_for_help_is_not_held_and_what_ended_neither() -> None:
    """A unit emergency waits for nobody."""
    town = Town()
    town.command(DeclareEmergency, unit="B2")
    turn = town.command(HoldIncident, incident="I1", until_ms=town.now + 60_000, reason="later")
    assert refusal(turn) == ("unit_emergency", "incident")
    assert refusal(town.command(EndHold, incident="I1")) == ("not_held", "incident")
    rescue = town.report("rescue")
    town.command(CancelIncident, incident=rescue.id, reason="hoax")
    turn = town.command(HoldIncident, incident=rescue.id, until_ms=town.now + 60_000, reason="later")
    assert refusal(turn) == ("incident_ended", "incident")


def test_a_held_incident_may_end() -> None:
    """Then nothing of the hold is left, and its reminder passes quietly."""
    for kind, fields in ((CancelIncident, {"reason": "hoax"}), (CloseIncident, {"disposition": "advice"})):
        town = Town()
        incident = town.report("rescue")
        town.command(HoldIncident, incident=incident.id, until_ms=town.now + 60_000, reason="later")
        town.command(kind, incident=incident.id, **fields)
        assert not incident.held
        assert violations(town.world) == []
        assert not any(facts_of(turn, HoldEnded) for turn in town.wait(120))


# ── scheduled ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_scheduled_incident_is_held_from_its_report_on() -> None:
    """Reported and held in one turn, served when it is due."""
    town = Town(PATIENT)
    due_ms = town.now + 3_600_000
    turn = town.command(ReportIncident, type="medical", priority=4, x_m=0, y_m=0, due_ms=due_ms)
    reported, held = turn.facts[0], facts_of(turn, IncidentHeld)[0]
    assert isinstance(reported, IncidentReported)
    assert reported.due_ms == due_ms
    assert (held.incident, held.until_ms, held.reason) == (reported.incident, due_ms, "scheduled")
    assert not facts_of(turn, UnitDispatched)
    incident = town.world.open["I1"]
    town.wait(3_599)
    assert not incident.assigned
    assert not town.world.alarms
    town.wait(1)
    assert list(incident.assigned) == ["B1"]


def test_what_is_due_already_is_served_now() -> None:
    """And what is due beyond what is held is refused: nobody would think of it."""
    town = Town()
    call = {"type": "medical", "priority": 4, "x_m": 0, "y_m": 0}
    turn = town.command(ReportIncident, **call, due_ms=town.now)
    assert facts_of(turn, UnitDispatched)
    assert not facts_of(turn, IncidentHeld)
    late_ms = town.now + Limits().hold_ms + 1
    assert refusal(town.command(ReportIncident, **call, due_ms=late_ms)) == ("out_of_range", "due_ms")


def test_holds_and_stacks_survive_a_restart() -> None:
    """The queue of the restored World holds neither, and both go on as if nothing had been."""
    town = busy_town()
    held, stacked = town.report("medical", 4), town.report("medical", 5)
    town.command(HoldIncident, incident=held.id, until_ms=town.now + 60_000, reason="later")
    stack(town, stacked)
    world = restore(save(town.world))
    assert list(world.waiting) == []
    assert list(world.stacked) == [stacked.id]
    assert violations(world) == []
    assert state_hash(world) == state_hash(town.world)


def test_a_place_may_hold_for_longer() -> None:
    """The bound is the agency's own."""
    town = Town(engine_place(limits=Limits(hold_ms=7 * 86_400_000)))
    turn = town.command(ReportIncident, type="medical", priority=4, x_m=0, y_m=0, due_ms=town.now + 6 * 86_400_000)
    assert facts_of(turn, IncidentHeld)
