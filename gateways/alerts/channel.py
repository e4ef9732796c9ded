"""What a channel is: a frozen table of the configuration that opens a sender, and the sender's one method."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from gateways.alerts.message import Message


class Outcome(Struct, frozen=True):
    """How an attempt went."""

    delivered: bool
    """The endpoint has taken it. Whether its recipient has seen it is another matter."""
    detail: str = ""
    """The reason of a failure, for people: what happened and, where we know, what to do."""
    acknowledged_by: str | None = None
    """The endpoint's answer was itself the acknowledgement, and this is whose."""


class Sender(Protocol):
    """An open channel. Used by several tasks at once."""

    async def send(self, message: Message) -> Outcome:
        """Try once, within the channel's own time. What it raises counts as a failed attempt."""


class Channel(Protocol):
    """A channel as configured."""

    @property
    def timeout_s(self) -> float:
        """The longest that one attempt may take."""

    def open(self, folder: Path) -> AbstractAsyncContextManager[Sender]:
        """Open the channel; relative paths in its configuration begin at `folder`."""
