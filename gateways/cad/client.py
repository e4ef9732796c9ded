"""A small client: ask, and follow the board. Used by the demo, the tests and the load tests; copy it into your own.

    async with connect("ws://127.0.0.1:7010", token) as client:
        answer = await client.ask(ReportIncident(id=new_id(), incident_type="fire", lat=41.5, lon=-90.5))
        print(client.mirror.incidents[answer.incident])

`reconnecting` gives the same client, which survives the loss of its connection: it resumes where it was and sends
unanswered commands again under their ids, which the server answers as if they had been sent once.
"""

import random
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Final

import trio
from msgspec import Struct
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, open_websocket_url

from gateways.cad import messages
from gateways.cad.messages import VERSION, Answer, Bye, Delta, Hello, Positions, Resync, Snapshot, Welcome
from gateways.cad.mirror import Gap, Mirror
from gateways.vocabulary.incident_messages import AnyCommand
from gateways.vocabulary.questions import Question, Told

CONNECT_S: Final = 5.0
SEND_S: Final = 5.0
SNAPSHOT_BYTES_MAX: Final = 256 << 20
_RECEIVE_BYTES: Final = 65_536
_READ_AHEAD: Final = 64
RETRY_MOST_S: Final = 60.0
"""However long the server asks a client to stay away."""
_BACKOFF_FIRST_S: Final = 0.1
_BACKOFF_MOST_S: Final = 5.0


class Refused(Exception):
    """The server refused a command (or the hello): it changed nothing."""

    def __init__(self, refusal: messages.Refused) -> None:
        super().__init__(f"{refusal.code}: {refusal.field}: {refusal.reason}")
        self.refusal = refusal

    @property
    def code(self) -> str:
        """The kind of refusal."""
        return self.refusal.code


class Disconnected(Exception):
    """The connection is lost. A command without its answer may have happened: ask again under the same id."""


class FellBehind(Exception):
    """The reader of `updates` was too slow, and some were left out; `client.mirror` has not missed any."""


class _Asked(Struct):
    """A command on its way."""

    text: str
    arrived: trio.Event
    answer: Answer | Told | messages.Refused | None = None


class Updates:
    """The deltas from now on. Iterate it in one task; it ends with the client, and raises FellBehind."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Delta] = deque()
        self._news = trio.Event()
        self._lagging = self._over = False

    def __aiter__(self) -> "Updates":
        return self

    async def __anext__(self) -> Delta:
        while not (self._waiting or self._lagging or self._over):
            self._news = trio.Event()
            await self._news.wait()
        if self._waiting:
            return self._waiting.popleft()
        if self._lagging:
            raise FellBehind
        raise StopAsyncIteration

    def offer(self, delta: Delta) -> None:
        """Add a delta, or note that one was left out."""
        self._lagging = self._lagging or len(self._waiting) >= self._capacity
        if not self._lagging:
            self._waiting.append(delta)
        self._news.set()

    def finish(self) -> None:
        """Nothing comes any more."""
        self._over = True
        self._news.set()


class CadClient:
    """Made by `connect` or `reconnecting`."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.welcome: Welcome | None = None
        """Of the latest connection."""
        self.connections = 0
        self.resyncs = 0
        self.bye: Bye | None = None
        self._asked: dict[str, _Asked] = {}
        self._updates: list[Updates] = []
        self._socket: WebSocketConnection | None = None
        self._over: Exception | None = None
        self._changed = trio.Event()

    async def ask(self, command: AnyCommand, *, within_s: float = 10.0) -> Answer:
        """Send a command and return its answer, which is given once it is durable.

        Raises Refused; Disconnected, or trio.TooSlowError, if it is not known what became of it.
        """
        answer = await self._exchange(command, within_s)
        assert isinstance(answer, Answer), "only questions are answered otherwise"
        return answer

    async def inquire(self, question: Question, *, within_s: float = 60.0) -> Told:
        """Send a question and return what was told. Raises as `ask` does."""
        told = await self._exchange(question, within_s)
        assert not isinstance(told, Answer), "only commands are answered so"
        return told

    async def _exchange(self, message: AnyCommand | Question, within_s: float) -> Answer | Told:
        if message.id in self._asked:
            raise ValueError(f"a message {message.id!r} is waiting for its answer already")
        asked = _Asked(messages.encode(message), trio.Event())
        self._asked[message.id] = asked
        try:
            with trio.fail_after(within_s):
                if self._over is None and self._socket is not None:
                    await self._send(self._socket, asked.text)
                if self._over is None:
                    await asked.arrived.wait()
        finally:
            del self._asked[message.id]
        if isinstance(asked.answer, messages.Refused):
            raise Refused(asked.answer)
        if asked.answer is None:
            raise self._over or Disconnected("the connection is lost")
        return asked.answer

    def updates(self, capacity: int = 1_000) -> Updates:
        """Return the deltas from this moment on; `capacity` of them may wait for their reader."""
        updates = Updates(capacity)
        self._updates.append(updates)
        return updates

    async def changed(self) -> None:
        """Wait until the next message has been folded into the mirror, or the connection is lost."""
        await self._changed.wait()

    def _tell_change(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    async def until_lost(self) -> Exception:
        """Wait until the client is over, and return why."""
        while self._over is None:
            await self.changed()
        return self._over

    # ── one connection ──────────────────────────────────────────────────────────────────────────────────────

    async def _greet(self, socket: WebSocketConnection, hello: Hello) -> None:
        """Say hello and take everything up to the welcome. Raises Refused, Disconnected, TooSlowError."""
        with trio.fail_after(CONNECT_S):
            try:
                await socket.send_message(messages.encode(hello))
                first = messages.decode_server(await socket.get_message())
            except ConnectionClosed as closed:
                raise Disconnected(str(closed)) from None
        if isinstance(first, messages.Refused):
            raise Refused(first)
        if not isinstance(first, Welcome):
            raise Disconnected(f"the server began with a {type(first).__name__}")
        self.welcome = first
        self.connections += 1

    async def _listen(self, socket: WebSocketConnection) -> Exception:
        """Take messages until the connection is lost, and return how."""
        try:
            while True:
                self._take(messages.decode_server(await socket.get_message()))
        except ConnectionClosed as closed:
            return Disconnected(self.bye.reason if self.bye else str(closed.reason))
        except Gap as gap:
            self.mirror.seq = None
            return gap

    def _take(self, message: messages.ServerMessage) -> None:
        if isinstance(message, Answer | Told | messages.Refused):
            asked = self._asked.get(message.id or "")
            if asked is not None:
                asked.answer = message
                asked.arrived.set()
        elif isinstance(message, (Snapshot, Delta, Positions)):
            self.mirror.take(message)
            if isinstance(message, Delta):
                for updates in self._updates:
                    updates.offer(message)
            self._tell_change()
        elif isinstance(message, Resync):
            self.resyncs += 1
        elif isinstance(message, Bye):
            self.bye = message

    @staticmethod
    async def _send(socket: WebSocketConnection, text: str) -> None:
        """Send all of it or lose the connection: half a frame would spoil all that follow."""
        with trio.move_on_after(SEND_S, shield=True) as patience:
            try:
                await socket.send_message(text)
            except ConnectionClosed:
                return  # whoever listens sees it too, and says what becomes of the unanswered
        if patience.cancelled_caught:
            with trio.move_on_after(0):
                await socket.aclose()

    def _finish(self, why: Exception) -> None:
        self._socket = None
        self._over = why
        for asked in self._asked.values():
            asked.arrived.set()
        for updates in self._updates:
            updates.finish()
        self._tell_change()

    # ── many connections ────────────────────────────────────────────────────────────────────────────────────

    async def _stay(self, url: str, token: str, *, positions: bool, give_up_s: float) -> None:
        """Connect again and again, until it has not worked for `give_up_s` or the server wants none of us."""
        failures, deadline = 0, trio.current_time() + give_up_s
        why: Exception = Disconnected("no connection yet")
        while trio.current_time() < deadline:
            joined = self.connections
            try:
                async with dial(url) as socket:
                    why = await self._resume(socket, Hello(version=VERSION, token=token, positions=positions))
            except Refused as refused:
                why = refused
                if refused.code != "too_many_connections":
                    break
            except (Disconnected, HandshakeError, OSError, trio.TooSlowError) as error:
                why = error
            self._socket = None
            if self.connections > joined:
                failures, deadline = 0, trio.current_time() + give_up_s
            asked_ms = self.bye.retry_after_ms if self.bye and self.connections > joined else None
            await trio.sleep(min((asked_ms or 0) / 1000, RETRY_MOST_S) + _backoff_s(failures))
            failures += 1
        self._finish(why)

    async def _resume(self, socket: WebSocketConnection, hello: Hello) -> Exception:
        """Go on where the last connection ended; return how this one did."""
        self.bye = None
        await self._greet(socket, _with_seq(hello, self.mirror.seq))
        unanswered = [asked.text for asked in self._asked.values()]
        self._socket = socket
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_all, socket, unanswered)
            why = await self._listen(socket)
            nursery.cancel_scope.cancel()
        return why

    async def _send_all(self, socket: WebSocketConnection, texts: list[str]) -> None:
        for text in texts:
            await self._send(socket, text)


@asynccontextmanager
async def connect(
    url: str, token: str, *, resume_from: int | None = None, positions: bool = True
) -> AsyncIterator[CadClient]:
    """Connect for as long as the block lasts. If the connection is lost, `ask` raises Disconnected from then on.

    Raises Refused if the hello is, HandshakeError or OSError if there is no server.
    """
    client = CadClient()
    client.mirror.seq = resume_from
    async with dial(url) as socket:
        hello = Hello(version=VERSION, token=token, resume_from=resume_from, positions=positions)
        await client._greet(socket, hello)  # noqa: SLF001  the maker completes its object
        client._socket = socket  # noqa: SLF001
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                client._finish(await client._listen(socket))  # noqa: SLF001

            nursery.start_soon(listen)
            try:
                yield client
            finally:
                nursery.cancel_scope.cancel()


@asynccontextmanager
async def reconnecting(
    url: str, token: str, *, positions: bool = True, give_up_s: float = 60.0
) -> AsyncIterator[CadClient]:
    """Stay connected for as long as the block lasts; `ask` waits through the gaps.

    After `give_up_s` without a connection, or if the server refuses the hello, `ask` raises why.
    """
    client = CadClient()
    async with trio.open_nursery() as nursery:

        async def stay() -> None:
            await client._stay(url, token, positions=positions, give_up_s=give_up_s)  # noqa: SLF001

        nursery.start_soon(stay)
        try:
            yield client
        finally:
            nursery.cancel_scope.cancel()


def new_id() -> str:
    """Return an id that no command had before."""
    return secrets.token_hex(8)


@asynccontextmanager
async def dial(
    url: str, *, subprotocols: tuple[str, ...] = (VERSION,), message_bytes: int = SNAPSHOT_BYTES_MAX
) -> AsyncIterator[WebSocketConnection]:
    """Open a WebSocket for as long as the block lasts. Raises HandshakeError, OSError."""
    socket, done = None, False
    try:
        async with open_websocket_url(
            url,
            subprotocols=subprotocols,
            max_message_size=message_bytes,
            message_queue_size=_READ_AHEAD,
            receive_buffer_size=_RECEIVE_BYTES,
            connect_timeout=CONNECT_S,
            disconnect_timeout=CONNECT_S,
        ) as socket:
            yield socket
            done = True
    except trio.Cancelled:
        # Where a ping of the server crosses our close, the library fails over the pong that it may no longer send, and
        # what comes out is the cancellation of its own nursery. A cancellation from outside would still be in force.
        if not done or trio.current_effective_deadline() == -inf:
            raise
    finally:
        if socket is not None:
            # Where the server was the first to close, the library leaves the TCP connection open.
            await trio.aclose_forcefully(socket._stream)  # noqa: SLF001  there is no public way


def _with_seq(hello: Hello, seq: int | None) -> Hello:
    return Hello(version=hello.version, token=hello.token, resume_from=seq, positions=hello.positions)


def _backoff_s(failures: int) -> float:
    """Return how long to wait: doubling, and never two clients in step."""
    return min(_BACKOFF_MOST_S, _BACKOFF_FIRST_S * 2.0 ** min(failures, 16)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret, only an uneven wait
