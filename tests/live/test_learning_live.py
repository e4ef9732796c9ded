"""The learner beside a running engine: what the fleet shows becomes true, is kept, and no fault of it stops anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
from click.testing import CliRunner

from engine.learning import watcher as watching
from engine.learning.drives import DriveFinder
from engine.learning.watcher import LearnerState
from engine.live import learning
from engine.live.learning import Learning
from engine.live.service import Service, serve
from engine.model.fixes import Fixes
from engine.model.inputs import DispatchUnits, ReportIncident, ReportPositions, ReportStatus
from engine.model.lifecycle import Status
from engine.model.paper import decode_as
from engine.model.place import Place
from gateways.cli import main
from tests.builders import SMALL_JOURNAL
from tests.unit.engine_place import engine_place
from tests.unit.learning_kit import LIGHTS_MS, SPAN_M, grid

STREETS = grid(20)
SLOWER = 1.5
STEPS = 9


def place() -> Place:
    return engine_place(streets=STREETS.digest)


@asynccontextmanager
async def learner(directory: Path, memory: list[bytes]) -> AsyncIterator[tuple[Service, Learning]]:
    """Serve the town on its grid with a learner that keeps its memory in the list."""
    async with (
        serve(place(), directory, settings=SMALL_JOURNAL, streets=STREETS) as service,
        trio.open_nursery() as nursery,
    ):
        found = Learning(service, load=lambda: memory[-1] if memory else None, keep=memory.append)
        nursery.start_soon(found.run)
        await until(lambda: bool(service.release.followers))
        yield service, found
        nursery.cancel_scope.cancel()


async def send_everybody(service: Service) -> list[str]:
    """Send every medical unit and engine to one incident; they roll at once. Returns their ids."""
    names = ("A1", "A2", "B1", "B2", "B3", "E2", "E3")
    answer = await service.ask(ReportIncident(id="r", by="cad", type="rescue", priority=2, x_m=0, y_m=0))
    assert answer.incident
    given = DispatchUnits(id="d", by="desk", incident=answer.incident, units=names, reason="exercise")
    assert (await service.ask(given)).refusal is None
    for name in names:
        status = ReportStatus(id=f"s{name}", by=name, unit=name, status=Status.EN_ROUTE)
        assert (await service.ask(status)).refusal is None
    return list(names)


async def drive_everybody(service: Service, names: list[str], begun_ms: int) -> None:
    """Let each unit drive east along a street of its own, half as slow again as the map says."""
    rows = [service.world.fleet.rows[name] for name in names]
    for step in range(STEPS):
        when_ms = begun_ms + round(step * LIGHTS_MS * 2 * SLOWER)
        x_m = [-1_800 + step * 2 * SPAN_M] * len(rows)
        y_m = [(number - 3) * SPAN_M for number in range(len(rows))]
        fixes = Fixes(rows, x_m, y_m, [when_ms] * len(rows), [-1] * len(rows), [90] * len(rows))
        await service.tell(ReportPositions(fixes))


async def until(true: Callable[[], bool]) -> None:
    with trio.fail_after(120):
        while not true():  # noqa: ASYNC110  what is waited for happens in plain counters
            await trio.sleep(0.01)


async def test_slow_streets_become_slow_in_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven units need half as long again: the World learns it, an epoch rests on it, and the memory is kept."""
    monkeypatch.setattr(watching, "DRIVES_MIN", 20)
    memory: list[bytes] = []
    async with learner(tmp_path, memory) as (service, found):
        begun_ms = service.clock.now() - 400_000
        names = await send_everybody(service)
        await drive_everybody(service, names, begun_ms)
        await until(lambda: found.told > 0)
        await until(lambda: bool(memory))
        book = service.world.road_book
        ((name, week),) = book.learned.classes
        assert name == "street"
        assert 115 <= week[book.hour] <= 150
        await until(lambda: dict(book.current.class_percent).get("street", 100) > 110)
        assert (found.faults, found.last_fault) == (0, "")
    kept = decode_as(LearnerState, memory[-1])
    assert kept.speeds.observations >= 20
    assert kept.streets == STREETS.digest

    async with learner(tmp_path, memory) as (service, found):
        assert found.state.speeds.observations == kept.speeds.observations
        assert service.world.road_book.learned.classes


async def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    """Also at the end, when what was learned is written once more."""

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    async with serve(place(), tmp_path, settings=SMALL_JOURNAL, streets=STREETS) as service:
        found = Learning(service, keep=full)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(found.run)
            await until(lambda: bool(service.release.followers))
            nursery.cancel_scope.cancel()
        assert found.faults == 1
        assert "could not be kept" in found.last_fault
        assert not service.release.followers


async def test_a_fault_of_the_learner_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted and named; calls are taken as ever, and after a rest it learns on."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("made up")

    monkeypatch.setattr(learning, "REST_AFTER_FAULT_S", 0.01)
    async with learner(tmp_path, []) as (service, found):
        with monkeypatch.context() as patched:
            patched.setattr(DriveFinder, "see", broken)
            names = await send_everybody(service)
            await drive_everybody(service, names, service.clock.now() - 400_000)
            await until(lambda: found.faults > 0)
        assert "made up" in found.last_fault
        answer = await service.ask(ReportIncident(id="x", by="cad", type="fire", x_m=0, y_m=0))
        assert answer.refusal is None
        await until(lambda: any(follower.name == "learning" for follower in service.release.followers))


async def test_who_falls_behind_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that ran over costs a start from the World as it is, and nothing is folded twice."""
    monkeypatch.setattr(learning, "FOLLOW_TURNS_MAX", 2)
    async with learner(tmp_path, []) as (service, found):
        (follower,) = service.release.followers
        names = await send_everybody(service)
        follower.lagging = True
        await drive_everybody(service, names, service.clock.now() - 400_000)
        await until(lambda: "fell behind" in found.last_fault)
        await until(lambda: service.release.followers != (follower,))


@pytest.mark.parametrize("damaged", [b"", b"\xc1", b"\x81\xa7streets\x05"])
async def test_a_damaged_memory_is_learned_anew(tmp_path: Path, damaged: bytes) -> None:
    """And said so; the engine starts all the same."""
    async with learner(tmp_path, [damaged]) as (service, found):
        await until(lambda: found.faults == 1)
        assert "learned anew" in found.last_fault
        assert found.state.speeds.observations == found.state.turnouts.observations == 0
        assert service.stage == "ready"


async def test_the_report_reads_a_journal_beside_its_engine(tmp_path: Path) -> None:
    """`turnout travel report`: seven dispatched, one arrived; said in words and as JSON, too little evidence named."""
    async with learner(tmp_path, []) as (service, _):
        names = await send_everybody(service)
        await service.ask(ReportStatus(id="o", by="A1", unit="A1", status=Status.ON_SCENE))
        result = CliRunner().invoke(main, ["travel", "report", str(tmp_path), "--json"])
        said = CliRunner().invoke(main, ["travel", "report", str(tmp_path)])
    assert result.exit_code == said.exit_code == 0
    report = msgspec.json.decode(result.stdout)
    assert [(row["by"], row["samples"]) for row in report["arrival"]][:2] == [("all", 1), ("priority", 1)]
    assert report["excluded"] == {"still on its way when the journal ends": len(names) - 1}
    assert any("too little evidence" in note for note in report["notes"])
    assert "too little evidence" in " ".join(said.stdout.split())


def test_the_report_of_no_journal_says_so(tmp_path: Path) -> None:
    """With what to give it instead."""
    result = CliRunner().invoke(main, ["travel", "report", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no journal here" in result.output
