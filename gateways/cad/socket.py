"""The CAD listener: the door, and the boundary round every connection.

Rule: nobody outside can stop the listener or make it wait. Whatever goes wrong within one connection is counted and
ends that connection alone, also where it goes wrong in the WebSocket library's own task.
"""

from collections import Counter
from functools import partial
from typing import Final

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream
from wsproto.utilities import ProtocolError

from gateways.auth import Gatekeeper, Principal
from gateways.cad.config import CadConfig
from gateways.cad.connection import FAULTY, Connection
from gateways.cad.hub import Hub
from gateways.cad.messages import VERSION
from gateways.cad.session import Close, Session
from gateways.cad.wire import Wire, close_frame
from gateways.log import logger

RESTART: Final = Close(1012, "restart", "The server is going down. Connect again in a moment and resume.")
HANDSHAKES: Final = 32
"""At once. After a restart everybody comes at the same moment: who has to wait for a turn is not timed meanwhile, and
those whose turn it is are done quickly. Who says nothing at all waits outside."""
APART_MS: Final = 3
"""Between two clients that come back after a restart: about what it takes to welcome one."""
HANDSHAKE_S: Final = 2.0
"""For a turn."""
_RECEIVE_BYTES: Final = 16_384
_WAITING_MESSAGES: Final = 16
"""Messages that the library reads ahead of us, so that a pong behind them is still seen."""

_log = logger("cad")


async def serve_cad(
    hub: Hub,
    gatekeeper: Gatekeeper,
    config: CadConfig,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled; then tell every client to come back (1012), which takes `grace_s` at most.

    Reports its address as host:port, with the port really taken; raises OSError if that cannot be listened on.
    """
    listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    door = Door(hub, gatekeeper)
    serving = trio.CancelScope(shield=True)  # so that the goodbye can still be said when we are cancelled
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_serve, serving, hub, door, listeners)
        host, port = listeners[0].socket.getsockname()[:2]
        task_status.started(f"{host}:{port}")
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(config.grace_s, shield=True):
                await door.farewell()
            serving.cancel()


async def _serve(scope: trio.CancelScope, hub: Hub, door: "Door", listeners: list[trio.SocketListener]) -> None:
    with scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.pump.run)
            nursery.start_soon(hub.pulse.run)
            await trio.serve_listeners(door.welcome, listeners, handler_nursery=nursery)


class Door:
    """Lets connections in, and knows those that are."""

    def __init__(self, hub: Hub, gatekeeper: Gatekeeper) -> None:
        self._hub = hub
        self._gatekeeper = gatekeeper
        self._config = hub.config
        self._statistics = hub.statistics
        self._inside: dict[Connection, None] = {}
        self._names: Counter[str] = Counter()
        """Connections by principal."""
        self._handshakes = trio.Semaphore(HANDSHAKES)
        self._emptied = trio.Event()

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection to its end; never raises but Cancelled."""
        statistics = self._statistics
        if statistics.connections >= 2 * self._config.max_connections:
            statistics.count_end("turned_away")  # so many are being refused: no time for reasons
            await trio.aclose_forcefully(stream)
            return
        statistics.connections += 1
        try:
            await self._serve(stream)
        except* (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            statistics.count_end("reset")
        except* trio.TooSlowError:
            statistics.count_end("no_handshake")
        except* ProtocolError:
            statistics.count_end("websocket_error")
        except* Exception:  # noqa: BLE001  the boundary: a fault in one connection must not reach the listener
            statistics.faults += 1
            _log.exception("a CAD connection failed; it was closed, the others go on")
        finally:
            statistics.connections -= 1
            await _close(stream, self._config.grace_s)

    async def farewell(self) -> None:
        """Tell every client to come back, one after another, and wait until they have gone."""
        for number, connection in enumerate(list(self._inside)):
            connection.leave(RESTART, retry_after_ms=number * APART_MS)
        while self._inside:
            self._emptied = trio.Event()
            await self._emptied.wait()

    async def _serve(self, stream: trio.SocketStream) -> None:
        wire = Wire(stream)
        with trio.move_on_after(self._config.handshake_s) as silence:
            await trio.lowlevel.wait_readable(stream.socket)
        if silence.cancelled_caught:
            self._statistics.count_end("no_handshake")
            return
        async with trio.open_nursery() as nursery:
            async with self._handshakes:
                socket = await self._shake_hands(nursery, wire)
            if socket is not None:
                await self._converse(socket, wire)
            nursery.cancel_scope.cancel()

    async def _shake_hands(self, nursery: trio.Nursery, wire: Wire) -> WebSocketConnection | None:
        """Let a client in, or refuse it with an HTTP status if there is reason to. Raises trio.TooSlowError."""
        with trio.fail_after(min(HANDSHAKE_S, self._config.handshake_s)):
            request = await wrap_server_stream(
                nursery, wire, _WAITING_MESSAGES, self._config.message_bytes, _RECEIVE_BYTES
            )
            proposed = request.proposed_subprotocols
            if self._statistics.connections > self._config.max_connections:
                self._statistics.count_end("turned_away")
                await request.reject(503, body=b"As many are connected as may be. Try again later.\n")
            elif proposed and VERSION not in proposed:
                self._statistics.count_end("wrong_version")
                await request.reject(400, body=b"This server speaks the subprotocol %s.\n" % VERSION.encode())
            else:
                return await request.accept(subprotocol=VERSION if proposed else None)
        return None

    async def _converse(self, socket: WebSocketConnection, wire: Wire) -> None:
        self._statistics.accepted += 1
        wire.last_words = partial(_last_words, socket)
        connection = self._connection(f"cad-{self._statistics.accepted}", socket, wire)
        self._inside[connection] = None
        try:
            await connection.run()
        finally:
            del self._inside[connection]
            if connection.principal is not None:
                self._names[connection.principal.name] -= 1
            if not self._inside:
                self._emptied.set()

    def _connection(self, name: str, socket: WebSocketConnection, wire: Wire) -> Connection:
        session = Session(self._gatekeeper, self._hub.projection, self._config)
        return Connection(name, socket, wire, session, self._hub, self._admits)

    def _admits(self, principal: Principal) -> bool:
        """Count one more connection of the principal, and tell whether it may have so many. Called once for each."""
        self._names[principal.name] += 1
        return self._names[principal.name] <= self._config.max_per_principal


def _last_words(socket: WebSocketConnection) -> bytes:
    """Return the close frame for a client that has broken the protocol, which the library ends without one."""
    closed = socket.closed
    return b"" if closed is None or closed.code not in FAULTY else close_frame(closed.code, closed.reason or "")


async def _close(stream: trio.SocketStream, grace_s: float) -> None:
    """Close without taking our last words from a peer that still reads: a close with unread bytes is a reset."""
    with trio.move_on_after(grace_s):
        try:
            await stream.send_eof()
            while await stream.receive_some(_RECEIVE_BYTES):
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            pass
    await trio.aclose_forcefully(stream)
