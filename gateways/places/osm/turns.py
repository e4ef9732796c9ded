"""Turn restrictions: relations of the map that forbid, or prescribe, how to go on from one way to another.

Rule: they become pairs of arcs that may not follow each other. Only those over a node are read; those over a way are
counted. Whoever goes with lights and sirens is not bound by them.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gateways.places.osm.access import Tags

_EXEMPT = ("emergency", "motorcar", "motor_vehicle", "vehicle")
"""Who of these is excepted: us. `except=psv` is for buses and leaves us bound."""
_KINDS = ("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit")
_ONLY = ("only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn")
Rows = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]
Member = tuple[str, str, int]
"""(role, "n", "w" or "r", number)."""


class Restriction(Struct, frozen=True, gc=False):
    """A restriction over a node. Numbers are those of the map."""

    only: bool
    """Prescribed instead of forbidden."""
    from_ways: tuple[int, ...]
    via: int
    to_ways: tuple[int, ...]


class Turns(Struct, frozen=True):
    """Rows of arcs, and how many restrictions could not be used."""

    turn_from: Rows
    turn_to: Rows
    used: int
    unclear: int
    """A way that is not there or not driven, or one that goes on behind the node on both sides."""


def restriction_of(tags: Tags, members: Sequence[Member]) -> Restriction | Literal["via way"] | None:
    """Return the restriction that a relation of that type means; None if it does not bind us or says nothing."""
    kind = tags.get("restriction:motorcar") or tags.get("restriction", "")
    excepted = [word.strip() for word in tags.get("except", "").split(";")]
    if kind not in (*_KINDS, *_ONLY) or any(word in _EXEMPT for word in excepted):
        return None
    via = [(what, number) for role, what, number in members if role == "via"]
    if any(what == "w" for what, _ in via):
        return "via way"
    ways = {name: tuple(n for role, what, n in members if (role, what) == (name, "w")) for name in ("from", "to")}
    if len(via) != 1 or via[0][0] != "n" or not ways["from"] or not ways["to"]:
        return None
    return Restriction(kind in _ONLY, ways["from"], via[0][1], ways["to"])


def forbidden_turns(restrictions: Sequence[Restriction], tail: Rows, head: Rows, way: Numbers, nodes: Numbers) -> Turns:
    """Return the forbidden pairs of arcs.

    `tail`, `head`, `way`: each arc's nodes (rows of `nodes`) and its way's number in the map; `nodes`: the nodes'
    numbers in the map, rising.
    """
    crossings = _Crossings(restrictions, tail, head, way, nodes)
    pairs: dict[tuple[int, int], None] = {}
    used = 0
    for restriction in restrictions:
        found = crossings.pairs(restriction)
        used += bool(found)
        pairs.update(dict.fromkeys(found))
    columns = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    return Turns(columns[:, 0].copy(), columns[:, 1].copy(), used, len(restrictions) - used)


class _Crossings:
    """Arcs into and out of the nodes that restrictions name."""

    def __init__(
        self, restrictions: Sequence[Restriction], tail: Rows, head: Rows, way: Numbers, nodes: Numbers
    ) -> None:
        self._tail, self._head, self._way = tail, head, way
        wanted = np.array(sorted({restriction.via for restriction in restrictions}), dtype=np.int64)
        row = np.searchsorted(nodes, wanted)
        there = (row < len(nodes)) & (nodes[np.minimum(row, len(nodes) - 1)] == wanted)
        self._row = dict(zip(wanted[there].tolist(), row[there].tolist(), strict=True))
        named = np.isin(np.arange(len(nodes)), row[there])
        self._into, self._out_of = _by_node(head, named), _by_node(tail, named)

    def pairs(self, restriction: Restriction) -> list[tuple[int, int]]:
        """Return the pairs that the restriction forbids; none if it cannot be told which it means."""
        node = self._row.get(restriction.via, -1)
        into, out_of = self._into.get(node, []), self._out_of.get(node, [])
        found = []
        for name in restriction.from_ways:
            came = [arc for arc in into if self._way[arc] == name]
            # A way that comes in on both sides of the node ought to have been split there.
            if len(came) == 1:
                found += [(came[0], arc) for arc in self._forbidden(came[0], out_of, restriction)]
        return found

    def _forbidden(self, came: int, out_of: list[int], restriction: Restriction) -> list[int]:
        meant = [arc for arc in out_of if self._way[arc] in restriction.to_ways]
        if self._way[came] in restriction.to_ways:
            # Back into its own way: a U-turn is meant, not going on.
            meant = [arc for arc in meant if self._way[arc] != self._way[came] or self._head[arc] == self._tail[came]]
        per_way = {int(self._way[arc]) for arc in meant}
        if not meant or len(per_way) != len(meant):
            return []
        return [arc for arc in out_of if arc not in meant] if restriction.only else meant


def _by_node(ends: Rows, named: npt.NDArray[np.bool_]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for arc in np.flatnonzero(named[ends]).tolist():
        found.setdefault(int(ends[arc]), []).append(arc)
    return found
