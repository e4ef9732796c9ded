"""House numbers of a place: read, judged row by row, written back; out of a map, and along made-up streets."""

from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from gateways.places import check, load, save
from gateways.places.addresses import spelt
from gateways.places.city.generate import make_city
from gateways.places.house_numbers import HouseNumber, house_number
from gateways.places.osm import import_osm
from tests.unit.osm_kit import LAT, LON, NORTH_M, Map, ring_town

RIVERSIDE = Path(__file__).parents[2] / "config" / "riverside"
HEAD = "number,street,lat,lon,unit\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return copytree(RIVERSIDE, tmp_path / "place")


def said(place: Path, rows: str, head: str = HEAD) -> list[str]:
    (place / "addresses.csv").write_text(head + rows)
    return [f"{each.severity}: {each}" for each in check(place)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("12,,41.5,-90.5,\n", "error: addresses.csv: line 2, street: is missing"),
        (",Mill Lane,41.5,-90.5,\n", "error: addresses.csv: line 2, number: is missing"),
        ("12,Mill Lane,95,-90.5,\n", "error: addresses.csv: line 2, lat: expected float <= 85.0; found '95'"),
        ("12,Mill Lane,41.5,east,\n", "error: addresses.csv: line 2, lon: expected float, got str; found 'east'"),
        ("12,Mill Lane,41.5,nan,\n", "error: addresses.csv: line 2, lon: expected float >= -180.0; found 'nan'"),
        ("mill,Mill Lane,41.5,-90.5,\n", "error: addresses.csv: line 2, number: must begin with a house number"),
        ("12,Mill Lane,41.5,-90.5,,9\n", "error: addresses.csv: line 2: has 6 cells; the header has 5"),
        ("12,Mill Lane,10.0,-90.5,\n", "error: addresses.csv: line 2, lat: 12 Mill Lane lies outside the bounds"),
        ("12,Mill Lane,41.5,20.0,\n", "error: addresses.csv: line 2, lon: 12 Mill Lane lies outside the bounds"),
        (
            "12a,Mill Lane,41.5,-90.5,\n\n12 A,MILL LANE,41.501,-90.5,\n",
            "error: addresses.csv: line 4, lat: 12 A MILL LANE stands in line 2 as well, at another position",
        ),
        (
            "12,Mill Lane,41.5,-90.5,\n12,Mill Lane,41.5,-90.5,\n",
            "warning: addresses.csv: line 3: 12 Mill Lane stands in line 2 as well",
        ),
    ],
)
def test_one_mistake_is_named_by_row_and_field(place: Path, rows: str, message: str) -> None:
    """And it is the only thing that is said."""
    (found,) = said(place, rows)
    assert found.startswith(message)


def test_columns_are_held_to_their_names(place: Path) -> None:
    """A misspelt one is pointed out, a missing one named."""
    found = said(place, "12,Mill Lane,41.5,-90.5\n", head="numbre,street,lat,lon\n")
    assert 'error: addresses.csv: line 1: unknown column "numbre" (did you mean "number"?)' in found
    assert 'error: addresses.csv: line 1: column "number" is missing' in found


def test_units_of_one_house_may_lie_apart(place: Path) -> None:
    """They are different addresses."""
    assert said(place, "12,Mill Lane,41.5,-90.5,1\n12,Mill Lane,41.501,-90.5,2\n") == []


def test_addresses_come_back_as_they_were_saved(place: Path, tmp_path: Path) -> None:
    """Columns that hold nothing are not written; a place without addresses has none."""
    assert load(place).addresses is None
    assert said(place, '12a,"Mill Lane, North",41.5,-90.5,\n 7 ,Elm,41.500001,-90.5,\n') == []
    loaded = load(place)
    assert loaded.addresses is not None
    save(tmp_path / "copy", loaded.place, loaded.demand, loaded.streets, loaded.addresses)
    again = load(tmp_path / "copy").addresses
    assert again is not None
    assert [spelt(again, row) for row in range(len(again))] == ["12a Mill Lane, North", "7 Elm"]
    assert again.lat.tolist() == [41.5, 41.500001]
    assert (tmp_path / "copy" / "addresses.csv").read_text().splitlines()[0] == "number,street,lat,lon"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", HouseNumber(12, "", 12)),
        (" 12 B ", HouseNumber(12, "b", 12)),
        ("12-14", HouseNumber(12, "-14", 14)),
        ("12a-14b", HouseNumber(12, "a-14b", 14)),
        ("12-3", HouseNumber(12, "-3", 12)),
        ("12-9000", HouseNumber(12, "-9000", 12)),
        ("12/3", HouseNumber(12, "/3", 12)),
        ("12 3", HouseNumber(12, "/3", 12)),
        ("a12", None),
        ("1234567", None),
        ("", None),
        ("12;14", None),
    ],
)
def test_house_numbers_are_read_as_they_are_written(text: str, number: HouseNumber | None) -> None:
    """A range knows its end; what does not begin with a number is none."""
    assert house_number(text) == number


def imported(tmp_path: Path, town: Map) -> tuple[dict[str, tuple[float, float]], str]:
    """Return positions in metres north and east of the map's first point, by address, and what was said of them."""
    result = import_osm(town.write(tmp_path), tmp_path / "out", lambda *_: None)
    found = load(tmp_path / "out").addresses
    assert found is not None
    metres = np.column_stack(((found.lat - LAT) * NORTH_M, (found.lon - LON) * NORTH_M / 2)).round(0)
    told = next(note for note in result.notes if "house numbers" in note)
    return {spelt(found, row): tuple(metres[row].tolist()) for row in range(len(found))}, told


def test_a_map_gives_points_buildings_and_rows_of_houses(tmp_path: Path) -> None:
    """What cannot be told is left out and counted; a shop in a building is no second address."""
    town = ring_town()
    town._points |= {10: (100, 20), 11: (200, 20), 12: (100, 40), 13: (120, 40), 14: (120, 60), 15: (100, 60)}
    town._points |= {16: (110, 52), 17: (400, 400), 18: (10, 10), 19: (20, 10), 20: (30, 10)}
    street = {"addr__street": "South Street"}
    town.node(10, addr__housenumber="2", **street).node(11, addr__housenumber="10", **street)
    town.way(90, [10, 11], addr__interpolation="even")
    town.way(91, [12, 13, 14, 15, 12], building="yes", addr__housenumber="7;9", **street)
    town.node(16, shop="yes", addr__housenumber="7", **street)
    town.node(17, addr__housenumber="2", addr__street="south street")
    town.node(18, addr__housenumber="5").node(19, addr__housenumber="s/n", **street)
    town.node(20, addr__housenumber="1", addr__place="The Green")
    town.relation(95, [("outer", "way", 91)], type="multipolygon", addr__housenumber="8", **street)
    found, told = imported(tmp_path, town)
    assert found == {
        "4 South Street": (20, 125),
        "6 South Street": (20, 150),
        "8 South Street": (20, 175),
        "10 South Street": (20, 200),
        "7 South Street": (52, 110),
        "9 South Street": (50, 110),
        "1 The Green": (10, 30),
    }
    assert told == (
        "7 house numbers; left out: 1 at two places far apart, 1 on areas of several rings, 1 that stand there twice, "
        "1 whose number does not begin with a digit, 1 without a street."
    )


def test_a_made_up_city_numbers_its_streets() -> None:
    """Odd on one side and even opposite, rising along the street; the same seed gives the same houses."""
    city = make_city(3, 24, lambda *_: None)
    found, again = city.addresses, make_city(3, 24, lambda *_: None).addresses
    assert found.lat.tobytes() == again.lat.tobytes()
    assert len(found) > 5_000
    x, y = (column.astype(np.int64) for column in found.metres(city.place))
    numbers = np.array(found.number.texts, np.int64)[found.number.row]
    longest = int(np.bincount(found.street.row).argmax())
    for parity in (0, 1):
        side = (found.street.row == longest) & (numbers % 2 == parity)
        assert (np.diff(numbers[side]) > 0).all()
        steps = np.hypot(np.diff(x[side]), np.diff(y[side])) / np.diff(numbers[side])
        assert np.median(steps) == pytest.approx(10, abs=2)  # a plot of 20 m has two numbers, one on either side
