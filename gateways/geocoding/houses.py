"""All houses of a place as sorted columns: by street, side, number and what follows the number.

Rule: one 64-bit key holds all of that, so that each question is a binary search, and many streets are asked at once.
A street is a name in a city; houses without a city belong to the only one that their street is known in.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.model.place import Place
from gateways.geocoding.names import Names, folded
from gateways.places import Addresses, HouseNumber, house_number

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]
Metres = npt.NDArray[np.int32]

_BITS: Final = 20
"""Of a number (six digits), and of what follows it."""
_SIDE: Final = 2 * _BITS


class Houses:
    """n houses in g streets. Immutable."""

    def __init__(self, addresses: Addresses, place: Place) -> None:
        street, self.names = _ranked(addresses.street.texts)
        city, self.cities = _ranked(addresses.city.texts)
        postcode, self.postcodes = _ranked(addresses.postcode.texts)
        unit, self.units = _ranked(addresses.unit.texts)
        numbers = [house_number(text) or HouseNumber(0) for text in addresses.number.texts]
        tails = sorted({"", *(each.tail for each in numbers)})
        self._tails = {tail: rank for rank, tail in enumerate(tails)}
        self.spelt = addresses.number.texts
        self._last_of = np.array([each.last for each in numbers], np.int32)

        streets = street[addresses.street.row].astype(np.int64)
        cities = _lone_cities(streets, city[addresses.city.row].astype(np.int64), len(self.cities.all))
        pairs, group = np.unique(streets * len(self.cities.all) + cities, return_inverse=True)
        self.street, self.city = np.divmod(pairs, len(self.cities.all))
        """(g,) rows of `names`, rising, and of `cities`."""
        self.first = np.searchsorted(self.street, np.arange(len(self.names.all) + 1))
        """(names + 1,) where each name's streets begin."""
        self.shown = _shown(addresses, streets, len(self.names.all))
        self.shown_cities = _first_spelling(addresses.city.texts, self.cities)
        self.shown_units = _first_spelling(addresses.unit.texts, self.units)
        self.shown_postcodes = _first_spelling(addresses.postcode.texts, self.postcodes)

        number = addresses.number.row
        value = np.array([each.number for each in numbers], np.int64)[number]
        tail = np.array([self._tails[each.tail] for each in numbers], np.int64)[number]
        key = _key(group, value, tail)
        order = np.lexsort((postcode[addresses.postcode.row], unit[addresses.unit.row], key))
        x, y = addresses.metres(place)
        self.key: Ints = key[order]
        self.x: Metres = x[order]
        self.y: Metres = y[order]
        self.number: Codes = _small(number[order], len(self.spelt))
        """(n,) rows of `spelt`."""
        self.unit: Codes = _small(unit[addresses.unit.row][order], len(self.units.all))
        self.postcode: Codes = _small(postcode[addresses.postcode.row][order], len(self.postcodes.all))

    def __len__(self) -> int:
        """Return n."""
        return len(self.key)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that have a row a house."""
        return sum(each.nbytes for each in (self.key, self.x, self.y, self.number, self.unit, self.postcode))

    def written(self, row: int) -> str:
        """Return the number of a house as it stands in the list."""
        return str(self.spelt[self.number[row]])

    def value(self, row: int) -> int:
        """Return the number of a house."""
        return int(self.key[row]) >> _BITS & (1 << _BITS) - 1

    def last(self, row: int) -> int:
        """Return where the range ends that the house bears; else its number."""
        return int(self._last_of[self.number[row]])

    def ranging(self, rows: Ints, groups: Ints, number: int) -> Flags:
        """Tell of each row whether it is of that street and bears a range that holds the number; -1: no row."""
        same_side = self.key[rows] >> _SIDE == groups * 2 + number % 2
        found: Flags = same_side & (rows >= 0) & (self._last_of[self.number[rows]] >= number)
        return found

    def alike(self, groups: Ints, number: HouseNumber) -> tuple[Ints, Ints]:
        """Return for each street from where to where the houses stand that bear just this, as (first, end)."""
        if number.tail not in self._tails:
            nowhere = np.zeros(len(groups), np.int64)
            return nowhere, nowhere
        key = _key(groups, number.number, self._tails[number.tail])
        return np.searchsorted(self.key, key), np.searchsorted(self.key, key, "right")

    def numbered(self, groups: Ints, number: int) -> tuple[Ints, Ints]:
        """Return for each street from where to where the houses of that number stand, whatever follows it."""
        key = _key(groups, number, 0)
        return np.searchsorted(self.key, key), np.searchsorted(self.key, key + (1 << _BITS))

    def values(self, low: int, high: int) -> Ints:
        """Return the numbers of houses that stand together."""
        return self.key[low:high] >> _BITS & (1 << _BITS) - 1

    def side(self, group: int, *, odd: bool) -> tuple[int, int]:
        """Return from where to where the houses of one side of a street stand."""
        low, high = np.searchsorted(self.key, ((2 * group + odd) << _SIDE, (2 * group + odd + 1) << _SIDE)).tolist()
        return low, high


def _key(group: "Ints | int", number: "Ints | int", tail: "Ints | int") -> Ints:
    """Return street, side, number and tail in one number."""
    side = np.asarray(group, np.int64) * 2 + np.asarray(number, np.int64) % 2
    return (side << _SIDE) | (np.asarray(number, np.int64) << _BITS) | np.asarray(tail, np.int64)


def _ranked(texts: tuple[str, ...]) -> tuple[Codes, Names]:
    """Return for each text the row of its name, and the names; "" is always one of them, and the first."""
    lower = [folded(text) for text in texts]
    names = Names({"", *lower})
    rows = {name: row for row, name in enumerate(names.all)}
    return np.array([rows[text] for text in lower], np.int32), names


def _lone_cities(street: Ints, city: Ints, cities: int) -> Ints:
    """Return the cities, with that of the street where none is given and the street has houses in only one."""
    streets, their = np.divmod(np.unique(street * cities + city), cities)
    streets, their = streets[their > 0], their[their > 0]
    alone = np.zeros(int(street.max(initial=-1)) + 1, np.int64)
    counts = np.bincount(streets, minlength=len(alone))
    alone[streets] = their
    alone[counts != 1] = 0
    return np.where(city > 0, city, alone[street])


def _shown(addresses: Addresses, streets: Ints, count: int) -> tuple[str, ...]:
    """Return how each street is written: as it stands first in the list."""
    first = np.zeros(count, np.int64)
    first[streets[::-1]] = addresses.street.row[::-1]
    return tuple(addresses.street.texts[row] for row in first.tolist())


def _first_spelling(texts: tuple[str, ...], names: Names) -> tuple[str, ...]:
    spelt = {folded(text): text for text in reversed(texts)}
    return tuple(spelt.get(name, name) for name in names.all)


def _small(codes: Codes, count: int) -> Codes:
    return codes.astype(np.min_scalar_type(count))
