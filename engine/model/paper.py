"""How turns and commands are written down: MessagePack, fields in the order of their declaration.

Same objects, same bytes. A batch of positions is written as its raw columns (`Fixes.to_bytes`).
"""

from hashlib import blake2b, sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from engine.model.fixes import Fixes
from engine.model.input import Command
from engine.model.turn import Turn


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
    """Return eight bytes that tell two commands of one id apart: by what they order, not by how it was typed."""
    plain = replace(command, line="") if command.line else command
    return blake2b(_encoder.encode(plain), digest_size=8).digest()


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of the bytes, in hexadecimal."""
    return sha256(data).hexdigest()
