"""The street graph of a place: one row for each node and each *directed* arc, kept in `streets.npz`.

Rule: columns only, no objects; plain NumPy arrays that any tool can read (see README.md for the columns).
Two travel times for each arc: under lights and sirens, and normally.
"""

import heapq
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.geometry import METRES_PER_DEGREE
from engine.model.place import TravelSettings
from gateways.places.files import STREETS
from gateways.places.mistakes import refused

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

ARC_MS_MAX = 86_400_000
"""An arc that takes longer than a day is a mistake of units."""


class Streets(Struct, frozen=True):
    """n nodes, m directed arcs."""

    node_lat: Floats
    """(n,) WGS84 degrees."""
    node_lon: Floats
    arc_from: Ints
    """(m,) row of the node where the arc begins."""
    arc_to: Ints
    length_m: npt.NDArray[np.float32]
    lights_ms: Ints
    """(m,) travel time under lights and sirens."""
    normal_ms: Ints
    arc_class: npt.NDArray[np.uint8]
    """(m,) row of `classes`."""
    arc_name: Ints
    """(m,) row of `names`."""
    classes: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]


_COLUMNS: dict[str, tuple[type[np.generic], str]] = {
    "node_lat": (np.float64, "node"),
    "node_lon": (np.float64, "node"),
    "arc_from": (np.int32, "arc"),
    "arc_to": (np.int32, "arc"),
    "length_m": (np.float32, "arc"),
    "lights_ms": (np.int32, "arc"),
    "normal_ms": (np.int32, "arc"),
    "arc_class": (np.uint8, "arc"),
    "arc_name": (np.int32, "arc"),
    "classes": (np.str_, "list"),
    "names": (np.str_, "list"),
}


def write_streets(folder: Path, streets: Streets) -> None:
    """Write streets.npz. The same streets make the same bytes: nothing is compressed, no time is stamped."""
    columns: dict[str, Any] = {name: getattr(streets, name) for name in _COLUMNS}
    with (folder / STREETS).open("wb") as file:
        np.savez(file, allow_pickle=False, **columns)


def read_streets(folder: Path) -> Streets:
    """Read streets.npz of a place. Raises PlaceRefused naming the column that is wrong."""
    try:
        # Opened here, because NumPy leaves a damaged file open.
        with (folder / STREETS).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in _COLUMNS if name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise refused(folder, STREETS, f"cannot be read ({error}); generate or import the place again") from error
    for name in _COLUMNS:
        if name not in columns:
            raise refused(folder, STREETS, "column is missing", name)
    if trouble := _trouble(columns):
        raise refused(folder, STREETS, trouble[1], trouble[0])
    return Streets(**columns)


def _trouble(columns: dict[str, npt.NDArray[Any]]) -> tuple[str, str] | None:
    """Return (column, what is wrong), or None."""
    lengths = {"node": len(columns["node_lat"]), "arc": len(columns["arc_from"])}
    for name, (kind, group) in _COLUMNS.items():
        column = columns[name]
        if not np.issubdtype(column.dtype, kind) or column.ndim != 1:
            return name, f"must be a list of {kind.__name__}; found {column.dtype} with {column.ndim} axes"
        if group != "list" and len(column) != lengths[group]:
            return name, f"has {len(column)} rows; the others of its group have {lengths[group]}"
    for name, low, high in (
        ("node_lat", -90, 90),
        ("node_lon", -180, 180),
        ("arc_from", 0, lengths["node"] - 1),
        ("arc_to", 0, lengths["node"] - 1),
        ("length_m", 0, 1e7),
        ("lights_ms", 0, ARC_MS_MAX),
        ("normal_ms", 0, ARC_MS_MAX),
        ("arc_class", 0, len(columns["classes"]) - 1),
        ("arc_name", 0, len(columns["names"]) - 1),
    ):
        # NaN compares false with everything, so it counts as outside.
        outside = ~((columns[name] >= low) & (columns[name] <= high))
        if outside.any():
            row = int(outside.argmax())
            return name, f"row {row} is {columns[name][row]}, outside {low:g} to {high:g}"
    return None


def typical_travel(streets: Streets, lat: float, *, origins: int = 12, within_s: int = 300) -> TravelSettings:
    """Return straight-line travel that agrees on average with the streets under lights and sirens.

    Fastest ways are followed from a few nodes spread over the city, as far as a response usually goes;
    circuity is street metres over straight metres, speed is street metres over time.
    """
    ways = _Ways(streets, lat)
    straight = along = time = 0.0
    step = max(1, len(streets.node_lat) // origins)
    for origin in range(step // 2, len(streets.node_lat), step):
        for node, (ms, metres) in ways.from_node(origin, within_s * 1000).items():
            straight += ways.straight_m(origin, node)
            along += metres
            time += ms
    if straight <= 0 or time <= 0:
        return TravelSettings()
    return TravelSettings(max(100, round(100 * along / straight)), max(300, round(1_000_000 * along / time)))


class _Ways:
    """Fastest ways over the streets, by Dijkstra's method: a few short searches, no kernel needed."""

    def __init__(self, streets: Streets, lat: float) -> None:
        east = METRES_PER_DEGREE * np.cos(np.radians(lat))
        self._x = (streets.node_lon * east).tolist()
        self._y = (streets.node_lat * METRES_PER_DEGREE).tolist()
        order = np.argsort(streets.arc_from, kind="stable")
        self._first = np.searchsorted(streets.arc_from[order], np.arange(len(self._x) + 1)).tolist()
        self._to = streets.arc_to[order].tolist()
        self._ms = streets.lights_ms[order].tolist()
        self._metres = streets.length_m[order].tolist()

    def straight_m(self, a: int, b: int) -> float:
        return float(((self._x[a] - self._x[b]) ** 2 + (self._y[a] - self._y[b]) ** 2) ** 0.5)

    def from_node(self, origin: int, limit_ms: int) -> dict[int, tuple[int, float]]:
        """Return (ms, metres) by node, for nodes within the limit."""
        settled: dict[int, tuple[int, float]] = {}
        heap: list[tuple[int, int, float]] = [(0, origin, 0.0)]
        while heap:
            ms, node, metres = heapq.heappop(heap)
            if node in settled:
                continue
            settled[node] = (ms, metres)
            for arc in range(self._first[node], self._first[node + 1]):
                onward = ms + self._ms[arc]
                if onward <= limit_ms and self._to[arc] not in settled:
                    heapq.heappush(heap, (onward, self._to[arc], metres + self._metres[arc]))
        return settled
