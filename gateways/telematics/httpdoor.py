"""A door of its own for HTTP trackers, for fleets: the same entrance as on the common listener at a third of its cost.

Rule: a plain GET that has come whole, which is what trackers send all day, is read here; from the first request that is
anything else, h11 reads the connection to its end. Each wait has a deadline, and whatever goes wrong within one
connection ends that connection alone. Any path is taken, as trackers of this kind know only a host and a port.
"""

import re
from contextlib import suppress
from typing import Final

import h11
import trio
from starlette.requests import ClientDisconnect

from gateways.log import logger
from gateways.telematics.http import Answer, Entrance, TooLarge
from gateways.telematics.intake import Authorise, Intake
from gateways.telematics.osmand import OsmAnd
from gateways.telematics.traccar import Traccar

_RECEIVE_BYTES: Final = 65_536
_HEAD_BYTES: Final = 16_384
_IDLE_S: Final = 120.0
_SEND_S: Final = 5.0
_EMPTY: Final = [(b"content-length", b"0")]
_GET: Final = re.compile(rb"GET ([!-~]+) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)*)\r\n")
_NOT_PLAIN: Final = re.compile(
    rb"(?im)^(?:content-length|transfer-encoding|expect|upgrade|connection:(?!\s*keep-alive\s*$))"
)
_AUTHORIZATION: Final = re.compile(rb"(?im)^authorization:(.*)$")
_TAKEN: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_log = logger("telematics")


async def serve_trackers(
    config: OsmAnd | Traccar,
    intake: Intake,
    authorise: Authorise,
    *,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen on the table's own port until cancelled. Raises OSError if that cannot be."""
    assert config.port is not None, "without a port the protocol is served by the common listener"
    listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    door = _Door(Entrance(config, intake, authorise), intake, config.max_connections)
    await trio.serve_listeners(door.welcome, listeners, task_status=task_status)


class _Door:
    """The error boundary round every connection, and their number."""

    def __init__(self, entrance: Entrance, intake: Intake, most: int) -> None:
        self._entrance = entrance
        self._intake = intake
        self._most = most
        self._open = 0

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection to its end; never raises."""
        if self._open >= self._most:
            self._intake.count("connection_refused")
            return
        self._open += 1
        try:
            await _Conversation(stream, self._entrance).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            self._intake.count("connection_reset")
        except Exception:  # noqa: BLE001 - the boundary: a fault in one connection must not reach the listener
            self._intake.count("connection_failed")
            _log.exception("a tracker's HTTP connection failed; it was closed, the others go on")
        finally:
            self._open -= 1


async def _no_body(limit: int) -> bytes:
    del limit
    return b""


class _Conversation:
    """One connection: requests and their answers, in order."""

    def __init__(self, stream: trio.SocketStream, entrance: Entrance) -> None:
        self._stream = stream
        self._entrance = entrance
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)

    async def run(self) -> None:
        """Answer until the tracker leaves, or says that it will."""
        while True:
            with trio.fail_after(_IDLE_S):
                data = bytes(await self._stream.receive_some(_RECEIVE_BYTES))
            if not data:
                return
            answer = await self._plainly(data)
            if answer is None:
                self._http.receive_data(data)
                await self._fully()
                return
            with trio.fail_after(_SEND_S):
                await self._stream.send_all(answer)

    async def _plainly(self, data: bytes) -> bytes | None:
        """Answer a whole GET without a body; None for anything else."""
        found = _GET.fullmatch(data) if len(data) <= _HEAD_BYTES else None
        if found is None:
            return None
        head = found[2].replace(b"\r\n", b"\n")
        if _NOT_PLAIN.search(head):
            return None
        shown = _AUTHORIZATION.findall(head)
        query = found[1].partition(b"?")[2]
        status, text = await self._entrance.decide(shown[0].strip().decode("latin-1") if shown else "", query, _no_body)
        if status == 200:
            return _TAKEN
        body = text.encode()
        extra = b"www-authenticate: Bearer\r\n" if status == 401 else b""
        return b"HTTP/1.1 %d \r\n%scontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n\r\n%s" % (
            status,
            extra,
            len(body),
            body,
        )

    async def _fully(self) -> None:
        while True:
            try:
                event = await self._next(_IDLE_S)
                if not isinstance(event, h11.Request):
                    return
                status, text = await self._answer(event)
            except h11.RemoteProtocolError as error:
                if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    await self._send(error.error_status_hint, f"request: {error}")
                return
            await self._send(status, text)
            if self._http.our_state is h11.MUST_CLOSE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _answer(self, request: h11.Request) -> Answer:
        if request.method not in (b"GET", b"POST"):
            return 405, "method: GET or POST"
        authorization = next((value for name, value in request.headers if name == b"authorization"), b"")
        query = request.target.partition(b"?")[2]
        answer = await self._entrance.decide(authorization.decode("latin-1"), query, self._read)
        if self._http.their_state is h11.SEND_BODY and answer[0] not in (408, 413):
            with suppress(TooLarge):  # then the connection ends behind the answer
                await self._read(_HEAD_BYTES)  # what came along with a query, so that the next request can be read
        return answer

    async def _read(self, limit: int) -> bytes:
        body = b""
        while True:
            event = await self._next(_IDLE_S)
            if isinstance(event, h11.EndOfMessage):
                return body
            if not isinstance(event, h11.Data):
                raise ClientDisconnect
            body += event.data
            if len(body) > limit:
                raise TooLarge

    async def _next(self, within_s: float) -> h11.Event | None:
        """Wait for what the tracker does next; None where it has more to say than we still listen to."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is not h11.NEED_DATA:
                return None
            if self._http.they_are_waiting_for_100_continue:
                await self._stream.send_all(
                    self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                )
            with trio.fail_after(within_s):
                self._http.receive_data(await self._stream.receive_some(_RECEIVE_BYTES))

    async def _send(self, status: int, text: str) -> None:
        body = text.encode()
        headers = _EMPTY
        if body:
            headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"text/plain; charset=utf-8")]
        if status == 401:
            headers = [*headers, (b"www-authenticate", b"Bearer")]
        parts = self._http.send(h11.Response(status_code=status, headers=headers, reason=b"")) or b""
        if body:
            parts += self._http.send(h11.Data(data=body)) or b""
        parts += self._http.send(h11.EndOfMessage()) or b""
        with trio.fail_after(_SEND_S):
            await self._stream.send_all(parts)
