"""Small maps, written as OpenStreetMap XML: points in metres east and north of 60 N, 25 E."""

import math
from pathlib import Path
from xml.sax.saxutils import quoteattr

LAT, LON = 60.0, 25.0
NORTH_M, EAST_M = 111_320.0, 111_320.0 * math.cos(math.radians(LAT))

SQUARE = {1: (0, 0), 2: (500, 0), 3: (500, 500), 4: (0, 500)}


class Map:
    """Collects nodes, ways and relations; `write` makes the file."""

    def __init__(self, points: dict[int, tuple[float, float]]) -> None:
        self._points = points
        self._node_tags: dict[int, dict[str, str]] = {}
        self._ways: list[str] = []
        self._relations: list[str] = []

    def node(self, number: int, **tags: str) -> "Map":
        """Give a node tags; `__` in a key stands for a colon."""
        self._node_tags[number] = tags
        return self

    def way(self, number: int, nodes: list[int], **tags: str) -> "Map":
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        self._ways.append(f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>')
        return self

    def relation(self, number: int, members: list[tuple[str, str, int]], **tags: str) -> "Map":
        """Members are (role, "node" or "way", number)."""
        refs = "".join(f'<member type="{what}" ref="{ref}" role="{role}"/>' for role, what, ref in members)
        self._relations.append(f'<relation id="{number}" version="1">{refs}{_tags(tags)}</relation>')
        return self

    def turn(self, number: int, kind: str, from_way: int, via: int, to_way: int, **tags: str) -> "Map":
        members = [("from", "way", from_way), ("via", "node", via), ("to", "way", to_way)]
        return self.relation(number, members, type="restriction", restriction=kind, **tags)

    def text(self) -> str:
        nodes = [
            f'<node id="{number}" version="1" lat="{LAT + y / NORTH_M:.7f}" lon="{LON + x / EAST_M:.7f}">'
            f"{_tags(self._node_tags.get(number, {}))}</node>"
            for number, (x, y) in sorted(self._points.items())
        ]
        return '<osm version="0.6">' + "".join([*nodes, *self._ways, *self._relations]) + "</osm>"

    def write(self, folder: Path) -> Path:
        file = folder / "small-town.osm"
        file.write_text(self.text(), encoding="utf-8")
        return file


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k.replace('__', ':'))} v={quoteattr(v)}/>" for k, v in tags.items())


def ring_town() -> Map:
    """A square of two-way residential streets, 500 m a side."""
    town = Map(dict(SQUARE))
    for number, name in enumerate(("South Street", "East Street", "North Street", "West Street"), start=1):
        town.way(number, [number, number % 4 + 1], highway="residential", name=name)
    return town
