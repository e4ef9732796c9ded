"""The past over real HTTP: who may look, what they are told, and what is written down about it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from engine.model.forgetting import ForgetIncident
from gateways.reels import Kind
from gateways.times import iso
from tests.live.cad_kit import FIRE, wire
from tests.live.test_console_live import Desk, desk
from tests.past_kit import Told, take

WITHIN_S = 240.0
"""A process of its own is started, on a machine that may be busy."""


class Viewer:
    """A page that looks at the past."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self.asked = 0

    async def next(self) -> dict[str, Any] | bytes:
        with trio.fail_after(WITHIN_S):
            message = await self._connection.get_message()
        return message if isinstance(message, bytes) else json.loads(message)

    async def say(self, **message: object) -> None:
        await self._connection.send_message(json.dumps(message))

    async def look(self, at: str, **more: object) -> Told:
        """Ask for an hour, and read it to its end or to the refusal."""
        self.asked += 1
        await self.say(type="look", id=self.asked, at=at, **more)
        result = Told([], [])
        while not result.words or result.last["type"] not in ("end", "refused"):
            message = await self.next()
            if isinstance(message, bytes):
                take(result, Kind.BLOCK, message)
            else:
                result.words.append(message)
        return result


@asynccontextmanager
async def viewing(at: Desk, ticket: str | None = None) -> AsyncIterator[Viewer]:
    cookie = "; ".join(f"{name}={value}" for name, value in at.client.cookies.items())
    headers = [(b"Cookie", cookie.encode()), (b"Origin", at.url.encode())]
    async with open_websocket_url(at.url.replace("http", "ws", 1) + "/console/past", extra_headers=headers) as opened:
        viewer = Viewer(opened)
        await viewer.say(type="hello", ticket=await at.ticket() if ticket is None else ticket)
        try:
            yield viewer
        finally:  # where the server was the first to close, the library leaves the connection open
            await trio.aclose_forcefully(opened._stream)


async def just_now(at: Desk) -> str:
    """Return a whole second that lies behind all that has happened, once there is one."""
    await trio.sleep(1.1)  # it is the clock itself that is waited for
    return iso(at.running.service.clock.now())[:19] + "Z"


async def test_a_supervisor_sees_the_hour_as_the_live_screen_did(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a client of the live board held is what the replay shows for that moment; who looked is written down."""
    async with desk(tmp_path) as at, wire(at.running) as live:
        read: list[tuple[str, str]] = []
        at.console.on_read = lambda who, how, _: read.append((who.name, how))
        await at.sign_in("desk")
        await live.ask({**FIRE, "id": "c1", "caller": "5550001"}, "c1")
        await live.say("unit_emergency", unit="P1", text="mayday")
        await live.say("dispatch", incident="I1", units=["B1"], reason="nearer by foot")
        seen = at.running.board.snapshot()
        async with viewing(at) as viewer:
            assert (await viewer.next())["type"] == "welcome"  # type: ignore[index]
            told = await viewer.look(await just_now(at))
        assert next(word["type"] for word in told.words) == "looking"
        assert told.last["type"] == "end"
        shown = told.view(told.last["to_ms"])
        assert {each.id: each for each in shown.incidents} == {each.id: each for each in seen.incidents}
        assert {each.id: each.status for each in shown.units} == {each.id: each.status for each in seen.units}
        assert {each.id for each in shown.alarms} == {each.id for each in seen.alarms}
        marks = [(mark["kind"], mark["incident"]) for mark in told.of("m")]
        assert ("priority1", "I1") in marks
        assert "emergency" in [kind for kind, _ in marks]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    (looked,) = [line for line in lines if line.get("event") == "a past hour is looked at"]
    assert (looked["principal"], looked["role"]) == ("desk", "supervisor")
    assert looked["hour_from"] <= looked["at"] <= looked["hour_to"]
    assert read == [("desk", f"console.past {looked['hour_from']}")]


@pytest.mark.parametrize("who", ["cad", "calls", "wall"])
async def test_nobody_else_looks_at_the_past(tmp_path: Path, who: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Dispatchers, call-takers and observers are told so, and it is written down; nothing is read for them."""
    async with desk(tmp_path) as at:
        await at.sign_in(who)
        async with viewing(at) as viewer:
            refused = await viewer.next()
            assert isinstance(refused, dict)
            assert (refused["type"], refused["code"]) == ("refused", "unauthorised")
            with pytest.raises(ConnectionClosed):
                await viewer.next()
    assert "the past was refused" in capfd.readouterr().err


async def test_nobody_enters_without_a_ticket_of_this_session(tmp_path: Path) -> None:
    """A ticket that was made up, or used before."""
    async with desk(tmp_path) as at:
        await at.sign_in("desk")
        used = await at.ticket()
        async with viewing(at, used) as viewer:
            assert (await viewer.next())["type"] == "welcome"  # type: ignore[index]
        for wrong in (used, "made-up"):
            async with viewing(at, wrong) as viewer:
                assert (await viewer.next())["code"] == "unauthenticated"  # type: ignore[index]


async def test_bad_times_are_refused_with_what_to_do(tmp_path: Path) -> None:
    """No time at all, one that is yet to come, one from before the journal; the page may ask again."""
    async with desk(tmp_path) as at:
        await at.sign_in("desk")
        async with viewing(at) as viewer:
            await viewer.next()
            for text, code, words in (
                ("half past two", "bad_time", "Write 14:32"),
                ("2999-01-01 12:00", "future", "yet to come"),
                ("1999-01-01 12:00", "before_journal", "The journal begins at"),
            ):
                told = await viewer.look(text)
                assert (told.last["code"], told.lines) == (code, [])
                assert words in told.last["reason"]
            assert (await viewer.look(await just_now(at))).last["type"] == "end"


async def test_a_page_lets_go_of_its_hour_when_somebody_is_forgotten(tmp_path: Path) -> None:
    """It is told, and what it reads then holds nothing of them."""
    async with desk(tmp_path) as at, wire(at.running) as live:
        await at.sign_in("desk")
        answer = await live.ask({**FIRE, "id": "c1", "caller": "PLANT", "address": "PLANT Street"}, "c1")
        assert answer["type"] == "answer"
        await live.say("cancel_incident", incident="I1", reason="PLANT")
        async with viewing(at) as viewer:
            await viewer.next()
            before = await viewer.look(await just_now(at))
            assert any(b"PLANT" in line.message for line in before.lines)
            forget = ForgetIncident(id="f", by="desk", incident="I1", reason="asked for")
            assert (await at.running.service.ask(forget)).refusal is None
            assert (await viewer.next()) == {"type": "forgotten"}
            after = await viewer.look(await just_now(at))
            assert after.last["type"] == "end"
            assert not any(b"PLANT" in line.message for line in after.lines)
            assert any(b"[erased]" in line.message for line in after.lines)


async def test_a_new_wish_ends_the_one_before_and_a_revoked_session_ends_all(tmp_path: Path) -> None:
    """What comes after `looking` is of the hour that was asked for last."""
    async with desk(tmp_path) as at:
        mine = await at.sign_in("desk")
        async with viewing(at) as viewer:
            await viewer.next()
            moment = await just_now(at)
            await viewer.say(type="look", id=98, at=moment)
            await viewer.say(type="look", id=99, at=moment)
            looking = []
            while not looking or looking[-1] != 99:
                message = await viewer.next()
                if isinstance(message, dict) and message["type"] == "looking":
                    looking.append(message["id"])
            while not isinstance(message, dict) or message["type"] != "end":
                message = await viewer.next()
            await viewer.say(type="order", unit="E1")
            assert (await viewer.next())["code"] == "malformed"  # type: ignore[index]
            await at.client.delete(f"/console/sessions/{mine['session']}", headers=at.own)
            with pytest.raises(ConnectionClosed):
                await viewer.next()
