"""Decoders under arbitrary bytes: never an exception, and the same fixes however the bytes were cut."""

from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.mqtt import Broker
from gateways.telematics import JsonLines, MqttJson, OsmAnd, OwnTracks, Traccar
from gateways.telematics.batch import HEAD, BatchDecoder, encode_fixes, encode_names
from gateways.telematics.columns import columns_of
from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.nmea import NmeaDecoder
from gateways.telematics.osmand import _keys_of
from gateways.telematics.taip import TaipDecoder
from gateways.telematics.topics import Gone

finite = st.floats(allow_nan=False, allow_infinity=False)
unknown = st.none() | finite
fixes = st.builds(
    Fix,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128),
    finite,
    finite,
    st.integers(-(2**63), 2**63 - 1),
    unknown,
    unknown,
    unknown,
    st.booleans(),
)
good_lines = fixes.map(msgspec.json.encode)
odd_lines = st.sampled_from([b"", b"\r", b"{}", b"[", b"null", b"x" * 70, b'{"device":"a","lat":1,"lon":', b"\xff\xfe"])
stamped = st.just(b'{"device":"a","lat":1.5,"lon":2,"time":"2026-01-01T00:00:00Z"}')
streams = st.lists(good_lines | odd_lines | stamped | st.binary(max_size=40), max_size=12).map(b"\n".join)
LIMIT = 400


def one_by_one(stream: bytes) -> list[Fix]:
    """The slow, obvious twin: each ended line by itself, no state between them."""
    found = []
    for line in stream.split(b"\n")[:-1]:
        found += JsonLines(line_limit_bytes=LIMIT).decoder().feed(line + b"\n")
    return found


@given(streams, st.lists(st.integers(0, 2_000), max_size=12))
def test_the_cuts_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """Whole, in pieces or line by line: the same fixes and the same number of refusals."""
    whole, pieces = JsonLines(line_limit_bytes=LIMIT).decoder(), JsonLines(line_limit_bytes=LIMIT).decoder()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    expected = whole.feed(stream)
    found = [fix for start, end in pairwise(edges) for fix in pieces.feed(stream[start:end])]
    assert found == expected == one_by_one(stream)
    assert pieces.refused == whole.refused


@given(st.lists(fixes, max_size=8))
def test_every_fix_survives_the_wire(sent: list[Fix]) -> None:
    """Encoded as lines and decoded again, nothing is lost or changed, to the last bit of each number."""
    stream = b"".join(msgspec.json.encode(fix) + b"\n" for fix in sent)
    assert JsonLines().decoder().feed(stream) == sent


json_like = st.recursive(
    st.none() | st.booleans() | finite | st.text(max_size=5) | st.just("2026-01-01T00:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["device_id", "location", "timestamp", "coords", "latitude", "longitude", "speed"]), inner
        )
    ),
    max_leaves=12,
)
bodies = st.binary(max_size=200) | json_like.map(msgspec.json.encode)


@given(bodies)
def test_any_body_is_fixes_or_a_refusal(body: bytes) -> None:
    """OsmAnd by POST: whatever the body, the answer is one of the two."""
    found = OsmAnd().decoder().decode_body(body, 1)
    assert isinstance(found, Refusal) or all(isinstance(fix, Fix) for fix in found)


keys = st.sampled_from(["id", "lat", "lon", "location", "timestamp", "speed", "heading", "accuracy", "valid", "x"])
values = st.text(max_size=12) | finite.map(str) | st.sampled_from(["1e5", "60,30", "%ff", "+", "9" * 400, "nan"])
queries = st.binary(max_size=200) | st.lists(st.tuples(keys, values), max_size=8).map(
    lambda pairs: "&".join(f"{key}={value}" for key, value in pairs).encode()
)


@given(queries)
def test_any_query_is_fixes_or_a_refusal(query: bytes) -> None:
    """OsmAnd by GET: whatever the query, the answer is one of the two, and a refusal names a field."""
    found = OsmAnd(unstamped="received").decoder().decode_query(query, 1)
    if isinstance(found, Refusal):
        assert found.field
        assert found.reason
    else:
        assert [type(fix) for fix in found] == [Fix]


# ── TAIP, NMEA 0183, batch frames ───────────────────────────────────────────────────────────────────────────

taip_pieces = st.sampled_from(
    [
        b">RPV15714+3739438-1220384601512612;ID=1234;*7F<",
        b">RPV15714+3739438-1220384601512610;ID=1<",
        b">RPV03874+34777O8-0923453100029212<",
        b">RLN03874000+347770828-0923453071+000608270000+00002923",
        b">REV481599462982+2578391-0802945201228512;ID=Test<",
        b">RAL03874+00185+00012;ID=0017;*4A<",
        b"<",
        b">",
        b">R" + b"9" * 1_100,
    ]
)
nmea_pieces = st.sampled_from(
    [
        b"$GPRMC,142819.299,A,5201.0809,N,00832.0852,E,0.87,249.59,180708,,,A*60\r\n",
        b"$GPGGA,142819.299,5201.0809,N,00832.0852,E,1,04,4.9,32.1,M,47.2,M,,0000*60\r\n",
        b"$GPGGA,143054.000,5201.1302,N,00832.1652,E,1,05,1.2,72.2,M,47.2,M,,0000*64\r\n",
        b"$GPRMC,143054.000,A,5201.1302,N,00832.1652,E,0.06,48.00,180708,,,A*5A\r\n",
        b"$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48\r\n",
        b"$GPRMC,,,,,,,,,,*67\r\n",
        b"$*00\r\n",
        b"$GPGGA*56\n",
        b"$" + b"x" * 300,
    ]
)
batch_pieces = st.sampled_from(
    [
        encode_names(["a", "b"]),
        encode_fixes([0, 1], [Fix("a", 52.0, 5.0, 1), Fix("b", 52.0, 5.0, 2, 3.0, 4.0, 5.0)]),
        encode_fixes([7], [Fix("a", 52.0, 5.0, 1)]),
        HEAD.pack(b"TNFX", 1, 1, 0, 3, 2) + b"\xff\xff",
        HEAD.pack(b"TNFX", 1, 2, 0, 3, 5) + b"12345",
        HEAD.pack(b"TNFX", 9, 2, 0, 0, 0),
        HEAD.pack(b"TNFX", 1, 2, 0, 2**32 - 1, 2**32 - 1),
    ]
)
PROTOCOLS = {
    "taip": (lambda: TaipDecoder("d"), taip_pieces),
    "nmea": (lambda: NmeaDecoder("d"), nmea_pieces),
    "batch": (BatchDecoder, batch_pieces),
}


def told(decoded: Any) -> list[Any]:
    """Fixes as they are; columns as rows, NaN as None, so that they can be compared."""
    rows: list[Any] = []
    for each in decoded:
        if isinstance(each, Fix):
            rows.append(each)
        else:
            columns = [getattr(each, name).tolist() for name in each.__struct_fields__[1:]]
            rows += [tuple(None if value != value else value for value in row) for row in zip(*columns, strict=True)]  # noqa: PLR0124
    return rows


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
@given(data=st.data())
def test_a_stream_is_decoded_the_same_however_it_was_cut(protocol: str, data: st.DataObject) -> None:
    """Never an exception, whatever comes; memory bounded; and the cuts between receives do not matter."""
    make, pieces = PROTOCOLS[protocol]
    stream = b"".join(data.draw(st.lists(pieces | st.binary(max_size=30), max_size=10)))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    received_ms = data.draw(st.integers(0, 2**42))
    whole, part = make(), make()
    expected = told(whole.feed(stream, received_ms))
    edges = [0, *sorted(cuts), len(stream)]
    found = [fix for start, end in pairwise(edges) for fix in told(part.feed(stream[start:end], received_ms))]
    assert found == expected
    assert (part.refused, part.lost) == (whole.refused, whole.lost)
    assert len(part._rest) <= 2_000_000
    assert len(whole.take_refusals()) <= 16


@given(st.lists(st.tuples(st.integers(0, 1), fixes), max_size=20))
def test_a_batch_survives_the_wire(sent: list[tuple[int, Fix]]) -> None:
    """To the resolution of the frame: 1e-7 degrees, cm/s, hundredths of a degree, decimetres."""
    near = [
        msgspec.structs.replace(fix, lat=max(-90.0, min(90.0, fix.lat)), lon=max(-180.0, min(180.0, fix.lon)))
        for _, fix in sent
    ]
    places = [place for place, _ in sent]
    (columns,) = BatchDecoder().feed(encode_names(["a", "b"]) + encode_fixes(places, near))
    assert columns.device.tolist() == places
    assert columns.fix_ms.tolist() == [fix.fix_ms for fix in near]
    assert columns.lat.tolist() == pytest.approx([fix.lat for fix in near], abs=6e-8)
    assert columns.lon.tolist() == pytest.approx([fix.lon for fix in near], abs=6e-8)
    for found, fix in zip(columns.speed_mps.tolist(), near, strict=True):
        if fix.speed_mps is None:
            assert found != found  # noqa: PLR0124 - NaN is what is not known
        else:
            assert found == pytest.approx(max(0.0, min(655.34, fix.speed_mps)), abs=0.0051)


# ── MQTT and Traccar ────────────────────────────────────────────────────────────────────────────────────────

BROKER = Broker(host="broker")
words = st.sampled_from(
    ["_type", "lat", "lon", "tst", "vel", "acc", "cog", "time", "device", "speed", "position", "valid"]
)
scalars = (
    st.none() | st.booleans() | finite | st.integers() | st.sampled_from(["location", "lwt", "1e3", "a", "2026-01-01"])
)
objects = st.recursive(scalars, lambda inner: st.dictionaries(words, inner, max_size=6) | st.lists(inner, max_size=2))
payloads = st.binary(max_size=80) | objects.map(msgspec.json.encode) | st.just(b"[" * 5_000)
topics = st.sampled_from(["owntracks/a/b", "owntracks/a", "turnout/7/position", "turnout/7/status", "", "x"])


@given(topics, payloads, st.integers(0, 2**42))
def test_any_message_of_a_broker_is_a_fix_or_says_why_not(topic: str, payload: bytes, received_ms: int) -> None:
    """Whatever is published where: a fix, gone, nothing, or a refusal that names a field; never an exception."""
    for feed in (OwnTracks(broker=BROKER, principal="p"), MqttJson(broker=BROKER, principal="p", unstamped="received")):
        heard = feed.hear(topic, payload, received_ms)
        assert heard is None or isinstance(heard, Fix | Gone | Refusal)
        assert not isinstance(heard, Refusal) or (heard.field and heard.reason)
        if isinstance(heard, Fix):
            columns_of([heard])


@given(bodies | objects.map(msgspec.json.encode))
def test_any_body_posted_for_traccar_is_a_fix_or_a_refusal(body: bytes) -> None:
    """Whatever Traccar, or who says that it is, posts."""
    found = Traccar().decode_body(body, 1)
    assert isinstance(found, Refusal) or [type(fix) for fix in found] == [Fix]


@given(st.text(st.sampled_from("ab=&1.;"), max_size=30) | st.text(st.sampled_from("a=&"), max_size=230))
def test_a_query_without_quotes_is_read_as_the_library_does(text: str) -> None:
    """The short way and the library's give the same keys, or both find too many."""
    try:
        expected = dict(parse_qsl(text, keep_blank_values=False, errors="strict", max_num_fields=100))
    except ValueError:
        with pytest.raises(ValueError, match="too many"):
            _keys_of(text)
    else:
        assert _keys_of(text) == expected
