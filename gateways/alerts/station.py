"""What is said to a station's controller, one JSON object a line over TCP, as a conversation without a socket.

Rule: pure. The contract is STATION.md. An alert stays under its id however often it is sent; what was not answered
when a connection ended is sent again on the next one. Nothing that a controller sends raises: a line that is not
understood is answered with an `error` and counted, one that is too long ends the connection.
"""

from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from gateways.alerts.message import Message, render

VERSION: Final = 1
LINE_MAX: Final = 65_536
OVERS_MAX: Final = 1_000
ERRORS_MAX: Final = 20
"""Lines that are not understood; then the connection is ended: the other side speaks something else."""

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(max_length=100)]
Millis = Annotated[int, Meta(ge=0, le=9_999_999_999_999)]


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The controller says who it is, and that the token was right."""

    controller: Name = ""
    at_ms: Millis = 0


class Taken(Struct, frozen=True, tag_field="type", tag="taken"):
    """The alert is out: tones, lights, printer."""

    id: Id
    at_ms: Millis = 0


class Refused(Struct, frozen=True, tag_field="type", tag="refused"):
    """The alert cannot be brought."""

    id: Id
    reason: Annotated[str, Meta(max_length=1_000)] = ""


class Acknowledged(Struct, frozen=True, tag_field="type", tag="acknowledged"):
    """Somebody in the station has pressed the button, at the controller's own time."""

    id: Id
    by: Name = ""
    at_ms: Millis = 0


class Beat(Struct, frozen=True, tag_field="type", tag="beat"):
    """It is still there."""

    at_ms: Millis = 0


Said: TypeAlias = Hello | Taken | Refused | Acknowledged | Beat
_decoder: Final = msgspec.json.Decoder(Said)


def line(kind: str, **fields: object) -> bytes:
    """Return a line that we send."""
    return msgspec.json.encode({"type": kind, **fields}) + b"\n"


class Waiting(Struct):
    """An alert that the controller has not answered for."""

    line: bytes
    answered: Callable[[bool, str], None]
    """Called once: was it taken, and if not, why."""


class Conversation:
    """All that is said with one controller, over as many connections as it takes."""

    def __init__(self, station: str, token: str) -> None:
        self._hello = line("hello", version=VERSION, station=station, token=token)
        self._buffer = b""
        self._errors = 0
        self._greeted = False
        self._waiting: dict[str, Waiting] = {}
        self._overs: dict[str, bytes] = {}
        self.misunderstood = 0
        """Lines that were no message of the contract."""

    # ── our side ────────────────────────────────────────────────────────────────────────────────────────────

    def connected(self) -> bytes:
        """Begin a connection: say who we are; the rest follows when the controller has said hello."""
        self._buffer, self._errors, self._greeted = b"", 0, False
        return self._hello

    def tell(self, message: Message, answered: Callable[[bool, str], None]) -> bytes:
        """Take an alert to be told; return what to send now: nothing while there is no connection."""
        payload = msgspec.Raw(render(message))
        waiting = Waiting(line("alert", id=message.alert, attempt=message.attempt, alert=payload), answered)
        self._waiting[message.alert] = waiting
        return waiting.line if self._greeted else b""

    def forget(self, alert: str, answered: Callable[[bool, str], None]) -> None:
        """The attempt is over: nobody waits for its answer any more."""
        waiting = self._waiting.get(alert)
        if waiting is not None and waiting.answered is answered:
            del self._waiting[alert]

    def over(self, alert: str, reason: str) -> bytes:
        """Call an alert off; it is said on the next connection if there is none."""
        said = line("over", id=alert, reason=reason[:200])
        if self._greeted:
            return said
        while len(self._overs) >= OVERS_MAX:
            del self._overs[next(iter(self._overs))]
        self._overs[alert] = said
        return b""

    # ── the controller's side ───────────────────────────────────────────────────────────────────────────────

    def receive(self, data: bytes) -> tuple[list[Said], bytes, bool]:
        """Take what came; return what was said, what to answer, and whether the connection may go on."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        said: list[Said] = []
        out = b""
        for each in lines:
            if len(each) > LINE_MAX:
                return said, out + line("error", reason=f"a line is longer than {LINE_MAX} bytes"), False
            if not each.strip():
                continue
            out += self._take(each, said)
            if self._errors > ERRORS_MAX:
                return said, out, False
        if len(self._buffer) > LINE_MAX:
            return said, out + line("error", reason=f"a line is longer than {LINE_MAX} bytes"), False
        return said, out, True

    def _take(self, data: bytes, said: list[Said]) -> bytes:
        try:
            message = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.misunderstood += 1
            self._errors += 1
            return line("error", reason=str(error)[:200])
        said.append(message)
        if isinstance(message, Taken | Refused):
            waiting = self._waiting.pop(message.id, None)
            if waiting is not None:
                waiting.answered(isinstance(message, Taken), getattr(message, "reason", ""))
        if isinstance(message, Hello) and not self._greeted:
            self._greeted = True
            again = b"".join(self._overs.values()) + b"".join(each.line for each in self._waiting.values())
            self._overs.clear()
            return again
        return b""
