"""Roads by place: built from the shelf at the first question, once for each street graph."""

from engine.journal.shelf import Shelf, StreetsDamaged, StreetsMissing
from engine.model.place import Place, TravelSettings
from engine.streets.graph import Graph, Ints
from engine.streets.network import Network
from engine.streets.roads import Roads


class StreetLibrary:
    """The streets of one journal, made ready. What a World is given as its `streets`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._networks: dict[str, Network] = {}
        self._roads: dict[tuple[str, TravelSettings], Roads] = {}

    def __call__(self, place: Place) -> Roads:
        """Return the roads of a place that has streets. Raises StreetsMissing, StreetsDamaged."""
        if place.streets not in self._networks:
            kept = self._shelf.load(place.streets)
            if kept is None:
                raise StreetsMissing(self._shelf.directory, place.streets)
            self._networks[place.streets] = _fitting(kept[0], kept) or Network(kept[0])
        key = (place.streets, place.travel)
        if key not in self._roads:
            self._roads[key] = Roads(self._networks[place.streets], place.travel)
        return self._roads[key]

    def ready(self, place: Place) -> Roads | None:
        """Return the roads of the place if its streets have been made ready, without any look at the disk."""
        return self(place) if place.streets in self._networks else None

    def add(self, graph: Graph) -> tuple[str, ...]:
        """Make a graph ready and keep it with its order; return what an operator should know, in sentences.

        Raises OSError if it cannot be kept.
        """
        notes: tuple[str, ...] = ()
        try:
            kept = self._shelf.load(graph.digest)
        except StreetsDamaged as damage:
            kept, notes = None, (f"{damage} It was written anew from the place's folder.",)
        network = _fitting(graph, kept)
        if network is None:
            network = Network(graph)
            self._shelf.keep(graph, network.order)
        self._networks[graph.digest] = network
        return notes


def library_of(shelf: Shelf) -> StreetLibrary:
    """Return the library of what is on the shelf."""
    return StreetLibrary(shelf)


def _fitting(graph: Graph, kept: tuple[Graph, Ints] | None) -> Network | None:
    """Return the network by the order that was kept; None if there is none, or another version numbered otherwise."""
    if kept is None:
        return None
    try:
        return Network(graph, kept[1])
    except ValueError:
        return None
