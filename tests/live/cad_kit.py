"""What the tests of the CAD listener share: clients that say exactly what they are told to."""

import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection
from wsproto import ConnectionType, WSConnection
from wsproto.events import Request, TextMessage

from gateways.cad.client import dial
from gateways.cad.messages import VERSION
from gateways.inquiries import Inquiries
from tests.builders import Running, token

HELLO: dict[str, Any] = {"type": "hello", "version": VERSION, "token": token("cad")}
FIRE: dict[str, Any] = {"type": "report_incident", "incident_type": "fire", "lat": 41.5, "lon": -90.5}


class Wire:
    """A client that says exactly what it is told to, and answers no more than it must."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self.connection = connection
        self.seen: list[dict[str, Any]] = []
        self.said = 0

    async def send(self, message: dict[str, Any] | str) -> None:
        await self.connection.send_message(message if isinstance(message, str) else json.dumps(message))

    async def next(self) -> dict[str, Any]:
        with trio.fail_after(120):
            message: dict[str, Any] = json.loads(await self.connection.get_message())
        self.seen.append(message)
        return message

    async def until(self, **fields: object) -> dict[str, Any]:
        """Read on to the first message that has these fields."""
        while True:
            message = await self.next()
            if all(message.get(name) == value for name, value in fields.items()):
                return message

    async def ask(self, message: dict[str, Any] | str, name: str | None) -> dict[str, Any]:
        await self.send(message)
        while True:
            told = await self.next()
            if told["type"] in ("answer", "refused") and told["id"] == name:
                return told

    async def say(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send a message of that type under an id of its own, and return what it is answered."""
        self.said += 1
        name = f"{kind}-{self.said}"
        await self.send({"type": kind, "id": name, **fields})
        return await self.until(id=name)

    async def closed(self) -> int:
        """Read to the end and return the close code."""
        with trio.fail_after(120), suppress(ConnectionClosed):
            while True:
                self.seen.append(json.loads(await self.connection.get_message()))
        assert self.connection.closed is not None
        return self.connection.closed.code


@asynccontextmanager
async def wire(running: Running, hello: dict[str, Any] | None = HELLO) -> AsyncIterator[Wire]:
    async with dial(running.url) as connection:
        made = Wire(connection)
        if hello is not None:
            await made.send(hello)
            assert (await made.next())["type"] == "welcome"
        yield made


def let_ask_why(running: Running, directory: Path) -> None:
    """Give the listener what answers `ask_why`, as the program does: the journal in that folder, and a process."""
    vars(running.hub)["_inquiries"] = Inquiries(directory)


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(120):
        while not holds():  # noqa: ASYNC110  what is waited for happens in plain counters, not in tasks
            await trio.sleep(0.005)


def deaf_socket(running: Running) -> socket.socket:
    """Connect with a receive buffer so small that a client that does not read is soon felt."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", int(running.url.rpartition(":")[2])))
    return made


class Deaf:
    """A client on a bare socket, which reads only when told to."""

    def __init__(self, running: Running) -> None:
        self.stream = trio.SocketStream(trio.socket.from_stdlib_socket(deaf_socket(running)))
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.waiting: deque[dict[str, Any]] = deque()
        self.text = ""

    async def handshake(self, *subprotocols: str) -> int:
        """Ask for a WebSocket and return the HTTP status of the answer."""
        await self.stream.send_all(self.protocol.send(Request(host="x", target="/", subprotocols=list(subprotocols))))
        with trio.fail_after(120):
            answer = bytes(await self.stream.receive_some(4096))
        self.protocol.receive_data(answer)
        list(self.protocol.events())
        return int(answer.split()[1])

    async def greet(self) -> None:
        assert await self.handshake(VERSION) == 101
        await self.say(HELLO)

    async def say(self, message: dict[str, Any]) -> None:
        await self.stream.send_all(self.protocol.send(TextMessage(data=json.dumps(message))))

    async def next(self) -> dict[str, Any]:
        """Read one message."""
        with trio.fail_after(120):
            while not self.waiting:
                data = await self.stream.receive_some(65_536)
                assert data, "the server closed before what was waited for"
                self._take(bytes(data))
        return self.waiting.popleft()

    def _take(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events():
            if isinstance(event, TextMessage):
                self.text += event.data
                if event.message_finished:
                    self.waiting.append(json.loads(self.text))
                    self.text = ""

    async def reset(self) -> None:
        """Leave with a TCP reset."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


def hold(running: Running) -> list[int]:
    """Keep the journal's word from the loop: what is decided becomes durable, but nobody is told. Returns the seqs."""
    held: list[int] = []
    vars(running.service)["_released"] = held.append
    return held


def let_go(running: Running) -> None:
    """Undo `hold`, and tell what has become durable meanwhile."""
    held = vars(running.service).pop("_released").__self__
    running.service._released(held[-1])
