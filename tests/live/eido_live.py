"""What the tests of the exchange's sockets share: a notifier that runs, and a stranger who subscribes.

The stranger is the `websockets` library in a thread of its own: neither trio nor wsproto is in it.
"""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trio
from msgspec import Struct
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from engine.model.inputs import ReportIncident
from gateways.auth import Gatekeeper
from gateways.eido.config import EidoConfig, Listen
from gateways.eido.log import ExchangeLog
from gateways.eido.socket import serve_eido
from gateways.eido.source import Source
from tests.builders import CREDENTIALS, Running, serve_place, token
from tests.eido_kit import CONFIG

WAIT_S = 120.0


def log_of(folder: Path) -> Path:
    """Return the log of exchanges of the only day that there is."""
    (file,) = folder.glob("eido-*.log")
    return file


class Telling(Struct):
    """A server whose incidents can be subscribed to."""

    running: Running
    source: Source
    url: str
    folder: Path
    asked: int = 0

    async def report(self, kind: str = "fire", **fields: Any) -> str:
        """Report an incident and return its id."""
        self.asked += 1
        at = {"x_m": 100, "y_m": 200, **fields}
        answer = await self.running.service.ask(ReportIncident(id=f"r{self.asked}", by="desk", type=kind, **at))
        assert answer.incident is not None
        await self.seen(answer.seq)
        return answer.incident

    async def do(self, kind: Any, **fields: Any) -> None:
        """Give a command, which must not be refused."""
        self.asked += 1
        answer = await self.running.service.ask(kind(id=f"r{self.asked}", by="desk", **fields))
        assert answer.refusal is None, answer.refusal
        await self.seen(answer.seq)

    async def seen(self, seq: int) -> None:
        """Wait until the board has folded that turn."""
        with trio.fail_after(WAIT_S):
            while self.running.board.world.seq < seq:  # noqa: ASYNC110  the board has no event for it
                await trio.sleep(0.005)


@asynccontextmanager
async def telling(
    folder: Path, listen: Listen | None = None, config: EidoConfig = CONFIG, secure: bool = False
) -> AsyncIterator[Telling]:
    """Serve the small place, and tell of its incidents, for as long as the block lasts."""
    listen = replace(listen or Listen(), port=0)
    config = replace(config, listen=listen)
    async with serve_place(folder / "journal") as running:
        source = Source(running.board, config, running.service.clock.now)
        log = ExchangeLog(folder, config.log_bytes, source.statistics)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.run)
            address = await nursery.start(partial(serve_eido, source, Gatekeeper(CREDENTIALS), listen, log))
            yield Telling(running, source, f"{'wss' if secure else 'ws'}://{address}/IncidentData/ent", folder)
            nursery.cancel_scope.cancel()


class Stranger:
    """A subscriber that says exactly what it is told to."""

    def __init__(self, url: str, name: str = "cad", context: ssl.SSLContext | None = None, **options: Any) -> None:
        headers = {"Authorization": f"Bearer {token(name)}"} if name else {}
        self._open = partial(
            connect,
            url,
            subprotocols=options.pop("subprotocols", ["emergency-ent1.0"]),
            additional_headers=headers,
            ssl=context,
            open_timeout=WAIT_S,
            close_timeout=1,
            max_size=1 << 26,
            compression=None,
            **options,
        )
        self.socket: ClientConnection
        self.heard: list[dict[str, Any]] = []
        self._requests = 0

    async def __aenter__(self) -> Self:
        self._manager = await trio.to_thread.run_sync(self._open)
        self.socket = await trio.to_thread.run_sync(self._manager.__enter__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        del kind, error, where
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._manager.__exit__, None, None, None)

    async def say(self, message: dict[str, Any] | str) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await trio.to_thread.run_sync(self.socket.send, text)

    async def hear(self, kind: str, *, answer: int | None = 200) -> dict[str, Any]:
        """Read on to the next message of that kind; answer the events on the way."""
        while True:
            text = await trio.to_thread.run_sync(partial(self.socket.recv, timeout=WAIT_S))
            message = json.loads(text)
            self.heard.append(message)
            ((name, body),) = message.items()
            if name == "event" and answer is not None:
                response = {"transactionId": body["transactionId"], "statusCode": answer, "statusText": "OK"}
                await self.say({"eventResponse": response})
            if name == kind:
                return dict(body)

    async def subscribe(self, **fields: Any) -> dict[str, Any]:
        """Subscribe and return the response."""
        self._requests += 1
        request = {"requestId": f"q{self._requests}", "requestType": "EIDO", "requestSubType": "new", **fields}
        request = {name: value for name, value in request.items() if value is not None}
        await self.say({"subscribe": request})
        response = await self.hear("subscribeResponse")
        assert response["requestId"] == request["requestId"]
        return response

    async def incidents(self) -> list[dict[str, Any]]:
        """Return the documents of the next event."""
        return list((await self.hear("event")).get("notification", []))

    async def closed(self, answer: int | None = 200) -> int | None:
        """Read to the end; return the close code."""
        try:
            while True:
                await self.hear("nothing", answer=answer)
        except ConnectionClosed as closed:
            return None if closed.rcvd is None else closed.rcvd.code
