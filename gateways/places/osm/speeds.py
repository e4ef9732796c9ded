"""How fast one drives on a way, from its tags: with lights and sirens, and without.

Rule: a signed limit counts more than the kind of road, and the surface more than either.
"""

import re
from collections.abc import Mapping

Tags = Mapping[str, str]

NORMAL_KM_H = {
    "motorway": 90.0,
    "motorway_link": 45.0,
    "trunk": 85.0,
    "trunk_link": 40.0,
    "primary": 65.0,
    "primary_link": 30.0,
    "secondary": 55.0,
    "secondary_link": 25.0,
    "tertiary": 40.0,
    "tertiary_link": 20.0,
    "unclassified": 25.0,
    "residential": 25.0,
    "living_street": 10.0,
    "service": 15.0,
    # The car profile of OSRM (profiles/car.lua) ends here. The others are ours, cautious.
    "road": 25.0,
    "busway": 30.0,
    "track": 12.0,
    "pedestrian": 10.0,
    "cycleway": 10.0,
    "path": 8.0,
    "footway": 8.0,
    "bridleway": 8.0,
}
"""By `highway`, where no limit is signed. What is not here is no road."""

SLOW = ("living_street", "service", "track", "pedestrian", "cycleway", "path", "footway", "bridleway")
"""Here a signed limit says what is forbidden, not how fast anybody drives."""

LIMIT_SHARE = 0.8
"""Driven speed as a part of the limit: OSRM's `speed_reduction`."""

LIGHTS_FACTOR = 4 / 3
"""Lights and sirens against normal driving, the same road: JEMSS's cities have 1.33 (Manhattan), 1.42 (Auckland)."""

SURFACE_KM_H = {
    "compacted": 80.0,
    "fine_gravel": 80.0,
    "paving_stones": 60.0,
    "metal": 60.0,
    "bricks": 60.0,
    **dict.fromkeys(
        ("grass", "wood", "sett", "grass_paver", "gravel", "unpaved", "ground", "dirt", "pebblestone"), 40.0
    ),
    "unhewn_cobblestone": 30.0,
    "cobblestone": 30.0,
    "clay": 30.0,
    "earth": 20.0,
    "stone": 20.0,
    "rock": 20.0,
    "sand": 20.0,
    "mud": 10.0,
}
"""No faster than this on such ground, in either mode: OSRM's `surface_speeds`. Other surfaces count as paved."""

TRACK_KM_H = {"grade1": 60.0, "grade2": 40.0, "grade3": 30.0, "grade4": 25.0, "grade5": 20.0}
"""OSRM's `tracktype_speeds`."""

_MPH = 1.609344
_KNOT = 1.852
_WALK, _NO_LIMIT = 6.0, 130.0
_ZONES = {"urban": 50.0, "rural": 90.0, "trunk": 100.0, "motorway": 120.0, "living_street": 10.0, "bicycle_road": 30.0}
_ZONES_OF = {
    "FI:rural": 80.0,
    "SE:rural": 70.0,
    "SE:motorway": 110.0,
    "NO:rural": 80.0,
    "DK:rural": 80.0,
    "DK:motorway": 130.0,
    "DE:rural": 100.0,
    "DE:motorway": 130.0,
    "AT:rural": 100.0,
    "AT:motorway": 130.0,
    "FR:rural": 80.0,
    "FR:motorway": 130.0,
    "CH:rural": 80.0,
    "NL:rural": 80.0,
    "NL:motorway": 100.0,
    "IT:motorway": 130.0,
    "PL:motorway": 140.0,
    "CZ:motorway": 130.0,
    "RU:urban": 60.0,
    "RU:motorway": 110.0,
    "GB:nsl_restricted": 30 * _MPH,
    "GB:nsl_single": 60 * _MPH,
    "GB:nsl_dual": 70 * _MPH,
    "GB:motorway": 70 * _MPH,
    "BE-VLG:rural": 70.0,
    "BE-BRU:urban": 30.0,
    "GR:motorway": 130.0,
    "HU:motorway": 130.0,
    "RO:motorway": 130.0,
}
"""Limits by country where they differ from the above: OSM wiki, "Default speed limits"."""

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph|knots)?")
_CODE = re.compile(r"([A-Z]{2}(?:-[A-Z]+)?):(?:zone:?)?(.+)")


def speeds_km_h(tags: Tags, way: str) -> tuple[float, float]:
    """Return (with lights and sirens, normal) for one direction, "forward" or "backward"."""
    highway = tags["highway"]
    normal = NORMAL_KM_H[highway]
    if (limit := limit_km_h(tags, way)) is not None:
        driven = LIMIT_SHARE * limit
        normal = min(normal, driven) if highway in SLOW else driven
    ground = min(SURFACE_KM_H.get(tags.get("surface", ""), 200.0), TRACK_KM_H.get(tags.get("tracktype", ""), 200.0))
    return min(normal * LIGHTS_FACTOR, ground), min(normal, ground)


def limit_km_h(tags: Tags, way: str) -> float | None:
    """Return the limit of that direction, or None where none is known."""
    for key in (f"maxspeed:{way}", "maxspeed", "maxspeed:type", "source:maxspeed", "zone:maxspeed"):
        if (limit := parse_limit(tags.get(key, ""))) is not None:
            return limit
    return None


def parse_limit(text: str) -> float | None:
    """Return km/h for "50", "30 mph", "FI:urban", "DE:zone:30", "walk", "none"; None for all that is no limit."""
    text = text.partition(";")[0].strip()
    if text in ("walk", "none"):
        return _WALK if text == "walk" else _NO_LIMIT
    if number := _NUMBER.fullmatch(text):
        unit = {"mph": _MPH, "knots": _KNOT}.get(number[2], 1.0)
        limit = float(number[1]) * unit
        # Nobody signs 0 or 500: a slip of the mapper, and a road that is not closed.
        return limit if 3 <= limit <= 200 else None
    if code := _CODE.fullmatch(text):
        return _ZONES_OF.get(f"{code[1]}:{code[2]}", _ZONES.get(code[2])) or parse_limit(code[2])
    return None
