"""House numbers of the map: on points, on outlines of buildings, and along lines that stand for a row of houses.

Rule: what cannot be told for certain is left out and counted. An address that two distant places bear would send
somebody to the wrong one, so neither is kept.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from engine.model.place import Place
from gateways.places.addresses import Addresses, Collector, doubles
from gateways.places.house_numbers import house_number
from gateways.places.osm.access import Tags

ALIKE_M: Final = 250
"""An address that stands twice within this is one: the building, and a shop in it."""
STEPS: Final = {"odd": 2, "even": 2, "all": 1}
ROW_MAX: Final = 200
"""Houses that one line may stand for."""
_SEVERAL: Final = re.compile(r"\s*[;,]\s*")

Spot = tuple[float, float]
Flags = npt.NDArray[np.bool_]


class Door(Struct, frozen=True, gc=False):
    """An address of the map. Position in degrees."""

    texts: tuple[str, str, str, str, str]
    """Number, street, unit, city, postcode."""
    lat: float
    lon: float


class Row(Struct, frozen=True, gc=False):
    """A line from a house to another, for all between: (node, position) of each of its points."""

    step: int
    points: tuple[tuple[int, Spot], ...]


class Doors(Struct):
    """What the extract says of house numbers, and how many were left out for each reason."""

    at: dict[int, Door] = field(default_factory=dict)
    """Those on points, by node."""
    outlines: list[Door] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def note_point(self, node: int, tags: Tags, spot: Spot) -> None:
        """Take what a point says."""
        if door := self._door(tags, [spot]):
            self.at[node] = door

    def note_line(self, tags: Tags, points: Sequence[tuple[int, Spot]]) -> None:
        """Take what the outline of a building says, or a line that stands for a row of houses."""
        if step := STEPS.get(tags.get("addr:interpolation", "")):
            self.rows.append(Row(step, tuple(points)))
        elif "addr:interpolation" in tags:
            self.left_out["rows of houses that are not odd, even or all"] += 1
        elif points and (door := self._door(tags, [spot for _, spot in points])):
            self.outlines.append(door)

    def note_relation(self, tags: Tags) -> None:
        """Count an address on an area of several rings: they are few, and take another pass."""
        if "addr:housenumber" in tags:
            self.left_out["on areas of several rings"] += 1

    def _door(self, tags: Tags, corners: Sequence[Spot]) -> Door | None:
        if "addr:housenumber" not in tags:
            return None
        street = tags.get("addr:street") or tags.get("addr:place", "")
        if not street.strip():
            self.left_out["without a street"] += 1
            return None
        if len(corners) > 1 and corners[0] == corners[-1]:
            corners = corners[:-1]
        words = (tags.get(f"addr:{name}", "") for name in ("unit", "city", "postcode"))
        unit, city, postcode = (" ".join(word.split()) for word in words)
        number = " ".join(tags["addr:housenumber"].split())
        texts = number, " ".join(street.split())[:200], unit[:40], city[:100], postcode[:20]
        return Door(texts, sum(lat for lat, _ in corners) / len(corners), sum(lon for _, lon in corners) / len(corners))


def addresses_of(doors: Doors, place: Place) -> tuple[Addresses | None, str]:
    """Return the addresses of the extract, None if there are none; and a sentence about what was left out."""
    left_out = Counter(doors.left_out)
    found = Collector()
    for line, door in enumerate(sorted(_all(doors, left_out), key=lambda each: each.texts), start=2):
        found.add(door.texts, round(door.lat, 6), round(door.lon, 6), line)
    addresses = found.addresses()
    kept = _inside(addresses, place)
    left_out["off the map"] += int((~kept).sum())
    kept &= _once(addresses, place, left_out)
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()) if count)
    said = f"{kept.sum():,} house numbers{f'; left out: {reasons}' if reasons else ''}."
    return (addresses.pick(kept) if kept.any() else None), said if kept.any() or reasons else ""


def _all(doors: Doors, left_out: Counter[str]) -> Iterator[Door]:
    """Yield a door for each number, also where one building has several."""
    for door in (*doors.at.values(), *doors.outlines, *_between(doors, left_out)):
        for number in _SEVERAL.split(door.texts[0]):
            if len(number) <= 20 and house_number(number) is not None:
                yield Door((number, *door.texts[1:]), door.lat, door.lon)
            elif number:
                left_out["whose number does not begin with a digit"] += 1


def _between(doors: Doors, left_out: Counter[str]) -> Iterator[Door]:
    """Yield the houses that lines stand for, without those at their ends."""
    for row in doors.rows:
        marks = [at for at, (node, _) in enumerate(row.points) if node in doors.at]
        if len(marks) < 2:
            left_out["rows of houses whose ends have no number"] += 1
        for one, other in pairwise(marks):
            yield from _houses(row, doors, one, other, left_out)


def _houses(row: Row, doors: Doors, one: int, other: int, left_out: Counter[str]) -> Iterator[Door]:
    """Yield the houses between two points of the line that have numbers, evenly along it."""
    first, last = (doors.at[row.points[at][0]] for at in (one, other))
    begin, end = (house_number(door.texts[0]) for door in (first, last))
    same_street = first.texts[1] == last.texts[1]
    if begin is None or end is None or not same_street or abs(end.number - begin.number) > ROW_MAX * row.step:
        left_out["rows of houses whose ends do not fit together"] += 1
        return
    line = np.array([spot for _, spot in row.points[one : other + 1]])
    squash = np.array([1.0, np.cos(np.radians(line[0, 0]))])
    far = np.r_[0.0, np.cumsum(np.hypot(*(np.diff(line, axis=0) * squash).T))]
    step = row.step if end.number > begin.number else -row.step
    for number in range(begin.number + step, end.number, step):
        at = far[-1] * (number - begin.number) / (end.number - begin.number)
        lat, lon = (float(np.interp(at, far, line[:, axis])) for axis in (0, 1))
        yield Door((str(number), first.texts[1], "", *first.texts[3:]), lat, lon)


def _inside(addresses: Addresses, place: Place) -> Flags:
    x, y = addresses.metres(place)
    west, south, east, north = place.bounds
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _once(addresses: Addresses, place: Place, left_out: Counter[str]) -> Flags:
    """Mark each address once; none of those that stand at distant places."""
    x, y = (column.astype(np.int64) for column in addresses.metres(place))
    kept = np.ones(len(addresses), np.bool_)
    apart: set[int] = set()
    for first, again in doubles(addresses):
        kept[again] = False
        if np.hypot(x[first] - x[again], y[first] - y[again]) > ALIKE_M:
            apart.add(first)
        else:
            left_out["that stand there twice"] += 1
    kept[sorted(apart)] = False
    left_out["at two places far apart"] += len(apart)
    return kept
