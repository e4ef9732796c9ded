"""Hand-written ladders, read off real turns: turnouts, work, and what an ETA came to."""

from engine.learning.accuracy import Accuracy, rows_of
from engine.learning.ladders import Ladder, Ladders
from engine.learning.service_times import ServiceLearner
from engine.model.clearing import Group, Stage, clear_in_ms, group_of
from engine.model.inputs import CancelIncident, DivertUnit, MergeIncident, ReleaseUnit
from engine.model.lifecycle import Outcome, Status
from engine.model.place import IncidentType
from engine.model.priors import SERVICE_TIMES
from engine.state.world import World
from tests.unit.engine_place import MORNING, Town, engine_place


def ladders_of(town: Town) -> list[Ladder]:
    """Return every ladder of the town's turns, in the order in which they began."""
    world, ladders = World(indexed=False), Ladders()
    found: list[Ladder] = []
    for turn in town.turns:
        world.fold(turn)
        found += [ladder for ladder, rung in ladders.feed(turn, world.fleet) if rung is Status.DISPATCHED]
    return found


def accuracy_of(town: Town) -> Accuracy:
    """Return the collected samples of the town's turns."""
    world, accuracy = World(indexed=False), Accuracy()
    for turn in town.turns:
        world.fold(turn)
        accuracy.feed(turn, world)
    accuracy.finish()
    return accuracy


def test_a_ladder_from_dispatch_to_clear() -> None:
    """A1 is sent from quarters at 0 s, rolls at 50 s, arrives at 300 s (and says so twice), is clear at 1,500 s."""
    town = Town()
    town.report("medical", 2, (1_000, 0))
    for seconds, status in ((50, Status.EN_ROUTE), (250, Status.ON_SCENE), (10, Status.ON_SCENE)):
        town.says("A1", status, after_s=seconds)
    town.says("A1", Status.AVAILABLE, after_s=1_190)
    (ladder,) = ladders_of(town)
    assert (ladder.unit, ladder.sent_ms, ladder.in_quarters) == ("A1", MORNING, True)
    assert (ladder.turned_out_ms, ladder.arrived_ms) == (50_000, 300_000)
    assert ladder.turnout_ms == 60_000 < ladder.eta_ms
    assert (ladder.outcome, ladder.ended_ms - MORNING) == (Outcome.CLEARED, 1_500_000)


def test_the_time_of_a_rung_is_the_reporter_s() -> None:
    """A report that comes late bears the time at which it became true."""
    town = Town()
    town.report("medical", 2, (1_000, 0))
    town.says("A1", Status.EN_ROUTE, after_s=90, at_ms=MORNING + 40_000)
    (ladder,) = ladders_of(town)
    assert ladder.turned_out_ms == 40_000


def test_a_unit_on_the_road_has_no_turnout() -> None:
    """It was seen 3 km from its station before it was sent."""
    town = Town()
    town.see(5, A1=(-3_000, 0))
    town.report("medical", 2, (-3_500, 0))
    (ladder,) = ladders_of(town)
    assert (ladder.in_quarters, ladder.turnout_ms) == (False, 0)


def test_a_merged_incident_keeps_its_ladder_and_says_so() -> None:
    """The way was not the one that was told, so its ETA is not judged."""
    town = Town()
    first, second = town.report("medical", 2, (1_000, 0)), town.report("medical", 2, (1_100, 0))
    town.command(MergeIncident, incident=first.id, into=second.id)
    town.says("A1", Status.ON_SCENE, after_s=200)
    assert [ladder.moved for ladder in ladders_of(town) if ladder.unit == "A1"] == [True]
    excluded = accuracy_of(town).excluded
    assert excluded["its incident was merged into another on the way"] == 1


def test_every_assignment_is_a_sample_or_says_why_not() -> None:
    """One arrives; one is released, one cancelled, one diverted; one is still under way."""
    town = Town()
    fire = town.report("fire", 1, (2_000, 0))
    sent = sorted(fire.assigned)
    town.says(sent[0], Status.EN_ROUTE, after_s=30)
    town.says(sent[0], Status.ON_SCENE, after_s=170)
    town.command(ReleaseUnit, unit=sent[1], incident=fire.id, reason="not needed")
    minor = town.report("medical", 4, (0, 4_000), after_s=60)
    (robbed,) = minor.assigned
    grave = town.report("rescue", 2, (0, 4_500))
    town.command(DivertUnit, unit=robbed, incident=grave.id, reason="worse")
    town.command(CancelIncident, incident=grave.id, reason="false alarm")
    found = accuracy_of(town)
    (sample,) = found.sections.arrival
    assert (sample.priority, sample.took_ms, sample.block) == (1, 200_000, 2)
    assert (found.sections.turnout[0].took_ms, found.sections.travel[0].took_ms) == (30_000, 170_000)
    dispatched = sum(ladder is not None for ladder in ladders_of(town))
    assert len(found.sections.arrival) + sum(found.excluded.values()) == dispatched
    assert found.excluded["diverted, and never said to be on scene"] == 1
    assert found.excluded["cancelled, and never said to be on scene"] == 1
    assert found.excluded["released, and never said to be on scene"] == 1
    assert found.excluded["still on its way when the journal ends"] >= 1


def test_rows_are_those_of_hand() -> None:
    """Errors of +10, -30 and +120 s: bias 33 s, median 30 s, p90 120 s, two thirds within a minute."""
    town = Town()
    calls = ((10, "A1", 2, (0, 0)), (-30, "A2", 2, (5_000, 0)), (120, "B1", 4, (0, 0)))
    for late_s, unit, priority, at in calls:
        town.see(1)
        assignment = town.report("medical", priority, at).assigned[unit]
        town.says(unit, Status.ON_SCENE, after_s=assignment.eta_ms // 1000 + late_s)
    samples = accuracy_of(town).sections.arrival
    assert [sample.error_ms for sample in samples] == [10_000, -30_000, 120_000]
    rows = rows_of(samples)
    (whole,) = (row for row in rows if row.by == "all")
    assert (whole.samples, whole.bias_ms, whole.p50_ms, whole.p90_ms) == (3, 33_333, 30_000, 120_000)
    assert (whole.within_60_s, whole.enough) == (0.6667, False)
    kinds = {row.value: row.samples for row in rows if row.by == "unit kind"}
    assert kinds == {"als ambulance": 2, "bls ambulance": 1}
    assert rows_of([]) == []


def test_work_counts_only_when_a_crew_finished_it() -> None:
    """An hour on scene, of which half at hospital, teaches three stages; a release teaches nothing."""
    town = Town()
    learner = ServiceLearner()
    kind = IncidentType("medical", "medical", 2)
    ladder = Ladder("A1", "I1", 0, 0, 0, True, {})
    ladder.stamps = {Status.ON_SCENE: 0, Status.TRANSPORTING: 1_200_000, Status.AT_HOSPITAL: 1_800_000}
    ladder.outcome, ladder.ended_ms = Outcome.RELEASED, 3_600_000
    assert not learner.learn(kind, 2, ladder)
    ladder.outcome = Outcome.CLEARED
    assert learner.learn(kind, 2, ladder)
    assert sorted(learner.book.types["medical"]) == sorted(Stage)
    assert learner.book.counts == {"not_finished": 1, "learned": 1}
    assert set(learner.times(town.world.settled).paces) == {kind.id for kind in engine_place().types}


def test_work_finds_the_truth_of_a_type() -> None:
    """Four hundred jobs of two hours at a type that ships as 48 min: within 6 percent, and never beyond 5:1."""
    learner = ServiceLearner()
    kind = IncidentType("medical", "medical", 2)
    for hours in (2, 2_000):
        for _ in range(400):
            stamps = {Status.ON_SCENE: 0}
            ladder = Ladder("A1", "I1", 0, 0, 0, True, stamps, outcome=Outcome.CLEARED, ended_ms=hours * 3_600_000)
            learner.learn(kind, 2, ladder)
        times = learner.times(engine_place())
        pace = times.paces["medical"].permille[0]
        if hours == 2:
            log_mean_ms = SERVICE_TIMES.table(Stage.SCENE, Group.MEDICAL, 2).log_mean
            assert abs(pace / 1000 * 2.718281828 ** (log_mean_ms / 1000) / 7_200_000 - 1) < 0.06
            kind = IncidentType("medical", "Medical", 2)
            usual_ms = clear_in_ms(SERVICE_TIMES, kind, 2, Status.ON_SCENE, 0)
            assert clear_in_ms(times, kind, 2, Status.ON_SCENE, 0) > 2 * usual_ms
    assert pace <= 5_000


def test_types_find_their_group_by_code_or_words() -> None:
    """What a place calls its incidents."""
    names = {
        "cardiac_arrest": Group.MEDICAL,
        "structure_fire": Group.FIRE,
        "fire_alarm": Group.FIRE,
        "collision_injury": Group.MEDICAL,
        "17A1": Group.MEDICAL,
        "gas_leak": Group.FIRE,
        "robbery": Group.OTHER,
        "noise": Group.OTHER,
    }
    assert {name: group_of(IncidentType(name, name, 3)) for name in names} == names
