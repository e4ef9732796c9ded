"""The roads as the engine holds them: the network, where things are on it, and the oracles of the latest conditions."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.model.place import TravelSettings
from engine.model.roads import Conditions, Stretch
from engine.model.route import Route
from engine.streets.graph import Graph, Ints
from engine.streets.network import Network
from engine.streets.oracle import Oracle
from engine.streets.snapping import Shorts, Snapper, Spot, Spots
from engine.streets.stretches import arcs_of
from engine.streets.ways import Point, Way, route, times_ms, way
from engine.streets.weighing import Mode

ORACLES_KEPT = 3
"""Of the conditions in force, of those in the making, and of the last ones."""


SPOTS_KEPT = 4_096
"""Incidents are asked about again and again."""
LISTS_KEPT = 16
"""Lists of points, as of all hospitals."""


class Roads:
    """Everything static about one place's streets, and what was made from it.

    The thread that makes the next epoch may `prepare` it while the writer asks the current oracle: one is complete before
    it can be found here, and then it is the writer's alone. Other threads ask an oracle `apart`.
    """

    def __init__(self, network: Network, settings: TravelSettings) -> None:
        self.network = network
        self.settings = settings
        self._snapper = Snapper(network.graph, network.reverse, settings)
        self._spot = lru_cache(maxsize=SPOTS_KEPT)(self._snapper.spot)
        self._spots_at = lru_cache(maxsize=LISTS_KEPT)(lambda points: tuple(self.spot(*point) for point in points))
        self._oracles: tuple[Oracle, ...] = ()
        """Newest first. Replaced as a whole, never changed."""

    @property
    def graph(self) -> Graph:
        """The streets as they were imported."""
        return self.network.graph

    def oracle(self, conditions: Conditions) -> Oracle:
        """Return the oracle of these conditions; made at the first question, which takes some milliseconds."""
        newest = self._oracles[:1]
        if newest and newest[0].conditions is conditions:
            return newest[0]  # as almost always
        known = self._known(conditions)
        return self._keep(Oracle(self.network, conditions, self.settings)) if known is None else known

    def prepare(self, conditions: Conditions, points: list[tuple[int, int, Mode]]) -> None:
        """Make the oracle, both modes and its vectors to these points (x_m, y_m), so that nobody waits for them later.

        What can be found here already is the writer's, who may be asking it right now: it is left to him.
        """
        if self._known(conditions) is not None:
            return
        oracle = Oracle(self.network, conditions, self.settings)
        for mode in Mode:
            oracle.metric(mode)
        for x_m, y_m, mode in points:
            spot = self.spot(x_m, y_m)
            if spot.arc >= 0:
                oracle.target(spot, mode)
        self._keep(oracle)

    def _known(self, conditions: Conditions) -> Oracle | None:
        # The same object, almost always: comparing long lists of closures would cost more than a decision.
        same = (each for each in self._oracles if each.conditions is conditions or each.conditions == conditions)
        return next(same, None)

    def _keep(self, oracle: Oracle) -> Oracle:
        self._oracles = (oracle, *self._oracles[: ORACLES_KEPT - 1])
        return oracle

    def spots(self, x_m: Ints, y_m: Ints, heading: npt.NDArray[np.int16], hint: Ints | None = None) -> Spots:
        """Return where these positions are on the streets; the hint is the `segment` of where they were."""
        return self._snapper.spots(x_m, y_m, heading, hint)

    def put(self, spots: Spots, rows: Ints, x_m: Ints, y_m: Ints, speed_dm_s: Shorts, heading: Shorts) -> None:
        """Write to `spots` where these rows are on the streets; the other columns are by row."""
        self._snapper.put(spots, rows, x_m, y_m, speed_dm_s, heading)

    def spot(self, x_m: int, y_m: int) -> Spot:
        """Return where one point is on the streets."""
        return self._spot(x_m, y_m)

    def spots_at(self, points: tuple[Point, ...]) -> tuple[Spot, ...]:
        """Return where several points are, such as all hospitals: for lists that are asked about again and again."""
        found: tuple[Spot, ...] = self._spots_at(points)
        return found

    def standing(self, x_m: int, y_m: int) -> Spot:
        """Return where a unit is that stands at that point."""
        return self._snapper.standing(x_m, y_m)

    def touched(self, stretch: Stretch) -> int:
        """Return how many arcs the stretch means."""
        return int(np.count_nonzero(arcs_of(self.graph, stretch)))

    def way(self, conditions: Conditions, start: Spot, target: Spot, mode: Mode) -> Way | None:
        """Return the fastest way; None where there is none."""
        return way(self.oracle(conditions), start, target, mode)

    def times_ms(self, conditions: Conditions, start: Spot, targets: Sequence[Spot], mode: Mode) -> list[int]:
        """Return the time from one spot to each of the others in ms; -1 where there is no way."""
        return times_ms(self.oracle(conditions), start, targets, mode)

    def route(
        self, conditions: Conditions, start: Point, target: Point, mode: Mode, spot: Spot | None = None
    ) -> Route | None:
        """Return the fastest way in words and as a line, from a point or the spot of a unit; None if there is none."""
        oracle = self.oracle(conditions)
        found = way(oracle, spot or self.spot(*start), self.spot(*target), mode)
        return None if found is None else route(oracle, found, mode, start, target)
