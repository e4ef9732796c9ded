"""CAP 1.2 as it is read: what counts, what is refused and how that is said, and bytes of any kind."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.geometry import inside
from engine.model.inputs import ReportTraffic
from engine.model.surroundings import RecordCaution
from engine.model.surroundings import Severity as CautionSeverity
from gateways.cap.alert import Circle, MessageType, Severity, Status
from gateways.cap.config import CapConfig, CapRule
from gateways.cap.effects import effects_of
from gateways.cap.reading import Unreadable, read_alert
from gateways.cap.shapes import CORNERS_MAX, Shape, shape_of_circle, shape_of_ring
from tests.builders import NOW, PROJECTION, small_place
from tests.unit.cap_kit import SQUARE, alert, circle, geocode, info, polygon, refer, when


def test_an_alert_is_read_with_its_own_words() -> None:
    found = read_alert(alert("A1", info(area=SQUARE + circle(0, 0, 1.5) + geocode("SAME", "019163"))))
    assert (found.identifier, found.status, found.kind, found.sent_ms) == ("A1", Status.ACTUAL, MessageType.ALERT, NOW)
    (read,) = found.infos
    assert (read.event, read.severity) == ("Snow Squall Warning", Severity.SEVERE)
    (area,) = read.areas
    assert len(area.polygons[0]) == 4
    assert area.circles[0].radius_m == 1_500
    assert area.geocodes[0].key == "SAME:019163"


def test_a_reference_is_the_same_moment_in_any_zone() -> None:
    found = read_alert(alert("A2", msgType="Update", references="met@weather.example,A1,2026-02-02T03:40:00+01:00"))
    assert found.references == (read_alert(alert("A1")).reference,)


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><alert>&y;</alert>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><alert/>'
MISTAKES: tuple[tuple[bytes, str], ...] = (
    (b"", "document"),
    (b"\xff\xfe<", "document"),
    (b'<?xml version="1.0" encoding="no-such"?><alert/>', "document"),
    (BOMB, "document"),
    (OUTSIDE, "document"),
    (b"<a>" * 3_000 + b"</a>" * 3_000, "alert"),
    (b"<a>" + b"<b/>" * 20_001 + b"</a>", "document"),
    (b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.1"/>', "alert"),
    (alert("has a blank"), "identifier"),
    (alert(sent="2026-02-02T03:40:00"), "sent"),
    (alert(sent="2026-13-02T03:40:00+00:00"), "sent"),
    (alert(status="Real"), "status"),
    (alert(msgType="Info"), "msgType"),
    (alert("A", info(severity="Awful")), "severity"),
    (alert("A", info(event="")), "event"),
    (alert("A", info(category="Weather")), "category"),
    (alert("A", info(expires="soon")), "expires"),
    (alert("A", info(area="<polygon>1,1 2,2 1,1</polygon>")), "polygon"),
    (alert("A", info(area="<polygon>1,1 2,2 3,3 4,4</polygon>")), "polygon"),
    (alert("A", info(area="<polygon>91,1 2,2 3,3 91,1</polygon>")), "polygon"),
    (alert("A", info(area="<circle>1,1</circle>")), "circle"),
    (alert("A", info(area="<circle>1,1 nan</circle>")), "circle"),
    (alert("A", info(area="<circle>1,1 -1</circle>")), "circle"),
    (alert("A", info(area="<circle>1,1 99999</circle>")), "circle"),
    (alert(references="only-one-part"), "references"),
)


@pytest.mark.parametrize(("document", "element"), MISTAKES)
def test_a_mistake_is_named_by_its_element(document: bytes, element: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_alert(document)
    assert caught.value.element == element


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.data()))
def test_any_bytes_are_read_or_refused(drawn: Any) -> None:
    """Noise, and a good document with a piece cut out, doubled or overwritten: nothing but Unreadable is raised."""
    data = drawn
    if not isinstance(data, bytes):
        good = alert("A1", info(area=SQUARE + circle(0, 0, 2)), references=refer("A0", NOW))
        start = drawn.draw(st.integers(0, len(good)))
        end = drawn.draw(st.integers(start, min(len(good), start + 60)))
        data = good[:start] + drawn.draw(st.binary(max_size=20)) + good[start : end * 2] + good[end:]
    try:
        found = read_alert(data)
    except Unreadable:
        return
    effects_of(found, CapConfig(rules=(RULE,)), small_place(), NOW, "met")


RULE = CapRule(name="snow", events=("*snow*",), caution=CautionSeverity.DANGER, traffic_percent=150)
corner = st.tuples(st.floats(-80, 80), st.floats(-179, 179))
near = st.tuples(st.floats(41.3, 41.7), st.floats(-90.7, -90.3))
BOUNDS = (-10_000, -10_000, 10_000, 10_000)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(near, corner), min_size=3, max_size=40))
def test_a_shape_lies_in_the_place_and_in_its_circle(ring: list[tuple[float, float]]) -> None:
    shape = shape_of_ring(ring, PROJECTION, BOUNDS)
    if shape is not None:
        sound(shape)


@settings(max_examples=200, deadline=None)
@given(near, st.floats(0, 60_000), st.integers(-9_999, 9_999), st.integers(-9_999, 9_999))
def test_a_circle_s_shape_holds_what_the_circle_holds(
    middle: tuple[float, float], radius_m: float, x_m: int, y_m: int
) -> None:
    shape = shape_of_circle(Circle(*middle, radius_m), PROJECTION, BOUNDS)
    mx, my = PROJECTION.to_metres(*middle)
    if (x_m - mx) ** 2 + (y_m - my) ** 2 < max(0, radius_m - 3) ** 2:
        assert shape is not None
        assert holds(shape, x_m, y_m)
    if shape is not None:
        sound(shape)


def holds(shape: Shape, x_m: int, y_m: int) -> bool:
    circled = (x_m - shape.x_m) ** 2 + (y_m - shape.y_m) ** 2 <= shape.radius_m**2
    return circled and (shape.ring is None or inside(shape.ring, x_m, y_m))


def sound(shape: Shape) -> None:
    ring = shape.polygon
    assert 3 <= len(ring) <= CORNERS_MAX
    if shape.ring is not None:
        assert all(max(abs(x), abs(y)) <= 10_000 for x, y in ring)
        assert all((x - shape.x_m) ** 2 + (y - shape.y_m) ** 2 <= shape.radius_m**2 for x, y in ring)


def test_a_storm_wider_than_the_place_is_cut_off_at_its_border() -> None:
    shape = shape_of_ring([(40, -92), (43, -92), (43, -89), (40, -89)], PROJECTION, BOUNDS)
    assert shape is not None
    assert sorted(shape.polygon) == [(-10_000, -10_000), (-10_000, 10_000), (10_000, -10_000), (10_000, 10_000)]
    assert shape_of_ring([(10, 10), (11, 10), (11, 11)], PROJECTION, BOUNDS) is None


def test_a_rule_is_found_by_event_severity_and_certainty() -> None:
    config = CapConfig(
        rules=(
            CapRule(name="grave", events=("*SNOW*",), severity=Severity.EXTREME, closes=True),
            CapRule(name="sure", certainty="Observed", caution=CautionSeverity.NOTICE),  # type: ignore[arg-type]
            RULE,
        ),
        geocodes={"SAME:019163": "*", "UGC:X": ("nowhere",)},
    )

    def rules(**fields: str) -> tuple[str, ...]:
        return effects_of(read_alert(alert("A", info(**fields))), config, small_place(), NOW, "met").rules

    assert rules() == ("snow",)
    assert rules(severity="Extreme") == ("grave",)
    assert rules(event="Flood", certainty="Observed") == ("sure",)
    assert rules(event="Flood") == ()
    assert rules(urgency="Past") == ()
    effects = effects_of(
        read_alert(alert("A", info(area=geocode("SAME", "019163") + geocode("UGC", "X") + geocode("UGC", "Y")))),
        config,
        small_place(),
        NOW,
        "met",
    )
    caution, traffic = effects.commands
    assert isinstance(caution, RecordCaution)
    assert isinstance(traffic, ReportTraffic)
    assert caution.text == "Snow Squall Warning: Heavy snow until noon"
    assert len(effects.notes) == 2


def test_infos_of_other_languages_are_not_told_twice() -> None:
    document = alert("A", info(language="fr-CA", headline="Neige"), info(language="en-CA"), info(language="EN"))
    effects = effects_of(read_alert(document), CapConfig(rules=(RULE,)), small_place(), NOW, "met")
    assert [each.text for each in effects.commands if isinstance(each, RecordCaution)] == [
        "Snow Squall Warning: Heavy snow until noon"
    ] * 2
    french = CapConfig(rules=(RULE,), languages=("fr",))
    effects = effects_of(read_alert(document), french, small_place(), NOW, "met")
    assert "Neige" in effects.commands[0].text  # type: ignore[union-attr]


def test_times_of_an_alert() -> None:
    document = alert("A", info(onset=when(NOW + 60_000), expires=when(NOW + 3_600_000)))
    effects = effects_of(read_alert(document), CapConfig(rules=(RULE,)), small_place(), NOW, "met")
    assert (effects.from_ms, effects.until_ms) == (NOW + 60_000, NOW + 3_600_000)
    assert polygon((0, 0), (1, 0), (1, 1)).count(",") == 4
