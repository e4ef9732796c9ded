"""What people made of the recommendations, order by order; and the sentences that come of it."""

from engine.clocks.findings import OverrideReport, report_of
from engine.clocks.overrides import LATEST_MAX, Overrides
from engine.model.crew_facts import AidRequested
from engine.model.facts import UnitReserved
from engine.model.inputs import AnyInput, DispatchUnits, ReserveUnits
from engine.model.response_facts import AutoWithheld, RecommendationStale, UnitsBypassed
from engine.model.response_inputs import AcceptRecommendation
from tests.unit.clocks_kit import Tale, sent


def judged(tale: Tale, **options: tuple[int | None, int | None]) -> OverrideReport:
    overrides = Overrides(**options)
    for turn in tale.turns:
        overrides.feed(turn)
    return report_of(overrides)


def order(*units: str, incident: str = "I1") -> AnyInput:
    return DispatchUnits(id="c", by="desk", incident=incident, units=units, reason="")


def advised(*units: str, incident: str = "I1", tale: Tale | None = None) -> Tale:
    tale = tale or Tale()
    tale.report(0, incident, "rescue", area="west")
    tale.recommend(0, incident, *units)
    return tale


def bypass(incident: str, passed: str, went: str, later_ms: int, reason: str) -> UnitsBypassed:
    return UnitsBypassed(incident, 3, (passed,), (went,), later_ms, reason, "desk")


def test_an_order_is_accepted_edited_overridden_or_added() -> None:
    """By whom it named, against what stood before the turn."""
    tale = advised("E1", "E2")
    tale.at(5, sent("E1", "I1", "engine", by="desk"), given=order("E1"))
    assert judged(tale).total.verdicts == {"accepted": 1}
    gone = bypass("I1", "E2", "E3", 40_000, "E2 is being washed")
    tale.at(6, gone, sent("E3", "I1", "engine", by="desk", deviation="E2 is being washed"), given=order("E3"))
    assert judged(tale).total.verdicts == {"accepted": 1, "overridden": 1}
    tale.at(7, sent("P1", "I1", None, by="desk"), given=order("P1"))
    assert judged(tale).total.verdicts == {"accepted": 1, "overridden": 1, "added": 1}
    tale = advised("E1", "E2")
    facts = (sent(unit, "I1", "engine", by="desk") for unit in ("E1", "E3"))
    tale.at(5, bypass("I1", "E2", "E3", -5_000, "nearer"), *facts, given=order("E1", "E3"))
    report = judged(tale)
    assert report.total.verdicts == {"edited": 1}
    assert report.slots[0].name == "rescue/engine"
    assert report.slots[0].verdicts == {"accepted": 1, "overridden": 1}
    assert (report.later_ms, report.units[0].unit, report.units[0].later_ms) == (-5_000, "E2", -5_000)


def test_what_the_plan_does_by_itself_is_no_order() -> None:
    """Also in a turn in which a person ordered something else; without a recommendation nobody was passed over."""
    tale = advised("E1")
    tale.report(0, "I2", "crime", 3)
    tale.at(5, sent("P1", "I2", None, by="desk"), sent("E1", "I1", "engine"), given=order("P1", incident="I2"))
    report = judged(tale)
    assert report.total.verdicts == {"unasked": 1, "by_itself": 1}
    assert {line.name: line.verdicts for line in report.areas} == {
        "west": {"by_itself": 1},
        "(no area)": {"unasked": 1},
    }
    assert report.total.passed_over is None
    tale = Tale()
    tale.report(0, "I1", "fire", 1, area="west")
    (reported,) = tale.turns.pop().facts
    tale.at(0, reported, sent("E1", "I1", "engine"))
    assert [(line.name, line.verdicts) for line in judged(tale).plans] == [("fire", {"by_itself": 1})]


def test_a_reserved_unit_is_ordered_once() -> None:
    """Its dispatch, and that of a neighbour's unit that was asked for, carry the same order out."""
    tale = advised("E1", "E2")
    kept = UnitReserved(unit="E1", incident="I1", slot="engine", eta_ms=1, by="desk")
    tale.at(5, kept, given=ReserveUnits(id="c", by="desk", incident="I1", units=("E1",)))
    tale.at(6, sent("E1", "I1", "engine", by="desk"), given=order("E1"))
    asked = AidRequested("E2", "county", "I1", "engine", 0, "desk")
    tale.at(7, asked, given=AcceptRecommendation(id="d", by="desk", incident="I1", decision=3))
    tale.at(8, sent("E2", "I1", "engine"))
    assert judged(tale).total.verdicts == {"accepted": 2}


def test_stale_and_withheld_are_counted_with_their_plan() -> None:
    """A person was too late, or the plan was not sure enough."""
    tale = advised("E1")
    tale.at(5, RecommendationStale("I1", 3, "E1 is out."))
    tale.at(6, AutoWithheld("I1", "the ETA is uncertain"))
    report = judged(tale)
    assert report.plans[0].name == "rescue"
    assert report.plans[0].verdicts == {"stale": 1, "withheld": 1}
    assert report.plans[0].reasons == [("the eta is uncertain", 1)]


def test_findings_are_made_where_it_happens_often() -> None:
    """Eight of ten in one plan, for one reason said in many ways of writing; one of one is no finding."""
    tale = Tale()
    for number in range(10):
        name = f"I{number}"
        advised("E1", incident=name, tale=tale)
        if number < 8:
            gone = bypass(name, "E1", "E2", 30_000, "Crew  TIRED" if number % 2 else "crew tired")
            tale.at(5, gone, sent("E2", name, "engine", by="desk"), given=order("E2", incident=name))
        else:
            tale.at(5, sent("E1", name, "engine", by="desk"), given=order("E1", incident=name))
    report = judged(tale)
    assert report.findings[0] == (
        'In plan rescue people passed over what was recommended in 8 of 10 orders; most often because: "crew tired" '
        "(8 times)."
    )
    assert report.findings[-1] == "E1 was passed over 8 times; those who went instead arrive 30 s later."
    assert judged(advised("E1")).findings == []
    assert judged(tale, span=(0, 1)).total.verdicts == {}


def test_the_latest_overruled_recommendations_are_kept_one_by_one() -> None:
    """Whose word, whose reason, who went for whom; few, the oldest leave first; only those of the span."""
    tale = advised("E1")
    for second in range(LATEST_MAX + 5):
        gone = bypass("I1", "E1", "E2", 40_000, f"reason {second}")
        tale.at(second, gone, sent("E2", "I1", "engine", by="desk"), given=order("E2"))
    overrides = Overrides()
    late = Overrides(span=(tale.turns[-1].now, None))
    for turn in tale.turns:
        overrides.feed(turn)
        late.feed(turn)
    assert len(overrides.latest) == LATEST_MAX
    last = overrides.latest[-1]
    assert (last.by, last.reason, last.plan) == ("desk", f"reason {LATEST_MAX + 4}", "rescue")
    assert (last.bypassed, last.sent, last.later_ms, last.at_ms) == (("E1",), ("E2",), 40_000, tale.turns[-1].now)
    assert list(late.latest) == [last]
