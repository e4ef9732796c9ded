"""Shadow plans against a CAD: histories through the real engine, in a town where the distances are plain."""

import pytest
from msgspec.structs import replace

from engine.clocks.agreement import ShadowReport, report_of
from engine.clocks.shadow import Shadow
from engine.model.facts import UnitDispatched, UnitsRecommended
from engine.model.inputs import CancelIncident, CloseIncident, DivertUnit, RecommendUnits, ReserveUnits
from engine.model.lifecycle import Status
from engine.model.plans import Mode
from engine.state.records import Incident
from tests.unit.engine_place import PLANS, Town, engine_place, facts_of

NEAR, FAR = (500, 0), (4_500, 0)
"""P1 stands at (0, 0), P2 and P3 at (5000, 0)."""


def shadow_town() -> Town:
    """Return the town with every plan in shadow, as beside a CAD that decides alone."""
    return Town(engine_place(plans=tuple(replace(plan, mode=Mode.SHADOW) for plan in PLANS)))


def told(town: Town, **options: tuple[int | None, int | None]) -> ShadowReport:
    shadow = Shadow(**options)
    for turn in town.turns:
        shadow.feed(turn)
    shadow.finish()
    return report_of(shadow)


def eta_s(town: Town, unit: str, incident: Incident) -> float:
    """Return what the model expects now."""
    row = town.world.fleet.rows[unit]
    return town.engine.dispatch.estimate(town.world, row, incident).eta_ms / 1000


def close(town: Town, incident: Incident, *units: str) -> None:
    for unit in units:
        town.says(unit, Status.ON_SCENE)
        town.says(unit, Status.AVAILABLE, after_s=60)
    town.command(CloseIncident, incident=incident.id, disposition="done")


def test_the_same_unit_saves_nothing() -> None:
    """And the first-due is the same, of one incident; how long people took is told apart."""
    town = shadow_town()
    crime = town.report("crime", at=NEAR)
    town.send(crime, "P1", after_s=40)
    found = told(town)
    assert found.total.agreements == {"same_units": 1, "same_first": 0, "different": 0}
    assert found.total.same_first == 1.0
    assert found.total.first is not None
    assert (found.total.first.sum_min, found.total.first.mean_s, found.total.first.low_s) == (0.0, 0.0, None)
    assert (found.decided_s, found.theirs_better) == (40.0, {})


def test_another_unit_costs_what_the_model_says() -> None:
    """The difference of two ETAs of one moment, in minutes; by priority and type as well."""
    town = shadow_town()
    crime = town.report("crime", 4, at=NEAR)
    late_s = eta_s(town, "P2", crime) - eta_s(town, "P1", crime)
    town.send(crime, "P2")
    found = told(town)
    assert found.total.agreements["different"] == 1
    assert found.total.first is not None
    assert found.total.first.mean_s == pytest.approx(late_s, abs=0.06) != 0.0
    assert found.total.first.sum_min == pytest.approx(late_s / 60, abs=0.06)
    assert [line.name for line in found.priorities] == ["4"]
    assert [(line.name, line.first) for line in found.types] == [("crime", found.total.first)]


def test_both_are_judged_at_the_moment_of_their_order() -> None:
    """P1 was nearest at the report and has driven away since: at the order P2 is ours as well."""
    town = shadow_town()
    crime = town.report("crime", at=NEAR)
    assert [choice.unit for choice in crime.recommended] == ["P1"]
    town.see(5, P1=(-9_000, 0))
    turn = town.send(crime, "P2", after_s=30)
    kinds = [type(fact) for fact in turn.facts if isinstance(fact, UnitsRecommended | UnitDispatched)]
    assert kinds == [UnitsRecommended, UnitDispatched], "said before the order is carried out"
    found = told(town)
    assert found.total.agreements["same_units"] == 1
    (ours,) = facts_of(turn, UnitsRecommended)
    (theirs,) = facts_of(turn, UnitDispatched)
    assert ours.choices[0].eta_ms == theirs.eta_ms


def test_what_is_said_after_their_order_is_not_looked_at() -> None:
    """They send half of a fire; what we say then to the rest, knowing theirs, is no choice of ours."""
    town = shadow_town()
    fire = town.report("fire", at=FAR)
    ours = {choice.unit for choice in fire.recommended}
    assert len(ours) == 3
    town.send(fire, "E2")
    town.command(RecommendUnits, incident=fire.id)
    town.send(fire, *sorted(ours - {"E2"}), after_s=5)
    found = told(town)
    assert found.total.agreements["same_units"] == 1
    assert found.total.complete is not None
    assert found.total.complete.mean_s >= 5.0 - 0.1, "the last of theirs was told five seconds later"


def test_the_first_may_be_the_same_where_others_differ() -> None:
    """Of three units one is another: the first-due agrees."""
    town = shadow_town()
    fire = town.report("fire", at=FAR)
    assert min(fire.recommended, key=lambda choice: choice.eta_ms).unit == "E2"
    town.send(fire, "E2", "T1", "L2")
    assert told(town).total.agreements["same_first"] == 1


def test_fewer_units_than_ours_are_not_the_same_units() -> None:
    """Nor is there a last arrival to compare."""
    town = shadow_town()
    fire = town.report("fire", at=FAR)
    town.send(fire, "E2")
    close(town, fire, "E2")
    found = told(town)
    assert (found.total.agreements["same_first"], found.total.complete) == (1, None)


def test_a_reservation_is_their_decision() -> None:
    """Judged when it is made; its dispatch later is no second one, and its arrival counts from the dispatch."""
    town = shadow_town()
    crime = town.report("crime", at=NEAR)
    town.command(ReserveUnits, 10, incident=crime.id, units=("P2",), reason="")
    town.send(crime, "P2", after_s=300)
    expected_s = eta_s(town, "P2", crime)
    town.says("P2", Status.ON_SCENE, after_s=round(expected_s) + 45)
    found = told(town)
    assert (found.total.incidents, found.decided_s) == (1, 10.0)
    assert found.total.agreements["different"] == 1
    assert found.etas is not None
    assert found.etas.bias_s == pytest.approx(45, abs=1)


def test_a_diversion_by_the_cad_is_compared_too() -> None:
    """We look at free units only, and say so before theirs is turned round."""
    town = shadow_town()
    first = town.report("crime", 4, at=NEAR)
    town.send(first, "P1")
    second = town.report("crime", 1, at=NEAR, after_s=20)
    turn = town.command(DivertUnit, unit="P1", incident=second.id, reason="shots fired")
    assert isinstance(next(fact for fact in turn.facts if isinstance(fact, UnitsRecommended)), UnitsRecommended)
    found = told(town)
    line = next(line for line in found.priorities if line.name == "1")
    assert line.agreements["different"] == 1
    assert line.first is not None
    assert line.first.mean_s < 0, "who is nearer, but under way, was none of ours"
    assert found.theirs_better == {"status": 1}
    assert found.unmeasured["diverted, and never said to be on scene"] == 1


def test_why_theirs_was_better() -> None:
    """A unit that we expected sooner and did not want first is counted under our own reason."""
    town = shadow_town()
    medical = town.report("medical", 2, at=FAR)
    assert [choice.unit for choice in medical.recommended] == ["A2"]
    town.see(5, B3=FAR)
    town.send(medical, "B3")
    found = told(town)
    assert found.theirs_better == {"second_choice": 1}
    assert found.total.first is not None
    assert found.total.first.mean_s < 0


def test_how_good_our_etas_are_for_their_units() -> None:
    """One is 30 s late, one 10 s early: the mean, the median and the share within a minute; the rest is counted."""
    town = shadow_town()
    for off_s in (30, -10):
        crime = town.report("crime", at=NEAR)
        town.send(crime, "P1")
        town.says("P1", Status.ON_SCENE, after_s=round(eta_s(town, "P1", crime)) + off_s)
        close(town, crime, "P1")
    gone = town.report("crime", at=NEAR)
    town.send(gone, "P1")
    town.says("P1", Status.AVAILABLE, after_s=20)
    on_its_way = town.report("crime", at=NEAR)
    town.send(on_its_way, "P1" if town.unit("P1").incident is None else "P2")
    found = told(town)
    assert found.etas is not None
    assert (found.etas.arrivals, found.etas.within_60_s) == (2, 1.0)
    assert found.etas.bias_s == pytest.approx(10, abs=1.1)
    assert sum(found.unmeasured.values()) == 2
    assert found.unmeasured["still on its way when the journal ends"] >= 1


def test_what_cannot_be_compared_is_counted() -> None:
    """Cancelled, nobody free, still waiting; nothing is dropped in silence."""
    town = shadow_town()
    town.command(CancelIncident, incident=town.report("crime", at=NEAR).id, reason="hung up")
    town.report("crime", at=NEAR)
    for unit in ("P1", "P2", "P3"):
        town.says(unit, Status.OUT_OF_SERVICE)
    nobody = town.report("crime", at=NEAR)
    assert not nobody.recommended
    town.send(nobody, "E1")
    found = told(town)
    assert found.total.incidents == 0
    assert (found.total.same_first, found.total.first, found.decided_s) == (None, None, None)
    assert found.left_out == {
        "cancelled before anybody was sent": 1,
        "nobody had been sent when the journal ends": 1,
        "we had nobody to send": 1,
    }


def test_other_modes_are_no_shadow() -> None:
    """What was advised or sent by itself is another report's."""
    town = Town()
    town.report("fire")
    town.send(town.report("rescue"), "E2", reason="nearer")
    found = told(town)
    assert (found.total.incidents, found.left_out, found.unmeasured) == (0, {}, {})


def test_a_span_is_of_their_decisions() -> None:
    """Only the second of two incidents falls into it."""
    town = shadow_town()
    town.send(town.report("crime", at=NEAR), "P1")
    middle = town.now + 1_000
    town.send(town.report("crime", at=FAR, after_s=60), "P2")
    assert told(town).total.incidents == 2
    assert told(town, span=(middle, None)).total.agreements["same_units"] == 1
    assert told(town, span=(None, middle)).total.incidents == 1


def test_the_interval_is_students() -> None:
    """Five incidents: mean plus and minus t times the standard error, as SciPy has it."""
    scipy_stats = pytest.importorskip("scipy.stats")
    town = shadow_town()
    values = []
    for x_m in (100, 700, 1_300, 1_900, 2_400):
        crime = town.report("crime", at=(x_m, 0))
        values.append(eta_s(town, "P2", crime) - eta_s(town, "P1", crime))
        town.send(crime, "P2")
        close(town, crime, "P2")
        town.see(5, P2=(5_000, 0))
    first = told(town).total.first
    assert first is not None
    mean = sum(values) / 5
    low, high = scipy_stats.t.interval(0.95, 4, mean, scipy_stats.sem(values))
    assert (first.mean_s, first.low_s, first.high_s) == pytest.approx((mean, low, high), abs=0.06)
    assert first.median_s == pytest.approx(sorted(values)[2], abs=0.06)
