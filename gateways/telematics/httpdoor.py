"""A door of its own for HTTP trackers, for fleets: the same entrance as on the common listener at a third of its cost.

Rule: a plain GET that has come whole, which is what trackers send all day, is read here, judged together with those of other
trackers (`together.py`) and answered without a wait; from the first request that is anything else, h11 reads the connection to its
end. Each wait has a deadline, and whatever goes wrong within one
connection ends that connection alone. Any path is taken, as trackers of this kind know only a host and a port.
"""

import math
import os
import re
from contextlib import suppress
from typing import Final

import h11
import trio
from starlette.requests import ClientDisconnect

from gateways.log import logger
from gateways.telematics.http import NOT_OURS, UNLISTED, Answer, Entrance, TooLarge, holds_a_fix
from gateways.telematics.hygiene import Verdict
from gateways.telematics.intake import Authorise, Intake, Principal
from gateways.telematics.osmand import OsmAnd
from gateways.telematics.together import Together
from gateways.telematics.traccar import Traccar

_RECEIVE_BYTES: Final = 65_536
_HEAD_BYTES: Final = 16_384
_IDLE_S: Final = 120.0
_RENEW_S: Final = 5.0
"""So often, at most, a connection's deadline is moved on: it may be idle for so much longer."""
_HEAD_S: Final = 15.0
"""For the whole of a head that has begun, and for a body that nobody needs: however slowly it dribbles in."""
_SEND_S: Final = 5.0
_EMPTY: Final = [(b"content-length", b"0")]
_LINE: Final = re.compile(rb"GET ([!-~]+) HTTP/1\.1")
_HEAD: Final = re.compile(rb"(?:[A-Za-z0-9-]+:[\t -~]*\r\n)*\r\n")
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
    together = Together(intake)
    door = _Door(Entrance(config, intake, authorise), intake, together, config.max_connections)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(together.run)
        await trio.serve_listeners(door.welcome, listeners, task_status=task_status)


class _Door:
    """The error boundary round every connection, and their number."""

    def __init__(self, entrance: Entrance, intake: Intake, together: Together, most: int) -> None:
        self._entrance = entrance
        self._intake = intake
        self._together = together
        self._most = most
        self._open = 0

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection to its end; never raises."""
        if self._open >= self._most:
            self._intake.count("connection_refused")
            return
        self._open += 1
        try:
            await _Conversation(stream, self._entrance, self._together).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            self._intake.count("connection_reset")
        except Exception:  # noqa: BLE001 - the boundary: a fault in one connection must not reach the listener
            self._intake.count("connection_failed")
            _log.exception("a tracker's HTTP connection failed; it was closed, the others go on")
        finally:
            self._open -= 1


class _Conversation:
    """One connection: requests and their answers, in order."""

    def __init__(self, stream: trio.SocketStream, entrance: Entrance, together: Together) -> None:
        self._stream = stream
        self._entrance = entrance
        self._together = together
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        self._scope = trio.CancelScope()
        self._renew_s = 0.0
        self._head = b""
        """The head of the last plain request behind its first line: a tracker sends the same every time."""
        self._bearer = ""
        """What it showed in there …"""
        self._principal: Principal | None = None
        """… and whose that is."""
        self._owes = False
        """A fix is being judged, and will be answered."""
        self._answered: trio.Event | None = None

    async def run(self) -> None:
        """Answer until the tracker leaves, or says that it will. Raises trio.TooSlowError where it does neither."""
        with self._scope:
            await self._converse()
        if self._scope.cancelled_caught:
            raise trio.TooSlowError

    async def _converse(self) -> None:
        while True:
            self._stay()
            data = bytes(await self._stream.receive_some(_RECEIVE_BYTES))
            if self._owes:  # it has not waited for its answer
                self._answered = trio.Event()
                await self._answered.wait()
            if not data:
                return
            if not self._plainly(data):
                self._scope.deadline = math.inf
                self._http.receive_data(data)
                await self._fully()
                return

    def _stay(self) -> None:
        """Let the connection live on for a while."""
        now_s = trio.current_time()
        if now_s >= self._renew_s:
            self._renew_s = now_s + _RENEW_S
            self._scope.deadline = now_s + _IDLE_S + _RENEW_S

    def _plainly(self, data: bytes) -> bool:
        """Take a whole GET with a query and without a body; False for anything else."""
        line, _, head = data.partition(b"\r\n")
        found = _LINE.fullmatch(line) if len(data) <= _HEAD_BYTES else None
        if found is None or not (head == self._head or self._read_head(head)):
            return False
        query = found[1].partition(b"?")[2]
        if not holds_a_fix(query):
            return False
        self._take(query)
        return True

    def _read_head(self, head: bytes) -> bool:
        """Take who speaks from a head; False where it says more than that."""
        if _HEAD.fullmatch(head) is None:
            return False
        lines = head.replace(b"\r\n", b"\n")
        if _NOT_PLAIN.search(lines):
            return False
        shown = _AUTHORIZATION.findall(lines)
        self._bearer = shown[0].strip().decode("latin-1") if shown else ""
        self._head, self._principal = head, self._entrance.who(self._bearer)
        return True

    def _take(self, query: bytes) -> None:
        principal = self._entrance.who(self._bearer, query) if b"token=" in query else self._principal
        if principal is None:
            self._say(*self._entrance.refuse_token())
            return
        decoded = self._entrance.read_query(query)
        if isinstance(decoded, tuple):
            self._say(*decoded)
            return
        self._owes = True
        self._together.add(decoded, principal, self._tell)

    def _tell(self, verdict: Verdict | None) -> None:
        """Answer the fix that was judged."""
        self._owes = False
        if verdict is None:
            self._scope.cancel()
        elif verdict in NOT_OURS:
            self._say(*UNLISTED)
        else:
            self._write(_TAKEN)
        if self._answered is not None:
            self._answered.set()

    def _say(self, status: int, text: str) -> None:
        if status == 200:
            self._write(_TAKEN)
            return
        body = text.encode()
        extra = b"www-authenticate: Bearer\r\n" if status == 401 else b""
        self._write(
            b"HTTP/1.1 %d \r\n%scontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n\r\n%s"
            % (status, extra, len(body), body)
        )

    def _write(self, answer: bytes) -> None:
        """Answer at once. A tracker that has let so many answers lie that no more fit in is not there any more."""
        try:
            sent = os.write(self._stream.socket.fileno(), answer)
        except OSError:
            sent = 0
        if sent < len(answer):
            self._scope.cancel()

    async def _fully(self) -> None:
        while True:
            try:
                event = await self._request()
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
            with suppress(TooLarge), trio.fail_after(_HEAD_S):  # too large: the connection ends behind the answer
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

    async def _request(self) -> h11.Event | None:
        """Wait for the next request: as long as one may be idle for its beginning, then for a while for all of its head."""
        begun, _ = self._http.trailing_data
        if not begun:
            with trio.fail_after(_IDLE_S):
                self._http.receive_data(await self._stream.receive_some(_RECEIVE_BYTES))
        try:
            with trio.fail_after(_HEAD_S):
                return await self._next(_HEAD_S)
        except trio.TooSlowError:
            await self._send(*self._entrance.refuse_slow_head(_HEAD_S))
            return None

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
