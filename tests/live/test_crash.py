"""Kill the server at random moments under load; count everything.

The server is a process of its own, driven through its real WebSocket at 200 commands a second and more, killed with
SIGKILL, started again on the same data. A pager (a webhook receiver in this process) collects the alerts.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as serve_asgi
from msgspec import Struct
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.journal import verify
from engine.journal.recovery import recover_world, turns
from engine.model.alert_facts import AlertAcknowledged, AlertDelivered, AlertRequested, AlertWithdrawn
from engine.model.facts import IncidentReported
from engine.model.input import Command
from engine.model.inputs import Resume
from engine.replay import replay
from engine.state.image import state_hash
from gateways.cad.client import CadClient, Refused, new_id, reconnecting
from gateways.places import generate, save
from gateways.vocabulary.incident_messages import Note, ReportIncident, UnitStatus

IN_FLIGHT = 24
SECRET = "whsec_" + "A" * 43 + "="
CONFIG = """
snapshot_every_s = 2
snapshot_after_turns = 200
feeds = []
[cad]
port = {cad}
commands_per_s = 5000
burst = 10000
[web]
port = 0
[journal]
segment_bytes = 4194304
ballast_bytes = 0
[[endpoints]]
name = "log"
[endpoints.channel]
channel = "webhook"
url = "http://127.0.0.1:{pager}/page"
secrets = ["{secret}"]
allow_private = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Town:
    """The server, its pager, and the ledger of what was asked and answered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place_folder = folder / "place"
        city = generate(self.place_folder, 3, 60, lambda *_: None)
        # No trackers here: every unit counts as at its station, so that there is somebody to send and to page.
        units = tuple(replace(unit, tracked=False) for unit in city.place.units)
        self.place = replace(city.place, units=units)
        save(self.place_folder, self.place, city.demand, city.streets)
        self.cad_port, self.pager_port = free_port(), free_port()
        self.config = folder / "turnout.toml"
        self.config.write_text(CONFIG.format(cad=self.cad_port, pager=self.pager_port, secret=SECRET))
        self.process: subprocess.Popen[str] | None = None
        self.token = ""
        self.answers: dict[str, tuple[int, str | None]] = {}
        self.refused: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()
        self.kills = 0

    def start(self) -> None:
        command = [sys.executable, "-m", "gateways.cli", "run", str(self.place_folder)]
        command += ["--data", str(self.folder / "data"), "--config", str(self.config), "--announce"]
        with (self.folder / "stderr.log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "stderr.log").read_text()[-3000:]
        self.token = json.loads(line)["access"]["tokens"]["dispatcher"]

    def stop(self, how: signal.Signals) -> int:
        assert self.process is not None
        os.kill(self.process.pid, how)
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    async def page(self, request: Request) -> Response:
        await request.body()
        self.pages[request.headers["webhook-id"]] += 1
        return Response(status_code=204)

    async def run_pager(self, *, task_status: trio.TaskStatus[None]) -> None:
        config = Config()
        config.bind = [f"127.0.0.1:{self.pager_port}"]
        config.errorlog = None
        app = Starlette(routes=[Route("/page", self.page, methods=["POST"])])
        await serve_asgi(app, config, mode="asgi", task_status=task_status)  # type: ignore[arg-type]

    async def work(self, client: CadClient, chance: random.Random, stop: trio.Event) -> None:
        """One desk: calls, notes, and what crews say, one after another, each until it is answered."""
        mine: list[str] = []
        while not stop.is_set():
            command = self._next(client, chance, mine)
            try:
                answer = await client.ask(command, within_s=60)
            except Refused as refused:
                self.refused[refused.code] += 1
                continue
            self.answers[command.id] = (answer.seq, answer.incident)
            if answer.incident:
                mine.append(answer.incident)

    def _next(self, client: CadClient, chance: random.Random, mine: list[str]):
        dice = chance.random()
        if dice < 0.3 or not mine:
            station = chance.choice(self.place.stations)
            lat, lon = self.place.projection.to_degrees(station.x_m, station.y_m)
            return ReportIncident(id=new_id(), incident_type=chance.choice(self.place.types).id, lat=lat, lon=lon)
        if dice < 0.6:
            return Note(id=new_id(), incident=chance.choice(mine), text="still here")
        unit = chance.choice(list(client.mirror.units.values()))
        ladder = {"dispatched": "en_route", "en_route": "on_scene", "on_scene": "available"}
        return UnitStatus(id=new_id(), unit=unit.id, status=ladder.get(unit.status, "available"))


class Load(Struct):
    """Commands answered while the desks were connected, and for how long that was."""

    answers: int = 0
    seconds: float = 0.0

    async def measure(self, town: Town, client: CadClient, seconds: float) -> None:
        """Wait until the desks are being answered (again), then let them work."""
        before = len(town.answers)
        with trio.fail_after(120):
            while len(town.answers) == before:
                await client.changed()
        before, began = len(town.answers), time.monotonic()
        await trio.sleep(seconds)
        self.answers += len(town.answers) - before
        self.seconds += time.monotonic() - began


async def rampage(town: Town, kills: int, chance: random.Random) -> float:
    """Drive the town through so many kills; return commands a second while it could answer."""
    load_ = Load()
    async with trio.open_nursery() as pager:
        await pager.start(town.run_pager)
        town.start()
        async with reconnecting(f"ws://127.0.0.1:{town.cad_port}", town.token, give_up_s=60) as client:
            await client.changed()
            stop = trio.Event()
            async with trio.open_nursery() as desks:
                for number in range(IN_FLIGHT):
                    desks.start_soon(town.work, client, random.Random(f"{number}"), stop)
                for _ in range(kills):
                    if chance.random() < 0.2:
                        await trio.sleep(chance.uniform(0, 0.5))  # while everybody is coming back
                    else:
                        await load_.measure(town, client, chance.uniform(0.05, 1.5))
                    town.stop(signal.SIGKILL)
                    town.kills += 1
                    await trio.to_thread.run_sync(town.start)
                await load_.measure(town, client, 1.0)
                stop.set()
        await trio.sleep(2.0)  # what is owed at the end has its time
        assert await trio.to_thread.run_sync(town.stop, signal.SIGTERM) == 0
        pager.cancel_scope.cancel()
    return load_.answers / load_.seconds


def audit(town: Town) -> None:
    """Believe nothing but the journal and the pager."""
    journal = town.folder / "data" / "journal"
    verify(journal)
    seen: dict[str, tuple[int, str | None]] = {}
    requested: dict[str, int] = {}
    over: set[str] = set()
    starts = 0
    for turn in turns(journal):
        starts += isinstance(turn.input, Resume)
        if isinstance(turn.input, Command):
            assert turn.input.id not in seen, f"{turn.input.id} happened twice"
            created = [fact.incident for fact in turn.facts if isinstance(fact, IncidentReported)]
            seen[turn.input.id] = (turn.seq, created[0] if created else None)
        for fact in turn.facts:
            if isinstance(fact, AlertRequested):
                requested[fact.alert] = requested.get(fact.alert, 0) + 1
            elif isinstance(fact, AlertDelivered):
                over.add(fact.alert)
                assert town.pages[fact.alert] >= 1, f"{fact.alert} counts as delivered and never came"
            elif isinstance(fact, (AlertAcknowledged, AlertWithdrawn)):
                over.add(fact.alert)
    assert starts == town.kills + 1
    missing = {name: answer for name, answer in town.answers.items() if seen.get(name) != answer}
    assert not missing, f"{len(missing)} acknowledged commands are lost or changed: {list(missing.items())[:3]}"
    still_owed = set(requested) - over
    assert still_owed <= set(recover_world(journal).world.alerts), "an owed alert is neither delivered nor open"
    assert not set(town.pages) - set(requested), "a page came under a key that the journal does not know"
    folded = state_hash(recover_world(journal, use_snapshot=False).world)
    assert folded == state_hash(recover_world(journal).world)
    again = replay(journal)
    assert again.difference is None
    assert again.state_hash == folded


def run(folder: Path, kills: int, seed: int) -> None:
    town = Town(folder)
    try:
        rate = trio.run(partial(rampage, town, kills, random.Random(seed)))
    finally:
        if town.process is not None and town.process.poll() is None:
            town.stop(signal.SIGKILL)
    audit(town)
    print(
        f"{town.kills} kills, {len(town.answers)} commands acknowledged, {rate:.0f}/s while it could answer, "
        f"{sum(town.pages.values())} pages under {len(town.pages)} keys, refused {dict(town.refused)}"
    )
    assert rate > 200 or kills < 60, f"only {rate:.0f} commands/s: the load was too light to mean much"


def test_nothing_acknowledged_is_lost_by_three_kills(tmp_path):
    """Every acknowledged command is in the journal exactly once, and replay agrees byte for byte."""
    run(tmp_path, 3, seed=1)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_by_sixty_kills(tmp_path):
    """The same with sixty kills at 200 commands a second and more."""
    run(tmp_path, 60, seed=2)
