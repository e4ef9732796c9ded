"""Response areas of a made-up city: a centre and rings of districts round it, without gap or overlap."""

import math

import numpy as np
from msgspec.structs import replace

from engine.model.geometry import Polygon
from engine.model.place import ResponseArea, Station
from gateways.places.city.chance import dice
from gateways.places.city.land import Land
from gateways.places.city.words import district_names

RINGS = ((0.3, 1), (0.65, 6), (1.15, 9))
"""(how far out it ends as a part of the way to the outline, districts); the first is the centre."""
FIRST_DUE = 6
"""Stations in the order of an area; those behind them go by the time that they take."""
STEP_DEG = 10
"""Districts border each other along the same corners, so that no gap is left."""


def make_districts(seed: int, land: Land) -> tuple[ResponseArea, ...]:
    """Return the areas; together they cover the city and a rim beyond it."""
    names = iter(district_names(dice(seed, "districts"), sum(count for _, count in RINGS)))
    areas, inner, number = [], 0.0, 1
    for outer, count in RINGS:
        for turn in range(count):
            first, last = _corner(turn, count), _corner(turn + 1, count)
            name = next(names) if inner else "City Centre"
            areas.append(ResponseArea(f"D{number:02}", name, _sector(land, inner, outer, first, last)))
            number += 1
        inner = outer
    return tuple(areas)


def in_order(areas: tuple[ResponseArea, ...], stations: tuple[Station, ...]) -> tuple[ResponseArea, ...]:
    """Give each area its first-due order: the fire stations nearest its middle."""
    return tuple(replace(area, stations=_nearest(area.polygon, stations)) for area in areas)


def _nearest(polygon: Polygon, stations: tuple[Station, ...]) -> tuple[str, ...]:
    x_m = sum(x for x, _ in polygon) // len(polygon)
    y_m = sum(y for _, y in polygon) // len(polygon)
    away = sorted(((each.x_m - x_m) ** 2 + (each.y_m - y_m) ** 2, each.id) for each in stations)
    return tuple(name for _, name in away[:FIRST_DUE])


def _corner(turn: int, count: int) -> int:
    return round(turn * 360 / count / STEP_DEG) * STEP_DEG


def _sector(land: Land, inner: float, outer: float, first: int, last: int) -> Polygon:
    """Return the corners counter-clockwise: out along the outer arc, back along the inner one."""
    degrees = list(range(first, last + 1, STEP_DEG))
    if not inner:
        return tuple(_at(land, outer, each) for each in degrees[:-1])
    arc = [_at(land, outer, each) for each in degrees]
    return tuple(arc + [_at(land, inner, each) for each in reversed(degrees)])


def _at(land: Land, part: float, degree: int) -> tuple[int, int]:
    angle = math.radians(degree % 360)
    reach = part * land.radius_m * float(land.outline(np.array([angle]))[0])
    return round(reach * math.cos(angle)), round(reach * math.sin(angle))
