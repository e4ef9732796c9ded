"""The listener for subscribers: TLS if there is a certificate, who it is, and the boundary round every connection.

Rule: nobody outside can stop the listener or make it wait.
"""

from typing import Final

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, wrap_server_stream
from wsproto.utilities import ProtocolError

from gateways.auth import Gatekeeper, Principal
from gateways.eido.config import EidoRefused, Listen, count
from gateways.eido.connection import GRACE_S, Connection
from gateways.eido.filters import BadFilter, Filter
from gateways.eido.frames import SUBPROTOCOL
from gateways.eido.log import ExchangeLog
from gateways.eido.source import Source
from gateways.eido.tls import names_of, server_context
from gateways.log import logger
from gateways.redaction import SEES, Kind, Scope

_RECEIVE_BYTES: Final = 16_384
_WAITING_MESSAGES: Final = 8
_log = logger("eido")


async def serve_eido(
    source: Source,
    gatekeeper: Gatekeeper,
    listen: Listen,
    log: ExchangeLog,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled; then end every subscription and tell the subscribers to come back (1012).

    Reports its address as host:port; raises OSError or EidoRefused before anybody is let in.
    """
    door = Door(source, gatekeeper, listen, log)
    listeners = await trio.open_tcp_listeners(listen.port, host=listen.host)
    serving = trio.CancelScope(shield=True)  # so that the goodbye can still be said when we are cancelled
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_serve, serving, door, listeners)
        host, port = listeners[0].socket.getsockname()[:2]
        task_status.started(f"{host}:{port}")
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(GRACE_S, shield=True):
                await door.farewell()
            serving.cancel()


async def _serve(scope: trio.CancelScope, door: "Door", listeners: list[trio.SocketListener]) -> None:
    with scope:
        await trio.serve_listeners(door.welcome, listeners)


def may_follow(principal: Principal | None, listen: Listen) -> bool:
    """Tell whether somebody may be told of incidents with place and narrative, as a document is not redacted.

    Those whom the configuration names, and roles that see all of that anyway.
    """
    if principal is None:
        return False
    if principal.name in listen.followers:
        return True
    seen = SEES[principal.role]
    return all(seen[kind] is Scope.ALL for kind in (Kind.PLACE, Kind.NARRATIVE))


class Door:
    """Lets subscribers in, and knows those that are."""

    def __init__(self, source: Source, gatekeeper: Gatekeeper, listen: Listen, log: ExchangeLog) -> None:
        self._source = source
        self._gatekeeper = gatekeeper
        self._listen = listen
        self._log = log
        self._context = server_context(listen)
        for principal, text in listen.limits.items():
            try:
                Filter(text)
            except BadFilter as bad:
                raise EidoRefused(f"eido.listen.limits.{principal}: {bad}") from None
        self._statistics = source.statistics
        self._inside: dict[Connection, None] = {}
        self._emptied = trio.Event()

    async def welcome(self, tcp: trio.SocketStream) -> None:
        """Serve one connection to its end; never raises but Cancelled."""
        statistics = self._statistics
        if statistics.connections >= 2 * self._listen.max_connections:
            count(statistics.ended, "turned_away")
            await trio.aclose_forcefully(tcp)
            return
        statistics.connections += 1
        try:
            await self._serve(tcp)
        except* (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            count(statistics.ended, "reset")
        except* trio.TooSlowError:
            count(statistics.ended, "no_handshake")
        except* ProtocolError:
            count(statistics.ended, "websocket_error")
        except* Exception:  # noqa: BLE001  the boundary: a fault in one connection must not reach the listener
            statistics.faults += 1
            _log.exception("a connection of an EIDO subscriber failed; it was closed, the others go on")
        finally:
            statistics.connections -= 1
            await trio.aclose_forcefully(tcp)

    async def farewell(self) -> None:
        """Tell every subscriber to come back, and wait until they have gone."""
        for connection in list(self._inside):
            connection.leave()
        while self._inside:
            self._emptied = trio.Event()
            await self._emptied.wait()

    async def _serve(self, tcp: trio.SocketStream) -> None:
        stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = tcp
        certified: str | None = None
        if self._context is not None:
            stream = trio.SSLStream(tcp, self._context, server_side=True, https_compatible=True)
            with trio.fail_after(self._listen.handshake_s):
                await stream.do_handshake()
            certified = self._certified(stream)
        async with trio.open_nursery() as nursery:
            with trio.fail_after(self._listen.handshake_s):
                # Larger messages than are taken can be read, so that they are answered with 413, but not any size.
                request = await wrap_server_stream(
                    nursery, stream, _WAITING_MESSAGES, 4 * self._listen.message_bytes, _RECEIVE_BYTES
                )
                name = await self._suits(request, certified)
                socket = None
                if name is not None and await self._fits(request):
                    socket = await request.accept(subprotocol=SUBPROTOCOL)
            if socket is not None and name is not None:
                await self._converse(socket, name)
            nursery.cancel_scope.cancel()

    def _certified(self, stream: "trio.SSLStream[trio.SocketStream]") -> str | None:
        """Return the principal that the client's certificate speaks for."""
        names = names_of(stream.getpeercert()) if self._listen.authorities is not None else ()
        return next((self._listen.clients[each] for each in names if each in self._listen.clients), None)

    async def _suits(self, request: WebSocketRequest, certified: str | None) -> str | None:
        """Return who it is, by certificate or bearer token; refuse with 401 or 403 if there is no right to follow."""
        if certified is None:
            header = next((value for name, value in request.headers if name.lower() == b"authorization"), b"")
            scheme, _, token = header.decode("latin-1").partition(" ")
            principal = self._gatekeeper.authenticate(token.strip()) if scheme.lower() == "bearer" else None
        else:
            principal = self._gatekeeper.named(certified)
        if may_follow(principal, self._listen):
            assert principal is not None
            return principal.name
        count(self._statistics.ended, "unauthorised")
        status = 401 if principal is None else 403
        body = b"Show a bearer token, or a certificate that is known here.\n"
        await request.reject(status, body=body if principal is None else b"You may not follow incidents.\n")
        return None

    async def _fits(self, request: WebSocketRequest) -> bool:
        """Refuse a handshake in another protocol, or one too many."""
        if SUBPROTOCOL not in request.proposed_subprotocols:
            count(self._statistics.ended, "wrong_protocol")
            await request.reject(400, body=b"The subprotocol is %s.\n" % SUBPROTOCOL.encode())
            return False
        if self._statistics.connections > self._listen.max_connections:
            count(self._statistics.ended, "turned_away")
            await request.reject(503, body=b"As many are connected as may be. Try again later.\n")
            return False
        return True

    async def _converse(self, socket: WebSocketConnection, name: str) -> None:
        self._statistics.accepted += 1
        connection = Connection(socket, self._source, self._listen, name, self._log)
        self._inside[connection] = None
        try:
            await connection.run()
        finally:
            del self._inside[connection]
            if not self._inside:
                self._emptied.set()
