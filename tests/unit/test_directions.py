"""`turnout travel route` understands points as people name them, and says which word it did not."""

import pytest

from gateways.directions import Unknown, find_point
from tests import river_town
from tests.builders import small_place

PLACE = small_place(streets=river_town.graph().digest)


def point(text: str) -> tuple[int, int]:
    roads = river_town.library(PLACE)
    assert roads is not None
    return find_point(PLACE, roads, text)


def test_a_point_is_a_station_a_unit_or_where_streets_cross() -> None:
    """Ids and names, in any case."""
    assert point("S2") == point("middle") == point("M2") == (0, 0)
    assert point("Quay & west bridge") == (0, -2_500)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Quay & East Road", "Quay and East Road do not cross"),
        ("Quay & West Brigde", r"'West Brigde' is no street of this place. Did you mean West Bridge"),
        ("Kway", "neither a position, a station, a hospital, a unit nor a street"),
        ("99,0", "is no position"),
        ("nan,0", "is no position"),
        ("0,0", "more than 1000 m from every road"),
    ],
)
def test_what_is_not_understood_is_named(text: str, meant: str) -> None:
    """With what was meant, where something is alike."""
    with pytest.raises(Unknown, match=meant):
        point(text)
