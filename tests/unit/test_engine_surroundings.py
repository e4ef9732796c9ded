"""Cautions reach the crews that they concern: with their dispatch, and while they are under way."""

from typing import Any

from engine.core.invariants import violations
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlertRequested, AlertWithdrawn, Purpose
from engine.model.facts import CommandRefused
from engine.model.inputs import (
    AcknowledgeAlarm,
    AmendIncident,
    MergeIncident,
    ReleaseUnit,
    ReportIncident,
    ReportReceipt,
    ReserveUnits,
)
from engine.model.lifecycle import Status
from engine.model.surroundings import (
    CautionEnded,
    CautionRecorded,
    EndCaution,
    RecordCaution,
    Severity,
)
from engine.model.turn import Turn
from engine.policy.cautions import cautions_at
from engine.state.image import restore, save
from tests.unit.engine_place import Town, facts_of, refusal


def warn(town: Town, text: str = "gas leak reported", severity: Severity = Severity.DANGER, **fields: Any) -> Turn:
    """Record a caution about the middle of the town."""
    return town.command(
        RecordCaution, **{"x_m": 0, "y_m": 0, "radius_m": 200, "severity": severity, "text": text} | fields
    )


def texts(turn: Turn) -> list[str]:
    """Return what crews are told in the turn."""
    return [fact.text for fact in facts_of(turn, AlertRequested)]


def whole(town: Town) -> None:
    """Nothing is broken, and a World from an image is the same."""
    assert violations(town.world) == []
    back = restore(save(town.world))
    assert violations(back) == []
    assert save(back) == save(town.world)


def test_the_gravest_come_first_then_the_nearest() -> None:
    """Cautions of a place: most severe first, then nearest, then by id; those that do not reach it are not among them."""
    town = Town()
    for name, severity, x_m, radius_m in (
        ("far", Severity.DANGER, 150, 200),
        ("b", Severity.CAUTION, 0, 0),
        ("a", Severity.CAUTION, 0, 10),
        ("out", Severity.DANGER, 201, 200),
        ("hint", Severity.NOTICE, 0, 20_000),
        ("near", Severity.DANGER, 100, 200),
    ):
        warn(town, severity=severity, x_m=x_m, radius_m=radius_m, caution=name)
    assert [caution.id for caution in cautions_at(town.world, 0, 0)] == ["near", "far", "a", "b", "hint"]
    follower = restore(save(town.world), indexed=False)
    assert cautions_at(follower, 0, 0) == cautions_at(town.world, 0, 0)
    whole(town)


def test_a_polygon_holds_only_within_its_ring() -> None:
    """A warning about an L-shaped valley says nothing of the hill in its corner, for a decider and for a follower."""
    town = Town()
    valley = ((-400, -400), (400, -400), (400, 0), (0, 0), (0, 400), (-400, 400))
    warn(town, "flood", radius_m=570, polygon=valley, caution="valley")
    for point, holds in (((-200, 200), True), ((200, -200), True), ((200, 200), False), ((0, 500), False)):
        assert bool(cautions_at(town.world, *point)) is holds
        assert bool(cautions_at(restore(save(town.world), indexed=False), *point)) is holds
    far = town.command(ReportIncident, type="medical", priority=2, x_m=200, y_m=200)
    assert "flood" not in texts(far)[0]
    assert refusal(warn(town, radius_m=500, polygon=valley)) == ("out_of_range", "radius_m")
    assert refusal(warn(town, radius_m=500, polygon=valley[:2])) == ("out_of_range", "polygon")
    assert not facts_of(warn(town, radius_m=90_000, polygon=valley, caution="wide"), CommandRefused)
    whole(town)


def test_the_alert_of_a_dispatch_bears_what_matters() -> None:
    """At most three dangers and cautions are in the alert, the gravest first; a notice is not."""
    town = Town()
    warn(town, "key at the gate", Severity.NOTICE)
    warn(town, "dog", Severity.CAUTION)
    warn(town, "gas leak reported")
    (text,) = texts(town.command(ReportIncident, type="medical", priority=2, x_m=0, y_m=0))
    assert text.endswith(". DANGER: gas leak reported. CAUTION: dog")
    for number in range(3):
        warn(town, f"fumes {number}", x_m=number)
    (text,) = texts(town.command(ReportIncident, type="medical", priority=2, x_m=0, y_m=0))
    assert text.count("DANGER") == 3
    assert "CAUTION" not in text


def test_crews_under_way_are_told_of_a_new_danger() -> None:
    """A danger at an open incident is told to every crew that was told to go, once; a reserved one knows of nothing."""
    town = Town()
    fire = town.report("fire", 1)
    town.says("E1", Status.EN_ROUTE, after_s=30)
    town.report("rescue", 2, at=(100, 0))
    town.command(ReserveUnits, incident="I2", units=("A1",))
    town.report("medical", 2, at=(3_000, 0))
    turn = warn(town)
    told = facts_of(turn, AlertRequested)
    assert [(fact.unit, fact.purpose) for fact in told] == [(unit, Purpose.CAUTION) for unit in sorted(fire.assigned)]
    assert told[0].text == "E1 TAKE CARE AT I1, see map. DANGER: gas leak reported"
    whole(town)
    again = warn(town, caution="H1", until_ms=town.now + 60_000)
    assert texts(again) == [], "the same words under the same name are no news"
    assert len(texts(warn(town, "gas leak confirmed", caution="H1"))) == len(told)
    assert texts(warn(town, "a dog", Severity.CAUTION)) == []
    whole(town)


def test_only_a_receipt_or_a_person_ends_the_word_of_a_danger() -> None:
    """A status does not show that a crew knows of a danger. Nobody told in time: a person tells it, and says so."""
    town = Town()
    town.report("medical", 2)
    town.says("A1", Status.EN_ROUTE, after_s=10)
    (first,) = facts_of(warn(town), AlertRequested)
    town.says("A1", Status.ON_SCENE, after_s=10)
    assert first.alert in town.world.alerts
    town.step(ReportReceipt(first.alert, "A1"))
    assert first.alert not in town.world.alerts
    warn(town, "armed man")
    town.wait(600)
    (alarm,) = [alarm for alarm in town.world.alarms.values() if alarm.about is AlarmKind.CAUTION_UNTOLD]
    assert "armed man" in alarm.text
    whole(town)
    (cleared,) = facts_of(town.command(AcknowledgeAlarm, alarm=alarm.id), AlarmCleared)
    assert cleared.alarm == alarm.id
    whole(town)


def test_what_is_over_is_called_off() -> None:
    """A danger that ended, or an incident that lies elsewhere after all, leaves no alert and no alarm behind."""
    town = Town()
    incident = town.report("medical", 2)
    town.says("A1", Status.EN_ROUTE, after_s=10)
    warn(town)
    turn = town.command(EndCaution, caution="H1", reason="turned off")
    assert len(facts_of(turn, AlertWithdrawn)) == 1
    whole(town)
    warn(town, until_ms=town.now + 300_000)
    town.wait(290)
    assert AlarmKind.CAUTION_UNTOLD in [alarm.about for alarm in town.world.alarms.values()]
    ticks = town.wait(20)
    assert [fact.caution for turn in ticks for fact in facts_of(turn, CautionEnded)] == ["H2"]
    assert AlarmKind.CAUTION_UNTOLD not in [alarm.about for alarm in town.world.alarms.values()]
    assert not town.world.cautions
    warn(town)
    assert len(facts_of(town.command(AmendIncident, incident=incident.id, x_m=3_000, y_m=0), AlertWithdrawn)) == 1
    whole(town)
    assert len(texts(town.command(AmendIncident, incident=incident.id, x_m=0, y_m=0))) == 1
    turn = town.command(ReleaseUnit, unit="A1", incident=incident.id, reason="not needed")
    assert Purpose.CAUTION in [alert.purpose for alert in _withdrawn(town, turn)]
    whole(town)


def _withdrawn(town: Town, turn: Turn) -> list[AlertRequested]:
    gone = [fact.alert for fact in facts_of(turn, AlertWithdrawn)]
    return [fact for before in town.turns for fact in facts_of(before, AlertRequested) if fact.alert in gone]


def test_units_of_a_merged_incident_are_told_of_the_dangers_where_they_go_now() -> None:
    """A crew that is moved to another place by a merge hears what is dangerous there."""
    town = Town()
    town.report("medical", 2, at=(3_000, 0))
    town.report("medical", 2)
    unit = next(iter(town.world.open["I1"].assigned))
    town.says(unit, Status.EN_ROUTE, after_s=10)
    warn(town)
    turn = town.command(MergeIncident, incident="I1", into="I2")
    assert [(fact.unit, fact.purpose) for fact in facts_of(turn, AlertRequested)] == [(unit, Purpose.CAUTION)]
    whole(town)


def test_a_caution_that_cannot_be_is_refused() -> None:
    """Each refusal names its field; nothing is written."""
    town = Town()
    assert refusal(warn(town, "  ")) == ("missing", "text")
    assert refusal(warn(town, "x" * 201)) == ("too_long", "text")
    assert refusal(warn(town, x_m=50_000)) == ("out_of_range", "position")
    assert refusal(warn(town, radius_m=-1)) == ("out_of_range", "radius_m")
    assert refusal(warn(town, radius_m=20_001)) == ("out_of_range", "radius_m")
    assert refusal(warn(town, until_ms=town.now)) == ("out_of_range", "until_ms")
    assert refusal(warn(town, caution="n" * 129)) == ("too_long", "caution")
    assert refusal(town.command(EndCaution, caution="H1")) == ("unknown_caution", "caution")
    assert town.world.cautions == {}


def test_the_sender_is_told_the_name_of_its_caution() -> None:
    """The engine names what the sender did not; the sender's own name replaces what it named before."""
    town = Town()
    turn = warn(town)
    assert town.world.answer(turn.input).caution == "H1"  # type: ignore[union-attr,arg-type]  # it was answered
    warn(town, caution="H2")
    (fact,) = facts_of(warn(town), CautionRecorded)
    assert fact.caution.id == "H3"
    warn(town, "other words", caution="H2", until_ms=town.now + 1_000)
    warn(town, "for good", caution="H2")
    town.wait(10)
    assert town.world.cautions["H2"].text == "for good", "the end of what was replaced ends nothing"
