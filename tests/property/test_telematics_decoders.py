"""Decoders under arbitrary bytes: never an exception, and the same fixes however the bytes were cut."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateways.telematics import JsonLines, OsmAnd
from gateways.telematics.fix import Fix, Refusal

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
