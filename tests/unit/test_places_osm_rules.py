"""What the tags of a map mean: who drives where, how fast, which way round, and what a point costs."""

import pytest

from gateways.places.osm.access import CLASSES, Road, road_of
from gateways.places.osm.points import Point, point_of
from gateways.places.osm.sites import site_kind
from gateways.places.osm.speeds import LIGHTS_FACTOR, parse_limit
from gateways.places.osm.turns import Restriction, restriction_of


def road(**tags: str) -> Road | None:
    return road_of({"highway": "residential"} | {key.replace("__", ":"): value for key, value in tags.items()})


def shape(**tags: str) -> str:
    """Return who drives forward and backward: L with lights only, N both, - nobody."""
    found = road(**tags)
    if found is None:
        return ""
    return "".join("N" if normal else "L" if lights else "-" for lights, normal in (found.forward, found.backward))


@pytest.mark.parametrize(
    ("text", "km_h"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48.28),
        ("30mph", 48.28),
        ("FI:urban", 50),
        ("FI:rural", 80),
        ("DE:zone:30", 30),
        ("DE:zone30", 30),
        ("GB:nsl_single", 96.56),
        ("GB:20 mph", 32.19),
        ("XX:urban", 50),
        ("none", 130),
        ("walk", 6),
        ("50;30", 50),
        ("", None),
        ("signals", None),
        ("FI:nonsense", None),
        ("0", None),
        ("5000", None),
        ("-30", None),
    ],
)
def test_limits_are_read_as_they_are_written(text: str, km_h: float | None) -> None:
    """Numbers, miles, codes of countries; what is no limit is none."""
    assert parse_limit(text) == (None if km_h is None else pytest.approx(km_h, abs=0.01))


def test_the_limit_counts_more_than_the_class_and_the_surface_more_than_the_limit() -> None:
    """And lights and sirens are faster by one factor wherever the ground lets them."""
    limited = road(maxspeed="50", maxspeed__backward="30")
    assert limited is not None
    assert limited.forward == pytest.approx((40 * LIGHTS_FACTOR, 40))
    assert limited.backward == pytest.approx((24 * LIGHTS_FACTOR, 24))
    muddy = road(maxspeed="50", surface="mud")
    assert muddy is not None
    assert muddy.forward == (10, 10)
    gravel = road(maxspeed="50", surface="gravel")
    assert gravel is not None
    assert gravel.forward == (40, 40)
    yard = road(highway="service", maxspeed="50")
    assert yard is not None
    assert yard.forward[1] == 15, "nobody drives 40 through a yard"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, "NN"),
        ({"oneway": "yes"}, "N-"),
        ({"oneway": "-1"}, "-N"),
        ({"oneway": "reversible"}, "LL"),
        ({"junction": "roundabout"}, "N-"),
        ({"junction": "roundabout", "oneway": "no"}, "NN"),
        ({"highway": "motorway"}, "N-"),
        ({"highway": "motorway_link"}, "N-"),
        ({"oneway": "yes", "oneway:emergency": "no"}, "NL"),
        ({"oneway": "-1", "oneway:psv": "no"}, "LN"),
        ({"oneway": "yes", "busway": "opposite_lane"}, "NL"),
        ({"motor_vehicle": "no"}, "LL"),
        ({"vehicle": "no", "motor_vehicle": "yes"}, "NN"),
        ({"motor_vehicle:backward": "no"}, "NL"),
        ({"access": "no"}, ""),
        ({"access": "no", "emergency": "yes"}, "LL"),
        ({"access": "no", "bus": "yes"}, "LL"),
        ({"access": "no", "motor_vehicle": "yes"}, "NN"),
        ({"access": "private"}, "NN"),
        ({"emergency": "no"}, ""),
        ({"highway": "pedestrian"}, "LL"),
        ({"highway": "pedestrian", "motor_vehicle": "destination"}, "NN"),
        ({"highway": "pedestrian", "area": "yes"}, ""),
        ({"highway": "busway", "oneway": "yes"}, "L-"),
        ({"highway": "service", "service": "emergency_access"}, "LL"),
        ({"highway": "footway"}, ""),
        ({"highway": "footway", "emergency": "designated"}, "LL"),
        ({"highway": "cycleway", "motor_vehicle": "yes"}, "NN"),
        ({"highway": "steps", "emergency": "yes"}, ""),
        ({"highway": "construction"}, ""),
        ({"highway": "proposed"}, ""),
    ],
)
def test_who_drives_where(tags: dict[str, str], expected: str) -> None:
    """N: everybody, L: with lights and sirens only, -: nobody; forward and backward."""
    assert shape(**tags) == expected


def test_names_and_classes() -> None:
    """A street is called by its name, else its number, else nothing; links belong to their road."""
    for tags, name in (({"name": "Mill Lane", "ref": "B7"}, "Mill Lane"), ({"ref": "B7"}, "B7"), ({}, "")):
        found = road(**tags)
        assert found is not None
        assert found.name == name
    link = road(highway="primary_link")
    assert link is not None
    assert CLASSES[link.kind] == "primary"


@pytest.mark.parametrize(
    ("tags", "point"),
    [
        ({"highway": "traffic_signals"}, Point((1500, 5000))),
        ({"highway": "traffic_signals", "traffic_signals:direction": "backward"}, Point((1500, 5000), "backward")),
        ({"highway": "give_way", "direction": "forward"}, Point((500, 2000), "forward")),
        ({"barrier": "gate"}, Point((5000, 15000))),
        ({"barrier": "gate", "motor_vehicle": "no"}, Point((5000, 15000), "", (True, False))),
        ({"barrier": "gate", "emergency": "no"}, Point((5000, 15000), "", (False, False))),
        ({"barrier": "bollard"}, Point((0, 0), "", (False, False))),
        ({"barrier": "bollard", "bollard": "rising"}, Point((0, 0), "", (True, False))),
        ({"barrier": "block", "emergency": "yes"}, Point((0, 0), "", (True, False))),
        ({"barrier": "chain", "motor_vehicle": "yes"}, Point()),
        ({"barrier": "kerb"}, None),
        ({"highway": "bus_stop"}, None),
    ],
)
def test_points_delay_or_close(tags: dict[str, str], point: Point | None) -> None:
    """Signals and signs cost seconds, in their direction; barriers close unless somebody may pass."""
    assert point_of(tags) == point


MEMBERS = [("from", "w", 1), ("via", "n", 2), ("to", "w", 3)]


@pytest.mark.parametrize(
    ("tags", "members", "expected"),
    [
        ({"restriction": "no_left_turn"}, MEMBERS, Restriction(False, (1,), 2, (3,))),
        ({"restriction": "only_straight_on"}, MEMBERS, Restriction(True, (1,), 2, (3,))),
        ({"restriction": "no_left_turn", "except": "psv"}, MEMBERS, Restriction(False, (1,), 2, (3,))),
        ({"restriction": "no_left_turn", "except": "psv; emergency"}, MEMBERS, None),
        ({"restriction": "no_left_turn", "except": "motorcar"}, MEMBERS, None),
        ({"restriction:hgv": "no_left_turn"}, MEMBERS, None),
        ({"restriction:motorcar": "no_u_turn"}, MEMBERS, Restriction(False, (1,), 2, (3,))),
        ({"restriction": "give_way"}, MEMBERS, None),
        ({"restriction": "no_left_turn"}, [MEMBERS[0], ("via", "w", 2), MEMBERS[2]], "via way"),
        ({"restriction": "no_left_turn"}, MEMBERS[:2], None),
        ({"restriction": "no_exit"}, [*MEMBERS, ("to", "w", 4)], Restriction(False, (1,), 2, (3, 4))),
    ],
)
def test_restrictions_bind_us_or_not(
    tags: dict[str, str], members: list[tuple[str, str, int]], expected: object
) -> None:
    """Those for lorries do not, those that except emergency vehicles do not, those that except buses do."""
    assert restriction_of(tags, members) == expected


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "fire_station"}, "fire"),
        ({"emergency": "ambulance_station"}, "ambulance"),
        ({"amenity": "police"}, "police"),
        ({"amenity": "hospital"}, "hospital"),
        ({"amenity": "hospital", "emergency": "yes"}, "hospital"),
        ({"amenity": "hospital", "emergency": "no"}, None),
        ({"amenity": "cafe"}, None),
    ],
)
def test_sites(tags: dict[str, str], kind: str | None) -> None:
    """A hospital without an emergency department is no destination."""
    assert site_kind(tags) == kind
