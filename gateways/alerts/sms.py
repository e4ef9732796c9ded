"""The text message channel: any provider with an HTTP interface, described by the configuration.

Rule: what goes out is a table of the configuration whose texts are filled and then encoded as JSON or as a form, so no
address of an incident can break out of its field. What comes back is looked up by name in a flat or nested answer.
Providers call back at `/alerts/endpoints/{name}`: with a report about a message, by our own reference or by theirs, or
with a reply, which is known by the number that it comes from.
"""

import string
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import parse_qs, urlencode

import msgspec
from msgspec import Meta, Struct, field

from engine.model.alert_facts import CopyState
from gateways.alerts.channel import NOBODY, Copy, Heard, News, Outcome, Posted, Sender, reference, referred
from gateways.alerts.message import Message
from gateways.alerts.wording import Tells, Worded, clean, short
from gateways.outward.carrier import Answer, Carrier, carrying, check_url, host_of

FIELDS: Final = ("to", "text", "ref", "alert", "recipient", "agency")
"""What a text of `body` may name. `ref` is ours, for a provider that gives it back in its reports."""
KNOWN_MAX: Final = 10_000
"""Messages whose reports are understood by the provider's own id; the oldest are forgotten first."""
DEPTH_MAX: Final = 16
_FIELD_MAX: Final = 64

FieldPath = Annotated[str, Meta(pattern=r"^[^\s.]{1,64}(\.[^\s.]{1,64}){0,7}$")]
"""A field of an answer: `status`, or `messages.0.status` in what is nested."""


class Encoding(StrEnum):
    """How `body` is sent. With the method GET it stands in the url."""

    JSON = "json"
    FORM = "form"


class Expected(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field of an answer, and the values that count."""

    field: FieldPath
    values: Annotated[tuple[str, ...], Meta(min_length=1)]


class Reports(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to read what the provider posts to `/alerts/endpoints/{name}`."""

    items: FieldPath | None = None
    """Where several reports stand in one request; None: the request is one."""
    ref: FieldPath | None = None
    """The field with our `ref`."""
    id: FieldPath | None = None
    """The field with the provider's own id, as in `id_field` of its answer."""
    status: FieldPath | None = None
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    sender: FieldPath | None = None
    """Of a reply: the number that it comes from."""
    text: FieldPath | None = None
    yes: tuple[str, ...] = ("ok", "yes", "ja", "oui", "si", "1")
    """First words of a reply that say that the crew knows."""


class Sms(Worded, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="sms"):
    """A provider as configured. Raises ValueError where url, method or body do not hold."""

    addressed: ClassVar[bool] = True
    leaves: ClassVar[bool] = True

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    encoding: Encoding = Encoding.JSON
    body: dict[str, Any]
    """Texts in it may name {to}, {text}, {ref}, {alert}, {recipient}, {agency}."""
    taken: Expected | None = None
    """What in a 2xx answer says that the message is taken; None: the status alone."""
    reached: Expected | None = None
    """What says that it has come to the telephone already."""
    id_field: FieldPath | None = None
    """Where the answer has the provider's own id."""
    reports: Reports | None = None
    tells: Tells = Tells.PLACE
    limit: Annotated[int, Meta(ge=20, le=1_600)] = 160
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 8.0
    allow_private: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_url(self.url, allow_private=self.allow_private)
        named = {name for text in _texts(self.body) for name in _fields_of(text)}
        if not {"to", "text"} <= named:
            raise ValueError("body: {to} and {text} must stand in it somewhere")
        if self.method == "GET" and not all(isinstance(value, str) for value in self.body.values()):
            raise ValueError("body: with the method GET it is a flat table of texts, for the url")
        if self.encoding is Encoding.FORM and not all(isinstance(value, str) for value in self.body.values()):
            raise ValueError("body: a form is a flat table of texts")
        for name, value in self.headers.items():
            if not name.isascii() or not name.replace("-", "").isalnum() or clean(value) != value:
                raise ValueError(f"headers: {name!r} is not a header that can be sent")

    def __repr__(self) -> str:
        """Show where it goes and no secret: those are in the headers, the body or the url's path."""
        return f"Sms(host={host_of(self.url)!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Sender]:
        """Open the client."""
        del folder
        async with carrying(self.url, allow_private=self.allow_private, timeout_s=self.timeout_s) as carrier:
            yield _Sender(self, carrier)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > DEPTH_MAX:
        raise ValueError(f"body: is nested deeper than {DEPTH_MAX}")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, depth + 1)


def _fields_of(text: str) -> Iterator[str]:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"body: {text!r}: {error}; a brace that is to be shown is written twice") from None
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in FIELDS or spec or conversion:
            raise ValueError(f"body: there is no field {name!r}; there are {', '.join(FIELDS)}")
        yield name


def _filled(value: Any, fields: Mapping[str, str]) -> Any:
    """Return a checked table with these values in its texts."""
    if isinstance(value, str):
        parts = string.Formatter().parse(value)
        return "".join(words + ("" if name is None else fields[name]) for words, name, _, _ in parts)
    if isinstance(value, dict):
        return {key: _filled(each, fields) for key, each in value.items()}
    return [_filled(each, fields) for each in value] if isinstance(value, list) else value


class _Sender:
    """An open provider."""

    def __init__(self, config: Sms, carrier: Carrier) -> None:
        self._config = config
        self._carrier = carrier
        self._known: dict[str, tuple[str, str]] = {}
        """By the provider's id: alert and recipient."""

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Send one text message."""
        config = self._config
        fields = {
            "to": copy.address,
            "text": short(config, message, copy.recipient),
            "ref": reference(message.alert, copy.recipient),
            "alert": message.alert,
            "recipient": copy.recipient,
            "agency": message.place,
        }
        body = _filled(config.body, fields)
        if config.method == "GET":
            answer = await self._carrier.ask("GET", b"", config.headers, query=body)
        elif config.encoding is Encoding.FORM:
            headers = {**config.headers, "content-type": "application/x-www-form-urlencoded"}
            answer = await self._carrier.ask(config.method, urlencode(body).encode(), headers)
        else:
            headers = {**config.headers, "content-type": "application/json"}
            answer = await self._carrier.ask(config.method, msgspec.json.encode(body), headers)
        return self._judged(answer, message.alert, copy.recipient)

    def _judged(self, answer: Answer, alert: str, recipient: str) -> Outcome:
        config = self._config
        if not answer.good:
            own = answer.status in (400, 404, 410, 422)
            return Outcome(delivered=False, detail=answer.refusal(), only_this=own)
        told = _decoded(answer.body)
        if config.taken is not None and field_of(told, config.taken.field) not in config.taken.values:
            found = field_of(told, config.taken.field)
            said = "does not say" if found is None else f"says {clean(found)[:_FIELD_MAX]!r}"
            detail = f"the provider {said} in {config.taken.field}"
            return Outcome(delivered=False, detail=detail, only_this=True)
        number = None if config.id_field is None else field_of(told, config.id_field)
        if number:
            while len(self._known) >= KNOWN_MAX:
                del self._known[next(iter(self._known))]
            self._known[number] = (alert, recipient)
        reached = config.reached is not None and field_of(told, config.reached.field) in config.reached.values
        return Outcome(delivered=True, reached=reached)

    def hear(self, posted: Posted) -> Heard:
        """Read the provider's reports and replies. Raises ValueError if they cannot be read."""
        reports = self._config.reports
        if reports is None:
            raise ValueError("this endpoint's configuration has no [reports]: they cannot be understood")
        told = _posted(posted)
        items = told if reports.items is None else _at(told, reports.items)
        news = [self._news(item, reports) for item in (items if isinstance(items, list) else [items])]
        return Heard(tuple(each for each in news if each is not None))

    def _news(self, item: Any, reports: Reports) -> News | None:
        """Return what one item says; None if it is nothing that we wait for."""
        state = _state(_part(item, reports.status), reports)
        alert, recipient = referred(_part(item, reports.ref) or "")
        if not alert:
            alert, recipient = self._known.get(_part(item, reports.id) or "", ("", ""))
        if state is not None and alert:
            return News(alert=alert, recipient=recipient, state=state)
        number, words = _part(item, reports.sender), (_part(item, reports.text) or "").split()
        if number and words and words[0].strip(".,!").casefold() in {word.casefold() for word in reports.yes}:
            return News(address=number, state=CopyState.ACKNOWLEDGED)
        return None


def _state(status: str | None, reports: Reports) -> CopyState | None:
    for values, state in (
        (reports.delivered, CopyState.DELIVERED),
        (reports.failed, CopyState.FAILED),
        (reports.expired, CopyState.EXPIRED),
    ):
        if status in values:
            return state
    return None


def _posted(posted: Posted) -> Any:
    """Return what was posted as JSON, as a form, or in the url."""
    if not posted.body:
        return dict(posted.query)
    if posted.media_type == "application/x-www-form-urlencoded":
        try:
            form = parse_qs(posted.body.decode(), max_num_fields=200)
        except (UnicodeDecodeError, ValueError) as error:
            raise ValueError(f"is no form: {error}") from None
        return {**posted.query, **{name: values[0] for name, values in form.items()}}
    try:
        return msgspec.json.decode(posted.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from None


def _decoded(body: bytes) -> Any:
    """Return an answer as JSON, or as a form; {} of one that is neither."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=200).items()}
    except (UnicodeDecodeError, ValueError):
        return {}


def _part(item: Any, path: str | None) -> str | None:
    return None if path is None else field_of(item, path)


def field_of(told: Any, path: str) -> str | None:
    """Return the field as a text; None if it is not there, or is no text, number or truth value."""
    value = _at(told, path)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _at(told: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(told, dict):
            told = told.get(name)
        elif isinstance(told, list) and name.isdecimal() and int(name) < len(told):
            told = told[int(name)]
        else:
            return None
    return told
