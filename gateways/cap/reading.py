"""CAP 1.2 from bytes: strict where the standard is, and bounded where it is not.

Rule: a document is untrusted. No DTD, no entity, nothing from outside (defusedxml); its size, its elements, its shapes
and its texts have limits. What is wrong is an `Unreadable` that names the element; nothing else is ever raised.
"""

import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gateways.cap.alert import (
    NAMESPACE,
    Area,
    CapAlert,
    Category,
    Certainty,
    Circle,
    Info,
    MessageType,
    Named,
    Point,
    Reference,
    Scope,
    Severity,
    Status,
    Urgency,
)

ELEMENTS_MAX: Final = 20_000
TEXT_MAX: Final = 16_000
SHAPES_MAX: Final = 256
CORNERS_MAX: Final = 20_000
"""Of one polygon."""
INFOS_MAX: Final = 64
REFERENCES_MAX: Final = 64
EARTH_M: Final = 20_040_000
"""Half way round."""
_PART: Final = re.compile(r"[^\s<&,]{1,200}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[+-]\d\d:\d\d|Z)", re.ASCII)
_Word = TypeVar("_Word", bound=StrEnum)


class Unreadable(Exception):
    """This is no CAP 1.2 alert. The message names the element and says what is wrong with it."""

    def __init__(self, element: str, reason: str) -> None:
        super().__init__(f"{element}: {reason}")
        self.element = element


def read_alert(data: bytes) -> CapAlert:
    """Return the alert of a document. Raises Unreadable."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Unreadable("document", f"document types and entities are not taken ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable("document", f"is not XML: {error}") from None
    if sum(1 for _ in root.iter()) > ELEMENTS_MAX:
        raise Unreadable("document", f"has more than {ELEMENTS_MAX} elements")
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise Unreadable("alert", f"the root is {root.tag[:120]!r}, not alert of {NAMESPACE}")
    return _alert(root)


def _alert(root: Element) -> CapAlert:
    infos = list(root.iterfind(_tag("info")))
    if len(infos) > INFOS_MAX:
        raise Unreadable("info", f"there are more than {INFOS_MAX}")
    return CapAlert(
        identifier=_part(root, "identifier"),
        sender=_part(root, "sender"),
        sent_ms=_whole_second(_required(root, "sent"), "sent"),
        status=_word(root, "status", Status),
        kind=_word(root, "msgType", MessageType),
        source=_text(root, "source"),
        scope=_word(root, "scope", Scope),
        restriction=_text(root, "restriction"),
        addresses=_text(root, "addresses"),
        note=_text(root, "note"),
        references=tuple(_references(_text(root, "references"))),
        incidents=_text(root, "incidents"),
        infos=tuple(_info(info) for info in infos),
    )


def _info(info: Element) -> Info:
    return Info(
        language=_text(info, "language") or "en-US",
        categories=tuple(_words(info, "category", Category)),
        event=_required(info, "event"),
        responses=tuple(_texts(info, "responseType")),
        urgency=_word(info, "urgency", Urgency),
        severity=_word(info, "severity", Severity),
        certainty=_word(info, "certainty", Certainty),
        codes=tuple(_named(info, "eventCode")),
        effective_ms=_time(info, "effective"),
        onset_ms=_time(info, "onset"),
        expires_ms=_time(info, "expires"),
        sender_name=_text(info, "senderName"),
        headline=_text(info, "headline"),
        description=_text(info, "description"),
        instruction=_text(info, "instruction"),
        web=_text(info, "web"),
        contact=_text(info, "contact"),
        parameters=tuple(_named(info, "parameter")),
        areas=tuple(_area(area) for area in info.iterfind(_tag("area"))),
    )


def _area(area: Element) -> Area:
    polygons = [_polygon(text) for text in _texts(area, "polygon")]
    circles = [_circle(text) for text in _texts(area, "circle")]
    if len(polygons) + len(circles) > SHAPES_MAX:
        raise Unreadable("area", f"it has more than {SHAPES_MAX} shapes")
    return Area(_required(area, "areaDesc"), tuple(polygons), tuple(circles), tuple(_named(area, "geocode")))


def _polygon(text: str) -> tuple[Point, ...]:
    pairs = text.split()
    if not 4 <= len(pairs) <= CORNERS_MAX:
        raise Unreadable("polygon", f"has {len(pairs)} pairs; 4 to {CORNERS_MAX} are taken, the first one repeated")
    ring = tuple(_point(pair, "polygon") for pair in pairs)
    if ring[0] != ring[-1]:
        raise Unreadable("polygon", "the last pair is not the first one again")
    return ring[:-1]


def _circle(text: str) -> Circle:
    parts = text.split()
    if len(parts) != 2:
        raise Unreadable("circle", 'is not "latitude,longitude radius"')
    lat, lon = _point(parts[0], "circle")
    radius_m = _number(parts[1], "circle") * 1_000
    if not 0 <= radius_m <= EARTH_M:
        raise Unreadable("circle", f"{parts[1][:40]!r} is not a radius in kilometres")
    return Circle(lat, lon, radius_m)


def _point(pair: str, element: str) -> Point:
    lat_text, comma, lon_text = pair.partition(",")
    if not comma:
        raise Unreadable(element, f'{pair[:40]!r} is not "latitude,longitude"')
    lat, lon = _number(lat_text, element), _number(lon_text, element)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Unreadable(element, f"{pair[:40]!r} lies nowhere on Earth")
    return lat, lon


def _number(text: str, element: str) -> float:
    try:
        value = float(text) if len(text) <= 40 and text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Unreadable(element, f"{text[:40]!r} is not a number")
    return value


def _references(text: str) -> Iterator[Reference]:
    parts = text.split()
    if len(parts) > REFERENCES_MAX:
        raise Unreadable("references", f"there are more than {REFERENCES_MAX}")
    for part in parts:
        sender, _, rest = part.partition(",")
        identifier, _, sent = rest.partition(",")
        if not (sender and identifier and sent):
            raise Unreadable("references", f'{part[:80]!r} is not "sender,identifier,sent"')
        yield Reference(sender, identifier, _whole_second(sent, "references"))


# ── elements ────────────────────────────────────────────────────────────────────────────────────────────────


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _clean(element: Element, name: str) -> str:
    text = " ".join((element.text or "").split())
    if len(text) > TEXT_MAX and name != "polygon":
        raise Unreadable(name, f"has more than {TEXT_MAX} characters")
    return text


def _texts(parent: Element, name: str) -> list[str]:
    return [_clean(element, name) for element in parent.iterfind(_tag(name))]


def _text(parent: Element, name: str) -> str:
    found = _texts(parent, name)
    if len(found) > 1:
        raise Unreadable(name, "stands there more than once")
    return found[0] if found else ""


def _required(parent: Element, name: str) -> str:
    text = _text(parent, name)
    if not text:
        raise Unreadable(name, "is missing or empty")
    return text


def _part(parent: Element, name: str) -> str:
    """Return a text that references can hold: no blank, comma, `<` or `&`."""
    text = _required(parent, name)
    if _PART.fullmatch(text) is None:
        raise Unreadable(name, "has at most 200 characters, and no blank, comma, < or & among them")
    return text


def _word(parent: Element, name: str, kind: Callable[[str], _Word]) -> _Word:
    return _as(_required(parent, name), name, kind)


def _words(parent: Element, name: str, kind: Callable[[str], _Word]) -> list[_Word]:
    found = [_as(text, name, kind) for text in _texts(parent, name)]
    if not found:
        raise Unreadable(name, "is missing")
    return found


def _as(text: str, name: str, kind: Callable[[str], _Word]) -> _Word:
    try:
        return kind(text)
    except ValueError:
        raise Unreadable(name, f"{text[:40]!r} is not one of the standard's words") from None


def _named(parent: Element, name: str) -> Iterator[Named]:
    for element in parent.iterfind(_tag(name)):
        yield Named(_required(element, "valueName"), _text(element, "value"))


def _time(parent: Element, name: str) -> int | None:
    text = _text(parent, name)
    return _whole_second(text, name) if text else None


def _whole_second(text: str, name: str) -> int:
    if _TIME.fullmatch(text) is None:
        raise Unreadable(name, f"{text[:40]!r} is not a time such as 2026-11-29T15:00:00-00:00, with its zone")
    try:
        return int(datetime.fromisoformat(text).timestamp()) * 1_000
    except (ValueError, OverflowError):
        raise Unreadable(name, f"{text[:40]!r} is no moment of any calendar") from None
