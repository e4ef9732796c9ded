"""What a channel is: a frozen table of the configuration that opens a sender, and what the sender can do.

Every sender sends. One whose other side speaks up later (a pager network that is asked, a station that answers, a
provider that calls back) is a Listener or a Receiver as well; one that can call a message off is a Retractor.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar, Final, Protocol, runtime_checkable

from msgspec import Struct

from engine.model.alert_facts import CopyState
from gateways.alerts.message import Message


class Outcome(Struct, frozen=True):
    """How an attempt went."""

    delivered: bool
    """The endpoint has taken it. Whether its recipient has seen it is another matter."""
    detail: str = ""
    """The reason of a failure, for people: what happened and, where we know, what to do."""
    acknowledged_by: str | None = None
    """The endpoint's answer was itself the acknowledgement, and this is whose."""
    only_this: bool = False
    """The failure is this copy's alone, a wrong number or one station of many: it says nothing about the endpoint."""
    left_out: bool = False
    """Nothing was tried: the recipient is off duty, or wants to be left alone."""
    reached: bool = False
    """Not only the endpoint has it: it is known to have come to the recipient's own device."""


class Copy(Struct, frozen=True):
    """For whom a message is: one recipient's copy of it at one endpoint."""

    recipient: str = ""
    """Who, by the name in the table of recipients; "" where the endpoint itself knows whom to tell."""
    address: str = ""
    """Where: a number, a mailbox, a pager's id. It is never journaled and never logged."""
    exercise: bool = False
    """The address is no real person's: it may be sent to in an exercise."""

    def __repr__(self) -> str:
        """Show no address."""
        return f"Copy({self.recipient!r})"


NOBODY = Copy()
"""The endpoint knows whom to tell."""


class NotTold(Exception):
    """Whoever says so was not told of that alert, so it is not for them to say. The message is for the other side."""


class Speaker(Protocol):
    """One of several at an endpoint who are told of different alerts."""

    def may_answer(self, message: Message) -> bool:
        """Tell whether this is who the message goes to."""


class News(Struct, frozen=True, kw_only=True):
    """What the other side has said about a copy after it was sent."""

    alert: str = ""
    """"" where the other side does not know it: then the newest open alert that the recipient was told."""
    recipient: str = ""
    address: str = ""
    """Instead of the recipient's name: the address that an answer came from."""
    state: CopyState
    by: str = ""
    """Who acknowledges, if it is not the recipient."""
    speaker: Speaker | None = None
    """Who says so, where several at the endpoint are told of different alerts: then only who was told may."""
    detail: str = ""
    at_ms: int = 0
    """When, by the other side's own clock; 0 if it does not say."""


_REFERENCE: Final = re.compile(r"(A[1-9][0-9]{0,17})(?:\.([A-Za-z0-9_ -]{1,64}))?", re.ASCII)


def reference(alert: str, recipient: str) -> str:
    """Return our own name for a copy, to be given back by the other side."""
    return f"{alert}.{recipient}" if recipient else alert


def referred(words: str) -> tuple[str, str]:
    """Return the alert and the recipient of a reference; ("", "") of what is none."""
    form = _REFERENCE.fullmatch(words)
    return ("", "") if form is None else (form[1], form[2] or "")


Tell = Callable[[News], Awaitable[bool]]
"""Brings news to the engine; tells whether nothing is left to do: it is durable, or about an alert that is over."""


class Sender(Protocol):
    """An open channel. Used by several tasks at once."""

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Try once, within the channel's own time. What it raises counts as a failed attempt."""


@runtime_checkable
class Listener(Protocol):
    """A sender that has something to do between its messages: hold a connection, ask what became of them."""

    async def listen(self, tell: Tell) -> None:
        """Do so until cancelled."""


@runtime_checkable
class Retractor(Protocol):
    """A sender that can say that a message is over."""

    def over(self, alert: str, reason: str) -> None:
        """Take note that this alert is over. Never waits."""


class Posted(Struct, frozen=True):
    """What the other side has posted to `/alerts/endpoints/{name}`, or asked it with."""

    body: bytes
    media_type: str
    query: Mapping[str, str]


class Heard(Struct, frozen=True):
    """What was in it, and what the other side is answered once that is durable."""

    news: tuple[News, ...]
    body: bytes = b""
    media_type: str = "text/plain"


@runtime_checkable
class Receiver(Protocol):
    """A sender whose other side calls back over HTTP."""

    def hear(self, posted: Posted) -> Heard:
        """Read what was posted. Raises ValueError, saying what is wrong, if it is not to be understood."""


class Channel(Protocol):
    """A channel as configured."""

    addressed: ClassVar[bool]
    """It needs a recipient's address; else the endpoint itself knows whom to tell."""
    leaves: ClassVar[bool]
    """What it sends leaves this machine: in an exercise it is recorded instead."""

    @property
    def timeout_s(self) -> float:
        """The longest that one attempt may take."""

    def open(self, folder: Path) -> AbstractAsyncContextManager[Sender]:
        """Open the channel; relative paths in its configuration begin at `folder`."""
