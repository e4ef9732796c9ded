"""Keeps of a street graph what can be reached and left again, and says what was left out.

Rule: a unit must never stand where no road leads away, nor an incident lie where no road leads to. So the largest
strongly connected part stays, by the arcs that are open to lights and sirens. Loops lead nowhere, and of arcs
that join the same two nodes one is enough: both go first.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from engine.streets.graph import NOT_OPEN
from gateways.places.streets import Ints, Streets, once

Flags = npt.NDArray[np.bool_]

NAMED = 5
"""Names of dropped streets that are listed, the longest first."""
_NEVER = np.iinfo(np.int32).max


class Dropped(Struct, frozen=True):
    """What is not in the streets any more, and why."""

    nodes: int = 0
    """Nodes that had an arc."""
    arcs: int = 0
    km: float = 0.0
    """Of street: both directions count once."""
    names: tuple[str, ...] = ()
    """The longest of the dropped streets that have no part left."""
    loops: int = 0
    doubles: int = 0
    flat: int = 0
    """Arcs without a length; they stay, and count as 1 dm."""

    def __str__(self) -> str:
        """Return one sentence for people, or "" when there is nothing to say."""
        parts = []
        if self.nodes:
            named = f", among them {', '.join(self.names)}" if self.names else ""
            island = f"{_many(self.nodes, 'node')} and {_many(self.arcs, 'arc')} ({self.km:.1f} km of street{named})"
            parts.append(f"{island} that cannot be both reached and left by road")
        if self.loops:
            parts.append(_many(self.loops, "loop"))
        if self.doubles:
            parts.append(f"{_many(self.doubles, 'arc')} beside a faster one between the same nodes")
        said = [f"Left out: {'; '.join(parts)}."] if parts else []
        if self.flat:
            said.append(f"{_many(self.flat, 'arc')} without length, taken as 1 dm.")
        return " ".join(said)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def connected(streets: Streets) -> tuple[Streets, Flags, Dropped]:
    """Return the streets that hang together, the nodes that stayed as bool[n], and what was left out.

    Rows keep their order. Turns over a dropped arc go with it; names that nothing bears any more go too. Without any
    way that leads there and back again no arc is left, and it is for the caller to refuse that.
    """
    loops = streets.arc_from == streets.arc_to
    single, normal_ms = _single(streets, loops)
    driven = single & (streets.lights_ms != NOT_OPEN)
    count = len(streets.node_lat)
    kept = largest_part(streets.arc_from[driven], streets.arc_to[driven], count)
    arcs = single & kept[streets.arc_from] & kept[streets.arc_to]
    left = _pick(replace(streets, normal_ms=normal_ms), kept, arcs)
    lost = single & ~arcs
    touched = np.zeros(count, np.bool_)
    touched[streets.arc_from] = touched[streets.arc_to] = True
    dropped = Dropped(
        nodes=int((touched & ~kept).sum()),
        arcs=int(lost.sum()),
        km=float(streets.length_m[once(streets, lost)].sum(dtype=np.float64)) / 1000,
        names=_longest_names(streets, lost, arcs),
        loops=int(loops.sum()),
        doubles=int((~single & ~loops).sum()),
        flat=int((left.length_m <= 0).sum()),
    )
    return left, kept, dropped


def _single(streets: Streets, loops: Flags) -> tuple[Flags, Ints]:
    """Mark one arc, the fastest, for each two nodes; it takes over the shortest normal time of its doubles."""
    lights, normal = (
        np.where(times == NOT_OPEN, _NEVER, times).astype(np.int32) for times in (streets.lights_ms, streets.normal_ms)
    )
    order = np.lexsort((normal, lights, streets.arc_to, streets.arc_from))
    order = order[~loops[order] & (np.minimum(lights, normal)[order] < _NEVER)]
    single, best = np.zeros(len(loops), np.bool_), streets.normal_ms.copy()
    if len(order):
        tail, head = streets.arc_from[order], streets.arc_to[order]
        first = np.flatnonzero(np.r_[True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])])
        single[order[first]] = True
        shortest = np.minimum.reduceat(normal[order], first)
        best[order[first]] = np.where(shortest == _NEVER, NOT_OPEN, shortest)
    return single, best


def _pick(streets: Streets, nodes: Flags, arcs: Flags) -> Streets:
    """Return the marked nodes and arcs, numbered anew."""
    node_row = (np.cumsum(nodes) - 1).astype(np.int32)
    arc_row = (np.cumsum(arcs) - 1).astype(np.int32)
    turns = arcs[streets.turn_from] & arcs[streets.turn_to]
    used, name = np.unique(streets.arc_name[arcs], return_inverse=True)
    return Streets(
        node_lat=streets.node_lat[nodes],
        node_lon=streets.node_lon[nodes],
        arc_from=node_row[streets.arc_from[arcs]],
        arc_to=node_row[streets.arc_to[arcs]],
        length_m=streets.length_m[arcs],
        lights_ms=streets.lights_ms[arcs],
        normal_ms=streets.normal_ms[arcs],
        arc_class=streets.arc_class[arcs],
        arc_name=name.astype(np.int32),
        classes=streets.classes,
        names=streets.names[used],
        turn_from=arc_row[streets.turn_from[turns]],
        turn_to=arc_row[streets.turn_to[turns]],
    )


def _longest_names(streets: Streets, lost: Flags, stayed: Flags) -> tuple[str, ...]:
    """Return names that are gone altogether: a street that only lost its end is still there."""
    each = once(streets, lost)
    metres = np.bincount(streets.arc_name[each], streets.length_m[each], len(streets.names))
    metres[streets.arc_name[stayed]] = 0
    metres[streets.names == ""] = 0
    order = np.argsort(-metres, kind="stable")[:NAMED]
    return tuple(str(streets.names[row]) for row in order.tolist() if metres[row] > 0)


def largest_part(tail: npt.NDArray[np.integer], head: npt.NDArray[np.integer], count: int) -> Flags:
    """Mark the largest set of nodes that can all reach each other, as bool[count]; of equal ones the first found."""
    if not count:
        return np.zeros(0, np.bool_)
    order = np.argsort(tail, kind="stable")
    first = np.searchsorted(tail[order], np.arange(count + 1)).tolist()
    part = np.array(_parts(first, head[order].tolist(), count))
    largest: Flags = part == np.bincount(part).argmax()
    return largest


def _parts(first: list[int], heads: list[int], count: int) -> list[int]:
    """Return the number of each node's strongly connected part (Tarjan 1972, with a path instead of recursion)."""
    seen, low, part = [0] * count, [0] * count, [-1] * count
    onward, waiting, clock, found = first[:-1], list[int](), 0, 0
    for root in range(count):
        path = [] if seen[root] else [root]
        while path:
            node = path[-1]
            if not seen[node]:
                clock += 1
                seen[node] = low[node] = clock
                waiting.append(node)
            if onward[node] < first[node + 1]:
                near = heads[onward[node]]
                onward[node] += 1
                if not seen[near]:
                    path.append(near)
                elif part[near] < 0:
                    low[node] = min(low[node], seen[near])
                continue
            path.pop()
            if path:
                low[path[-1]] = min(low[path[-1]], low[node])
            if low[node] == seen[node]:
                while part[node] < 0:
                    part[waiting.pop()] = found
                found += 1
    return part
