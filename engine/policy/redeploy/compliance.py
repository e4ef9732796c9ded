"""R2: all free units to the posts of a nested table, with the least driving (Gendreau and others 2006; van Barneveld 2016).

Row n of the table says where n free units should stand: row n - 1 and one more post, that which adds most (greedy MEXCLP,
Daskin 1983; with q = 0 it is MCLP, and posts that add nothing are ranked as if q were 0.3). Then the units are assigned
to the posts so that all together drive least, exactly; who is under way to a post costs what is left of its way (JEMSS:
to count it as there already makes a third fewer moves, and up to 5 % more calls late).
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct

from engine.kernels.dense import assign_all
from engine.kernels.posting import Room, nested_order
from engine.model.moves import ProposedMove
from engine.policy.redeploy.refused import Ranges, check
from engine.policy.redeploy.survey import Ground, Ints, Kinds, Survey, kinds_of, with_busy
from engine.policy.redeploy.words import Move, proposed

THEN = 300
"""Permille: how posts are ranked that add the same by the table's own q."""
NO_WAY_MS = 1 << 40
MOVE_COUNTS = 4_096
"""Of answers with the same driving, the one with fewer moves: a ms outweighs all moves that there can be."""

OWN_RANGES: Ranges = {"drive_ms_max": (0, NO_WAY_MS, "ms")}


class Compliance(Struct, frozen=True, tag="compliance"):
    """Follow the table at every event."""

    q: int | None = None
    """How much of the time a unit is busy, in permille; None: as was learned, by layer and area. 0: plain MCLP."""
    drive_ms_max: int = NO_WAY_MS
    """Whoever would have to drive longer stays; then nobody moves who was to take its place."""

    def __post_init__(self) -> None:
        check(self, OWN_RANGES)

    def propose(self, survey: Survey) -> tuple[ProposedMove, ...]:
        """Return a move for every unit that the table wants elsewhere; none where a post would fall below its minimum."""
        kinds, goal = kinds_of(survey), survey.post.copy()
        for kind in range(len(kinds.kinds)):
            self._assign(survey, kinds, kind, goal)
        if not _holds(survey, goal):
            return ()
        moves = [Move(unit, int(goal[unit])) for unit in np.flatnonzero(goal != survey.post).tolist()]
        return proposed(survey, "compliance", moves, self.q)

    def _assign(self, survey: Survey, kinds: Kinds, kind: int, goal: Ints) -> None:
        """Write down where the units of one kind belong; they share posts with the kinds before and after."""
        members = np.flatnonzero(kinds.kind == kind)
        others = np.bincount(goal[kinds.kind != kind], minlength=len(survey.posts))
        capacity = np.maximum(survey.capacity - others, 0).astype(np.int32)
        minimum = np.maximum(survey.minimum - others, 0).astype(np.int32)
        order = _order(survey.ground, int(kinds.kinds[kind]), self.q, len(members), Room(capacity, minimum))
        if len(order) < len(members):
            return
        movable = members[survey.movable[members] != 0]
        places = _left(order, survey.post[members[survey.movable[members] == 0]])[: len(movable)]
        if len(movable) == 0:
            return
        drive_ms = survey.to_post_ms[movable][:, places].astype(np.int64)
        stays = survey.post[movable][:, None] == places[None, :]
        drive_ms[~stays & ((drive_ms < 0) | (drive_ms > self.drive_ms_max))] = NO_WAY_MS
        cost = np.maximum(drive_ms, 0) * MOVE_COUNTS + ~stays
        column = np.empty(len(movable), np.int32)
        assign_all(np.ascontiguousarray(np.minimum(cost, NO_WAY_MS)), column)
        if int(cost[np.arange(len(movable)), column].max()) < NO_WAY_MS:
            goal[movable] = places[column]


def _holds(survey: Survey, goal: Ints) -> bool:
    """Tell whether every post keeps its minimum, or as many as it has, and none takes more than it may or has."""
    posts = len(survey.posts)
    before, after = np.bincount(survey.post, minlength=posts), np.bincount(goal, minlength=posts)
    kept = (after >= np.minimum(survey.minimum, before)).all()
    return bool(kept and (after <= np.maximum(survey.capacity, before)).all())


def _left(order: Ints, taken: Ints) -> Ints:
    """Return the places of the row that are left when some units stay where they are, those chosen first first."""
    left = order.tolist()
    for post in taken.tolist():
        if post in left:
            left.remove(post)
    return np.array(left, np.int32)


class _Table(Struct, frozen=True):
    """What a table depends on; the ground itself is only its way to the numbers."""

    digest: bytes
    accepts: int
    busy_permille: int | None
    units: int
    capacity: bytes
    minimum: bytes


def _order(ground: Ground, accepts: int, busy_permille: int | None, units: int, room: Room) -> Ints:
    """Return the post of each further unit, shorter than `units` where posts have no more room."""
    key = _Table(ground.digest, accepts, busy_permille, units, room.capacity.tobytes(), room.minimum.tobytes())
    return _made(key, _Hidden(ground))


class _Hidden:
    """The ground, hidden from the cache's eyes: equal tables have equal digests, so any will do."""

    __slots__ = ("ground",)

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _made(key: _Table, hidden: _Hidden) -> Ints:
    sets = with_busy(hidden.ground.sets, key.busy_permille)
    capacity, minimum = (np.frombuffer(column, np.int32) for column in (key.capacity, key.minimum))
    order = np.empty(key.units, np.int32)
    found = nested_order(sets, key.accepts, Room(capacity.copy(), minimum.copy()), THEN, order)
    order = order[:found]
    order.flags.writeable = False
    return order
