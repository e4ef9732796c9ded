"""What an operation of the API is: declared once, and served, documented and tested from that one declaration."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from engine.live.service import Service
from gateways.api.config import ApiConfig
from gateways.auth import Principal, Right
from gateways.board import Board
from gateways.geocoding import Geocoder
from gateways.inquiries import Inquiries
from gateways.redaction import Audience
from gateways.upkeep import Desk


class Call(Struct, frozen=True):
    """A request that was let in and understood."""

    principal: Principal
    audience: Audience
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    key: str = ""
    """The Idempotency-Key."""
    if_match: str = ""


class Reply(Struct, frozen=True):
    """What is answered. `content` is encoded as JSON, or is JSON already."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = {}


class Room(Protocol):
    """What handlers reach of the server."""

    service: Service
    board: Board
    inquiries: Inquiries | None
    geocoder: Geocoder | None
    """None: the place lists no house numbers."""
    config: ApiConfig
    desk: Desk | None
    """Of the operators; None: this server has none."""

    def read(self, call: "Call", how: str, incidents: Iterable[str] = ()) -> None:
        """Write down that the caller was shown these incidents' people."""

    async def order(self, call: Call, operation: "Operation") -> Reply:
        """Give the command to the engine; return what has become durable. Raises Problem."""


Handle = Callable[[Any, Call], Awaitable[Reply]]
"""From a Room and a call. Raises Problem."""


class Deprecation(Struct, frozen=True):
    """An operation that will go: since when it is known, and not before when, in seconds since the epoch."""

    since_s: int
    sunset_s: int
    successor: str
    """Path of what to use instead."""


class Operation(Struct, frozen=True, kw_only=True):
    """One method on one path."""

    method: str
    path: str
    name: str
    """The operationId."""
    tag: str
    summary: str
    right: Right | None
    """None: whoever has a token."""
    answers: Any
    """Type of what is answered."""
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    handle: Handle | None = None
    """None: it is a command."""
    command: type[Struct] | None = None
    question: type[Struct] | None = None
    """The question of the vocabulary that it answers."""
    creates: bool = False
    """Answers 201."""
    conditional: bool = False
    """Takes If-Match: the incident must stand as it was seen."""
    slow: bool = False
    """A process of its own reads the journal for it."""
    statuses: tuple[int, ...] = ()
    """Beside those that every operation may answer."""
    deprecated: Deprecation | None = None

    @property
    def says(self) -> type[Struct] | None:
        """The message of the vocabulary that it stands for, if it stands for one."""
        return self.command or self.question

    @property
    def named(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
