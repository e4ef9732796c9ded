"""A place of four ambulances, its engine with a courier, and an endpoint that does as it is told."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio
from msgspec import Struct
from msgspec.structs import replace

from engine.journal import Settings
from engine.live.service import Service, serve
from engine.live.watchdog import Watchdog
from engine.model.inputs import ReportIncident
from engine.model.place import AlertSettings, Place
from engine.state.image import restore, save
from gateways.alerts import Courier, Endpoint, Webhook
from gateways.alerts.statistics import Statistics
from gateways.board import Board
from loadtests.alerts import crowd

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
SMALL = Settings(segment_bytes=1 << 20, track_step_bytes=1 << 16, ballast_bytes=0)


def place(*ladder: str, units: int = 4, **settings: Any) -> Place:
    """A place that dispatches by itself and tells crews through this ladder."""
    return replace(crowd(units, ladder[0]), alerts=AlertSettings(ladder=ladder, **settings))


class Seen(Struct, frozen=True):
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """What must be the same on every attempt."""
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        """The alert."""
        data: dict[str, Any] = msgspec.json.decode(self.body)["data"]
        return data


Behaviour = Callable[[Seen, trio.SocketStream], Awaitable[None]]


def answer(status: int, body: bytes = b"", *headers: str) -> Behaviour:
    """Answer every request like this."""

    async def behave(_seen: Seen, stream: trio.SocketStream) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}", *headers, "", ""]
        await stream.send_all("\r\n".join(lines).encode() + body)

    return behave


async def hang(_seen: Seen, _stream: trio.SocketStream) -> None:
    """Never answer."""
    await trio.sleep_forever()


class Server:
    """A server at the other end: keeps what it saw, and behaves."""

    def __init__(self, behave: Behaviour, port: int) -> None:
        self.behave = behave
        self.port = port
        self.connections = 0
        self.seen: list[Seen] = []

    def webhook(self, path: str = "/hook", host: str = "127.0.0.1", **settings: Any) -> Webhook:
        """The channel that leads here."""
        url = f"http://{host}:{self.port}{path}"
        return Webhook(url=url, secrets=(SECRET,), allow_private=True, **settings)

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            async with stream:
                while (seen := await _request(stream)) is not None:
                    self.seen.append(seen)
                    await self.behave(seen, stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


async def _request(stream: trio.SocketStream) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = await stream.receive_some()
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers["content-length"]):
        body += await stream.receive_some()
    return Seen(headers, body)


@asynccontextmanager
async def station(behave: Behaviour) -> AsyncIterator[Server]:
    """A server on a free port."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        made = Server(behave, listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, made.welcome, [listener])
        yield made
        nursery.cancel_scope.cancel()


class Running(Struct):
    """An engine with its courier."""

    service: Service
    board: Board
    courier: Courier
    calls: int = 0

    async def call(self, address: str = "12 Quay") -> str:
        """Report an incident; a free unit is dispatched to it in the same turn."""
        self.calls += 1
        number = f"{self.service.world.seq}-{self.calls}"
        given = ReportIncident(id=number, by="cad", type="medical", x_m=100, y_m=200, address=address)
        answered = await self.service.ask(given)
        assert answered.incident is not None
        return answered.incident

    def statistics(self, name: str) -> Statistics:
        """The numbers of one endpoint."""
        return next(each for each in self.courier.statistics() if each.endpoint == name)

    @property
    def tally(self) -> dict[str, int]:
        """The World's own counts, as durable."""
        return self.board.world.tally


@asynccontextmanager
async def running(folder: Path, at: Place, *endpoints: Endpoint) -> AsyncIterator[Running]:
    """Serve the place from the journal in the folder."""
    quiet = Watchdog(lambda: None)
    async with serve(at, folder / "journal", settings=SMALL, watchdog=quiet) as service:
        board = Board(restore(save(service.world), indexed=False))
        follower = service.release.follow("board", 10_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.run, follower)
            courier = Courier(service, board, endpoints, folder=folder)
            await nursery.start(courier.run)
            yield Running(service, board, courier)
            nursery.cancel_scope.cancel()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; ten seconds at most, which no test needs."""
    with trio.fail_after(120):
        while not condition():  # noqa: ASYNC110 - plain state of another task
            await trio.sleep(0.005)
