"""From a World to a survey: quick, because everything that stays the same for an epoch is found once.

A unit belongs to the post that a move gave it, else to its home station. It is fresh where a move would be no idle one
(`state/posts.py`). Who may be moved follows `MoveRules`: nobody on
a break, near the end of the shift, moved a moment ago or often enough; nobody of a shared crew, as the crew's other
vehicles would stand without it. All of them cover where they stand. Neighbours' units are not ours to place.
"""

from bisect import bisect_left

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.model.hours import shift_left_ms
from engine.model.lifecycle import Status
from engine.model.place import Place
from engine.model.roads import Conditions
from engine.policy.honesty import clear_ms
from engine.policy.redeploy.ground import LayerRule, Points, ground_of
from engine.policy.redeploy.reach import Point, Reach, StraightReach, StreetReach
from engine.policy.redeploy.refused import PolicyRefused
from engine.policy.redeploy.rules import rules_of
from engine.policy.redeploy.survey import NO_PRICE, Bytes, Ground, Ints, Survey, Wide
from engine.policy.travel import straight_line
from engine.state.fleet import IN_QUARTERS_M, STANDING_ASSIGNED, STANDING_FREE
from engine.state.fold_moves import moves_in_tour
from engine.state.posts import counts_at, is_idle
from engine.state.records import UnitRecord
from engine.state.world import World
from engine.streets.oracle import Oracle
from engine.streets.roads import Roads

UNLIMITED = 1 << 30


class Demand(Struct, frozen=True, eq=False):
    """What the surveyor is to reckon with; what is None is taken from the place."""

    rules: tuple[LayerRule, ...] | None = None
    points: Points | None = None
    busy_permille: tuple[int, ...] | Wide | None = None
    """By layer, or by layer and point, int64[L, n]."""
    calls_per_day: int = 0
    service_ms: int = 0


class Surveyor:
    """Looks at one World after the other. Keeps what an epoch's streets and an hour's demand give."""

    def __init__(self, demand: Demand | None = None) -> None:
        self.demand = demand or Demand()
        self._place: Place | None = None
        self._oracle: Oracle | None = None
        self._posts: tuple[str, ...] = ()
        self._names: tuple[str, ...] = ()
        self._capacity, self._minimum = np.empty(0, np.int32), np.empty(0, np.int32)
        self._at = np.empty((2, 0), np.int32)
        self._reach: Reach | None = None
        self._points_ms = np.empty((2, 0, 0), np.int32)
        self._ground: Ground | None = None

    def expect(self, demand: Demand) -> None:
        """Reckon with other demand from now on: the coming hour's weights, what was learned of busy fractions."""
        if demand.points is not self.demand.points:
            self._reach = None if _moved(demand.points, self.demand.points) else self._reach
        self.demand, self._ground = demand, None

    def survey(self, world: World, price: int = NO_PRICE, *, with_busy: bool = True) -> Survey:
        """Return the moment; with those who are out, unless nobody asks for them.

        Raises PolicyRefused where a policy could do nothing with it.
        """
        reach, ground = self.make_ready(world.settled, world.roads, world.road_book.current)
        fleet = world.fleet
        ours = (fleet.listed != 0) & (fleet.agency < 0)
        rows = np.flatnonzero((fleet.standing == STANDING_FREE) & ours).astype(np.int32)
        free = rows.tolist()
        records = [world.units[row] for row in free]
        post = fleet.post[rows].astype(np.int32)
        seen = Survey(
            seq=world.seq,
            now_ms=world.now,
            ids=tuple(record.id for record in records),
            rows=rows,
            post=post,
            to_post_ms=_without_refused(world, free, post, self._to_post_ms(world, reach, rows, post)),
            fresh=np.array([each.duty is Status.RETURNING and not is_idle(world, each) for each in records], np.uint8),
            movable=_movable(world, records, fleet.shift[rows].tolist()),
            capability=fleet.capability[rows],
            posts=self._posts,
            names=self._names,
            capacity=self._room(world),
            minimum=self._minimum,
            ground=ground,
            price=price,
            calls_per_day=self.demand.calls_per_day,
            service_ms=self.demand.service_ms,
        )
        if not with_busy:
            return seen
        busy = np.flatnonzero((fleet.standing == STANDING_ASSIGNED) & ours)
        return self._with_busy(world, reach, seen, busy.tolist()) if len(busy) else seen

    def _with_busy(self, world: World, reach: Reach, seen: Survey, busy: list[int]) -> Survey:
        """Add the units that are out, and where and when each will be free."""
        places = [_becomes_free(world, row) for row in busy]
        rows = np.array(busy, np.int32)
        return replace(
            seen,
            busy_ids=tuple(world.fleet.ids[row] for row in busy),
            busy_rows=rows,
            busy_free_ms=np.array([clear_ms(world, row) for row in busy], np.int32),
            busy_post=world.fleet.post[rows].astype(np.int32),
            busy_to_post_ms=reach.from_places(places),
            busy_capability=world.fleet.capability[rows],
        )

    # ── what stays the same ─────────────────────────────────────────────────────────────────────────────────

    def is_ready(self, world: World) -> bool:
        """Tell whether a survey would be quick: what an epoch and an hour give is found."""
        same = world.settled is self._place and self._suits(world.roads, world.road_book.current)
        return same and self._ground is not None

    def make_ready(self, place: Place, roads: Roads | None, conditions: Conditions) -> tuple[Reach, Ground]:
        """Find what an epoch and an hour give. Another thread may do it while nobody surveys. Raises PolicyRefused."""
        if place is not self._place:
            self._settle(place)
        points = self.demand.points or self._own_points
        if self._reach is None or not self._suits(roads, conditions):
            # Apart from the writer's: this may be another thread, and he goes on deciding.
            self._oracle = None if roads is None else roads.oracle(conditions).apart()
            self._reach = _reach_of(place, roads, self._oracle)
            self._points_ms, self._ground = self._reach.points_ms(points), None
        if self._ground is None:
            rules = self.demand.rules or self._own_rules
            busy = self.demand.busy_permille
            busy = (place.coverage.busy_permille,) * len(rules) if busy is None else busy
            self._ground = ground_of(rules, points, self._points_ms, busy)
        return self._reach, self._ground

    def _suits(self, roads: Roads | None, conditions: Conditions) -> bool:
        """Tell whether the oracle is of these conditions: the same object, almost always."""
        if roads is None or self._oracle is None:
            return roads is None and self._oracle is None
        return self._oracle.conditions is conditions or self._oracle.conditions == conditions

    def _settle(self, place: Place) -> None:
        """Take over the posts of a place."""
        if not place.stations:
            raise PolicyRefused("stations", "the place has none, so nobody can be sent to one")
        self._place, self._reach = place, None
        self._posts = tuple(station.id for station in place.stations)
        self._names = tuple(station.name for station in place.stations)
        self._capacity = np.array([station.capacity or UNLIMITED for station in place.stations], np.int32)
        self._minimum = np.array([station.minimum for station in place.stations], np.int32)
        self._at = np.array([(station.x_m, station.y_m) for station in place.stations], np.int32).T.copy()
        x_m, y_m, weight = np.array(place.coverage.points, np.int64).reshape(-1, 3).T.copy()
        self._own_points = Points(x_m.astype(np.int32), y_m.astype(np.int32), weight)
        self._own_rules = self.demand.rules or rules_of(place)
        ours = sum(1 for unit in place.units if unit.agency is None)
        room = int(self._capacity.astype(np.int64).sum())
        if ours > room:
            raise PolicyRefused("capacity", f"{ours} units are more than the {room} that all posts together may hold")

    # ── one moment ──────────────────────────────────────────────────────────────────────────────────────────

    def _to_post_ms(self, world: World, reach: Reach, rows: Ints, post: Ints) -> Ints:
        """Return the times of the free units; one that stands at a post is as far from the others as that is.

        Whichever post that is: where a unit belongs says nothing about where it is.
        """
        fleet = world.fleet
        x_m, y_m = fleet.x_m[rows], fleet.y_m[rows]
        east_m, north_m = x_m[:, None] - self._at[0], y_m[:, None] - self._at[1]
        near = (np.abs(east_m) <= IN_QUARTERS_M) & (np.abs(north_m) <= IN_QUARTERS_M)
        stands = near.any(axis=1)
        at_own = near[np.arange(len(rows)), post]
        found: Ints = reach.post_ms[np.where(at_own, post, near.argmax(axis=1))]
        away = np.flatnonzero(~stands)
        if len(away):
            at = list(zip(x_m[away].tolist(), y_m[away].tolist(), strict=True))
            found[away] = reach.units_ms(fleet.spots, rows[away], at)
        return found

    def _room(self, world: World) -> Ints:
        """Return how many free units each post may hold beside those that belong there and are out."""
        if int(self._capacity.min()) == UNLIMITED:
            return self._capacity
        fleet, left = world.fleet, self._capacity.copy()
        for row in np.flatnonzero((fleet.standing != STANDING_FREE) & (fleet.post >= 0)).tolist():
            left[fleet.post[row]] -= counts_at(world, world.units[row])
        return np.maximum(left, 0)


def _reach_of(place: Place, roads: Roads | None, oracle: Oracle | None) -> Reach:
    straight = straight_line(place)
    if roads is None or oracle is None:
        return StraightReach(straight, place.stations)
    return StreetReach(roads, oracle, straight, place.stations)


def _without_refused(world: World, rows: list[int], post: Ints, to_post_ms: Ints) -> Ints:
    """Take the way to a post from a unit that it was refused for: so the next best is proposed, not the same again."""
    for (unit, name), until_ms in world.refused_moves.items():
        number, row = world.stations.get(name), world.fleet.rows[unit]
        place = bisect_left(rows, row)
        is_free = rows[place : place + 1] == [row]
        if until_ms > world.now and number is not None and is_free and post[place] != number:
            to_post_ms[place, number] = -1
    return to_post_ms


def _movable(world: World, records: list[UnitRecord], shifts: list[int]) -> Bytes:
    """Return 1 for each unit that a planner may move; `shifts` are their numbers."""
    place, siblings, rules = world.settled, world.fleet.siblings, world.settled.moves
    left_ms = [shift_left_ms(place, shift, world.now) for shift in place.shifts]
    # Who has no shift has the number -1, which is the last.
    ends = [*(left is not None and left < rules.shift_end_ms for left in left_ms), False]
    never = rules.budget <= 0
    return np.array(
        [
            not (never or each.duty is Status.ON_BREAK or siblings[each.row] or ends[shift])
            and (not each.moved_ms or _is_rested(world, each))
            for each, shift in zip(records, shifts, strict=True)
        ],
        np.uint8,
    )


def _is_rested(world: World, record: UnitRecord) -> bool:
    rules = world.settled.moves
    return world.now >= record.moved_ms + rules.cool_down_ms and moves_in_tour(world, record) < rules.budget


def _becomes_free(world: World, row: int) -> Point:
    """Return where the unit will be when it is free: at its patient's hospital, else where its incident is."""
    assignment = world.assignment(world.units[row])
    if assignment is None:
        return int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
    if assignment.destination is not None:
        for hospital in world.settled.hospitals:
            if hospital.id == assignment.destination:
                return hospital.x_m, hospital.y_m
    incident = world.open[world.units[row].incident or ""]
    return incident.x_m, incident.y_m


def _moved(new: Points | None, old: Points | None) -> bool:
    """Tell whether the points lie elsewhere, so that times to them have to be found anew."""
    if new is None or old is None:
        return new is not old
    return not (np.array_equal(new.x_m, old.x_m) and np.array_equal(new.y_m, old.y_m))


def weighted(points: Points, weight: Wide) -> Points:
    """Return the same points with other weights."""
    return replace(points, weight=weight)
