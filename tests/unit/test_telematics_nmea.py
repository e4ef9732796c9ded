"""NMEA 0183: sentences of gpsd's regression log of a Blumax GPS-009, and a few well-known ones, re-typed."""

from datetime import UTC, datetime

import pytest

from gateways.telematics.fix import Fix
from gateways.telematics.nmea import NmeaDecoder
from gateways.telematics.osmand import MPS_PER_KNOT


def ms(*moment: int) -> int:
    return round(datetime(*moment, tzinfo=UTC).timestamp() * 1_000)  # type: ignore[misc]


DAY = ms(2008, 7, 18, 14, 31)
LOG = """\
$GPGGA,142818.899,5201.0687,N,00832.0645,E,0,04,,35.8,M,47.2,M,,0000*47
$GPRMC,142818.899,V,5201.0687,N,00832.0645,E,,,180708,,,N*7F
$GPGGA,142819.299,5201.0809,N,00832.0852,E,1,04,4.9,32.1,M,47.2,M,,0000*60
$GPGLL,5201.0809,N,00832.0852,E,142819.299,A,A*5D
$GPGSA,A,3,26,22,12,15,,,,,,,,,5.0,4.9,1.0*38
$GPRMC,142819.299,A,5201.0809,N,00832.0852,E,0.87,249.59,180708,,,A*60
$GPZDA,143054.000,18,07,2008,,*55
$GPGGA,143054.000,5201.1302,N,00832.1652,E,1,05,1.2,72.2,M,47.2,M,,0000*64
$GPRMC,143054.000,A,5201.1302,N,00832.1652,E,0.06,48.00,180708,,,A*5A
"""


def summed(body: str) -> str:
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}"


NEXT = summed("GPRMC,000000,A,0000.00,N,00000.00,E,,,010120,,").encode() + b"\r\n"


def feed(text: str, received_ms: int = DAY) -> list[Fix]:
    decoder = NmeaDecoder("a")
    fixes = decoder.feed(text.replace("\n", "\r\n").encode(), received_ms)
    assert decoder.refused == 0, decoder.take_refusals()
    return fixes


def test_a_receiver_s_sentences_become_a_fix_a_moment() -> None:
    """As gpsd reports them: 52.018015, 8.534753333, and so on; without satellites it is not valid."""
    first, second, third = feed(LOG)
    assert not first.valid
    assert second == Fix(
        "a",
        pytest.approx(52.018015),
        pytest.approx(8.534753333),
        ms(2008, 7, 18, 14, 28, 19, 299_000),
        pytest.approx(0.87 * MPS_PER_KNOT),
        249.59,
        pytest.approx(24.5),
    )
    assert (third.lat, third.lon) == (pytest.approx(52.018836667), pytest.approx(8.536086667))
    assert third.speed_mps == pytest.approx(0.031, abs=0.001)
    assert (third.heading_deg, third.accuracy_m) == (48.0, pytest.approx(6.0))


def test_before_there_is_a_place_there_is_no_fix() -> None:
    """The first sentences after switching on."""
    text = "$GPGGA,142816.359,,,,,0,00,,,M,0.0,M,,0000*51\n$GPRMC,142816.359,V,,,,,,,180708,,,N*4C\n"
    assert feed(text + "$GPGGA,142817.299,,,,,0,00,,,M,0.0,M,,0000*5D\n") == []


@pytest.mark.parametrize(
    ("sentence", "lat", "lon", "at_ms", "knots", "course"),
    [
        (
            "$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68",
            49.274167,
            -123.185333,
            ms(1994, 11, 19, 22, 54, 46),
            0.5,
            54.7,
        ),
        (
            "$GPRMC,081836,A,3751.65,S,14507.36,E,000.0,360.0,130998,011.3,E*62",
            -37.860833,
            145.122667,
            ms(1998, 9, 13, 8, 18, 36),
            0.0,
            360.0,
        ),
        (
            "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A",
            48.1173,
            11.516667,
            ms(1994, 3, 23, 12, 35, 19),
            22.4,
            84.4,
        ),
        (
            "$GPRMC,180041.896,A,3749.1851,N,08338.7891,W,001.9,154.9,240911,,,A*7A",
            37.819752,
            -83.646485,
            ms(2011, 9, 24, 18, 0, 41, 896_000),
            1.9,
            154.9,
        ),
    ],
)
def test_rmc_alone(sentence: str, lat: float, lon: float, at_ms: int, knots: float, course: float) -> None:
    """Told when the next moment begins; from then on at once, because nothing else is to be expected."""
    decoder = NmeaDecoder("a")
    assert decoder.feed(f"{sentence}\r\n".encode(), at_ms + 500) == []
    (fix, _) = decoder.feed(NEXT, at_ms + 500)
    assert decoder.refused == 0
    assert (fix.lat, fix.lon) == (pytest.approx(lat, abs=1e-6), pytest.approx(lon, abs=1e-6))
    assert (fix.fix_ms, fix.heading_deg) == (at_ms, course)
    assert fix.speed_mps == pytest.approx(knots * MPS_PER_KNOT)


def test_gga_takes_its_day_from_the_receipt_and_its_speed_from_vtg() -> None:
    """Neither has a date; VTG has no time and belongs to the moment before it."""
    text = (
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\n"
        "$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48\n"
        "$GPGGA,123520,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*4D\n"
    )
    (fix,) = feed(text, ms(2026, 2, 2, 12, 36))
    assert fix.fix_ms == ms(2026, 2, 2, 12, 35, 19)
    assert fix.speed_mps == pytest.approx(5.5 * MPS_PER_KNOT)
    assert (fix.heading_deg, fix.accuracy_m) == (54.7, pytest.approx(4.5))


def test_a_receiver_that_has_missed_a_rollover_is_put_right() -> None:
    """1,024 weeks ago to the minute is now; ten years ago is ten years ago."""
    rmc = "$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68\n" + summed("GPRMC,,V,,,,,,,,,") + "\n"
    decoder = NmeaDecoder("a")
    rolled_ms = ms(1994, 11, 19, 22, 54, 46) + 1_024 * 7 * 86_400_000
    decoder.feed(rmc.encode(), rolled_ms + 60_000)
    (fix, _) = decoder.feed(NEXT, rolled_ms + 60_000)
    assert fix.fix_ms == rolled_ms


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*69", "checksum"),
        ("$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E", "sentence"),
        (summed("GPRMC,996400,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E"), "time"),
        (summed("GPRMC,225446,A,4966.45,N,12311.12,W,000.5,054.7,191194,020.3,E"), "latitude"),
        (summed("GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,391394,020.3,E"), "date"),
        ("hello", "sentence"),
        ("$" + "x" * 300, "sentence"),
    ],
)
def test_a_refusal_names_the_field(line: str, field: str) -> None:
    """Checksum, time, latitude, date, or the sentence as a whole."""
    decoder = NmeaDecoder("a")
    assert decoder.feed(f"{line}\r\n".encode(), DAY) == []
    assert [refusal.field for refusal in decoder.take_refusals()] == [field]


def test_without_a_name_nothing_is_taken() -> None:
    """The receiver tells none: it must come from the first line, the address or the door."""
    decoder = NmeaDecoder(None)
    assert decoder.feed(LOG.encode(), DAY) == []
    assert {refusal.field for refusal in decoder.take_refusals()} == {"device"}
