"""People's data in a turn, sealed under their incident's key; the clear part is enough to decide every turn again.

    on paper: {seq, now, input, facts, sealed: [[number, nonce, ciphertext], …]}

In `input` and `facts` stands `[erased]` where a text was; `sealed` holds the texts, AES-256-GCM, one part for each
incident that the turn is about, bound to the turn by its seq. The chain covers the ciphertext, so destroying a key
changes no byte of the journal.
"""

import os
from functools import lru_cache
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from msgspec.structs import replace

from engine.journal.errors import KeysForeign
from engine.journal.keys import NOBODY, Keyring, number_of
from engine.model.facts import AnyFact
from engine.model.inputs import AnyInput
from engine.model.personal import ERASED, QUOTING, incident_of, texts_of
from engine.model.turn import Turn

NONCE_BYTES: Final = 12
CIPHERS_HELD: Final = 256
"""One is made for each key, which takes longer than to use it."""
Texts = list[tuple[int, str, str]]
"""Where (-1 is the input, else the index of the fact), which field, and what it said."""
_QUOTING: Final[dict[type[Struct], tuple[str, ...]]] = {}
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Texts)


class Sealed(Struct, frozen=True, array_like=True):
    """Texts of one incident's people."""

    number: int
    nonce: bytes
    data: bytes


class Paper(Struct, frozen=True):
    """A turn as it is written; without sealed parts it reads as a turn."""

    seq: int
    now: int
    input: AnyInput
    facts: tuple[AnyFact, ...]
    sealed: tuple[Sealed, ...] = ()


def seal(turn: Turn, keys: Keyring) -> Turn | Paper:
    """Return what is written of the turn: itself, if it holds nobody's data. Raises OSError."""
    found = _texts(turn)
    if not found:
        return turn
    parts: dict[int, Texts] = {}
    blank: dict[int, dict[str, str]] = {}
    numbers = {incident: _usable(number_of(incident), turn, keys) for _, incident, _, _ in found}
    for where, incident, field, text in found:
        parts.setdefault(numbers[incident], []).append((where, field, text))
        blank.setdefault(where, {})[field] = ERASED
    given: Any = replace(turn.input, **blank[-1]) if -1 in blank else turn.input
    facts = tuple(replace(fact, **blank[index]) if index in blank else fact for index, fact in enumerate(turn.facts))
    sealed = tuple(_sealed(number, turn.seq, texts, keys) for number, texts in parts.items())
    return Paper(turn.seq, turn.now, given, facts, sealed)


def unseal(paper: Paper, keys: Keyring | None) -> Turn:
    """Return the turn, as far as its keys are still there. Raises KeysForeign, OSError."""
    if not paper.sealed or keys is None:
        return Turn(paper.seq, paper.now, paper.input, paper.facts)
    told: dict[int, dict[str, str]] = {}
    for part in paper.sealed:
        for where, field, text in _opened(part, paper.seq, keys):
            told.setdefault(where, {})[field] = text
    given: Any = replace(paper.input, **told[-1]) if -1 in told else paper.input
    facts = tuple(replace(fact, **told[index]) if index in told else fact for index, fact in enumerate(paper.facts))
    return Turn(paper.seq, paper.now, given, facts)


@lru_cache(maxsize=CIPHERS_HELD)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def _texts(turn: Turn) -> list[tuple[int, str, str, str]]:
    """Return every personal text: where, of which incident, which field, what it says."""
    found = []
    said: dict[str, str] = {}
    items: list[Any] = [turn.input, *turn.facts]
    for where, item in enumerate(items, -1):
        texts = texts_of(item)
        if texts:
            incident = incident_of(item) or _first_incident(turn)
            found += [(where, incident, field, text) for field, text in texts]
            said.update((text, incident) for _, text in texts)
    if not found:
        return found
    taken = {(where, field) for where, _, field, _ in found}
    for where, item in enumerate(items, -1):
        # A fact that names no incident may quote what was said of one: an alert that was withdrawn, for a reason.
        for field in _quoting(type(item)):
            text = getattr(item, field)
            if text in said and (where, field) not in taken:
                found.append((where, said[text], field, text))
    return found


def _quoting(kind: type[Struct]) -> tuple[str, ...]:
    """Return the fields in which such an item may quote; found once for each kind."""
    fields = _QUOTING.get(kind)
    if fields is None:
        fields = _QUOTING[kind] = tuple(field for field in QUOTING if field in kind.__struct_fields__)
    return fields


def _first_incident(turn: Turn) -> str:
    return next((name for name in map(incident_of, turn.facts) if name), "")


def _usable(number: int, turn: Turn, keys: Keyring) -> int:
    """Return the number of a key that can be used: nobody's for an incident that was never reported, or is forgotten."""
    if keys.key(number) is not None:
        return number
    if any(number_of(incident_of(fact)) == number for fact in turn.facts) and not keys.is_destroyed(number):
        keys.prepare(number)
        return number
    keys.prepare(NOBODY)
    return NOBODY


def _sealed(number: int, seq: int, texts: Texts, keys: Keyring) -> Sealed:
    key = keys.key(number)
    assert key is not None, f"key {number} was made a moment ago"
    nonce = os.urandom(NONCE_BYTES)
    return Sealed(number, nonce, _cipher(key).encrypt(nonce, _encoder.encode(texts), _bound(number, seq)))


def _opened(part: Sealed, seq: int, keys: Keyring) -> Texts:
    key = keys.key(part.number)
    if key is None:
        return []
    try:
        return _decoder.decode(_cipher(key).decrypt(part.nonce, part.data, _bound(part.number, seq)))
    except InvalidTag:
        raise KeysForeign(
            f"turn {seq}: what was sealed for incident number {part.number} does not open with its key. The keys beside "
            "this journal are another journal's, or damaged: put its own folder `keys` back."
        ) from None


def _bound(number: int, seq: int) -> bytes:
    return b"turnout.sealed.v1" + seq.to_bytes(8, "little") + number.to_bytes(8, "little")
