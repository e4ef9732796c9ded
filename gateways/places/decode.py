"""From plain values to typed rows, with every mistake named and not only the first.

msgspec stops at the first value that does not fit. So: convert at once (the fast way, and nearly always enough);
only where that fails, walk the same types field by field and report each misfit under its path.
"""

import typing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from gateways.places.mistakes import like

T = TypeVar("T")
Say = Callable[[str, str], None]
"""Takes the path and the message of a mistake."""

NOT_SHOWN = 60
"""Longer values are cut when they are repeated in a message."""


def decode(value: object, wanted: type[T], path: str, say: Say, *, strict: bool = True) -> T | None:
    """Return the value as the type, or None after saying all that is wrong with it.

    With strict=False text may stand for numbers, as in a CSV file.
    """
    try:
        return msgspec.convert(value, wanted, strict=strict)
    except msgspec.ValidationError:
        _explain(value, wanted, path, say, strict=strict)
        return None


def _explain(value: object, wanted: Any, path: str, say: Say, *, strict: bool) -> None:
    """Say what does not fit, as deep as the types go."""
    wanted = _without_none(wanted)
    item = _item_type(wanted)
    if isinstance(wanted, type) and issubclass(wanted, Struct) and isinstance(value, dict):
        _explain_fields(value, wanted, path, say, strict=strict)
    elif item is not None and isinstance(value, list):
        for position, each in enumerate(value):
            _explain(each, item, f"{path}[{position}]", say, strict=strict)
    else:
        try:
            msgspec.convert(value, wanted, strict=strict)
        except msgspec.ValidationError as error:
            say(path, _sentence(str(error), value))


def _explain_fields(value: dict[str, object], wanted: type[Struct], path: str, say: Say, *, strict: bool) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(wanted)}
    strangers = [name for name in value if name not in fields]
    if wanted.__struct_config__.forbid_unknown_fields:
        for name in strangers:
            say(join(path, name), f"unknown field{like(name, fields)}")
    for name, field in fields.items():
        if name in value:
            _explain(value[name], field.type, join(path, name), say, strict=strict)
        elif field.required:
            say(join(path, name), "is missing")


def join(path: str, field: str) -> str:
    """Return the path of a field: `plan[0].mode`, or `line 5, lat` in a table."""
    if not path:
        return field
    return f"{path}, {field}" if path.startswith("line ") else f"{path}.{field}"


def _without_none(wanted: Any) -> Any:
    """Return the one type of `X | None` that is not None; other types as they are."""
    args = typing.get_args(wanted)
    others = [each for each in args if each is not type(None)]
    return others[0] if len(others) == 1 and len(args) == 2 else wanted


def _item_type(wanted: Any) -> Any:
    """Return X for tuple[X, ...], None for all else (fixed lengths are checked as one value)."""
    args: Sequence[Any] = typing.get_args(wanted)
    return args[0] if typing.get_origin(wanted) is tuple and len(args) == 2 and args[1] is ... else None


def _sentence(error: str, value: object) -> str:
    """Turn msgspec's words into ours, and repeat the value."""
    text, _, where = error.partition(" - at `$")
    inside = f" at {where.rstrip('`')}" if where else ""
    if "matching regex" in text:
        text = "an id is 1 to 64 letters, digits or . _ - : / # + (spaces only inside, and never in a capability)"
    text = text[0].lower() + text[1:].replace("`", "")
    shown = repr(value)
    return f"{text}{inside}; found {shown if len(shown) <= NOT_SHOWN else shown[:NOT_SHOWN] + '…'}"
