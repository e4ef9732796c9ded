"""The OsmAnd entrance behind the real HTTP server, over a real socket."""

from collections.abc import AsyncIterator
from functools import partial
from typing import cast

import httpx2
import msgspec
import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import Framework
from starlette.applications import Starlette

from gateways.telematics import OsmAnd
from gateways.telematics.fix import Fix
from gateways.telematics.http import http_routes
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from tests.telematics_kit import per_fix

NOW = 1_770_000_000_000
PATH = "/telematics/osmand"
GOOD = "id=phone-1&lat=52.5&lon=5.5&timestamp="


class Feed(msgspec.Struct, frozen=True):
    name: str = "phones"
    units: frozenset[str] | None = None


class Server:
    """The routes behind hypercorn on a free port, and what came out of them."""

    def __init__(self) -> None:
        self.moves: list[tuple[str, Fix]] = []
        roster = Roster({"phone-1": "AMB-1"})
        self.intake = Intake(
            roster, HygieneSettings(), per_fix(roster, lambda *move: self.moves.append(move)), lambda: NOW
        )
        routes = http_routes(OsmAnd(body_wait_s=0.2), self.intake, lambda _token: Feed())
        self.app = cast("Framework", Starlette(routes=routes))
        self.base = ""

    async def start(self, nursery: trio.Nursery) -> None:
        settings = Config()
        settings.bind = ["127.0.0.1:0"]
        (self.base,) = await nursery.start(partial(serve, self.app, settings))

    async def post(self, content: str) -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=self.base) as client:
            return await client.post(PATH, content=content)

    async def unfinished_post(self) -> trio.SocketStream:
        """A connection that has promised 50 bytes of body and sent 3."""
        host, port = self.base.removeprefix("http://").split(":")
        stream = await trio.open_tcp_stream(host, int(port))
        await stream.send_all(f"POST {PATH} HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\nid=".encode())
        return stream


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with trio.open_nursery() as nursery:
        made = Server()
        await made.start(nursery)
        yield made
        nursery.cancel_scope.cancel()


async def test_positions_by_get_and_post(server: Server) -> None:
    """Both are taken over one connection and move the unit."""
    async with httpx2.AsyncClient(base_url=server.base) as client:
        first = await client.get(f"{PATH}?{GOOD}1769999990")
        second = await client.post(PATH, content=f"{GOOD}1769999991")
    assert (first.status_code, second.status_code) == (200, 200)
    assert [fix.fix_ms for _, fix in server.moves] == [1_769_999_990_000, 1_769_999_991_000]


async def test_a_body_has_a_limit(server: Server) -> None:
    """16 KiB are read; of a longer body no more than that is kept: 413, counted."""
    form = f"{GOOD}1769999990&pad="
    assert (await server.post(form.ljust(16_384, "x"))).status_code == 200
    assert (await server.post(form.ljust(16_385, "x"))).status_code == 413
    assert (await server.post(form.ljust(300_000, "x"))).status_code == 413
    assert server.intake.statistics().events == {"oversized": 2}


async def test_a_body_that_never_comes_is_given_up(server: Server) -> None:
    """408 after the deadline, counted; the next tracker is served."""
    async with await server.unfinished_post() as stream:
        with trio.fail_after(120):
            assert b"408" in await stream.receive_some()
    assert server.intake.statistics().events == {"slow_body": 1}
    assert (await server.post(f"{GOOD}1769999990")).status_code == 200


async def test_a_tracker_that_leaves_in_the_middle(server: Server) -> None:
    """Its half message moves nothing; it is counted and the next is served."""
    await (await server.unfinished_post()).aclose()
    with trio.fail_after(120):
        while server.intake.statistics().events != {"connection_reset": 1}:  # noqa: ASYNC110 - a plain counter
            await trio.sleep(0.005)
    assert (await server.post(f"{GOOD}1769999990")).status_code == 200
    assert len(server.moves) == 1
