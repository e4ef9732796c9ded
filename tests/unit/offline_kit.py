"""Small lists of calls in a town of straight streets, and the fewest that can be late in them, by trying everything."""

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from engine.sim.offline import AT_SCENE, OfflineProblem

Spot = tuple[int, int]
Moment = tuple[int, int]
"""Of a unit: the call that it served last, -1 for none, and when it was free."""
MS_PER_M = 100
STANDS_READY = (-1, 0)


class Town:
    """A random list of calls with its geography: ways go along two axes, so no detour is shorter."""

    def __init__(self, seed: int, calls: int = 6, units: int = 2, transports: float = 0.6, minutes: int = 30) -> None:
        chance = np.random.default_rng(seed)
        self.posts = self._spots(chance, 2)
        self.hospitals = self._spots(chance, 1)
        self.scenes = self._spots(chance, calls)
        came = np.sort(chance.integers(0, minutes * 60_000, calls))
        end = np.where(chance.random(calls) < transports, 0, AT_SCENE).astype(np.int32)
        self.ends = [self.scenes[call] if end[call] == AT_SCENE else self.hospitals[0] for call in range(calls)]
        self.problem = OfflineProblem(
            units=units,
            came_ms=came,
            known_ms=came + chance.integers(0, 90_000, calls),
            target_ms=np.full(calls, 480_000, np.int32),
            high=chance.random(calls) < 0.8,
            work_ms=chance.integers(60_000, 1_500_000, calls),
            end=end,
            post_ms=self._times(self.posts, self.scenes),
            hospital_ms=self._times(self.hospitals, self.scenes),
            home_ms=self._times(self.posts, self.ends),
        )

    @property
    def anywhere(self) -> OfflineProblem:
        """The same, where a unit may be next door to a call when it is sent there."""
        return replace(self.problem, road_ms=np.zeros(len(self.scenes), np.int32))

    def by_rule(self, before: Moment, call: int) -> int:
        """Return the arrival of a unit that is sent from a post, or straight from where it came free since."""
        last, clear_ms = before
        known = int(self.problem.known_ms[call])
        ways = [self._by_post(before, post, call) for post in range(len(self.posts))]
        if last >= 0 and clear_ms >= known:
            ways.append(clear_ms + way_ms(self.ends[last], self.scenes[call]))
        return min(ways)

    def driven(self, before: Moment, call: int) -> int:
        """Return the arrival in a schedule as `hindsight` makes it: a scene is left by a post."""
        last, clear_ms = before
        straight = last >= 0 and self.problem.end[last] != AT_SCENE and clear_ms >= self.problem.known_ms[call]
        if straight:
            return self.by_rule(before, call)
        return min(self._by_post(before, post, call) for post in range(len(self.posts)))

    def foreseen(self, before: Moment, call: int) -> int:
        """Return the arrival of a unit that may wait at the door before the call comes in."""
        last, clear_ms = before
        away_ms = 0 if last < 0 else way_ms(self.ends[last], self.scenes[call])
        return max(int(self.problem.known_ms[call]), clear_ms + away_ms)

    def fewest_late(self, arrival: Callable[[Moment, int], int]) -> int:
        """Return the fewest high calls that are late whatever is done, calls left out at will."""
        high = np.flatnonzero(self.problem.high).tolist()
        return len(high) - self._most_in_time(arrival, (STANDS_READY,) * self.problem.units, tuple(high))

    def _most_in_time(
        self, arrival: Callable[[Moment, int], int], units: tuple[Moment, ...], left: tuple[int, ...]
    ) -> int:
        most = 0
        for call in left:
            for number, unit in enumerate(units):
                there = arrival(unit, call)
                if there <= self.problem.due_ms[call]:
                    moved = (call, there + int(self.problem.work_ms[call]))
                    others = tuple(other for other in left if other != call)
                    so_far = (*units[:number], moved, *units[number + 1 :])
                    most = max(most, 1 + self._most_in_time(arrival, so_far, others))
        return most

    def _by_post(self, before: Moment, post: int, call: int) -> int:
        last, clear_ms = before
        there = clear_ms if last < 0 else clear_ms + way_ms(self.ends[last], self.posts[post])
        return max(there, int(self.problem.known_ms[call])) + way_ms(self.posts[post], self.scenes[call])

    def _spots(self, chance: np.random.Generator, count: int) -> list[Spot]:
        return [(int(x), int(y)) for x, y in chance.integers(0, 5_000, (count, 2))]

    def _times(self, starts: list[Spot], ends: list[Spot]) -> np.ndarray:
        return np.array([[way_ms(start, end) for end in ends] for start in starts], np.int32)


def way_ms(start: Spot, end: Spot) -> int:
    return MS_PER_M * (abs(start[0] - end[0]) + abs(start[1] - end[1]))
