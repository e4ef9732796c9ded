"""Other people's ways to answer the same question, one small file each: how long does every unit need to one node?

Rule: a peer builds whatever it likes beforehand; `times_ms` is timed and must end with an array, one time a unit, in
the order of the units. Unreachable may look as the library likes (infinite, not a number, its own largest number).
`customise` is there where a peer has work to do for new weights; a peer is never timed on what it does not offer.
"""

import importlib
from collections.abc import Callable
from functools import cached_property
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Times = npt.NDArray[np.generic]

UNREACHABLE: Final = -1
BEYOND: Final = 1 << 29
"""No real time is as long as this; every library's mark of the unreachable is above it, or is not a number."""


class Task:
    """A street graph as every library can take it, and where the units are.

    `nodes` rows; `tail`, `head`, `ms` int32[m]: arcs, no two between the same nodes in the same direction.
    `lat`, `lon` float64[nodes] for those that order by place. `units` int32[k]: the node of each unit.
    """

    def __init__(
        self,
        lat: npt.NDArray[np.float64],
        lon: npt.NDArray[np.float64],
        tail: Ints,
        head: Ints,
        ms: Ints,
        units: Ints,
    ) -> None:
        self.nodes = len(lat)
        self.lat, self.lon, self.units = lat, lon, units
        self.tail, self.head, self.ms = _quickest(tail, head, ms)

    @cached_property
    def reverse(self) -> tuple[npt.NDArray[np.int64], Ints, Ints]:
        """Return the arcs by head: first row of each node int64[nodes + 1], tails, times."""
        by_head = np.argsort(self.head, kind="stable")
        first = np.searchsorted(self.head[by_head], np.arange(self.nodes + 1)).astype(np.int64)
        return first, self.tail[by_head], self.ms[by_head]


def _quickest(tail: Ints, head: Ints, ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Keep the quickest of parallel arcs, as a sparse matrix would add them up. Loops go as well."""
    order = np.lexsort((ms, head, tail))
    tail, head, ms = tail[order], head[order], ms[order]
    new = np.ones(len(tail), np.bool_)
    new[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    new &= tail != head
    return tail[new], head[new], ms[new]


class Peer(Protocol):
    """A way to answer."""

    name: str

    def times_ms(self, target: int) -> Times: ...


@runtime_checkable
class Separate(Peer, Protocol):
    """One that takes new times for all arcs, in the order of a task's arcs, without being built anew."""

    def customise(self, ms: npt.NDArray[np.integer]) -> None: ...


Kind = Callable[[Task], Peer]

MODULES: Final = (
    "numba_dijkstra",
    "scipy_dijkstra",
    "networkit_dijkstra",
    "rustworkx_dijkstra",
    "routingkit_by_arrays",
    "routingkit_by_lists",
)
"""The last one's library names no licence, so the `bench` extra leaves it to whoever wants it: routingkit-cch."""


def roster() -> tuple[list[Kind], list[str]]:
    """Return the peers that can run here, and a sentence for each that cannot."""
    kinds: list[Kind] = []
    missing: list[str] = []
    for module in MODULES:
        try:
            kinds += importlib.import_module(f"loadtests.peers.{module}").PEERS
        except ModuleNotFoundError as error:
            missing.append(f"{error.name} is not installed, so it is not compared")
    return kinds, missing


def as_ms(times: Times) -> npt.NDArray[np.int64]:
    """Return times in whole milliseconds with UNREACHABLE (-1), whatever a library's own mark is."""
    real = times.astype(np.float64)
    reached = (real >= 0) & (real < BEYOND)
    return np.where(reached, np.where(reached, real, 0), UNREACHABLE).astype(np.int64)
