"""What is wrong with a message that could not be read: the code, the field, the reason, and whose it was.

Rule: the sender learns which field to mend. The message's own text never goes into a log.
"""

from typing import Any

import msgspec

from gateways.cad.messages import VERSION, Refused
from gateways.vocabulary.unreadable import FIELD_MAX, UNREADABLE, what_is_wrong


def explain(text: str, error: Exception) -> Refused:
    """Return the refusal of a text that raised one of UNREADABLE."""
    given = _loosely(text)
    code, field, sentence = what_is_wrong(error)
    if isinstance(given.get("version"), str) and given["version"] != VERSION and given.get("type") == "hello":
        return wrong_version(given["version"])
    name = given.get("id")
    reason = f"{sentence}. Nothing was changed; gateways/schema/cad.v1.client.json says what is expected."
    return Refused(id=name if isinstance(name, str) else None, code=code, field=field, reason=reason)


def wrong_version(version: str) -> Refused:
    """Return the refusal of a hello in another vocabulary."""
    reason = f"This server speaks {VERSION}, not {version[:FIELD_MAX]!r}. Use a client of that version."
    return Refused(code="wrong_version", field="version", reason=reason)


def _loosely(text: str) -> dict[str, Any]:
    """Return the fields of a message that may be wrong in every way."""
    try:
        given = msgspec.json.decode(text)
    except UNREADABLE:
        return {}
    return given if isinstance(given, dict) else {}
