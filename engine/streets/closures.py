"""Out of what is closed, and into it: the ends of a way that nobody else may drive.

A way has three parts: who stands on a blocked arc drives out over arcs that are blocked as well; then come open arcs
only; and to an incident on a blocked arc the way goes on over blocked arcs to its end. So the crash that closed the
bridge is reached, and a crew in a flooded street gets out, while nobody drives through.

Blocked is what is closed, and what the mode may not use.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.relax import relax
from engine.kernels.sweep import INF
from engine.streets.graph import Ints
from engine.streets.network import Network

NO_WAY = INF
"""A time that means: not at all. Sums stop here."""

LEAVING, OPEN, ENTERING = -1, 0, 1
"""The part of its way that somebody is in at a junction."""

Flags = npt.NDArray[np.bool_]
Wide = npt.NDArray[np.int64]


class Passages(Struct, frozen=True):
    """Some of the links, with what driving the whole of each takes when nothing counts as blocked; k of them."""

    link: Ints
    tail: Ints
    head: Ints
    ms: Ints

    def onto(self, values: Ints, beyond: Ints) -> None:
        """Lower `values` at the tails to what lies beyond at the heads: over one link, no further."""
        np.minimum.at(values, self.tail, np.minimum(self.ms + beyond[self.head], NO_WAY))

    def leading(self, junction: int, ms: int, beyond: Ints) -> int | None:
        """Return a link from the junction over which the time is just this, or None."""
        for place in np.flatnonzero(self.tail == junction).tolist():
            if int(self.ms[place]) + int(beyond[self.head[place]]) == ms:
                return int(self.link[place])
        return None


class Closures(Struct, frozen=True):
    """What is blocked, as one mode sees it. Arrays over arcs, but for the passages."""

    blocked: Flags
    changes: Ints
    """How often blocked and open take turns in the arc's chain, from the chain's beginning to the arc."""
    ahead: npt.NDArray[np.int8]
    """LEAVING, OPEN or ENTERING: in which part somebody who starts on the arc comes to its chain's end; 2: in none."""
    behind: npt.NDArray[np.int8]
    """ENTERING's mirror: -1 if the way in begins before the chain does, OPEN, 1 if it is only for those who leave."""
    unusual: Flags
    """Who stands on the arc may come out, or go in, by other than open ways."""
    whole: Passages
    """Blocked from end to end."""
    out: Passages
    """Blocked first, then open."""
    into: Passages
    """Open first, then blocked."""
    both: Passages
    """Blocked at both ends, open between."""

    def entering(self, own: Ints) -> Ints:
        """Return the times over blocked links only, from `own`: those at the junctions where the way in begins."""
        values = own.copy()
        relax(self.whole.tail, self.whole.head, self.whole.ms, values)
        return values

    def leaving(self, own: Ints, to_spot: Ints, entering: Ints | None) -> Ints:
        """Return the times for those who have come to a junction over blocked arcs only.

        `own` are the times into the spot's own chain that only they have, `to_spot` those that everybody has.
        """
        values = np.minimum(own, to_spot)
        self.out.onto(values, to_spot)
        if entering is not None:
            self.both.onto(values, entering)
        relax(self.whole.tail, self.whole.head, self.whole.ms, values)
        return values

    def between(self, first: int, last: int) -> bool:
        """Tell whether a way from an arc to a later one of its chain, or the same, may be driven."""
        apart = int(self.changes[last]) - int(self.changes[first])
        return apart <= int(self.blocked[first]) + int(self.blocked[last])


def closures_of(
    network: Network, blocked: Flags, arc_ms: Ints, turn_ms: Ints, rest_ms: Ints, before_ms: Ints
) -> Closures | None:
    """Return what is blocked, None if nothing is.

    Times along the own chain, `rest_ms` and `before_ms` (int32[arcs]), are written anew where blocked arcs lie on the
    way and it can be driven all the same, as one of its ends.
    """
    if not blocked.any():
        return None
    chains = network.chains
    begin, end = chains.first[chains.chain], chains.first[chains.chain + 1] - 1
    at = begin + chains.place
    flags = blocked[chains.members]
    changed = np.concatenate([[0], flags[1:] != flags[:-1]])
    changed[chains.first[:-1]] = 0
    changes = np.cumsum(changed)
    sums = np.concatenate([[0], np.cumsum(arc_ms[chains.members], dtype=np.int64)])
    ahead = np.minimum(changes[end] - changes[at] - blocked, 2)
    behind = np.minimum(changes[at] - changes[begin] - blocked, 2)
    _write(rest_ms, ahead, sums[end + 1] - sums[at + 1])
    _write(before_ms, behind, sums[at] - sums[begin])
    unusual = np.abs(ahead) == 1
    back = network.reverse
    unusual |= (back >= 0) & unusual[back]
    small = (ahead.astype(np.int8), behind.astype(np.int8))
    steps = (changes[at] - changes[begin]).astype(np.int32)
    return Closures(blocked, steps, *small, unusual, *_passages(network, flags, changes, sums, turn_ms))


def _write(times: Ints, part: npt.NDArray[np.intp], driven_ms: Wide) -> None:
    can = part <= ENTERING
    times[can] = np.minimum(driven_ms[can], NO_WAY)


def _passages(
    network: Network, flags: Flags, changes: npt.NDArray[np.intp], sums: Wide, turn_ms: Ints
) -> tuple[Passages, Passages, Passages, Passages]:
    """Return the links that are blocked as a whole, first, last, and at both ends."""
    links = network.links
    first, last = network.chains.first[:-1], network.chains.first[1:] - 1
    apart = changes[last] - changes[first]
    chain_ms = np.minimum(sums[last + 1] - sums[first], NO_WAY)
    link_ms = np.minimum(chain_ms[links.chain] + turn_ms, NO_WAY).astype(np.int32)

    def passages(of_chain: Flags) -> Passages:
        chosen = np.flatnonzero(of_chain[links.chain] & (link_ms < NO_WAY)).astype(np.int32)
        return Passages(chosen, links.tail[chosen], links.head[chosen], link_ms[chosen])

    return (
        passages(flags[first] & (apart == 0)),
        passages(flags[first] & (apart == 1)),
        passages(flags[last] & (apart == 1)),
        passages(flags[first] & (apart == 2)),
    )
