"""Determinant codes as call-takers' protocols write them, 9-E-1 or 6-D-1A, and the patterns that name many of them.

Rule: a code is a name and nothing more: which response it gets is said by the place. No protocol text is kept here.
A code of another form is an agency's own; it is compared letter by letter, without regard to case.
"""

import re
from functools import lru_cache

from msgspec import Struct

LEVELS = "ΩABCDE"
"""From the least to the most urgent (Clawson, Dernocoeur: Principles of Emergency Medical Dispatch)."""
CODE_MAX = 64
"""Characters of a code or a pattern."""
ANY = "*"

_LEVEL = "OMEGA|[ΩOABCDE]"
_DETAIL = r"(?P<sub>\d{1,3})(?P<suffix>[A-Z]{0,2})"
_CODE = re.compile(rf"(?P<protocol>\d{{1,3}})[-./ ]?(?P<level>{_LEVEL})[-./ ]?{_DETAIL}")
_PATTERN = re.compile(rf"(?P<protocol>\d{{1,3}}|\*)(?:[-./ ]?(?P<level>{_LEVEL})(?:[-./ ]?{_DETAIL})?)?")


class Determinant(Struct, frozen=True, gc=False):
    """A code in parts. In a pattern, parts that are None or "" stand for any."""

    protocol: int | None
    level: str | None
    """One of LEVELS."""
    sub: int | None
    suffix: str = ""

    def __str__(self) -> str:
        parts = [str(ANY if self.protocol is None else self.protocol)]
        parts += [] if self.level is None else [self.level]
        parts += [] if self.sub is None else [f"{self.sub}{self.suffix}"]
        return "-".join(parts)

    @property
    def rank(self) -> int:
        """How urgent the level is, 0 for Ω to 5 for E; -1 for a pattern of any level."""
        return -1 if self.level is None else LEVELS.index(self.level)

    def takes_in(self, other: "Determinant") -> bool:
        """Tell whether all that the other one stands for is meant by this one too: 9-E takes in 9-E-1."""
        return (
            self.protocol in (None, other.protocol)
            and self.level in (None, other.level)
            and self.sub in (None, other.sub)
            and self.suffix in ("", other.suffix)
        )


def parse_code(text: str) -> Determinant | None:
    """Return the parts of 9-E-1, 09E01 or 6-d-1a; None for a code of another form."""
    return _parts(_CODE, text)


@lru_cache(maxsize=8192)
def parse_pattern(text: str) -> Determinant | None:
    """Return the parts of 9-E-1, 9-E, 9 or *-E; None for a code of an agency's own, and for "*" alone."""
    return None if text.strip() == ANY else _parts(_PATTERN, text)


def normal_code(text: str) -> str:
    """Return the one way in which a code is kept: 9-E-1 for 09e01; a code of another form as it is, without margin."""
    found = parse_code(text)
    return text.strip() if found is None else str(found)


def fits(pattern: str, code: str) -> bool:
    """Tell whether the pattern means the code. Nothing fits "", a call without a code."""
    code, pattern = normal_code(code), pattern.strip()
    if not code:
        return False
    parts, wanted = parse_code(code), parse_pattern(pattern)
    if parts is not None and wanted is not None:
        return wanted.takes_in(parts)
    return _means(pattern, code)


def includes(wide: str, narrow: str) -> bool:
    """Tell whether each code that fits the narrow pattern fits the wide one, as far as their forms show."""
    wide, narrow = wide.strip(), narrow.strip()
    outer, inner = parse_pattern(wide), parse_pattern(narrow)
    if outer is not None and inner is not None:
        return outer.takes_in(inner)
    return _means(wide, narrow if inner is None else str(inner))


def trouble_of(pattern: str) -> str:
    """Return what is wrong with a pattern, or ""."""
    text = pattern.strip()
    head = text.removesuffix(ANY)
    if not text:
        return "is empty"
    if len(text) > CODE_MAX:
        return f"has {len(text)} characters; a code has at most {CODE_MAX}"
    if parse_pattern(text) is not None:
        return ""
    if ANY in head:
        return (
            f'has a {ANY} inside: it stands at the end of an agency\'s own code, or for the protocol, as in "{ANY}-E"'
        )
    shorter = parse_pattern(head)
    if text != head and shorter is not None and shorter.level is not None:
        return f'needs no {ANY}: "{shorter}" stands for all codes that begin so'
    return ""


def _means(pattern: str, code: str) -> bool:
    pattern, code = pattern.casefold(), code.casefold()
    return code.startswith(pattern[:-1]) if pattern.endswith(ANY) else code == pattern


def _parts(form: re.Pattern[str], text: str) -> Determinant | None:
    # The ohm sign looks like omega, and its lower case is omega's.
    found = form.fullmatch(text.strip().lower().upper())
    if found is None:
        return None
    protocol, level, sub = found["protocol"], found["level"], found["sub"]
    return Determinant(
        None if protocol == ANY else int(protocol),
        "Ω" if level in ("O", "OMEGA") else level,
        None if sub is None else int(sub),
        found["suffix"] or "",
    )
