"""Where people call from, and what they say when they are asked: the street, else the district, else the map."""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.model.geometry import inside
from engine.model.place import Place
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE
from gateways.demo.driving import Point
from gateways.demo.ways import point_on
from gateways.places import Addresses as Listed
from gateways.places import Streets

SEEN_M: Final = 60
"""A caller in the street reads the number of a house that is no farther away."""


class Addresses:
    """Doors of one place, and names for them. Where its streets are driven, doors are on streets."""

    def __init__(
        self, place: Place, streets: Streets | None, roads: Roads | None = None, listed: Listed | None = None
    ) -> None:
        self._place = place
        self._roads = roads
        self._houses = None if listed is None else _Houses(place, listed)
        self._corners: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._names: list[str] = []
        if streets is not None and roads is None:
            self._corners, self._names = _named_corners(place, streets)

    def door(self, x_m: int, y_m: int, number: int) -> tuple[Point, str] | None:
        """Return the nearest door and its address; None where nobody lives.

        `number` is the house's where no house of the street is listed nearby, or the block's where no street has a name.
        """
        if self._roads is None:
            return (x_m, y_m), self.at(x_m, y_m, number)
        spot = self._roads.spot(x_m, y_m)
        if spot.arc == NOWHERE:
            return None
        graph = self._roads.graph
        door = point_on(graph, spot.arc, spot.along)
        street = graph.names[graph.arc_name[spot.arc]]
        seen = self._houses and self._houses.seen_from(*door, street)
        return door, f"{seen or number} {street}" if street else self.at(*door, number)

    def at(self, x_m: int, y_m: int, number: int) -> str:
        """Return an address for the point."""
        if self._names:
            away = np.abs(self._corners - (x_m, y_m)).sum(axis=1)
            return f"{number} {self._names[int(away.argmin())]}"
        area = next((each.name for each in self._place.areas if inside(each.polygon, x_m, y_m)), None)
        return f"{area}, block {number}" if area else _grid_square(self._place, x_m, y_m)


class _Houses:
    """The listed houses of each street."""

    def __init__(self, place: Place, listed: Listed) -> None:
        order = np.argsort(listed.street.row, kind="stable")
        x, y = listed.metres(place)
        self._at = np.column_stack((x, y))[order].astype(np.int64)
        self._number = listed.number.row[order]
        self._texts = listed.number.texts
        first = np.searchsorted(listed.street.row[order], np.arange(len(listed.street.texts) + 1)).tolist()
        self._rows = {name: slice(*first[at : at + 2]) for at, name in enumerate(listed.street.texts)}

    def seen_from(self, x_m: float, y_m: float, street: str) -> str | None:
        """Return the number of the nearest house of the street; None where none is near."""
        rows = self._rows.get(street, slice(0, 0))
        away = ((self._at[rows] - (x_m, y_m)) ** 2).sum(axis=1)
        if not len(away) or away.min() > SEEN_M**2:
            return None
        return self._texts[int(self._number[rows][int(away.argmin())])]


def _named_corners(place: Place, streets: Streets) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the corners where a street with a name begins, in metres, and that name."""
    named = streets.names[streets.arc_name] != ""
    nodes, first = np.unique(streets.arc_from[named], return_index=True)
    names = streets.names[streets.arc_name[named][first]].tolist()
    to_metres = place.projection.to_metres
    corners = [
        to_metres(lat, lon)
        for lat, lon in zip(streets.node_lat[nodes].tolist(), streets.node_lon[nodes].tolist(), strict=True)
    ]
    return np.array(corners, np.int64).reshape(-1, 2), names


def _grid_square(place: Place, x_m: int, y_m: int) -> str:
    """Return a map square of a kilometre, as printed maps name them: letters eastward, numbers northward."""
    west, south, _, _ = place.bounds
    column, row = divmod((x_m - west) // 1000, 26)
    letters = (chr(64 + column) if column else "") + chr(65 + row)
    return f"map square {letters}{(y_m - south) // 1000 + 1}"
