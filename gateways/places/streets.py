"""The street graph of a place: one row for each node and each *directed* arc, kept in `streets.npz`.

Rule: columns only, no objects; plain NumPy arrays that any tool can read (see README.md for the columns).
Two travel times for each arc: under lights and sirens, and normally. `graph_of` turns them into the engine's graph.
"""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from engine.model.geometry import METRES_PER_DEGREE, Projection
from engine.streets.graph import NOT_OPEN, Graph
from gateways.places.files import STREETS
from gateways.places.mistakes import refused

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

ARC_MS_MAX = 86_400_000
"""An arc that takes longer than a day is a mistake of units."""


def _none() -> Ints:
    return np.empty(0, np.int32)


class Streets(Struct, frozen=True):
    """n nodes, m directed arcs, k forbidden turns."""

    node_lat: Floats
    """(n,) WGS84 degrees."""
    node_lon: Floats
    arc_from: Ints
    """(m,) row of the node where the arc begins."""
    arc_to: Ints
    length_m: npt.NDArray[np.float32]
    lights_ms: Ints
    """(m,) travel time under lights and sirens; -1 (`NOT_OPEN`) where nobody may drive so."""
    normal_ms: Ints
    arc_class: npt.NDArray[np.uint8]
    """(m,) row of `classes`."""
    arc_name: Ints
    """(m,) row of `names`."""
    classes: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    turn_from: Ints = field(default_factory=_none)
    """(k,) rows of arcs which `turn_to` may not follow without lights and sirens."""
    turn_to: Ints = field(default_factory=_none)


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
    "turn_from": (np.int32, "turn"),
    "turn_to": (np.int32, "turn"),
}
_OPTIONAL = ("turn_from", "turn_to")
"""Left out where there are none; both or neither."""


def straight_metres(lat: Floats, lon: Floats, tail: Ints, head: Ints) -> Floats:
    """Return the straight distances between nodes (rows of `lat` and `lon`, in degrees) as float64[m]."""
    north = (lat[tail] - lat[head]) * METRES_PER_DEGREE
    east = (lon[tail] - lon[head]) * METRES_PER_DEGREE * np.cos(np.radians((lat[tail] + lat[head]) / 2))
    metres: Floats = np.sqrt(north * north + east * east)
    return metres


def once(streets: Streets, arcs: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return rows of the marked arcs, one for each two nodes: both directions of a street are one street."""
    rows = np.flatnonzero(arcs)
    tail, head = streets.arc_from[rows].astype(np.int64), streets.arc_to[rows]
    pair = np.minimum(tail, head) * len(streets.node_lat) + np.maximum(tail, head)
    return rows[np.unique(pair, return_index=True)[1]]


def write_streets(folder: Path, streets: Streets) -> None:
    """Write streets.npz. The same streets make the same bytes: nothing is compressed, no time is stamped."""
    columns: dict[str, Any] = {name: getattr(streets, name) for name in _COLUMNS}
    if not len(streets.turn_from):
        columns = {name: column for name, column in columns.items() if name not in _OPTIONAL}
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
        if name not in columns and (name not in _OPTIONAL or any(each in columns for each in _OPTIONAL)):
            raise refused(folder, STREETS, "column is missing", name)
    if trouble := _trouble(columns):
        raise refused(folder, STREETS, trouble[1], trouble[0])
    return Streets(**columns)


def _trouble(columns: dict[str, npt.NDArray[Any]]) -> tuple[str, str] | None:
    """Return (column, what is wrong), or None."""
    if not len(columns["arc_from"]):
        return "arc_from", "holds no street"
    return _misshapen(columns) or _outside(columns) or _apart(columns)


def _misshapen(columns: dict[str, npt.NDArray[Any]]) -> tuple[str, str] | None:
    lengths = {"node": len(columns["node_lat"]), "arc": len(columns["arc_from"])}
    lengths["turn"] = len(columns.get("turn_from", ()))
    for name, column in columns.items():
        kind, group = _COLUMNS[name]
        if not np.issubdtype(column.dtype, kind) or column.ndim != 1:
            return name, f"must be a list of {kind.__name__}; found {column.dtype} with {column.ndim} axes"
        if group != "list" and len(column) != lengths[group]:
            return name, f"has {len(column)} rows; the others of its group have {lengths[group]}"
    return None


def _outside(columns: dict[str, npt.NDArray[Any]]) -> tuple[str, str] | None:
    nodes, arcs = len(columns["node_lat"]), len(columns["arc_from"])
    for name, low, high in (
        ("node_lat", -90, 90),
        ("node_lon", -180, 180),
        ("arc_from", 0, nodes - 1),
        ("arc_to", 0, nodes - 1),
        ("length_m", 0, 1e7),
        ("lights_ms", NOT_OPEN, ARC_MS_MAX),
        ("normal_ms", NOT_OPEN, ARC_MS_MAX),
        ("arc_class", 0, len(columns["classes"]) - 1),
        ("arc_name", 0, len(columns["names"]) - 1),
        ("turn_from", 0, arcs - 1),
        ("turn_to", 0, arcs - 1),
    ):
        if name in columns:
            # NaN compares false with everything, so it counts as outside.
            outside = ~((columns[name] >= low) & (columns[name] <= high))
            if outside.any():
                row = int(outside.argmax())
                return name, f"row {row} is {columns[name][row]}, outside {low:g} to {high:g}"
    return None


def _apart(columns: dict[str, npt.NDArray[Any]]) -> tuple[str, str] | None:
    """A turn goes from one arc to another that begins where the first one ends."""
    if "turn_from" not in columns:
        return None
    apart = columns["arc_to"][columns["turn_from"]] != columns["arc_from"][columns["turn_to"]]
    return (
        ("turn_to", f"row {int(apart.argmax())}: the arc does not begin where turn_from ends") if apart.any() else None
    )


def graph_of(streets: Streets, projection: Projection) -> Graph:
    """Return the streets as the engine searches them: whole decimetres about the projection's origin.

    An arc is at least as long as the straight line between its rounded ends and at least 1 dm, so that nothing is
    nearer by road than as the crow flies, and takes at least 1 ms, so that no ring of streets costs nothing.
    """
    east_dm = 10 * METRES_PER_DEGREE * math.cos(math.radians(projection.lat0))
    x = np.rint((streets.node_lon - projection.lon0) * east_dm).astype(np.int64)
    y = np.rint((streets.node_lat - projection.lat0) * (10 * METRES_PER_DEGREE)).astype(np.int64)
    tail, head = streets.arc_from, streets.arc_to
    straight = np.ceil(np.sqrt((x[tail] - x[head]) ** 2 + (y[tail] - y[head]) ** 2))
    length = np.rint(10 * streets.length_m.astype(np.float64))
    return Graph(
        x_dm=x.astype(np.int32),
        y_dm=y.astype(np.int32),
        tail=tail,
        head=head,
        length_dm=np.maximum(np.maximum(length, straight), 1).astype(np.int32),
        lights_ms=_at_least_1(streets.lights_ms),
        normal_ms=_at_least_1(streets.normal_ms),
        arc_class=streets.arc_class,
        arc_name=streets.arc_name,
        turn_from=streets.turn_from,
        turn_to=streets.turn_to,
        classes=tuple(streets.classes.tolist()),
        names=tuple(streets.names.tolist()),
    )


def _at_least_1(times_ms: Ints) -> Ints:
    return np.where(times_ms == NOT_OPEN, NOT_OPEN, np.maximum(times_ms, 1)).astype(np.int32)
