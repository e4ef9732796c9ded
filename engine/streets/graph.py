"""The street graph as it was imported: nodes, directed arcs, forbidden turns. Columns only; built once, then read.

Every arc is a straight line between two nodes; a bend in a street is a node with two neighbours. So the nodes of a
way are its geometry, and `network.py` contracts them for the search.
"""

import hashlib
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]

NOT_OPEN = -1
"""In a column of travel times: this mode may not use the arc."""


class Graph:
    """n nodes, m directed arcs, k forbidden turns.

    `x_dm`, `y_dm` int32[n]: local decimetres. `tail`, `head` int32[m]: rows of nodes. `length_dm` int32[m].
    `lights_ms`, `normal_ms` int32[m]: usual travel time under lights and sirens, and without; `NOT_OPEN` where that
    mode may not drive. `arc_class` uint8[m] and `arc_name` int32[m]: rows of `classes` and `names`.
    `turn_from`, `turn_to` int32[k]: arcs that may not follow each other without lights and sirens.
    """

    COLUMNS = (
        ("x_dm", np.int32),
        ("y_dm", np.int32),
        ("tail", np.int32),
        ("head", np.int32),
        ("length_dm", np.int32),
        ("lights_ms", np.int32),
        ("normal_ms", np.int32),
        ("arc_class", np.uint8),
        ("arc_name", np.int32),
        ("turn_from", np.int32),
        ("turn_to", np.int32),
    )

    def __init__(
        self,
        x_dm: npt.ArrayLike,
        y_dm: npt.ArrayLike,
        tail: npt.ArrayLike,
        head: npt.ArrayLike,
        length_dm: npt.ArrayLike,
        lights_ms: npt.ArrayLike,
        normal_ms: npt.ArrayLike,
        arc_class: npt.ArrayLike,
        arc_name: npt.ArrayLike,
        turn_from: npt.ArrayLike = (),
        turn_to: npt.ArrayLike = (),
        classes: tuple[str, ...] = ("",),
        names: tuple[str, ...] = ("",),
    ) -> None:
        given = (x_dm, y_dm, tail, head, length_dm, lights_ms, normal_ms, arc_class, arc_name, turn_from, turn_to)
        for (name, kind), column in zip(self.COLUMNS, given, strict=True):
            setattr(self, name, np.ascontiguousarray(column, dtype=kind))
        self.classes = classes
        self.names = names

    x_dm: Ints
    y_dm: Ints
    tail: Ints
    head: Ints
    length_dm: Ints
    lights_ms: Ints
    normal_ms: Ints
    arc_class: npt.NDArray[np.uint8]
    arc_name: Ints
    turn_from: Ints
    turn_to: Ints

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.x_dm)

    @property
    def arcs(self) -> int:
        """How many directed arcs there are."""
        return len(self.tail)

    @cached_property
    def digest(self) -> str:
        """Return a SHA-256 over everything: the name of these streets in a journal."""
        sha = hashlib.sha256()
        for name, _ in self.COLUMNS:
            column: npt.NDArray[np.generic] = getattr(self, name)
            sha.update(f"{name}:{len(column)};".encode())
            sha.update(column.tobytes())
        sha.update("\0".join(self.classes).encode() + b"\1" + "\0".join(self.names).encode())
        return sha.hexdigest()
