"""Response clocks on hand-made ladders with known answers: where they start, where they stop, what is left out."""

from engine.clocks.profiles import Event, Limit, Measure, Profile, Who
from engine.clocks.readings import CANCELLED, MERGED, NOBODY, OPEN, OUT_OF_ORDER
from engine.model.crew_facts import StaffingChanged
from engine.model.facts import IncidentAmended
from engine.model.lifecycle import Outcome, Status
from engine.model.response_facts import HoldEnded, IncidentHeld, IncidentReopened, IncidentSplit, IncidentStacked
from tests.unit.clocks_kit import Tale
from tests.unit.engine_place import ALS, MORNING, engine_place


def own(start: Event, stop: Event, *, limit_s: int = 300, **fields: object) -> Profile:
    """Return a profile of one measure called "it"."""
    measure = Measure(name="it", start=start, stop=stop, limits=(Limit(limit_s),), **fields)  # type: ignore[arg-type]
    return Profile(name="own", title="Our own", measures=(measure,))


FIRST_THERE = own(Event.REPORTED, Event.FIRST_ON_SCENE)
EVERY_TURNOUT = own(Event.DISPATCHED, Event.EN_ROUTE, limit_s=60)


def a_fire() -> Tale:
    """Two engines and a ladder, sent at 50 s; the first engine rolls after 60 s and needs 190 s."""
    tale = Tale()
    tale.report(0, "I1", "fire", 1)
    tale.runs("I1", "E1", 50, 110, 300, None)
    tale.runs("I1", "E2", 50, 140, 400, None)
    tale.runs("I1", "L1", 50, 130, 500, None)
    for unit in ("E1", "E2", "L1"):
        tale.over(4_000, "I1", unit)
    tale.close(4_100, "I1")
    return tale


def test_nfpa_clocks_of_a_fire() -> None:
    """Processing to the first dispatch; turnout of each unit; first engine and full first alarm from wheels rolling."""
    tale = a_fire()
    assert tale.seconds("nfpa-1225/processing") == tale.seconds("nfpa-1221/processing") == [50]
    assert tale.seconds("turnout-fire") == [60, 80, 90]
    assert tale.seconds("first-engine-travel") == [190]
    assert tale.seconds("full-alarm-travel") == [390]
    assert tale.seconds("turnout-ems") == tale.seconds("c1") == []
    row = tale.row("turnout-fire")
    assert (row.readings, row.shares[0].within, row.shares[0].met, row.p50_ms) == (3, 2, False, 80_000)
    assert tale.row("first-engine-travel").met is True
    assert tale.row("c1").met is None


def test_a_substitute_does_not_stop_the_nhs_clock() -> None:
    """B1 is there after 5 minutes, the paramedics after 15: the most appropriate response counts, not the first."""
    tale = Tale()
    tale.report(0, "I1")
    tale.runs("I1", "B1", 30, 60, 300, 2_000)
    tale.runs("I1", "A1", 30, 60, 900, 2_000)
    tale.close(2_100, "I1")
    assert tale.seconds("c2") == [900]
    assert tale.seconds("it", FIRST_THERE) == [300]
    row = tale.row("c2")
    assert (row.mean_met, row.mean_target_s, row.met) == (True, 1_080, True)


def test_a_crew_can_bring_what_its_vehicle_lacks() -> None:
    """B1 has a paramedic on board from before it was sent: it is the best-fitting response."""
    tale = Tale()
    tale.at(0, StaffingChanged("B1", 3, ALS, "B1"))
    tale.report(0, "I1")
    tale.runs("I1", "B1", 30, 60, 300, 2_000)
    tale.close(2_100, "I1")
    assert tale.seconds("c2") == [300]


def test_the_best_fitting_slots_may_be_named() -> None:
    """Of a fire's plan the ladder is what this contract is about."""
    profile = own(Event.REPORTED, Event.BEST_FITTING, slots=("ladder",))
    assert a_fire().seconds("it", profile) == [500]


def test_a_diversion_stops_and_resets_nothing() -> None:
    """The robbed incident waits from its report on, the new one from its own, not from the diversion."""
    tale = Tale()
    tale.report(0, "I1", priority=2)
    tale.send(20, "I1", "A1")
    tale.report(90, "I2", priority=1)
    tale.divert(100, "A1", "I1", "I2")
    tale.runs("I1", "A2", 100, 160, 1_000, 2_000)
    tale.says(110, "I2", "A1", Status.EN_ROUTE, told_at=1_000)
    tale.says(400, "I2", "A1", Status.ON_SCENE, told_at=1_000)
    tale.over(2_000, "I2", "A1")
    tale.close(2_100, "I1")
    tale.close(2_100, "I2")
    assert tale.seconds("c2") == [1_000]
    assert tale.seconds("c1") == [310]
    assert tale.seconds("it", FIRST_THERE) == [310, 1_000]
    row = tale.row("it", FIRST_THERE)
    assert row.late == {"robbed of a unit": 1}
    assert tale.row("it", EVERY_TURNOUT).left_out == {"diverted before the clock stopped": 1}
    assert tale.seconds("it", EVERY_TURNOUT) == [10, 60]


def merged() -> Tale:
    """I1 is reported at 0 s and gets B1; I2, the same occurrence, at 60 s and gets A1; I1 goes on as part of I2."""
    tale = Tale()
    tale.report(0, "I1")
    tale.report(60, "I2")
    tale.runs("I1", "B1", 70, 100, 200, None)
    tale.runs("I2", "A1", 70, 130, 700, None)
    tale.merge(300, "I1", "I2", "B1")
    return tale


def test_one_occurrence_has_one_clock_from_its_earlier_report() -> None:
    """B1 arrived while it was on the other report: its times go with it. The merged one is left out, and counted."""
    tale = merged()
    for unit in ("A1", "B1"):
        tale.over(2_000, "I2", unit)
    tale.close(2_100, "I2")
    assert tale.seconds("c2") == [700]
    assert tale.seconds("it", FIRST_THERE) == [200]
    assert tale.row("c2").left_out == {MERGED: 1}
    assert tale.seconds("it", EVERY_TURNOUT) == [30, 60]


def test_a_split_gives_each_its_own_clock_again() -> None:
    """I1 was an occurrence of its own: it waits from its own report, I2 from its own; the units stay."""
    tale = merged()
    tale.at(400, IncidentSplit("I1", "I2", "two cars", "desk"))
    tale.runs("I1", "A2", 410, 420, 1_000, 2_000)
    for unit in ("A1", "B1"):
        tale.over(2_000, "I2", unit)
    tale.close(2_100, "I2")
    tale.close(2_100, "I1")
    assert tale.seconds("c2") == [640, 1_000]
    assert tale.row("c2").left_out == {}


def test_a_cancellation_that_was_wrong_costs_its_time() -> None:
    """Cancelled after 2 minutes, reopened after 10, served after 20: the caller has waited 20 minutes."""
    tale = Tale()
    tale.report(0, "I1")
    tale.cancel(120, "I1")
    assert tale.row("c2").left_out == {CANCELLED: 1}
    tale.at(600, IncidentReopened("I1", "called again", "desk"))
    assert tale.row("c2", finish=False).left_out == {}
    tale.runs("I1", "A1", 600, 650, 1_200, 2_000)
    tale.close(2_100, "I1")
    assert tale.seconds("c2") == [1_200]
    assert tale.row("c2").left_out == {}


def test_what_was_counted_is_not_counted_again() -> None:
    """Closed, reopened, served again: the response has one reading; each assignment has its own."""
    tale = Tale()
    tale.report(0, "I1")
    tale.runs("I1", "A1", 10, 50, 500, 1_000)
    tale.close(1_100, "I1")
    tale.at(1_200, IncidentReopened("I1", "fell again", "desk"))
    tale.runs("I1", "A2", 1_210, 1_270, 1_500, 2_000)
    tale.close(2_100, "I1")
    assert tale.seconds("c2") == [500]
    assert tale.seconds("it", EVERY_TURNOUT) == [40, 60]


def test_a_scheduled_incident_starts_when_it_is_due() -> None:
    """Reported an hour before; or when a person ends its wait before that. Who is early has kept nobody waiting."""
    tale = Tale()
    for name in ("I1", "I2", "I3"):
        tale.report(0, name, priority=4, due_ms=MORNING + 3_600_000)
        tale.at(0, IncidentHeld(name, MORNING + 3_600_000, "scheduled", "desk"))
    tale.at(1_000, HoldEnded("I2", "desk"))
    tale.runs("I2", "B2", 1_000, 1_060, 1_300, 1_900)
    tale.runs("I3", "B3", 3_000, 3_060, 3_500, 3_550)
    tale.at(3_600, HoldEnded("I1", "engine"))
    tale.runs("I1", "B1", 3_600, 3_660, 3_900, 4_000)
    for name in ("I1", "I2", "I3"):
        tale.close(4_100, name)
    assert tale.seconds("c4") == [0, 300, 300]
    assert tale.row("it", own(Event.REPORTED, Event.FIRST_ON_SCENE, limit_s=100)).late == {}


def test_a_hold_does_not_stop_the_clock() -> None:
    """The caller waits all the same; that it was held, or stacked, is told beside the late readings."""
    tale = Tale()
    tale.report(0, "I1", priority=3)
    tale.at(10, IncidentHeld("I1", MORNING + 900_000, "no units", "desk"))
    tale.at(900, HoldEnded("I1", "engine"))
    tale.at(900, IncidentStacked("I1", "B1", "", "desk"))
    tale.runs("I1", "B1", 900, 960, 1_200, 1_500)
    tale.close(1_600, "I1")
    assert tale.seconds("c3") == [1_200]
    assert tale.row("it", FIRST_THERE).late == {"held": 1, "stacked": 1}


def test_a_late_report_bears_its_own_time() -> None:
    """B1's arrival comes in after A1's and was before it: the stamps count, not the order in which they came."""
    tale = Tale()
    tale.report(0, "I1")
    tale.send(10, "I1", "A1", "B1")
    tale.says(300, "I1", "A1", Status.ON_SCENE)
    tale.says(200, "I1", "B1", Status.ON_SCENE, told_at=320)
    tale.says(900, "I1", "B1", Status.ON_SCENE)
    tale.over(1_000, "I1", "A1")
    tale.over(1_000, "I1", "B1")
    tale.close(1_100, "I1")
    assert tale.seconds("it", FIRST_THERE) == [200]


def test_incomplete_ladders_are_counted_never_filled_in() -> None:
    """A1 never said that it rolled, B1 was sent home, B2 broke down, A2 is still out; nobody went to I2."""
    tale = Tale()
    tale.report(0, "I1")
    tale.report(0, "I2")
    tale.report(0, "I3")
    tale.send(10, "I1", "A1", "B1", "B2")
    tale.send(10, "I3", "A2")
    tale.says(300, "I1", "A1", Status.ON_SCENE)
    tale.over(310, "I1", "B1", Outcome.RELEASED)
    tale.over(310, "I1", "B2", Outcome.FAILED)
    tale.over(1_000, "I1", "A1")
    tale.close(1_100, "I1")
    tale.close(1_100, "I2")
    assert tale.row("it", EVERY_TURNOUT).left_out == {
        "en route was never reported": 1,
        "released before the clock stopped": 1,
        "failed before the clock stopped": 1,
        OPEN: 1,
    }
    assert tale.row("c2").left_out == {NOBODY: 1, OPEN: 1}
    assert tale.seconds("c2") == [300]


def test_no_clock_runs_backwards() -> None:
    """The crew's first unit was on scene before the first one rolled, by their clocks."""
    tale = Tale()
    tale.report(0, "I1")
    tale.send(10, "I1", "A1", "B1")
    tale.says(100, "I1", "A1", Status.ON_SCENE)
    tale.says(200, "I1", "B1", Status.EN_ROUTE)
    tale.over(1_000, "I1", "A1")
    tale.over(1_000, "I1", "B1", Outcome.RELEASED)
    tale.close(1_100, "I1")
    row = tale.row("it", own(Event.FIRST_EN_ROUTE, Event.FIRST_ON_SCENE))
    assert (row.readings, row.left_out) == (0, {OUT_OF_ORDER: 1})


def test_the_full_response_needs_a_unit_for_every_place() -> None:
    """One engine and the ladder are no full alarm; a second engine that was sent beyond the plan completes it."""
    profile = own(Event.REPORTED, Event.FULL_RESPONSE)
    tale = Tale()
    tale.report(0, "I1", "fire", 1)
    tale.runs("I1", "E1", 50, 110, 300, None)
    tale.runs("I1", "L1", 50, 130, 500, None)
    assert tale.row("it", profile).left_out == {OPEN: 1}
    tale.runs("I1", "T1", 600, 660, 900, None)
    for unit in ("E1", "L1", "T1"):
        tale.over(1_000, "I1", unit)
    tale.close(1_100, "I1")
    assert tale.seconds("it", profile) == [900]


def test_an_incident_is_what_was_known_of_it_at_its_end() -> None:
    """It was taken for a minor one first: the clock runs from the report, in the category that it turned out to be."""
    tale = Tale()
    tale.report(0, "I1", priority=4)
    tale.at(
        60,
        IncidentAmended(
            incident="I1",
            type="medical",
            priority=1,
            x_m=0,
            y_m=0,
            plan="medical",
            area=None,
            address="",
            caller="",
            by="desk",
        ),
    )
    tale.runs("I1", "A1", 70, 100, 400, 900)
    tale.close(1_000, "I1")
    assert (tale.seconds("c1"), tale.seconds("c4")) == ([400], [])


def test_measures_choose_incidents_and_units() -> None:
    """By type, area, slot, kind and capability; of the units each one, or the first at the stop."""
    tale = a_fire()
    rungs = (Event.DISPATCHED, Event.ON_SCENE)
    assert tale.seconds("it", own(*rungs, kinds=("ladder",))) == [450]
    assert tale.seconds("it", own(*rungs, has=("engine",))) == [250, 350]
    assert tale.seconds("it", own(*rungs, who=Who.FIRST)) == [250]
    assert tale.seconds("it", own(*rungs, slots=("pump",))) == []
    assert tale.seconds("it", own(*rungs, types=("medical",))) == []
    assert tale.seconds("it", own(*rungs, areas=("west",))) == []
    assert tale.seconds("it", own(*rungs, asks=("hovercraft",))) == []
    assert tale.seconds("it", own(Event.REPORTED, Event.CLEAR)) == [4_000, 4_000, 4_000]


def test_a_report_of_a_span_takes_clocks_that_start_in_it() -> None:
    """From is in it, to is not."""
    tale = a_fire()
    assert tale.seconds("first-engine-travel", span=(MORNING, MORNING + 1)) == [190]
    assert tale.seconds("first-engine-travel", span=(MORNING + 1, None)) == []
    assert tale.seconds("first-engine-travel", span=(None, MORNING)) == []


def test_memory_is_bounded_and_what_began_before_is_said() -> None:
    """Ended incidents are kept as long as the engine can reopen them; one that was never seen is counted."""
    tale = Tale()
    for number in range(20):
        tale.report(number, f"I{number}")
        tale.cancel(number, f"I{number}")
    clocks = tale.clocks()
    assert len(clocks.cases.over) == engine_place().limits.closed_kept
    tale.close(30, "I99")
    assert tale.clocks().cases.unseen == 1


def test_each_priority_has_its_own_figures_and_together_they_are_all() -> None:
    """Also what is left out, and what is taken back when an incident is opened again."""
    tale = Tale()
    for number, priority in enumerate((1, 2, 2, 3)):
        name, begins = f"I{number}", number * 4_000
        tale.report(begins, name, priority=priority)
        tale.runs(name, "A1", begins + 30, begins + 60, begins + 400, begins + 1_000)
        tale.close(begins + 1_100, name)
    tale.report(20_000, "I9", priority=2)
    tale.cancel(20_010, "I9")
    clocks = tale.clocks(split=True)
    assert sorted(clocks.by_priority) == [1, 2, 3]
    for place, row in enumerate(clocks.rows()):
        parts = [clocks.rows(priority)[place] for priority in clocks.by_priority]
        assert row.readings == sum(part.readings for part in parts)
        assert sum(row.left_out.values()) == sum(sum(part.left_out.values()) for part in parts)
    before = {row.measure: sum(row.left_out.values()) for row in clocks.rows(2)}
    tale.at(20_020, IncidentReopened("I9", "wrong one", "desk"))
    again = tale.clocks(split=True, finish=False)
    assert before["c2"] == 1
    assert {row.measure: sum(row.left_out.values()) for row in again.rows(2)}["c2"] == 0
