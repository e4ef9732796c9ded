"""How far it is: from posts to points of demand, from units to posts, over the streets of one epoch or straight.

Found once for an epoch and then read. Sweeps from the posts (PHAST, Delling and others 2011), many in one pass, give all
points; to the posts one vector each serves all units. What begins or ends on a street that is blocked in part is asked of the
oracle, one by one. Only a post that itself lies on such a street is left as if that street were open.
"""

from weakref import WeakKeyDictionary

import numpy as np

from engine.kernels.arrive import COLUMNS, depart
from engine.kernels.reach import INF, to_points, to_posts
from engine.kernels.sweep import LANES, sweep_many
from engine.kernels.travel import straight_line_ms
from engine.model.place import Station
from engine.policy.redeploy.ground import Points
from engine.policy.redeploy.survey import Ints
from engine.policy.travel import StraightLine
from engine.streets.network import Network
from engine.streets.oracle import Metric, Oracle
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE, Spot, Spots
from engine.streets.targets import Approach, ways_past
from engine.streets.weighing import Mode

Point = tuple[int, int]
Start = tuple[Ints, Ints]
"""Junctions where a sweep begins, and the ms from or to each."""
NO_START: Start = np.empty(0, np.int32), np.empty(0, np.int32)
PLACES_KEPT = 4_096
"""Places where units become free, of which the times to all posts are remembered."""


class Entries:
    """From which junctions each of n spots is entered, as columns (CSR): the same for every post."""

    def __init__(self, network: Network, metric: Metric, spots: Spots) -> None:
        weights, size = metric.weights, len(spots)
        on_road = np.flatnonzero(spots.arc >= 0)
        arcs = spots.arc[on_road]
        back = network.reverse[arcs]
        two_way = back >= 0
        arc = np.concatenate([arcs, back[two_way]])
        along = np.concatenate([spots.along[on_road], 1000 - spots.along[on_road][two_way]]).astype(np.int64)
        owner = np.concatenate([on_road, on_road[two_way]])
        into_ms = np.minimum(weights.before_ms[arc] + weights.arc_ms[arc].astype(np.int64) * along // 1000, INF)
        link, count = network.links_of_all(network.chains.chain[arc])
        owner, into_ms = np.repeat(owner, count), np.repeat(into_ms, count)
        order = np.argsort(owner, kind="stable")
        self.junction = network.links.tail[link][order].astype(np.int32)
        self.into_ms = np.minimum(into_ms + weights.turn_ms[link], INF)[order].astype(np.int32)
        self.first = np.searchsorted(owner[order], np.arange(size + 1)).astype(np.int64)


def _batches(count: int) -> list[slice]:
    return [slice(begin, min(count, begin + LANES)) for begin in range(0, count, LANES)]


def _swept(network: Network, climbing: Ints, sweeping: Ints, starts: list[Start]) -> Ints:
    """Return int32[junctions, LANES], a column for each start; all INF where there is none."""
    begin = np.cumsum([0, *(len(junctions) for junctions, _ in starts)]).astype(np.int64)
    junctions, ms = (np.concatenate(column) for column in zip(*starts, strict=True))
    out = np.empty((network.size, LANES), np.int32)
    sweep_many(network.first_up, network.up, climbing, sweeping, begin, junctions, ms, out)
    return out


class StreetReach:
    """Times under one set of conditions."""

    def __init__(self, roads: Roads, oracle: Oracle, straight: StraightLine, stations: tuple[Station, ...]) -> None:
        self.oracle, self._roads, self._straight = oracle, roads, straight
        self._stations = stations
        self._spots = [roads.spot(station.x_m, station.y_m) for station in stations]
        self._metric = oracle.metric(Mode.NORMAL)
        network, metric = oracle.network, self._metric
        self._vectors = np.empty((network.size, len(stations)), np.int32)
        self._chains = np.full((len(stations), 2), -1, np.int32)
        for some in _batches(len(stations)):
            starts = [NO_START] * len(self._spots[some])
            for number, spot in enumerate(self._spots[some]):
                if spot.arc != NOWHERE:
                    approach = Approach(network, metric.weights, spot)
                    starts[number] = approach.begin()
                    self._chains[some.start + number, : len(approach.chains)] = approach.chains
            self._vectors[:, some] = _swept(network, metric.backward, metric.forward, starts)[:, : len(starts)]
        self._extra_ms = np.array([self._metric.aside_ms(spot) for spot in self._spots], np.int32)
        self._from: dict[Point, Ints] = {}
        self.post_ms = self._between_posts()

    def points_ms(self, points: Points) -> Ints:
        """Return int32[2, p, n], from each post to each point by mode; -1 for no way."""
        spots = _spots_of(self._roads, points)
        return np.stack([self._points_ms(points, spots, mode) for mode in (Mode.LIGHTS, Mode.NORMAL)])

    def _points_ms(self, points: Points, spots: Spots, mode: Mode) -> Ints:
        network, metric = self.oracle.network, self.oracle.metric(mode)
        entries = Entries(network, metric, spots)
        found = np.empty((len(self._stations), len(spots)), np.int32)
        away = spots.arc < 0
        for some in _batches(len(self._stations)):
            starts = [self._leaving(metric, spot) if spot.arc != NOWHERE else NO_START for spot in self._spots[some]]
            vectors = _swept(network, metric.forward, metric.backward, starts)
            extra_ms = metric.aside_ms(spots)
            to_points(vectors, entries.first, entries.junction, entries.into_ms, extra_ms, found[some])
        for number, (station, spot) in enumerate(zip(self._stations, self._spots, strict=True)):
            if spot.arc == NOWHERE or away.any():
                line_ms = straight_ms(self._straight, (station.x_m, station.y_m), points)
                found[number] = line_ms if spot.arc == NOWHERE else np.where(away, line_ms, found[number])
            if spot.arc != NOWHERE:
                self._along_street(metric, spot, spots, found[number])
        self._past_closures(metric, spots, mode, found)
        return found

    def _past_closures(self, metric: Metric, spots: Spots, mode: Mode, found: Ints) -> None:
        """Ask the oracle about points on streets that are blocked in part, one by one: there are few of them."""
        closures = metric.weights.closures
        if closures is None:
            return
        back = self.oracle.network.reverse[spots.arc]
        odd = closures.unusual[spots.arc] | (closures.behind[spots.arc] != 0)
        odd |= (back >= 0) & (closures.behind[back] != 0)
        on_road = [number for number, spot in enumerate(self._spots) if spot.arc != NOWHERE]
        posts = Spots.of(*(self._spots[number] for number in on_road))
        for place in np.flatnonzero(odd & (spots.arc >= 0)).tolist():
            rows = np.arange(len(on_road), dtype=np.int32)
            found[on_road, place] = self.oracle.times_ms(posts, rows, spots[place], mode)

    def _leaving(self, metric: Metric, spot: Spot) -> Start:
        """Return the junctions at the ends of the spot's street, and the ms to each."""
        network, weights = self.oracle.network, metric.weights
        ways = []
        for arc, along in ways_past(network, spot):
            own_ms = int(weights.arc_ms[arc]) * (1000 - along) // 1000 + int(weights.rest_ms[arc])
            rest_ms = own_ms + metric.aside_ms(spot)
            ways.append((int(network.head[arc]), min(rest_ms, INF)))
        junctions, ms = (np.array(column, np.int32) for column in zip(*ways, strict=True))
        return junctions, ms

    def _along_street(self, metric: Metric, spot: Spot, spots: Spots, found: Ints) -> None:
        """Lower the times to points on the post's own street."""
        chain = self.oracle.network.chains.chain
        own = [int(chain[arc]) for arc, _ in ways_past(self.oracle.network, spot)]
        beside = np.flatnonzero((spots.arc >= 0) & np.isin(chain[spots.arc], own))
        for place in beside.tolist():
            direct = self.oracle.direct(spot, spots[place], metric.weights)
            if direct is not None:
                ms = direct[0] + metric.aside_ms(spot) + metric.aside_ms(spots[place])
                found[place] = ms if found[place] < 0 else min(int(found[place]), ms)

    def units_ms(self, spots: Spots, rows: Ints, at: list[Point]) -> Ints:
        """Return int32[m, p], from each row of the fleet's spots, at these positions, to each post; -1 for no way."""
        return self._to_posts(spots, rows, self._metric.departures(spots), at)

    def _between_posts(self) -> Ints:
        """Return int32[p, p], from each post to each; nothing from one to itself, on whatever street it stands."""
        rows = np.arange(len(self._spots), dtype=np.int32)
        spots, at = Spots.of(*self._spots), [(station.x_m, station.y_m) for station in self._stations]
        return self._to_posts(spots, rows, self._departures(spots, rows), at, own=True)

    def _to_posts(self, spots: Spots, rows: Ints, departures: Ints, at: list[Point], *, own: bool = False) -> Ints:
        """Return int32[m, p]; `own`: the i-th stands at post i."""
        out = np.empty((len(rows), len(self._stations)), np.int32)
        near = np.empty(out.shape, np.uint8)
        found = to_posts(rows, departures, self._vectors, self._chains, self._extra_ms, out, near)
        closures = self._metric.weights.closures
        if closures is not None:
            # Who stands on what is blocked, or in front of it, leaves otherwise: the oracle knows how.
            near[(spots.arc[rows] >= 0) & closures.unusual[spots.arc[rows]]] = 1
        if own:
            np.fill_diagonal(near, 0)
        if found or closures is not None:
            for i, j in np.argwhere(near).tolist():
                one = rows[i : i + 1]
                out[i, j] = self.oracle.times_ms(spots, one, self._spots[j], Mode.NORMAL)[0]
        for j in np.flatnonzero(self._chains[:, 0] < 0).tolist():
            out[:, j] = [self._line_ms(point, j) for point in at]
        for i in np.flatnonzero(spots.arc[rows] < 0).tolist():
            out[i] = [self._line_ms(at[i], j) for j in range(len(self._stations))]
        if own:
            np.fill_diagonal(out, 0)
        return out

    def _line_ms(self, point: Point, post: int) -> int:
        station = self._stations[post]
        return self._straight.to_points_ms(point, [(station.x_m, station.y_m)], 1)[0]

    def from_places(self, places: list[Point]) -> Ints:
        """Return int32[b, p], from places where units become free; those of an epoch are remembered."""
        fresh = [place for place in dict.fromkeys(places) if place not in self._from]
        if fresh:
            if len(self._from) + len(fresh) > PLACES_KEPT:
                self._from.clear()
                fresh = list(dict.fromkeys(places))
            spots = Spots.of(*(self._roads.spot(*place) for place in fresh))
            rows = np.arange(len(fresh), dtype=np.int32)
            times = self._to_posts(spots, rows, self._departures(spots, rows), fresh)
            self._from.update(zip(fresh, times, strict=True))
        return np.array([self._from[place] for place in places], np.int32).reshape(len(places), len(self._stations))

    def _departures(self, spots: Spots, rows: Ints) -> Ints:
        """Work out how these spots are left, beside those of the fleet that the metric keeps."""
        network, weights = self.oracle.network, self._metric.weights
        out = np.empty((len(rows), COLUMNS), np.int32)
        depart(
            rows,
            spots.arc,
            spots.along,
            self._metric.aside_ms(spots),
            spots.free,
            network.head,
            network.chains.chain,
            weights.rest_ms,
            weights.arc_ms,
            network.reverse,
            self.oracle.settings.uturn_ms,
            out,
        )
        return out


class StraightReach:
    """The same along straight lines, in both modes alike."""

    def __init__(self, straight: StraightLine, stations: tuple[Station, ...]) -> None:
        self._straight, self._stations = straight, stations
        x_m, y_m = (np.array([getattr(each, axis) for each in stations], np.int32) for axis in ("x_m", "y_m"))
        self._posts = Points(x_m, y_m, np.zeros(len(stations), np.int64))
        self.post_ms = self.from_places([(station.x_m, station.y_m) for station in stations])

    def points_ms(self, points: Points) -> Ints:
        """Return int32[2, p, n], from each post to each point by mode."""
        times = [straight_ms(self._straight, (station.x_m, station.y_m), points) for station in self._stations]
        return np.stack([times, times])

    def units_ms(self, spots: Spots, rows: Ints, at: list[Point]) -> Ints:
        """Return int32[m, p], from these positions to each post."""
        del spots, rows
        return self.from_places(at)

    def from_places(self, places: list[Point]) -> Ints:
        """Return int32[b, p], from these places to each post."""
        out = np.empty((len(places), len(self._stations)), np.int32)
        for row, place in enumerate(places):
            out[row] = straight_ms(self._straight, place, self._posts)
        return out


Reach = StreetReach | StraightReach

_SPOTS: "WeakKeyDictionary[Points, tuple[Roads, Spots]]" = WeakKeyDictionary()
"""Where points of demand are on the streets, and on whose: traffic and hours do not change it."""


def _spots_of(roads: Roads, points: Points) -> Spots:
    """Return where these points are on the streets; found once, for who looks at them under other conditions as well."""
    known = _SPOTS.get(points)
    if known is None or known[0] is not roads:
        nowhere = np.full(len(points.x_m), -1, np.int16)
        known = _SPOTS[points] = (roads, roads.spots(points.x_m, points.y_m, nowhere))
    return known[1]


def straight_ms(straight: StraightLine, start: Point, points: Points) -> Ints:
    """Return int32[n], from one place to each point along a straight line."""
    out = np.empty(len(points.x_m), np.int32)
    rows = np.arange(len(out), dtype=np.int32)
    straight_line_ms(rows, points.x_m, points.y_m, *start, straight.circuity_percent, straight.speed_mm_per_s, out)
    return out
