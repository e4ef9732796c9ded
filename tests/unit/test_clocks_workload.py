"""Work of units and crews: what is busy, what counts into a span, how far somebody drove; held against counting by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clocks.fairness import work_of
from engine.clocks.workload import STEP_M, Workload
from engine.model.facts import DutyChanged, PositionsMoved
from engine.model.fixes import Fixes
from engine.model.lifecycle import Outcome, Status
from engine.model.moves import MoveOrdered
from engine.model.turn import Turn
from tests.unit.clocks_kit import Tale
from tests.unit.engine_place import MORNING

HOUR_S = 3_600


def span(from_s: int, to_s: int) -> tuple[int, int]:
    return MORNING + from_s * 1000, MORNING + to_s * 1000


def worked(tale: Tale, from_s: int = 0, to_s: int = HOUR_S, turns: list[Turn] | None = None) -> Workload:
    workload = Workload(span(from_s, to_s))
    for turn in tale.turns if turns is None else turns:
        workload.feed(turn)
    workload.finish()
    return workload


def fixes(tale: Tale, second: int, **units: tuple[int, int]) -> None:
    rows = sorted(unit.id for unit in tale.place.units)
    given = [(rows.index(unit), x, y) for unit, (x, y) in units.items()]
    columns = list(zip(*given, strict=True))
    unknown = [-1] * len(given)
    at_ms = [MORNING + second * 1000] * len(given)
    tale.at(second, PositionsMoved(Fixes(*columns, at_ms, unknown, unknown)))


def test_a_unit_is_busy_from_its_dispatch_until_it_is_free() -> None:
    """Cut to the span on both sides; a dispatch counts where it was made."""
    tale = Tale()
    tale.report(0, "I1")
    tale.runs("I1", "A1", 100, 160, 300, 1_100)
    tale.report(1_200, "I2")
    tale.send(1_300, "I2", "A1")
    whole = worked(tale).units["A1"]
    assert (whole.busy_ms, whole.calls) == ((1_000 + HOUR_S - 1_300) * 1000, 2)
    part = worked(tale, 600, 1_250).units["A1"]
    assert (part.busy_ms, part.calls) == (500_000, 0)


def test_who_was_out_before_the_first_turn_counts_from_there_on() -> None:
    """As soon as a fact says that it was; whose reservation was given up was not."""
    tale = Tale()
    tale.at(1, given=None)
    tale.says(400, "I0", "A1", Status.ON_SCENE)
    tale.over(500, "I0", "A1")
    tale.over(600, "I0", "E1")
    tale.over(700, "I0", "E2", Outcome.RELEASED)
    workload = worked(tale, turns=tale.turns[1:])
    assert workload.units["A1"].busy_ms == 499_000
    assert workload.units["E1"].busy_ms == 599_000
    assert "E2" not in workload.units or workload.units["E2"].busy_ms == 0


def test_a_parked_vehicle_that_trembles_drives_nowhere() -> None:
    """Ways are steps of some metres; before the span they only tell where it stands."""
    tale = Tale()
    fixes(tale, 1, A1=(0, 0), E1=(0, 0))
    for second in range(2, 60):
        fixes(tale, second, A1=(second % 2 * (STEP_M // 2), 0), E1=(second * 30, 0))
    assert worked(tale).driven_m("A1") == 0
    assert worked(tale).driven_m("E1") == 59 * 30
    assert worked(tale, 31).driven_m("E1") == 29 * 30
    assert worked(tale).driven_m("E2") is None


def test_moves_of_idle_crews_count_and_drives_home_do_not() -> None:
    """Only those that disturb somebody."""
    tale = Tale()
    for number, idle in enumerate((True, True, False)):
        tale.at(
            10 + number,
            MoveOrdered(
                move=f"M{number}", unit="A1", source="S1", post="S2", travel_ms=60_000, idle=idle, by="desk", reason=""
            ),
        )
    assert worked(tale).units["A1"].moves == 2


def test_the_work_of_a_place_is_told_by_crew_and_station_and_how_far_apart_they_are() -> None:
    """Shares are of the time in service; a station is the sum of its crews."""
    tale = Tale()
    tale.at(0, DutyChanged("E3", Status.OUT_OF_SERVICE, MORNING, "E3"))
    tale.at(1_800, DutyChanged("E3", Status.AVAILABLE, MORNING + 1_800_000, "E3"))
    tale.report(1_800, "I1")
    tale.send(1_800, "I1", "E3")
    tale.over(2_700, "I1", "E3")
    report = work_of(worked(tale), tale.place)
    line = next(line for line in report.crews if "E3" in line.units)
    assert (line.duty_ms, line.busy_ms, line.calls) == (1_800_000, 900_000, 1)
    assert line.busy_share == 0.5
    assert report.crews[0] is line
    by_station: dict[str, int] = {}
    for crew in report.crews:
        by_station[crew.station] = by_station.get(crew.station, 0) + crew.busy_ms
    assert by_station == {line.name: line.busy_ms for line in report.stations}
    wider = work_of(worked(tale, -HOUR_S), tale.place)
    assert wider.crews[0].duty_ms == 1_800_000  # what came before the first turn is nobody's time on duty
    spread = {each.what: (each.low, each.middle, each.high) for each in report.spread}
    assert spread["busy_share"] == (0.0, 0.0, 0.5)
    assert spread["calls"] == (0, 0, 1)
    assert "km" not in spread


def test_a_crew_that_signs_off_at_the_end_of_its_hours_has_served_them() -> None:
    """B3 is on duty from 8 to 20: to be off duty beyond that is no absence, a broken vehicle within it is one."""
    tale = Tale()
    end_s = next(s for s in range(0, 24 * HOUR_S, 60) if (MORNING // 1000 + s) % (24 * HOUR_S) == 20 * HOUR_S)
    tale.at(end_s - 7_200, DutyChanged("B3", Status.OUT_OF_SERVICE, MORNING + (end_s - 7_200) * 1000, "B3"))
    tale.at(end_s - 3_600, DutyChanged("B3", Status.AVAILABLE, MORNING + (end_s - 3_600) * 1000, "B3"))
    tale.at(end_s, DutyChanged("B3", Status.OFF_DUTY, MORNING + end_s * 1000, "B3"))
    tale.at(end_s + 8 * HOUR_S, DutyChanged("B3", Status.AVAILABLE, MORNING + (end_s + 8 * HOUR_S) * 1000, "B3"))
    report = work_of(worked(tale, 0, end_s + 10 * HOUR_S), tale.place)
    line = next(line for line in report.crews if "B3" in line.units)
    whole = next(line for line in report.crews if "B1" in line.units)
    assert whole.duty_ms == (end_s + 10 * HOUR_S) * 1000
    from_s = max(0, end_s - 12 * HOUR_S)
    assert line.duty_ms == (end_s - from_s - 3_600) * 1000


def test_what_stands_for_now_leaves_the_one_that_follows_as_it_was() -> None:
    """A look at the middle of a job counts it so far, and the end of it comes to the same as without the look."""
    tale = Tale()
    tale.at(10, DutyChanged("E3", Status.OUT_OF_SERVICE, MORNING + 10_000, "E3"))
    tale.report(0, "I1")
    tale.send(100, "I1", "A1")
    workload = Workload(span(0, HOUR_S))
    for turn in tale.turns:
        workload.feed(turn)
    seen = workload.as_it_stands(MORNING + 400_000)
    assert (seen.units["A1"].busy_ms, seen.units["E3"].away) == (300_000, [(MORNING + 10_000, MORNING + 400_000)])
    tale.over(1_100, "I1", "A1")
    workload.feed(tale.turns[-1])
    workload.finish()
    assert workload.units["A1"].busy_ms == 1_000_000
    assert workload.units["E3"].away == [(MORNING + 10_000, MORNING + HOUR_S * 1000)]
    assert seen.units["A1"].busy_ms == 300_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200)), max_size=8),
    st.integers(0, 900),
    st.integers(1, 900),
)
def test_busy_is_what_counting_second_by_second_gives(jobs: list[tuple[int, int]], from_s: int, long_s: int) -> None:
    """Random jobs one after the other, and any span."""
    tale, busy, at_s = Tale(), np.zeros(10_000, bool), 0
    tale.report(0, "I1")
    for gap_s, length_s in jobs:
        at_s += gap_s
        tale.send(at_s, "I1", "A1")
        tale.over(at_s + length_s, "I1", "A1")
        busy[at_s : at_s + length_s] = True
        at_s += length_s
    found = worked(tale, from_s, from_s + long_s).units.get("A1")
    assert (found.busy_ms if found else 0) == int(busy[from_s : from_s + long_s].sum()) * 1000
