"""The way behind a travel time: which arcs are driven, as a list of streets and as a line."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.bends import keep_bends
from engine.kernels.descend import descend, lead, unroll
from engine.model.route import Route, RouteLeg
from engine.streets.closures import ENTERING, LEAVING, NO_WAY, OPEN
from engine.streets.graph import Graph, Ints
from engine.streets.oracle import Exit, Metric, Oracle, Table
from engine.streets.snapping import NOWHERE, PERMILLE, Spot
from engine.streets.stretches import DM
from engine.streets.targets import Target
from engine.streets.weighing import Mode, Weights

Point = tuple[int, int]

ROOM_ARCS = 4_096
"""Few ways have more arcs; those that have are written twice."""
TABLE_CELLS_MAX = 1 << 22
"""Times to some spots are read off one table while it has no more cells than this."""
BESIDE_LINE_M = 5
"""A bend that leaves the line by less is not shown."""


class Way(Struct, frozen=True):
    """Arcs as they are driven; the first and the last of them in part."""

    arcs: Ints
    begin: int
    """Thousandths of the first arc where the way begins."""
    end: int
    """Thousandths of the last arc where it ends."""
    travel_ms: int
    """All of it, turns and the ways from and to the road included."""

    def parts(self) -> npt.NDArray[np.int64]:
        """Return how many thousandths of each arc are driven, int64[n]."""
        parts = np.full(len(self.arcs), PERMILLE, np.int64)
        parts[-1] = self.end
        parts[0] -= self.begin
        return parts


def way(oracle: Oracle, start: Spot, spot: Spot, mode: Mode) -> Way | None:
    """Return the fastest way between two spots; None where there is none. Its time is that of `times_ms`."""
    if NOWHERE in (start.arc, spot.arc):
        return None
    metric = oracle.metric(mode)
    weights = metric.weights
    target = oracle.target(spot, mode)
    extra_ms = metric.aside_ms(start) + metric.aside_ms(spot)
    direct = _on_own_street(oracle, start, target, weights)
    ms, leaves, part = oracle.leave(oracle.exits(start, weights), target)
    if direct is not None and direct[0] <= ms:
        arcs = _along(oracle, direct[1], direct[2])
        return _made(arcs, start, spot, direct[0] + extra_ms)
    if ms >= NO_WAY:
        return None
    led = _led(oracle, target, weights, leaves) if weights.closures is None else None
    if led is not None:
        return _made(led, start, spot, ms + extra_ms)
    links, arrives = _followed(oracle, target, weights, int(oracle.network.head[leaves]), part)
    arcs = np.concatenate([_from(oracle, leaves), _unrolled(oracle, links), _until(oracle, arrives)])
    return _made(arcs, start, spot, ms + extra_ms)


def times_ms(oracle: Oracle, start: Spot, spots: Sequence[Spot], mode: Mode) -> list[int]:
    """Return the time of the fastest way from one spot to each of the others in ms, -1 where there is none.

    As `way` would say, without the way: the start's own street is left in the same two ways wherever it goes.
    """
    if start.arc == NOWHERE:
        return [-1] * len(spots)
    metric = oracle.metric(mode)
    exits = oracle.exits(start, metric.weights)
    if metric.weights.closures is None and 1 < len(spots) <= TABLE_CELLS_MAX // oracle.network.size:
        return _all_ms(oracle, start, exits, oracle.table(tuple(spots), mode), metric)
    return [-1 if spot.arc == NOWHERE else _time_ms(oracle, start, exits, spot, mode) for spot in spots]


def _all_ms(oracle: Oracle, start: Spot, exits: list[Exit], table: Table, metric: Metric) -> list[int]:
    """Return the times to all spots of a table at once: nothing is blocked, so all that counts is the junction."""
    best = table.to_spots[exits[0][1]] + exits[0][0]
    for own_ms, junction, _, _ in exits[1:]:
        best = np.minimum(best, table.to_spots[junction] + own_ms)
    found: list[int] = best.tolist()
    for place in table.on_chain.get(int(oracle.network.chains.chain[start.arc]), ()):
        direct = oracle.direct(start, table.spots[place], metric.weights)
        found[place] = found[place] if direct is None else min(found[place], direct[0])
    off_ms = metric.aside_ms(start)
    return [-1 if ms >= NO_WAY else ms + off_ms + then_ms for ms, then_ms in zip(found, table.off_ms, strict=True)]


def _time_ms(oracle: Oracle, start: Spot, exits: list[Exit], spot: Spot, mode: Mode) -> int:
    target, metric = oracle.target(spot, mode), oracle.metric(mode)
    ms = oracle.leave(exits, target)[0]
    direct = _on_own_street(oracle, start, target, metric.weights)
    ms = ms if direct is None else min(ms, direct[0])
    return -1 if ms >= NO_WAY else ms + metric.aside_ms(start) + metric.aside_ms(spot)


def _on_own_street(oracle: Oracle, start: Spot, target: Target, weights: Weights) -> tuple[int, int, int] | None:
    """Return the way that passes no junction; None where the target is not on the same street, or lies the other way."""
    same = int(oracle.network.chains.chain[start.arc]) in target.chains
    return oracle.direct(start, target.spot, weights) if same else None


def _made(arcs: Ints, start: Spot, spot: Spot, travel_ms: int) -> Way:
    begin = start.along if int(arcs[0]) == start.arc else PERMILLE - start.along
    end = spot.along if int(arcs[-1]) == spot.arc else PERMILLE - spot.along
    return Way(arcs, begin, end, travel_ms)


def _led(oracle: Oracle, target: Target, weights: Weights, leaves: int) -> Ints | None:
    """Return all arcs of a way on which nothing is blocked; None of one that is longer than almost all are."""
    network, chains, arcs = oracle.network, oracle.network.chains, np.empty(ROOM_ARCS, np.int32)
    count = lead(
        leaves,
        network.first_link,
        network.links.head,
        weights.link_ms,
        network.links.chain,
        network.head,
        chains.chain,
        chains.place,
        chains.first,
        chains.members,
        target.to_spot,
        target.ends,
        arcs,
    )
    assert count >= 0, "a way ends where its time says so"
    return arcs[:count] if count <= len(arcs) else None


def _followed(oracle: Oracle, target: Target, weights: Weights, junction: int, part: int) -> tuple[list[Ints], int]:
    """Return the links from a junction on, and the arc on which the way arrives: out, over open links, and in."""
    links: list[Ints] = []
    while True:
        if part == OPEN:
            links.append(_open_links(oracle, target, weights, junction))
            junction = _end(oracle, links[-1], junction)
        times = target.times(part)
        assert times is not None, "a way goes on where its time says so"
        ms = int(times[junction])
        seed = target.seed(junction, ms, part)
        if seed is not None:
            return links, seed.arc
        link, part = _blocked_step(target, weights, junction, part, ms)
        links.append(np.array([] if link is None else [link], np.int32))
        junction = _end(oracle, links[-1], junction)


def _blocked_step(target: Target, weights: Weights, junction: int, part: int, ms: int) -> tuple[int | None, int]:
    """Return the next link over what is blocked, and the part of the way behind it; no link where only the part ends."""
    closures = weights.closures
    assert closures is not None, "nothing is blocked"
    if part == LEAVING and int(target.to_spot[junction]) == ms:
        return None, OPEN
    if part == OPEN and target.entering is not None and int(target.entering[junction]) == ms:
        return None, ENTERING
    steps = {
        LEAVING: ((closures.whole, LEAVING), (closures.out, OPEN), (closures.both, ENTERING)),
        OPEN: ((closures.into, ENTERING),),
        ENTERING: ((closures.whole, ENTERING),),
    }
    for passages, then in steps[part]:
        times = target.times(then)
        link = None if times is None else passages.leading(junction, ms, times)
        if link is not None:
            return link, then
    raise AssertionError(f"no way leads on from junction {junction}")


def _open_links(oracle: Oracle, target: Target, weights: Weights, junction: int) -> Ints:
    network = oracle.network
    path = np.empty(network.size + 1, np.int32)
    count = descend(network.first_link, network.links.head, weights.link_ms, target.to_spot, junction, path)
    return path[:count]


def _end(oracle: Oracle, links: Ints, junction: int) -> int:
    return int(oracle.network.links.head[links[-1]]) if len(links) else junction


def _unrolled(oracle: Oracle, links: list[Ints]) -> Ints:
    """Return the arcs of these links, in the order in which they are driven."""
    network, driven = oracle.network, np.concatenate([np.empty(0, np.int32), *links])
    columns = driven, network.links.chain, network.chains.first, network.chains.members
    arcs = np.empty(ROOM_ARCS, np.int32)
    count = unroll(*columns, arcs)
    if count > len(arcs):
        arcs = np.empty(count, np.int32)
        unroll(*columns, arcs)
    return arcs[:count]


def _chain(oracle: Oracle, chain: int) -> Ints:
    chains = oracle.network.chains
    return chains.members[chains.first[chain] : chains.first[chain + 1]]


def _from(oracle: Oracle, arc: int) -> Ints:
    """Return the arc and what follows it in its chain."""
    chains = oracle.network.chains
    return _chain(oracle, int(chains.chain[arc]))[int(chains.place[arc]) :]


def _until(oracle: Oracle, arc: int) -> Ints:
    """Return the arc and what comes before it in its chain."""
    chains = oracle.network.chains
    return _chain(oracle, int(chains.chain[arc]))[: int(chains.place[arc]) + 1]


def _along(oracle: Oracle, leaves: int, arrives: int) -> Ints:
    chains = oracle.network.chains
    chain = _chain(oracle, int(chains.chain[leaves]))
    return chain[int(chains.place[leaves]) : int(chains.place[arrives]) + 1]


def route(oracle: Oracle, found: Way, mode: Mode, start: Point, target: Point) -> Route:
    """Return the way in words and as a line from one point (x_m, y_m) to the other."""
    graph = oracle.network.graph
    parts = found.parts()
    metres = graph.length_dm[found.arcs] * parts // (PERMILLE * DM)
    ms = oracle.metric(mode).weights.arc_ms[found.arcs] * parts // PERMILLE
    legs = _legs(_streets(graph, found.arcs), metres.tolist(), ms.tolist())
    return Route(found.travel_ms, int(metres.sum()), legs, _line(oracle, found, start, target))


def _line(oracle: Oracle, found: Way, start: Point, target: Point) -> tuple[Point, ...]:
    """Return the points of the way that a map needs, from the unit itself to the incident itself."""
    graph = oracle.network.graph
    inner = graph.head[found.arcs[:-1]]
    corners = np.stack([graph.x_dm[inner], graph.y_dm[inner]], axis=1).astype(np.int64) // DM
    begin, end = _point(oracle, int(found.arcs[0]), found.begin), _point(oracle, int(found.arcs[-1]), found.end)
    points = np.concatenate([[start, begin], corners, [end, target]])
    keep = np.empty(len(points), np.uint8)
    keep_bends(np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1]), BESIDE_LINE_M, keep)
    return tuple((x_m, y_m) for x_m, y_m in points[keep == 1].tolist())


def _streets(graph: Graph, arcs: Ints) -> list[str]:
    """Return what each arc is called; one without a name by its class, as a driver would say "a track"."""
    pairs = zip(graph.arc_name[arcs].tolist(), graph.arc_class[arcs].tolist(), strict=True)
    return [graph.names[name] or f"({graph.classes[kind]})" for name, kind in pairs]


def _legs(streets: list[str], metres: list[int], ms: list[int]) -> tuple[RouteLeg, ...]:
    """Join arcs of one street that follow each other; a corner that is only touched is no leg."""
    legs = []
    for street, group in groupby(zip(streets, metres, ms, strict=True), key=itemgetter(0)):
        rows = list(group)
        legs.append(RouteLeg(street, sum(row[1] for row in rows), sum(row[2] for row in rows)))
    return tuple(leg for leg in legs if leg.metres) or tuple(legs[-1:])


def _point(oracle: Oracle, arc: int, along: int) -> Point:
    graph = oracle.network.graph
    tail, head = int(graph.tail[arc]), int(graph.head[arc])
    x_dm = int(graph.x_dm[tail]) + (int(graph.x_dm[head]) - int(graph.x_dm[tail])) * along // PERMILLE
    y_dm = int(graph.y_dm[tail]) + (int(graph.y_dm[head]) - int(graph.y_dm[tail])) * along // PERMILLE
    return x_dm // DM, y_dm // DM
