"""Browsers: the same conversation as on the CAD listener, over a WebSocket of the HTTP listener.

A page can speak to its own origin only, so its WebSocket comes in by the door that served the page. Behind the door it
is a `Connection` like any other: one hub, one vocabulary, the same outbox, limits and goodbyes.

    the page ──ticket in the hello──► Browsers.serve ──► Connection ──► hub

Rule: whether the peer is there is seen by the kernel (`web.UNREAD_S`): hypercorn pings, and a connection on which they
are not taken is closed. A browser that is in the background runs no timers, and is not cut off for that.
"""

from collections import Counter
from collections.abc import Iterator
from math import inf
from typing import Final

import trio
from starlette.types import Message
from starlette.websockets import WebSocket
from trio_websocket import CloseReason, ConnectionClosed

from gateways.auth import Principal
from gateways.cad.connection import Connection
from gateways.cad.hub import Hub
from gateways.cad.session import Close, Keeper, Session
from gateways.cad.socket import APART_MS, RESTART
from gateways.cad.wire import payload_of

SIGNED_OUT: Final = Close(1008, "signed_out", "You have been signed out. Sign in again.")


class Browsers:
    """Serves the pages' WebSockets. One per process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._inside: dict[Connection, None] = {}
        self._names: Counter[str] = Counter()
        self._emptied = trio.Event()

    async def run(self) -> None:
        """Wait until cancelled; then tell every page to come back (1012), which takes `grace_s` at most."""
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(self._hub.config.grace_s, shield=True):
                for number, connection in enumerate(list(self._inside)):
                    connection.leave(RESTART, retry_after_ms=number * APART_MS)
                    connection.push()  # the pump may have stopped before us: it is the CAD listener's
                while self._inside:
                    self._emptied = trio.Event()
                    await self._emptied.wait()

    async def serve(self, websocket: WebSocket, keeper: Keeper, revoked: trio.Event) -> None:
        """Serve one page to its end; `revoked` ends it. Never raises but Cancelled."""
        statistics, config = self._hub.statistics, self._hub.config
        if statistics.connections >= config.max_connections:
            statistics.count_end("turned_away")
            await websocket.close(1013)  # before it is accepted: HTTP 403 with hypercorn
            return
        await websocket.accept()
        statistics.accepted += 1
        statistics.connections += 1
        socket = PageSocket(websocket)
        session = Session(keeper, self._hub.projection, config)
        name = f"page-{statistics.accepted}"
        connection = Connection(name, socket, PageLine(websocket), session, self._hub, self._admits)
        self._inside[connection] = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_leave_when, revoked, connection)
                await connection.run()
                nursery.cancel_scope.cancel()
        finally:
            statistics.connections -= 1
            del self._inside[connection]
            if connection.principal is not None:
                self._names[connection.principal.name] -= 1
            if not self._inside:
                self._emptied.set()

    def _admits(self, principal: Principal) -> bool:
        """Count one more page of the principal, and tell whether there may be so many. Called once for each."""
        self._names[principal.name] += 1
        return self._names[principal.name] <= self._hub.config.max_per_principal


async def _leave_when(revoked: trio.Event, connection: Connection) -> None:
    await revoked.wait()
    connection.leave(SIGNED_OUT)


class PageSocket:
    """Messages in (ASGI)."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.closed: CloseReason | None = None

    async def get_message(self) -> str | bytes:
        """Return the next message. Raises ConnectionClosed."""
        message: Message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            self.closed = self.closed or CloseReason(message.get("code", 1006), message.get("reason"))
            raise ConnectionClosed(self.closed)
        content: str | bytes | None = message.get("text")
        return content if content is not None else bytes(message["bytes"])

    async def aclose(self, code: int = 1000, reason: str | None = None) -> None:
        """Close it, with the reason."""
        if self.closed is None:
            self.closed = CloseReason(code, reason)
            # 1006 is never sent (RFC 6455, 7.4.1): it says that there was nobody to say goodbye to.
            await self._websocket.close(1011 if code == 1006 else code, reason)


class PageLine:
    """Frames out (ASGI). It never takes anything at once: the connection's own writer sends."""

    is_free: Final = False

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    @property
    def heard_s(self) -> float:
        """Now: hypercorn pings, and the kernel sees whether that is taken."""
        return inf

    def ping_now(self) -> bool:
        """Ask nothing, as above."""
        return False

    def send_now(self, frames: bytes) -> bool:
        """Never called: it is never free."""
        raise AssertionError(f"{len(frames)} bytes were to be sent at once on a line that is never free")

    async def send_frames(self, frames: bytes, patience: trio.CancelScope, within_s: float) -> None:
        """Send each frame as a message. Raises trio.ClosedResourceError where the page has gone."""
        for payload in payloads(frames):
            patience.deadline = trio.current_time() + within_s
            try:
                await self._websocket.send({"type": "websocket.send", "text": payload.decode()})
            except (RuntimeError, OSError) as gone:  # starlette's, after a close
                raise trio.ClosedResourceError("the page has gone") from gone
        patience.deadline = inf


def payloads(frames: bytes) -> Iterator[bytes]:
    """Return what each of the unmasked text frames (`wire.frame`) holds."""
    at = 0
    while at < len(frames):
        head = {126: 4, 127: 10}.get(frames[at + 1], 2)
        size = frames[at + 1] if head == 2 else int.from_bytes(frames[at + 2 : at + head], "big")
        yield payload_of(frames[at : at + head + size])
        at += head + size
