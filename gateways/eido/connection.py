"""One subscriber: a task that reads, a task that writes, a task that looks whether it is still there.

Rule: nobody but its own writer ever waits for it. What waits are ids of incidents, each once, so a slow one costs
nothing and is told the newest when it reads again; one that takes nothing at all is cut off.
"""

from contextlib import suppress
from math import inf
from typing import Final

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from gateways.eido.config import Listen, count
from gateways.eido.log import ExchangeLog
from gateways.eido.notifier import Notifier
from gateways.eido.source import Source
from gateways.log import logger

GRACE_S: Final = 1.0
_log = logger("eido")


class Connection:
    """Serves one WebSocket to its end."""

    def __init__(
        self, socket: WebSocketConnection, source: Source, listen: Listen, principal: str, log: ExchangeLog
    ) -> None:
        self._socket = socket
        self._source = source
        self._listen = listen
        self._principal = principal
        self._log = log
        self._notifier = Notifier(source, listen, principal, trio.current_time())
        self._news = trio.Event()
        self._eased = trio.Event()
        self._gone: tuple[int, str, str] | None = None
        """Why it is over, where that was not the notifier's doing."""

    async def run(self) -> None:
        """Serve until the subscriber goes or is told to; never raises but Cancelled."""
        self._source.join(self)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read)
                nursery.start_soon(self._watch)
                await self._write()
                nursery.cancel_scope.cancel()
        except* Exception:  # noqa: BLE001  the boundary: a fault in one connection must not reach another
            self._source.statistics.faults += 1
            self._gone = (1011, "fault", "An error of the server's own, which is logged. Connect again.")
            _log.exception("a connection of an EIDO subscriber failed; it was closed, the others go on")
        finally:
            self._source.part(self)
            self._notifier.drop_all()
        code, cause, reason = self._notifier.end or self._gone or (1006, "reset", "")
        count(self._source.statistics.ended, cause)
        self._note("closed", cause=cause)
        if cause not in ("reset", "slow"):
            with trio.move_on_after(GRACE_S):
                await self._socket.aclose(code, reason)

    def on_change(self, incidents: tuple[str, ...]) -> None:
        """Take that these incidents have changed."""
        self._notifier.on_change(incidents)
        self._news.set()

    def leave(self) -> None:
        """Say goodbye: we are going down."""
        self._notifier.terminate()
        self._news.set()

    async def _read(self) -> None:
        try:
            while True:
                text = await self._socket.get_message()
                self._notifier.feed(text, trio.current_time())
                self._note("received", text=text if isinstance(text, str) and len(text) <= 4_096 else len(text))
                self._news.set()
                while self._notifier.crowded:
                    self._eased = trio.Event()
                    await self._eased.wait()
        except ConnectionClosed as closed:
            code = None if closed.reason is None else closed.reason.code
            self._gone = self._gone or (1000, {1006: "reset", 1009: "oversized"}.get(code or 1006, "gone"), "")
            self._news.set()

    async def _write(self) -> None:
        while self._gone is None:
            await self._notifier.prepare(trio.current_time())
            for frame in self._notifier.take(trio.current_time()):
                if not await self._send(frame):
                    return
            self._eased.set()
            if self._notifier.end is not None:
                return
            await self._rest()

    async def _rest(self) -> None:
        """Wait until something comes in, changes or is due."""
        due_s = self._notifier.due_s()
        if due_s <= trio.current_time():
            await trio.lowlevel.checkpoint()
            return
        self._news = trio.Event()
        with trio.move_on_at(due_s) if due_s < inf else trio.CancelScope():
            await self._news.wait()

    async def _send(self, frame: bytes) -> bool:
        """Send one message; False if the subscriber is gone, or takes nothing."""
        with trio.move_on_after(self._listen.send_s):
            try:
                await self._socket.send_message(frame.decode())
            except (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
                self._gone = self._gone or (1006, "reset", "")
                return False
            self._note("sent", bytes=len(frame), head=frame[:200].decode(errors="replace"))
            return True
        self._gone = (1013, "slow", "")
        return False

    async def _watch(self) -> None:
        """See that pings are answered."""
        while True:
            await trio.sleep(self._listen.ping_s)
            with trio.move_on_after(self._listen.idle_s) as patience, suppress(ConnectionClosed):
                await self._socket.ping()
            if patience.cancelled_caught:
                self._gone = self._gone or (1001, "idle", "You have not answered a ping. Connect again.")
                self._news.set()
                return

    def _note(self, what: str, **fields: object) -> None:
        self._log.write(self._source.now(), f"subscriber_{what}", who=self._principal, **fields)
