"""Claims about recorded days: what a journal tells of calls, and that it tells what really became of them."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.inputs import AmendIncident, CancelIncident, CloseIncident, MergeIncident
from engine.model.lifecycle import Status
from engine.model.moves import OrderMove, RejectMove
from engine.sim.given import PERHAPS, UNKNOWN
from engine.sim.happened import judged, outcome_of
from engine.sim.outcome import NEVER
from engine.sim.recorded import AWAY, MERGED, NOBODY, OPEN, TURNED_BACK, NothingRecorded, read_recorded
from tests.unit.engine_place import MORNING, Town, engine_place
from tests.unit.recorded_kit import HOUR_MS, lived, some_calls, town


def serve(story, incident, *, drive_s=300, work_s=600, hospital_s=None, handover_s=0):
    """Let the first unit of the incident go through its whole response."""
    unit = next(iter(incident.assigned))
    story.says(unit, Status.EN_ROUTE, after_s=60)
    story.says(unit, Status.ON_SCENE, after_s=drive_s)
    if hospital_s is not None:
        story.says(unit, Status.TRANSPORTING, after_s=work_s)
        story.says(unit, Status.AT_HOSPITAL, after_s=hospital_s)
    story.says(unit, Status.RETURNING, after_s=handover_s if hospital_s is not None else work_s)
    return unit


def test_times_of_a_call_are_those_of_its_first_unit():
    """From arrival to leaving is its work, from hospital to clear the handover; the clock starts with the report."""
    story = Town()
    incident = story.report("medical", 1, at=(900, 300), after_s=30)
    unit = serve(story, incident, drive_s=240, work_s=700, hospital_s=420, handover_s=555)
    story.command(CloseIncident, incident=incident.id, disposition="done")
    days = read_recorded(story.turns)
    calls, happened = days.calls, days.happened
    assert (calls.came_ms[0], calls.taking_ms[0]) == (MORNING + 30_000, 0)
    assert (calls.type[calls.kind[0]], calls.priority[0], calls.x_m[0], calls.y_m[0]) == ("medical", 1, 900, 300)
    assert (calls.work_ms[0], calls.transport[0], calls.handover_ms[0]) == (700_000, 1, 555_000)
    assert happened.reached_ms[0] - calls.came_ms[0] == 300_000
    assert (days.units.ids[happened.unit[0]], happened.waited[0]) == (unit, 0)
    assert happened.cleared_ms[0] - happened.reached_ms[0] == 1_675_000
    row = days.units.ids.index(unit)
    assert (days.units.busy_ms[row], days.units.jobs[row]) == (1_975_000, 1)


def test_without_transport_the_work_lasts_until_the_unit_is_clear():
    """And nobody went to hospital, as the incident is over."""
    story = Town()
    incident = story.report("medical", 2)
    serve(story, incident, work_s=480)
    story.command(CloseIncident, incident=incident.id, disposition="done")
    calls = read_recorded(story.turns).calls
    assert (calls.work_ms[0], calls.transport[0], calls.handover_ms[0]) == (480_000, 0, UNKNOWN)


def test_what_was_merged_or_nobody_went_to_is_no_call():
    """Each is counted by its reason; the joined incident goes on with the earlier report."""
    story = Town()
    first = story.report("medical", 2, at=(100, 0))
    second = story.report("medical", 2, at=(150, 0), after_s=40)
    story.command(MergeIncident, incident=first.id, into=second.id)
    # A crime only ever gets a recommendation, as its plan is in shadow mode.
    unneeded = story.report("crime", 3, after_s=10)
    story.command(CancelIncident, incident=unneeded.id, reason="hoax")
    days = read_recorded(story.turns)
    assert days.left_out == {MERGED: 1, NOBODY: 1}
    assert days.calls.came_ms.tolist() == [MORNING]
    assert days.calls.x_m.tolist() == [150]


def test_a_unit_that_was_called_off_on_its_way_was_taken_all_the_same():
    """The call stays, with no work and no patient, and is not judged, as nobody arrived."""
    story = Town()
    incident = story.report("medical", 2)
    story.says(next(iter(incident.assigned)), Status.EN_ROUTE, after_s=60)
    story.command(CancelIncident, after_s=30, incident=incident.id, reason="walked home")
    days = read_recorded(story.turns)
    assert days.oddities == {TURNED_BACK: 1}
    assert (days.calls.work_ms[0], days.calls.transport[0]) == (0, 0)
    assert days.happened.reached_ms[0] == NEVER
    assert days.units.busy_ms.sum() == 90_000


def test_an_incident_that_is_still_open_leaves_open_what_nobody_knows():
    """How long the work takes and whether anybody goes to hospital; but not how fast they were there."""
    story = Town()
    incident = story.report("medical", 2)
    unit = next(iter(incident.assigned))
    story.says(unit, Status.EN_ROUTE, after_s=60)
    story.says(unit, Status.ON_SCENE, after_s=200)
    story.report("medical", 2, at=(4_000, 0), after_s=5)
    days = read_recorded(story.turns)
    assert days.oddities == {OPEN: 2}
    assert days.calls.work_ms.tolist() == [UNKNOWN, UNKNOWN]
    assert days.calls.transport.tolist() == [PERHAPS, PERHAPS]
    assert (days.happened.reached_ms - days.calls.came_ms).tolist()[0] == 260_000
    assert days.happened.reached_ms[1] == days.happened.cleared_ms[0] == NEVER


def test_what_a_call_was_is_what_was_known_at_last():
    """Type, priority and position as they were amended."""
    story = Town()
    incident = story.report("medical", 3, at=(100, 100))
    story.command(AmendIncident, after_s=20, incident=incident.id, type="rescue", priority=2, x_m=700, y_m=-200)
    calls = read_recorded(story.turns).calls
    assert (calls.type, calls.priority[0], calls.x_m[0], calls.y_m[0]) == (("rescue",), 2, 700, -200)


def test_a_lived_day_gives_back_the_calls_that_made_it():
    """The engine's own journal of simulated hours: same times, kinds, places, work, patients and handovers."""
    given, city = some_calls(), lived()
    calls = read_recorded(city.written).calls
    assert len(calls) == len(given)
    for column in ("came_ms", "priority", "x_m", "y_m"):
        assert np.array_equal(getattr(calls, column), getattr(given, column)), column
    assert [calls.type[kind] for kind in calls.kind] == [given.type[kind] for kind in given.kind]
    over = calls.transport != PERHAPS
    assert over.sum() >= 20
    assert np.array_equal(calls.transport[over], given.transport[over])
    known = calls.work_ms != UNKNOWN
    assert np.array_equal(calls.work_ms[known], given.work_ms[known])
    known = calls.handover_ms != UNKNOWN
    assert known.sum() >= 5
    assert np.array_equal(calls.handover_ms[known], given.handover_ms[known])


def test_what_became_of_calls_is_what_the_city_saw():
    """Arrivals, waits, first units and the work of each unit: read off the journal as counted by the simulator."""
    city = lived()
    until_ms = MORNING + 8 * HOUR_MS
    days = read_recorded(city.written)
    told = outcome_of(days.calls, days.happened, days.units, MORNING, 1, 1).calls
    seen = city.cases.measured(MORNING, until_ms)
    for column in ("came_ms", "sent_ms", "reached_ms", "target_ms", "unit", "waited", "bumped"):
        assert np.array_equal(getattr(told, column), getattr(seen, column)), column
    seen_units = city.tally.units(tuple(city.world.fleet.ids), city.duty.measured())
    assert days.units.ids == seen_units.ids
    assert np.array_equal(days.units.jobs, seen_units.jobs)
    assert np.abs(days.units.busy_ms - seen_units.busy_ms).max() <= until_ms - days.to_ms
    # Without streets the city drives along the line and counts 1.3 metres for each of it; positions know the line.
    assert days.units.driven_m.sum() == pytest.approx(seen_units.driven_m.sum() / 1.3, rel=0.05)


def test_hours_of_duty_are_those_of_the_shift_less_those_off():
    """B3 works from eight to eight; a crew that goes off duty is not counted from then on."""
    story = Town(engine_place())
    story.report("medical", 2)
    story.says("P1", Status.OFF_DUTY, after_s=3_600)
    story.says("B3", Status.OFF_DUTY)
    story.says("B3", Status.AVAILABLE)
    story.see(after_s=13 * 3_600)
    days = read_recorded(story.turns)
    on_ms = dict(zip(days.units.ids, days.units.on_duty_ms.tolist(), strict=True))
    assert days.oddities[AWAY] == 1
    assert (on_ms["B3"], on_ms["P1"], on_ms["A1"]) == (12 * HOUR_MS, HOUR_MS, 14 * HOUR_MS)


def test_who_waited_is_who_nobody_could_be_sent_to_at_once():
    """Not who a person took a while to accept for: what was recommended at once could have gone."""
    story = Town()
    minded = story.report("crime", 3)
    story.send(minded, "P1", reason="asked for", after_s=120)
    for unit in ("B1", "B2", "B3", "A1", "A2"):
        story.says(unit, Status.OUT_OF_SERVICE)
    waiting = story.report("medical", 3, after_s=10)
    story.says("B1", Status.AVAILABLE, after_s=90)
    assert set(waiting.assigned) == {"B1"}
    assert read_recorded(story.turns).happened.waited.tolist() == [0, 1]


def test_moves_are_counted_whoever_ordered_them():
    """But only a plan's moves are a policy's; a refusal is counted apart."""
    story = Town(town())
    story.report("medical", 2, after_s=60)
    story.command(OrderMove, unit="B2", post="East", reason="cover")
    story.command(OrderMove, unit="E3", post="East", reason="cover", after_s=60)
    move = next(iter(each for each in story.world.moves.values() if each.unit == "E3"))
    story.says("B2", Status.RETURNING)
    story.see(B2=(1_000, 4_000), after_s=60)
    story.see(B2=(2_000, 4_000), P1=(10, 10), after_s=60)
    story.command(RejectMove, move=move.id, reason="pump is out", unit="E3")
    days = read_recorded(story.turns)
    rows = {unit: row for row, unit in enumerate(days.units.ids)}
    assert days.units.idle_moves[[rows["B2"], rows["E3"], rows["A1"]]].tolist() == [1, 1, 0]
    assert days.units.refused_moves[[rows["B2"], rows["E3"]]].tolist() == [0, 1]
    assert days.units.moved_m[rows["B2"]] == days.units.driven_m[rows["B2"]] == 1_414 + 1_000
    assert days.units.driven_m[rows["P1"]] == 0
    assert days.moves == ""


def test_only_the_chosen_calls_are_judged_and_times_are_told_from_midnight():
    """Targets are those that are given; what never was stays so."""
    city = lived(calls=some_calls(6, 1), until_ms=MORNING + 2 * HOUR_MS)
    days = read_recorded(city.written)
    outcome = outcome_of(days.calls, days.happened, days.units, MORNING, 1, 1)
    chosen = np.array([True, False, True, True, False, True])
    outcome = replace(outcome, calls=replace(outcome.calls, complete_ms=np.full(6, NEVER)))
    told = judged(outcome, chosen, np.full(6, 99, np.int32), later_ms=1_000).calls
    assert np.array_equal(told.came_ms, outcome.calls.came_ms[chosen] + 1_000)
    assert told.target_ms.tolist() == [99] * 4
    assert told.complete_ms.tolist() == [NEVER] * 4


def test_a_journal_without_a_place_or_without_a_call_is_refused():
    """And it says what became of the incidents that were no calls."""
    with pytest.raises(NothingRecorded, match="No place was ever adopted"):
        read_recorded([])
    story = Town(town())
    with pytest.raises(NothingRecorded, match="nobody called"):
        read_recorded(story.turns)
