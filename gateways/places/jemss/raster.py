"""Reads one zipped GeoTIFF of population density: as much of the format as such rasters use, and no more.

TIFF 6.0 and GeoTIFF 1.1: one band, strips, uncompressed or deflated, WGS84 degrees (EPSG:4326), first row north.
What goes beyond that is refused by name instead of being read wrongly.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.demand import Zone
from engine.model.geometry import Projection
from gateways.places.jemss.sheets import read_zipped
from gateways.places.mistakes import refused

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _OFFSETS, _BANDS, _SIZES = 256, 257, 258, 259, 273, 277, 279
_PREDICTOR, _TILES, _FORMAT, _SCALE, _TIEPOINT, _GEO_KEYS, _NO_DATA = 317, 322, 339, 33550, 33922, 34735, 42113
_MODEL_TYPE, _RASTER_TYPE, _DEGREES, _POINT = 1024, 1025, 2, 2
_PLAIN, _DEFLATE = (1,), (8, 32946)
_KINDS = {1: "u", 2: "i", 3: "f"}
_FIELD = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
CELLS_MAX = 100_000_000


class Raster(Struct, frozen=True):
    """A grid of weights over degrees."""

    weight: npt.NDArray[np.float64]
    """(rows, columns), first row north, never negative."""
    north: float
    """Latitude of the upper edge of the first row."""
    west: float
    step_lat: float
    """Height of a cell in degrees, positive."""
    step_lon: float


class _Refusal(ValueError):
    """Why the bytes are not a raster that we read."""


def read_raster(folder: Path, file: str) -> Raster:
    """Return the raster in the zip. Raises PlaceRefused naming what is wrong with it."""
    content = read_zipped(folder, file, ".tif")
    try:
        return _parse(content)
    except _Refusal as refusal:
        raise refused(folder, file, f"the raster {refusal}") from refusal
    except (struct.error, IndexError, zlib.error) as error:
        raise refused(folder, file, f"the raster is cut or damaged ({error})") from error


def _parse(content: bytes) -> Raster:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        raise _Refusal("is not a TIFF file")
    tags = _tags(content, order)
    for tag, name in ((_WIDTH, "width"), (_HEIGHT, "height"), (_OFFSETS, "strips"), (_SCALE, "scale in degrees")):
        if tag not in tags:
            raise _Refusal(f"has no {name}" + (" (tiles are not read)" if tag == _OFFSETS and _TILES in tags else ""))
    step_lon, step_lat = tags[_SCALE][:2]
    tie = tags.get(_TIEPOINT, ())
    if len(tie) < 6 or step_lon <= 0 or step_lat <= 0:
        raise _Refusal("does not say where on earth it lies (tie point and scale)")
    keys = _geo_keys(tags.get(_GEO_KEYS, ()))
    if keys.get(_MODEL_TYPE, _DEGREES) != _DEGREES:
        raise _Refusal("is not in degrees; convert it to EPSG:4326")
    # A tie point may name the middle of a cell instead of its corner.
    half = 0.5 if keys.get(_RASTER_TYPE) == _POINT else 0.0
    west, north = tie[3] - (tie[0] + half) * step_lon, tie[4] + (tie[1] + half) * step_lat
    if not (-180 <= west <= 180 and -90 <= north <= 90):
        raise _Refusal(f"begins at {north}, {west}, which is not on earth")
    return Raster(_weights(content, order, tags), north, west, step_lat, step_lon)


def _tags(content: bytes, order: str) -> dict[int, tuple[Any, ...]]:
    """Return the values of the first directory by tag number."""
    (start,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, start)
    tags: dict[int, tuple[Any, ...]] = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", content, entry)
        if kind not in _FIELD:
            continue
        form = f"{order}{length}{_FIELD[kind]}"
        at = entry + 8
        if struct.calcsize(form) > 4:
            (at,) = struct.unpack_from(order + "I", content, at)
        tags[tag] = struct.unpack_from(form, content, at)
    return tags


def _geo_keys(values: tuple[Any, ...]) -> dict[int, int]:
    """Return the short keys of the GeoKeyDirectory: four numbers each, after four of heading."""
    keys = range(4, len(values) - 3, 4)
    return {values[at]: values[at + 3] for at in keys if values[at + 1] == 0}


def _weights(content: bytes, order: str, tags: dict[int, tuple[Any, ...]]) -> npt.NDArray[np.float64]:
    width, height = tags[_WIDTH][0], tags[_HEIGHT][0]
    if not 0 < width * height <= CELLS_MAX:
        raise _Refusal(f"has {width} x {height} cells; 1 to {CELLS_MAX} are read")
    if tags.get(_BANDS, (1,))[0] != 1 or tags.get(_PREDICTOR, (1,))[0] != 1:
        raise _Refusal("has several bands or a predictor, which are not read")
    compression = tags.get(_COMPRESSION, _PLAIN)[0]
    if compression not in (*_PLAIN, *_DEFLATE):
        raise _Refusal(f"is compressed in way {compression}; only plain and deflate are read")
    kind = f"{order}{_KINDS.get(tags.get(_FORMAT, (1,))[0], '?')}{tags.get(_BITS, (1,))[0] // 8}"
    if kind[1:] not in ("u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8"):
        raise _Refusal("has cells of a kind that is not read (only numbers of 8 to 64 bits)")
    needed = width * height * np.dtype(kind).itemsize
    parts = []
    for at, size in zip(tags[_OFFSETS], tags.get(_SIZES, ()), strict=False):
        part = content[at : at + size]
        parts.append(part if compression in _PLAIN else zlib.decompressobj().decompress(part, needed))
    data = b"".join(parts)
    if len(data) < needed:
        raise _Refusal(f"is cut: {len(data)} of {needed} bytes of cells are there")
    cells = np.frombuffer(data, kind, width * height).astype(np.float64).reshape(height, width)
    return _clean(cells, tags.get(_NO_DATA, (b"",))[0])


def _clean(cells: npt.NDArray[np.float64], no_data: bytes) -> npt.NDArray[np.float64]:
    """Return the cells with zero where there is no data. Raises when any other is no weight."""
    try:
        missing = float(no_data.rstrip(b"\0 ") or b"0")
    except ValueError as error:
        raise _Refusal(f"marks missing data as {no_data!r}, which is not a number") from error
    cells = np.where(np.isnan(cells) if np.isnan(missing) else cells == missing, 0.0, cells)
    wrong = ~np.isfinite(cells) | (cells < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise _Refusal(f"has {cells[row, column]} in row {row}, column {column}; weights are numbers from 0")
    if cells.sum() <= 0:
        raise _Refusal("is empty: no cell has a weight")
    return cells


def zones_of(raster: Raster, projection: Projection, zone_m: int) -> tuple[Zone, ...]:
    """Gather the cells in squares of `zone_m`; the total weight is kept."""
    rows, columns = raster.weight.shape
    x = [projection.to_metres(0, raster.west + (column + 0.5) * raster.step_lon)[0] for column in range(columns)]
    y = [projection.to_metres(raster.north - (row + 0.5) * raster.step_lat, 0)[1] for row in range(rows)]
    square_x, square_y = np.array(x) // zone_m, np.array(y) // zone_m
    left, low = int(square_x.min()), int(square_y.min())
    across = int(square_x.max()) - left + 1
    square = (square_y - low)[:, None] * across + (square_x - left)[None, :]
    weights = np.bincount(square.ravel(), raster.weight.ravel())
    half = zone_m // 2
    return tuple(
        Zone(
            (int(each) % across + left) * zone_m + half,
            (int(each) // across + low) * zone_m + half,
            half,
            float(weights[each]),
        )
        for each in np.flatnonzero(weights)
    )
