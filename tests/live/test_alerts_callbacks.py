"""Providers that call back: reports and replies over HTTP, by token, durable before the answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import httpx2
import msgspec
import pytest
import trio
from alerts_kit import SMALL, Running, Server, answer, place, station, until

from engine.live.service import serve
from engine.live.watchdog import Watchdog
from engine.model.alert_facts import CopyState
from engine.state.image import restore, save
from gateways.alert_views import view_alerts
from gateways.alerts import Courier, Endpoint, Recipient, Recipients, Sms, Wctp, callback_routes
from gateways.alerts import courier as courier_room
from gateways.auth import Credential, Gatekeeper, Right, Role, digest_of_secret
from gateways.board import Board
from gateways.web import HttpCounts, WebConfig, serve_http

WHO = (
    Credential(name="carrier", role=Role.CREW, secret_sha256=(digest_of_secret("s3"),)),
    Credential(name="other", role=Role.CREW, secret_sha256=(digest_of_secret("s3"),), units=("E9",)),
    Credential(name="feed", role=Role.FEED, secret_sha256=(digest_of_secret("s3"),)),
)
TOKEN = "carrier.s3"
BODY = {"to": "{to}", "text": "{text}", "id": "{ref}"}
REPORTS = {
    "ref": "ref",
    "status": "status",
    "delivered": ["DELIVRD"],
    "failed": ["UNDELIV"],
    "sender": "from",
    "text": "text",
}


class Town:
    """A running engine, the web address of its callbacks, and a client."""

    def __init__(self, run: Running, url: str, client: httpx2.AsyncClient) -> None:
        self.run = run
        self._url = url
        self._client = client

    async def post(self, name: str = "sms", body: bytes = b"", token: str = TOKEN, **query: str) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answered = await self._client.post(
            f"{self._url}/alerts/endpoints/{name}", content=body, headers=headers, params=query
        )
        return answered.status_code, answered.text

    async def get(self, auth: tuple[str, str] | None = None, **query: str) -> int:
        answered = await self._client.get(f"{self._url}/alerts/endpoints/sms", params=query, auth=auth)
        return answered.status_code

    def state(self) -> CopyState | None:
        (alert,) = view_alerts(self.run.board.world) or (None,)
        return alert.copies[0].state if alert is not None and alert.copies else None


def channels(server: Server) -> tuple[Endpoint, ...]:
    url = f"http://127.0.0.1:{server.port}/"
    reports = {"channel": "sms", "url": url, "body": BODY, "allow_private": True, "reports": REPORTS}
    return (
        Endpoint(name="sms", channel=msgspec.convert(reports, Sms)),
        Endpoint(name="wctp", channel=Wctp(url=url, sender="turnout", allow_private=True)),
    )


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    jansen = Recipient(name="jansen", stations=("S1",), addresses={"sms": "+31 6 1234 5678"})
    quiet = Watchdog(lambda: None)
    async with (
        station(answer(200, b"{}")) as server,
        serve(place("sms"), folder / "journal", settings=SMALL, watchdog=quiet) as service,
        trio.open_nursery() as nursery,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        board = Board(restore(save(service.world), indexed=False))
        nursery.start_soon(board.run, service.release.follow("board", 10_000))
        courier = Courier(service, board, channels(server), folder=folder, recipients=Recipients((jansen,)))
        await nursery.start(courier.run)
        routes = callback_routes(courier, partial(Gatekeeper(WHO).admit, Right.STATUS))
        web = await nursery.start(partial(serve_http, routes, WebConfig(port=0), counts=HttpCounts()))
        made = Town(Running(service, board, courier), f"http://{web}", client)
        await made.run.call()
        await until(lambda: made.state() is CopyState.SENT)
        yield made
        nursery.cancel_scope.cancel()


async def test_a_report_and_then_a_reply(tmp_path: Path) -> None:
    """Delivered by our reference; acknowledged by the number, written as the provider writes it."""
    async with town(tmp_path) as at:
        assert await at.post(body=b'{"ref": "A1.jansen", "status": "DELIVRD"}') == (200, "")
        await until(lambda: at.state() is CopyState.DELIVERED)
        assert (await at.post(body=b'{"ref": "A1.jansen", "status": "DELIVRD"}'))[0] == 200  # twice does no harm
        assert at.run.courier.late == 1
        assert await at.get(auth=("carrier", "s3"), **{"from": "0031612345678", "text": "OK, going"}) == 200
        await until(lambda: at.run.tally.get("alerts_acknowledged") == 1)
        assert (await at.post(body=b'{"ref": "A77.jansen", "status": "DELIVRD"}'))[0] == 200


async def test_who_may_not_is_refused(tmp_path: Path) -> None:
    """No token, a wrong one, one without the right, one of other units; nothing changes."""
    body = b'{"ref": "A1.jansen", "status": "DELIVRD"}'
    async with town(tmp_path) as at:
        for token, status in (("", 401), ("carrier.x", 401), ("feed.s3", 401), ("other.s3", 403)):
            assert (await at.post(body=body, token=token))[0] == status
        assert await at.get(auth=("carrier", "wrong"), ref="A1.jansen", status="DELIVRD") == 401
        assert at.state() is CopyState.SENT
        assert await at.get(token="carrier.s3", ref="A1.jansen", status="DELIVRD") == 200
        await until(lambda: at.state() is CopyState.DELIVERED)


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("fax", b"", 404),
        ("sms", b"{", 400),
        ("wctp", b"<a/>", 400),
        ("sms", b"x" * 70_000, 413),
        ("sms", b"[" + b",".join([b'{"ref": "A1.jansen", "status": "DELIVRD"}'] * 101) + b"]", 413),
    ],
)
async def test_what_cannot_be_understood_is_refused(tmp_path: Path, name: str, body: bytes, status: int) -> None:
    """With the reason, and without a change."""
    async with town(tmp_path) as at:
        answered, words = await at.post(name, body)
        assert answered == status
        assert words
        assert at.state() is CopyState.SENT


async def test_what_the_engine_does_not_take_is_not_answered_as_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider is to say it again: nothing of it is durable."""
    async with town(tmp_path) as at:

        async def hang(_: object) -> None:
            await trio.sleep_forever()

        with monkeypatch.context() as patch:
            patch.setattr(courier_room, "REPORT_S", 0.01)
            patch.setattr(at.run.courier, "_service", SimpleNamespace(tell=hang, clock=at.run.service.clock))
            answered, words = await at.post(body=b'{"ref": "A1.jansen", "status": "DELIVRD"}')
        assert (answered, "again" in words) == (503, True)
        assert at.run.courier.unreported == 1
        assert at.state() is CopyState.SENT
