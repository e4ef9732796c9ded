"""Claims about given calls: what is known stands, what is not is drawn call by call."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.model.demand import CareTimes
from engine.policy import Nearest, Quiet
from engine.policy.redeploy import Demand, Home
from engine.sim.given import ENOUGH, PERHAPS, UNKNOWN, complete, days_of, given_of, missing
from engine.sim.nature import Nature
from engine.sim.replicate import Setup, replicate
from tests.unit.engine_place import MORNING, engine_place
from tests.unit.recorded_kit import HOUR_MS, some_calls, town

CARE = CareTimes(on_scene_ms=900_000, transport_share=0.5, handover_ms=600_000)
NATURE = Nature()


def forgetting(calls, rows, *columns):
    """Return the calls with these columns of these rows not known."""
    changed = {}
    for name in columns:
        column = getattr(calls, name).copy()
        column[rows] = PERHAPS if name == "transport" else UNKNOWN
        changed[name] = column
    return replace(calls, **changed)


def test_what_is_known_stands_in_every_replication():
    """Nothing is drawn where everything was written down."""
    calls = some_calls(40)
    for rep in range(3):
        told = complete(given_of(calls, town()), NATURE, 1, rep)
        for column in ("taking_ms", "work_ms", "transport", "handover_ms", "came_ms"):
            assert np.array_equal(getattr(told, column), getattr(calls, column)), column


def test_what_is_not_known_is_that_of_another_call_of_its_kind():
    """Where enough of them are known; replications differ there, and a replication repeats."""
    calls = some_calls(200)
    rows = np.arange(0, 200, 7)
    given = given_of(forgetting(calls, rows, "work_ms", "handover_ms", "transport"), town())
    assert (missing(given).work, missing(given).transport) == (len(rows), len(rows))
    one, again, two = (complete(given, NATURE, 1, rep) for rep in (0, 0, 1))
    for row in rows:
        same = (calls.kind == calls.kind[row]) & (given.calls.work_ms != UNKNOWN)
        assert same.sum() >= ENOUGH
        assert one.work_ms[row] in calls.work_ms[same]
    assert np.array_equal(one.work_ms, again.work_ms)
    assert not np.array_equal(one.work_ms, two.work_ms)
    others = np.setdiff1d(np.arange(200), rows)
    assert np.array_equal(one.work_ms[others], two.work_ms[others])
    assert set(one.transport.tolist()) == {0, 1}


def test_what_is_drawn_for_one_call_does_not_hang_on_what_is_known_of_others():
    """With the place's usual times the same number comes for it, whoever else is drawn for."""
    calls = some_calls(24)
    few = np.flatnonzero(calls.kind != 0)
    assert 1 < len(few) < ENOUGH
    all_lost = given_of(forgetting(calls, few, "work_ms"), town(), CARE)
    one_lost = given_of(forgetting(calls, few[:1], "work_ms"), town(), CARE)
    drawn_all, drawn_one = (complete(each, NATURE, 4, 2) for each in (all_lost, one_lost))
    assert drawn_all.work_ms[few[0]] == drawn_one.work_ms[few[0]] != calls.work_ms[few[0]]


def test_usual_times_are_the_places_own_or_those_that_were_fitted():
    """Their means come out over many calls; priorities and groups have their own where the place says nothing."""
    calls = some_calls(4_000, hours=100)
    lost = forgetting(calls, np.arange(4_000), "work_ms", "handover_ms", "transport")
    told = complete(given_of(lost, town(), CARE), NATURE, 1, 0)
    assert told.work_ms.mean() == pytest.approx(CARE.on_scene_ms, rel=0.06)
    assert told.handover_ms.mean() == pytest.approx(CARE.handover_ms, rel=0.06)
    assert told.transport.mean() == pytest.approx(CARE.transport_share, abs=0.03)
    fitted = given_of(lost, town())
    assert len(set(fitted.scene_ms.tolist())) > 3
    assert fitted.transport_share == 0.0
    told = complete(fitted, NATURE, 1, 0)
    assert told.work_ms.mean() == pytest.approx(fitted.scene_ms.mean(), rel=0.06)


def test_call_taking_is_drawn_as_for_drawn_calls_where_a_list_does_not_tell():
    """About the middle that is usual, and never where it is known to be nothing."""
    calls = forgetting(some_calls(400), np.arange(200), "taking_ms")
    told = complete(given_of(calls, town()), NATURE, 1, 0).taking_ms
    assert np.median(told[:200]) == pytest.approx(NATURE.taking_ms, rel=0.1)
    assert not told[200:].any()


def test_recorded_days_begin_at_the_local_midnight_before_the_first_call():
    """And last until the end of the last call's day; a span of their own counts what lies in it."""
    place = engine_place(utc_offsets=((0, 9 * HOUR_MS),))
    given = given_of(some_calls(10, 2), place)
    assert days_of(place, given.calls) == 1
    setup = Setup("x", place, None, None, NATURE, Quiet(Nearest()), Home(), Demand(), days=1, warm_days=0, given=given)
    assert setup.begin_ms == MORNING - 17 * HOUR_MS
    assert setup.measured_ms == (setup.begin_ms, setup.begin_ms + 24 * HOUR_MS)
    setup = replace(setup, span_ms=(MORNING, MORNING + 3 * HOUR_MS))
    outcome = replicate(setup, 0)
    assert np.array_equal(outcome.calls.came_ms, given.calls.came_ms - MORNING)
    assert (outcome.units.on_duty_ms <= 3 * HOUR_MS).all()
