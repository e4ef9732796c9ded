"""What single points on a road cost: signals, crossings, signs, gates and barriers.

Rule: the delay is added to every arc that ends at the point, in the direction that the tag names or in both.
"""

from msgspec import Struct

from gateways.places.osm.access import Modes, Tags

DELAY_S = {
    # Mean control delay of a signal at level of service A is up to 10 s (Highway Capacity Manual); a crossing of
    # large streets has two or more such points on the way through, so that each takes half.
    "traffic_signals": (1.5, 5.0),
    "stop": (1.0, 4.0),
    "give_way": (0.5, 2.0),
    "crossing": (0.3, 1.0),
    "mini_roundabout": (0.5, 2.0),
}
"""By `highway` of the point: seconds with lights and sirens, and without."""
GATES = ("gate", "lift_gate", "swing_gate", "sliding_gate", "toll_booth", "border_control")
GATE_S = (5.0, 15.0)
HARD = (
    *("bollard", "block", "jersey_barrier", "chain", "fence", "wall", "log", "debris", "stile", "turnstile"),
    *("kissing_gate", "cycle_barrier", "motorcycle_barrier", "planter", "bus_trap", "sump_buster", "guard_rail"),
)
"""Barriers that no vehicle passes, unless it says otherwise."""
_MOVABLE = ("removable", "rising", "retractable", "foldable", "flexible")
_YES = ("yes", "designated", "official", "permissive", "destination")


class Point(Struct, frozen=True, gc=False):
    """A node with a say: delays in ms as (with lights, normal), and who may pass."""

    delay_ms: tuple[int, int] = (0, 0)
    way: str = ""
    """Direction along its way in which the delay applies: "forward", "backward", or "" for both."""
    passes: Modes = (True, True)


def point_of(tags: Tags) -> Point | None:
    """Return what the node does to traffic, or None if nothing."""
    barrier, kind = tags.get("barrier", ""), tags.get("highway", "")
    if barrier in HARD or barrier in GATES:
        delay = GATE_S if barrier in GATES else (0.0, 0.0)
        return Point(_ms(delay), "", _passes(tags, barrier))
    if kind in DELAY_S:
        way = tags.get("traffic_signals:direction") or tags.get("direction") or ""
        return Point(_ms(DELAY_S[kind]), way if way in ("forward", "backward") else "")
    return None


def _ms(seconds: tuple[float, float]) -> tuple[int, int]:
    return round(seconds[0] * 1000), round(seconds[1] * 1000)


def _passes(tags: Tags, barrier: str) -> Modes:
    car = next((tags[key] for key in ("motorcar", "motor_vehicle", "vehicle", "access") if key in tags), "")
    if tags.get("emergency") == "no":
        return False, False
    normal = car in _YES if barrier in HARD else car not in ("no", "emergency")
    movable = barrier in GATES or tags.get("bollard") in _MOVABLE
    return normal or movable or tags.get("emergency") in _YES, normal
