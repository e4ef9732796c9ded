"""The addresses of a place, as columns: half a million of them are read in seconds and take little room.

Rule: every text is kept once, and a row names it by its number. What is wrong is said by line and column, like in
every other table; rows that are right cost no object each.
"""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.place import Place
from gateways.places.decode import decode, join
from gateways.places.files import ADDRESSES, AddressRow
from gateways.places.house_numbers import house_number
from gateways.places.mistakes import Findings
from gateways.places.tables import header_fits, read_text

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

WORDS: Final = ("number", "street", "unit", "city", "postcode")
NOT_A_NUMBER: Final = "must begin with a house number of at most six digits, as in 12, 12a, 12-14"


class Column(Struct, frozen=True):
    """A column of text."""

    texts: tuple[str, ...]
    row: Ints
    """(n,) rows of `texts`."""

    def folded(self) -> Ints:
        """Return int32[n], alike where the texts differ in small and large letters only."""
        known: dict[str, int] = {}
        codes = np.array([_code(known, text.lower()) for text in self.texts], np.int32)
        return codes[self.row]


class Addresses(Struct, frozen=True):
    """n addresses, in the order of their file."""

    number: Column
    street: Column
    unit: Column
    city: Column
    postcode: Column
    lat: Floats
    """(n,) WGS84 degrees."""
    lon: Floats
    line: Ints
    """(n,) where each stands in the file; what was not read from one counts from 2."""

    def __len__(self) -> int:
        """Return n."""
        return len(self.lat)

    def pick(self, kept: npt.NDArray[np.bool_]) -> "Addresses":
        """Return the marked ones."""
        a, b, c, d, e = (Column(each.texts, each.row[kept]) for each in (getattr(self, name) for name in WORDS))
        return Addresses(a, b, c, d, e, self.lat[kept], self.lon[kept], self.line[kept])

    def metres(self, place: Place) -> tuple[Ints, Ints]:
        """Return (x, y) in the place's whole metres."""
        return place.projection.columns_to_metres(self.lat, self.lon)


class Collector:
    """Takes addresses one by one, and gives them as columns."""

    def __init__(self) -> None:
        self.known: tuple[dict[str, int], ...] = tuple({} for _ in WORDS)
        """Of each column of text: the number of every text that was seen."""
        self._codes = tuple(array("i") for _ in WORDS)
        self._lat, self._lon, self._line = array("d"), array("d"), array("i")

    def add(self, texts: Iterable[str], lat: float, lon: float, line: int) -> None:
        """Take one: its texts in the order of WORDS."""
        self.take([_code(known, text) for known, text in zip(self.known, texts, strict=True)], lat, lon, line)

    def take(self, codes: Sequence[int], lat: float, lon: float, line: int) -> None:
        """Take one whose texts are all known, by their numbers."""
        for column, code in zip(self._codes, codes, strict=True):
            column.append(code)
        self._lat.append(lat)
        self._lon.append(lon)
        self._line.append(line)

    def addresses(self) -> Addresses:
        """Return all that were taken."""
        texts = zip(self.known, self._codes, strict=True)
        a, b, c, d, e = (Column(tuple(known), np.array(codes, np.int32)) for known, codes in texts)
        lat, lon = np.array(self._lat, np.float64), np.array(self._lon, np.float64)
        return Addresses(a, b, c, d, e, lat, lon, np.array(self._line, np.int32))


def _code(known: dict[str, int], text: str) -> int:
    return known.setdefault(text, len(known))


def read_addresses(folder: Path, findings: Findings) -> Addresses | None:
    """Read addresses.csv and report every row that does not fit; None where it is not there, or cannot be read."""
    if not (folder / ADDRESSES).is_file():
        return None
    text = read_text(folder, ADDRESSES, findings)
    if text is None:
        return None
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    found = Collector()
    try:
        header = [name.strip() for name in next(lines, [])]
        if not header_fits(ADDRESSES, header, AddressRow, findings):
            return None
        _take(lines, header, found, findings)
    except csv.Error as error:
        findings.error(ADDRESSES, f"line {lines.line_num}", f"is not valid CSV: {error}")
    return found.addresses()


def _take(lines: Any, header: Sequence[str], found: Collector, findings: Findings) -> None:
    """Take each row of a CSV reader that fits, and report the others."""
    width = len(header)
    a, b, c, d, e = (header.index(name) if name in header else width for name in WORDS)
    lat_at, lon_at = header.index("lat"), header.index("lon")
    number, street, unit, city, postcode = found.known
    for cells in lines:
        row = [*cells, *[""] * (width + 1 - len(cells))]
        try:  # nearly every text has been seen, and so judged, before
            codes = number[row[a]], street[row[b]], unit[row[c]], city[row[d]], postcode[row[e]]
            lat, lon = float(row[lat_at]), float(row[lon_at])
        except (KeyError, ValueError):
            _judge(cells, header, lines.line_num, found, findings)
            continue
        if len(cells) <= width and -85 <= lat <= 85 and -180 <= lon <= 180:
            found.take(codes, lat, lon, lines.line_num)
        else:
            _judge(cells, header, lines.line_num, found, findings)


def _judge(cells: Sequence[str], header: Sequence[str], line: int, found: Collector, findings: Findings) -> None:
    """Take a row if it fits; otherwise say all that is wrong with it. A blank one is passed over."""
    path = f"line {line}"
    if len(cells) > len(header):
        findings.error(ADDRESSES, path, f"has {len(cells)} cells; the header has {len(header)}")
        return
    given = {name: text for name, cell in zip(header, cells, strict=False) if (text := cell.strip())}
    if not given:
        return
    row = decode(given, AddressRow, path, lambda where, why: findings.error(ADDRESSES, where, why), strict=False)
    if "number" in given and house_number(given["number"]) is None:
        findings.error(ADDRESSES, join(path, "number"), f"{NOT_A_NUMBER}; found {given['number'][:40]!r}")
    elif row is not None:
        found.add((row.number, row.street, row.unit, row.city, row.postcode), row.lat, row.lon, line)


def check_addresses(addresses: Addresses, place: Place, findings: Findings) -> None:
    """Report addresses off the map, and those that stand there twice."""
    x, y = addresses.metres(place)
    west, south, east, north = place.bounds
    for column, outside in (("lon", (x < west) | (x > east)), ("lat", (y < south) | (y > north))):
        for row in np.flatnonzero(outside).tolist():
            where = join(f"line {addresses.line[row]}", column)
            findings.error(ADDRESSES, where, f"{spelt(addresses, row)} lies outside the bounds of place.toml")
    for first, again in doubles(addresses):
        where = f"line {addresses.line[again]}"
        said = f"{spelt(addresses, again)} stands in line {addresses.line[first]} as well"
        if x[first] == x[again] and y[first] == y[again]:
            findings.warning(ADDRESSES, where, said)
        else:
            message = f"{said}, at another position; leave one out, or tell them apart by unit, city or postcode"
            findings.error(ADDRESSES, join(where, "lat"), message)


def doubles(addresses: Addresses) -> Iterator[tuple[int, int]]:
    """Yield (row, later row) of the same address, each later row once, beside the first of its kind."""
    words = [getattr(addresses, name).folded() for name in WORDS]
    words[0] = _written_alike(addresses.number)
    order = np.lexsort(words)
    alike = np.ones(len(order), np.bool_)
    alike[:1] = False
    for word in words:
        alike[1:] &= word[order[1:]] == word[order[:-1]]
    again = np.flatnonzero(alike)
    first = np.maximum.accumulate(np.where(alike, 0, np.arange(len(order))))[again]
    yield from zip(order[first].tolist(), order[again].tolist(), strict=True)


def _written_alike(number: Column) -> Ints:
    """Return int32[n], alike for `12a`, `12 A` and `12A`."""
    codes: dict[object, int] = {}
    alike = [codes.setdefault(house_number(text) or text, len(codes)) for text in number.texts]
    return np.array(alike, np.int32)[number.row]


def spelt(addresses: Addresses, row: int) -> str:
    """Return `12 Mill Street`."""
    number, street = addresses.number, addresses.street
    return f"{number.texts[number.row[row]]} {street.texts[street.row[row]]}"


def write_addresses(folder: Path, addresses: Addresses) -> None:
    """Write addresses.csv; columns that nothing stands in are left out."""
    columns = {name: getattr(addresses, name) for name in WORDS}
    used = [name for name in WORDS if name in WORDS[:2] or any(columns[name].texts)]
    cells = [np.array(columns[name].texts, object)[columns[name].row].tolist() for name in used]
    degrees = [[f"{value:.6f}" for value in column.tolist()] for column in (addresses.lat, addresses.lon)]
    with (folder / ADDRESSES).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*used, "lat", "lon"])
        writer.writerows(zip(*cells, *degrees, strict=True))
