"""Writes the few shapes of TOML that a place needs. Rule: what is written here, `tomllib` reads back unchanged."""

import json
from collections.abc import Mapping, Sequence


def pairs(values: Mapping[str, object]) -> list[str]:
    """Return `key = value` lines; a value of None is left out."""
    return [f"{key} = {inline(value)}" for key, value in values.items() if value is not None]


def section(header: str, values: Mapping[str, object]) -> list[str]:
    """Return a blank line, the header in its brackets, and the pairs."""
    return ["", header, *pairs(values)]


def document(lines: Sequence[str]) -> bytes:
    """Return the file's bytes."""
    return ("\n".join(lines).strip("\n") + "\n").encode()


def inline(value: object) -> str:
    """Return the value as TOML. Raises TypeError for what a place has no use for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but TOML wants DEL escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(pairs(value)) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(inline(each) for each in value) + "]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def seconds(milliseconds: int) -> int | float:
    """Return seconds, whole where they are."""
    whole, rest = divmod(milliseconds, 1000)
    return milliseconds / 1000 if rest else whole
