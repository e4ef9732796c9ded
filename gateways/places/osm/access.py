"""Who may drive where, and which way round.

Rule: with lights and sirens a vehicle goes where it physically can and is let; without, it is a car like any other.
Nobody drives with lights where `emergency=no`, nor where all access is forbidden and nobody is let in by name.
Private roads count as open: who is called there has business there.
"""

from collections.abc import Mapping

from msgspec import Struct

from gateways.places.osm.speeds import NORMAL_KM_H, speeds_km_h

Tags = Mapping[str, str]
Modes = tuple[bool, bool]
"""(with lights and sirens, normal)."""

CLASSES = (
    *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"),
    *("service", "track", "busway", "pedestrian", "path"),
)
"""Street classes of an imported place: links belong to their road, and all ways for feet and bicycles are paths."""
_CLASS = {"road": "unclassified", "cycleway": "path", "footway": "path", "bridleway": "path"}

_YES = ("yes", "designated", "official", "permissive")
_LET_IN = (*_YES, "destination")
_SHUT = ("no", "emergency", "psv", "bus", "bicycle", "foot", "agricultural", "forestry", "military", "use_sidepath")
_CAR = ("motorcar", "motor_vehicle", "vehicle", "access")
"""From the narrowest word to the widest; the narrowest that is there counts."""
_BY_NAME = ("emergency", "motorcar", "motor_vehicle", "vehicle", "psv", "bus", "foot", "bicycle")
_ONE_WAY = ("motorway", "motorway_link")
_AGAINST = ("oneway:emergency", "oneway:psv", "oneway:bus")
_BUS_LANES = ("busway", "busway:left", "busway:right", "busway:both")


class Road(Struct, frozen=True, gc=False):
    """A way that a vehicle drives; km/h as (with lights and sirens, normal), 0 where that mode may not."""

    kind: int
    """Row of CLASSES."""
    name: str
    forward: tuple[float, float]
    backward: tuple[float, float]


def road_of(tags: Tags) -> Road | None:
    """Return what the way's tags make of it, or None if no emergency vehicle drives there."""
    highway = tags.get("highway", "")
    if highway not in NORMAL_KM_H or tags.get("area") == "yes":
        return None
    lights, normal = open_to(tags)
    forth, back = directions(tags)
    if not lights or not (forth[0] or back[0]):
        return None
    kind = CLASSES.index(_CLASS.get(highway, highway.removesuffix("_link")))
    return Road(
        kind,
        tags.get("name") or tags.get("ref") or "",
        _driven(tags, "forward", forth[0], normal and forth[1]),
        _driven(tags, "backward", back[0], normal and back[1]),
    )


def _driven(tags: Tags, way: str, lights: bool, normal: bool) -> tuple[float, float]:
    fast, usual = speeds_km_h(tags, way)
    return (fast if lights else 0.0, usual if normal else 0.0)


def open_to(tags: Tags) -> Modes:
    """Tell which modes may use the way at all."""
    highway, emergency = tags["highway"], tags.get("emergency", "")
    if emergency == "no":
        return False, False
    car = next((tags[key] for key in _CAR if key in tags), "")
    let_in = next((tags[key] for key in _CAR[:-1] if key in tags), "") in _LET_IN
    if highway in ("path", "footway", "cycleway", "bridleway"):
        return emergency in _YES or let_in, let_in
    if highway in ("pedestrian", "busway") or tags.get("service") == "emergency_access":
        normal = let_in
    else:
        normal = car not in _SHUT
    by_name = any(tags.get(key) in _LET_IN for key in _BY_NAME)
    return normal or tags.get("access") != "no" or by_name, normal


def directions(tags: Tags) -> tuple[Modes, Modes]:
    """Return (lights, normal) for the way's own direction, and for the other."""
    highway, one_way = tags["highway"], tags.get("oneway", "")
    round_about = tags.get("junction") in ("roundabout", "circular")
    if one_way in ("yes", "true", "1") or (not one_way and (round_about or highway in _ONE_WAY)):
        forth, back = (True, True), (_against(tags), False)
    elif one_way in ("-1", "reverse"):
        forth, back = (_against(tags), False), (True, True)
    else:
        # The direction of a reversible lane changes by the hour: only with lights does one try.
        forth = back = (True, one_way != "reversible")
    return _directed(tags, "forward", forth), _directed(tags, "backward", back)


def _against(tags: Tags) -> bool:
    """Tell whether one may go against the one-way street with lights: where it says so, or on a bus lane."""
    if any(tags.get(key) == "no" for key in _AGAINST):
        return True
    if any(tags.get(key, "").startswith("opposite") for key in _BUS_LANES):
        return True
    return any(tags.get(key, "0") != "0" for key in ("lanes:psv:backward", "lanes:bus:backward"))


def _directed(tags: Tags, way: str, modes: Modes) -> Modes:
    """Apply what is said about one direction only: `motor_vehicle:backward=no`."""
    lights, normal = modes
    car = next((tags[f"{key}:{way}"] for key in _CAR if f"{key}:{way}" in tags), "")
    return lights and tags.get(f"emergency:{way}") != "no", normal and car not in _SHUT
