"""The nearest street against asking every street."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.nearest import FARTHEST_DM, WIDEST_DM, nearest, pack

Answer = tuple[int, int, int, int]
NOWHERE: Answer = (-1, 0, -1, 0)


class Segment(NamedTuple):
    x1: int
    y1: int
    x2: int
    y2: int
    one_way: int


class Position(NamedTuple):
    x: int
    y: int
    heading: int
    hint: int


def segments_within(span: int) -> st.SearchStrategy[list[Segment]]:
    """Crowded enough for ties, and long enough to need several levels."""
    end = st.integers(-span, span)
    return st.lists(st.builds(Segment, end, end, end, end, st.integers(0, 1)), max_size=80)


def columns(rows: list[Segment]) -> list[np.ndarray]:
    return [column.copy() for column in np.array(rows, np.int32).reshape(-1, 5).T]


def misfit(segment: Segment, heading: int) -> tuple[int, int]:
    east, north = segment.x2 - segment.x1, segment.y2 - segment.y1
    if heading < 0 or (east, north) == (0, 0):
        return 0, 0
    bearing = round(math.degrees(math.atan2(east, north)))
    apart = abs((heading - bearing + 180) % 360 - 180)
    with_it = max(apart - 45, 0) * 300 // 135
    against = max(180 - apart - 45, 0) * 300 // 135
    if segment.one_way or apart <= 90:
        return with_it, 0
    return against, 1


def twin(segments: list[Segment], position: Position, limit: int) -> Answer:
    """Ask every segment."""
    best = None
    for number, segment in enumerate(segments):
        east, north = segment.x2 - segment.x1, segment.y2 - segment.y1
        square = east**2 + north**2 or 1
        forward = (position.x - segment.x1) * east + (position.y - segment.y1) * north
        forward = min(max(forward, 0), square if (east, north) != (0, 0) else 0)
        foot = segment.x1 + east * forward // square, segment.y1 + north * forward // square
        off = math.isqrt((position.x - foot[0]) ** 2 + (position.y - foot[1]) ** 2)
        cost, backwards = misfit(segment, position.heading)
        answer = (off + cost, number, forward * 1000 // square, off, backwards)
        if off <= limit and (best is None or answer < best):
            best = answer
    return NOWHERE if best is None else best[1:]


def asked(segments: list[Segment], positions: list[Position], limit: int) -> list[Answer]:
    x1, y1, x2, y2, one_way = columns(segments)
    x, y, heading, hint = (column.copy() for column in np.array(positions, np.int32).reshape(-1, 4).T)
    segment, off = np.full((2, len(x)), 77, np.int32)
    along, backwards = np.full(len(x), 77, np.int16), np.full(len(x), 77, np.uint8)
    tree = pack(x1, y1, x2, y2)
    flags = one_way.astype(np.uint8)
    nearest(tree, flags, x, y, heading.astype(np.int16), hint, limit, segment, along, off, backwards)
    answers = zip(segment.tolist(), along.tolist(), off.tolist(), backwards.tolist(), strict=True)
    return list(answers)


def check(segments: list[Segment], data: st.DataObject, span: int) -> None:
    place, heading = st.integers(-span, span), st.integers(-1, 359)
    hint = st.integers(-1, len(segments) - 1)
    positions = data.draw(st.lists(st.builds(Position, place, place, heading, hint), min_size=1, max_size=8))
    limit = data.draw(st.sampled_from([0, 3, span // 2, 2**29]))
    assert asked(segments, positions, limit) == [twin(segments, position, limit) for position in positions]


@given(segments_within(20), st.data())
@settings(max_examples=300, deadline=None)
def test_nearest_agrees_with_its_slow_twin_in_a_crowd(segments: list[Segment], data: st.DataObject) -> None:
    """Ties everywhere, segments that are points, any heading, any hint."""
    check(segments, data, 30)


@given(segments_within(1000), st.data())
@settings(max_examples=200, deadline=None)
def test_nearest_agrees_with_its_slow_twin_in_a_town(segments: list[Segment], data: st.DataObject) -> None:
    """Where the price of a heading is of the size of the distances."""
    check(segments, data, 1500)


@given(segments_within(WIDEST_DM // 2), st.data())
@settings(deadline=None)
def test_nearest_agrees_with_its_slow_twin_in_a_country(segments: list[Segment], data: st.DataObject) -> None:
    """The longest segments, and positions as far off as coordinates go: no product overflows."""
    check(segments, data, 2**31 - 1)


def test_thousands_of_segments() -> None:
    """A tree of four levels; positions beside segments, with and without a hint."""
    chance = np.random.default_rng(3)
    corner = chance.integers(0, 20_000, (5000, 2))
    ends = corner + chance.integers(-300, 301, (5000, 2))
    segments = [Segment(*map(int, row)) for row in np.column_stack((corner, ends, chance.integers(0, 2, 5000)))]
    places = chance.integers(-100, 20_100, (30, 2)).tolist()
    bare = [Position(x, y, n * 12 - 1, -1) for n, (x, y) in enumerate(places)]
    hinted = [position._replace(hint=n * 100) for n, position in enumerate(bare)]
    answers = [twin(segments, position, 10_000) for position in bare]
    assert asked(segments, bare, 10_000) == asked(segments, hinted, 10_000) == answers


def test_segments_too_long_or_too_far_are_refused() -> None:
    """Beyond these the products would not fit."""
    zero, one = np.zeros(1, np.int32), np.ones(1, np.int32)
    pack(zero, zero, one * WIDEST_DM, zero)
    with pytest.raises(ValueError, match="segments: one is longer than"):
        pack(zero, zero, one * (WIDEST_DM + 1), zero)
    with pytest.raises(ValueError, match="segments: a coordinate is beyond"):
        pack(one * (FARTHEST_DM + 1), zero, one * FARTHEST_DM, zero)
