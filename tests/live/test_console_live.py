"""The console's door over real HTTP: sign-in, tickets, a page's WebSocket, and everything that must not get in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio
from msgspec import Struct
from trio_websocket import open_websocket_url

from gateways.auth import Gatekeeper
from gateways.cad.browsers import Browsers, payloads
from gateways.cad.messages import VERSION
from gateways.cad.wire import frame
from gateways.console import Console, ConsoleConfig, console_routes
from gateways.web import WebConfig, serve_http
from tests import river_town
from tests.builders import CREDENTIALS, Running, serve_place, token
from tests.live.cad_kit import FIRE, Wire


class Desk(Struct):
    """A server with a console, and a browser before it."""

    running: Running
    console: Console
    client: httpx2.AsyncClient
    url: str
    going_down: trio.CancelScope
    """Cancelled, the pages are told to come back."""

    @property
    def own(self) -> dict[str, str]:
        return {"Origin": self.url}

    async def sign_in(self, name: str = "cad") -> dict[str, Any]:
        answer = await self.client.post("/console/session", json={"token": token(name)}, headers=self.own)
        assert answer.status_code == 200, answer.text
        who: dict[str, Any] = answer.json()
        return who

    async def ticket(self) -> str:
        answer = await self.client.post("/console/ticket", headers=self.own)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ticket"])

    async def knock(self, origin: str) -> int:
        """Ask for a WebSocket; return the status of the answer, which is a refusal."""
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
        headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": origin, **key}
        return (await self.client.get("/console/follow", headers=headers)).status_code

    @asynccontextmanager
    async def follow(self, origin: str | None = None, **hello: object) -> AsyncIterator[Wire]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = [(b"Cookie", cookie.encode()), (b"Origin", (origin or self.url).encode())]
        address = self.url.replace("http", "ws", 1) + "/console/follow"
        async with open_websocket_url(address, extra_headers=headers) as connection:
            wire = Wire(connection)
            given = {"type": "hello", "version": VERSION, "token": await self.ticket(), **hello}
            await wire.send(given)
            try:
                yield wire
            finally:  # where the server was the first to close, the library leaves the connection open
                await trio.aclose_forcefully(connection._stream)


@asynccontextmanager
async def desk(folder: Path, data: Path | None = None, **config: Any) -> AsyncIterator[Desk]:
    graph = river_town.graph()
    async with serve_place(folder / "journal") as running, trio.open_nursery() as nursery:
        settings = ConsoleConfig(plain_http=True, **config)
        console = Console(running.service, Gatekeeper(CREDENTIALS), settings, data or folder, graph, exercise=False)
        browsers = Browsers(running.hub)
        going_down = trio.CancelScope()

        async def run() -> None:
            with going_down:
                await browsers.run()

        nursery.start_soon(run)
        address = await nursery.start(partial(serve_http, console_routes(console, browsers.serve), WebConfig(port=0)))
        url = f"http://{address}"
        async with httpx2.AsyncClient(base_url=url, timeout=120, trust_env=False) as client:
            yield Desk(running, console, client, url, going_down)
        nursery.cancel_scope.cancel()


async def test_a_page_follows_the_board_and_gives_orders_like_any_client(tmp_path: Path) -> None:
    """Signed in, a ticket, hello: snapshot, deltas, answers; resumed without gap or repeat after a break."""
    async with desk(tmp_path) as at:
        who = await at.sign_in()
        assert (who["principal"], who["role"]) == ("cad", "dispatcher")
        async with at.follow() as wire:
            assert (await wire.next())["type"] == "welcome"
            seen = (await wire.next())["seq"]
            answer = await wire.ask({**FIRE, "id": "page-1"}, "page-1")
            assert answer["type"] == "answer"
            delta = next((each for each in wire.seen if each["type"] == "delta"), None) or await wire.until(
                type="delta"
            )
            assert delta["prev"] == seen


async def test_resuming_brings_what_was_missed_once(tmp_path: Path) -> None:
    """The deltas behind the one that was seen last, in order, and no snapshot."""
    async with desk(tmp_path) as at:
        await at.sign_in()
        async with at.follow() as wire:
            await wire.until(type="snapshot")
            seen = wire.seen[-1]["seq"]
        async with at.follow() as other:
            await other.ask({**FIRE, "id": "page-2"}, "page-2")
        async with at.follow(resume_from=seen) as wire:
            assert (await wire.next())["resumed"] is True
            first = await wire.next()
            assert (first["type"], first["prev"]) == ("delta", seen)


async def test_nobody_follows_without_session_ticket_and_own_page(tmp_path: Path) -> None:
    """No cookie, another site's page, a ticket that was used, a token in its place: none of them sees anything."""
    async with desk(tmp_path) as at:
        assert await at.knock(at.url) == 403
        await at.sign_in()
        assert await at.knock("http://evil.example") == 403
        used = await at.ticket()
        async with at.follow(token=used) as wire:
            await wire.until(type="snapshot")
        for wrong in (used, token("cad"), ""):
            async with at.follow(token=wrong) as wire:
                assert (await wire.next())["code"] == "unauthenticated"
                assert await wire.closed() == 1008


async def test_a_revoked_session_ends_its_pages_at_once(tmp_path: Path) -> None:
    """It is listed, ended from another browser, and its WebSocket says goodbye."""
    async with desk(tmp_path) as at:
        mine = await at.sign_in()
        async with at.follow() as wire:
            await wire.until(type="snapshot")
            listed = (await at.client.get("/console/sessions")).json()
            assert [(each["id"], each["this"]) for each in listed] == [(mine["session"], True)]
            gone = await at.client.delete(f"/console/sessions/{mine['session']}", headers=at.own)
            assert gone.status_code == 204
            assert await wire.closed() == 1008
        told = await at.client.post("/console/ticket", headers=at.own)
        assert told.status_code == 401
        assert "ended by cad" in told.json()["reason"]
        assert (await at.client.get("/console/place")).status_code == 401


async def test_a_session_whose_time_has_come_closes_its_pages(tmp_path: Path) -> None:
    """Nobody asks for anything: the page is told all the same, and the door says why it is closed."""
    async with desk(tmp_path, session_s=2) as at:
        await at.sign_in()
        async with at.follow() as wire:
            await wire.until(type="snapshot")
            assert await wire.closed() == 1008
        told = await at.client.post("/console/ticket", headers=at.own)
        assert told.status_code == 401
        assert "as long as a session may" in told.json()["reason"]


async def test_a_layout_is_kept_for_every_session_of_its_user(tmp_path: Path) -> None:
    """Another browser of that name has it, another user has not, and it outlives the process."""
    arranged = {"theme": "light", "left_percent": 30.5, "hidden": ["timeline"], "choices": {"units": "free"}}
    async with desk(tmp_path) as at:
        assert (await at.client.get("/console/layout")).status_code == 401
        await at.sign_in()
        assert (await at.client.get("/console/layout")).json() == {}
        put = await at.client.put("/console/layout/desk", json=arranged, headers=at.own)
        assert put.status_code == 204, put.text
        await at.client.put("/console/layout/map", json={"map": {"x": 1, "y": -2, "scale": 0.05}}, headers=at.own)
        foreign = await at.client.put("/console/layout/desk", json={}, headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 403
        await at.sign_in()
        assert (await at.client.get("/console/layout")).json()["desk"] == arranged
        await at.sign_in("wall")
        assert (await at.client.get("/console/layout")).json() == {}
    async with desk(tmp_path / "again", data=tmp_path) as at:
        await at.sign_in()
        assert set((await at.client.get("/console/layout")).json()) == {"desk", "map"}


async def test_a_layout_that_does_not_fit_is_refused_by_its_field(tmp_path: Path) -> None:
    """And the one before it stands."""
    wrong: dict[str, object] = {
        "left_percent": 4,
        "hidden": ["queue"],
        "theme": "pink",
        "map": {"x": 0, "y": 0, "scale": 0},
        "choices": {"Units": "free"},
        "wallpaper": "beach",
    }
    async with desk(tmp_path) as at:
        await at.sign_in()
        await at.client.put("/console/layout/desk", json={"left_percent": 30}, headers=at.own)
        for field, value in wrong.items():
            told = await at.client.put("/console/layout/desk", json={field: value}, headers=at.own)
            assert told.status_code == 400
            assert field in told.json()["reason"]
        sides = {"left_percent": 50, "right_percent": 40}
        told = await at.client.put("/console/layout/desk", json=sides, headers=at.own)
        assert told.status_code == 400
        assert "right_percent" in told.json()["reason"]
        assert (await at.client.put("/console/layout/A-Desk", json={}, headers=at.own)).status_code == 404
        assert (await at.client.get("/console/layout")).json() == {"desk": {"left_percent": 30.0}}


async def test_a_page_is_told_to_come_back_also_where_the_pump_has_stopped_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a stop the CAD listener, whose pump it is, and the pages' door end in any order."""
    async with desk(tmp_path) as at:
        await at.sign_in()
        async with at.follow() as wire:
            await wire.until(type="snapshot")
            monkeypatch.setattr(at.running.hub.pump, "due", lambda *_, **__: None)
            at.going_down.cancel()
            assert await wire.closed() == 1012
            assert wire.seen[-1]["type"] == "bye"


async def test_signing_in_and_out(tmp_path: Path) -> None:
    """The cookie is out of reach of scripts and other sites; a link counts once; feeds have nothing to do here."""
    async with desk(tmp_path) as at:
        wrong = await at.client.post("/console/session", json={"token": "cad.wrong"}, headers=at.own)
        assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthenticated")
        foreign = await at.client.post("/console/session", json={"token": token("cad")}, headers={"Origin": "http://x"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "wrong_origin")
        right = await at.client.post("/console/session", json={"token": token("cad")}, headers=at.own)
        cookie = right.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert token("cad").partition(".")[2] not in cookie
        assert (await at.client.delete("/console/session", headers=at.own)).status_code == 204
        assert (await at.client.get("/console/session")).json()["principal"] is None
        bearer = {"Authorization": f"Bearer {token('cad')}"}
        code = (await at.client.post("/console/codes", headers=bearer)).json()["code"]
        for expected in (200, 401):
            answer = await at.client.post("/console/session", json={"code": code}, headers=at.own)
            assert answer.status_code == expected


async def test_guessing_is_slow(tmp_path: Path) -> None:
    """After some wrong tokens nobody is listened to for a moment."""
    async with desk(tmp_path) as at:
        codes = []
        for number in range(24):
            answer = await at.client.post("/console/session", json={"token": f"cad.{number}"}, headers=at.own)
            codes.append(answer.status_code)
        assert codes[0] == 401
        assert codes[-1] == 429


async def test_the_page_runs_nothing_but_its_own_files(tmp_path: Path) -> None:
    """Every file that the page names is there, with a policy that forbids all else; unchanged ones are not sent again."""
    async with desk(tmp_path) as at:
        page = await at.client.get("/")
        assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
        assert "style=" not in page.text
        for name in ("main.js", "shell.css", "icon.svg", "verbs.js"):
            file = await at.client.get(f"/console/{name}")
            assert file.status_code == 200
            known = await at.client.get(f"/console/{name}", headers={"If-None-Match": file.headers["etag"]})
            assert known.status_code == 304


async def test_place_and_streets_are_told_to_who_is_signed_in(tmp_path: Path) -> None:
    """The streets by their digest, kept for good."""
    async with desk(tmp_path) as at:
        await at.sign_in("wall")
        place = (await at.client.get("/console/place")).json()
        assert place["types"]
        streets = await at.client.get(f"/console/streets/{place['streets']}")
        assert "immutable" in streets.headers["cache-control"]
        assert streets.json()["lines"]
        assert (await at.client.get("/console/streets/other")).status_code == 404


def test_frames_are_taken_apart_as_they_were_put_together() -> None:
    """Short, middling and long ones, one behind the other."""
    told = [b"{}", b"x" * 125, b"y" * 126, b"z" * 65_535, b"w" * 65_536, b""]
    assert list(payloads(b"".join(frame(each) for each in told))) == told
