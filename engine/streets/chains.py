"""From arcs to chains: a street between two junctions is one link for the search, however many bends it has.

A node is passed through where there is nothing to decide: one way in and one way out, or a two-way street that goes
on as a two-way street. A node where turns are forbidden stays a junction.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.chains import follow
from engine.streets.graph import Graph

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


class Chains(Struct, frozen=True):
    """c chains over the m arcs of a graph; every arc lies in exactly one."""

    first: Ints
    """(c + 1,) where each chain begins in `members`."""
    members: Ints
    """(m,) arcs, chain after chain, as they are driven."""
    chain: Ints
    """(m,) the chain of each arc."""
    place: Ints
    """(m,) its place in the chain."""

    @property
    def count(self) -> int:
        """How many chains there are."""
        return len(self.first) - 1

    @property
    def first_arc(self) -> Ints:
        """(c,) the arc that each chain begins with."""
        return self.members[self.first[:-1]]

    @property
    def last_arc(self) -> Ints:
        """(c,) the arc that each chain ends with."""
        return self.members[self.first[1:] - 1]


def opposite(graph: Graph) -> Ints:
    """Return for each arc the one that runs back along it, -1 for a one-way street.

    Among several of them it is the one most alike in name and length; each arc is the opposite of one arc at most.
    """
    count = graph.arcs
    low, high = np.minimum(graph.tail, graph.head), np.maximum(graph.tail, graph.head)
    forth = graph.tail < graph.head
    keys = (forth, graph.length_dm, graph.arc_name, high, low)
    order = np.lexsort(keys)
    found = np.full(count, -1, np.int32)
    _pair(order, found, (low, high, graph.arc_name, graph.length_dm), forth)
    # Those that have no exact twin: the same two ends are enough.
    while _pair(order[found[order] < 0], found, (low, high), forth):
        pass
    return found


def _pair(order: npt.NDArray[np.intp], found: Ints, alike: tuple[Ints, ...], forth: Flags) -> bool:
    """Pair neighbours in the order that are alike and run against each other; tell whether there were any."""
    here, there = order[:-1], order[1:]
    pairs = (forth[here] != forth[there]) & (found[here] < 0) & (found[there] < 0)
    for column in alike:
        pairs &= column[here] == column[there]
    # Of three alike in a row the middle one is the partner of the first.
    pairs[1:] &= ~pairs[:-1]
    found[here[pairs]], found[there[pairs]] = there[pairs], here[pairs]
    return bool(pairs.any())


def chains_of(graph: Graph, reverse: Ints) -> Chains:
    """String the arcs of the graph together."""
    onward = _onward(graph, reverse)
    starts = np.flatnonzero(~_continues(onward, graph.arcs)).astype(np.int32)
    while True:
        chains = Chains(
            np.empty(len(starts) + 1, np.int32),
            np.full(graph.arcs, -1, np.int32),
            np.full(graph.arcs, -1, np.int32),
            np.full(graph.arcs, -1, np.int32),
        )
        used = follow(starts, onward, chains.first, chains.members, chains.chain, chains.place)
        if used == graph.arcs:
            return chains
        # A ring without any junction: its first arc is as good a beginning as any.
        begin = np.int32(np.argmax(chains.chain < 0))
        onward[onward == begin] = -1
        starts = np.sort(np.append(starts, begin)).astype(np.int32)


def _continues(onward: Ints, arcs: int) -> Flags:
    """Mark the arcs that follow another one."""
    marked = np.zeros(arcs, np.bool_)
    marked[onward[onward >= 0]] = True
    return marked


def _onward(graph: Graph, reverse: Ints) -> Ints:
    """Return for each arc the only arc that may follow it, -1 where there is a choice, a turn to mind or no way on."""
    arcs = np.arange(graph.arcs, dtype=np.int32)
    one_way, two_way = _passages(graph, reverse)
    leaving = np.argsort(graph.tail, kind="stable").astype(np.int32)
    first_out = np.searchsorted(graph.tail[leaving], np.arange(graph.nodes + 1))
    onward = np.full(graph.arcs, -1, np.int32)
    into = one_way[graph.head]
    onward[into] = leaving[first_out[graph.head[into]]]
    into = two_way[graph.head]
    node = graph.head[into]
    one, other = leaving[first_out[node]], leaving[first_out[node] + 1]
    onward[into] = np.where(one == reverse[arcs[into]], other, one)
    return onward


def _passages(graph: Graph, reverse: Ints) -> tuple[Flags, Flags]:
    """Mark the nodes that are passed through: by one-way streets, and by two-way streets."""
    entering = np.bincount(graph.head, minlength=graph.nodes)
    leaving = np.bincount(graph.tail, minlength=graph.nodes)
    both_ways = np.bincount(graph.tail[reverse >= 0], minlength=graph.nodes)
    loops = np.bincount(graph.tail[graph.tail == graph.head], minlength=graph.nodes)
    minded = np.zeros(graph.nodes, np.bool_)
    minded[graph.head[graph.turn_from]] = True
    minded |= loops > 0
    one_way = (entering == 1) & (leaving == 1) & (both_ways == 0) & ~minded
    two_way = (entering == 2) & (leaving == 2) & (both_ways == 2) & ~minded
    return one_way, two_way
