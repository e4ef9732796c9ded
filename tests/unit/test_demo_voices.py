"""What the demo's trackers say, the engine's decoders understand."""

import pytest

from gateways.demo.voices import NAMES, PROTOCOLS, mqtt, table, taip, voice_of
from gateways.mqtt import Broker
from gateways.telematics import MqttJson
from gateways.telematics.batch import BatchDecoder
from gateways.telematics.fix import Fix
from gateways.telematics.jsonlines import JsonLines
from gateways.telematics.taip import TaipDecoder

NOW = 1_770_000_123_000
FIX = Fix("A-7", -33.8567844, 151.2152967, NOW, 13.4, 271.6)


def test_taip_is_understood() -> None:
    """To the digits that TAIP has: 1e-5 degrees, miles an hour, whole degrees and seconds."""
    decoder = TaipDecoder(None)
    (heard,) = decoder.feed(taip(FIX), NOW + 2_000)
    assert decoder.refused == 0
    assert (heard.device, heard.fix_ms, heard.heading_deg) == ("A-7", NOW, 272.0)
    assert (heard.lat, heard.lon) == (pytest.approx(FIX.lat, abs=6e-6), pytest.approx(FIX.lon, abs=6e-6))
    assert heard.speed_mps == pytest.approx(13.4, abs=0.23)


def test_streams_are_understood() -> None:
    """JSON lines to the last bit, batch frames to their resolution; each begins with the token."""
    for feed in (None, "lines", "binary"):
        voice = voice_of(feed, "feed.secret", ["A-1", "A-7"])
        token, newline, rest = voice.hello.partition(b"\n")
        assert (token, newline) == (b'{"token":"feed.secret"}', b"\n")
        if feed == "binary":
            (columns,) = BatchDecoder().feed(rest + voice.encode([FIX]))
            assert columns.names.names[columns.device[0]] == "A-7"
            assert columns.lat[0] == pytest.approx(FIX.lat)
        else:
            assert JsonLines().decoder().feed(voice.encode([FIX])) == [FIX]


def test_mqtt_is_understood() -> None:
    """The topic names the device."""
    topic, payload = mqtt(FIX)
    assert MqttJson(broker=Broker(host="b"), principal="feed").hear(topic, payload, NOW) == FIX


def test_every_feed_that_needs_a_door_has_a_table() -> None:
    """The others stand in the demo's configuration anyway."""
    for feed in NAMES:
        assert (PROTOCOLS.get(feed, "none") in table(feed, 7_021)) == (feed in PROTOCOLS)
