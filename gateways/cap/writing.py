"""CAP 1.2 to bytes: the elements in the order of the standard's schema, empty ones left out, times with their zone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from gateways.cap.alert import NAMESPACE, Area, CapAlert, Info, Named, Point, Reference

METRES = 1_000


def write_alert(alert: CapAlert) -> bytes:
    """Return the document."""
    register_namespace("", NAMESPACE)
    root = Element(f"{{{NAMESPACE}}}alert")
    for name, text in (
        ("identifier", alert.identifier),
        ("sender", alert.sender),
        ("sent", time_of(alert.sent_ms)),
        ("status", alert.status),
        ("msgType", alert.kind),
        ("source", alert.source),
        ("scope", alert.scope),
        ("restriction", alert.restriction),
        ("addresses", alert.addresses),
        ("note", alert.note),
        ("references", " ".join(_reference(each) for each in alert.references)),
        ("incidents", alert.incidents),
    ):
        _put(root, name, text)
    for info in alert.infos:
        _info(root, info)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def time_of(at_ms: int) -> str:
    """Return a time as CAP writes it: to the second, UTC as -00:00."""
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def _reference(reference: Reference) -> str:
    return f"{reference.sender},{reference.identifier},{time_of(reference.sent_ms)}"


def _info(root: Element, info: Info) -> None:
    inner = SubElement(root, f"{{{NAMESPACE}}}info")
    for name, text in _fields(info):
        _put(inner, name, text)
    _named(inner, "eventCode", info.codes)
    for name, at_ms in (("effective", info.effective_ms), ("onset", info.onset_ms), ("expires", info.expires_ms)):
        _put(inner, name, "" if at_ms is None else time_of(at_ms))
    for name, text in (
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
        ("web", info.web),
        ("contact", info.contact),
    ):
        _put(inner, name, text)
    _named(inner, "parameter", info.parameters)
    for area in info.areas:
        _area(inner, area)


def _fields(info: Info) -> Iterator[tuple[str, str]]:
    yield "language", info.language
    yield from (("category", category) for category in info.categories)
    yield "event", info.event
    yield from (("responseType", response) for response in info.responses)
    yield "urgency", info.urgency
    yield "severity", info.severity
    yield "certainty", info.certainty


def _area(info: Element, area: Area) -> None:
    inner = SubElement(info, f"{{{NAMESPACE}}}area")
    _put(inner, "areaDesc", area.described)
    for ring in area.polygons:
        _put(inner, "polygon", " ".join(_point(corner) for corner in (*ring, ring[0])))
    for circle in area.circles:
        _put(inner, "circle", f"{_point((circle.lat, circle.lon))} {circle.radius_m / METRES:.3f}")
    _named(inner, "geocode", area.geocodes)


def _point(point: Point) -> str:
    return f"{point[0]:.6f},{point[1]:.6f}"


def _named(parent: Element, name: str, values: tuple[Named, ...]) -> None:
    for each in values:
        inner = SubElement(parent, f"{{{NAMESPACE}}}{name}")
        _put(inner, "valueName", each.name)
        _put(inner, "value", each.value)


def _put(parent: Element, name: str, text: str) -> None:
    if text:
        SubElement(parent, f"{{{NAMESPACE}}}{name}").text = writable(text)


def writable(text: str) -> str:
    """Return the text without what XML 1.0 cannot hold at all: it would make the document unreadable for everybody."""
    return "".join(each for each in text if _can_be_written(each))


def _can_be_written(character: str) -> bool:
    code = ord(character)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
