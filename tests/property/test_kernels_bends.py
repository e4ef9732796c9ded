"""A line with fewer points is still the line."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.bends import keep_bends

WITHIN = 5
Point = tuple[int, int]
points = st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=1, max_size=40)


def kept_of(line: list[Point]) -> list[bool]:
    keep = np.empty(len(line), np.uint8)
    columns = np.array(line, np.int64)
    keep_bends(np.ascontiguousarray(columns[:, 0]), np.ascontiguousarray(columns[:, 1]), WITHIN, keep)
    return [bool(each) for each in keep]


def _away(point: Point, a: Point, b: Point) -> float:
    east, north = b[0] - a[0], b[1] - a[1]
    square = east * east + north * north
    part = 0.0 if square == 0 else ((point[0] - a[0]) * east + (point[1] - a[1]) * north) / square
    part = min(max(part, 0.0), 1.0)
    return ((point[0] - a[0] - east * part) ** 2 + (point[1] - a[1] - north * part) ** 2) ** 0.5


@given(points)
def test_what_is_left_out_lies_beside_the_line(line: list[Point]):
    """Both ends stay, and no point that was left out is farther from its own part of the line than was promised."""
    keep = kept_of(line)
    assert keep[0]
    assert keep[-1]
    places = [place for place, kept in enumerate(keep) if kept]
    for first, last in pairwise(places):
        for place in range(first + 1, last):
            assert _away(line[place], line[first], line[last]) <= WITHIN + 1e-6


def test_points_on_a_straight_line_are_left_out():
    """A street without a bend is two points."""
    assert kept_of([(0, 0), (10, 1), (20, 0), (500, 0)]) == [True, False, False, True]
