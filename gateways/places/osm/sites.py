"""Fire stations, ambulance stations, police stations and hospitals of the map.

Rule: one site for each of them, though the map may have its ground, its buildings and its door.
"""

from collections.abc import Sequence

from msgspec import Struct

from engine.model.geometry import Projection
from engine.model.place import Hospital, Station
from gateways.places.osm.access import Tags

FIRE, AMBULANCE, POLICE, HOSPITAL = "fire", "ambulance", "police", "hospital"
_PREFIX = {FIRE: "FS", AMBULANCE: "AS", POLICE: "PS", HOSPITAL: "H"}
_TITLE = {FIRE: "Fire Station", AMBULANCE: "Ambulance Station", POLICE: "Police Station", HOSPITAL: "Hospital"}
SAME_M, SAME_NAME_M = 80, 500
"""Sites of one kind so near each other are one, and those of the same name so near."""
NAME_MAX = 200


class Site(Struct, frozen=True):
    """One object of the map. WGS84 degrees."""

    kind: str
    name: str
    ref: str
    """Its kind of object and number in OpenStreetMap, as in "w123"."""
    lat: float
    lon: float

    @classmethod
    def amid(cls, kind: str, name: str, ref: str, corners: Sequence[tuple[float, float]]) -> "Site":
        """Return the site in the middle of the box around its corners."""
        lats, lons = [lat for lat, _ in corners], [lon for _, lon in corners]
        return cls(kind, name.strip(), ref, (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)


def site_kind(tags: Tags) -> str | None:
    """Return which kind of site the tags mean, or None."""
    amenity, emergency = tags.get("amenity"), tags.get("emergency")
    if amenity == "fire_station":
        return FIRE
    if emergency == "ambulance_station":
        return AMBULANCE
    if amenity == "police":
        return POLICE
    return HOSPITAL if amenity == "hospital" and emergency != "no" else None


def stations_of(sites: Sequence[Site], projection: Projection) -> tuple[Station, ...]:
    """Return fire stations FS1, FS2, …, ambulance stations AS1, … and police stations PS1, … in the map's order."""
    return tuple(
        Station(id_, name, x_m, y_m)
        for kind in (FIRE, AMBULANCE, POLICE)
        for id_, name, x_m, y_m in _apart(kind, sites, projection)
    )


def hospitals_of(sites: Sequence[Site], projection: Projection) -> tuple[Hospital, ...]:
    """Return the hospitals H1, H2, … in the map's order."""
    return tuple(Hospital(*row) for row in _apart(HOSPITAL, sites, projection))


def _apart(kind: str, sites: Sequence[Site], projection: Projection) -> list[tuple[str, str, int, int]]:
    """Return (id, name, x_m, y_m) of the sites of one kind, each once. Named ones and whole grounds go first."""
    order = sorted(
        (s for s in sites if s.kind == kind), key=lambda s: (not s.name, "rwn".index(s.ref[0]), int(s.ref[1:]))
    )
    kept: list[tuple[str, int, int]] = []
    for site in order:
        x_m, y_m = projection.to_metres(site.lat, site.lon)
        if not any(_same(site.name, x_m, y_m, other) for other in kept):
            kept.append((site.name, x_m, y_m))
    return [
        (f"{_PREFIX[kind]}{number}", (name or f"{_TITLE[kind]} {number}")[:NAME_MAX], x_m, y_m)
        for number, (name, x_m, y_m) in enumerate(kept, start=1)
    ]


def _same(name: str, x_m: int, y_m: int, other: tuple[str, int, int]) -> bool:
    reach = SAME_NAME_M if name and name == other[0] else SAME_M
    return (x_m - other[1]) ** 2 + (y_m - other[2]) ** 2 <= reach * reach
