"""The TCP door: any stream of the telematics protocols, in the clear or over TLS.

Rule: nobody outside can stop the listener. Who it is must be shown in time (`doors.py`); every wait has a
deadline; whatever goes wrong within one connection is counted and ends that connection alone. A sender that
makes mistakes is told so (at most one answer a second), and after too many of them it is shown the door.
"""

import ssl
from math import inf
from typing import Any, Final

import msgspec
import trio

from gateways.log import logger
from gateways.telematics.doors import Doorkeeper, Turned, answers_of, take_refused, turns
from gateways.telematics.fix import Refusal
from gateways.telematics.intake import Authorise, Intake, Named, Principal
from gateways.telematics.listener import Listener, StreamDecoder

_RECEIVE_BYTES: Final = 262_144
_ANSWER_EVERY_S: Final = 1.0
_LINGER_S: Final = 1.0
_FIRST_LINE_MAX: Final = 16_384

_log = logger("telematics")


async def serve_stream(
    config: Listener,
    intake: Intake,
    authorise: Authorise,
    named: Named,
    *,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled. Reports its listeners once they are bound; raises OSError if they cannot be."""
    context = None if config.tls is None else config.tls.context()
    listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    door = _Door(config, intake, Doorkeeper(config, authorise, named), context)
    await trio.serve_listeners(door.welcome, listeners, task_status=task_status)


class _Door:
    """The error boundary round every connection, and their number."""

    def __init__(self, config: Listener, intake: Intake, keeper: Doorkeeper, context: ssl.SSLContext | None) -> None:
        self._config = config
        self._intake = intake
        self._keeper = keeper
        self._context = context
        self._open = 0

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection to its end; never raises."""
        if self._open >= 2 * self._config.max_connections:
            self._intake.count("connection_refused")  # so many are being refused: no time for reasons
            return
        self._open += 1
        try:
            await self._serve(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):  # OSError: gone before it was looked at
            self._intake.count("connection_reset")
        except Exception:  # noqa: BLE001 - the boundary: a fault in one connection must not reach the listener
            self._intake.count("connection_failed")
            _log.exception("a telematics connection failed; it was closed, the others go on")
        finally:
            self._open -= 1

    async def _serve(self, stream: trio.SocketStream) -> None:
        line = _Line(stream, self._config)
        try:
            self._check_room()
            certificate = await line.encrypt(self._context)
            known = self._keeper.by_certificate(certificate)
            sender = self._config.device_at(*stream.socket.getpeername()[:2]) if hasattr(stream, "socket") else None
            await _Feed(line, self._config, self._intake, self._keeper).run(known, sender)
        except Turned as turned:
            self._intake.count(turned.event)
            await line.farewell(turned.refusal)

    def _check_room(self) -> None:
        """Refuse a connection too many, with a reason."""
        most = self._config.max_connections
        if self._open > most:
            raise Turned("connection_refused", "connection", f"{most} are open already; try later")


class _Line:
    """One socket with a deadline on every wait."""

    def __init__(self, stream: trio.SocketStream, config: Listener) -> None:
        self._stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = stream
        self._config = config
        self._quiet_until = -inf

    async def encrypt(self, context: ssl.SSLContext | None) -> dict[str, Any] | None:
        """Speak TLS from here on, where there is a context; return the client's certificate if it showed one."""
        if context is None or not isinstance(self._stream, trio.SocketStream):
            return None
        encrypted = trio.SSLStream(self._stream, context, server_side=True, https_compatible=True)
        with trio.move_on_after(self._config.token_wait_s) as deadline:
            await encrypted.do_handshake()
        if deadline.cancelled_caught:
            raise trio.BrokenResourceError("no TLS handshake in time")
        self._stream = encrypted
        certificate: dict[str, Any] | None = encrypted.getpeercert()
        return certificate

    async def receive(self) -> bytes:
        """Wait for the next bytes; none at the end of the stream."""
        with trio.move_on_after(self._config.idle_s):
            return bytes(await self._stream.receive_some(_RECEIVE_BYTES))
        raise Turned("connection_idle", "connection", f"silent for {self._config.idle_s:g} s")

    async def answer(self, refusal: Refusal) -> None:
        """Tell the sender, unless it was told something a moment ago."""
        if trio.current_time() < self._quiet_until:
            return
        self._quiet_until = trio.current_time() + _ANSWER_EVERY_S
        await self._refuse(refusal)

    async def farewell(self, refusal: Refusal) -> None:
        """Give the last answer, then read away what still comes in for a moment.

        A close with unread bytes is a reset, and a reset would take the answer from a sender still reading.
        """
        await self._refuse(refusal)
        with trio.move_on_after(_LINGER_S):
            if isinstance(self._stream, trio.SocketStream):
                await self._stream.send_eof()
            while await self._stream.receive_some(_RECEIVE_BYTES):
                pass

    async def _refuse(self, refusal: Refusal) -> None:
        body = {"refused": refusal.field, "reason": refusal.reason}
        await self.send(msgspec.json.encode(body) + b"\n")

    async def send(self, data: bytes) -> None:
        """Send. Raises BrokenResourceError where the sender does not take it in time."""
        with trio.move_on_after(self._config.send_s) as deadline:
            await self._stream.send_all(data)
        if deadline.cancelled_caught:
            raise trio.BrokenResourceError("the sender does not read its answers")


class _Feed:
    """One connection: who it is, then fixes until it ends."""

    def __init__(self, line: _Line, config: Listener, intake: Intake, keeper: Doorkeeper) -> None:
        self._line = line
        self._config = config
        self._intake = intake
        self._keeper = keeper
        self._counted = 0

    async def run(self, known: Principal | None, sender: str | None) -> None:
        """Read until the sender ends or is sent away."""
        if self._config.first_line == "data":
            principal, device, data = self._keeper.by_door(known), None, b""
        else:
            principal, device, data = await self._hello(known)
        self._intake.count("connection")
        decoder = self._config.decoder(device or sender)
        more = True
        while more:
            await self._take(decoder, data, principal)
            await self._complain(decoder)
            data = await self._line.receive()
            more = bool(data)

    async def _hello(self, known: Principal | None) -> tuple[Principal, str | None, bytes]:
        """Who it is, as which device, and the bytes that came along behind the first line."""
        with trio.move_on_after(self._config.token_wait_s):
            first, rest = await self._first_line()
            return *self._keeper.by_line(first, known), rest
        field = "device" if self._config.first_line == "device" else "token"
        raise Turned(f"bad_{field}", field, f"none within {self._config.token_wait_s:g} s")

    async def _first_line(self) -> tuple[bytes, bytes]:
        data = b""
        while b"\n" not in data and len(data) <= _FIRST_LINE_MAX:
            received = await self._line.receive()
            if not received:
                raise trio.BrokenResourceError("the sender left before its first line had ended")
            data += received
        first, _, rest = data.partition(b"\n")
        if len(first) > _FIRST_LINE_MAX:
            raise Turned("bad_token", "token", "the first line is too long")
        return first, rest

    async def _take(self, decoder: StreamDecoder, data: bytes, principal: Principal) -> None:
        """Hand the fixes on in turns, and let the others run between them; then answer who waits for it."""
        for turn in turns(decoder.feed(data, self._intake.now_ms())):
            self._intake.take_columns(turn, principal)
            await trio.lowlevel.checkpoint()
        answers = answers_of(self._intake, decoder, principal)
        if answers:
            await self._line.send(answers)

    async def _complain(self, decoder: StreamDecoder) -> None:
        """Count the bad pieces since the last time, answer the first, and end after too many."""
        refusals = take_refused(self._intake, decoder, self._counted)
        if not refusals:
            return
        self._counted = decoder.refused
        last = refusals[-1]
        if decoder.refused >= self._config.max_bad_lines:
            reason = f"{decoder.refused} bad lines; the last: {last.field}: {last.reason}"
            raise Turned("too_many_bad_lines", "connection", reason)
        if decoder.lost:
            raise Turned("feed_lost", last.field, last.reason)
        await self._line.answer(refusals[0])
