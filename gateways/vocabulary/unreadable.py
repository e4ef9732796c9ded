"""What is wrong with a text that could not be decoded: the code, and the field to mend.

Rule: the sender learns which field it is. The text itself never goes into a log.
"""

import re
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""All that decoding raises on a text it cannot take; nesting too deep is a RecursionError."""

FIELD_MAX: Final = 80
REASON_MAX: Final = 300

_PATH = re.compile(r" - at `\$\.?(.*)`$")
_CODES: Final = (
    # What msgspec says, and the code; the group, where there is one, is the field.
    (re.compile(r"^Object contains unknown field `(.*)`"), "unknown_field"),
    (re.compile(r"^Object missing required field `(.*)`"), "missing"),
    (re.compile(r"^Expected `\w+` of length >= "), "missing"),
    (re.compile(r"^Expected `\w+` of length <= "), "too_long"),
    (re.compile(r"^Number out of range|^Expected `\w+` [<>]= "), "out_of_range"),
    (re.compile(r"^Invalid enum value"), "unknown_value"),
    (re.compile(r"^Invalid value .* - at `\$\.type`$"), "unknown_message"),
)


def what_is_wrong(error: Exception) -> tuple[str, str, str]:
    """Return the code, the field (its path; empty for the text as a whole) and a sentence. `error` is one of UNREADABLE."""
    told = str(error)
    code, field = _code_and_field(told) if isinstance(error, msgspec.ValidationError) else ("malformed", "")
    return code, field[:FIELD_MAX], _PATH.sub("", told)[:REASON_MAX]


def _code_and_field(told: str) -> tuple[str, str]:
    at = _PATH.search(told)
    path = at.group(1) if at else ""
    for pattern, code in _CODES:
        found = pattern.search(told)
        if found:
            named = found.group(1) if found.groups() else ""
            return code, ".".join(part for part in (path, named) if part)
    return "wrong_type", path
