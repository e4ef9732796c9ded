"""The words of a message as one channel brings them: a template of named fields, a length, and what may be told.

Rule: pure. A template is text with `{field}` or `{field:.20}` (at most so many characters), and nothing else: no
attribute, index or conversion, so no configuration reaches into the program. It is checked when the configuration is
read: an unknown field, or one that the channel may not tell, is refused with its name. A line of a template whose
fields are all empty is left out.
"""

import re
import string
import unicodedata
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from engine.model.alert_facts import Purpose
from gateways.alerts.message import EXERCISE, Message
from gateways.times import iso


class Tells(StrEnum):
    """What a channel may carry. Radio paging and text messages go over the air for everybody to read."""

    BARE = "bare"
    """Who goes to which incident of what kind: nothing that says where."""
    PLACE = "place"
    """And where: the address, the position."""
    ALL = "all"
    """And the cautions of the place and the engine's whole line, in which they are: they may speak of people."""


FIELDS: Final = {
    "alert": Tells.BARE,
    "purpose": Tells.BARE,
    "brief": Tells.BARE,
    "unit": Tells.BARE,
    "unit_kind": Tells.BARE,
    "incident": Tells.BARE,
    "incident_type": Tells.BARE,
    "type_name": Tells.BARE,
    "priority": Tells.BARE,
    "post": Tells.BARE,
    "agency": Tells.BARE,
    "time": Tells.BARE,
    "answer_by": Tells.BARE,
    "recipient": Tells.BARE,
    "address": Tells.PLACE,
    "lat": Tells.PLACE,
    "lon": Tells.PLACE,
    "eta_min": Tells.PLACE,
    "streets": Tells.PLACE,
    "cautions": Tells.ALL,
    "text": Tells.ALL,
}
"""The fields of a template, and the least that a channel must be allowed to tell to use each."""
SHORT: Final = {Tells.BARE: "{brief}", Tells.PLACE: "{brief} {address}", Tells.ALL: "{text}"}
LONG: Final = {
    Tells.BARE: "{brief}\n\nDecided {time}\nAnswer by {answer_by}",
    Tells.PLACE: "{brief}\n\nAddress {address}\nPosition {lat}, {lon}\nBy way of {streets}\n"
    "Expected to take {eta_min} min\n\nDecided {time}\nAnswer by {answer_by}",
    Tells.ALL: "{text}\n\nAddress {address}\nPosition {lat}, {lon}\nTake care: {cautions}\nBy way of {streets}\n"
    "Expected to take {eta_min} min\n\nDecided {time}\nAnswer by {answer_by}",
}
_VERBS: Final = {
    Purpose.DISPATCH: "GO",
    Purpose.RELEASE: "RELEASED FROM",
    Purpose.ROLL_CALL: "ROLL-CALL",
    Purpose.CAUTION: "TAKE CARE AT",
    Purpose.MOVE: "MOVE TO",
    Purpose.MESSAGE: "HAS A MESSAGE, ASK DISPATCH",
}
_RANK: Final = list(Tells)
_SPEC: Final = re.compile(r"(?:\.[1-9][0-9]{0,3})?", re.ASCII)
_GAPS: Final = re.compile(r"[^\S\n]+")
CUT: Final = "..."
"""Of plain letters: a pager's alphabet has no ellipsis, and one in a text message makes it two."""

Template = Annotated[str, Meta(min_length=1, max_length=4000)]


class Worded(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What channels that bring words have in common. Raises ValueError where a template does not hold."""

    tells: Tells = Tells.ALL
    template: Template | None = None
    """None: the one that fits what the channel may tell."""
    templates: dict[Purpose, Template] = {}
    """By purpose; for others `template` counts."""
    limit: Annotated[int, Meta(ge=20, le=10_000)] = 4_000
    """Characters; what is longer ends in three dots."""

    def __post_init__(self) -> None:
        named = {"template": self.template} | {f"templates.{key}": text for key, text in self.templates.items()}
        for name, template in named.items():
            if template is not None:
                check(template, self.tells, name)


def check(template: str, tells: Tells, name: str = "template") -> None:
    """Raise ValueError, naming the field, if the template is not of known fields that may be told."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"{name}: {error}; a brace that is to be shown is written twice") from None
    for _, field, spec, conversion in parts:
        if field is None:
            continue
        if field not in FIELDS:
            raise ValueError(f"{name}: there is no field {field!r}; there are {', '.join(FIELDS)}")
        if conversion or not _SPEC.fullmatch(spec or ""):
            raise ValueError(f"{name}: {field!r} may only be shortened, as in {{{field}:.20}}")
        if _RANK.index(FIELDS[field]) > _RANK.index(tells):
            needed = FIELDS[field].value
            raise ValueError(
                f"{name}: the field {field!r} needs tells = {needed!r}, and this channel has {tells.value!r}"
            )


def short(config: Worded, message: Message, recipient: str = "") -> str:
    """Return the message as one line within the channel's limit: for pagers and text messages."""
    return _limited(" ".join(_filled(config, SHORT, message, recipient).split()), message, config.limit)


def long(config: Worded, message: Message, recipient: str = "") -> str:
    """Return the message as several lines within the channel's limit: for mail."""
    return _limited(_filled(config, LONG, message, recipient), message, config.limit)


def brief(message: Message) -> str:
    """Return who goes where, without saying where that is."""
    where = message.incident or message.post or ""
    more = (
        "" if message.priority is None else f" P{message.priority} {message.type_name or message.incident_type or ''}"
    )
    return clean(f"{message.unit} {_VERBS[message.purpose]} {where}{more}")


def clean(value: str) -> str:
    """Return the words on one line, without control characters: nobody's address ends a command or a header."""
    kept = "".join(" " if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp", "Cs") else each for each in value)
    return " ".join(kept.split())


def plain(value: str) -> str:
    """Return the words in ASCII: letters lose their accents, what remains foreign becomes a question mark."""
    apart = unicodedata.normalize("NFKD", value)
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    return bare.encode("ascii", "replace").decode("ascii")


def _filled(config: Worded, default: dict[Tells, str], message: Message, recipient: str) -> str:
    template = config.templates.get(message.purpose) or config.template or default[config.tells]
    return fill(template, values_of(message, recipient))


def fill(template: str, values: dict[str, str]) -> str:
    """Return a checked template with these values in it."""
    lines = []
    for line in template.split("\n"):
        parts = list(string.Formatter().parse(line))
        shown = [_shown(values[field], spec or "") for _, field, spec, _ in parts if field is not None]
        if shown and not any(shown):
            continue
        rest = iter(shown)
        made = "".join(words + ("" if field is None else next(rest)) for words, field, _, _ in parts)
        lines.append(_GAPS.sub(" ", made).strip())
    return "\n".join(lines).strip()


def _shown(value: str, spec: str) -> str:
    return value[: int(spec[1:])] if spec else value


def values_of(message: Message, recipient: str = "") -> dict[str, str]:
    """Return the fields of a template for this message; what is not known is empty."""
    route = () if message.route is None else message.route.legs
    given: dict[str, object] = {
        "alert": message.alert,
        "purpose": message.purpose.value,
        "brief": brief(message),
        "unit": message.unit,
        "unit_kind": message.unit_kind,
        "incident": message.incident,
        "incident_type": message.incident_type,
        "type_name": message.type_name,
        "priority": message.priority,
        "post": message.post,
        "agency": message.place,
        "time": iso(message.created_ms)[:19] + "Z",
        "answer_by": None if message.answer_by_ms is None else iso(message.answer_by_ms)[11:19] + "Z",
        "recipient": recipient,
        "address": message.address,
        "lat": None if message.lat is None else f"{message.lat:.5f}",
        "lon": None if message.lon is None else f"{message.lon:.5f}",
        "eta_min": None if message.eta_ms is None else max(1, round(message.eta_ms / 60_000)),
        "streets": ", ".join(dict.fromkeys(leg.street for leg in route if not leg.street.startswith("("))),
        "cautions": "; ".join(message.cautions),
        "text": message.text.removeprefix(EXERCISE),
    }
    return {name: "" if value is None else clean(str(value)) for name, value in given.items()}


def _limited(words: str, message: Message, limit: int) -> str:
    """Put EXERCISE in front of an exercise, and cut what is too long; the mark itself is never cut."""
    marked = EXERCISE + words if message.exercise else words
    return marked if len(marked) <= limit else marked[: limit - len(CUT)] + CUT


def redacted(message: Message, tells: Tells) -> Message:
    """Return the message as data with nothing in it that the channel may not tell."""
    if tells is Tells.ALL:
        return message
    line = brief(message) if tells is Tells.BARE else f"{brief(message)} {clean(message.address or '')}".strip()
    hidden: dict[str, object] = {"cautions": (), "text": EXERCISE + line if message.exercise else line}
    if tells is Tells.BARE:
        hidden |= {"address": None, "lat": None, "lon": None, "route": None, "eta_ms": None}
    return replace(message, **hidden)
