"""What it takes to serve a list of drawn calls, over a place's streets: the problem that bounds are worked out for.

Rule: exact for days on which nothing goes wrong and every drive takes what the map says (`PERFECT`), with units alike and
one of them a call. Days with chance in turnout and driving have no least time, so they are refused.
"""

import numpy as np
from msgspec import Struct

from engine.model.fixes import UNKNOWN
from engine.model.place import Place
from engine.model.roads import Conditions
from engine.policy.travel import straight_line
from engine.sim.callers import CallList
from engine.sim.cases import target_of
from engine.sim.nature import Nature
from engine.sim.offline import AT_SCENE, Ints, OfflineProblem
from engine.streets.roads import Roads
from engine.streets.snapping import Spot
from engine.streets.weighing import Mode

Point = tuple[int, int]


class Ways(Struct, frozen=True):
    """Times of a place as its roads were imported, or along straight lines where there is no road."""

    place: Place
    roads: Roads | None

    def from_each(self, starts: list[Point], ends: list[Point], mode: Mode) -> Ints:
        """Return the times from each start to each end, (len(starts), len(ends))."""
        return np.array([self._from(start, ends, mode) for start in starts], np.int32).reshape(len(starts), len(ends))

    def _from(self, start: Point, ends: list[Point], mode: Mode) -> list[int]:
        straight = straight_line(self.place).to_points_ms(start, ends, 1)
        if self.roads is None:
            return straight
        spots = [self.roads.spot(*end) for end in ends]
        found = self.roads.times_ms(Conditions(), self._leaves(self.roads, start), spots, mode)
        return [ms if ms >= 0 else other for ms, other in zip(found, straight, strict=True)]

    @staticmethod
    def _leaves(roads: Roads, start: Point) -> Spot:
        """Return where on the streets a unit is that stands there, as the simulated drivers have it."""
        x_m, y_m = np.array([start[0]], np.int32), np.array([start[1]], np.int32)
        return roads.spots(x_m, y_m, np.array([UNKNOWN], np.int16))[0]


def foreknown(
    place: Place, roads: Roads | None, nature: Nature, calls: CallList, high_to: int, road_ms: Ints | None = None
) -> OfflineProblem:
    """Return the problem of these calls; those of priority 1 to `high_to` count. Raises ValueError.

    `road_ms` as in the problem.
    """
    _check(place, nature)
    scenes = list(zip(calls.x_m.tolist(), calls.y_m.tolist(), strict=True))
    posts = [(each.x_m, each.y_m) for each in place.stations]
    hospitals = [(each.x_m, each.y_m) for each in place.hospitals]
    ways = Ways(place, roads)
    turnout_ms = min(unit.turnout_ms for unit in place.units)
    lights = np.array([place.travel.under_lights(priority) for priority in range(1, 6)])[calls.priority - 1]
    post_ms = _by_mode(ways, posts, scenes, lights) + np.int32(turnout_ms)
    to_hospital_ms = ways.from_each(scenes, hospitals, Mode.NORMAL)
    end, ride_ms = _rides(calls, to_hospital_ms)
    at_hospital = ways.from_each(hospitals, posts, Mode.NORMAL)
    home_ms = ways.from_each(scenes, posts, Mode.NORMAL).T.copy()
    home_ms[:, end != AT_SCENE] = at_hospital[end[end != AT_SCENE]].T
    return OfflineProblem(
        units=len(place.units),
        came_ms=calls.came_ms,
        known_ms=calls.came_ms + calls.taking_ms,
        target_ms=_targets(place, calls),
        high=calls.priority <= high_to,
        work_ms=np.maximum(nature.crews.work_least_ms, calls.work_ms).astype(np.int64) + ride_ms,
        end=end,
        post_ms=post_ms,
        hospital_ms=_by_mode(ways, hospitals, scenes, lights),
        home_ms=home_ms,
        road_ms=road_ms,
    )


def _check(place: Place, nature: Nature) -> None:
    crews = nature.crews
    if crews.turnout_spread or crews.drive_spread or crews.notice_ms or crews.breakdowns_per_month:
        raise ValueError(
            f"Days of the kind `{nature.name}` have no least times, as crews and drives take longer or shorter by chance. "
            "Bounds are for days without it: take the preset `jemss`."
        )
    if nature.travel_percent != 100 or nature.follow_advice:
        raise ValueError("Bounds need drives as on the map, and patients who go to the nearest hospital.")
    if not (place.units and place.stations):
        raise ValueError("A place without units and stations serves nobody.")
    if len({(unit.capabilities, unit.shift) for unit in place.units}) > 1:
        raise ValueError("Bounds need units that are all alike, in what they can do and when they are on duty.")


def _by_mode(
    ways: Ways, starts: list[Point], scenes: list[Point], lights: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> Ints:
    """Return the times to the scenes, each as such a call is driven to, (len(starts), n)."""
    normal = ways.from_each(starts, scenes, Mode.NORMAL)
    fast = ways.from_each(starts, scenes, Mode.LIGHTS)
    times: Ints = np.where(lights, fast, normal)
    return times


def _rides(calls: CallList, to_hospital_ms: Ints) -> tuple[Ints, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return the hospital at which each call ends, AT_SCENE for none, and the time of ride and handover."""
    count = len(calls)
    if not to_hospital_ms.shape[1]:
        return np.full(count, AT_SCENE, np.int32), np.zeros(count, np.int64)
    nearest = to_hospital_ms.argmin(axis=1)
    rides = calls.transport.astype(np.bool_)
    took_ms = to_hospital_ms[np.arange(count), nearest].astype(np.int64) + calls.handover_ms
    return np.where(rides, nearest, AT_SCENE).astype(np.int32), np.where(rides, took_ms, 0)


def _targets(place: Place, calls: CallList) -> Ints:
    """Return what the plan of each call's kind and priority wants. Raises ValueError for a call without a plan."""
    found: dict[tuple[int, int], int] = {}
    for kind, priority in sorted(set(zip(calls.kind.tolist(), calls.priority.tolist(), strict=True))):
        name = calls.type[kind]
        plan = next((each for each in place.plans if name in each.types and priority in each.priorities), None)
        if plan is None:
            raise ValueError(f"No plan is for {name} of priority {priority}.")
        found[kind, priority] = target_of(place, plan.id)
    pairs = zip(calls.kind.tolist(), calls.priority.tolist(), strict=True)
    return np.array([found[pair] for pair in pairs], np.int32)
