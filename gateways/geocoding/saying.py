"""What an address may mean that somebody types or says: `12 Mill St`, `mill street 12a`, `12-14 mill #3, Davenport`."""

import re
from typing import Final

from msgspec import Struct

from gateways.places import HouseNumber, house_number

TEXT_MAX: Final = 200
_NUMBER: Final = r"\d{1,6}(?:[^\W\d_]|[-/]\d{1,6}[^\W\d_]?|[^\W\d_]-\d{1,6}[^\W\d_]?)?"
_BEFORE: Final = re.compile(rf"({_NUMBER}) (.+)")
_BEFORE_APART: Final = re.compile(r"(\d{1,6} [^\W\d_]) (.+)")
_BEHIND: Final = re.compile(rf"(.+) ({_NUMBER})")
_BEHIND_APART: Final = re.compile(r"(.+) (\d{1,6} [^\W\d_])")
_PARTS: Final = re.compile(r"\s*(,|#)\s*")
_UNIT: Final = re.compile(r"(?:apt|apartment|unit|flat|suite|ste|room|rm)\.? +(.+)")


class Reading(Struct, frozen=True):
    """One way to understand the words before the first comma."""

    number: HouseNumber
    said: str
    """The number as it was typed, without spaces."""
    street: str


class Saying(Struct, frozen=True):
    """All that a text may mean."""

    head: str
    """The words before the first comma or #, in small letters."""
    readings: tuple[Reading, ...]
    """Likeliest first; none where no number stands in the text."""
    unit: str
    parts: tuple[str, ...]
    """What follows commas: a city, a postcode, or a unit that does not say so."""


def understand(text: str) -> Saying:
    """Return what the text may mean."""
    plain = " ".join(text[:TEXT_MAX].lower().split())
    head, *rest = _PARTS.split(plain)
    unit, parts = "", list[str]()
    for mark, part in zip(rest[::2], rest[1::2], strict=True):
        named = _UNIT.fullmatch(part)
        if mark == "#" or named:
            unit = unit or (named[1] if named else part)
        elif part:
            parts.append(part)
    return Saying(head, tuple(_readings(head)), unit, tuple(parts))


def _readings(head: str) -> list[Reading]:
    found = []
    for pattern, number, street in (
        (_BEFORE, 1, 2),
        (_BEFORE_APART, 1, 2),
        (_BEHIND, 2, 1),
        (_BEHIND_APART, 2, 1),
    ):
        if (match := pattern.fullmatch(head)) and (read := house_number(match[number])):
            found.append(Reading(read, match[number].replace(" ", ""), match[street]))
    return found
