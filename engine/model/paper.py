"""How turns and commands are written down: MessagePack, fields in the order of their declaration.

Same objects, same bytes. A batch of positions is written as its raw columns (`Fixes.to_bytes`).
"""

from functools import cache
from hashlib import blake2b, sha256
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, fields

from engine.model.fixes import Fixes
from engine.model.input import Command
from engine.model.turn import Turn

_TYPED: Final = "line"
"""The field that says how it was typed."""
_LATER: Final = frozenset({"line"})
"""Fields that commands have got since answers were first kept with a digest of all fields. No more will be added here."""


def _enc_hook(value: Any) -> Any:
    if isinstance(value, Fixes):
        return value.to_bytes()
    raise NotImplementedError(f"a {type(value).__name__} has no place in a message")


def _dec_hook(kind: type, value: Any) -> Any:
    if kind is Fixes:
        return Fixes.from_bytes(value)
    raise NotImplementedError(f"a {kind.__name__} has no place in a message")


_encoder = msgspec.msgpack.Encoder(enc_hook=_enc_hook)
_turns = msgspec.msgpack.Decoder(Turn, dec_hook=_dec_hook)


def encode(value: Any) -> bytes:
    """Return the bytes of any message, fact, input, turn or place."""
    return _encoder.encode(value)


def decode_turn(data: bytes) -> Turn:
    """Return the turn. Raises msgspec.ValidationError naming the path of what does not fit."""
    return _turns.decode(data)


def decode_as(kind: Any, data: bytes) -> Any:
    """Return an object of that kind. Raises msgspec.ValidationError naming the path of what does not fit."""
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_dec_hook)


def decoder_of(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Return what decodes many objects of that kind."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_dec_hook)


def digest_of(command: Command) -> bytes:
    """Return eight bytes that tell two commands of one id apart: by what they order, not by how it was typed.

    A field at its default says nothing and is left out: so a field that a later version adds changes no digest.
    """
    usual = _usual(type(command))
    said = {name: value for name, value in asdict(command).items() if value != usual[name]}
    said.pop(_TYPED, None)
    return _digest(command, said)


def is_digest_of(digest: bytes, command: Command) -> bool:
    """Tell whether the digest is that of the command, as it is made now or as it was: with all fields, also empty ones."""
    if digest == digest_of(command):
        return True
    every = asdict(command) | {_TYPED: ""}
    before = {name: value for name, value in every.items() if name not in _LATER}
    return digest in (_digest(command, before), _digest(command, every))


def _digest(command: Command, said: dict[str, Any]) -> bytes:
    return blake2b(_encoder.encode({"kind": command.__struct_config__.tag, **said}), digest_size=8).digest()


@cache
def _usual(kind: type[Command]) -> dict[str, Any]:
    """Return the default of each field."""
    return {field.name: field.default for field in fields(kind)}


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of the bytes, in hexadecimal."""
    return sha256(data).hexdigest()
