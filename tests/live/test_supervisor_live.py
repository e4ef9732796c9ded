"""The supervisor's desk over real HTTP: who may look, what is read off the journal, kept runs and nothing beside them."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio

from gateways.auth import Gatekeeper
from gateways.console import Console, ConsoleConfig, SupervisorDesk, following, supervisor_routes
from gateways.console.following import ShiftProcess
from gateways.console.routes import console_routes
from gateways.inquiries import NoAnswer
from gateways.simulation import Run, save
from gateways.web import WebConfig, serve_http
from tests.builders import CREDENTIALS, serve_place
from tests.live.cad_kit import FIRE, wire
from tests.live.test_console_live import Desk
from tests.unit.simulation_kit import city

WITHIN_S = 240.0
PATHS = ("/console/supervisor", "/console/simulations", "/console/simulations/night.run")


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    async with serve_place(folder / "journal") as running, trio.open_nursery() as nursery:
        settings = ConsoleConfig(plain_http=True)
        console = Console(running.service, Gatekeeper(CREDENTIALS), settings, folder, None, exercise=False)
        supervisor = SupervisorDesk(running.service, running.board, settings, folder)
        nursery.start_soon(supervisor.run)

        async def follow(*_: object) -> None:
            raise AssertionError("nobody follows here")

        routes = console_routes(console, follow) + supervisor_routes(console, supervisor)
        url = f"http://{await nursery.start(partial(serve_http, routes, WebConfig(port=0)))}"
        async with httpx2.AsyncClient(base_url=url, timeout=120, trust_env=False) as client:
            yield Desk(running, console, client, url, trio.CancelScope())
        nursery.cancel_scope.cancel()


async def until(at: Desk, path: str, status: int = 200, **told: object) -> Any:
    """Ask until it answers with that status, and what it tells is so."""
    with trio.fail_after(WITHIN_S):
        while True:
            answer = await at.client.get(path)
            assert answer.status_code in (200, 202, status), answer.text
            if answer.status_code == status and (not told or told.items() <= answer.json().items()):
                return answer
            await trio.sleep(0.2)


@pytest.mark.parametrize("role", ["cad", "calls", "wall"])
async def test_nobody_but_supervisors_sees_it(tmp_path: Path, role: str) -> None:
    """A dispatcher, a call-taker, an observer: 403, with the reason; who is not signed in: 401."""
    async with desk(tmp_path) as at:
        for path in PATHS:
            assert (await at.client.get(path)).status_code == 401
        await at.sign_in(role)
        for path in PATHS:
            answer = await at.client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "unauthorised")
            assert "supervisors" in answer.json()["reason"]


async def test_the_shift_is_read_off_the_journal_beside_the_engine(tmp_path: Path) -> None:
    """Told once it is there, not again to who has seen it; what is forgotten is let go of."""
    async with desk(tmp_path) as at:
        service = at.running.service
        async with wire(at.running) as line:
            await line.ask({**FIRE, "id": "one"}, "one")
        await at.sign_in("desk")
        first = (await at.client.get("/console/supervisor")).json()
        assert (first["number"], first["report"]) == (0, None)
        told = (await until(at, "/console/supervisor", number=1)).json()
        assert told["reason"] == ""
        report = told["report"]
        assert report["from_ms"] == told["began_ms"] // 1000 * 1000
        assert report["open"] == 1
        assert {row["profile"] for row in report["shift"]["rows"]} >= {"nfpa-1710", "nfpa-1221", "nfpa-1225", "nhs-arp"}
        work = {line["name"]: line for line in report["work"]["crews"]}
        assert sum(line["calls"] for line in work.values()) == 3
        assert work["C7"]["units"] == ["E7", "L7"]
        again = (await at.client.get("/console/supervisor?seen=1")).json()
        assert (again["number"], again["report"], again["cover"]) == (1, None, None)
        for erase in service.on_forget:
            erase("I1")
        assert (await at.client.get("/console/supervisor?seen=0")).json()["report"] is None


async def test_the_process_that_reads_is_asked_again_and_ends_with_its_owner(tmp_path: Path) -> None:
    """One process answers twice, what came between as well; another shift, or something forgotten, is another process."""
    async with serve_place(tmp_path / "journal") as running:
        process = ShiftProcess(tmp_path, 60)
        from_ms = running.service.clock.now() - 3_600_000
        async with trio.open_nursery() as nursery, wire(running) as line:
            nursery.start_soon(process.run)
            numbers: dict[str, int] = {}

            async def opened(name: str, from_ms: int) -> int:
                told = json.loads(await process.ask(from_ms, running.service.clock.now()))
                assert process._process is not None
                numbers[name] = process._process.pid
                return int(told["open"])

            await line.ask({**FIRE, "id": "one"}, "one")
            assert await opened("first", from_ms) == 1
            await line.ask({**FIRE, "lat": 41.51, "id": "two"}, "two")
            assert await opened("again", from_ms) == 2
            assert await opened("other shift", from_ms + 1) == 2
            process.drop()
            with suppress(NoAnswer):  # it may not have ended yet
                await opened("forgotten", from_ms + 1)
            assert await opened("forgotten", from_ms + 1) == 2
            assert numbers["first"] == numbers["again"] != numbers["other shift"] != numbers["forgotten"]
            nursery.cancel_scope.cancel()
        with pytest.raises(ProcessLookupError):
            os.kill(numbers["forgotten"], 0)


async def test_nobody_looks_and_the_process_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while without a question; the next one starts another."""
    monkeypatch.setattr(following, "UNUSED_S", 0.5)
    process = ShiftProcess(tmp_path, 60)
    async with serve_place(tmp_path / "journal") as running, trio.open_nursery() as nursery:
        nursery.start_soon(process.run)
        now_ms = running.service.clock.now()
        for _ in range(2):
            assert b'"overruled":[]' in await process.ask(now_ms - 60_000, now_ms)
            with trio.fail_after(WITHIN_S):
                while process._process is not None:  # noqa: ASYNC110  nobody tells when it ends
                    await trio.sleep(0.05)
        nursery.cancel_scope.cancel()


async def test_what_cannot_be_read_is_a_reason(tmp_path: Path) -> None:
    """The last sentence of the process."""
    with pytest.raises(NoAnswer, match="there is no journal here"):
        await ShiftProcess(tmp_path, 60).ask(0, 1)


async def test_kept_runs_are_listed_and_opened_under_a_strict_policy(tmp_path: Path) -> None:
    """The page's own policy, and alone in the world: no frame, no origin of ours."""
    save(tmp_path / "simulations" / "night.run", Run("riverside", "city", 2, 2, 1), city(reps=2, days=2))
    (tmp_path / "simulations" / "broken.run").write_bytes(b"nothing")
    async with desk(tmp_path) as at:
        await at.sign_in("desk")
        listed = (await until(at, "/console/simulations", number=1)).json()["runs"]
        assert {each["file"]: bool(each["fault"]) for each in listed} == {"night.run": False, "broken.run": True}
        waiting = await at.client.get("/console/simulations/night.run")
        assert (waiting.status_code, waiting.headers["refresh"]) == (202, "2")
        page = await until(at, "/console/simulations/night.run")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'sha256-" in policy
        assert policy.endswith("frame-ancestors 'none'; sandbox allow-scripts")
        assert "unsafe-inline" not in policy.partition("script-src")[2]
        assert "simulated policies</title>" in page.text
        refused = await until(at, "/console/simulations/broken.run", status=422)
        assert "is damaged" in refused.text
        assert refused.headers["content-security-policy"].startswith("default-src 'none'")


async def test_nothing_but_the_folders_own_runs_can_be_opened(tmp_path: Path) -> None:
    """No way up, no link out, no hidden file, no folder, no other file of the data folder."""
    folder = tmp_path / "simulations"
    folder.mkdir()
    (tmp_path / "secret.run").write_bytes(b"secret")
    (folder / "link.run").symlink_to(tmp_path / "secret.run")
    (folder / ".hidden.run").write_bytes(b"hidden")
    (folder / "folder.run").mkdir()
    (folder / "notes.txt").write_bytes(b"notes")
    names = ("..%2Fsecret.run", "%2e%2e%2Fsecret.run", "..%5Csecret.run", "link.run", ".hidden.run", "folder.run")
    async with desk(tmp_path) as at:
        await at.sign_in("desk")
        for name in (*names, "notes.txt", "a%00.run", str(tmp_path / "secret.run").replace("/", "%2F")):
            answer = await at.client.get(f"/console/simulations/{name}")
            assert answer.status_code == 404, name
