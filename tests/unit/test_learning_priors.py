"""The shipped parameters are what the sheets give, and time to clear is read from them in whole numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.clearing import ClearTable, Group, Pace, ServiceTimes, Stage, clear_in_ms
from engine.model.lifecycle import RUNGS, Status
from engine.model.place import IncidentType
from engine.model.priors import (
    FIRE,
    HOSPITAL,
    MEDICAL,
    OTHER,
    SERVICE_TIMES,
    TRANSPORT,
    TURNOUT_PROFILE,
    TURNOUT_SHAPE,
)
from loadtests.fit_ross_valley import SHEET, Response, clean, group_of, read

TABLES = (*MEDICAL, *FIRE, *OTHER, TRANSPORT, HOSPITAL)
ROW = {
    "call_type": "17A1",
    "dispatch_time": "23:58:00",
    "enroute_time": "23:59:30",
    "arrive_time": "00:05:00",
    "time_in_service": "00:40:00",
}


@pytest.mark.skipif(not SHEET.exists(), reason="the sheets of ross-valley-fd are not here (set TURNOUT_DATA)")
def test_the_shipped_parameters_are_those_of_the_sheets() -> None:
    """Read, cleaned and fitted again: the same counts, profile, shape and tables, to a hundredth."""
    from loadtests.fit_ross_valley import shipped_tables, turnout_profile, turnout_shape

    rows, left_out = read(SHEET)
    assert (len(rows), sum(left_out.values())) == (22_443, 386)
    assert turnout_profile(rows) == TURNOUT_PROFILE
    assert turnout_shape(rows) == TURNOUT_SHAPE
    fitted = shipped_tables(rows)
    for group, tables in SERVICE_TIMES.scene:
        for ours, theirs in zip(tables, fitted[group], strict=True):
            assert ours.log_mean == theirs.log_mean
            assert ours.elapsed_ms == pytest.approx(theirs.elapsed_ms, rel=0.01)
            assert ours.remaining_ms == pytest.approx(theirs.remaining_ms, rel=0.01)


def test_nights_are_slower_and_the_shape_is_centred() -> None:
    """What the learner starts from: eight parts of the day, half of the turnouts below the middle."""
    assert len(TURNOUT_PROFILE) == 8
    assert min(TURNOUT_PROFILE[:2]) > 1_300 > max(TURNOUT_PROFILE[3:7])
    assert sum(TURNOUT_SHAPE[:16]) == pytest.approx(sum(TURNOUT_SHAPE) / 2, abs=2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"arrive_time": "never"}, "a time cannot be read"),
        ({"enroute_time": "23:57:59"}, "en route before dispatch, or hours after it"),
        ({"arrive_time": "23:59:29"}, "on scene before en route, or hours after it"),
        ({"time_in_service": "00:07:30"}, "less than a minute on scene"),
        ({"time_in_service": "12:08:00"}, "more than twelve hours on scene"),
    ],
)
def test_a_row_that_cannot_be_true_is_left_out_and_says_why(changes: dict[str, str], reason: str) -> None:
    """The good row, over midnight, is kept; each fault alone is named."""
    assert clean(ROW) == Response(23, 90, 1_980, "medical", 4)
    assert clean(ROW | changes) == reason


def test_codes_have_groups_and_priorities() -> None:
    """EMD determinants, words of the fire service, and the rest."""
    codes = ("9E1", "29D1E", "6C1", "32B2", "26A8", "28O1", "ECHO", "ALS", "FIREC", "GRASFIRE", "MUTAID")
    assert [group_of(code) for code in codes] == [
        ("medical", 1),
        ("medical", 1),
        ("medical", 2),
        ("medical", 3),
        ("medical", 4),
        ("medical", 5),
        ("medical", 1),
        ("medical", 0),
        ("fire", 1),
        ("fire", 3),
        ("other", 0),
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_shipped_table_is_whole(table: ClearTable) -> None:
    """Times gone rise from 0, rests are positive, and the two columns are equally long."""
    assert table.elapsed_ms[0] == 0
    assert list(table.elapsed_ms) == sorted(set(table.elapsed_ms))
    assert len(table.elapsed_ms) == len(table.remaining_ms)
    assert min(table.remaining_ms) > 0


@given(st.sampled_from(TABLES), st.integers(0, 200_000_000), st.integers(200, 5_000))
def test_the_rest_lies_between_its_neighbours(table: ClearTable, elapsed_ms: int, permille: int) -> None:
    """Whole, positive, never outside the table scaled by the type's pace; and the end stays."""
    rest_ms = table.rest_ms(elapsed_ms, permille)
    assert isinstance(rest_ms, int)
    low, high = (pick(table.remaining_ms) * permille // 1000 for pick in (min, max))
    assert low - 1 <= rest_ms <= high + 1
    assert table.rest_ms(10**12) == table.remaining_ms[-1]


def test_a_medical_crew_gets_nearer_to_clear_and_a_fire_does_not() -> None:
    """The hazard of the two kinds of work differs: that is why the elapsed time is asked for at all."""
    times = ServiceTimes(
        SERVICE_TIMES.scene,
        TRANSPORT,
        HOSPITAL,
        {"sick": Pace(Group.MEDICAL), "fire": Pace(Group.FIRE), "slow": Pace(Group.MEDICAL, (2_000, 1_000, 1_000))},
    )

    def rest(kind: str, minutes: int, rung: Status = Status.ON_SCENE) -> int:
        return clear_in_ms(times, IncidentType(kind, kind, 4), 4, rung, minutes * 60_000)

    assert rest("sick", 0) > rest("sick", 30) > rest("sick", 90)
    assert rest("fire", 120) > rest("fire", 30)
    assert rest("slow", 0) == 2 * rest("sick", 0)
    assert rest("sick", 5, Status.AT_PATIENT) == rest("sick", 5)
    assert rest("sick", 3, Status.AT_HOSPITAL) == 720_000
    assert rest("sick", 0, Status.TRANSPORTING) > rest("sick", 6, Status.TRANSPORTING) > 720_000
    assert rest("nobody knows", 0) == OTHER[0].remaining_ms[0]


UNKNOWN = IncidentType("x", "nobody knows", 1)


def test_before_arrival_the_way_comes_first() -> None:
    """Whole work after the rest of the ETA, however long the unit has been dispatched."""
    for rung in RUNGS[:5]:
        assert clear_in_ms(SERVICE_TIMES, UNKNOWN, 1, rung, 99_000, 240_000) == 240_000 + OTHER[0].remaining_ms[0]
    with pytest.raises(ValueError, match="available"):
        clear_in_ms(SERVICE_TIMES, UNKNOWN, 1, Status.AVAILABLE, 0)


def test_less_urgent_work_than_any_fitted_takes_the_last_table() -> None:
    """Priority 5 is nobody's own."""
    assert SERVICE_TIMES.table(Stage.SCENE, Group.MEDICAL, 5) is MEDICAL[3]
    assert SERVICE_TIMES.table(Stage.SCENE, Group.FIRE, 4) is FIRE[2]
    assert SERVICE_TIMES.table(Stage.SCENE, Group.MEDICAL, 1) is MEDICAL[0]
