"""The nearest street to a position: a packed tree of boxes over straight segments, searched depth first.

Segments are put in the order of a Hilbert curve through their middles; every 16 in a row share a box, every 16 boxes
a larger one, until 16 or fewer are left. **Items** are the segments and, after them, the boxes, each level filled up to a multiple of
16 with boxes that hold nothing. So the 16 children of a box lie side by side.

**Distance** is from the position to its foot: the nearest point of the segment, its coordinates rounded down to whole
decimetres; the root of the sum of squares is rounded down as well. A foot lies inside its segment's box, so no box is
left out that holds the answer. A known heading that does not fit the street costs extra distance, so that a vehicle
on a bridge is not put on the street beneath.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.accelerate import helper, kernel

NONE: Final = -1
FITTING_DEGREES: Final = 45
"""A heading that differs by no more than this costs nothing."""
OPPOSITE_DM: Final = 300
"""What driving the wrong way costs; in between it grows evenly."""
WIDEST_DM: Final = 2**20
"""Longest side of a segment, 105 km: products still fit in 64 bits."""
FARTHEST_DM: Final = 2**29
"""Coordinates of segments are within +- this."""

_FAN: Final = 16
_CURVE_BITS: Final = 16
_STACK: Final = 8 * _FAN  # eight levels hold 2**32 segments


class SegmentTree(NamedTuple):
    """N segments, I items of which the first L (N, filled up) are segments in the order of the tree, the last 16 the top.

    segment: int32[N], number by item; item: int64[N], the other way; ends: int32[N, 4], x1, y1, x2, y2 by item;
    bearing: int16[N], degrees clockwise from north by item, -1 for a segment that is a point; box: int32[4, I], x
    and y from, x and y to; child: int32[I], the first of the 16 items in a box, -1 for a segment.
    """

    segment: NDArray[np.int32]
    item: NDArray[np.int64]
    ends: NDArray[np.int32]
    bearing: NDArray[np.int16]
    box: NDArray[np.int32]
    child: NDArray[np.int32]


def pack(x1: NDArray[np.int32], y1: NDArray[np.int32], x2: NDArray[np.int32], y2: NDArray[np.int32]) -> SegmentTree:
    """Return the tree over segments from (x1, y1) to (x2, y2), int32[N] in local decimetres, y to the north.

    Raises ValueError if a segment is longer than WIDEST_DM on either axis, or farther out than FARTHEST_DM.
    """
    ends = np.stack((x1, y1, x2, y2), axis=1).astype(np.int64)
    if len(ends) > 0 and int(np.abs(ends).max()) > FARTHEST_DM:
        raise ValueError(f"segments: a coordinate is beyond {FARTHEST_DM} dm")
    sides = ends[:, 2:] - ends[:, :2]
    if len(ends) > 0 and int(np.abs(sides).max()) > WIDEST_DM:
        raise ValueError(f"segments: one is longer than {WIDEST_DM} dm")
    segment = np.argsort(_along_curve(ends[:, :2] + ends[:, 2:]), kind="stable").astype(np.int32)
    item = np.empty(len(segment), np.int64)
    item[segment] = np.arange(len(segment))
    degrees = np.rint(np.degrees(np.arctan2(sides[:, 0], sides[:, 1]))).astype(np.int16) % 360
    bearing = np.where((sides == 0).all(axis=1), NONE, degrees).astype(np.int16)
    ordered = ends[segment].astype(np.int32)
    return SegmentTree(segment, item, ordered, bearing[segment], *_boxes(ordered))


def _along_curve(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """How far along a Hilbert curve through their common square each point, int64[N, 2], lies."""
    if len(points) == 0:
        return np.empty(0, np.int64)
    corner = points.min(axis=0)
    widest = max(int((points.max(axis=0) - corner).max()), 1)
    last = 2**_CURVE_BITS - 1
    x, y = ((points - corner) * last // widest).T
    along = np.zeros(len(points), np.int64)
    for bit in range(_CURVE_BITS - 1, -1, -1):
        right, upper = x >> bit & 1, y >> bit & 1
        along = along << 2 | (3 * right ^ upper)
        turn = (upper == 0) & (right == 1)
        x, y = np.where(turn, last - x, x), np.where(turn, last - y, y)
        x, y = np.where(upper == 0, y, x), np.where(upper == 0, x, y)
    return along


def _boxes(ends: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Boxes of all items, int32[4, I], and where their children begin, int32[I]."""
    level = _filled(np.minimum(ends[:, :2], ends[:, 2:]).T, np.maximum(ends[:, :2], ends[:, 2:]).T)
    boxes, children = [level], [np.full(level.shape[1], NONE, np.int32)]
    begin = 0
    while level.shape[1] > _FAN:
        child = np.arange(begin, begin + level.shape[1], _FAN, dtype=np.int32)
        begin += level.shape[1]
        groups = level.reshape(4, -1, _FAN)
        level = _filled(groups[:2].min(axis=2), groups[2:].max(axis=2))
        boxes.append(level)
        children.append(np.resize(child, level.shape[1]))
    return np.ascontiguousarray(np.concatenate(boxes, axis=1)), np.concatenate(children)


def _filled(low: NDArray[np.int32], high: NDArray[np.int32]) -> NDArray[np.int32]:
    """Boxes from `low` to `high`, int32[2, any], filled up to a multiple of 16 with such as begin after they end."""
    count = max(-(-low.shape[1] // _FAN), 1) * _FAN
    box = np.empty((4, count), np.int32)
    box[:2], box[2:] = 2**31 - 1, -(2**31)
    box[:2, : low.shape[1]], box[2:, : low.shape[1]] = low, high
    return box


class _Found(NamedTuple):
    """The best so far. `reach_dm`: a segment farther off than this cannot be better."""

    item: int
    off_dm: int
    cost_dm: int
    backwards: bool
    reach_dm: int


@helper
def _root(square: int) -> int:
    """Square root, rounded down, exact below 2**62."""
    root = int(math.sqrt(square))
    while root * root > square:  # above 2**52 the square root of a double may be off by one
        root -= 1
    while (root + 1) * (root + 1) <= square:
        root += 1
    return root


@helper
def _gap(tree: SegmentTree, item: int, x: int, y: int, reach_dm: int) -> int:
    """Squared distance to the item's box, or -1 if that is beyond reach."""
    east = max(tree.box[0, item] - x, x - tree.box[2, item], 0)
    north = max(tree.box[1, item] - y, y - tree.box[3, item], 0)
    if east > reach_dm or north > reach_dm:
        return -1
    square = east * east + north * north
    return square if square < (reach_dm + 1) * (reach_dm + 1) else -1


@helper
def _foot(tree: SegmentTree, item: int, x: int, y: int) -> tuple[int, int]:
    """Distance to the foot, and how far along it lies in permille, rounded down. Exact within 2**30 dm."""
    x1, y1 = int(tree.ends[item, 0]), int(tree.ends[item, 1])
    east, north = tree.ends[item, 2] - x1, tree.ends[item, 3] - y1
    square = east * east + north * north
    forward = (x - x1) * east + (y - y1) * north
    if square == 0 or forward <= 0:
        forward, square = 0, max(square, 1)
    forward = min(forward, square)
    off_x, off_y = x - x1 - east * forward // square, y - y1 - north * forward // square
    return _root(off_x * off_x + off_y * off_y), forward * 1000 // square


@helper
def _misfit(bearing: int, heading: int, one_way: bool) -> tuple[int, bool]:
    """What a heading costs on a street of that bearing, in dm, and whether it is driven against its direction."""
    if heading < 0 or bearing < 0:
        return 0, False
    apart = abs(heading - bearing) % 360
    apart = min(apart, 360 - apart)
    backwards = not one_way and apart > 90
    if backwards:
        apart = 180 - apart
    return max(apart - FITTING_DEGREES, 0) * OPPOSITE_DM // (180 - FITTING_DEGREES), backwards


@helper
def _better(
    tree: SegmentTree, item: int, x: int, y: int, heading: int, one_way: NDArray[np.uint8], best: _Found
) -> _Found:
    """The better of the best so far and this segment; of equals, the lower number."""
    off_dm, _ = _foot(tree, item, x, y)
    if off_dm > best.reach_dm:
        return best
    number = tree.segment[item]
    misfit_dm, backwards = _misfit(int(tree.bearing[item]), heading, one_way[number] != 0)
    cost_dm = off_dm + misfit_dm
    if cost_dm > best.cost_dm or (cost_dm == best.cost_dm and number > tree.segment[best.item]):
        return best
    return _Found(item, off_dm, cost_dm, backwards, min(best.reach_dm, cost_dm))


@helper
def _spread(
    tree: SegmentTree,
    first: int,
    x: int,
    y: int,
    reach_dm: int,
    gaps: NDArray[np.int64],
    items: NDArray[np.int64],
    size: int,
) -> int:
    """Put the children of a box, from item `first`, that are within reach on the stack, the nearest on top; return the stack's new size."""
    bottom = size
    for child in range(first, first + _FAN):
        gap = _gap(tree, child, x, y, reach_dm)
        if gap < 0:
            continue
        at = size
        while at > bottom and gaps[at - 1] < gap:
            gaps[at], items[at] = gaps[at - 1], items[at - 1]
            at -= 1
        gaps[at], items[at] = gap, child
        size += 1
    return size


@kernel
def nearest(
    tree: SegmentTree,
    one_way: NDArray[np.uint8],
    x_dm: NDArray[np.int32],
    y_dm: NDArray[np.int32],
    heading: NDArray[np.int16],
    hint: NDArray[np.int32],
    limit_dm: int,
    out_segment: NDArray[np.int32],
    out_along: NDArray[np.int16],
    out_off_dm: NDArray[np.int32],
    out_backwards: NDArray[np.uint8],
) -> None:
    """Write the segment on which each position most likely is, at most limit_dm away.

    one_way: uint8[N], 1 where only the segment's own direction may be driven. k positions: x_dm, y_dm: int32[k];
    heading: int16[k], degrees clockwise from north, or -1; hint: int32[k], a segment that is probably near, or -1:
    it makes the search faster, never different. 0 <= limit_dm <= 2**29.

    Least distance plus misfit of heading wins; of equals, the lower number. out_segment: int32[k] or -1; out_along:
    int16[k], permille from the segment's first end to the foot, rounded down; out_off_dm: int32[k], distance without
    misfit, or -1; out_backwards: uint8[k], 1 if the heading fits the opposite direction better.
    """
    gaps, items = np.empty(_STACK, np.int64), np.empty(_STACK, np.int64)
    top = len(tree.child) - _FAN
    for i in range(len(x_dm)):
        x, y, facing = int(x_dm[i]), int(y_dm[i]), int(heading[i])
        best = _Found(-1, -1, limit_dm + OPPOSITE_DM + 1, False, limit_dm)
        if hint[i] >= 0 and _gap(tree, tree.item[hint[i]], x, y, limit_dm) >= 0:
            best = _better(tree, int(tree.item[hint[i]]), x, y, facing, one_way, best)
        size = _spread(tree, top, x, y, best.reach_dm, gaps, items, 0)
        while size > 0:
            size -= 1
            item = int(items[size])
            if gaps[size] >= (best.reach_dm + 1) * (best.reach_dm + 1):
                continue
            if tree.child[item] < 0:
                best = _better(tree, item, x, y, facing, one_way, best)
            else:
                size = _spread(tree, int(tree.child[item]), x, y, best.reach_dm, gaps, items, size)
        out_segment[i] = tree.segment[best.item] if best.item >= 0 else NONE
        out_off_dm[i] = best.off_dm
        out_along[i] = _foot(tree, best.item, x, y)[1] if best.item >= 0 else 0
        out_backwards[i] = best.backwards


@kernel
def snap(
    tree: SegmentTree,
    one_way: NDArray[np.uint8],
    arc_of: NDArray[np.int32],
    reverse: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    heading: NDArray[np.int16],
    hint: NDArray[np.int32],
    limit_dm: int,
    beside_dm: int,
    off_road_mm_per_s: int,
    out_segment: NDArray[np.int32],
    out_arc: NDArray[np.int32],
    out_along: NDArray[np.int16],
    out_extra_ms: NDArray[np.int32],
) -> None:
    """Write where on the streets each of k positions is, at most limit_dm from one.

    tree, one_way, heading, hint: as in `nearest`; x_m, y_m: int32[k], metres; arc_of: int32[N], the arc that runs along
    a segment; reverse: int32[arcs], the arc that runs back over it. out_segment: int32[k], -1 where no road is near;
    out_arc: int32[k], the one that fits the heading better, or -1; out_along: int16[k], permille of that arc;
    out_extra_ms: int32[k], what lies beyond beside_dm at off_road_mm_per_s, rounded down.
    """
    off_dm, backwards = np.empty(len(x_m), np.int32), np.empty(len(x_m), np.uint8)
    x_dm, y_dm = x_m * np.int32(10), y_m * np.int32(10)
    nearest(tree, one_way, x_dm, y_dm, heading, hint, limit_dm, out_segment, out_along, off_dm, backwards)
    for i in range(len(x_m)):
        if out_segment[i] < 0:
            out_arc[i], out_extra_ms[i] = NONE, 0
            continue
        arc = arc_of[out_segment[i]]
        if backwards[i] == 1:
            arc, out_along[i] = reverse[arc], 1000 - out_along[i]
        out_arc[i] = arc
        beyond_dm = int(off_dm[i]) - beside_dm
        out_extra_ms[i] = beyond_dm * 100_000 // off_road_mm_per_s if beyond_dm > 0 else 0


@kernel
def snap_rows(
    tree: SegmentTree,
    one_way: NDArray[np.uint8],
    arc_of: NDArray[np.int32],
    reverse: NDArray[np.int32],
    limit_dm: int,
    beside_dm: int,
    off_road_mm_per_s: int,
    rows: NDArray[np.int32],
    x_m: NDArray[np.int32],
    y_m: NDArray[np.int32],
    speed_dm_s: NDArray[np.int16],
    heading: NDArray[np.int16],
    moving_dm_s: int,
    segment: NDArray[np.int32],
    arc: NDArray[np.int32],
    along: NDArray[np.int16],
    extra_ms: NDArray[np.int32],
    free: NDArray[np.uint8],
) -> None:
    """Write where on the streets each of `rows`, int32[k], is; all columns are by row, N long, written for these only.

    As `snap`, where `segment` is the hint as well. The heading of a unit that is known to be slower than moving_dm_s
    means nothing. free: uint8[N], 1 for a unit without a heading that means something: it may leave either way.
    """
    count = len(rows)
    at_x, at_y, hint = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    facing, its_along = np.empty(count, np.int16), np.empty(count, np.int16)
    its_segment, its_arc, its_extra = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    for i in range(count):
        row = rows[i]
        at_x[i], at_y[i], hint[i] = x_m[row], y_m[row], segment[row]
        facing[i] = -1 if 0 <= speed_dm_s[row] < moving_dm_s else heading[row]
    snap(
        tree,
        one_way,
        arc_of,
        reverse,
        at_x,
        at_y,
        facing,
        hint,
        limit_dm,
        beside_dm,
        off_road_mm_per_s,
        its_segment,
        its_arc,
        its_along,
        its_extra,
    )
    for i in range(count):
        row = rows[i]
        segment[row], arc[row], along[row], extra_ms[row] = its_segment[i], its_arc[i], its_along[i], its_extra[i]
        free[row] = facing[i] < 0
