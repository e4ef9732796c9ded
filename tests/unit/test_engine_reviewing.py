"""Units under way: late or on time, whose place is looked at again, and who is no longer needed."""

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.engine import Engine
from engine.core.invariants import violations
from engine.core.recorder import Recorder
from engine.core.reviewing import assignments_to_review
from engine.model.alert_facts import AlarmKind
from engine.model.facts import DutyChanged, UnitDispatched
from engine.model.inputs import AmendIncident, MergeIncident
from engine.model.lifecycle import Outcome, Status
from engine.model.plans import Mode
from engine.model.response_facts import AssignmentDelayed, AssignmentOnTime, DelayCause, ReleaseProposed
from engine.model.rules import WatchRules
from engine.model.turn import Turn
from engine.policy import Nearest
from engine.state.image import restore, save, state_hash
from engine.state.progress import INCIDENTS_MAX, PROGRESS_MS
from engine.state.records import Assignment, Incident
from tests.unit.engine_place import PLANS, UNITS, Town, engine_place, facts_of


def under_way(town: Town, at: tuple[int, int] = (-10_000, 0)) -> tuple[Incident, Assignment]:
    """Send B1 on a long way west: 10 km, twenty minutes."""
    incident = town.report("medical", 3, at=at)
    (assignment,) = incident.assigned.values()
    assert assignment.unit == "B1"
    return incident, assignment


def told(turns: list[Turn]) -> list[Any]:
    """Return what was said of delays."""
    return [fact for turn in turns for kind in (AssignmentDelayed, AssignmentOnTime) for fact in facts_of(turn, kind)]


def drive(town: Town, *spots: tuple[int, int], every_s: int = 30, unit: str = "B1") -> list[Turn]:
    """Let the unit be seen at these spots, one after the other; return the ticks between."""
    ticks: list[Turn] = []
    for spot in spots:
        ticks += town.wait(every_s)
        town.see(**{unit: spot})
    return ticks + town.wait(11)


def test_who_drives_as_told_is_never_spoken_of() -> None:
    """At the speed of the place, straight there."""
    town = Town()
    incident, assignment = under_way(town)
    assert assignment.arrive_ms == town.now + assignment.eta_ms
    town.says("B1", Status.EN_ROUTE, after_s=30)
    spots = [(-250 * step, 0) for step in range(1, 39)]
    assert told(drive(town, *spots)) == []
    assert 0 <= assignment.to_go_ms == assignment.least_to_go_ms < 100_000
    assert violations(town.world) == []
    del incident


def test_a_slow_unit_is_late_before_it_is_late() -> None:
    """At half the speed: said when more than the bound is lost, then only as it gets worse by as much again."""
    town = Town()
    incident, assignment = under_way(town)
    town.says("B1", Status.EN_ROUTE, after_s=30)
    ticks = drive(town, *[(-125 * step, 0) for step in range(1, 21)])
    facts = told(ticks)
    assert [fact.cause for fact in facts] == [DelayCause.SLOW] * len(facts)
    assert 2 <= len(facts) <= 4, "no chatter"
    lates = [fact.late_ms for fact in facts]
    assert 90_000 < lates[0] < 120_000
    assert all(later - sooner > 90_000 for sooner, later in pairwise(lates))
    assert assignment.late is DelayCause.SLOW
    assert assignment.arrive_ms == facts[-1].arrive_ms == assignment.sent_ms + assignment.eta_ms + lates[-1]
    assert facts[0].incident == incident.id
    assert violations(town.world) == []


def test_who_makes_up_for_it_is_on_time_again() -> None:
    """Said once, and only when it is clearly so."""
    town = Town()
    _, assignment = under_way(town)
    town.says("B1", Status.EN_ROUTE, after_s=30)
    drive(town, *[(-100 * step, 0) for step in range(1, 12)])
    assert assignment.late is DelayCause.SLOW
    facts = told(drive(town, (-3_000, 0), (-4_000, 0), (-5_000, 0)))
    assert [type(fact) for fact in facts] == [AssignmentOnTime]
    assert assignment.late is None


def test_who_drives_away_drives_the_wrong_way() -> None:
    """Its time to go has grown by more than the bound since its least."""
    town = Town()
    _, assignment = under_way(town)
    town.says("B1", Status.EN_ROUTE, after_s=30)
    drive(town, (-1_000, 0), (-2_000, 0), (-3_000, 0), every_s=20)
    assert assignment.late is None
    facts = told(drive(town, (-2_500, 0), (-2_000, 0), (-1_500, 0), every_s=20))
    assert facts
    assert facts[0].cause is DelayCause.WRONG_WAY


def test_a_crew_that_is_sent_elsewhere_by_a_better_address_does_not_drive_the_wrong_way() -> None:
    """It may be late; nobody says that it went astray."""
    town = Town()
    incident, _ = under_way(town)
    town.says("B1", Status.EN_ROUTE, after_s=30)
    drive(town, (-1_000, 0), (-2_000, 0), (-3_000, 0), every_s=20)
    town.command(AmendIncident, incident=incident.id, x_m=2_000, y_m=0)
    facts = told(drive(town, (-2_500, 0), (-1_000, 0), (500, 0), every_s=20))
    assert DelayCause.WRONG_WAY not in [fact.cause for fact in facts if isinstance(fact, AssignmentDelayed)]


@pytest.mark.parametrize("status", [Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE])
def test_who_stands_is_said_to_stand(status: Status) -> None:
    """After its turnout and three minutes; one that says it drives, after three minutes on one spot."""
    town = Town()
    _, assignment = under_way(town)
    if status is not Status.DISPATCHED:
        town.says("B1", status, after_s=10)
    here = int(town.world.fleet.x_m[town.unit("B1").row]), 0
    facts = told(drive(town, *[here] * 9))
    assert [fact.cause for fact in facts][-1] is DelayCause.NOT_MOVING
    first = next(fact for fact in facts if fact.cause is DelayCause.NOT_MOVING)
    assert first.late_ms > 0
    assert assignment.late is DelayCause.NOT_MOVING


def test_a_unit_that_nobody_sees_is_not_judged_by_its_position() -> None:
    """A tanker without a device, and a crew whose device is silent: only that they do not leave can be said."""
    town = Town()
    for name in ("E1", "E2", "E3", "R1"):
        town.says(name, Status.OUT_OF_SERVICE)
    fire = town.report("fire", 2)
    town.says("L2", Status.OUT_OF_SERVICE)
    assert "T1" in fire.assigned
    town.says("T1", Status.EN_ROUTE, after_s=30)
    assert not [fact for fact in told(town.wait(3_600)) if fact.unit == "T1"]
    silent = Town()
    _, assignment = under_way(silent)
    silent.says("B1", Status.EN_ROUTE, after_s=200)
    assert told(silent.wait(3_600)) == []
    assert assignment.to_go_ms == -1


def test_a_staged_crew_waits_on_purpose() -> None:
    """And one that has arrived is nobody's business here."""
    for status in (Status.STAGING, Status.ON_SCENE):
        town = Town()
        under_way(town)
        town.says("B1", status, after_s=30)
        assert told(drive(town, *[(-100, 0)] * 20)) == []


def test_a_rule_that_is_switched_off_says_nothing() -> None:
    """Nought means no."""
    town = Town(engine_place(watch=WatchRules(turnout_ms=0, delayed_ms=0, wrong_way_ms=0)))
    under_way(town)
    town.says("B1", Status.EN_ROUTE, after_s=30)
    assert told(drive(town, *[(0, 0)] * 20)) == []


def test_looks_go_on_while_units_are_under_way_and_no_longer() -> None:
    """The next reminder is always set; with the last arrival it lapses. A restored World looks on."""
    town = Town()
    assert not town.world.watching
    under_way(town)
    assert town.world.watching
    town.says("B1", Status.EN_ROUTE, after_s=30)
    town.wait(30)
    world = restore(save(town.world))
    assert world.watching
    assert violations(world) == []
    town.says("B1", Status.ON_SCENE, after_s=10)
    town.wait(11)
    assert not town.world.watching
    assert violations(town.world) == []


def test_many_units_under_way_are_looked_at_in_shares() -> None:
    """Each incident once in ten seconds, no look longer than its share."""
    count = 3 * INCIDENTS_MAX + 5
    units = tuple(replace(UNITS[2], id=f"M{number}") for number in range(count))
    town = Town(engine_place(units=units))
    for _ in range(count):
        town.report("medical", 3, at=(-10_000, 0))
    town.see()
    town.wait(11)
    looked: list[str] = []
    ticks = town.wait(PROGRESS_MS // 1000)
    for turn in ticks:
        seen = [each.incident for fact in turn.facts for each in getattr(fact, "progress", ())]
        assert len(seen) <= INCIDENTS_MAX
        looked += seen
    assert sorted(set(looked)) == sorted(town.world.open)
    assert len(looked) <= 2 * count


# ── whose place is looked at again ──────────────────────────────────────────────────────────────────────────


def reviewed(town: Town, *facts: Any, review: bool = False) -> list[tuple[str, str]]:
    """Return what would be reviewed in a turn in which these facts became true."""
    recorder = Recorder(town.world, Engine(town.world).dispatch)
    recorder.facts += facts
    recorder.review = review
    return [(each.incident.id, each.unit) for each in assignments_to_review(recorder)]


def freed(town: Town, unit: str) -> DutyChanged:
    """Return the fact that the unit is free."""
    return DutyChanged(unit, Status.AVAILABLE, town.now, "desk")


def test_a_freed_unit_has_those_reviewed_whom_it_could_beat() -> None:
    """By more than the bound, in a straight line; nobody who has arrived, is reserved, or is about to arrive."""
    town = Town()
    incident, assignment = under_way(town)
    assert reviewed(town) == []
    town.see(after_s=1, A1=(-9_000, 0))
    assert reviewed(town, freed(town, "A1")) == [(incident.id, "B1")]
    assert reviewed(town, freed(town, "A2")) == [], "it is farther away"
    assert reviewed(town, freed(town, "E1")) == [], "it cannot do that"
    town.says("A1", Status.OUT_OF_SERVICE)
    assert reviewed(town, freed(town, "A1")) == [], "it is not free"
    town.says("A1", Status.AVAILABLE)
    assignment.arrive_ms = town.now + 60_000
    assert reviewed(town, freed(town, "A1")) == [], "a minute is not worth it"
    assignment.arrive_ms = town.now + 600_000
    town.says("B1", Status.ON_SCENE)
    assert reviewed(town, freed(town, "A1")) == []


def test_those_who_are_late_silent_or_soon_off_duty_are_reviewed_on_a_look() -> None:
    """And in no other turn: a call that comes in does not have to wait for that."""
    town = Town()
    incident, assignment = under_way(town)
    assert reviewed(town, review=True) == []
    assignment.late = DelayCause.SLOW
    assert reviewed(town, review=True) == [(incident.id, "B1")]
    assert reviewed(town) == []
    assignment.late = None
    town.wait(61)
    assert AlarmKind.NOT_ACKNOWLEDGED in [alarm.about for alarm in town.world.alarms.values()]
    assert reviewed(town, review=True) == [(incident.id, "B1")]
    days = Town()
    for name in ("A1", "A2", "B1", "B2"):
        days.says(name, Status.OUT_OF_SERVICE)
    days.wait(12 * 3_600 - 300)
    days.see()
    late = days.report("medical", 3, at=(-10_000, 0))
    assert list(late.assigned) == ["B3"]
    assert reviewed(days, review=True) == [(late.id, "B3")], "its shift ends at 20:00, before it is there"


def test_the_most_urgent_are_reviewed_first_and_not_more_than_the_bound() -> None:
    """In the order of the queue."""
    units = tuple(replace(UNITS[2], id=f"M{number}") for number in range(80))
    town = Town(engine_place(units=units))
    for number in range(79):
        town.report("medical", 3 + number % 3, at=(-10_000, 0))
    for incident in town.world.open.values():
        for assignment in incident.assigned.values():
            assignment.late = DelayCause.SLOW
    found = reviewed(town, review=True)
    order = sorted(town.world.open.values(), key=lambda each: (each.priority, each.reported_ms, each.number))
    assert [name for name, _ in found] == [incident.id for incident in order[:64]]


def test_a_delay_is_matched_in_the_same_turn() -> None:
    """Also where nobody waits: the turn that says so looks for somebody else."""
    town = Town()
    under_way(town)
    town.says("B1", Status.EN_ROUTE, after_s=30)
    asked: list[tuple[Any, ...]] = []
    solve = town.engine.dispatch.solve

    class Listening:
        """Writes down what is asked."""

        def solve(self, world: Any, incidents: Any, reviewed: Any = (), **options: Any) -> Any:
            asked.append(tuple(each.unit for each in reviewed))
            return solve(world, incidents, reviewed, **options)

        def __getattr__(self, name: str) -> Any:
            return getattr(dispatch, name)

    dispatch = town.engine.dispatch
    town.engine.dispatch = Listening()
    drive(town, *[(-50 * step, 0) for step in range(1, 12)])
    assert ("B1",) in asked


class Relieving(Nearest, frozen=True, tag="relieving"):
    """Sends the nearest, and has all places under way looked at although it relieves nobody."""

    @property
    def relieves(self) -> bool:
        return True


@pytest.mark.parametrize("divert", [False, True])
def test_where_nobody_is_ever_relieved_nothing_is_missed_by_not_looking(divert: bool) -> None:
    """Delays, freed units and waiting calls: the same World in the end, whether places were looked at or not."""
    towns = []
    for policy in (Nearest(divert), Relieving(divert)):
        town = Town()
        town.engine.dispatch = policy
        incident, _ = under_way(town)
        other = town.report("medical", 1, at=(-9_000, 50))
        (sent,) = other.assigned
        town.says("B1", Status.EN_ROUTE, after_s=30)
        drive(town, *[(-50 * step, 0) for step in range(1, 12)])
        town.report("medical", 3, at=(-8_000, 0))
        for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.RETURNING, Status.AVAILABLE):
            town.says(sent, status, after_s=60)
        assert "B1" in incident.assigned
        town.wait(30)
        towns.append(town)
    assert state_hash(towns[0].world) == state_hash(towns[1].world)


# ── no longer needed ────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_no_longer_needed_is_released_where_the_plan_dispatches_by_itself() -> None:
    """What had a place and has none any more; its crew is told."""
    town = Town()
    incident = town.report("fire")
    assert sorted(incident.assigned) == ["E1", "E2", "L2"]
    town.says("E1", Status.ON_SCENE, after_s=200)
    town.send(incident, "T1", reason="water")
    town.command(AmendIncident, incident=incident.id, type="medical", priority=1)
    assert sorted(incident.assigned) == ["A1", "E1", "T1"], "who is there, and who was sent beyond the plan, stays"
    assert {ended.outcome for ended in incident.past} == {Outcome.RELEASED}
    assert violations(town.world) == []


def test_who_is_no_longer_needed_is_proposed_for_release_where_a_person_decides() -> None:
    """Nobody is sent home by itself."""
    plans = tuple(replace(plan, mode=Mode.ADVISE) if plan.id == "medical" else plan for plan in PLANS)
    town = Town(engine_place(plans=plans))
    incident = town.report("fire")
    turn = town.command(AmendIncident, incident=incident.id, type="medical", priority=1)
    (fact,) = facts_of(turn, ReleaseProposed)
    assert (fact.incident, fact.units) == (incident.id, ("E1", "E2", "L2"))
    assert sorted(incident.assigned) == ["E1", "E2", "L2"]


def test_a_released_unit_is_there_for_others_in_the_same_turn() -> None:
    """The engine that one fire no longer needs goes to the next."""
    town = Town()
    for name in ("E3", "T1", "R1"):
        town.says(name, Status.OUT_OF_SERVICE)
    first, second = town.report("fire", 2), town.report("fire", 3)
    assert "engine" not in second.filled
    turn = town.command(AmendIncident, incident=first.id, type="medical", priority=3)
    sent = {(fact.unit, fact.incident) for fact in facts_of(turn, UnitDispatched)}
    assert {("E1", second.id), ("E2", second.id)} <= sent


def test_a_merged_unit_is_watched_on() -> None:
    """From nought: its least way was to another place."""
    town = Town()
    first, assignment = under_way(town)
    second = town.report("rescue", 3, at=(-9_000, 0))
    town.says("B1", Status.EN_ROUTE, after_s=30)
    drive(town, (-1_000, 0))
    assert assignment.least_to_go_ms > 0
    town.command(MergeIncident, incident=first.id, into=second.id)
    assert second.assigned["B1"].least_to_go_ms == -1
    assert town.world.watching
    assert violations(town.world) == []


@pytest.mark.parametrize("dispatch", [None, Nearest()])
def test_whose_crew_was_done_there_does_not_come_again(dispatch: Nearest | None) -> None:
    """The first engine has put it out and leaves: it is nearest, and still goes in nobody's place."""
    town = Town()
    if dispatch is not None:
        town.engine.dispatch = dispatch
    fire = town.report("fire")
    first, other = "E1", "E2"
    assert {first, other} <= fire.assigned.keys()
    town.says(first, Status.ON_SCENE, after_s=60)
    turns = [town.says(first, Status.AVAILABLE, after_s=60), *town.wait(120)]
    assert first not in [fact.unit for turn in turns for fact in facts_of(turn, UnitDispatched)]
    assert first not in [choice.unit for choice in fire.recommended]
    assert other in fire.assigned
    assert violations(town.world) == []
