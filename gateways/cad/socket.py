"""The CAD listener: the door, and the boundary round every connection.

Rule: nobody outside can stop the listener or make it wait. Whatever goes wrong within one connection is counted and
ends that connection alone, also where it goes wrong in the WebSocket library's own task.
"""

from functools import partial
from typing import Final

import structlog
import trio
from msgspec import Struct
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream
from wsproto.utilities import ProtocolError

from engine.live.service import Service
from gateways.auth import Gatekeeper, Principal
from gateways.board import Board
from gateways.cad.connection import Connection
from gateways.cad.hub import Hub
from gateways.cad.messages import VERSION
from gateways.cad.session import Close, Session
from gateways.cad.settings import CadSettings, Statistics

RESTART: Final = Close(1012, "restart", "The server is going down. Connect again in a moment and resume.")
_RECEIVE_BYTES: Final = 16_384
_WAITING_MESSAGES: Final = 16
"""Messages that the library reads ahead of us, so that a pong behind them is still seen."""

_log = structlog.get_logger("cad")


class Listening(Struct, frozen=True):
    """What `serve_cad` reports once its listeners are bound."""

    port: int
    statistics: Statistics
    hub: Hub


async def serve_cad(
    service: Service,
    board: Board,
    gatekeeper: Gatekeeper,
    settings: CadSettings,
    *,
    task_status: trio.TaskStatus[Listening] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled; then tell every client to come back (1012), which takes `grace_s` at most.

    Reports its port once bound; raises OSError if it cannot be.
    """
    listeners = await trio.open_tcp_listeners(settings.port, host=settings.host)
    statistics = Statistics()
    hub = Hub(board, settings, statistics)
    door = Door(service, board, gatekeeper, settings, statistics, hub)
    serving = trio.CancelScope(shield=True)  # so that the goodbye can still be said when we are cancelled
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_serve, serving, door, listeners)
            task_status.started(Listening(listeners[0].socket.getsockname()[1], statistics, hub))
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(settings.grace_s, shield=True):
                    await door.farewell()
                serving.cancel()
    finally:
        hub.close()


async def _serve(scope: trio.CancelScope, door: "Door", listeners: list[trio.SocketListener]) -> None:
    with scope:
        await trio.serve_listeners(door.welcome, listeners)


class Door:
    """Lets connections in, and knows those that are."""

    def __init__(
        self,
        service: Service,
        board: Board,
        gatekeeper: Gatekeeper,
        settings: CadSettings,
        statistics: Statistics,
        hub: Hub,
    ) -> None:
        self._board = board
        self._gatekeeper = gatekeeper
        self._settings = settings
        self._statistics = statistics
        self._inside: dict[Connection, None] = {}
        self._emptied = trio.Event()
        self._open = partial(
            Connection, service=service, hub=hub, settings=settings, statistics=statistics, admit=self._admits
        )

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection to its end; never raises but Cancelled."""
        statistics = self._statistics
        if statistics.connections >= 2 * self._settings.max_connections:
            statistics.count_end("turned_away")  # so many are being refused: no time for reasons
            await trio.aclose_forcefully(stream)
            return
        statistics.connections += 1
        try:
            await self._serve(stream)
        except* (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            statistics.count_end("reset")
        except* ProtocolError:
            statistics.count_end("websocket_error")
        except* Exception:  # the boundary: a fault in one connection must not reach the listener
            statistics.faults += 1
            _log.exception("a CAD connection failed; it was closed, the others go on")
        finally:
            statistics.connections -= 1
            await _close(stream, self._settings.grace_s)

    async def farewell(self) -> None:
        """Tell every client to come back, and wait until they have gone."""
        for connection in list(self._inside):
            connection.leave(RESTART)
        while self._inside:
            self._emptied = trio.Event()
            await self._emptied.wait()

    async def _serve(self, stream: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            request = None
            with trio.move_on_after(self._settings.handshake_s):
                request = await wrap_server_stream(
                    nursery, stream, _WAITING_MESSAGES, self._settings.message_bytes, _RECEIVE_BYTES
                )
            if request is None:
                self._statistics.count_end("no_handshake")
            elif await self._suits(request):
                await self._converse(request)
            nursery.cancel_scope.cancel()

    async def _suits(self, request: WebSocketRequest) -> bool:
        """Refuse a handshake with an HTTP status, if there is reason to."""
        with trio.fail_after(self._settings.handshake_s):
            if self._statistics.connections > self._settings.max_connections:
                self._statistics.count_end("turned_away")
                await request.reject(503, body=b"As many are connected as may be. Try again later.\n")
                return False
            if request.proposed_subprotocols and VERSION not in request.proposed_subprotocols:
                self._statistics.count_end("wrong_version")
                await request.reject(400, body=b"This server speaks the subprotocol %s.\n" % VERSION.encode())
                return False
        return True

    async def _converse(self, request: WebSocketRequest) -> None:
        with trio.fail_after(self._settings.handshake_s):
            socket = await request.accept(subprotocol=VERSION if request.proposed_subprotocols else None)
        self._statistics.accepted += 1
        session = Session(self._gatekeeper, self._board.world.settled.projection, self._settings)
        connection = self._open(f"cad-{self._statistics.accepted}", socket, session)
        self._inside[connection] = None
        try:
            await connection.run()
        finally:
            del self._inside[connection]
            if not self._inside:
                self._emptied.set()

    def _admits(self, principal: Principal) -> bool:
        """Tell whether the principal, who is inside already, is not there too often."""
        same = [each for each in self._inside if each.principal is not None and each.principal.name == principal.name]
        return len(same) <= self._settings.max_per_principal


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
