"""What is wrong with a message that could not be read: the code, the field, the reason, and whose it was.

Rule: the sender learns which field to mend. The message's own text never goes into a log.
"""

import re
from typing import Any, Final

import msgspec

from gateways.cad.messages import VERSION, Refused

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


def explain(text: str, error: Exception) -> Refused:
    """Return the refusal of a text that raised one of UNREADABLE."""
    told, given = str(error), _loosely(text)
    code, field = _code_and_field(told) if isinstance(error, msgspec.ValidationError) else ("malformed", "")
    if isinstance(given.get("version"), str) and given["version"] != VERSION and given.get("type") == "hello":
        return wrong_version(given["version"])
    name = given.get("id")
    sentence = _PATH.sub("", told)[:REASON_MAX]
    reason = f"{sentence}. Nothing was changed; gateways/schema/cad.v1.client.json says what is expected."
    return Refused(id=name if isinstance(name, str) else None, code=code, field=field[:FIELD_MAX], reason=reason)


def wrong_version(version: str) -> Refused:
    """Return the refusal of a hello in another vocabulary."""
    reason = f"This server speaks {VERSION}, not {version[:FIELD_MAX]!r}. Use a client of that version."
    return Refused(code="wrong_version", field="version", reason=reason)


def _code_and_field(told: str) -> tuple[str, str]:
    at = _PATH.search(told)
    path = at.group(1) if at else ""
    for pattern, code in _CODES:
        found = pattern.search(told)
        if found:
            named = found.group(1) if found.groups() else ""
            return code, ".".join(part for part in (path, named) if part)
    return "wrong_type", path


def _loosely(text: str) -> dict[str, Any]:
    """Return the fields of a message that may be wrong in every way."""
    try:
        given = msgspec.json.decode(text)
    except UNREADABLE:
        return {}
    return given if isinstance(given, dict) else {}
