"""The geocoder: a text to the houses that it may mean, the surest first.

Rule: the same text and the same list always give the same answer. Order: how it was found, then the likelier reading
of the text, then streets that begin so before those with a word that does, then names, then rows of the list.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from math import ceil, hypot
from typing import Final

import numpy as np
from msgspec import Struct

from engine.model.place import Place
from gateways.geocoding.houses import Houses, Ints
from gateways.geocoding.saying import Reading, Saying, understand
from gateways.places import Addresses

MOST: Final = 8
"""Answers where nobody says how many."""
NEAR_STREETS: Final = 24
"""Streets in which a number that is not listed is looked for between others."""
APART_M: Final = 250
"""The same address so far apart is two."""
GAP_M: Final = 800
"""Between houses that lie farther apart nothing can be said of those between them."""


class How(StrEnum):
    """How an answer was found, the surest first."""

    LISTED = "listed"
    HOUSE = "house"
    """Of the same number with another letter, or of a range that holds it."""
    BETWEEN = "between"
    """Between its neighbours on the same side of the street."""
    NEAREST = "nearest"
    """The listed number that is nearest to it."""
    STREET = "street"
    """The street alone."""


class Found(Struct, frozen=True, kw_only=True):
    """One answer."""

    address: str
    """What the spot is called. The same text, asked again, finds it again."""
    lat: float
    lon: float
    how: How
    within_m: int | None
    """How far the house may be from there; None where that cannot be said."""
    note: str
    """What a person should know of it; empty where it is listed."""


def sure(found: tuple[Found, ...]) -> bool:
    """Tell whether the first answer may be taken without asking: none of the others was found as well as it was."""
    return bool(found) and sum(each.how is found[0].how for each in found) == 1


class Geocoder:
    """Answers for one place. Immutable; an answer takes about a millisecond."""

    def __init__(self, addresses: Addresses, place: Place) -> None:
        self.houses = Houses(addresses, place)
        self._to_degrees: Callable[[float, float], tuple[float, float]] = place.projection.to_degrees

    def find(self, text: str, most: int = MOST) -> tuple[Found, ...]:
        """Return up to so many answers; none where no street fits."""
        return tuple(islice(self._find(understand(text)), most))

    def _find(self, saying: Saying) -> Iterator[Found]:
        cities, postcode, unit = self._parts(saying)
        named = self.houses.names.row(saying.head)
        if named is not None:
            yield from self._alone(self._groups(saying.head, cities))
        asked = [(each, self._groups(each.street, cities)) for each in saying.readings]
        hits: set[int] = set()
        for step in (self._listed, self._numbered):
            for reading, groups in asked:
                for group, each in step(reading, groups[~np.isin(groups, list(hits))], postcode, unit):
                    hits.add(group)
                    yield each
        if postcode is None:
            near = [
                self._near(reading, group)
                for reading, groups in asked
                for group in groups[~np.isin(groups, list(hits))][:NEAR_STREETS].tolist()
            ]
            yield from sorted(near, key=lambda each: each.how is How.NEAREST)
        if named is None:
            yield from self._alone(self._groups(saying.head, cities))

    def _parts(self, saying: Saying) -> tuple[Ints | None, int | None, str]:
        """Return the cities and the postcode that are meant (None: any), and the unit, out of what follows commas."""
        houses, cities, postcode, unit = self.houses, None, None, saying.unit
        for part in saying.parts:
            letters = " ".join(word for word in part.split() if not any(map(str.isdigit, word)))
            figures = " ".join(word for word in part.split() if any(map(str.isdigit, word)))
            known = houses.cities.matching(letters)
            if len(known):
                cities = known
                postcode = houses.postcodes.row(figures) if figures else postcode
            elif (row := houses.postcodes.row(part)) is not None:
                postcode = row
            else:
                unit = unit or part
        return cities, postcode, unit

    def _groups(self, street: str, cities: Ints | None) -> Ints:
        """Return the streets that may be meant, likeliest first."""
        houses = self.houses
        names = houses.names.matching(street)
        counts = houses.first[names + 1] - houses.first[names]
        before = np.cumsum(counts) - counts
        groups = np.repeat(houses.first[names] - before, counts) + np.arange(counts.sum())
        return groups if cities is None else groups[np.isin(houses.city[groups], cities)]

    # ── the number is listed ──────────────────────────────────────────────────────────────────────────────

    def _listed(self, reading: Reading, groups: Ints, postcode: int | None, unit: str) -> Iterator[tuple[int, Found]]:
        """Find houses of just that number."""
        first, end = self.houses.alike(groups, reading.number)
        for at in np.flatnonzero(end > first).tolist():
            group, rows = int(groups[at]), self._one_or_more(range(first[at], end[at]), postcode, unit)
            for row, note in rows:
                address = self._called(self.houses.written(row), group, unit, row if len(rows) > 1 else None)
                yield group, self._at(row, address, How.LISTED, note, 0)

    def _numbered(self, reading: Reading, groups: Ints, postcode: int | None, unit: str) -> Iterator[tuple[int, Found]]:
        """Find houses of that number with something else behind it, or of a range that holds it."""
        houses = self.houses
        first, end = houses.numbered(groups, reading.number.number)
        within = (end == first) & houses.ranging(first - 1, groups, reading.number.number)
        for at in np.flatnonzero((end > first) | within).tolist():
            group, rows = int(groups[at]), range(first[at] - int(within[at]), max(first[at], end[at]))
            for row, more in self._one_or_more(rows, postcode, unit)[:1]:
                note = f"not listed: the position is that of {self.houses.written(row)}{more and f'; {more}'}"
                yield group, self._at(row, self._called(reading.said, group, unit), How.HOUSE, note, None)

    def _one_or_more(self, rows: range, postcode: int | None, unit: str) -> list[tuple[int, str]]:
        """Return (row, note) of one of these houses, and of others that lie far from it."""
        houses = self.houses
        fitting = [row for row in rows if postcode is None or houses.postcode[row] == postcode]
        asked = houses.units.row(unit) if unit else None
        inside = [row for row in fitting if houses.unit[row] == asked] if asked is not None else []
        note = f"unit {unit} is not listed" if unit and not inside else ""
        taken: list[int] = []
        for row in inside or fitting:
            x, y = int(houses.x[row]), int(houses.y[row])
            if all(hypot(x - int(houses.x[other]), y - int(houses.y[other])) > APART_M for other in taken):
                taken.append(row)
        return [(row, note) for row in taken]

    # ── it is not ─────────────────────────────────────────────────────────────────────────────────────────

    def _near(self, reading: Reading, group: int) -> Found:
        """Return where the number should be."""
        houses, number = self.houses, reading.number.number
        low, high = houses.side(group, odd=bool(number % 2))
        at = low + int(np.searchsorted(houses.values(low, high), number))
        if low < at < high:
            found = self._between(reading, group, at)
            if found is not None:
                return found
        sides = range(low, high), range(*houses.side(group, odd=not number % 2))
        rows = next(side for side in sides if side)
        row = min(rows, key=lambda each: (abs(houses.value(each) - number), each))
        note = f"not listed: the position is that of {self.houses.written(row)}, the nearest number that is"
        return self._at(row, self._called(reading.said, group), How.NEAREST, note, None)

    def _between(self, reading: Reading, group: int, at: int) -> Found | None:
        """Return the spot between the house before `at` and the one there; None where they lie far apart."""
        houses = self.houses
        one, other = (np.array((houses.x[row], houses.y[row]), np.float64) for row in (at - 1, at))
        if hypot(*(other - one)) > GAP_M:
            return None
        begin, end = houses.last(at - 1), houses.value(at)
        spot = one + (other - one) * (reading.number.number - begin) / (end - begin)
        within = ceil(max(hypot(*(spot - one)), hypot(*(spot - other))))
        lat, lon = self._to_degrees(*spot.tolist())
        note = f"not listed: between {self.houses.written(at - 1)} and {self.houses.written(at)}, within {within} m"
        address = self._called(reading.said, group)
        return Found(address=address, lat=lat, lon=lon, how=How.BETWEEN, within_m=within, note=note)

    def _alone(self, groups: Ints) -> Iterator[Found]:
        """Yield the streets themselves: a house in the middle of a side."""
        houses = self.houses
        for group in groups.tolist():
            low, high = next(
                side for side in (houses.side(group, odd=odd) for odd in (False, True)) if side[0] < side[1]
            )
            row = (low + high) // 2
            note = f"no number: the position is that of {self.houses.written(row)}, in the middle of its list"
            yield self._at(row, self._called("", group), How.STREET, note, None)

    # ── how it is called ──────────────────────────────────────────────────────────────────────────────────

    def _called(self, number: str, group: int, unit: str = "", row: int | None = None) -> str:
        """Return the address as it is written: with its city where the street's name is known in several.

        `row` names a house where another of the same address lies far away: its unit and its postcode are said too.
        """
        houses = self.houses
        name = int(houses.street[group])
        city, postcode = houses.shown_cities[houses.city[group]], ""
        if row is not None:
            unit = unit or houses.shown_units[houses.unit[row]]
            postcode = houses.shown_postcodes[houses.postcode[row]]
        if houses.first[name + 1] - houses.first[name] == 1:
            city = ""
        street = f"{number} {houses.shown[name]}".strip() + (f" #{unit}" if unit else "")
        return ", ".join(part for part in (street, city, postcode) if part)

    def _at(self, row: int, address: str, how: How, note: str, within_m: int | None) -> Found:
        lat, lon = self._to_degrees(int(self.houses.x[row]), int(self.houses.y[row]))
        return Found(address=address, lat=lat, lon=lon, how=how, within_m=within_m, note=note)
