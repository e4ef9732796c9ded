"""What comes by MQTT, and from Traccar: messages of Traccar's public tests and of its users, re-typed."""

from datetime import UTC, datetime

import pytest

from gateways.mqtt import Broker
from gateways.telematics import MqttJson, OwnTracks, Traccar
from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.mqttjson import Fields
from gateways.telematics.osmand import MPS_PER_KNOT
from gateways.telematics.topics import Gone, name_in

BROKER = Broker(host="broker")
PHONES = OwnTracks(broker=BROKER, principal="phones")
NOW = 1_770_000_000_000


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            (
                b'{"_type":"location","acc":15,"alt":440,"batt":46,"conn":"w","lat":46.0681247,"lon":11.1512805,"t":"u",'
                b'"tid":"5t","tst":1551874878,"vac":2,"vel":0}'
            ),
            Fix("ann/phone", 46.0681247, 11.1512805, 1_551_874_878_000, 0.0, None, 15.0),
        ),
        (
            b'{"lon":2.29513,"lat":48.85833,"tst":1497349316,"_type":"location","tid":"JJ"}',
            Fix("ann/phone", 48.85833, 2.29513, 1_497_349_316_000),
        ),
        (
            (
                b'{"cog":271,"lon":2.29513,"acc":5,"vel":61,"vac":21,"lat":48.85833,"tst":1497349316,"alt":167,'
                b'"_type":"location","tid":"JJ","t":"u","batt":67}'
            ),
            Fix("ann/phone", 48.85833, 2.29513, 1_497_349_316_000, pytest.approx(61 / 3.6), 271.0, 5.0),
        ),
        (b'{"_type":"lwt","tst":1770000000}', Gone("ann/phone")),
        (b'{"_type":"transition","tst":1}', None),
        (b"", None),
        (b'{"_type":"location","lat":1,"tst":1}', Refusal("Object missing required field `lon`", "lon")),
        (
            b'{"_type":"encrypted","data":"x"}',
            Refusal("is encrypted; switch the app's payload encryption off and TLS on", "payload"),
        ),
    ],
)
def test_owntracks(payload: bytes, expected: object) -> None:
    """Seconds and km/h; the last will says that the phone has gone."""
    assert PHONES.hear("owntracks/ann/phone", payload, NOW) == expected


def test_a_topic_of_somebody_else_is_nothing() -> None:
    """One level more, or another beginning."""
    assert PHONES.hear("owntracks/ann/phone/event", b"{}", NOW) is None
    assert name_in("fleet/+/gps", "fleet/7/gps") == "7"
    assert name_in("+/x/+", "a/x/b") == "a/b"
    assert name_in("fleet/+", "fleet/") is None


def test_json_in_the_publisher_s_words() -> None:
    """Names, depth and unit of speed are said in the table; the device is in the topic."""
    fields = Fields(lat="pos.latitude", lon="pos.longitude", time="ts", speed="v")
    feed = MqttJson(broker=BROKER, principal="p", position_topics=("fleet/+/gps",), fields=fields, speed_in="km/h")
    payload = b'{"pos": {"latitude": 52.5, "longitude": "4.9"}, "ts": 1770000000, "v": 36, "heading": -1}'
    assert feed.hear("fleet/av-7/gps", payload, NOW) == Fix("av-7", 52.5, 4.9, NOW, pytest.approx(10.0))
    assert feed.hear("fleet/av-7/gps", b'{"pos": {"latitude": 52.5}, "ts": 1}', NOW) == Refusal(
        "is missing", "pos.longitude"
    )
    assert isinstance(feed.hear("fleet/av-7/gps", b'{"pos": {"latitude": 1, "longitude": 2}}', NOW), Refusal)


def test_a_status_says_who_has_gone() -> None:
    """Only the word that means it."""
    feed = MqttJson(broker=BROKER, principal="p")
    assert feed.hear("turnout/av-7/status", b"offline", NOW) == Gone("av-7")
    assert feed.hear("turnout/av-7/status", b"online", NOW) is None


FORWARDED = (
    b'{"position":{"id":18341,"attributes":{"ignition":true},"deviceId":15,"protocol":"teltonika",'
    b'"serverTime":"2026-10-02T22:12:57.000+00:00","deviceTime":"2026-10-02T22:12:55.000+00:00",'
    b'"fixTime":"2026-10-02T22:12:55.000+00:00","valid":true,"latitude":52.52,"longitude":13.405,"altitude":35.0,'
    b'"speed":12.3,"course":180.0,"address":null,"accuracy":0.0,"network":null,"geofenceIds":null},'
    b'"device":{"id":15,"attributes":{},"groupId":0,"name":"Engine 1","uniqueId":"860000000000019","status":"online",'
    b'"lastUpdate":"2026-10-02T22:12:57.000+00:00","positionId":0,"phone":null,"model":null,"disabled":false}}'
)


def test_what_traccar_forwards() -> None:
    """Knots, ISO 8601 or milliseconds, an accuracy of 0 is none; the device is its unique id."""
    at_ms = round(datetime(2026, 10, 2, 22, 12, 55, tzinfo=UTC).timestamp() * 1_000)
    expected = Fix("860000000000019", 52.52, 13.405, at_ms, pytest.approx(12.3 * MPS_PER_KNOT), 180.0, None)
    assert Traccar().decode_body(FORWARDED, NOW) == [expected]
    in_ms = FORWARDED.replace(b'"fixTime":"2026-10-02T22:12:55.000+00:00"', b'"fixTime":%d' % at_ms)
    assert Traccar().decode_body(in_ms, NOW) == [expected]
    found = Traccar().decode_body(b'{"position":{"latitude":1,"longitude":2}}', NOW)
    assert isinstance(found, Refusal)
    assert found.field == "position.fixTime"
