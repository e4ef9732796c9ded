"""Roads through real sockets and a real disk: a bridge closes while a call waits, and the recommendation follows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from engine.journal.recovery import recover_world
from engine.journal.shelf import StreetsMissing
from engine.live import epochs
from engine.live.service import PlaceRejected, StreetsFailed
from engine.model.inputs import CloseRoad as CloseRoadInput
from engine.model.roads import Stretch as StretchInput
from engine.replay import replay, world_at
from engine.state.image import state_hash
from gateways.cad.client import CadClient, Refused, connect, new_id
from gateways.doors import Address, NoDoors, find_doors, shown
from gateways.metrics import Metrics
from gateways.roads import PolygonRefused, read_polygon
from gateways.vocabulary.incident_messages import ReportIncident
from gateways.vocabulary.road_messages import CloseRoad, OpenRoad, ReportTraffic, ReportWeather, Stretch
from tests import river_town
from tests.builders import PROJECTION, serve_place, small_place, token

PLACE = small_place(streets=river_town.graph().digest)
BRIDGE = Stretch(streets=("West Bridge",))
CLOSE = CloseRoadInput(id="1", by="cad", stretch=StretchInput(streets=("West Bridge",)))
QUIET_S = 120


def degrees(x_m: int, y_m: int) -> tuple[float, float]:
    return PROJECTION.to_degrees(x_m, y_m)


async def until(client: CadClient, holds: object) -> None:
    assert callable(holds)
    with trio.fail_after(QUIET_S):
        while not holds():
            await client.changed()


def recommended(client: CadClient, incident: str) -> str:
    found = client.mirror.incidents.get(incident)
    return found.recommended[0].unit if found is not None and found.recommended else ""


def leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]


async def a_call_across_the_river(client: CadClient) -> str:
    lat, lon = degrees(0, -2_600)
    answer = await client.ask(ReportIncident(id=new_id(), incident_type="sick", lat=lat, lon=lon))
    assert answer.incident is not None
    return answer.incident


async def test_closing_a_bridge_changes_the_recommendation(tmp_path: Path) -> None:
    """Within moments another unit is recommended, by travel times whose epoch the why names; opened, the first again."""
    async with (
        serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running,
        connect(running.url, token("cad")) as client,
    ):
        incident = await a_call_across_the_river(client)
        await until(client, lambda: recommended(client, incident))
        before, epoch = recommended(client, incident), client.mirror.roads.epoch
        updates = client.updates()
        closed = await client.ask(CloseRoad(id=new_id(), stretch=BRIDGE, reason="flood"))
        assert closed.road == "C1"
        await until(client, lambda: recommended(client, incident) != before)
        assert client.mirror.roads.epoch == epoch + 1
        assert [view.id for view in client.mirror.roads.closures] == ["C1"]
        told = [fact async for fact in _recommendations(updates)]
        assert f"epoch {epoch + 1}" in told[0].why.travel
        await client.ask(OpenRoad(id=new_id(), closure="C1"))
        await until(client, lambda: recommended(client, incident) == before)
        assert client.mirror.roads.closures == ()
    result = replay(tmp_path)
    assert result.difference is None


async def _recommendations(updates: object) -> object:
    with trio.fail_after(QUIET_S):
        async for delta in updates:  # type: ignore[attr-defined]  # Updates
            for fact in delta.recommendations:
                yield fact
                return


async def test_a_client_that_joins_sees_what_is_in_force(tmp_path: Path) -> None:
    """The snapshot of a newcomer says the same as the mirror of one that was there; degrees come back as they went."""
    ring = (degrees(-500, -3_000), degrees(500, -3_000), degrees(0, -2_000))
    async with (
        serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running,
        connect(running.url, token("desk")) as client,
    ):
        await until(client, lambda: client.mirror.snapshots)
        assert client.welcome is not None
        until_ms = client.welcome.now_ms + 3_600_000
        await client.ask(CloseRoad(id=new_id(), stretch=Stretch(polygon=ring), closure="flood"))
        await client.ask(
            ReportTraffic(id=new_id(), stretch=Stretch(classes=("track",)), percent=150, until_ms=until_ms)
        )
        await client.ask(ReportTraffic(id=new_id(), stretch=Stretch(), percent=110, until_ms=until_ms, slowing="all"))
        await client.ask(ReportTraffic(id=new_id(), stretch=Stretch(), percent=100, until_ms=until_ms, slowing="all"))
        last = await client.ask(ReportWeather(id=new_id(), weather="snow", percent=140, until_ms=until_ms))
        seen = client.mirror
        await until(client, lambda: (seen.seq or 0) >= last.seq and seen.roads.making is None)
        async with connect(running.url, token("wall")) as newcomer:
            await until(newcomer, lambda: newcomer.mirror.seq == seen.seq)
            assert newcomer.mirror.roads == seen.roads
        (closure,) = seen.roads.closures
        assert closure.stretch.polygon == ring
        assert [(view.id, view.percent) for view in seen.roads.slowings] == [("T2", 150)]
        assert seen.roads.weather is not None
        assert seen.roads.weather.weather == "snow"


async def test_who_may_not_and_what_cannot_be(tmp_path: Path) -> None:
    """A call taker closes no roads; a stretch that touches nothing and a percentage of nothing are refused by field."""
    async with serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running:
        async with connect(running.url, token("calls")) as client:
            with pytest.raises(Refused, match="unauthorised"):
                await client.ask(CloseRoad(id=new_id(), stretch=BRIDGE))
        async with connect(running.url, token("cad")) as client:
            nowhere = (degrees(-4_000, 900), degrees(-4_001, 900), degrees(-4_000, 901))
            with pytest.raises(Refused, match="touches_nothing: stretch"):
                await client.ask(CloseRoad(id=new_id(), stretch=Stretch(polygon=nowhere)))
            with pytest.raises(Refused, match=r"unknown_street: stretch\.streets: .*'West Bridge'"):
                await client.ask(CloseRoad(id=new_id(), stretch=Stretch(streets=("West Brigde",))))
            with pytest.raises(Refused, match="out_of_range: percent"):
                await client.ask(ReportWeather(id=new_id(), weather="snow", percent=0, until_ms=2**50))
            with pytest.raises(Refused, match="out_of_range: until_ms"):
                await client.ask(ReportWeather(id=new_id(), weather="snow", percent=120, until_ms=5))


async def test_after_a_restart_the_bridge_is_still_closed(tmp_path: Path) -> None:
    """Also if the engine stopped before the epoch was published; and with no streets given but those on the shelf."""
    async with serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running:
        running.service.epochs.look = lambda: None  # type: ignore[method-assign]  # nobody makes epochs
        answer = await running.service.ask(CLOSE)
        assert answer.road == "C1"
        assert running.service.world.road_book.making is not None
    async with serve_place(tmp_path, place=PLACE) as running:
        book = running.service.world.road_book
        assert book.making is None
        assert [each.id for each in book.current.closures] == ["C1"]
        assert (await running.service.ask(CLOSE)).road == "C1"


async def test_streets_that_do_not_fit_the_place_are_refused_at_the_start(tmp_path: Path) -> None:
    """Other streets than the place names; none at all."""
    with pytest.raises(PlaceRejected, match="given were"):
        async with serve_place(tmp_path / "a", place=small_place(streets="0" * 64), streets=river_town.graph()):
            pass
    with pytest.raises(StreetsMissing):
        async with serve_place(tmp_path / "b", place=PLACE):
            pass


async def test_a_failing_customisation_stops_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would go on with travel times that no longer hold: it says so and stops, and the closure is in the journal."""

    def broken(*_: object) -> float:
        raise ArithmeticError("a weight below zero")

    async def close_a_bridge() -> None:
        async with serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running:
            monkeypatch.setattr(epochs, "_customise", broken)
            await running.service.ask(CLOSE)
            await trio.sleep(QUIET_S)

    with pytest.raises(ExceptionGroup) as caught:
        await close_a_bridge()
    (failure,) = leaves(caught.value)
    assert isinstance(failure, StreetsFailed)
    assert "epoch 2 could not be worked out (ArithmeticError: a weight below zero)" in str(failure)
    assert "C1" in recover_world(tmp_path).world.road_book.closures


async def test_a_journal_without_its_streets_folds_and_says_that_it_cannot_decide(tmp_path: Path) -> None:
    """What was recorded stays readable for ever; deciding it again needs the streets."""
    async with (
        serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running,
        connect(running.url, token("cad")) as client,
    ):
        await a_call_across_the_river(client)
        seq, whole = running.service.world.seq, state_hash(running.service.world)
    shutil.move(tmp_path / "streets", tmp_path.with_name("elsewhere"))
    assert state_hash(recover_world(tmp_path).world) == whole
    assert state_hash(world_at(tmp_path, seq)) == whole
    with pytest.raises(StreetsMissing, match="cannot be made again"):
        replay(tmp_path)
    assert replay(tmp_path, streets=river_town.library).difference is None


async def test_epochs_are_measured(tmp_path: Path) -> None:
    """The number of the epoch, how long it took, what is in force, and that nothing lags behind."""
    async with serve_place(tmp_path, place=PLACE, streets=river_town.graph()) as running:
        metrics = Metrics(running.service, running.board)
        await running.service.ask(CLOSE)
        with trio.fail_after(QUIET_S):
            while running.board.world.road_book.epoch < 2:  # noqa: ASYNC110  the board offers no event; a test may poll
                await trio.sleep(0.005)
        samples = {sample.name: sample.value for family in metrics.registry.collect() for sample in family.samples}
        assert samples["turnout_travel_epoch"] == 2
        assert samples["turnout_travel_epoch_lag_seconds"] == 0
        assert samples["turnout_travel_customisation_seconds_count"] == 1
        assert (samples["turnout_road_closures"], samples["turnout_road_slowings"]) == (1, 0)


# ── the command line ────────────────────────────────────────────────────────────────────────────────────────


async def turnout(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "gateways.cli", "roads", *arguments]
    with trio.fail_after(120):
        done = await trio.run_process(command, check=False, capture_stdout=True, capture_stderr=True)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def test_the_command_line_closes_and_opens(tmp_path: Path) -> None:
    """With nothing but the data folder, it finds the server and the token; it waits until decisions rest on it."""
    (tmp_path / "access.toml").write_text(f'dispatcher = "{token("cad")}"\n')
    ring = [[lon, lat] for lat, lon in (degrees(-500, -3_000), degrees(500, -3_000), degrees(0, -2_000))]
    (tmp_path / "flood.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}))
    at = ("--data", str(tmp_path))
    async with serve_place(tmp_path / "journal", place=PLACE, streets=river_town.graph()) as running:
        with shown(tmp_path, Address(running.url, "http://127.0.0.1:1", (), os.getpid())):
            status, said, _ = await turnout("close", "West Bridge", "Quay", "--reason", "flood", *at)
            assert (status, said.splitlines()[0]) == (0, "C1: closed. Decisions rest on it (epoch 2).")
            assert (await turnout("close", "--polygon", str(tmp_path / "flood.geojson"), "--id", "flood", *at))[0] == 0
            assert (await turnout("traffic", "150", "Mill Lane", "--minutes", "30", *at))[0] == 0
            assert (await turnout("weather", "snow", "140", *at))[0] == 0
            _, listed, _ = await turnout("list", *at)
            assert [line.split()[0] for line in listed.splitlines()] == ["epoch", "weather", "C1", "flood", "T3"]
            assert "West Bridge, Quay  (flood)  until opened" in listed
            status, said, _ = await turnout("open", "C1", "--server", running.url, "--token", token("desk"))
            assert (status, said.startswith("C1: open.")) == (0, True)
            status, _, wrong = await turnout("close", "West Brigde", *at)
            assert (status, "Did you mean 'West Bridge'" in wrong) == (1, True)
        status, _, wrong = await turnout("list", *at)
        assert (status, "no server is running" in wrong) == (1, True)


CORNERS = json.dumps({"type": "Polygon", "coordinates": [[[i / 100, 0] for i in range(1_002)]]})
"""More than a message holds."""


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"type":"Point","coordinates":[0,0]}',
        '{"type":"Polygon"}',
        "nothing",
        '{"type":"FeatureCollection","features":[]}',
        CORNERS,
    ],
)
def test_a_file_without_a_polygon_is_refused(tmp_path: Path, content: str) -> None:
    """With a sentence that says what is expected."""
    path = tmp_path / "area.geojson"
    path.write_text(content)
    with pytest.raises(PolygonRefused, match="one Polygon is expected"):
        read_polygon(path)
    with pytest.raises(PolygonRefused, match="cannot be read"):
        read_polygon(tmp_path / "none.geojson")


def test_doors_of_a_server_that_is_gone_are_said_to_be(tmp_path: Path) -> None:
    """Killed, it could not take its file away; half a file is none."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "doors.json").write_text(json.dumps({"cad": "ws://x", "web": "http://x", "lines": [], "pid": gone.pid}))
    with pytest.raises(NoDoors, match="is gone"):
        find_doors(tmp_path)
    (tmp_path / "doors.json").write_text('{"cad":')
    with pytest.raises(NoDoors, match="cannot be read"):
        find_doors(tmp_path)
