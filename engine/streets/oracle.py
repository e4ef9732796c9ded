"""The oracle: exact travel times over the streets under one set of conditions.

A value: the same network and conditions give the same answers, whoever asks and when. What it found is kept inside,
one vector for each incident asked about, so that deciding again costs next to nothing; it goes with the oracle when
traffic changes.
"""

from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from engine.kernels.arrive import COLUMNS, arrive, depart
from engine.kernels.customise import customise
from engine.kernels.sweep import to_target
from engine.model.place import TravelSettings
from engine.model.roads import Conditions
from engine.streets.graph import Ints
from engine.streets.network import Network
from engine.streets.snapping import NOWHERE, Spot, Spots
from engine.streets.weighing import NO_WAY, Factors, Mode, Weights, factors_of, weigh

VECTORS_BYTES = 128 << 20
"""What the kept vectors may take."""
PERMILLE = 1000

Seed = tuple[int, int, int]
"""(junction, ms from there to the target, arc of the target that is driven at the end)."""


class Metric:
    """One mode's weights, and the hierarchy made from them."""

    def __init__(self, network: Network, factors: Factors, mode: Mode, settings: TravelSettings) -> None:
        self.weights: Weights = weigh(network, factors, mode, settings)
        self.forward = np.empty(len(network.up), np.int32)
        self.backward = np.empty(len(network.up), np.int32)
        customise(
            network.first_up,
            network.up,
            network.slot,
            network.side,
            self.weights.link_ms,
            self.forward,
            self.backward,
        )
        self.fastest_mm_per_s = _fastest(network, self.weights.arc_ms)
        self._network = network
        self._uturn_ms = settings.uturn_ms
        self._departures = np.empty((0, COLUMNS), np.int32)
        self._known: Spots | None = None
        self._seen = 0

    def departures(self, spots: Spots) -> npt.NDArray[np.int32]:
        """Return how each unit leaves its street, int32[n, 5]. Only those that have moved since are worked out anew."""
        if self._known is not spots:
            self._known, self._seen = spots, -1
            self._departures = np.empty((len(spots), COLUMNS), np.int32)
        if self._seen < spots.changes:
            moved = np.flatnonzero(spots.changed > self._seen).astype(np.int32)
            network, weights = self._network, self.weights
            depart(
                moved,
                spots.arc,
                spots.along,
                spots.extra_ms,
                spots.free,
                network.head,
                network.chains.chain,
                weights.rest_ms,
                weights.arc_ms,
                network.reverse,
                self._uturn_ms,
                self._departures,
            )
            self._seen = spots.changes
        return self._departures


def _fastest(network: Network, arc_ms: Ints) -> int:
    """Return the speed over ground that nothing beats anywhere, so that a circle can be judged by its radius."""
    if not len(arc_ms):
        return 1
    return int(np.max(network.straight_mm / arc_ms) * 1000) + 1


class Target:
    """One incident's vector: the time from every junction."""

    def __init__(self, spot: Spot, seeds: list[Seed], to_spot: Ints) -> None:
        self.spot = spot
        self.seeds = seeds
        self.to_spot = to_spot


class Oracle:
    """Travel times under `conditions`."""

    def __init__(self, network: Network, conditions: Conditions, settings: TravelSettings) -> None:
        self.network = network
        self.conditions = conditions
        self.settings = settings
        self._factors = factors_of(network.graph, conditions)
        self._metrics: dict[Mode, Metric] = {}
        self._targets: OrderedDict[tuple[Spot, Mode], Target] = OrderedDict()
        self._targets_max = max(16, VECTORS_BYTES // (4 * max(1, network.size)))
        self.metric(Mode.LIGHTS)

    def metric(self, mode: Mode) -> Metric:
        """Return the customised hierarchy of a mode; made at its first use."""
        if mode not in self._metrics:
            self._metrics[mode] = Metric(self.network, self._factors, mode, self.settings)
        return self._metrics[mode]

    def target(self, spot: Spot, mode: Mode) -> Target:
        """Return the vector to a spot that is on the streets; found once, then kept."""
        key = (spot, mode)
        known = self._targets.get(key)
        if known is not None:
            self._targets.move_to_end(key)
            return known
        metric = self.metric(mode)
        seeds = self._seeds(spot, metric.weights)
        to_spot = np.empty(self.network.size, np.int32)
        to_target(
            self.network.first_up,
            self.network.up,
            metric.forward,
            metric.backward,
            np.array([seed[0] for seed in seeds], np.int32),
            np.array([seed[1] for seed in seeds], np.int32),
            to_spot,
        )
        made = self._targets[key] = Target(spot, seeds, to_spot)
        while len(self._targets) > self._targets_max:
            self._targets.popitem(last=False)
        return made

    def times_ms(self, spots: Spots, rows: Ints, spot: Spot, mode: Mode) -> npt.NDArray[np.int32]:
        """Return the travel time of each row of `spots` to the spot in ms, int32[n]; -1 where there is no way."""
        out = np.empty(len(rows), np.int32)
        if spot.arc == NOWHERE:
            out[:] = -1
            return out
        target, metric = self.target(spot, mode), self.metric(mode)
        own = [int(self.network.chains.chain[arc]) for arc, _ in self.ways_in(spot)]
        near = np.empty(len(rows), np.int32)
        found = arrive(rows, metric.departures(spots), target.to_spot, own[0], own[-1], out, near)
        for at in near[:found].tolist():
            # Units on the target's own street need not go to a junction first.
            unit = spots[int(rows[at])]
            direct = self.direct(unit, spot, metric.weights)
            if direct is not None and (out[at] < 0 or direct[0] + unit.extra_ms < out[at]):
                out[at] = direct[0] + unit.extra_ms
        if spot.extra_ms:
            out[out >= 0] += spot.extra_ms
        return out

    def ways_in(self, spot: Spot) -> list[tuple[int, int]]:
        """Return (arc, thousandths along it) for each direction in which the spot can be driven past."""
        back = int(self.network.reverse[spot.arc])
        ways = [(spot.arc, spot.along)]
        return [*ways, (back, PERMILLE - spot.along)] if back >= 0 else ways

    def _seeds(self, spot: Spot, weights: Weights) -> list[Seed]:
        """Return the junctions from which the target's own street is entered. Cheapest of each junction only."""
        best: dict[int, Seed] = {}
        for arc, along in self.ways_in(spot):
            into_ms = int(weights.before_ms[arc]) + int(weights.arc_ms[arc]) * along // PERMILLE
            for link in self.network.links_of(int(self.network.chains.chain[arc])).tolist():
                ms = into_ms + int(weights.turn_ms[link])
                junction = int(self.network.links.tail[link])
                if ms < NO_WAY and (junction not in best or ms < best[junction][1]):
                    best[junction] = (junction, ms, arc)
        return list(best.values())

    def direct(self, unit: Spot, spot: Spot, weights: Weights) -> tuple[int, int, int] | None:
        """Return (ms, arc the unit drives first, arc it arrives on) without passing a junction, the soonest; or None."""
        found: list[tuple[int, int, int]] = []
        for place, (leaves, at) in enumerate(self.ways_in(unit)):
            turning_ms = self.settings.uturn_ms if place == 1 and not unit.free else 0
            for arrives, to in self.ways_in(spot):
                ms = self._between(leaves, at, arrives, to, weights)
                if ms is not None:
                    found.append((ms + turning_ms, leaves, arrives))
        return min(found, default=None)

    def _between(self, leaves: int, at: int, arrives: int, to: int, weights: Weights) -> int | None:
        """Return the time from one point of a chain to a later one, or None where it is not later, or cut."""
        chains = self.network.chains
        if chains.chain[leaves] != chains.chain[arrives]:
            return None
        if leaves == arrives:
            return int(weights.arc_ms[leaves]) * (to - at) // PERMILLE if to >= at else None
        if chains.place[leaves] > chains.place[arrives]:
            return None
        first = int(chains.first[chains.chain[leaves]])
        over = chains.members[first + int(chains.place[leaves]) + 1 : first + int(chains.place[arrives])]
        between_ms = int(weights.through_ms[over].sum(dtype=np.int64))
        if between_ms >= NO_WAY:
            return None
        leaving_ms = int(weights.arc_ms[leaves]) * (PERMILLE - at) // PERMILLE
        return leaving_ms + between_ms + int(weights.arc_ms[arrives]) * to // PERMILLE
