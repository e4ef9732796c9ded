"""Reads JEMSS's street graph, roads.zip: nodes.csv (degrees) and arcs.csv (times in days by travel mode).

`mode_1` is lights and sirens, `mode_2` normal driving. Not every graph gives lengths; where they are missing, an arc
is as long as the straight line between its ends.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from gateways.places.jemss.calls import DAY_MS
from gateways.places.jemss.sheets import columns, read_zipped, sheets
from gateways.places.mistakes import refused
from gateways.places.streets import ARC_MS_MAX, Streets, straight_metres

FILE = "roads.zip"
_Column = npt.NDArray[np.float64]


def read_roads(folder: Path) -> Streets:
    """Return the graph with every arc directed. Raises PlaceRefused."""
    nodes = _table(folder, "nodes", ("x", "y"))
    arcs = _table(folder, "arcs", ("fromNode", "toNode", "mode_1"))
    count = len(nodes["x"])
    if not count or np.abs(nodes["y"]).max() > 90 or np.abs(nodes["x"]).max() > 180:
        raise refused(folder, FILE, "x and y must be degrees of longitude and latitude", "nodes.csv")
    tail, head = _rows(folder, arcs["fromNode"], count), _rows(folder, arcs["toNode"], count)
    lights = _times(folder, arcs["mode_1"])
    normal = _times(folder, arcs.get("mode_2", arcs["mode_1"]))
    length = 1000 * arcs["distance"] if "distance" in arcs else straight_metres(nodes["y"], nodes["x"], tail, head)
    if _undirected(folder):
        tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
        lights, normal, length = np.tile(lights, 2), np.tile(normal, 2), np.tile(length, 2)
    return Streets(
        node_lat=nodes["y"].copy(),
        node_lon=nodes["x"].copy(),
        arc_from=tail,
        arc_to=head,
        length_m=length.astype(np.float32),
        lights_ms=lights,
        normal_ms=normal,
        arc_class=np.zeros(len(tail), dtype=np.uint8),
        arc_name=np.zeros(len(tail), dtype=np.int32),
        classes=np.array(["street"]),
        names=np.array([""]),
    )


def _table(folder: Path, title: str, needed: tuple[str, ...]) -> dict[str, _Column]:
    file = f"{title}.csv"
    table = columns(folder, f"{FILE}/{file}", _text(folder, file), title)
    for name in needed:
        if name not in table:
            raise refused(folder, f"{FILE}/{file}", f'has no column "{name}"')
    return table


def _text(folder: Path, file: str) -> str:
    try:
        return read_zipped(folder, FILE, file).decode()
    except UnicodeDecodeError as error:
        raise refused(folder, f"{FILE}/{file}", "is not UTF-8 text") from error


def _undirected(folder: Path) -> bool:
    """JEMSS may give each street once for both directions, and says so at the top of arcs.csv."""
    head = "\n".join(_text(folder, "arcs.csv").splitlines()[:6])
    misc = sheets(folder, FILE, head).get("miscData")
    return misc is not None and bool(misc.rows) and misc.label("arcform")[0] == "undirected"


def _rows(folder: Path, index: _Column, count: int) -> npt.NDArray[np.int32]:
    """Turn JEMSS's numbers from 1 into rows from 0."""
    if len(index) and (index.min() < 1 or index.max() > count):
        raise refused(folder, f"{FILE}/arcs.csv", f"an arc names a node outside 1 to {count}")
    return (index - 1).astype(np.int32)


def _times(folder: Path, days: _Column) -> npt.NDArray[np.int32]:
    ms = np.rint(days * DAY_MS)
    if len(ms) and (ms.min() < 0 or ms.max() > ARC_MS_MAX):
        raise refused(folder, f"{FILE}/arcs.csv", "travel times must be between zero and one day")
    return ms.astype(np.int32)
