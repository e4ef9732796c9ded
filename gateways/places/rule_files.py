"""rules.toml: an agency's rules, table by table, as they stand in `engine.model.rules`.

Rule: a key is the rule's own name, with `_s` for `_ms`: people write seconds, and percent where the engine counts
millionths. So a rule that is added to the engine is a key here without another line. What is left out keeps its default.
"""

import types
from enum import Enum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from engine.model.lifecycle import Status
from engine.model.moves import MILLION, MoveRules
from engine.model.place import Place
from engine.model.rules import CoverageRules, DuplicateRules, GeofenceRules, MatchingRules, WatchRules, WorkRules
from gateways.places.files import Seconds
from gateways.places.toml_out import seconds, section

R = TypeVar("R", bound=Struct)

RULES: dict[str, type[Struct]] = {
    "matching": MatchingRules,
    "coverage": CoverageRules,
    "work": WorkRules,
    "watch": WatchRules,
    "duplicates": DuplicateRules,
    "geofence": GeofenceRules,
    "moves": MoveRules,
}
"""By the name of the table, which is also that of the place's field."""
ELSEWHERE = ("points",)
"""Where demand is comes from demand.csv, or from coverage.csv."""

MILLIONTHS = {"gain_min": "gain_min_percent"}
"""Rules in parts per million, and the keys under which they are written in percent."""
_ONE_PERCENT = MILLION // 100

_WHOLE = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_PERCENT = Annotated[float, Meta(ge=0, le=100)]
_MOST = {"_percent": 10_000, "_permille": 1000, "_priority": 6}
"""By the end of the name: the most that makes sense. Priority 6 is none at all."""


def _key(name: str) -> str:
    if name in MILLIONTHS:
        return MILLIONTHS[name]
    return f"{name[:-3]}_s" if name.endswith("_ms") else name


def _type_of(name: str, default: object) -> Any:
    """Return what a key may hold, by its name and its default."""
    if isinstance(default, Enum):
        return type(default)
    if name in MILLIONTHS:
        return _PERCENT
    most = next((most for end, most in _MOST.items() if name.endswith(end)), None)
    one = Seconds if name.endswith("_ms") else _WHOLE if most is None else Annotated[int, Meta(ge=0, le=most)]
    if not isinstance(default, tuple):
        return one
    if default and isinstance(default[0], tuple):
        return types.GenericAlias(dict, (str, one))
    return types.GenericAlias(tuple, (one,) * len(default))


def _out(name: str, value: Any) -> Any:
    """Return the value as it is written."""
    if name in MILLIONTHS:
        return value / _ONE_PERCENT
    if not name.endswith("_ms"):
        return value
    if not isinstance(value, tuple):
        return seconds(value)
    if value and isinstance(value[0], tuple):
        return {word: seconds(ms) for word, ms in value}
    return tuple(seconds(ms) for ms in value)


def _in(name: str, value: Any) -> Any:
    """Return the rule that is written."""
    if name in MILLIONTHS:
        return round(value * _ONE_PERCENT)
    if not name.endswith("_ms"):
        return value
    if isinstance(value, dict):
        return tuple((word, round(each * 1000)) for word, each in value.items())
    return tuple(round(each * 1000) for each in value) if isinstance(value, tuple) else round(value * 1000)


def _table(rules: type[Struct]) -> type[Struct]:
    fields: list[tuple[str, Any, Any]] = []
    defaults = rules()
    for name in _names(rules):
        default = getattr(defaults, name)
        written = _out(name, default)
        factory = msgspec.field(default_factory=written.copy) if isinstance(written, dict) else written
        fields.append((_key(name), _type_of(name, default), factory))
    return msgspec.defstruct(f"{rules.__name__}Table", fields, frozen=True, forbid_unknown_fields=True)


def _names(rules: type[Struct]) -> list[str]:
    return [name for name in rules.__struct_fields__ if name not in ELSEWHERE]


_TABLES = {name: _table(rules) for name, rules in RULES.items()}

RulesFile: type[Struct] = msgspec.defstruct(
    "RulesFile",
    [(name, table, msgspec.field(default_factory=table)) for name, table in _TABLES.items()],
    frozen=True,
    forbid_unknown_fields=True,
)
"""rules.toml: one table for each of RULES."""


def rules_in(file: Struct | None, name: str, wanted: type[R], **elsewhere: Any) -> R:
    """Return one table of the file as rules; the defaults where there is no file."""
    if file is None:
        return wanted(**elsewhere)
    table = getattr(file, name)
    return wanted(**{field: _in(field, getattr(table, _key(field))) for field in _names(wanted)}, **elsewhere)


def rules_lines(place: Place) -> list[str]:
    """Return the lines of rules.toml."""
    lines: list[str] = []
    for name, rules in RULES.items():
        values = getattr(place, name)
        lines += section(f"[{name}]", {_key(field): _out(field, getattr(values, field)) for field in _names(rules)})
    return lines


def unknown_statuses(file: Struct) -> list[str]:
    """Return words of [watch] that are no status of a unit."""
    known = [status.value for status in Status]
    watch: Any = getattr(file, "watch")  # noqa: B009  # the field is made above, no checker knows it
    return [word for word in watch.unchanged_s if word not in known]
