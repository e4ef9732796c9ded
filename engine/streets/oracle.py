"""The oracle: exact travel times over the streets under one set of conditions.

A value: the same network and conditions give the same answers, whoever asks and when. What it found is kept inside,
one vector for each incident asked about, so that deciding again costs next to nothing; it goes with the oracle when
traffic changes. That memory is for one thread: another one asks an oracle of its own (`apart`).
"""

from collections import OrderedDict
from copy import copy
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.arrive import COLUMNS, along_street, arrive, depart
from engine.kernels.customise import customise
from engine.model.place import TravelSettings
from engine.model.roads import Conditions
from engine.streets.closures import ENTERING, LEAVING, NO_WAY, OPEN, Closures, Wide
from engine.streets.graph import Ints
from engine.streets.network import Network
from engine.streets.snapping import NOWHERE, PERMILLE, Spot, Spots
from engine.streets.targets import Kept, Target, ways_past
from engine.streets.weighing import Factors, Mode, Weights, factors_of, weigh

VECTORS_BYTES = 128 << 20
"""What the kept vectors may take."""
FEW = 8
"""Whoever asks about one unit in so many or fewer does not make the times of all be kept."""
TABLES_MAX = 8
"""Sets of spots, as of all hospitals, whose vectors are kept side by side as well."""
Exit = tuple[int, int, int, int]
"""A way to leave a street: ms to the junction at its end, the junction, the arc, and the part of the way from there on."""


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
        self._off_road_percent = 100 if mode is Mode.LIGHTS else settings.off_road_normal_percent
        self.forget()

    def forget(self) -> None:
        """Know nothing of anybody's spots any more."""
        self._departures = np.empty((0, COLUMNS), np.int32)
        self._known: Spots | None = None
        self._seen = 0

    def apart(self) -> "Metric":
        """Return the same metric with a memory of its own."""
        other = copy(self)
        other.forget()
        return other

    def departures(self, spots: Spots) -> npt.NDArray[np.int32]:
        """Return how each unit leaves its street, int32[n, 5]. Only those that have moved since are worked out anew."""
        if self._known is not spots:
            self._known, self._seen = spots, -1
            self._departures = np.empty((len(spots), COLUMNS), np.int32)
        if self._seen < spots.changes:
            moved = (spots.changed > self._seen).nonzero()[0].astype(np.int32)
            network, weights = self._network, self.weights
            depart(
                moved,
                spots.arc,
                spots.along,
                self.aside_ms(spots),
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

    @overload
    def aside_ms(self, of: Spot) -> int: ...
    @overload
    def aside_ms(self, of: Spots) -> Ints: ...
    def aside_ms(self, of: Spot | Spots) -> int | Ints:
        """Return what lies between a place and where its way over the streets begins, or ends; of several, int32[n].

        Ways beside the streets take longer without lights; who has to go on to the end of its street does so as it drives.
        """
        off_road: Any = of.extra_ms
        if self._off_road_percent != 100:
            off_road = off_road * self._off_road_percent // 100
        aside: int | Ints = off_road + of.onward_ms
        return aside


def _fastest(network: Network, arc_ms: Ints) -> int:
    """Return the speed over ground that nothing beats anywhere, so that a circle can be judged by its radius."""
    if not len(arc_ms):
        return 1
    return int(np.max(network.straight_mm / arc_ms) * 1000) + 1


class Table(Struct, frozen=True, eq=False):
    """The vectors to p spots."""

    spots: tuple[Spot, ...]
    to_spots: Ints
    """int32[junctions, p]; NO_WAY to a spot that is nowhere."""
    off_ms: list[int]
    """From the road to each spot."""
    on_chain: dict[int, list[int]]
    """Places of the spots that lie on a chain: on one's own street one need not go to a junction first."""


class Oracle:
    """Travel times under `conditions`."""

    def __init__(self, network: Network, conditions: Conditions, settings: TravelSettings) -> None:
        self.network = network
        self.conditions = conditions
        self.settings = settings
        self._factors = factors_of(network.graph, conditions)
        self._metrics: dict[Mode, Metric] = {}
        self.forget()
        self._targets_max = max(16, VECTORS_BYTES // (4 * max(1, network.size)))
        self.metric(Mode.LIGHTS)

    def apart(self) -> "Oracle":
        """Return an oracle of the same answers with a memory of its own: whoever asks from another thread needs one.

        An oracle remembers how units leave their streets, and the vectors it was asked for. Two threads that wrote
        there at once would write beyond the ends of each other's columns.
        """
        for mode in Mode:
            self.metric(mode)
        other = copy(self)
        other.forget()
        return other

    def forget(self) -> None:
        """Leave all memories to those who share them, and begin new ones."""
        self._metrics = {mode: metric.apart() for mode, metric in self._metrics.items()}
        self._targets: OrderedDict[tuple[Spot, Mode], Target] = OrderedDict()
        self._tables: OrderedDict[tuple[tuple[Spot, ...], Mode], Table] = OrderedDict()

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
        made = Target(self.network, metric.weights, metric.forward, metric.backward, spot)
        self._targets[key] = made
        while len(self._targets) > self._targets_max:
            self._targets.popitem(last=False)
        return made

    def table(self, spots: tuple[Spot, ...], mode: Mode) -> Table:
        """Return the vectors to several spots beside each other; found once, then kept. Only where nothing is blocked."""
        key = (spots, mode)
        known = self._tables.get(key)
        if known is None:
            known = self._tables[key] = self._table(spots, mode)
            while len(self._tables) > TABLES_MAX:
                self._tables.popitem(last=False)
        return known

    def _table(self, spots: tuple[Spot, ...], mode: Mode) -> Table:
        metric = self.metric(mode)
        to_spots = np.full((self.network.size, len(spots)), NO_WAY, np.int32)
        on_chain: dict[int, list[int]] = {}
        for place, spot in enumerate(spots):
            if spot.arc != NOWHERE:
                target = self.target(spot, mode)
                to_spots[:, place] = target.to_spot
                for chain in dict.fromkeys(target.chains):
                    on_chain.setdefault(chain, []).append(place)
        return Table(spots, to_spots, [metric.aside_ms(spot) for spot in spots], on_chain)

    def times_ms(self, spots: Spots, rows: Ints, spot: Spot, mode: Mode) -> npt.NDArray[np.int32]:
        """Return the travel time of each row of `spots` to the spot in ms, int32[n]; -1 where there is no way."""
        if spot.arc == NOWHERE:
            return np.full(len(rows), -1, np.int32)
        target = self.target(spot, mode)
        kept = target.kept if target.kept is not None and target.kept.spots is spots else None
        if kept is None:
            if FEW * len(rows) < len(spots) or len(spots) == 1:
                return self._times_ms(spots, rows, spot, mode)
            kept = target.kept = Kept(spots)
        moved = kept.catch_up()
        if len(moved):
            kept.times_ms[moved] = self._times_ms(spots, moved, spot, mode)
        found: npt.NDArray[np.int32] = kept.times_ms[rows]
        return found

    def _times_ms(self, spots: Spots, rows: Ints, spot: Spot, mode: Mode) -> npt.NDArray[np.int32]:
        """Work the times of these rows out."""
        out = np.empty(len(rows), np.int32)
        target, metric = self.target(spot, mode), self.metric(mode)
        near, chains = np.empty(len(rows), np.int32), target.chains
        found = arrive(rows, metric.departures(spots), target.to_spot, chains[0], chains[-1], out, near)
        self._past_closures(spots, rows, target, metric, out)
        if found:
            # Units on the target's own street need not go to a junction first.
            self._along_street(near[:found], spots, rows, spot, metric, out)
        if spot.extra_ms:
            out[out >= 0] += metric.aside_ms(spot)
        return out

    def _along_street(self, near: Ints, spots: Spots, rows: Ints, spot: Spot, metric: Metric, out: Ints) -> None:
        chains, ways = self.network.chains, ways_past(self.network, spot)
        along_street(
            near,
            rows,
            spots.arc,
            spots.along,
            metric.aside_ms(spots),
            spots.free,
            self.network.reverse,
            chains.chain,
            chains.place,
            chains.first,
            chains.members,
            metric.weights.arc_ms,
            metric.weights.blocked,
            self.settings.uturn_ms,
            np.array([arc for arc, _ in ways], np.int32),
            np.array([along for _, along in ways], np.int32),
            out,
        )

    def _past_closures(self, spots: Spots, rows: Ints, target: Target, metric: Metric, out: Ints) -> None:
        """Mend the times of units that begin on what is blocked, or whose own street is blocked before it ends."""
        weights, closures = metric.weights, metric.weights.closures
        if closures is None:
            return
        places = np.flatnonzero(closures.unusual[spots.arc[rows]] & (spots.arc[rows] >= 0))
        units = rows[places]
        if not len(units):
            return
        arc, along = spots.arc[units], spots.along[units].astype(np.int64)
        turning_ms = np.where(spots.free[units] == 1, 0, self.settings.uturn_ms)
        ahead = self._leaving_ms(arc, PERMILLE - along, target, weights, closures)
        back = self._leaving_ms(self.network.reverse[arc], along, target, weights, closures) + turning_ms
        best = np.minimum(ahead, back)
        out[places] = np.where(best < NO_WAY, best + metric.aside_ms(spots)[units], -1)

    def _leaving_ms(self, arc: Ints, permille: Wide, target: Target, weights: Weights, closures: Closures) -> Wide:
        """Return the time of each unit that leaves over its arc, with so much of it to go; NO_WAY where it cannot."""
        own_ms = weights.arc_ms[arc].astype(np.int64) * permille // PERMILLE + weights.rest_ms[arc]
        found = np.full(len(arc), NO_WAY, np.int64)
        for part in (LEAVING, OPEN, ENTERING):
            these = (arc >= 0) & (closures.ahead[arc] == part)
            times = target.times(part) if these.any() else None
            if times is not None:
                found[these] = own_ms[these] + times[self.network.head[arc[these]]]
        return found

    def exits(self, unit: Spot, weights: Weights) -> list[Exit]:
        """Return the ways to leave the unit's own street: ahead, and back over it."""
        found: list[Exit] = []
        for place, (arc, along) in enumerate(ways_past(self.network, unit)):
            part = OPEN if weights.closures is None else int(weights.closures.ahead[arc])
            turning_ms = self.settings.uturn_ms if place == 1 and not unit.free else 0
            own_ms = int(weights.arc_ms[arc]) * (PERMILLE - along) // PERMILLE + int(weights.rest_ms[arc])
            found.append((own_ms + turning_ms, int(self.network.head[arc]), arc, part))
        return found

    def leave(self, exits: list[Exit], target: Target) -> tuple[int, int, int]:
        """Return (ms, arc, part of the way at its junction) of the best of these ways to the target."""
        best = NO_WAY, exits[0][2], OPEN
        for own_ms, junction, arc, part in exits:
            times = target.times(part) if part <= ENTERING else None
            if times is not None and own_ms + int(times[junction]) < best[0]:
                best = own_ms + int(times[junction]), arc, part
        return best

    def direct(self, unit: Spot, spot: Spot, weights: Weights) -> tuple[int, int, int] | None:
        """Return (ms, arc the unit drives first, arc it arrives on) without passing a junction, the soonest; or None."""
        found: list[tuple[int, int, int]] = []
        for place, (leaves, at) in enumerate(ways_past(self.network, unit)):
            turning_ms = self.settings.uturn_ms if place == 1 and not unit.free else 0
            for arrives, to in ways_past(self.network, spot):
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
        if weights.closures is not None and not weights.closures.between(leaves, arrives):
            return None
        first = int(chains.first[chains.chain[leaves]])
        over = chains.members[first + int(chains.place[leaves]) + 1 : first + int(chains.place[arrives])]
        between_ms = int(weights.arc_ms[over].sum(dtype=np.int64))
        leaving_ms = int(weights.arc_ms[leaves]) * (PERMILLE - at) // PERMILLE
        return leaving_ms + between_ms + int(weights.arc_ms[arrives]) * to // PERMILLE
