"""House numbers as people write them: `12`, `12a`, `12 B`, `12-14`, `12/3`."""

import re
from typing import Final

from msgspec import Struct

RANGE_MAX: Final = 200
"""A range of more numbers than this is not one building: what follows the dash is then a part of the name."""
_WRITTEN: Final = re.compile(r"(\d{1,6})(\s*(?:[^\W\d_]|[-/])[\w/ -]{0,11}|\s+\d{1,4}[\w/-]{0,4}|)")
_TO: Final = re.compile(r".*-(\d{1,6})[^\W\d_]?")


class HouseNumber(Struct, frozen=True, order=True):
    """A number that can be sorted and lie between others."""

    number: int
    tail: str = ""
    """What follows it, in small letters without spaces: `a`, `-14`, `/3`."""
    last: int = 0
    """Where a range ends; otherwise the number itself."""


def house_number(text: str) -> HouseNumber | None:
    """Return the number that is written so, or None where it does not begin with one of at most six digits."""
    found = _WRITTEN.fullmatch(text.strip().lower())
    if found is None:
        return None
    number, tail = int(found[1]), "".join(found[2].split())
    if tail[:1].isdigit():
        tail = f"/{tail}"
    to = _TO.fullmatch(tail)
    last = int(to[1]) if to else number
    return HouseNumber(number, tail, last if number < last <= number + RANGE_MAX else number)
