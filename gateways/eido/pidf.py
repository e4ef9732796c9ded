"""Locations as PIDF-LO (RFC 4119, 5139, 5491): a geodetic point, a civic address, or both; written and read.

Rule: what comes in is somebody else's XML. It is bounded, and entities and document types are refused.
"""

import re
from typing import Final
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from msgspec import Struct

GEO: Final = "urn:ietf:params:xml:ns:pidf:geopriv10"
CIVIC: Final = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
GML: Final = "http://www.opengis.net/gml"
WGS84: Final = "urn:ogc:def:crs:EPSG::4326"
BYTES_MAX: Final = 65_536
NUMBERED: Final = re.compile(r"(\d{1,6}[A-Za-z]?) ([^\d,;/&][^,;/&]{1,100})")
"""An address that plainly is a house number and a street."""


class Spot(Struct, frozen=True):
    """Where something is."""

    lat: float | None = None
    lon: float | None = None
    """WGS84 degrees; both or neither."""
    address: str = ""


class Unlocatable(Exception):
    """The text is not a location. The message says why."""


def write(spot: Spot, entity: str, at: str) -> str:
    """Return the PIDF-LO of a spot, about `entity` (an identifier), as of a time (RFC 3339)."""
    about = escape(entity, {'"': "&quot;"})
    inside = ""
    if spot.lat is not None and spot.lon is not None:
        inside += f'<gml:Point xmlns:gml="{GML}" srsName="{WGS84}"><gml:pos>{spot.lat:.7f} {spot.lon:.7f}</gml:pos></gml:Point>'
    if spot.address:
        inside += f'<ca:civicAddress xmlns:ca="{CIVIC}">{_civic(spot.address)}</ca:civicAddress>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="{GEO}" entity="pres:{about}">'
        f'<tuple id="spot"><status><gp:geopriv><gp:location-info>{inside}</gp:location-info>'
        "<gp:usage-rules/><gp:method>Manual</gp:method></gp:geopriv></status>"
        f"<timestamp>{at}</timestamp></tuple></presence>"
    )


def read(text: str) -> Spot:
    """Return the first point and the first civic address in a PIDF-LO. Raises Unlocatable."""
    if len(text) > BYTES_MAX:
        raise Unlocatable(f"it has more than {BYTES_MAX} characters")
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise Unlocatable(f"it is not XML that is taken here: {error}") from None
    position = next(root.iter(f"{{{GML}}}pos"), None)
    lat, lon = (None, None) if position is None else _point(position.text or "")
    civic = next(root.iter(f"{{{CIVIC}}}civicAddress"), None)
    address = (
        "" if civic is None else _address({each.tag.rpartition("}")[2]: (each.text or "").strip() for each in civic})
    )
    if lat is None and not address:
        raise Unlocatable("it holds neither a gml:pos nor a civic address")
    return Spot(lat, lon, address)


def _civic(address: str) -> str:
    """Return the elements of an address that is one line here: number and street where that is plain, else LOC."""
    numbered = NUMBERED.fullmatch(address)
    parts = {"LOC": address} if numbered is None else {"RD": numbered[2], "HNO": numbered[1]}
    return "".join(f"<ca:{name}>{escape(_printable(value))}</ca:{name}>" for name, value in parts.items())


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _point(text: str) -> tuple[float, float]:
    numbers = text.split()
    try:
        lat, lon = float(numbers[0]), float(numbers[1])
    except (ValueError, IndexError):
        raise Unlocatable("gml:pos is not a latitude and a longitude") from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Unlocatable("gml:pos lies outside the world")
    return lat, lon


def _address(civic: dict[str, str]) -> str:
    """Return a civic address as one line."""
    street = " ".join(civic[name] for name in ("HNO", "HNS", "PRD", "RD", "STS", "POD") if civic.get(name))
    rest = [civic[name] for name in ("LOC", "A3") if civic.get(name)]
    return ", ".join([street, *rest] if street else rest)
