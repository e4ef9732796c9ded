"""The part of a street graph that hangs together: held against scipy and against plain reachability."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from engine.streets.graph import NOT_OPEN
from gateways.places import Streets
from gateways.places.connected import Dropped, connected, largest_part

arcs = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        st.just(count), st.lists(st.tuples(*[st.integers(0, count - 1)] * 2, *[st.integers(-1, 3)] * 2), max_size=40)
    )
)


def streets(count: int, rows: list[tuple[int, int, int, int]], metres: float = 100.0) -> Streets:
    """Arcs as (from, to, lights, normal); each has a name of its own."""
    table = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    return Streets(
        node_lat=np.arange(count) / 1000,
        node_lon=np.zeros(count),
        arc_from=table[0].copy(),
        arc_to=table[1].copy(),
        length_m=np.full(len(rows), metres, dtype=np.float32),
        lights_ms=table[2].copy(),
        normal_ms=table[3].copy(),
        arc_class=np.zeros(len(rows), dtype=np.uint8),
        arc_name=np.arange(len(rows), dtype=np.int32),
        classes=np.array(["street"]),
        names=np.array([f"Street {row}" for row in range(len(rows))] or [""]),
    )


@settings(deadline=None)
@given(arcs)
def test_the_largest_part_is_scipy_s(case: tuple[int, list[tuple[int, int, int, int]]]) -> None:
    """As large as its largest component, and one of those."""
    count, rows = case
    tail, head = (np.array([row[end] for row in rows], dtype=np.int64) for end in (0, 1))
    part = largest_part(tail, head, count)
    matrix = csr_array((np.ones(len(rows)), (tail, head)), shape=(count, count))
    _, label = connected_components(matrix, connection="strong")
    assert part.sum() == np.bincount(label).max()
    assert len(set(label[part].tolist())) == 1


@settings(deadline=None)
@given(arcs)
def test_what_stays_hangs_together_and_loses_no_time(case: tuple[int, list[tuple[int, int, int, int]]]) -> None:
    """No loop, no double, no closed arc; between two nodes the best time of each mode is still there."""
    count, rows = case
    left, kept, dropped = connected(streets(count, rows))
    pairs = list(zip(left.arc_from.tolist(), left.arc_to.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all(tail != head for tail, head in pairs)
    assert len(left.node_lat) == kept.sum()
    old = np.flatnonzero(kept).tolist()
    for mode, column in ((2, left.lights_ms), (3, left.normal_ms)):
        for (tail, head), ms in zip(pairs, column.tolist(), strict=True):
            times = [row[mode] for row in rows if row[:2] == (old[tail], old[head]) and row[mode] != NOT_OPEN]
            assert ms == min(times, default=NOT_OPEN)
    assert dropped.loops == sum(row[0] == row[1] for row in rows)
    assert len(pairs) + dropped.arcs + dropped.loops + dropped.doubles == len(rows)


def test_turns_and_names_follow_their_arcs() -> None:
    """Rows are numbered anew; a turn over a dropped arc is gone, a name that nothing bears too."""
    whole = streets(4, [(3, 0, 1, 1), (0, 1, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1)])
    whole = replace(whole, turn_from=np.array([0, 1], dtype=np.int32), turn_to=np.array([1, 2], dtype=np.int32))
    left, kept, dropped = connected(whole)
    assert kept.tolist() == [True, True, True, False]
    assert (left.turn_from.tolist(), left.turn_to.tolist()) == ([0], [1])
    assert left.names.tolist() == ["Street 1", "Street 2", "Street 3"]
    assert dropped == Dropped(nodes=1, arcs=1, km=0.1, names=("Street 0",))


def test_what_was_left_out_is_one_sentence() -> None:
    """And nothing is said where nothing was."""
    assert str(Dropped()) == ""
    assert str(Dropped(2, 3, 1.25, ("Pier Road",), 1, 4, 5)) == (
        "Left out: 2 nodes and 3 arcs (1.2 km of street, among them Pier Road) that cannot be both reached and left by "
        "road; 1 loop; 4 arcs beside a faster one between the same nodes. "
        "5 arcs without length, taken as 1 dm."
    )
    _, _, dropped = connected(streets(2, [(0, 1, 0, 0), (1, 0, 0, 0)], metres=0.0))
    assert str(dropped) == "2 arcs without length, taken as 1 dm."
