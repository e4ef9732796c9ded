"""The geocoder against a slow twin that goes through all rows, one by one, for each question."""

import re
from math import hypot
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.geocoding import Geocoder, How, sure
from gateways.geocoding.geocoder import APART_M, GAP_M, NEAR_STREETS
from gateways.geocoding.names import Names
from gateways.geocoding.saying import understand
from gateways.places import HouseNumber, house_number
from gateways.places.addresses import Collector, doubles
from tests.builders import small_place

Row = tuple[str, str, str, str, str, int, int]
PLACE = small_place()

STREETS = ("Mill Lane", "Mill Road", "Old Mill Road", "5th Street", "Highway 12", "Rye")
NUMBERS = ("1", "2", "4", "4a", "4 B", "6-10", "8", "12", "13", "14-20", "16", "900")
rows = st.tuples(
    st.sampled_from(NUMBERS),
    st.sampled_from(STREETS),
    st.sampled_from(("", "", "1", "B")),
    st.sampled_from(("", "Ayton", "Beeford")),
    st.sampled_from(("", "", "501")),
    st.integers(0, 12).map(lambda each: each * 100),
    st.integers(0, 3).map(lambda each: each * 100),
)
texts = st.builds(
    "{0}{1}{2}".format,
    st.sampled_from(
        (
            "4 ",
            "4a ",
            "4b ",
            "4 b ",
            "5 ",
            "8 ",
            "9 ",
            "10 ",
            "11 ",
            "12 ",
            "15 ",
            "16-18 ",
            "18 ",
            "20 ",
            "3 ",
            "7777 ",
            "",
        )
    ),
    st.sampled_from(
        ("mill", "MILL  ro", "mi", "old", "5th st", "highway 12", "r", "rye", "road", "nowhere", "m 4", "rye 11", "5")
    ),
    st.sampled_from(("", "", "", " #1", ", apt 1", ", 7", ", be", ", Ayton", ", 501", ", beeford 501", ", 1, ayton")),
)


def listed(given: list[Row]) -> Any:
    """Return the addresses without what `turnout check` refuses: the same one at two positions."""
    found = Collector()
    for line, (number, street, unit, city, postcode, x, y) in enumerate(given, start=2):
        found.add((number, street, unit, city, postcode), *PLACE.projection.to_degrees(x, y), line)
    addresses = found.addresses()
    again = {later for _, later in doubles(addresses)}
    return addresses.pick([row not in again for row in range(len(addresses))]), [
        each for row, each in enumerate(given) if row not in again
    ]


class Twin:
    """The same rules, read off the README, over plain tuples."""

    def __init__(self, given: list[Row]) -> None:
        cities: dict[str, set[str]] = {}
        for _, street, _, city, *_ in given:
            cities.setdefault(street.lower(), set()).update({city.lower()} - {""})
        self.rows = sorted(
            (
                street.lower(),
                city.lower() or (next(iter(known)) if len(known := cities[street.lower()]) == 1 else ""),
                read.number % 2,
                read.number,
                read.tail,
                unit.lower(),
                postcode.lower(),
                at,
                read.last,
                number,
                (x, y),
            )
            for at, (number, street, unit, city, postcode, x, y) in enumerate(given)
            if (read := house_number(number)) is not None
        )

    def names(self, names: set[str], text: str) -> list[str]:
        sought = " ".join(text.lower().split())
        if not sought or sought in names:
            return [sought] if sought else []
        first = sorted(name for name in names if name.startswith(sought))
        return first + sorted(name for name in names if f" {sought}" in name and name not in first)

    def streets(self, text: str, cities: list[str] | None) -> list[tuple[str, str]]:
        groups = sorted({row[:2] for row in self.rows})
        names = self.names({street for street, _ in groups}, text)
        found = [each for name in names for each in groups if each[0] == name]
        return found if cities is None else [each for each in found if each[1] in cities]

    def find(self, text: str) -> list[tuple[How, tuple[str, str], tuple[int, int]]]:
        saying = understand(text)
        cities, postcode, unit = None, None, saying.unit
        known = {"", *(row[1] for row in self.rows)}
        codes = {"", *(row[6] for row in self.rows)}
        for part in saying.parts:
            figures = " ".join(re.findall(r"\S*\d\S*", part))
            towns = self.names(known, re.sub(r"\S*\d\S*", " ", part))
            if towns:
                cities, postcode = towns, figures if figures in codes and figures else postcode
            elif part in codes:
                postcode = part
            else:
                unit = unit or part
        alone = [(How.STREET, each, self.middle(each)) for each in self.streets(saying.head, cities)]
        exact = bool(alone) and alone[0][1][0] == saying.head
        found = alone if exact else []
        hits: set[tuple[str, str]] = set()
        asked = [(each.number, self.streets(each.street, cities)) for each in saying.readings]
        for how in (How.LISTED, How.HOUSE):
            for number, groups in asked:
                hit = [each for each in groups if each not in hits]
                for group in hit:
                    spots = self.spots(self.fitting(how, group, number), postcode, unit)
                    hits |= {group} if spots else set()
                    found += [(how, group, spot) for spot in (spots if how is How.LISTED else spots[:1])]
        if postcode is None:
            near = [
                self.near(group, number)
                for number, groups in asked
                for group in [each for each in groups if each not in hits][:NEAR_STREETS]
            ]
            found += sorted(near, key=lambda each: each[0] is How.NEAREST)
        return found if exact else found + alone

    def of(self, group: tuple[str, str], odd: int) -> list[Any]:
        return [row for row in self.rows if row[:2] == group and row[2] == odd]

    def middle(self, group: tuple[str, str]) -> tuple[int, int]:
        side = self.of(group, 0) or self.of(group, 1)
        return side[len(side) // 2][-1]

    def fitting(self, how: How, group: tuple[str, str], number: HouseNumber) -> list[Any]:
        side = self.of(group, number.number % 2)
        same = [row for row in side if row[3] == number.number]
        if how is How.LISTED:
            return [row for row in same if row[4] == number.tail]
        lower = [row for row in side if row[3] < number.number][-1:]
        return same or [row for row in lower if row[8] >= number.number]

    def spots(self, fitting: list[Any], postcode: str | None, unit: str) -> list[tuple[int, int]]:
        fitting = [row for row in fitting if postcode is None or row[6] == postcode]
        taken: list[tuple[int, int]] = []
        for row in [row for row in fitting if unit and row[5] == unit] or fitting:
            if all(hypot(row[-1][0] - x, row[-1][1] - y) > APART_M for x, y in taken):
                taken.append(row[-1])
        return taken

    def near(self, group: tuple[str, str], number: HouseNumber) -> tuple[How, tuple[str, str], tuple[int, int]]:
        side = self.of(group, number.number % 2)
        lower = [row for row in side if row[3] < number.number]
        upper = [row for row in side if row[3] > number.number]
        if lower and upper:
            (ax, ay), (bx, by) = lower[-1][-1], upper[0][-1]
            if hypot(bx - ax, by - ay) <= GAP_M:
                part = (number.number - lower[-1][8]) / (upper[0][3] - lower[-1][8])
                return How.BETWEEN, group, (ax + (bx - ax) * part, ay + (by - ay) * part)
        rows = side or self.of(group, 1 - number.number % 2)
        best = min(abs(row[3] - number.number) for row in rows)
        return How.NEAREST, group, next(row[-1] for row in rows if abs(row[3] - number.number) == best)


@settings(max_examples=150, deadline=None)
@given(given=st.lists(rows, min_size=1, max_size=25), asked=st.lists(texts, min_size=1, max_size=6))
def test_every_answer_is_that_of_the_slow_twin(given: list[Row], asked: list[str]) -> None:
    """The same houses, found in the same way, in the same order, at the same positions."""
    addresses, kept = listed(given)
    geocoder, twin = Geocoder(addresses, PLACE), Twin(kept)
    for text in asked:
        found, expected = geocoder.find(text, 1_000), twin.find(text)
        assert [each.how for each in found] == [how for how, _, _ in expected], text
        for each, (_, (street, city), spot) in zip(found, expected, strict=True):
            assert street in each.address.lower()
            assert city in each.address.lower() or len({row[1] for row in twin.rows if row[0] == street}) == 1
            assert (each.lat, each.lon) == PLACE.projection.to_degrees(*spot)
        assert geocoder.find(text, 3) == found[:3]


@settings(max_examples=80, deadline=None)
@given(given=st.lists(rows, min_size=1, max_size=25), asked=texts)
def test_what_an_answer_is_called_finds_it_again(given: list[Row], asked: str) -> None:
    """Whoever completes a line with it gets the very spot that was offered, and is not asked which one."""
    geocoder = Geocoder(listed(given)[0], PLACE)
    for each in geocoder.find(asked):
        if each.how in (How.LISTED, How.HOUSE, How.BETWEEN) and "#" not in each.address:
            again = geocoder.find(each.address)
            assert (again[0].address, again[0].lat, again[0].lon) == (each.address, each.lat, each.lon)
            assert sure(again)


@settings(max_examples=100, deadline=None)
@given(
    names=st.sets(st.text("ab ", min_size=1, max_size=6).map(lambda each: " ".join(each.split())), max_size=12),
    text=st.text("aAbB ", max_size=4),
)
def test_names_fit_that_begin_so_or_have_a_word_that_does(names: set[str], text: str) -> None:
    """Two binary searches give what going through all names gives."""
    found = Names(names)
    assert [found.all[row] for row in found.matching(text).tolist()] == Twin([]).names(names, text)


def test_what_is_not_listed_is_said_in_words() -> None:
    """Between its neighbours with how far it may be, beyond the ends the nearest; a unit that nobody knows."""
    given: list[Row] = [
        ("10", "Mill Lane", "", "", "", 0, 0),
        ("16", "Mill Lane", "", "", "", 60, 0),
        ("16", "Mill Lane", "2", "", "", 65, 0),
        ("20-24", "Mill Lane", "", "", "", 90, 0),
    ]
    geocoder = Geocoder(listed(given)[0], PLACE)

    def told(text: str) -> tuple[str, str, int | None]:
        found = geocoder.find(text)
        assert sure(found)
        return found[0].address, found[0].note, found[0].within_m

    assert told("12 mill") == ("12 Mill Lane", "not listed: between 10 and 16, within 40 m", 40)
    assert told("lane 16a") == ("16a Mill Lane", "not listed: the position is that of 16", None)
    assert told("22 MILL LANE") == ("22 Mill Lane", "not listed: the position is that of 20-24", None)
    assert told("99 mill") == (
        "99 Mill Lane",
        "not listed: the position is that of 20-24, the nearest number that is",
        None,
    )
    assert told("11 mill") == (
        "11 Mill Lane",
        "not listed: the position is that of 10, the nearest number that is",
        None,
    )
    assert told("16 mill, apt 2") == ("16 Mill Lane #2", "", 0)
    assert told("16 mill # 7") == ("16 Mill Lane #7", "unit 7 is not listed", 0)
    assert told("16 mill") == ("16 Mill Lane", "", 0)
    assert told("mill la")[:1] == ("Mill Lane",)
    assert geocoder.find("12 nowhere") == ()
    assert geocoder.find("") == ()
    assert geocoder.find("#,,## 5") == ()
