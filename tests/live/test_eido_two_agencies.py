"""Two whole programs exchange incidents; each is killed with SIGKILL and goes on, and nothing is lost or doubled."""

import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import trio
from click.testing import CliRunner
from msgspec.structs import replace

from engine.journal import verify
from engine.journal.recovery import turns
from engine.model.facts import IncidentReported, NoteAdded
from engine.model.input import Command
from engine.model.lifecycle import Status
from engine.model.place import Agency, Place, ResponseArea, Unit
from engine.replay import replay
from gateways.auth import digest_of_secret
from gateways.cad.client import CadClient, new_id, reconnecting
from gateways.cli import main
from gateways.places import save
from gateways.vocabulary.incident_messages import (
    AmendIncident,
    CancelIncident,
    Dispatch,
    Note,
    ReportIncident,
    UnitStatus,
)
from tests.eido_kit import FOLDER, mistakes
from tests.unit.engine_place import ENGINE, PLANS, UNITS, engine_place

SECRET = "of-two-agencies"
ENDED = ("closed", "cancelled", "merged")
NORTH = ResponseArea("north", "North", ((-10_000, 500), (10_000, 500), (10_000, 10_000), (-10_000, 10_000)))
UNTRACKED = tuple(replace(unit, tracked=False, shift=None, crew=None) for unit in UNITS if unit.crew != "C2")
CONFIG = """
feeds = []
snapshot_every_s = 1
snapshot_after_turns = 5
[cad]
port = {cad}
[web]
port = {web}
[journal]
segment_bytes = 1048576
ballast_bytes = 0
[[principals]]
name = "desk"
role = "dispatcher"
secret_sha256 = ["{digest}"]
[[principals]]
name = "{other}"
role = "partner"
secret_sha256 = ["{digest}"]
[eido]
agency = "{name}.example.org"
element = "cad.{name}.example.org"
registries = {{ incident_types = {{ fire = "Structure Fire", crime = "Theft" }} }}
[eido.listen]
port = {eido}
followers = ["{other}"]
[eido.neighbours.{other}]
id = "{other}.example.org"
areas = {areas}
units = {units}
[[eido.peers]]
name = "{other}"
agency = "{other}"
url = "ws://127.0.0.1:{other_eido}/"
token = "{name}.{secret}"
min_rate_s = 1
backoff_s = 0.2
backoff_max_s = 0.5
incident_types = {{ "Structure Fire" = "fire", "Theft" = "crime" }}
aid = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def place(name: str, neighbour: str, *areas: ResponseArea) -> Place:
    """Return a place whose neighbour's engine is at hand."""
    lent = Unit(f"{neighbour}-E2", "engine", ENGINE, "Central", agency=neighbour, tracked=False)
    # A fire gets one engine at first: the second is asked for by a person.
    plans = tuple(
        replace(plan, slots=(replace(plan.slots[0], count=1),)) if plan.id == "fire" else plan for plan in PLANS
    )
    return engine_place(
        id=name,
        name=name,
        areas=areas,
        units=(*UNTRACKED, lent),
        crews=(),
        shifts=(),
        plans=plans,
        agencies=(Agency(neighbour, neighbour, 2, answer_within_ms=60_000),),
    )


class Program:
    """One agency's program, in a process of its own."""

    def __init__(self, folder: Path, name: str, made: Place, **ports: Any) -> None:
        folder.mkdir()
        self.folder = folder
        self.cad, self.web = free_port(), free_port()
        self.name = name
        save(folder / "place", made)
        text = CONFIG.format(
            name=name, cad=self.cad, web=self.web, digest=digest_of_secret(SECRET), secret=SECRET, **ports
        )
        (folder / "turnout.toml").write_text(text)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gateways.cli", "run", str(self.folder / "place"), "--announce", "--leash"]
        command += ["--data", str(self.folder / "data"), "--config", str(self.folder / "turnout.toml")]
        with (self.folder / "stderr.log").open("a") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "stderr.log").read_text()[-3000:]
        assert json.loads(line)["exchanges"]["eido"].endswith("/IncidentData/ent")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(60)
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.close()
            with suppress(BrokenPipeError):
                process.stdin.close()

    def connect(self) -> Any:
        return reconnecting(f"ws://127.0.0.1:{self.cad}", f"desk.{SECRET}", give_up_s=60)


async def until(client: CadClient, holds: Any) -> None:
    """Wait until it holds of the incidents that the client knows."""
    with trio.fail_after(120):
        while not holds(list(client.mirror.incidents.values())):
            with trio.move_on_after(1):
                await client.changed()


def reported(program: Program) -> tuple[Counter[str], Counter[str]]:
    """Return how often each external number and each note was written into the journal; it is whole and replays."""
    journal = program.folder / "data" / "journal"
    verify(journal)
    incidents: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for turn in turns(journal):
        for fact in turn.facts:
            if isinstance(fact, IncidentReported):
                incidents[fact.external or fact.incident] += 1
                notes[f"{fact.incident} {fact.note}"] += 1
            if isinstance(fact, NoteAdded):
                notes[f"{fact.incident} {fact.text}"] += 1
        assert not isinstance(turn.input, Command) or len(turn.input.id) <= 64
    assert replay(journal).difference is None
    return incidents, notes


async def test_an_incident_goes_over_and_aid_comes_back_through_crashes_of_both(tmp_path: Path) -> None:
    town_door, vale_door = free_port(), free_port()
    town = Program(
        tmp_path / "town",
        "town",
        place("town", "vale", NORTH),
        other="vale",
        eido=town_door,
        other_eido=vale_door,
        areas='["north"]',
        units='{ "vale-E2" = "E2" }',
    )
    vale = Program(
        tmp_path / "vale",
        "vale",
        place("vale", "town"),
        other="town",
        eido=vale_door,
        other_eido=town_door,
        areas="[]",
        units='{ "town-E2" = "E2" }',
    )
    try:
        await trio.to_thread.run_sync(town.start)
        await trio.to_thread.run_sync(vale.start)
        async with town.connect() as here, vale.connect() as there:
            await _story(town, vale, here, there)
    finally:
        for program in (town, vale):
            program.stop()
    shown = CliRunner().invoke(
        main, ["eido", "show", str(town.folder / "data"), "I3", "--config", str(town.folder / "turnout.toml")]
    )
    assert shown.exit_code == 0, shown.output
    assert CliRunner().invoke(main, ["eido", "check", "-"], input=shown.output).exit_code == 0
    assert not (FOLDER.exists() and mistakes(json.loads(shown.output)))
    incidents, notes = reported(vale)
    assert (len(incidents), set(incidents.values())) == (4, {1}), incidents
    assert set(notes.values()) == {1}, notes
    assert {"I1 town.example.org: smoke", "I1 town.example.org: while you were down"} <= set(notes)
    incidents, notes = reported(town)
    assert (len(incidents), set(incidents.values())) == (4, {1}), "nothing of its own came back as another's"
    assert set(notes.values()) == {1}, notes


async def _story(town: Program, vale: Program, here: CadClient, there: CadClient) -> None:
    lat, lon = engine_place().projection.to_degrees(100, 1_500)
    report = ReportIncident(id=new_id(), incident_type="crime", lat=lat, lon=lon, address="12 Mill Lane", note="smoke")
    first = (await here.ask(report)).incident
    await until(there, lambda seen: [each.address for each in seen] == ["12 Mill Lane"] and len(seen[0].notes) == 2)
    over = (
        await here.ask(ReportIncident(id=new_id(), incident_type="crime", lat=lat, lon=lon, address="Quay"))
    ).incident
    await until(there, lambda seen: len(seen) == 2)
    vale.stop(signal.SIGKILL)
    await here.ask(CancelIncident(id=new_id(), incident=over or "", reason="nothing there"))
    await here.ask(Note(id=new_id(), incident=first, text="while you were down"))
    await here.ask(AmendIncident(id=new_id(), incident=first, priority=5))
    second = (await here.ask(ReportIncident(id=new_id(), incident_type="fire", lat=lat, lon=lon))).incident
    await trio.to_thread.run_sync(vale.start)
    # What ended while the vale was down is in no event: it asks, and is told within five minutes of the end.
    await until(there, lambda seen: sorted(each.priority for each in seen if each.phase not in ENDED) == [1, 5])
    await until(
        there, lambda seen: any(note.text.endswith("while you were down") for each in seen for note in each.notes)
    )
    town.stop(signal.SIGKILL)
    await trio.to_thread.run_sync(town.start)
    third = (await here.ask(ReportIncident(id=new_id(), incident_type="crime", lat=lat, lon=lon))).incident
    await until(there, lambda seen: len([each for each in seen if each.phase not in ENDED]) == 3)
    assert len({first, second, third, over}) == 4
    # Aid: the town asks for the vale's engine, which is sent; the town knows when the vale says that it is on its way.
    await here.ask(Dispatch(id=new_id(), incident=second or "", units=("vale-E2",), reason="more water"))
    await until(here, lambda _: here.mirror.units["vale-E2"].status not in ("available", "requested"))
    await there.ask(UnitStatus(id=new_id(), unit="E2", status=Status.EN_ROUTE))
    await until(here, lambda _: here.mirror.units["vale-E2"].status == "en_route")
    await _retrieval(town, first)


async def _retrieval(town: Program, incident: str | None) -> None:
    url = f"http://127.0.0.1:{town.web}/incidents/eidos/{incident}"
    bearer = {"Authorization": f"Bearer vale.{SECRET}"}
    async with httpx2.AsyncClient(timeout=120) as client:
        answer = await client.get(url, headers=bearer)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/emergency.eido+json")
        document = answer.json()
        assert document["incidentComponent"]["internalIncidentId"] == incident
        by_name = url.replace(str(incident), document["$id"])
        assert (await client.get(by_name, headers=bearer)).json()["$id"] == document["$id"]
        for wrong, headers, status in (
            (url, {}, 401),
            (url + "9", bearer, 404),
            (url, {**bearer, "Accept": "text/html"}, 406),
        ):
            assert (await client.get(wrong, headers=headers)).status_code == status
        metrics = (await client.get(f"http://127.0.0.1:{town.web}/metrics")).text
    assert 'turnout_exchange_level{exchange="eido",what="peers_following"} 1.0' in metrics
    assert "Mill Lane" not in metrics
