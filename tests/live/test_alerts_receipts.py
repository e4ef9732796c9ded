"""Receipts over a real HTTP listener: 200 is durable, everything else says why not and changes nothing."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import cast

import httpx2
import pytest
import trio
from alerts_kit import Running, place, running, until
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import Framework
from msgspec import Struct
from starlette.applications import Starlette

from engine.model.inputs import ReportReceipt
from gateways.alerts import Endpoint, LogFile, receipt_routes
from gateways.auth import Principal, Role

PAGER = "gateway"
PRINCIPALS = {
    PAGER: Principal("pager-gateway", Role.CREW),
    "crew": Principal("E2", Role.CREW, frozenset({"E2"})),
}


class Entrance(Struct):
    """The routes on a free port, and the engine behind them."""

    run: Running
    base: str

    async def post(self, alert: str, content: bytes = b"", token: str = PAGER) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(base_url=self.base, headers=headers) as client:
            return await client.post(f"/alerts/{alert}/acknowledge", content=content)


@pytest.fixture
async def entrance(tmp_path: Path) -> AsyncIterator[Entrance]:
    """One alert is open: A1, for unit E1, delivered to the log."""
    endpoint = Endpoint(name="log", channel=LogFile(path="alerts.log"))
    async with running(tmp_path, place("log"), endpoint) as run, trio.open_nursery() as nursery:
        app = Starlette(routes=receipt_routes(run.service, lambda token: PRINCIPALS.get(token or "")))
        settings = Config()
        settings.bind = ["127.0.0.1:0"]
        (base,) = await nursery.start(partial(serve, cast("Framework", app), settings))
        await run.call()
        await until(lambda: run.tally.get("alerts_delivered"))
        yield Entrance(run, base)
        nursery.cancel_scope.cancel()


async def test_a_receipt_ends_the_alert(entrance: Entrance) -> None:
    """It is durable when it is answered, and names the principal that brought it."""
    given: list[ReportReceipt] = []
    entrance.run.board.on_turn.append(
        lambda turn: given.append(turn.input) if isinstance(turn.input, ReportReceipt) else None
    )
    response = await entrance.post("A1", b'{"by": "E1"}')
    assert (response.status_code, response.json()) == (200, {"alert": "A1", "acknowledged_by": "E1 via pager-gateway"})
    await until(lambda: given)
    assert given == [ReportReceipt("A1", "E1 via pager-gateway")]
    assert entrance.run.board.world.alerts == {}


async def test_without_a_name_it_is_the_principals_own(entrance: Entrance) -> None:
    """An empty body will do."""
    response = await entrance.post("A1")
    assert response.json() == {"alert": "A1", "acknowledged_by": "pager-gateway"}


async def test_asking_again_is_harmless(entrance: Entrance) -> None:
    """409, and the first receipt stands."""
    assert (await entrance.post("A1")).status_code == 200
    response = await entrance.post("A1")
    assert response.status_code == 409
    assert "A1 is not open any more" in response.text
    assert entrance.run.service.world.tally["alerts_acknowledged"] == 1


@pytest.mark.parametrize(
    ("alert", "content", "token", "status", "reason"),
    [
        ("A1", b"", "", 401, "token"),
        ("A1", b"", "wrong", 401, "token"),
        ("A1", b"", "crew", 403, "not for a unit that this token speaks for"),
        ("A2", b"", PAGER, 404, "there has never been one"),
        ("A01", b"", PAGER, 404, "there has never been one"),
        ("B1", b"", PAGER, 404, "there has never been one"),
        ("A" + "9" * 30, b"", PAGER, 404, "there has never been one"),
        ("A1", b"{", PAGER, 400, "body"),
        ("A1", b'{"by": ""}', PAGER, 400, "$.by"),
        ("A1", b'{"by": "' + b"x" * 101 + b'"}', PAGER, 400, "$.by"),
        ("A1", b'{"who": "E1"}', PAGER, 400, "who"),
        ("A1", b"\xff", PAGER, 400, "body"),
        ("A1", b" " * 4_097, PAGER, 413, "more than 4096 bytes"),
    ],
)
async def test_refusals_say_why(
    entrance: Entrance, alert: str, content: bytes, token: str, status: int, reason: str
) -> None:
    """And change nothing: no turn is made of them."""
    before = entrance.run.service.world.seq
    response = await entrance.post(alert, content, token)
    assert response.status_code == status
    assert reason in response.text
    assert entrance.run.service.world.seq == before
    assert "A1" in entrance.run.board.world.alerts
