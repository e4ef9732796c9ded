"""Straight-line times against plain Python integers, which cannot overflow."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.travel import LONGEST_MS, WIDEST_M, straight_line_ms

INT32 = st.integers(-(2**31), 2**31 - 1)
NEARBY = st.integers(-50_000, 50_000)
COORDINATE = st.one_of(NEARBY, INT32, st.sampled_from([-(2**31), 2**31 - 1, 0]))


def twin_ms(x_m: int, y_m: int, at_x_m: int, at_y_m: int, circuity_percent: int, speed_mm_per_s: int) -> int:
    """The formula of the docstring, in whole numbers of any size."""
    east_m, north_m = x_m - at_x_m, y_m - at_y_m
    if max(abs(east_m), abs(north_m)) > WIDEST_M:
        return LONGEST_MS
    distance_m = math.isqrt(east_m**2 + north_m**2)
    return min(LONGEST_MS, distance_m * 10 * circuity_percent * 1000 // speed_mm_per_s)


def times_ms(places: list[tuple[int, int]], at: tuple[int, int], circuity: int, speed: int) -> list[int]:
    rows = np.arange(len(places), dtype=np.int32)[::-1].copy()
    x_m, y_m = np.array(places, np.int64).reshape(-1, 2).astype(np.int32).T.copy()
    out = np.empty(len(places), np.int32)
    straight_line_ms(rows, x_m, y_m, at[0], at[1], circuity, speed, out)
    return [int(time_ms) for time_ms in out[::-1]]


@given(
    st.lists(st.tuples(COORDINATE, COORDINATE), max_size=5),
    st.tuples(COORDINATE, COORDINATE),
    st.one_of(st.integers(100, 200), st.integers(1, 100_000)),
    st.one_of(st.integers(1_000, 40_000), st.integers(1, 2**32)),
)
def test_agrees_with_whole_numbers_of_any_size(
    places: list[tuple[int, int]], at: tuple[int, int], circuity: int, speed: int
) -> None:
    """Every time is the exact one rounded down, and nothing overflows anywhere in the range."""
    expected = [twin_ms(*place, *at, circuity, speed) for place in places]
    assert times_ms(places, at, circuity, speed) == expected


@given(st.integers(0, WIDEST_M), st.integers(-2, 2))
def test_distance_is_rounded_down_next_to_perfect_squares(side_m: int, nudge_m: int) -> None:
    """Where a square root of doubles may be off by one, the distance is still that of whole numbers."""
    north_m = max(0, min(WIDEST_M, side_m + nudge_m))
    place = (side_m - 2**30, north_m - 2**30)
    at = (-(2**30), -(2**30))
    circuity, speed = 1, 2**32
    assert times_ms([place], at, circuity, speed) == [twin_ms(*place, *at, circuity, speed)]


def test_a_known_triangle() -> None:
    """3-4-5: 500 m at 12 m/s with circuity 1.3 are 54.166 s."""
    assert times_ms([(300, 400)], (0, 0), 130, 12_000) == [54_166]


def test_farther_than_can_be_told_reads_as_longest() -> None:
    """A walk round the world at a snail's pace saturates instead of wrapping round."""
    assert times_ms([(2**31 - 1, 0)], (0, 0), 200, 1) == [LONGEST_MS]
    assert times_ms([(2**31 - 1, 0)], (-(2**31), 0), 1, 2**32) == [LONGEST_MS]
