"""People's data on the way out of a running server: the CAD's snapshots and deltas by role; never a log or a metric."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio

from gateways.cad.messages import VERSION
from tests.builders import Running, serve_place, token
from tests.live.cad_kit import Wire, let_ask_why, until, wire

REPORT: dict[str, Any] = {
    "type": "report_incident",
    "id": "r1",
    "incident_type": "fire",
    "lat": 41.50321,
    "lon": -90.50123,
    "address": "PLANT-STREET",
    "caller": "PLANT-CALLER",
    "note": "PLANT-NOTE",
}


def hello(who: str, **fields: object) -> dict[str, Any]:
    return {"type": "hello", "version": VERSION, "token": token(who), **fields}


async def read(client: Wire, running: Running) -> str:
    """Read on to the update that the board published last; return all that was told."""
    while not any(
        message.get("seq") == running.board.last_update for message in client.seen if message["type"] != "welcome"
    ):
        await client.next()
    return json.dumps(client.seen)


@pytest.mark.parametrize(
    ("who", "sees"), [("cad", True), ("desk", True), ("wall", False), ("crew-m1", False), ("calls", False)]
)
async def test_deltas_and_snapshots_hold_what_the_role_may_see(tmp_path: Path, who: str, sees: bool) -> None:
    """By those who were there, who came later, and who came back; M1 is not on this fire, and another took the call."""
    async with serve_place(tmp_path) as running, wire(running, hello(who)) as there:
        start = (await there.until(type="snapshot"))["seq"]
        async with wire(running) as cad:
            await cad.ask(REPORT, "r1")
            await cad.say("note", incident="I1", text="PLANT-NOTE")
        await until(lambda: running.board.world.seq == running.service.world.seq)
        texts = [await read(there, running)]
        for greeting in (hello(who), hello(who, resume_from=start)):
            async with wire(running, greeting) as later:
                texts.append(await read(later, running))
        for text in texts:
            assert ("PLANT-CALLER" in text) is sees
            assert ("PLANT-NOTE" in text) is sees
            if who in ("wall", "crew-m1"):
                assert "PLANT-STREET" not in text
                assert "41.50321" not in text


async def test_a_crew_sees_its_own_incident_while_it_is_on_it(tmp_path: Path) -> None:
    """From the delta that sends it to the one that releases it."""
    async with serve_place(tmp_path) as running, wire(running, hello("crew-m1")) as crew, wire(running) as cad:
        await cad.ask({**REPORT, "incident_type": "theft"}, "r1")
        await cad.say("dispatch", incident="I1", units=["M1"], reason="nearest")
        told = await crew.until(type="delta")
        while not any(each["assigned"] for each in told["incidents"]):
            assert "PLANT" not in json.dumps(told)
            told = await crew.until(type="delta")
        assert "PLANT-CALLER" in json.dumps(told)
        await cad.say("release", incident="I1", unit="M1", reason="PLANT-REASON")
        while any(each["assigned"] for each in told["incidents"]) or not told["incidents"]:
            told = await crew.until(type="delta")
        assert "PLANT" not in json.dumps(told)


async def test_why_is_told_without_peoples_data_to_who_may_not_see_them(tmp_path: Path) -> None:
    """The account of an incident is read off the journal, and redacted there."""
    async with serve_place(tmp_path / "journal") as running, wire(running) as cad, wire(running, hello("wall")) as wall:
        let_ask_why(running, tmp_path)
        await cad.ask(REPORT, "r1")
        for client, sees in ((cad, True), (wall, False)):
            await client.send({"type": "ask_why", "id": "w", "incident": "I1"})
            told = json.dumps(await client.until(type="why_told"))
            assert ("PLANT-CALLER" in told) is sees


async def test_neither_logs_nor_metrics_hold_what_was_planted(tmp_path: Path) -> None:
    """A whole server in a process of its own, with good and bad input: not in a line of its log, not in a scrape."""
    place, data = tmp_path / "city", tmp_path / "data"
    await trio.run_process(
        [sys.executable, "-m", "gateways.cli", "city", str(place), "--units", "24"], capture_stdout=True
    )
    config = tmp_path / "config.toml"
    config.write_text('feeds = []\n[cad]\nport = 0\n[web]\nport = 0\n[planner]\npolicy = "none"\n')
    command = [sys.executable, "-m", "gateways.cli", "run", str(place), "--data", str(data), "--config", str(config)]
    command += ["--travel", "straight", "--announce"]
    with (tmp_path / "log").open("wb") as log:
        async with trio.open_nursery() as nursery:
            process = await nursery.start(partial(trio.run_process, command, stdout=log, stderr=log, check=False))
            try:
                scraped = await _plant(data)
            finally:
                process.terminate()
    said = (tmp_path / "log").read_text(errors="replace")
    assert said
    for text in (said, scraped):
        assert "PLANT" not in text


async def _plant(data: Path) -> str:
    """Say things with planted words in them over the API, right and wrong; return what machines may scrape."""
    doors = data / "doors.json"
    with trio.fail_after(240):
        while not doors.exists():  # noqa: ASYNC110  another process makes it
            await trio.sleep(0.1)
    base = json.loads(doors.read_text())["web"]
    tokens = dict(line.split(" = ") for line in (data / "access.toml").read_text().splitlines())
    headers = {"Authorization": f"Bearer {json.loads(tokens['supervisor'])}", "Content-Type": "application/json"}
    scraped = ""
    async with httpx2.AsyncClient(base_url=base, timeout=120, headers=headers) as http:
        units = (await http.get("/v1/units?limit=1")).json()["items"]
        report = {**REPORT, "lat": units[0]["lat"], "lon": units[0]["lon"], "incident_type": "structure_fire"}
        for name in ("type", "id"):
            del report[name]
        bodies = [
            ("/v1/incidents", report),
            ("/v1/incidents/I1/notes", {"text": "PLANT-NOTE"}),
            ("/v1/incidents/PLANT-ID/notes", {"text": "PLANT-NOTE"}),
            ("/v1/incidents", {**report, "lat": 0.0}),
            ("/v1/incidents", {**report, "PLANT-FIELD": 1}),
            ("/v1/incidents/I1/cancel", {"reason": "PLANT-REASON"}),
        ]
        for number, (path, body) in enumerate(bodies):
            told = await http.post(path, json=body, headers={"Idempotency-Key": f"k{number}"})
            assert number or told.status_code == 201, told.text
        await http.get("/v1/incidents/I1", headers={"Authorization": "Bearer PLANT.token"})
        for path in ("/metrics", "/healthz", "/readyz", "/version"):
            scraped += (await http.get(path)).text
    return scraped
