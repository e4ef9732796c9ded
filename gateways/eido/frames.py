"""What notifier and subscriber say to each other (NENA-STA-024.1a, 2.1.5): one object in an envelope that names it.

{"subscribe": {"requestId": "r1", "requestType": "EIDO", "requestSubType": "new", "expires": 600}}
"""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from gateways.eido.documents import UNREADABLE, sentence

SUBPROTOCOL: Final = "emergency-ent1.0"
OK, BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ACCEPTABLE, TOO_LARGE = 200, 400, 403, 404, 406, 413
NO_SUBSCRIPTION, FAILED, UNAVAILABLE = 481, 500, 503
Id = Annotated[str, Meta(min_length=1, max_length=256)]
Seconds = Annotated[int, Meta(ge=1, le=31_536_000)]


class Body(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The base of everything that is said."""


class Subscribe(Body, frozen=True, kw_only=True):
    """A wish to be told: of every incident that passes a filter, or of one; or for more time."""

    request_id: Id
    request_type: Annotated[str, Meta(max_length=64)]
    request_sub_type: Annotated[str, Meta(max_length=64)] | None = None
    """new, or single."""
    request_accepts: Annotated[str, Meta(max_length=1_024)] | None = None
    qual_filter: Annotated[str, Meta(min_length=1)] | None = None
    qual_filter_eval_period: Seconds | None = None
    """The filter is looked at so often, in seconds; without it, at every change."""
    min_rate: Seconds | None = None
    """So many seconds after the last event there is another, if an empty one (RFC 6446)."""
    max_rate: Seconds | None = None
    """Two events are so many seconds apart at least (RFC 6446)."""
    subscription_id: Id | None = None
    """That of a subscription that is to last longer."""
    incident_id: Annotated[str, Meta(min_length=1, max_length=1_024)] | None = None
    expires: Seconds | None = None


class SubscribeResponse(Body, frozen=True, kw_only=True):
    """What came of it."""

    request_id: str
    subscription_id: str | None = None
    expires: int | None = None
    min_rate: int | None = None
    max_rate: int | None = None
    qual_filter_eval_period: int | None = None
    status_code: int
    status_text: str


class Event(Body, frozen=True, kw_only=True, omit_defaults=False):
    """Documents; none, where nothing has happened for a while."""

    subscription_id: Id
    transaction_id: Id
    notification: tuple[msgspec.Raw, ...] | None = ()


class EventResponse(Body, frozen=True, kw_only=True, omit_defaults=False):
    """Whether they could be read."""

    transaction_id: Id
    status_code: int = OK
    status_text: str = ""


class Unsubscribe(Body, frozen=True, kw_only=True):
    """No more, please."""

    request_id: Id
    subscription_id: Id


class UnsubscribeResponse(Body, frozen=True, kw_only=True):
    """What came of it."""

    request_id: str
    subscription_id: str
    status_code: int
    status_text: str


class Terminate(Body, frozen=True, kw_only=True):
    """The notifier ends a subscription."""

    request_id: Id
    subscription_id: Id
    status_text: str | None = None


class TerminateResponse(Body, frozen=True, kw_only=True, omit_defaults=False):
    """The subscriber knows."""

    request_id: Id
    subscription_id: str = ""
    status_code: int = OK
    status_text: str = ""


AnyBody: TypeAlias = (
    Subscribe
    | SubscribeResponse
    | Event
    | EventResponse
    | Unsubscribe
    | UnsubscribeResponse
    | Terminate
    | TerminateResponse
)

KINDS: Final[dict[str, type[Body]]] = {
    "subscribe": Subscribe,
    "subscribeResponse": SubscribeResponse,
    "event": Event,
    "eventResponse": EventResponse,
    "unsubscribe": Unsubscribe,
    "unsubscribeResponse": UnsubscribeResponse,
    "terminate": Terminate,
    "terminateResponse": TerminateResponse,
}
NAMES: Final = {kind: name for name, kind in KINDS.items()}
_ENVELOPE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANYTHING: Final = msgspec.json.Decoder(dict[str, Any])


class BadFrame(Exception):
    """It is nothing that is said in this protocol. The message names the field and the reason."""

    def __init__(self, reason: str, kind: str = "", request: str = "", subscription: str = "") -> None:
        super().__init__(reason)
        self.kind = kind
        """Its envelope's name, as far as that could be read …"""
        self.request = request
        """… its requestId, or transactionId …"""
        self.subscription = subscription
        """… and its subscriptionId."""


def frame(body: AnyBody) -> bytes:
    """Return what is sent for it."""
    return b'{"%b":%b}' % (NAMES[type(body)].encode(), msgspec.json.encode(body))


def read(text: str | bytes) -> AnyBody:
    """Return what is said in a frame. Raises BadFrame."""
    try:
        envelope = _ENVELOPE.decode(text)
    except UNREADABLE as error:
        raise BadFrame(sentence(error)) from None
    if len(envelope) != 1:
        raise BadFrame(f"$: an envelope holds one object; this one has {len(envelope)}.")
    ((name, raw),) = envelope.items()
    kind = KINDS.get(name)
    if kind is None:
        raise BadFrame(f"$: {name[:40]!r} is not said here. There is {', '.join(KINDS)}.")
    try:
        body: AnyBody = msgspec.json.decode(raw, type=kind)  # type: ignore[assignment]  # KINDS holds nothing else
    except UNREADABLE as error:
        raise BadFrame(sentence(error).replace("$", f"$.{name}", 1), name, *_salvaged(raw)) from None
    return body


def _salvaged(raw: msgspec.Raw) -> tuple[str, str]:
    """Return the ids of an object that does not hold, so that whoever sent it knows which one is answered."""
    try:
        found = _ANYTHING.decode(raw)
    except UNREADABLE:
        return "", ""
    ids = (found.get("requestId") or found.get("transactionId"), found.get("subscriptionId"))
    return tuple(each if isinstance(each, str) and len(each) <= 256 else "" for each in ids)  # type: ignore[return-value]  # two
