"""One incident's vectors: the time from every junction, for those on open streets and at the ends of closed ones."""

from functools import cached_property

import numpy as np
from msgspec import Struct

from engine.kernels.sweep import to_target
from engine.streets.closures import ENTERING, LEAVING, NO_WAY, OPEN, Closures
from engine.streets.graph import Ints
from engine.streets.network import Network
from engine.streets.snapping import PERMILLE, Spot, Spots
from engine.streets.weighing import Weights

_MIRROR = {-1: ENTERING, 0: OPEN, 1: LEAVING}


class Seed(Struct, frozen=True):
    """A junction from which the incident's own street is entered."""

    junction: int
    ms: int
    """From there to the incident."""
    arc: int
    """The incident's arc, in the direction in which it is driven."""
    part: int
    """OPEN for everybody; ENTERING where all of it is blocked; LEAVING for those alone who come out of what is blocked."""


def ways_past(network: Network, spot: Spot) -> list[tuple[int, int]]:
    """Return (arc, thousandths along it) for each direction in which the spot can be driven past."""
    back = int(network.reverse[spot.arc])
    ways = [(spot.arc, spot.along)]
    return [*ways, (back, PERMILLE - spot.along)] if back >= 0 else ways


def seeds_of(network: Network, weights: Weights, spot: Spot) -> list[Seed]:
    """Return the junctions from which the spot's own street is entered."""
    seeds = []
    closures = weights.closures
    for arc, along in ways_past(network, spot):
        into_ms = int(weights.before_ms[arc]) + int(weights.arc_ms[arc]) * along // PERMILLE
        # Seen from the incident, what leads out of its street is what leads into it: the mirror of `ahead`.
        part = OPEN if closures is None else _MIRROR.get(int(closures.behind[arc]))
        for link in network.links_of(int(network.chains.chain[arc])).tolist():
            ms = into_ms + int(weights.turn_ms[link])
            if ms < NO_WAY and part is not None:
                seeds.append(Seed(int(network.links.tail[link]), ms, arc, part))
    return seeds


class Kept:
    """What was found for each unit, to be worked out anew only for those that have moved since."""

    def __init__(self, spots: Spots) -> None:
        self.spots = spots
        self.times_ms = np.empty(len(spots), np.int32)
        self._seen = -1

    def catch_up(self) -> Ints:
        """Return the rows that have moved since the last call: all of them at the first."""
        if self._seen == self.spots.changes:
            return np.empty(0, np.int32)
        moved = (self.spots.changed > self._seen).nonzero()[0].astype(np.int32)
        self._seen = self.spots.changes
        return moved


class Approach:
    """How one spot is come to: the junctions where its own street is entered, and where a sweep to it begins."""

    def __init__(self, network: Network, weights: Weights, spot: Spot) -> None:
        self.spot = spot
        self.chains = tuple(int(network.chains.chain[arc]) for arc, _ in ways_past(network, spot))
        """The spot's own street, in each direction in which it can be driven."""
        self.seeds = seeds_of(network, weights, spot)
        self._size = network.size
        self._closures = weights.closures
        self.entering = self._entering()
        """For those who are on the blocked part of their way in; None where there is no such part."""

    def begin(self) -> tuple[Ints, Ints]:
        """Return the junctions where the sweep begins, and the ms that are left from each."""
        return self._begin() if self._closures is None else self._begin_past(self._closures)

    def _begin(self) -> tuple[Ints, Ints]:
        """Return where the sweep begins, and what is left from there: the seeds, where nothing is blocked."""
        junctions, ms = [seed.junction for seed in self.seeds], [seed.ms for seed in self.seeds]
        return np.array(junctions, np.int32), np.array(ms, np.int32)

    def _begin_past(self, closures: Closures) -> tuple[Ints, Ints]:
        outer = self._own(OPEN)
        if self.entering is not None:
            outer = np.minimum(outer, self.entering)
            closures.into.onto(outer, self.entering)
        begin = np.flatnonzero(outer < NO_WAY).astype(np.int32)
        return begin, outer[begin]

    def _own(self, part: int) -> Ints:
        values = np.full(self._size, NO_WAY, np.int32)
        for seed in self.seeds:
            if seed.part == part:
                values[seed.junction] = min(int(values[seed.junction]), seed.ms)
        return values

    def _entering(self) -> Ints | None:
        if self._closures is None or all(seed.part != ENTERING for seed in self.seeds):
            return None
        return self._closures.entering(self._own(ENTERING))


class Target(Approach):
    """The vectors to one spot. `to_spot`, int32[junctions], is for everybody who is on open streets there."""

    def __init__(self, network: Network, weights: Weights, forward: Ints, backward: Ints, spot: Spot) -> None:
        super().__init__(network, weights, spot)
        self.kept: Kept | None = None
        self.ends = np.array([(seed.junction, seed.ms, seed.arc) for seed in self.seeds], np.int32).reshape(-1, 3)
        """The seeds as columns, int32[k, 3]: junction, ms, arc."""
        self.to_spot = np.empty(network.size, np.int32)
        to_target(network.first_up, network.up, forward, backward, *self.begin(), self.to_spot)

    @cached_property
    def leaving(self) -> Ints:
        """For those who have come to a junction over blocked arcs only. Asked for where somebody stands in one."""
        assert self._closures is not None, "nothing is blocked"
        return self._closures.leaving(self._own(LEAVING), self.to_spot, self.entering)

    def times(self, part: int) -> Ints | None:
        """Return the vector for a part of the way; None where nobody gets there in it."""
        if part == LEAVING:
            return self.leaving
        return self.to_spot if part == OPEN else self.entering

    def seed(self, junction: int, ms: int, part: int) -> Seed | None:
        """Return the seed at a junction that has just this time for that part of the way."""
        return next((seed for seed in self.seeds if (seed.junction, seed.ms, seed.part) == (junction, ms, part)), None)
