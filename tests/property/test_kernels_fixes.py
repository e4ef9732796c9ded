"""The kernels about positions against the columns' own arithmetic: what is believed, turnouts, boxes, spreads, spots."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.fixes import believable, extremes, leaving, to_nodes, turn_out
from engine.kernels.nearest import nearest, pack, snap, snap_rows
from engine.kernels.spread import spread

SEEDS = st.integers(0, 10**9)


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_what_is_taken_is_newer_and_inside(seed: int) -> None:
    """A fix is taken if it names a unit, is news, is not of the future, and lies in the place; others are counted."""
    dice = np.random.default_rng(seed)
    units, count = int(dice.integers(0, 5)), int(dice.integers(0, 9))
    unit, x_m, y_m = dice.integers(-2, 7, (3, count)).astype(np.int32)
    fix_ms, known_ms = dice.integers(0, 6, count), dice.integers(-1, 6, units)
    good = np.empty(count, np.bool_)
    ignored = believable(unit, x_m, y_m, fix_ms, known_ms, 4, (0, -1, 4, 3), good)
    twin = [
        0 <= row < units and fix > known_ms[row] and fix <= 4 and 0 <= x <= 4 and -1 <= y <= 3
        for row, x, y, fix in zip(unit.tolist(), x_m.tolist(), y_m.tolist(), fix_ms.tolist(), strict=True)
    ]
    assert good.tolist() == twin
    assert ignored == count - sum(twin)


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_who_turns_out(seed: int) -> None:
    """Who is in quarters and not rolling home has its turnout before it, and who is on a break has it anywhere."""
    dice = np.random.default_rng(seed)
    count = int(dice.integers(1, 9))
    x_m, y_m, station_x_m, station_y_m = dice.integers(-4, 4, (4, count)).astype(np.int32)
    rolling, on_break = dice.integers(0, 2, (2, count)).astype(np.uint8)
    usual_ms = dice.integers(1, 99, count).astype(np.int32)
    rows = np.flatnonzero(dice.random(count) < 0.7).astype(np.int32)
    out_ms = np.full(count, -7, np.int32)
    turn_out(rows, x_m, y_m, station_x_m, station_y_m, 2, rolling, on_break, usual_ms, out_ms)
    near = (np.abs(x_m - station_x_m) <= 2) & (np.abs(y_m - station_y_m) <= 2)
    twin = np.where((near & (rolling == 0)) | (on_break == 1), usual_ms, 0)
    twin[~np.isin(np.arange(count), rows)] = -7
    assert out_ms.tolist() == twin.tolist()


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_who_goes_on_to_the_node_ahead(seed: int) -> None:
    """Who moves along an arc has the rest of it before it; who stands or is beside it is handed back; all may leave either way."""
    dice = np.random.default_rng(seed)
    units = int(dice.integers(1, 9))
    rows = dice.permutation(units)[: int(dice.integers(0, units + 1))].astype(np.int32)
    arc, along = dice.integers(-1, 3, units).astype(np.int32), dice.integers(0, 1001, units).astype(np.int16)
    free, extra_ms = dice.integers(0, 2, units).astype(np.uint8), dice.integers(0, 3, units).astype(np.int32)
    onward_ms = dice.integers(0, 9, units).astype(np.int32)
    arc_ms = np.array([0, 999, 2**30], np.int32)
    columns = arc, along, free, extra_ms, onward_ms
    before = list(zip(*(column.tolist() for column in columns), strict=True))
    standing = np.empty(len(rows), np.int32)
    count = to_nodes(rows, arc, along, free, arc_ms, extra_ms, onward_ms, standing)
    asked, stand = set(rows.tolist()), set(standing[:count].tolist())
    assert standing[:count].tolist() == [row for row in rows.tolist() if row in stand]
    for row, (its_arc, its_along, its_free, its_extra, its_onward) in enumerate(before):
        assert (arc[row], extra_ms[row]) == (its_arc, its_extra)
        moves = not its_free and its_arc >= 0 and not its_extra
        assert (row in stand) == (row in asked and not moves)
        rest_ms = int(arc_ms[its_arc]) * (1000 - its_along) // 1000 if moves else 0
        assert onward_ms[row] == (rest_ms if row in asked else its_onward)
        assert (along[row], free[row]) == ((1000, 1) if row in asked else (its_along, its_free))


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_whose_box_is_left(seed: int) -> None:
    """Of each row the last fix counts, and asks for a box if there is none, or if it lies outside."""
    dice = np.random.default_rng(seed)
    count = int(dice.integers(1, 9))
    rows, x_m, y_m = dice.integers(0, 5, count), dice.integers(-9, 9, count), dice.integers(-9, 9, count)
    boxed, box_x_m, box_y_m = dice.random(5) < 0.7, dice.integers(-9, 9, 5), dice.integers(-9, 9, 5)
    places = np.empty(count, np.int64)
    found = leaving(rows, x_m, y_m, boxed, box_x_m, box_y_m, 4, np.zeros(5, np.int64), places)
    twin = [
        i
        for i, row in enumerate(rows.tolist())
        if row not in rows.tolist()[i + 1 :]
        and not (boxed[row] and abs(x_m[i] - box_x_m[row]) <= 4 and abs(y_m[i] - box_y_m[row]) <= 4)
    ]
    assert places[:found].tolist() == twin
    assert extremes(x_m) == (min(x_m), max(x_m))


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_the_parts_of_a_spread_add_up_in_squares(seed: int) -> None:
    """Travel, turnout, the way to the road and the age of a moving unit's position, each rounded down, then the root."""
    dice = np.random.default_rng(seed)
    count, now = int(dice.integers(1, 9)), 10_000_000
    travel_ms, percent = dice.integers(0, 5_000_000, count), dice.integers(0, 60, count)
    turnout_ms, off_road_ms = dice.integers(0, 400_000, (2, count)).astype(np.int32)
    assumed, speed = dice.integers(0, 2, count).astype(np.uint8), dice.integers(-1, 20, count).astype(np.int16)
    fix_ms = np.where(dice.random(count) < 0.2, -1, dice.integers(0, now + 5_000, count))
    rows = dice.permutation(count).astype(np.int32)
    out_ms = np.empty(count, np.int64)
    given_columns = (assumed, fix_ms, speed, 10, now, 3_600_000, out_ms)
    spread(rows, travel_ms, percent, turnout_ms, 40, off_road_ms, 50, *given_columns)
    for i, row in enumerate(rows.tolist()):
        moves = not assumed[row] and fix_ms[row] >= 0 and (speed[row] == -1 or speed[row] >= 10)
        unseen = min(max(now - int(fix_ms[row]), 0), 3_600_000) if moves else 0
        parts = (
            int(travel_ms[i]) * int(percent[i]) // 100,
            int(turnout_ms[row]) * 40 // 100,
            int(off_road_ms[row]) * 50 // 100,
            unseen,
        )
        assert out_ms[i] == math.isqrt(sum(part * part for part in parts))


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_a_spot_is_the_nearest_street_seen_from_the_arc(seed: int) -> None:
    """The arc that fits the heading, how far along that very arc, and the way to the road beyond its side."""
    dice = np.random.default_rng(seed)
    count, streets = int(dice.integers(1, 9)), int(dice.integers(1, 12))
    tree = pack(*dice.integers(-3_000, 3_000, (4, streets)).astype(np.int32))
    one_way = dice.integers(0, 2, streets).astype(np.uint8)
    arc_of = (2 * np.arange(streets)).astype(np.int32)
    reverse = np.full(2 * streets, -1, np.int32)
    reverse[::2] = np.where(one_way == 1, -1, arc_of + 1)
    x_m, y_m = dice.integers(-600, 600, (2, count)).astype(np.int32)
    heading = np.where(dice.random(count) < 0.3, -1, dice.integers(0, 360, count)).astype(np.int16)
    nothing = np.full(count, -1, np.int32)
    segment, arc, extra_ms = np.empty((3, count), np.int32)
    along = np.empty(count, np.int16)
    snap(tree, one_way, arc_of, reverse, x_m, y_m, heading, nothing, 2_000, 150, 2_800, segment, arc, along, extra_ms)
    twin, off_dm = np.empty((2, count), np.int32)
    along_twin, backwards = np.empty(count, np.int16), np.empty(count, np.uint8)
    dm = (10 * x_m, 10 * y_m)
    nearest(tree, one_way, *dm, heading, nothing, 2_000, twin, along_twin, off_dm, backwards)
    assert segment.tolist() == twin.tolist()
    for i in range(count):
        if twin[i] < 0:
            assert (arc[i], extra_ms[i]) == (-1, 0)
            continue
        assert arc[i] == 2 * twin[i] + backwards[i]
        assert along[i] == (1000 - along_twin[i] if backwards[i] else along_twin[i])
        assert extra_ms[i] == max(0, int(off_dm[i]) - 150) * 100 * 1000 // 2_800
    _rows_are_like_positions((tree, one_way, arc_of, reverse), dice, x_m, y_m, heading)


def _rows_are_like_positions(streets: Any, dice: Any, x_m: Any, y_m: Any, heading: Any) -> None:
    """Rows of columns get what their positions get, the heading of one that stands left away; others stay as they are."""
    count = len(x_m)
    speed = dice.integers(-1, 20, count).astype(np.int16)
    rows = dice.permutation(count)[: int(dice.integers(0, count + 1))].astype(np.int32)
    segment, arc, extra_ms = np.full((3, count), -1, np.int32)
    along, free = np.zeros(count, np.int16), np.full(count, 7, np.uint8)
    snap_rows(*streets, 2_000, 150, 2_800, rows, x_m, y_m, speed, heading, 10, segment, arc, along, extra_ms, free)
    facing = np.where((speed >= 0) & (speed < 10), -1, heading).astype(np.int16)
    twin, arc_twin, extra_twin = np.empty((3, count), np.int32)
    along_twin = np.empty(count, np.int16)
    found = (twin, arc_twin, along_twin, extra_twin)
    snap(*streets, x_m, y_m, facing, np.full(count, -1, np.int32), 2_000, 150, 2_800, *found)
    for row in range(count):
        told = (segment[row], arc[row], along[row], extra_ms[row], free[row])
        if row in rows:
            assert told == (twin[row], arc_twin[row], along_twin[row], extra_twin[row], facing[row] < 0)
        else:
            assert told == (-1, -1, 0, -1, 7)
