"""The unit index against a dictionary of positions, looked through from end to end."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.state import index as index_file
from engine.state.index import METRES_MAX, ROWS_MAX, UnitIndex

SLACK_M = 50
ROW = st.integers(0, 80)
METRE = st.one_of(st.integers(-300, 300), st.sampled_from([-METRES_MAX, METRES_MAX]))
FIX = st.tuples(ROW, METRE, METRE)


class Agreement(RuleBasedStateMachine):
    """Any order of placing and removing, one by one and in batches, beside a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.index = UnitIndex(slack_m=SLACK_M)
        self.positions: dict[int, tuple[int, int]] = {}

    @rule(fix=FIX)
    def place(self, fix: tuple[int, int, int]) -> None:
        self.index.place(*fix)
        self.positions[fix[0]] = fix[1:]

    @rule(fixes=st.lists(FIX, max_size=12))
    def place_many(self, fixes: list[tuple[int, int, int]]) -> None:
        self.index.place_many(*np.array(fixes, np.int64).reshape(-1, 3).T)
        self.positions |= {row: (x_m, y_m) for row, x_m, y_m in fixes}

    @rule(shift_m=st.integers(-200, 200))
    def place_whole_fleet(self, shift_m: int) -> None:
        """Batch large enough to be loaded in bulk."""
        rows = np.arange(70)
        x_m = rows * 7 + shift_m
        self.index.place_many(rows, x_m, -x_m)
        self.positions |= {row: (row * 7 + shift_m, -row * 7 - shift_m) for row in range(70)}

    @rule(row=ROW)
    def remove(self, row: int) -> None:
        self.index.remove(row)
        self.positions.pop(row, None)

    @rule(x_m=METRE, y_m=METRE, radius_m=st.integers(0, 400))
    def near(self, x_m: int, y_m: int, radius_m: int) -> None:
        found = self.index.near(x_m, y_m, radius_m)
        self.check(found, x_m - radius_m, y_m - radius_m, x_m + radius_m, y_m + radius_m)

    @rule(corners=st.tuples(METRE, METRE, METRE, METRE))
    def in_box(self, corners: tuple[int, int, int, int]) -> None:
        x_min_m, x_max_m = sorted(corners[:2])
        y_min_m, y_max_m = sorted(corners[2:])
        found = self.index.in_box(x_min_m, y_min_m, x_max_m, y_max_m)
        self.check(found, x_min_m, y_min_m, x_max_m, y_max_m)

    def check(self, found: np.ndarray, x_min_m: int, y_min_m: int, x_max_m: int, y_max_m: int) -> None:
        """All that are in the box, ascending and once; beyond it only what slack explains."""

        def within(margin_m: int) -> set[int]:
            return {
                row
                for row, (x_m, y_m) in self.positions.items()
                if x_min_m - margin_m <= x_m <= x_max_m + margin_m and y_min_m - margin_m <= y_m <= y_max_m + margin_m
            }

        assert found.dtype == np.int32
        assert found.tolist() == sorted(set(found.tolist()))
        assert within(0) <= set(found.tolist()) <= within(2 * SLACK_M)

    @invariant()
    def holds_exactly_the_rows_placed(self) -> None:
        assert self.index.count == len(self.positions)
        everything = self.index.in_box(-METRES_MAX, -METRES_MAX, METRES_MAX, METRES_MAX)
        assert everything.tolist() == sorted(self.positions)
        assert all(row in self.index for row in self.positions)


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=1, max_size=20))
def test_a_unit_within_its_box_does_not_touch_the_tree(steps: list[tuple[int, int]]) -> None:
    """Moving within the slack writes nothing: the tree answers from the first box."""
    index = UnitIndex(slack_m=SLACK_M)
    index.place(3, 0, 0)
    tree, index._tree = index._tree, None
    for x_m, y_m in steps:
        index.place(3, x_m, y_m)
        index.place_many([3], [x_m], [y_m])
    index._tree = tree
    assert index.near(0, 0, 0).tolist() == [3]


def test_of_a_row_named_twice_the_last_fix_counts() -> None:
    """Out of its box and back within one batch: the unit is where the last fix says."""
    index = UnitIndex(slack_m=10)
    index.place_many([1, 1], [0, 500], [0, 0])
    assert index.near(500, 0, 0).tolist() == [1]
    index.place_many([1, 1], [9_000, 505], [0, 0])
    assert index.near(500, 0, 0).tolist() == [1]
    assert index.near(9_000, 0, 100).tolist() == []
    assert index.count == 1


def test_a_fleet_loaded_in_bulk_answers_as_one_placed_unit_by_unit() -> None:
    """Both ways of building give the same answers, and both go on to take moves and removals."""
    chance = np.random.default_rng(5)
    rows = np.arange(3_000)
    x_m, y_m = chance.integers(0, 20_000, (2, 3_000))
    bulk, single = UnitIndex(), UnitIndex()
    bulk.place_many(rows, x_m, y_m)
    for row in rows.tolist():
        single.place(row, int(x_m[row]), int(y_m[row]))
    for index in (bulk, single):
        index.place_many(rows[:50], x_m[:50] + 3_000, y_m[:50])
        for row in range(100, 200):
            index.remove(row)
    assert bulk.count == single.count == 2_900
    for at_x_m, at_y_m, radius_m in chance.integers(0, 20_000, (50, 3)).tolist():
        assert np.array_equal(bulk.near(at_x_m, at_y_m, radius_m), single.near(at_x_m, at_y_m, radius_m))


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda index: index.place(-1, 0, 0), "row"),
        (lambda index: index.place(ROWS_MAX, 0, 0), "row"),
        (lambda index: index.place(0, METRES_MAX + 1, 0), "x_m"),
        (lambda index: index.place(0, 0, -METRES_MAX - 1), "y_m"),
        (lambda index: index.place(0, float("nan"), 0), "x_m"),
        (lambda index: index.place_many([0, -1], [0, 0], [0, 0]), "rows"),
        (lambda index: index.place_many([0, ROWS_MAX], [0, 0], [0, 0]), "rows"),
        (lambda index: index.place_many([0, 1], [0, METRES_MAX + 1], [0, 0]), "x_m"),
        (lambda index: index.place_many([0, 1], [0, 0], [0, -METRES_MAX - 1]), "y_m"),
        (lambda index: index.place_many([0, 1], [0, 0], [0]), "y_m"),
        (lambda index: index.place_many([0], [float("nan")], [0]), "x_m"),
        (lambda index: index.near(0, 0, -1), "radius_m"),
        (lambda index: index.near(3 * METRES_MAX, 0, 1), "x_max_m"),
        (lambda index: index.in_box(1, 0, 0, 0), "x_min_m"),
        (lambda index: index.in_box(0, 1, 0, 0), "y_min_m"),
        (lambda index: index.in_box(0, 0, float("nan"), 0), "x_m"),
    ],
)
def test_what_is_out_of_range_is_refused_and_changes_nothing(call: Callable[[UnitIndex], object], field: str) -> None:
    """The error names the field; the index is as it was."""
    index = UnitIndex()
    index.place(7, 100, 100)
    with pytest.raises(ValueError, match=rf"^{field}"):
        call(index)
    assert index.count == 1
    assert index.near(100, 100, 0).tolist() == [7]


def test_slack_is_checked() -> None:
    """A negative slack would draw boxes inside out."""
    with pytest.raises(ValueError, match="slack_m"):
        UnitIndex(slack_m=-1)


def test_capacities_fit_together() -> None:
    """libspatialindex needs its overlap factor below the capacities of its nodes."""
    assert index_file._OVERLAP_FACTOR < index_file._CAPACITY
