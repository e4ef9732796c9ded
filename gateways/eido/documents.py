"""Documents in and out: encoded once; what comes in is checked against our types, with the field named where it fails."""

import re
from typing import Final

import msgspec

from gateways.eido.moments import moment
from gateways.eido.parts import Eido

MEDIA_TYPE: Final = 'application/emergency.eido+json; version="1"'
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_KINDS: Final = re.compile(r'([\w.+*-]+/[\w.+*-]+)((?:\s*;\s*[\w-]+=(?:"[^"]*"|[^;,"\s]*))*)')
_VERSION: Final = re.compile(r'version=("[^"]*"|[^;,"\s]*)', re.IGNORECASE)
_DECODER: Final = msgspec.json.Decoder(Eido)


class BadDocument(Exception):
    """It is no EIDO. The message names the field and the reason."""


def encode(eido: Eido) -> bytes:
    """Return the document as JSON."""
    return msgspec.json.encode(eido)


def decode(data: bytes | str) -> Eido:
    """Return a document that holds. Raises BadDocument."""
    try:
        eido = _DECODER.decode(data)
    except UNREADABLE as error:
        raise BadDocument(sentence(error)) from None
    if moment(eido.last_update_time_stamp) is None:
        raise BadDocument(f"$.lastUpdateTimeStamp: no clock ever shows {eido.last_update_time_stamp!r}.")
    return eido


def sentence(error: Exception) -> str:
    """Return what a decoder says as field: reason."""
    if isinstance(error, RecursionError):
        return "$: nested too deeply."
    reason, _, path = str(error).partition(" - at `")
    return f"{path.rstrip('`') or '$'}: {reason.rstrip('.')}."


def accepts(said: str | None) -> bool:
    """Tell whether somebody who accepts these media types (Accept, requestAccepts) takes version 1 of an EIDO."""
    if said is None or not said.strip():
        return True
    return any(_includes(kind.lower(), parameters) for kind, parameters in _KINDS.findall(said[:1_024]))


def _includes(kind: str, parameters: str) -> bool:
    if kind in ("*/*", "application/*", "application/json"):
        return True
    version = _VERSION.search(parameters)
    named = ("1",) if version is None else tuple(each.strip() for each in version[1].strip('"').split(","))
    return kind == "application/emergency.eido+json" and "1" in named
