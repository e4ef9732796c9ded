"""Reads an extract with osmium: the roads and their points, turn restrictions, stations and hospitals.

Rule: an extract is read whole or refused. osmium finds out that a file was cut short or is something else; what it
says is put into words.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from gateways.places.mistakes import refused
from gateways.places.osm.access import Road, Tags, road_of
from gateways.places.osm.doors import Doors
from gateways.places.osm.points import Point, point_of
from gateways.places.osm.sites import Site, site_kind
from gateways.places.osm.turns import Restriction, restriction_of

SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml", ".opl")
_KEYS = ("highway", "barrier", "amenity", "emergency", "addr:housenumber", "addr:interpolation")


class Way(Struct, frozen=True, gc=False):
    """A road of the map."""

    id: int
    nodes: tuple[int, ...]
    road: Road


class Extract(Struct):
    """What an extract says. Positions are (lat, lon) degrees."""

    ways: list[Way] = field(default_factory=list)
    at: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Positions of the roads' nodes, by node id; a node that the extract does not hold is not here."""
    points: dict[int, Point] = field(default_factory=dict)
    restrictions: list[Restriction] = field(default_factory=list)
    via_ways: int = 0
    """Restrictions over a way instead of a node, which are left out."""
    sites: list[Site] = field(default_factory=list)
    doors: Doors = field(default_factory=Doors)


def read_extract(file: Path) -> Extract:
    """Return what the file says. Raises PlaceRefused when it is no extract, or only part of one."""
    try:
        import osmium
    except ImportError as error:
        message = "cannot be read without osmium: pip install 'turnout[osm]', then import again"
        raise refused(file, "", message) from error
    if not file.name.lower().endswith(SUFFIXES):
        raise refused(file, "", f"is not known as an extract: its name should end in {', '.join(SUFFIXES)}")
    try:
        return _Reader(osmium, file).read()
    except (RuntimeError, OSError, ValueError) as error:
        message = (
            f"cannot be read as an OpenStreetMap extract ({error}): it was cut short on the way, is damaged, or is "
            "something else. Fetch it again and compare its size; nothing was written"
        )
        raise refused(file, "", message) from error


class _Reader:
    """Two passes: relations first, so that the second knows which plain ways outline a station."""

    def __init__(self, osmium: Any, file: Path) -> None:
        self._osmium = osmium
        self._file = str(file)
        self._extract = Extract()
        self._outlines: dict[int, tuple[str, str, int]] = {}
        """(kind, name, relation) by way that bounds it."""
        self._corners: dict[int, list[tuple[float, float]]] = {}
        """Of relations' outlines."""

    def read(self) -> Extract:
        entity, keys = self._osmium.osm, self._osmium.filter.KeyFilter
        for relation in self._osmium.FileProcessor(self._file, entity.RELATION):
            self._relation(relation)
        both = entity.NODE | entity.WAY
        for thing in self._osmium.FileProcessor(self._file, both).with_locations().with_filter(keys(*_KEYS)):
            if thing.is_node():
                self._node(thing)
            else:
                self._way(thing)
        if self._outlines:
            self._read_outlines(both)
        return self._extract

    def _relation(self, relation: Any) -> None:
        tags = dict(relation.tags)
        self._extract.doors.note_relation(tags)
        if tags.get("type") == "restriction":
            members = [(member.role, member.type, member.ref) for member in relation.members]
            found = restriction_of(tags, members)
            if found == "via way":
                self._extract.via_ways += 1
            elif isinstance(found, Restriction):
                self._extract.restrictions.append(found)
        elif kind := site_kind(tags):
            for member in relation.members:
                if member.type == "w" and member.role != "inner":
                    self._outlines[member.ref] = (kind, tags.get("name", ""), relation.id)

    def _node(self, node: Any) -> None:
        tags = dict(node.tags)
        if point := point_of(tags):
            self._extract.points[node.id] = point
        self._extract.doors.note_point(node.id, tags, (node.location.lat, node.location.lon))
        self._site(tags, "n", node.id, [(node.location.lat, node.location.lon)])

    def _way(self, way: Any) -> None:
        tags = dict(way.tags)
        if road := road_of(tags):
            self._extract.ways.append(Way(way.id, tuple(node.ref for node in way.nodes), road))
            for node in way.nodes:
                if node.location.valid():
                    self._extract.at[node.ref] = (node.location.lat, node.location.lon)
            return
        points = [(node.ref, (node.location.lat, node.location.lon)) for node in way.nodes if node.location.valid()]
        self._extract.doors.note_line(tags, points)
        if site_kind(tags):
            self._site(tags, "w", way.id, [spot for _, spot in points])

    def _site(self, tags: Tags, what: str, ref: int, corners: list[tuple[float, float]]) -> None:
        if corners and (kind := site_kind(tags)):
            self._extract.sites.append(Site.amid(kind, tags.get("name", ""), f"{what}{ref}", corners))

    def _read_outlines(self, both: Any) -> None:
        """Read the ways that bound stations. They have no tags of their own, so the second pass missed them."""
        wanted = self._osmium.filter.IdFilter(list(self._outlines)).enable_for(self._osmium.osm.WAY)
        for thing in self._osmium.FileProcessor(self._file, both).with_locations().with_filter(wanted):
            if thing.is_way():
                self._corners.setdefault(self._outlines[thing.id][2], []).extend(_corners(thing))
        for kind, name, relation in dict.fromkeys(self._outlines.values()):
            if corners := self._corners.get(relation):
                self._extract.sites.append(Site.amid(kind, name, f"r{relation}", corners))


def _corners(way: Any) -> Iterator[tuple[float, float]]:
    return ((node.location.lat, node.location.lon) for node in way.nodes if node.location.valid())
