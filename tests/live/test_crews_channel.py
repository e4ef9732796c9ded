"""The crews' channel over real HTTP: stored messages, each once and in order; sessions; the feed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from engine.model.inputs import DispatchUnits, ReleaseUnit, ReportIncident
from engine.model.lifecycle import Status
from gateways import browsers
from gateways.auth import Gatekeeper, digest_of_secret
from gateways.crews import Crews, CrewsConfig, crew_routes
from gateways.crews.inbox import CrewMessage, NotTaken, _read
from gateways.crews.sessions import KEY_BYTES, Sessions, load_key
from gateways.outward.subscriptions import Subscriptions
from gateways.web import WebConfig, serve_http
from tests.builders import CREDENTIALS, SECRET, Running, serve_place, token
from tests.live.cad_kit import until

KEY = bytes(KEY_BYTES)
BEARER = {"Authorization": f"Bearer {token('crew-m1')}"}


class Door(Struct):
    """A server with the crews' channel, and somebody at its door."""

    running: Running
    crews: Crews
    client: httpx2.AsyncClient
    said: int = 0

    async def command(self, kind: Any, **fields: Any) -> Any:
        self.said += 1
        return await self.running.service.ask(kind(id=f"t{self.said}", by="cad", **fields))

    async def fire(self, unit: str = "M1") -> str:
        """Send the unit to a fire."""
        answer = await self.command(ReportIncident, type="fire", x_m=500, y_m=500, address="12 Mill Lane")
        await self.command(DispatchUnits, incident=answer.incident, units=(unit,), reason="for the test")
        return str(answer.incident)

    async def send(self, *messages: object, **more: Any) -> list[dict[str, Any]]:
        response = await self.client.post("/crew/messages", json={"messages": messages}, **{"headers": BEARER, **more})
        assert response.status_code == 200, response.text
        answers: list[dict[str, Any]] = response.json()["answers"]
        return answers

    def now(self) -> int:
        return self.running.service.clock.now()


@asynccontextmanager
async def door(
    folder: Path, config: CrewsConfig | None = None, subscriptions: Subscriptions | None = None
) -> AsyncIterator[Door]:
    async with serve_place(folder) as running, trio.open_nursery() as nursery:
        config = config or CrewsConfig(plain_http=True)
        keeper = Gatekeeper(CREDENTIALS)
        crews = Crews(running.service, running.board, keeper, config, KEY, subscriptions=subscriptions)
        address = await nursery.start(partial(serve_http, crew_routes(crews), WebConfig(port=0)))
        async with httpx2.AsyncClient(base_url=f"http://{address}", timeout=120, trust_env=False) as client:
            yield Door(running, crews, client)
        nursery.cancel_scope.cancel()


def status(name: str, what: str, **fields: object) -> dict[str, object]:
    return {"type": "unit_status", "id": name, "unit": "M1", "status": what, **fields}


async def test_a_stored_batch_happens_once_in_its_order_with_its_times(tmp_path: Path) -> None:
    """Sent twice, and twice at the same time: four equal answers, one rung after the other, each at its own time."""
    async with door(tmp_path) as at:
        incident = await at.fire()
        now = at.now()
        rungs = ["acknowledged", "en_route", "on_scene"]
        stored = [status(f"s{n}", rung, incident=incident, at_ms=now + n) for n, rung in enumerate(rungs)]
        told: list[list[dict[str, Any]]] = []

        async def send() -> None:
            told.append(await at.send(*stored))

        await send()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            nursery.start_soon(send)
        await send()
        assert [answer["type"] for answer in told[0]] == ["taken"] * 3
        assert told[1:] == told[:1] * 3
        assignment = at.running.service.world.open[incident].assigned["M1"]
        assert assignment.status is Status.ON_SCENE
        assert [assignment.stamps[Status(rung)] for rung in rungs] == [now, now + 1, now + 2]


async def test_a_report_about_a_withdrawn_job_is_answered_in_words(tmp_path: Path) -> None:
    """No error page: what happened, and under the message's own id. What follows it in the batch is taken."""
    async with door(tmp_path) as at:
        incident = await at.fire()
        await at.command(ReleaseUnit, unit="M1", incident=incident, reason="false alarm")
        said = {"type": "tell_dispatch", "id": "w1", "unit": "M1", "text": "on our way back", "at_ms": at.now()}
        answers = await at.send(status("s1", "en_route", incident=incident, at_ms=at.now()), said)
        assert (answers[0]["id"], answers[0]["code"]) == ("s1", "stale_status")
        assert f"M1 is not on {incident}" in answers[0]["reason"]
        assert (answers[1]["id"], answers[1]["type"]) == ("w1", "taken")


async def test_each_wrong_message_is_refused_by_itself(tmp_path: Path) -> None:
    """Unreadable, of another unit, from a clock that is wrong, too old, or no crew's to say."""
    async with door(tmp_path) as at:
        answers = await at.send(
            {"type": "unit_status", "id": "a", "unit": "M1"},
            {"type": "unit_status", "id": "b", "unit": "M2", "status": "available"},
            status("c", "available", at_ms=at.now() + 60_000),
            status("d", "available", at_ms=at.now() - 90_000_000),
            {"type": "dispatch", "id": "e", "incident": "I1", "units": ["M1"]},
            42,
            status("f", "available"),
        )
        codes = [answer.get("code", "taken") for answer in answers]
        assert codes == ["missing", "unauthorised", "clock_ahead", "too_old", "unknown_message", "wrong_type", "taken"]
        assert answers[0]["field"] == "status"
        # What was refused for its time alone may be sent again under its id, once the clock is set.
        (again,) = await at.send(status("c", "available", at_ms=at.now()))
        assert again["type"] == "taken"
        response = await at.client.post("/crew/messages", json={"messages": [1] * 65}, headers=BEARER)
        assert (response.status_code, response.json()["code"]) == (413, "too_many_messages")


async def test_a_call_for_help_does_not_wait_behind_what_was_stored(tmp_path: Path) -> None:
    """Neither behind the batch, nor for the pace."""
    async with door(tmp_path, CrewsConfig(messages_per_s=0.001, burst=1)) as at:
        help_ = {"type": "unit_emergency", "id": "h", "unit": "M1", "text": "attacked"}
        answers = await at.send(status("a", "available"), status("b", "available"), help_)
        assert [answer["type"] for answer in answers] == ["taken", "refused", "taken"]
        assert (answers[1]["code"], answers[1]["again"]) == ("rate_limited", True)
        assert answers[2]["seq"] < answers[0]["seq"]


async def test_nobody_uses_up_the_pace_of_another_unit(tmp_path: Path) -> None:
    """What is said for a strange unit is refused as that, leaves nothing behind, and takes nothing from the unit's own crew."""
    async with door(tmp_path, CrewsConfig(messages_per_s=0.001, burst=1)) as at:
        for unit in ("M2", *(f"nobody-{number}" for number in range(20))):
            (answer,) = await at.send({"type": "unit_status", "id": unit, "unit": unit, "status": "available"})
            assert answer["code"] == "unauthorised"
        assert not at.crews.inbox._paces
        (own,) = await at.send(status("a", "available"))
        assert own["type"] == "taken"


async def test_codes_are_not_looked_at_while_somebody_guesses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or guessing would cost nothing: a code is read aloud, and short. A token is not, and always counts."""
    monkeypatch.setattr(browsers, "WRONG_PER_S", 1e-9)
    async with door(tmp_path) as at:
        origin = {"Origin": str(at.client.base_url).rstrip("/")}
        code = (await at.client.post("/crew/codes", json={"unit": "M1"}, headers=BEARER)).json()["code"]
        for number in range(24):
            await at.client.post("/crew/session", json={"code": f"GUESS{number}"}, headers=origin)
        right = await at.client.post("/crew/session", json={"code": code}, headers=origin)
        assert (right.status_code, right.json()["code"]) == (429, "rate_limited")
        signed = await at.client.post("/crew/session", json={"token": token("crew-m1")}, headers=origin)
        assert signed.status_code == 200


@pytest.mark.parametrize("origin", ["null", "http://[", "https://evil.example", "//", "https://"])
async def test_a_strange_origin_is_refused_and_breaks_nothing(tmp_path: Path, origin: str) -> None:
    """Whatever stands in the header."""
    async with door(tmp_path) as at:
        wrong = await at.client.post("/crew/session", json={"code": "A"}, headers={"Origin": origin})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_origin")


async def test_a_browser_signs_in_with_a_code_once_and_no_other_site_speaks_for_it(tmp_path: Path) -> None:
    """The cookie is bound to one unit, kept from scripts and from other sites; a token in a URL is nobody."""
    async with door(tmp_path) as at:
        origin = {"Origin": str(at.client.base_url).rstrip("/")}
        made = await at.client.post("/crew/codes", json={"unit": "M1"}, headers=BEARER)
        code = made.json()["code"]
        assert made.status_code == 201
        wrong = await at.client.post("/crew/session", json={"code": code}, headers={"Origin": "https://evil.example"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_origin")
        response = await at.client.post(
            "/crew/session", json={"code": f" {code[:4]}-{code[4:].lower()}"}, headers=origin
        )
        assert response.json() == {"principal": "crew-m1", "unit": "M1"}
        cookie = response.headers["set-cookie"].lower()
        assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/crew"))
        again = await at.client.post("/crew/session", json={"code": code}, headers=origin)
        assert (again.status_code, again.json()["code"]) == (401, "unknown_code")
        body = {"messages": [status("a", "available")]}
        assert (await at.client.post("/crew/messages", json=body)).status_code == 403
        assert (await at.client.post("/crew/messages", json=body, headers=origin)).status_code == 200
        at.client.cookies.clear()
        assert (await at.client.get(f"/crew/view?token={token('crew-m1')}")).status_code == 401
        which = await at.client.post("/crew/session", json={"token": token("cad")}, headers=origin)
        assert which.json()["code"] == "which_unit"
        spy = await at.client.post("/crew/session", json={"token": token("wall"), "unit": "M1"}, headers=origin)
        assert spy.status_code == 403


def test_a_session_outlives_a_restart_and_dies_with_its_secret(tmp_path: Path) -> None:
    """It is signed with the folder's key and marked with the secret; nobody else's signature counts."""
    key = load_key(tmp_path)
    assert load_key(tmp_path) == key
    assert (tmp_path / "crews.key").stat().st_mode & 0o077 == 0
    session = Sessions(Gatekeeper(CREDENTIALS), key, session_s=60, code_s=60).begin(token("crew-m1"), "M1", 1_000.0)
    assert session is not None
    after = Sessions(Gatekeeper(CREDENTIALS), key, session_s=60, code_s=60)
    holder = after.holder(session, 1_059.0)
    assert holder is not None
    assert (holder.unit, holder.principal.name) == ("M1", "crew-m1")
    assert after.holder(session, 1_060.0) is None
    assert after.begin(token("crew-m1"), "M2", 0) is None
    changed = tuple(replace(each, secret_sha256=(digest_of_secret("other"),)) for each in CREDENTIALS)
    assert Sessions(Gatekeeper(changed), key, session_s=60, code_s=60).holder(session, 1_001.0) is None
    assert Sessions(Gatekeeper(CREDENTIALS), KEY, session_s=60, code_s=60).holder(session, 1_001.0) is None
    assert SECRET not in session


@given(st.text(max_size=200))
def test_a_forged_session_is_nobodys(text: str) -> None:
    """Whatever is in the cookie."""
    assert Sessions(Gatekeeper(CREDENTIALS), KEY, session_s=60, code_s=60).holder(text, 0.0) is None


class Feed:
    """Somebody who follows, on a plain connection that can be left at any moment."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._buffer = b""
        self._name = ""

    async def next(self) -> tuple[str, dict[str, Any]]:
        while True:
            line, found, rest = self._buffer.partition(b"\n")
            if not found:
                received = await self._stream.receive_some(65_536)
                assert received, "the server has ended the feed"
                self._buffer += received
                continue
            self._buffer = rest
            if line.startswith(b"event: "):
                self._name = line.removeprefix(b"event: ").decode()
            elif line.startswith(b"data: "):
                return self._name, json.loads(line.removeprefix(b"data: "))

    async def view(self, *, has_job: bool) -> dict[str, Any]:
        """Read on to the first view with, or without, a job."""
        while True:
            name, told = await self.next()
            if name == "view" and (told["job"] is not None) is has_job:
                return told


@asynccontextmanager
async def following(at: Door) -> AsyncIterator[Feed]:
    url = at.client.base_url
    async with await trio.open_tcp_stream(url.host, url.port or 80) as stream:
        lines = ("GET /crew/feed HTTP/1.1", f"Host: {url.host}", f"Authorization: {BEARER['Authorization']}", "", "")
        await stream.send_all("\r\n".join(lines).encode())
        yield Feed(stream)


async def test_the_feed_tells_a_job_as_it_comes_and_goes(tmp_path: Path) -> None:
    """Hello with the ladder, the view, and a new view for each change; a ping where nothing happens."""
    async with door(tmp_path, CrewsConfig(ping_s=0.05, feeds_per_unit=1)) as at:
        with trio.fail_after(120):
            async with following(at) as feed:
                name, hello = await feed.next()
                assert (name, hello["unit"]) == ("hello", "M1")
                assert hello["ladder"]["reports"]["dispatched"][0] == "acknowledged"
                assert (await feed.view(has_job=False))["status"] == "available"
                assert (await feed.next())[0] == "ping"
                second = await at.client.get("/crew/feed", headers=BEARER)
                assert (second.status_code, second.json()["code"]) == (503, "too_many_feeds")
                incident = await at.fire()
                job = (await feed.view(has_job=True))["job"]
                assert (job["incident"], job["address"]) == (incident, "12 Mill Lane")
                await at.command(ReleaseUnit, unit="M1", incident=incident, reason="false alarm")
                view = await feed.view(has_job=False)
                assert [notice["purpose"] for notice in view["notices"]] == ["release"]
            await until(lambda: not at.crews.statistics.feeds)


async def test_a_feed_ends_with_its_session(tmp_path: Path) -> None:
    """A page that is never closed asks to sign in again after a shift, like any other."""
    async with door(tmp_path, CrewsConfig(plain_http=True, session_s=2, ping_s=0.1)) as at:
        origin = {"Origin": str(at.client.base_url).rstrip("/")}
        signed = await at.client.post("/crew/session", json={"token": token("crew-m1")}, headers=origin)
        assert signed.status_code == 200
        with trio.fail_after(120):
            async with at.client.stream("GET", "/crew/feed") as feed:
                assert feed.status_code == 200
                with suppress(httpx2.RemoteProtocolError):  # it is cut off: an answer without end has no end to tell
                    async for _ in feed.aiter_raw():
                        pass
        assert (await at.client.get("/crew/view")).status_code == 401


async def test_a_browser_subscribes_for_its_own_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the channel `push` is configured; else it is told that it is not, or that the disk is full."""

    async def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    browser = {"endpoint": "https://push.example/1", "keys": {"p256dh": "A" * 87, "auth": "A" * 22}}
    async with door(tmp_path / "one") as at:
        assert (await at.client.post("/crew/push", json=browser, headers=BEARER)).status_code == 404
    book = Subscriptions(tmp_path)
    async with door(tmp_path / "two", subscriptions=book) as at:
        assert (await at.client.post("/crew/push", json=browser)).status_code == 401
        wrong = browser | {"keys": {"p256dh": "short", "auth": "A" * 22}}
        assert (await at.client.post("/crew/push", json=wrong, headers=BEARER)).status_code == 400
        assert (await at.client.post("/crew/push", json=browser, headers=BEARER)).status_code == 204
        assert [each.endpoint for each in await book.of("M1")] == ["https://push.example/1"]
        assert (await at.client.request("DELETE", "/crew/push", json=browser, headers=BEARER)).status_code == 204
        assert await book.of("M1") == []
        monkeypatch.setattr(book, "add", full_disk)
        full = await at.client.post("/crew/push", json=browser, headers=BEARER)
        assert (full.status_code, full.json()["code"]) == (503, "not_kept")


async def test_the_page_is_served_with_its_rules(tmp_path: Path) -> None:
    """Each file with its type and a policy without anything foreign; asked again, it is not sent again."""
    async with door(tmp_path) as at:
        for path, kind in (
            ("/crew", "text/html"),
            ("/crew/main.js", "text/javascript"),
            ("/crew/crew.css", "text/css"),
        ):
            response = await at.client.get(path)
            assert response.headers["content-type"].startswith(kind)
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert "unsafe" not in response.headers["content-security-policy"]
            again = await at.client.get(path, headers={"If-None-Match": response.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        worker = await at.client.get("/crew/worker.js")
        assert worker.headers["service-worker-allowed"] == "/crew"
        kept = {name for name in worker.text.split('"') if name.startswith("/crew")} - {"/crew"}
        served = {route.path for route in crew_routes(at.crews) if route.path.count(".")} - {"/crew/worker.js"}
        assert kept == served, "the worker keeps every file of the page"


@settings(max_examples=300)
@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_whatever_a_vehicle_sends_it_is_read_or_refused(content: bytes) -> None:
    """Never raises."""
    assert isinstance(_read(content), NotTaken | CrewMessage)


@pytest.mark.parametrize("content", ['{"type":"unit_status","id":"a","unit":"M1","status":"available"}'])
def test_a_good_message_is_read(content: str) -> None:
    """As the vocabulary says."""
    message = _read(content.encode())
    assert not isinstance(message, NotTaken)
    assert message.id == "a"
