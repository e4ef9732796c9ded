"""The TCP entrance for newline-delimited JSON.

Rule: nobody outside can stop the listener. The first line must show a token in time; every wait has a
deadline; whatever goes wrong within one connection is counted and ends that connection alone. A sender that
makes mistakes is told so (at most one answer a second), and after too many of them it is shown the door.
"""

from collections.abc import Iterator
from math import inf
from typing import Final

import msgspec
import trio

from gateways.log import logger
from gateways.telematics.fix import UNREADABLE, Fix, Refusal
from gateways.telematics.intake import Authorise, Intake, Principal
from gateways.telematics.jsonlines import JsonLines, JsonLinesDecoder

_RECEIVE_BYTES: Final = 65_536
_FIXES_PER_TURN: Final = 1_000
_ANSWER_EVERY_S: Final = 1.0
_LINGER_S: Final = 1.0

_log = logger("telematics")


class _Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a connection."""

    token: str


class _FarewellError(Exception):
    """Ends a connection with a last answer that says why; `event` is what is counted."""

    def __init__(self, event: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.event = event
        self.refusal = Refusal(reason, field)


async def serve_json_lines(
    config: JsonLines,
    intake: Intake,
    authorise: Authorise,
    *,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled. Reports its listeners once they are bound; raises OSError if they cannot be."""
    listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    door = _Door(config, intake, authorise)
    await trio.serve_listeners(door.welcome, listeners, task_status=task_status)


class _Door:
    """The error boundary round every connection, and their number."""

    def __init__(self, config: JsonLines, intake: Intake, authorise: Authorise) -> None:
        self._config = config
        self._intake = intake
        self._authorise = authorise
        self._open = 0

    async def welcome(self, stream: trio.abc.HalfCloseableStream) -> None:
        """Serve one connection to its end; never raises."""
        if self._open >= 2 * self._config.max_connections:
            self._intake.count("connection_refused")  # so many are being refused: no time for reasons
            return
        self._open += 1
        try:
            await self._serve(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._intake.count("connection_reset")
        except Exception:  # noqa: BLE001 - the boundary: a fault in one connection must not reach the listener
            self._intake.count("connection_failed")
            _log.exception("a telematics connection failed; it was closed, the others go on")
        finally:
            self._open -= 1

    async def _serve(self, stream: trio.abc.HalfCloseableStream) -> None:
        line = _Line(stream, self._config)
        try:
            self._check_room()
            await _Feed(line, self._config, self._intake, self._authorise).run()
        except _FarewellError as farewell:
            self._intake.count(farewell.event)
            await line.farewell(farewell.refusal)

    def _check_room(self) -> None:
        """Refuse a connection too many, with a reason."""
        most = self._config.max_connections
        if self._open > most:
            raise _FarewellError("connection_refused", "connection", f"{most} are open already; try later")


class _Line:
    """One socket with a deadline on every wait."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, config: JsonLines) -> None:
        self._stream = stream
        self._config = config
        self._quiet_until = -inf

    async def receive(self) -> bytes:
        """Wait for the next bytes; none at the end of the stream."""
        with trio.move_on_after(self._config.idle_s):
            return bytes(await self._stream.receive_some(_RECEIVE_BYTES))
        raise _FarewellError("connection_idle", "connection", f"silent for {self._config.idle_s:g} s")

    async def answer(self, refusal: Refusal) -> None:
        """Tell the sender, unless it was told something a moment ago."""
        if trio.current_time() < self._quiet_until:
            return
        self._quiet_until = trio.current_time() + _ANSWER_EVERY_S
        await self._send(refusal)

    async def farewell(self, refusal: Refusal) -> None:
        """Give the last answer, then read away what still comes in for a moment.

        A close with unread bytes is a reset, and a reset would take the answer from a sender still reading.
        """
        await self._send(refusal)
        with trio.move_on_after(_LINGER_S):
            await self._stream.send_eof()
            while await self._stream.receive_some(_RECEIVE_BYTES):
                pass

    async def _send(self, refusal: Refusal) -> None:
        body = {"refused": refusal.field, "reason": refusal.reason}
        with trio.move_on_after(self._config.send_s) as deadline:
            await self._stream.send_all(msgspec.json.encode(body) + b"\n")
        if deadline.cancelled_caught:
            raise trio.BrokenResourceError("the sender does not read its answers")


class _Feed:
    """One connection: the token, then fixes until it ends."""

    def __init__(self, line: _Line, config: JsonLines, intake: Intake, authorise: Authorise) -> None:
        self._line = line
        self._config = config
        self._intake = intake
        self._authorise = authorise
        self._counted = 0

    async def run(self) -> None:
        """Read until the sender ends or is sent away."""
        principal, data = await self._hello()
        self._intake.count("connection")
        decoder = self._config.decoder()
        more = True
        while more:
            await self._take(decoder.feed(data), principal)
            await self._complain(decoder)
            data = await self._line.receive()
            more = bool(data)

    async def _hello(self) -> tuple[Principal, bytes]:
        """Who it is, and the bytes that came along behind the first line."""
        with trio.move_on_after(self._config.token_wait_s):
            first, rest = await self._first_line()
            principal = self._authorise(_token(first))
            if principal is None:
                raise _FarewellError("bad_token", "token", "not valid for this feed")
            return principal, rest
        raise _FarewellError("bad_token", "token", f"none within {self._config.token_wait_s:g} s")

    async def _first_line(self) -> tuple[bytes, bytes]:
        data = b""
        while b"\n" not in data and len(data) <= self._config.line_limit_bytes:
            received = await self._line.receive()
            if not received:
                raise trio.BrokenResourceError("the sender left before its first line had ended")
            data += received
        first, _, rest = data.partition(b"\n")
        if len(first) > self._config.line_limit_bytes:
            raise _FarewellError("bad_token", "token", "the first line is too long")
        return first, rest

    async def _take(self, fixes: list[Fix], principal: Principal) -> None:
        """Hand the fixes on in turns, and let the others run between them."""
        for turn in _turns(fixes):
            self._intake.take(turn, principal)
            await trio.lowlevel.checkpoint()

    async def _complain(self, decoder: JsonLinesDecoder) -> None:
        """Count the bad lines since the last time, answer the first, and end after too many."""
        refusals = decoder.take_refusals()
        if not refusals:
            return
        self._intake.count("malformed", decoder.refused - self._counted)
        self._counted = decoder.refused
        if decoder.refused >= self._config.max_bad_lines:
            last = refusals[-1]
            reason = f"{decoder.refused} bad lines; the last: {last.field}: {last.reason}"
            raise _FarewellError("too_many_bad_lines", "connection", reason)
        await self._line.answer(refusals[0])


def _token(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=_Hello).token
    except UNREADABLE:
        raise _FarewellError("bad_token", "token", 'the first line must be {"token": "..."}') from None


def _turns(fixes: list[Fix]) -> Iterator[list[Fix]]:
    return (fixes[start : start + _FIXES_PER_TURN] for start in range(0, len(fixes), _FIXES_PER_TURN))
