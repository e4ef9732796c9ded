"""How long every unit needs to an incident over the streets: ours and everybody else's, in one run.

    python -m loadtests.travel --city all --units 10000 --rounds 40 [--json]

For each city: (1) all units to one new incident, against the libraries of the `bench` extra; the same question for
units along arcs, as the engine really asks it, and once more with the vector kept. (2) New times on all arcs.
(3) Order, contraction, cold start, memory. (4) Snapping. Last, what was aimed at and whether it was reached.
Every answer is compared with scipy's Dijkstra; a wrong one ends the run.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from engine.streets.graph import NOT_OPEN
from engine.streets.network import Network
from engine.streets.snapping import Spot
from loadtests.peers import Kind, Peer, Separate, Task, roster
from loadtests.report import Row, emit, machine, show
from loadtests.travel_building import building, customising
from loadtests.travel_cities import CITIES, City, Missing, open_city, spread
from loadtests.travel_cold import start
from loadtests.travel_ours import OURS, OURS_MOVED, AlongArcs, AtNodes, Ours
from loadtests.travel_race import Entrant, race
from loadtests.travel_snapping import snapping
from loadtests.travel_targets import verdicts

IN_A_ROW = 3
"""Each round asks everybody about so many new incidents, one after the other."""


def measure(city: City, chosen: argparse.Namespace, kinds: list[Kind]) -> list[Row]:
    """Measure everything about one city."""
    chance = np.random.default_rng(chosen.seed)
    fleet = spread(city.graph, chosen.units, chance)
    network = Network(city.graph)
    ours = partial(Ours, city, network, fleet)
    task = ours().task()
    peers, built_s = build(kinds, task)
    peer = next((peer for peer in peers if isinstance(peer, Separate)), None)
    parts: dict[str, Callable[[], list[Row]]] = {
        "libraries": lambda: at_nodes(ours, task, peers, chosen.rounds, chance),
        "units along arcs": lambda: along_arcs(ours, chosen.rounds, chance),
        "new times": lambda: customising(city, network, fleet, peer, chosen.rounds),
        "order and contraction": lambda: building(city, network, built_s),
        "cold start": lambda: start(city, network.order),
        "snapping": lambda: snapping(city, network, fleet, chosen.rounds),
    }
    rows: list[Row] = []
    for name, part in parts.items():
        print(f"{city.name}: {name} …", file=sys.stderr, flush=True)
        rows += part()
    return [*rows, *verdicts(city.name, rows)]


def build(kinds: list[Kind], task: Task) -> tuple[list[Peer], dict[str, float]]:
    """Let every peer make itself ready for the streets; return what each took."""
    peers: list[Peer] = []
    built_s: dict[str, float] = {}
    for kind in kinds:
        begun = time.perf_counter()
        peer = kind(task)
        built_s[peer.name] = time.perf_counter() - begun
        peers.append(peer)
    return peers, built_s


def at_nodes(
    ours: Callable[[], Ours], task: Task, peers: list[Peer], rounds: int, chance: np.random.Generator
) -> list[Row]:
    """The comparison with others: units and incidents at nodes."""
    one, other = ours(), ours()
    entrants = [Entrant(OURS, one.to_node), Entrant(OURS_MOVED, other.moved_to_node)]
    entrants += [Entrant(peer.name, peer.times_ms, getattr(peer, "limit_ms", np.inf)) for peer in peers]
    # Only nodes that can be left: into a dead end of one-way streets no spot of ours leads.
    nodes = np.unique(one.graph.tail[one.graph.lights_ms != NOT_OPEN])
    asked = chance.choice(nodes, ((1 + rounds), IN_A_ROW), replace=False).tolist()
    return race(f"{one.city.name}: units at nodes, {len(one.rows)}", entrants, asked, AtNodes(task))


def along_arcs(ours: Callable[[], Ours], rounds: int, chance: np.random.Generator) -> list[Row]:
    """As the engine asks: sweep and arrival for a new incident, then the arrival alone from the kept vector."""
    one, other = ours(), ours()
    entrants = [Entrant(OURS, one.to_spot), Entrant(OURS_MOVED, other.moved_to_spot)]
    places = spread(one.graph, (1 + rounds) * IN_A_ROW, chance)
    pairs = zip(places.arc.tolist(), places.along.tolist(), strict=True)
    spots = [Spot(arc, along, 0, True) for arc, along in pairs]
    asked = [spots[at : at + IN_A_ROW] for at in range(0, len(spots), IN_A_ROW)]
    reference = AlongArcs(one)
    new = race(f"{one.city.name}: units along arcs, {len(one.rows)}", entrants, asked, reference)
    # The second time around, every incident is known.
    return [*new, *race(f"{one.city.name}: decided again, {len(one.rows)}", entrants, asked, reference)]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--city", choices=(*CITIES, "all"), default="all")
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--junctions", type=int, default=250_000, help="of the metropolis")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the JEMSS cities")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    kinds, missing = roster()
    rows: list[Row] = []
    for sentence in missing:
        print(sentence, file=sys.stderr)
    for name in CITIES if chosen.city == "all" else (chosen.city,):
        try:
            city = open_city(name, chosen.data, chosen.junctions)
        except Missing as reason:
            print(reason, file=sys.stderr)
            continue
        rows += measure(city, chosen, kinds)
    if chosen.json:
        emit("travel", rows, as_json=True)
        return
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    for case, group in groupby(rows, lambda row: row["case"]):
        show(str(case), [{name: value for name, value in row.items() if name != "case"} for row in group])


if __name__ == "__main__":
    main()
