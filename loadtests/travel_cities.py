"""The cities that travel times are measured in: two real ones, imported as anybody would, and a generated metropolis.

Rule: a city is what the engine gets to see, its `Graph` and its settings; peers get the same arcs with the same times.
The real ones come from the JEMSS project and are not part of this one: without the data they are skipped, in words.
"""

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.geometry import Projection
from engine.model.place import TravelSettings
from engine.streets.graph import NOT_OPEN, Graph
from engine.streets.weighing import Weights
from gateways.places import import_jemss, load
from gateways.places.city import metropolis_streets
from gateways.places.city.land import PROJECTION
from gateways.places.streets import Streets, graph_of
from loadtests.peers import Ints, Task

REAL: Final = ("auckland", "manhattan")
METROPOLIS: Final = "metropolis"
CITIES: Final = (*REAL, METROPOLIS)
SEED: Final = 7


class City(Struct, frozen=True):
    """A street graph with the settings that it is driven under."""

    name: str
    streets: Streets
    projection: Projection
    graph: Graph
    travel: TravelSettings


class Missing(Exception):
    """The data of a city is not here. Its text says what to do."""


def open_city(name: str, data: Path, junctions: int) -> City:
    """Import or generate a city. Raises Missing."""
    if name == METROPOLIS:
        return city_of(f"metropolis of {junctions}", metropolis_streets(SEED, junctions), PROJECTION, TravelSettings())
    source = data / name
    if not source.is_dir():
        raise Missing(f"{name} is skipped: {source} is not there; --data names the folder of the JEMSS cities")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / name
        import_jemss(source, place, lambda *_: None)
        loaded = load(place)
    assert loaded.streets is not None, "the import has always written streets"
    return city_of(name, loaded.streets, loaded.place.projection, loaded.place.travel)


def city_of(name: str, streets: Streets, projection: Projection, travel: TravelSettings) -> City:
    return City(name, streets, projection, graph_of(streets, projection), travel)


class Fleet(Struct, frozen=True):
    """Units on random arcs: `arc` int32[k], `along` int16[k] in permille of the arc from its tail."""

    arc: Ints
    along: npt.NDArray[np.int16]

    def nodes(self, graph: Graph) -> Ints:
        """Return the node that each unit drives towards."""
        return graph.head[self.arc]


def spread(graph: Graph, units: int, chance: np.random.Generator) -> Fleet:
    """Put units on random arcs that are open under lights and sirens."""
    arc = chance.choice(np.flatnonzero(graph.lights_ms != NOT_OPEN), units).astype(np.int32)
    return Fleet(arc, chance.integers(0, 1001, units).astype(np.int16))


def task_for(city: City, weights: Weights, fleet: Fleet) -> Task:
    """Return the same city for the peers, with the times that the engine gives the arcs; closed arcs are left out."""
    graph = city.graph
    arcs = ~weights.blocked
    lat, lon = city.streets.node_lat, city.streets.node_lon
    return Task(lat, lon, graph.tail[arcs], graph.head[arcs], weights.arc_ms[arcs], fleet.nodes(graph))
