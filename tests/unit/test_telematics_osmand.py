"""OsmAnd messages, with facts re-typed from the messages in Traccar's public tests."""

from typing import Any

import msgspec
import pytest

from gateways.telematics import OsmAnd
from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.osmand import OsmAndDecoder

RECEIVED_MS = 1_770_000_000_000


def query(text: str, config: OsmAnd | None = None) -> list[Fix] | Refusal:
    return (config or OsmAnd()).decoder().decode_query(text.encode(), RECEIVED_MS)


def body(value: Any) -> list[Fix] | Refusal:
    return OsmAnd().decoder().decode_body(msgspec.json.encode(value), RECEIVED_MS)


def client_message(**coords: Any) -> dict[str, Any]:
    place = {"latitude": -6.1148096, "longitude": 106.6837015, **coords}
    return {"device_id": "8737767034", "location": {"timestamp": "2021-07-21T08:06:34.444Z", "coords": place}}


@pytest.mark.parametrize(
    ("stamp", "expected_ms"),
    [
        ("1377177267", 1_377_177_267_000),
        ("1442068686579", 1_442_068_686_579),
        ("2016-01-27T18%3A55%3A47Z", 1_453_920_947_000),
        ("2014-06-04+09%3A10%3A11", 1_401_873_011_000),
        ("2016-01-27T19%3A55%3A47%2B01%3A00", 1_453_920_947_000),
        ("2147483648", 2_147_483_648_000),
        ("1377177267.25", 1_377_177_267_250),
    ],
)
def test_a_stamp_may_be_seconds_milliseconds_or_iso(stamp: str, expected_ms: int) -> None:
    """Each spelling of the time gives the same kind of number; beyond 2038 too; no offset means UTC."""
    assert query(f"id=1&lat=60.0&lon=30.0&timestamp={stamp}") == [Fix("1", 60.0, 30.0, expected_ms)]


def test_speed_in_a_query_is_in_knots() -> None:
    """40 knots are 20.58 m/s; the bearing is the heading; keys we do not know are ignored."""
    found = query(
        "id=123456789012345&timestamp=1504763810&lat=40.7232948571&lon=-74.0061408571"
        "&bearing=7.19889788244&speed=40&accuracy=12.5&ignition=true&rpm=933&fuel=24"
    )
    assert isinstance(found, list)
    (fix,) = found
    assert fix.speed_mps == pytest.approx(20.5778, abs=1e-4)
    assert (fix.device, fix.lat, fix.lon) == ("123456789012345", 40.7232948571, -74.0061408571)
    assert (fix.heading_deg, fix.accuracy_m, fix.valid) == (7.19889788244, 12.5, True)


@pytest.mark.parametrize("text", ["deviceid=7&lat=60&lon=30", "id=7&location=60.0,30.0", "id=7&lat=6e1&lon=+30"])
def test_a_place_and_a_device_have_two_spellings(text: str) -> None:
    """`id` or `deviceid`; `lat` and `lon` or `location`."""
    assert query(text.replace("+", "%2B") + "&timestamp=1377177267") == [Fix("7", 60.0, 30.0, 1_377_177_267_000)]


@pytest.mark.parametrize(("flag", "valid"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_device_may_say_that_its_fix_is_not_valid(flag: str, valid: bool) -> None:
    """The flag reaches hygiene, which decides."""
    found = query(f"id=1&lat=60&lon=30&timestamp=1377177267&valid={flag}")
    assert isinstance(found, list)
    assert found[0].valid is valid


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("timestamp=1377177267&lat=60.0&lon=30.0", "id"),
        ("id=&timestamp=1377177267&lat=60.0&lon=30.0", "id"),
        (f"id={'x' * 129}&timestamp=1377177267&lat=60&lon=30", "id"),
        ("id=1&timestamp=1377177267&lon=30.0", "lat"),
        ("id=1&timestamp=1377177267&lat=60.0", "lon"),
        ("id=1&timestamp=1377177267&lat=nan&lon=30.0", "lat"),
        ("id=1&timestamp=1377177267&lat=60&lon=1_0", "lon"),
        ("id=1&timestamp=1377177267&lat=60,0&lon=30", "lat"),
        ("id=1&timestamp=1377177267&lat=60&lon=1e999", "lon"),
        ("id=1&timestamp=1377177267&location=60.0", "location"),
        ("id=1&timestamp=1377177267&location=60.0,x", "lon"),
        ("id=1&timestamp=1377177267&lat=60&lon=30&speed=-", "speed"),
        ("id=1&timestamp=yesterday&lat=60.0&lon=30.0", "timestamp"),
        ("id=1&timestamp=-5&lat=60.0&lon=30.0", "timestamp"),
        ("id=1&lat=60.0&lon=30.0", "timestamp"),
        ("id=1&cell=257,02,16,2224&timestamp=1377177267", "lat"),
        ("id=%ff&lat=60&lon=30&timestamp=1377177267", "query"),
        ("&".join(f"k{i}=1" for i in range(101)), "query"),
    ],
)
def test_a_refusal_names_the_field(text: str, field: str) -> None:
    """Missing, empty, too long, not a number, not finite, not a time: the field at fault is named."""
    found = query(text)
    assert isinstance(found, Refusal)
    assert found.field == field
    assert found.reason


def test_what_a_device_does_not_know_is_none() -> None:
    """-1 for speed or heading means unknown and must not cost the position."""
    found = query("id=1&lat=60&lon=30&timestamp=1377177267&speed=-1&heading=-1&accuracy=-1")
    assert found == [Fix("1", 60.0, 30.0, 1_377_177_267_000)]


def test_unstamped_positions_may_be_taken_on_request() -> None:
    """With `unstamped = "received"` the time of arrival stands in."""
    found = query("id=1&lat=60&lon=30", OsmAnd(unstamped="received"))
    assert found == [Fix("1", 60.0, 30.0, RECEIVED_MS)]


def test_speed_in_json_is_in_metres_per_second() -> None:
    """The client's JSON: 18.67 is taken as it is."""
    expected = Fix("8737767034", -6.1148096, 106.6837015, 1_626_854_794_444, 18.67, 63.0, 3.8)
    assert body(client_message(speed=18.67, heading=63, accuracy=3.8, altitude=35.7)) == [expected]


def test_json_carries_much_that_is_ignored() -> None:
    """Battery, activity, extras, nulls and negative unknowns of the real client do not disturb."""
    message = client_message(speed=-1, heading=-1, accuracy=5, floor=None, speed_accuracy=-1)
    message["location"] |= {"battery": {"level": -1}, "extras": {}, "mock": True, "_": "&id=4"}
    assert body(message) == [Fix("8737767034", -6.1148096, 106.6837015, 1_626_854_794_444, accuracy_m=5.0)]


def test_json_may_come_in_batches() -> None:
    """A list of messages, or a message with a list of locations, gives all the fixes in order."""
    one, two = client_message(speed=1), client_message(speed=2)
    together = {**one, "location": [one["location"], two["location"]]}
    for batch in ([one, two], together):
        found = body(batch)
        assert isinstance(found, list)
        assert [fix.speed_mps for fix in found] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"location": []}, "device_id"),
        ({"device_id": "a", "location": {"timestamp": "2021-07-21T08:06:34Z"}}, "location.coords"),
        (client_message(latitude="x"), "location.coords.latitude"),
        ([client_message(), client_message(longitude=None)], "[1].location.coords.longitude"),
        ({"device_id": "a", "location": {"timestamp": "soon", "coords": {}}}, "location.timestamp"),
        ({"device_id": "", "location": []}, "device_id"),
    ],
)
def test_a_refused_json_names_the_path(value: Any, field: str) -> None:
    """The path of the field at fault, also within a batch, of which then nothing is taken."""
    found = body(value)
    assert isinstance(found, Refusal)
    assert found.field == field


@pytest.mark.parametrize("data", [b"{", b"\xff", b'{"q":' + b"[" * 15_000, b'[{"device_id":"\xff"}]', b"", b"{}"])
def test_a_body_that_makes_no_sense_is_refused(data: bytes) -> None:
    """Cut off, not UTF-8, nested without end, empty: a refusal, never an exception."""
    assert isinstance(OsmAnd().decoder().decode_body(data, RECEIVED_MS), Refusal)


def test_a_form_is_a_query_in_a_body() -> None:
    """POST of a form gives the same fix as the URL's query."""
    text = b"id=7&lat=60.0&lon=30.0&timestamp=1377177267&speed=10"
    decoder: OsmAndDecoder = OsmAnd().decoder()
    assert decoder.decode_body(text + b"\r\n", RECEIVED_MS) == decoder.decode_query(text, RECEIVED_MS)
