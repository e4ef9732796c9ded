"""Where people call from, and what they say when they are asked: the street, else the district, else the map."""

import numpy as np
import numpy.typing as npt

from engine.model.geometry import inside
from engine.model.place import Place
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE
from gateways.demo.driving import Point
from gateways.demo.ways import point_on
from gateways.places import Streets


class Addresses:
    """Doors of one place, and names for them. Where its streets are driven, doors are on streets."""

    def __init__(self, place: Place, streets: Streets | None, roads: Roads | None = None) -> None:
        self._place = place
        self._roads = roads
        self._corners: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._names: list[str] = []
        if streets is not None and roads is None:
            self._corners, self._names = _named_corners(place, streets)

    def door(self, x_m: int, y_m: int, number: int) -> tuple[Point, str] | None:
        """Return the nearest door and its address; None where nobody lives.

        `number` is the house's, or the block's where no street has a name.
        """
        if self._roads is None:
            return (x_m, y_m), self.at(x_m, y_m, number)
        spot = self._roads.spot(x_m, y_m)
        if spot.arc == NOWHERE:
            return None
        graph = self._roads.graph
        door = point_on(graph, spot.arc, spot.along)
        street = graph.names[graph.arc_name[spot.arc]]
        return door, f"{number} {street}" if street else self.at(*door, number)

    def at(self, x_m: int, y_m: int, number: int) -> str:
        """Return an address for the point."""
        if self._names:
            away = np.abs(self._corners - (x_m, y_m)).sum(axis=1)
            return f"{number} {self._names[int(away.argmin())]}"
        area = next((each.name for each in self._place.areas if inside(each.polygon, x_m, y_m)), None)
        return f"{area}, block {number}" if area else _grid_square(self._place, x_m, y_m)


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
