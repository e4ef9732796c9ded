"""JSON lines: one line, one fix; a bad line costs itself alone."""

import msgspec
import pytest

from gateways.telematics import JsonLines, TelematicsProtocol
from gateways.telematics.fix import Fix

GOOD = b'{"device":"a","lat":52.5,"lon":4.5,"time_ms":1000,"speed_mps":12.5,"heading":270,"accuracy_m":4}\n'
GOOD_FIX = Fix("a", 52.5, 4.5, 1000, 12.5, 270.0, 4.0)


def line(**changes: object) -> bytes:
    whole = {"device": "a", "lat": 52.5, "lon": 4.5, "time_ms": 1000, **changes}
    return msgspec.json.encode({key: value for key, value in whole.items() if value is not ...}) + b"\n"


def test_a_line_is_a_fix() -> None:
    """Every field arrives; what is left out is unknown."""
    decoder = JsonLines().decoder()
    assert decoder.feed(GOOD + line()) == [GOOD_FIX, Fix("a", 52.5, 4.5, 1000)]
    assert decoder.take_refusals() == []


def test_a_fix_is_a_line() -> None:
    """What a program encodes from a Fix is what the protocol reads."""
    assert JsonLines().decoder().feed(msgspec.json.encode(GOOD_FIX) + b"\n") == [GOOD_FIX]


def test_a_line_counts_when_its_newline_has_come() -> None:
    """Without the newline it may be half a line, so it waits."""
    decoder = JsonLines().decoder()
    assert decoder.feed(GOOD[:-1]) == []
    assert decoder.feed(b"\n") == [GOOD_FIX]


def test_time_may_be_iso_with_an_offset() -> None:
    """`time` instead of `time_ms`; both offsets name the same moment."""
    data = line(time_ms=..., time="1970-01-01T00:00:01Z") + line(time_ms=..., time="1970-01-01T02:00:01+02:00")
    assert JsonLines().decoder().feed(data) == [Fix("a", 52.5, 4.5, 1000)] * 2


def test_blank_lines_and_carriage_returns_are_no_mistakes() -> None:
    """A blank line is a sign of life; Windows line ends are taken."""
    decoder = JsonLines().decoder()
    assert decoder.feed(b"\n\r\n  \n" + GOOD.replace(b"\n", b"\r\n")) == [GOOD_FIX]
    assert decoder.refused == 0


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (line(lat="x"), "lat"),
        (line(lon=...), "lon"),
        (line(time_ms=...), "time_ms"),
        (line(time_ms=1.5), "time_ms"),
        (line(time_ms=..., time="1970-01-01T00:00:01"), "time"),
        (line(time="1970-01-01T00:00:01Z"), "time_ms"),
        (line(device=""), "device"),
        (line(device="x" * 129), "device"),
        (line(colour="red"), "colour"),
        (b'{"device":"a","lat":NaN}\n', "line"),
        (b'{"device":"a","lat":1e999,"lon":1,"time_ms":1}\n', "lat"),
        (b'{"device":"\xff","lat":1,"lon":1,"time_ms":1}\n', "line"),
        (b"[" * 16_000 + b"\n", "line"),
        (b'{"lat":' + b"[" * 16_000 + b"\n", "lat"),
        (GOOD[:-1] + GOOD, "line"),
    ],
)
def test_a_bad_line_costs_itself_alone(bad: bytes, field: str) -> None:
    """It is counted and its field named; the lines before and after it are taken."""
    decoder = JsonLines().decoder()
    assert decoder.feed(GOOD + bad + GOOD) == [GOOD_FIX, GOOD_FIX]
    assert [refusal.field for refusal in decoder.take_refusals()] == [field]
    assert decoder.refused == 1
    assert decoder.take_refusals() == []


@pytest.mark.parametrize(("length", "refused"), [(16_383, 0), (16_384, 0), (16_385, 1), (40_000, 1)])
@pytest.mark.parametrize("piece", [1_000, 100_000])
def test_an_overlong_line_is_dropped_to_its_newline(length: int, refused: int, piece: int) -> None:
    """Just at the limit it is taken, one byte over it is not, whether it comes whole or in pieces."""
    decoder = JsonLines().decoder()
    data = GOOD[:-1].ljust(length) + b"\n" + GOOD
    fixes = [fix for at in range(0, len(data), piece) for fix in decoder.feed(data[at : at + piece])]
    assert fixes == [GOOD_FIX] * (2 - refused)
    assert decoder.feed(GOOD) == [GOOD_FIX]
    assert decoder.refused == refused


def test_memory_is_bounded() -> None:
    """An endless line and endless mistakes leave little behind; the count stays right."""
    decoder = JsonLines().decoder()
    for _ in range(100):
        decoder.feed(b"x" * 10_000)
    assert len(decoder._rest) <= 16_384
    decoder.feed(b"\n" + b"x\n" * 1_000)
    assert decoder.refused == 1_001
    assert len(decoder.take_refusals()) == 16


def test_the_configuration_is_the_protocol() -> None:
    """A table of the configuration decodes straight into it; an unknown key is refused with its name."""
    found: TelematicsProtocol = msgspec.convert({"protocol": "JsonLines", "port": 7021}, type=TelematicsProtocol)
    assert found == JsonLines(port=7021)
    with pytest.raises(msgspec.ValidationError, match="prot"):
        msgspec.convert({"protocol": "JsonLines", "prot": 7021}, type=TelematicsProtocol)
