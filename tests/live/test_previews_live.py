"""Who would go, asked of a running server while a call is typed: the advice that follows, and nothing kept of the question."""

from contextlib import suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from engine.live import previews
from engine.model.inputs import ReportIncident
from engine.state.image import state_hash
from tests.builders import serve_place, token
from tests.live.api_kit import FIRE as BODY
from tests.live.api_kit import api_client
from tests.live.cad_kit import FIRE, HELLO, Wire, wire
from tests.unit.engine_place import Town

CALL = {name: value for name, value in FIRE.items() if name != "type"}


async def foreseen(client: Wire, **more: object) -> dict[str, Any]:
    return await client.say("ask_preview", **{**CALL, **more})


async def test_the_call_gets_what_was_foreseen(tmp_path: Path) -> None:
    """Units, times and plan; the World is as before the question, and the next incident's number is not taken."""
    async with serve_place(tmp_path) as running:
        async with wire(running, {**HELLO, "token": token("calls")}) as calls:
            before = state_hash(running.service.world)
            told = await foreseen(calls, incident_type="sick")
            assert told["type"] == "preview_told"
            assert state_hash(running.service.world) == before
            assert (told["priority"], told["mode"], told["behind"]) == (3, "advise", False)
            refused = await foreseen(calls, incident_type="dragon")
            assert (refused["code"], refused["field"]) == ("unknown_type", "incident_type")
            outside = await foreseen(calls, lat=10.0)
            assert (outside["code"], outside["field"]) == ("out_of_range", "lat")
        async with wire(running) as client:
            answer = await client.say("report_incident", **{**CALL, "incident_type": "sick"})
            assert answer["incident"] == "I1"
            while not any(delta["recommendations"] for delta in client.seen if delta["type"] == "delta"):
                await client.next()
            advised = next(each for each in client.seen if each.get("recommendations"))["recommendations"][0]
            units = [(choice["unit"], choice["slot"]) for choice in advised["choices"]]
            assert [(choice["unit"], choice["slot"]) for choice in told["choices"]] == units
            assert units


async def test_only_the_latest_of_a_connection_is_answered(tmp_path: Path) -> None:
    """The typing goes on while the engine is busy: the question before is refused as overtaken, not left open."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        busy = trio.Lock()
        running.service.previews._one_at_a_time = busy
        await busy.acquire()
        await client.send({"type": "ask_preview", "id": "first", **CALL})
        await client.send({"type": "ask_preview", "id": "second", **CALL, "incident_type": "sick"})
        assert (await client.until(id="first"))["code"] == "overtaken"
        busy.release()
        assert (await client.until(id="second"))["type"] == "preview_told"


async def test_a_busy_engine_decides_calls_and_foresees_none(tmp_path: Path) -> None:
    """Where there is no time for it within a second, the question is refused; commands are not held up by it."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        running.service.previews._at_rest = lambda: False
        await client.send({"type": "ask_preview", "id": "p", **CALL})
        assert (await client.say("report_incident", **CALL))["incident"] == "I1"
        assert (await client.until(id="p"))["code"] == "busy"
        assert running.service.previews.busy == 1


async def test_previews_take_no_more_than_their_share_of_the_loop(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask: between two there is a rest, nineteen times as long as the judging took; who waits a second is refused."""
    del autojump_clock
    ticks = count()
    monkeypatch.setattr(previews, "time", SimpleNamespace(perf_counter=lambda: next(ticks) * 0.01))
    asked = previews.Previews(Town().engine, lambda: True)
    told_s: list[float] = []
    began_s = trio.current_time()

    async def ask() -> None:
        with suppress(previews.Busy):
            await asked.tell(ReportIncident(id="", by="", type="fire", x_m=0, y_m=0))
            told_s.append(trio.current_time() - began_s)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(ask)
    assert told_s == pytest.approx([0.0, 0.19, 0.38, 0.57, 0.76, 0.95])
    assert (asked.told, asked.busy) == (6, 2)


async def test_the_api_answers_the_same_question(tmp_path: Path) -> None:
    """POST /v1/preview: for whoever may report, with the refusal of a report where it would be refused."""
    async with api_client(tmp_path) as client:
        told = await client.ask("POST", "/v1/preview", {**BODY, "incident_type": "sick"}, who="calls")
        assert told.status_code == 200, told.text
        assert told.json()["choices"][0]["unit"]
        assert (await client.ask("POST", "/v1/preview", BODY, who="wall")).status_code == 403
        bad = await client.ask("POST", "/v1/preview", {**BODY, "incident_type": "dragon"})
        assert (bad.status_code, bad.json()["code"], bad.json()["field"]) == (422, "unknown_type", "incident_type")
        verbs = (await client.ask("GET", "/v1/verbs", who="wall")).json()["items"]
        assert {"N", "D", "DV"} <= {each["verb"] for each in verbs}
