"""The CAD listener with another application behind it: every message is sent back. For suites that test the protocol.

    python -m tests.strangers.echo_server        prints its address and serves until its standard input ends

Door, connection, outbox, pump and wire are those of the CAD listener; only what a message means is replaced, so what a
stranger's suite says of the echo holds for the CAD conversation.
"""

import sys
from typing import Any, Final

import trio
from trio_websocket import WebSocketConnection

from gateways.cad.config import CadConfig, Statistics
from gateways.cad.connection import Connection
from gateways.cad.pulse import Pulse
from gateways.cad.pump import Pump
from gateways.cad.session import Effect, Send
from gateways.cad.socket import Door
from gateways.cad.wire import Wire, frame

CONFIG: Final = CadConfig(
    port=0, hello_s=600.0, ping_s=600.0, idle_s=1_200.0, message_bytes=32 << 20, queue_bytes=64 << 20, grace_s=1.0
)


class EchoHub:
    """What a connection asks of its hub, without a board."""

    def __init__(self) -> None:
        self.config = CONFIG
        self.statistics = Statistics()
        self.pump = Pump()
        self.pulse = Pulse(CONFIG.ping_s)
        self.service = None

    def part(self, listener: object) -> None:
        """Nobody follows anything here."""


class EchoSession:
    """Sends back what comes."""

    principal = None

    def feed(self, text: str | bytes, now_s: float) -> list[Effect]:
        """Return one effect: the same again."""
        del now_s
        content: Any = frame(text.encode()) if isinstance(text, str) else b"\x82" + frame(text)[1:]
        return [Send(content)]

    def close(self) -> None:
        """Nothing to forget."""


class EchoConnection(Connection):
    """Is told in frames, of either kind."""

    def _tell(self, message: Any) -> None:
        self._outbox.reply(message)
        self._pump.due(self, first=True)


class EchoDoor(Door):
    """Lets everyone in."""

    def _connection(self, name: str, socket: WebSocketConnection, wire: Wire) -> Connection:
        session: Any = EchoSession()
        return EchoConnection(name, socket, wire, session, self._hub, self._admits)


async def serve(task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
    """Serve until cancelled; reports the address."""
    hub: Any = EchoHub()
    door = EchoDoor(hub, None)  # type: ignore[arg-type]  # nobody is asked for a token
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.pump.run)
        task_status.started(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}")
        await trio.serve_listeners(door.welcome, [listener], handler_nursery=nursery)


async def main() -> None:
    """Serve on a leash."""
    async with trio.open_nursery() as nursery:
        print(await nursery.start(serve), flush=True)
        async with trio.lowlevel.FdStream(sys.stdin.fileno()) as leash:
            while await leash.receive_some():
                pass
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
