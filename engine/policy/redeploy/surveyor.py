"""From a World to a survey: quick, because everything that stays the same for an epoch is found once.

A unit belongs to the post that a move gave it, else to its home station. It is fresh where a move would be no idle one
(`state/posts.py`). Who may be moved follows `MoveRules`: nobody on
a break, near the end of the shift, moved a moment ago or often enough; nobody of a shared crew, as the crew's other
vehicles would stand without it. All of them cover where they stand. Neighbours' units are not ours to place.
"""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.kernels.reach import standing_at
from engine.model.place import Place
from engine.model.roads import Conditions
from engine.policy.honesty import clear_ms
from engine.policy.redeploy.ground import LayerRule, Points, ground_of
from engine.policy.redeploy.looking import NOTHING_MS, Look, becomes_free, fresh_of, movable_of, refused_of
from engine.policy.redeploy.reach import Reach, StraightReach, StreetReach
from engine.policy.redeploy.refused import PolicyRefused
from engine.policy.redeploy.rules import rules_of
from engine.policy.redeploy.survey import NO_PRICE, Bytes, Ground, Ints, Survey, Wide
from engine.policy.travel import straight_line
from engine.state.fleet import IN_QUARTERS_M, STANDING_ASSIGNED, STANDING_FREE
from engine.state.posts import counts_at
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
        self._siblings: tuple[list[tuple[int, ...]] | None, Bytes] = None, np.empty(0, np.uint8)
        """Of which fleet, and by row whether the unit has any."""

    def expect(self, demand: Demand) -> None:
        """Reckon with other demand from now on: the coming hour's weights, what was learned of busy fractions."""
        if demand.points is not self.demand.points:
            self._reach = None if _moved(demand.points, self.demand.points) else self._reach
        self.demand, self._ground = demand, None

    def survey(self, world: World, price: int = NO_PRICE, *, with_busy: bool = True) -> Survey:
        """Return the moment; with those who are out, unless nobody asks for them.

        Raises PolicyRefused where a policy could do nothing with it.
        """
        return complete(self.look(world, price, with_busy=with_busy))

    def look(self, world: World, price: int = NO_PRICE, *, with_busy: bool = True, apart: bool = False) -> Look:
        """Return what has to be read of the World for a survey, which `complete` makes of it.

        Apart: of copies alone, so that another thread may complete it while the World goes on. Raises PolicyRefused.
        """
        reach, ground = self.make_ready(world.settled, world.roads, world.road_book.current)
        fleet = world.fleet
        ours = (fleet.listed != 0) & (fleet.agency < 0)
        rows = np.flatnonzero((fleet.standing == STANDING_FREE) & ours).astype(np.int32)
        seen = Survey(
            seq=world.seq,
            now_ms=world.now,
            ids=tuple(map(fleet.ids.__getitem__, rows.tolist())),
            rows=rows,
            post=fleet.post[rows].astype(np.int32),
            to_post_ms=NOTHING_MS,
            fresh=fresh_of(world, rows),
            movable=movable_of(world, rows, self._has_siblings(world)),
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
        busy: list[int] = []
        if with_busy:
            busy = np.flatnonzero((fleet.standing == STANDING_ASSIGNED) & ours).tolist()
        return Look(
            _with_busy(world, seen, busy) if busy else seen,
            reach,
            self._at,
            fleet.x_m[rows],
            fleet.y_m[rows],
            fleet.rolling[rows],
            fleet.spots.copy() if apart else fleet.spots,
            refused_of(world, rows, seen.post),
            [becomes_free(world, row) for row in busy],
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
        self._place = self._reach = None
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
        self._place = place  # only now: one that is refused is refused each time

    # ── one moment ──────────────────────────────────────────────────────────────────────────────────────────

    def _has_siblings(self, world: World) -> Bytes:
        """Return by row whether the unit shares its crew: found anew where a place was adopted since."""
        if self._siblings[0] is not world.fleet.siblings:
            alike = world.fleet.siblings
            self._siblings = alike, np.fromiter(map(bool, alike), np.uint8, len(alike))
        return self._siblings[1]

    def _room(self, world: World) -> Ints:
        """Return how many free units each post may hold beside those that belong there and are out."""
        if int(self._capacity.min()) == UNLIMITED:
            return self._capacity
        fleet = world.fleet
        out = np.flatnonzero((fleet.standing != STANDING_FREE) & (fleet.post >= 0))
        counts = np.fromiter((counts_at(world, world.units[row]) for row in out.tolist()), np.bool_, len(out))
        taken = np.bincount(fleet.post[out[counts]], minlength=len(self._capacity))
        left: Ints = np.maximum(self._capacity - taken, 0).astype(np.int32)
        return left


def complete(look: Look) -> Survey:
    """Return the survey: the times of the free units, and of the busy ones from where they will be free.

    A unit that stands at a post is as far from the others as that is, whichever post it is: where a unit belongs says
    nothing about where it is. One that is on the road is where it is, however near a post.
    """
    seen, reach = look.seen, look.reach
    stands = np.empty(len(seen.rows), np.int32)
    standing_at(look.x_m, look.y_m, seen.post, look.at_m, IN_QUARTERS_M, stands)
    stands[look.rolling != 0] = -1
    found = np.take(reach.post_ms, np.maximum(stands, 0), axis=0)
    away = np.flatnonzero(stands < 0)
    if len(away):
        at = list(zip(look.x_m[away].tolist(), look.y_m[away].tolist(), strict=True))
        found[away] = reach.units_ms(look.spots, seen.rows[away], at)
    for unit, post in look.refused:
        found[unit, post] = -1
    if not look.free_at:
        return replace(seen, to_post_ms=found)
    return replace(seen, to_post_ms=found, busy_to_post_ms=reach.from_places(look.free_at))


def _reach_of(place: Place, roads: Roads | None, oracle: Oracle | None) -> Reach:
    straight = straight_line(place)
    if roads is None or oracle is None:
        return StraightReach(straight, place.stations)
    return StreetReach(roads, oracle, straight, place.stations)


def _with_busy(world: World, seen: Survey, busy: list[int]) -> Survey:
    """Add the units that are out, and when each will be free."""
    rows = np.array(busy, np.int32)
    return replace(
        seen,
        busy_ids=tuple(map(world.fleet.ids.__getitem__, busy)),
        busy_rows=rows,
        busy_free_ms=np.array([clear_ms(world, row) for row in busy], np.int32),
        busy_post=world.fleet.post[rows].astype(np.int32),
        busy_capability=world.fleet.capability[rows],
    )


def _moved(new: Points | None, old: Points | None) -> bool:
    """Tell whether the points lie elsewhere, so that times to them have to be found anew."""
    if new is None or old is None:
        return new is not old
    return not (np.array_equal(new.x_m, old.x_m) and np.array_equal(new.y_m, old.y_m))


def weighted(points: Points, weight: Wide) -> Points:
    """Return the same points with other weights."""
    return replace(points, weight=weight)
