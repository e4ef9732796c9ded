"""The network: what a search walks over. Junctions in the order of a nested dissection, links between them.

A link is a chain entered from one junction. Where the graph forbids a turn, the junction is split: each chain that
arrives there ends in a junction of its own, from which only that chain's turns are made. Built once from the streets;
nothing in here depends on traffic.

Source: Dibbelt, Strasser, Wagner, Customizable Contraction Hierarchies (JEA 2016).
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.dissect import dissection_order
from engine.kernels.hierarchy import contract, place_links
from engine.streets.chains import Chains, chains_of, opposite
from engine.streets.graph import Graph, Ints

MM_PER_DM = 100

TURN_FREE, TURN_FORBIDDEN, TURN_BACK = 0, 1, 2
"""What entering a link from its junction means."""


class Links(Struct, frozen=True):
    """Ways from junction to junction; sorted by the junction they leave."""

    tail: Ints
    """Rank of the junction where the link is entered."""
    head: Ints
    chain: Ints
    turn: npt.NDArray[np.uint8]
    """TURN_FREE, or what kind of turn it begins with."""

    def pick(self, order: npt.NDArray[np.intp]) -> "Links":
        """Return the links in another order."""
        return Links(self.tail[order], self.head[order], self.chain[order], self.turn[order])


class Network:
    """A graph made ready. `order[rank]` is a junction; all other columns name junctions by rank."""

    def __init__(self, graph: Graph, order: Ints | None = None) -> None:
        """Build the network; an order that was kept from an earlier build saves most of the time.

        Raises ValueError if the order is not one of this graph's junctions.
        """
        self.graph = graph
        self.straight_mm = _straight_mm(graph)
        """(arcs,) the distance between the ends of each arc, rounded up."""
        self.reverse = opposite(graph)
        self.chains: Chains = chains_of(graph, self.reverse)
        node, links, ends = _junctions(graph, self.chains, self.reverse)
        self.size = len(node)
        if order is None:
            order = dissection_order(graph.x_dm[node], graph.y_dm[node], links.tail, links.head)
        self.order: Ints = _checked(order, self.size)
        rank = np.empty(self.size, np.int32)
        rank[self.order] = np.arange(self.size, dtype=np.int32)
        self.node: Ints = node[self.order]
        """(size,) the node of the graph where each junction lies."""
        ranked = Links(rank[links.tail], rank[links.head], links.chain, links.turn)
        self.links = ranked.pick(np.lexsort((ranked.chain, ranked.tail)))
        self.first_link: Ints = np.searchsorted(self.links.tail, np.arange(self.size + 1)).astype(np.int32)
        self.head: Ints = rank[ends][self.chains.chain] if self.size else np.empty(0, np.int32)
        """(arcs,) the junction where each arc's chain ends."""
        self._by_chain = np.argsort(self.links.chain, kind="stable").astype(np.int32)
        self._first_by_chain = np.searchsorted(self.links.chain[self._by_chain], np.arange(self.chains.count + 1))
        self.first_up, self.up = contract(self.size, self.links.tail, self.links.head)
        self.slot, self.side = place_links(self.first_up, self.up, self.links.tail, self.links.head)

    def links_of(self, chain: int) -> Ints:
        """Return the links that run along the chain: more than one only behind a split junction."""
        return self._by_chain[self._first_by_chain[chain] : self._first_by_chain[chain + 1]]

    def links_of_all(self, chains: Ints) -> tuple[Ints, npt.NDArray[np.int64]]:
        """Return the links that run along each of n chains, chain by chain, and how many each has, int64[n]."""
        begin = self._first_by_chain[chains]
        count = (self._first_by_chain[chains + 1] - begin).astype(np.int64)
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return self._by_chain[np.repeat(begin, count) + within], count

    @property
    def nbytes(self) -> int:
        """Bytes of all columns, the graph's included."""
        owners = (self, self.graph, self.chains, self.links)
        columns = [getattr(owner, name) for owner in owners for name in _columns(owner)]
        return sum({id(column): column.nbytes for column in columns}.values())


def _straight_mm(graph: Graph) -> npt.NDArray[np.int64]:
    east = (graph.x_dm[graph.head] - graph.x_dm[graph.tail]).astype(np.float64)
    north = (graph.y_dm[graph.head] - graph.y_dm[graph.tail]).astype(np.float64)
    straight: npt.NDArray[np.int64] = np.ceil(np.hypot(east, north) * MM_PER_DM).astype(np.int64)
    return straight


def _columns(owner: object) -> list[str]:
    names = getattr(owner, "__struct_fields__", None) or vars(owner)
    return [name for name in names if isinstance(getattr(owner, name), np.ndarray)]


def _checked(order: Ints, size: int) -> Ints:
    if len(order) != size or not np.array_equal(np.sort(order), np.arange(size)):
        raise ValueError(f"the order kept for these streets is not an order of their {size} junctions")
    return np.ascontiguousarray(order, np.int32)


def _junctions(graph: Graph, chains: Chains, reverse: Ints) -> tuple[Ints, Links, Ints]:
    """Return (node of each junction, links between junctions, the junction where each chain ends).

    Junctions are numbered by node; the parts of a split one follow each other.
    """
    begins, ends = graph.tail[chains.first_arc], graph.head[chains.last_arc]
    split = np.zeros(graph.nodes, np.bool_)
    split[graph.head[graph.turn_from]] = True
    arriving = np.bincount(ends[split[ends]], minlength=graph.nodes)
    parts = np.zeros(graph.nodes, np.int64)
    parts[begins] = parts[ends] = 1
    parts[split] = np.maximum(parts[split], arriving[split])
    first_part = np.concatenate([[0], np.cumsum(parts)[:-1]])
    node = np.repeat(np.arange(graph.nodes), parts).astype(np.int32)
    end_part = first_part[ends]
    into_split = np.flatnonzero(split[ends])
    end_part[into_split] += _count_up(ends[into_split])
    plain = np.flatnonzero(~(split[begins] & (arriving[begins] > 0))).astype(np.int32)
    links = Links(
        first_part[begins[plain]].astype(np.int32),
        end_part[plain].astype(np.int32),
        plain,
        np.zeros(len(plain), np.uint8),
    )
    turned = _turns(graph, chains, reverse, split, end_part)
    joined = Links(*(np.concatenate([getattr(links, name), getattr(turned, name)]) for name in Links.__struct_fields__))
    return node, joined, end_part.astype(np.int32)


def _count_up(values: Ints) -> npt.NDArray[np.intp]:
    """Return how many of the same value stand before each one."""
    order = np.argsort(values, kind="stable")
    begins = np.searchsorted(values[order], values[order])
    counted = np.empty(len(values), np.intp)
    counted[order] = np.arange(len(values)) - begins
    return counted


def _turns(
    graph: Graph, chains: Chains, reverse: Ints, split: npt.NDArray[np.bool_], end_part: npt.NDArray[np.intp]
) -> Links:
    """Return a link for each way through a split junction: from each chain that arrives to each that leaves."""
    forbidden = set(zip(graph.turn_from.tolist(), graph.turn_to.tolist(), strict=True))
    begins, ends = graph.tail[chains.first_arc], graph.head[chains.last_arc]
    leaving: dict[int, list[int]] = {}
    for chain in np.flatnonzero(split[begins]).tolist():
        leaving.setdefault(int(begins[chain]), []).append(chain)
    rows: list[tuple[int, int, int, int]] = []
    for chain in np.flatnonzero(split[ends]).tolist():
        arrives = int(chains.last_arc[chain])
        for onward in leaving.get(int(ends[chain]), ()):
            leaves = int(chains.first_arc[onward])
            back = leaves == reverse[arrives]
            kind = TURN_BACK if back else TURN_FORBIDDEN if (arrives, leaves) in forbidden else TURN_FREE
            rows.append((int(end_part[chain]), int(end_part[onward]), onward, kind))
    columns = np.array(rows, np.int32).reshape(-1, 4)
    return Links(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3].astype(np.uint8))
