"""What nobody can drive is said to be so, and disturbs nothing else: no road near, a city cut in two, bad reports."""

import os
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio

from engine.journal.recovery import turns
from engine.model.facts import UnitsRecommended
from engine.replay import replay
from gateways.cad.client import CadClient, connect, new_id
from gateways.doors import Address, shown
from gateways.vocabulary.incident_messages import ReportIncident
from gateways.vocabulary.road_messages import CloseRoad, OpenRoad, Stretch
from gateways.whys import explain_incident
from tests import river_town
from tests.builders import PROJECTION, Running, serve_place, small_place, token

PLACE = small_place(streets=river_town.graph().digest)
BRIDGES = Stretch(streets=("West Bridge", "East Bridge"))
NORTHERN, SOUTHERN = {"M1", "M2", "B1", "E1", "E2"}, {"M3", "B2"}
"""Who can help a sick person, by the bank that their station stands on."""
FAR_OFF = (9_000, 9_000)
"""More than four kilometres from every road."""
QUIET_S = 120


async def until(client: CadClient, holds: object) -> None:
    assert callable(holds)
    with trio.fail_after(QUIET_S):
        while not holds():
            await client.changed()


async def call(client: CadClient, x_m: int, y_m: int, kind: str = "sick") -> str:
    """Report somebody sick there, and wait for the recommendation."""
    lat, lon = PROJECTION.to_degrees(x_m, y_m)
    answer = await client.ask(ReportIncident(id=new_id(), incident_type=kind, lat=lat, lon=lon))
    assert answer.incident is not None
    await until(client, lambda: (client.mirror.seq or 0) >= answer.seq)
    return answer.incident


async def close(client: CadClient, stretch: Stretch) -> str:
    """Close it, and wait until decisions rest on it."""
    answer = await client.ask(CloseRoad(id=new_id(), stretch=stretch, reason="flood"))
    assert answer.road is not None
    await until(client, lambda: (client.mirror.seq or 0) >= answer.seq and client.mirror.roads.making is None)
    return answer.road


def newest(journal: Path, incident: str) -> UnitsRecommended:
    """Return the latest recommendation for the incident."""
    facts = [fact for turn in turns(journal) for fact in turn.facts]
    return [fact for fact in facts if isinstance(fact, UnitsRecommended) and fact.incident == incident][-1]


def judged(fact: UnitsRecommended) -> dict[str, tuple[str, int]]:
    """Return the reason and the ETA in ms of every unit that the why names."""
    return {each.unit: (each.reason, each.eta_ms) for slot in fact.why.slots for each in slot.considered}


def serve_river(directory: Path) -> AbstractAsyncContextManager[Running]:
    """Serve the river town."""
    return serve_place(directory, place=PLACE, streets=river_town.graph())


# ── where no way leads ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_city_cut_in_two_is_served_by_whoever_can_reach_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With both bridges closed the far bank's units are unreachable and without an ETA; `turnout why` says so."""
    async with serve_river(tmp_path) as running, connect(running.url, token("cad")) as client:
        incident = await call(client, 0, -2_600)
        before = judged(newest(tmp_path, incident))
        await close(client, BRIDGES)
    after = newest(tmp_path, incident)
    reasons = judged(after)
    assert "unreachable" not in {reason for reason, _ in before.values()}
    assert after.choices[0].unit in SOUTHERN
    assert {unit for unit, (reason, _) in reasons.items() if reason == "unreachable"} == NORTHERN
    assert all(reasons[unit][1] == -1 for unit in NORTHERN)
    assert explain_incident(tmp_path, incident, None, None, as_json=False) == 0
    assert "unreachable" in capsys.readouterr().out
    assert replay(tmp_path).difference is None


async def test_an_incident_far_from_every_road_is_served_along_a_straight_line(tmp_path: Path) -> None:
    """And the why says that it is one; the next call on a street is decided over the streets."""
    async with serve_river(tmp_path) as running, connect(running.url, token("cad")) as client:
        far, near = await call(client, *FAR_OFF), await call(client, 0, 100)
    assert newest(tmp_path, far).choices
    assert "straight" in newest(tmp_path, far).why.travel
    assert "straight" not in newest(tmp_path, near).why.travel
    assert replay(tmp_path).difference is None


async def test_what_nobody_can_bring_is_said_to_be_missing_until_the_road_is_open(tmp_path: Path) -> None:
    """The only ladder stands on the other bank: it is missing, not foretold; with the bridge open it is found."""
    async with serve_river(tmp_path) as running, connect(running.url, token("cad")) as client:
        closure = await close(client, BRIDGES)
        incident = await call(client, 0, -2_600, kind="fire")
        cut = newest(tmp_path, incident)
        await client.ask(OpenRoad(id=new_id(), closure=closure))
        await until(client, lambda: "ladder" not in client.mirror.incidents[incident].lacks)
    assert [choice.unit for choice in cut.choices] == ["E3"]
    assert [(each.slot, each.missing) for each in cut.short] == [("engine", 1), ("ladder", 1)]
    assert judged(cut)["L7"] == ("unreachable", -1)
    assert "L7" in [choice.unit for choice in newest(tmp_path, incident).choices]
    assert replay(tmp_path).difference is None


async def test_a_unit_far_from_every_road_is_unreachable_and_the_others_are_not(tmp_path: Path) -> None:
    """Its position is taken; it has no ETA until it comes back to a road."""
    async with serve_river(tmp_path) as running, connect(running.url, token("cad")) as client:
        row = running.service.world.fleet.rows["B1"]
        await drive(running, client, row, FAR_OFF)
        incident = await call(client, 0, 100)
        lost = newest(tmp_path, incident)
        await drive(running, client, row, (0, 100))
        again = await call(client, 0, 100)
    assert judged(lost)["B1"] == ("unreachable", -1)
    assert lost.choices[0].unit in NORTHERN - {"B1"}
    assert judged(newest(tmp_path, again))["B1"][1] > 0
    assert replay(tmp_path).difference is None


async def drive(running: Running, client: CadClient, row: int, at: tuple[int, int]) -> None:
    """Report the unit of that row there, and wait until the World has it."""
    running.service.positions.put(row, *at, running.service.clock.now(), 0, 0)
    fleet = running.service.world.fleet
    await until(client, lambda: (int(fleet.x_m[row]), int(fleet.y_m[row])) == at)


# ── reports that mean nothing ───────────────────────────────────────────────────────────────────────────────


async def roads_command(*arguments: str) -> tuple[int, str]:
    """Run `turnout roads` and return its status and what it says of errors."""
    command = [sys.executable, "-m", "gateways.cli", "roads", *arguments]
    with trio.fail_after(120):
        done = await trio.run_process(command, check=False, capture_stdout=True, capture_stderr=True)
    return done.returncode, done.stderr.decode()


NOWHERE = '{"type":"Polygon","coordinates":[[[10,10],[11,10],[11,11],[10,10]]]}'
WRONG: tuple[tuple[tuple[str, ...], str], ...] = (
    (("traffic", "0", "Quay"), "0 is not from 20 to 2000"),
    (("traffic", "-5", "Quay"), "PERCENT: -5 is below 0"),
    (("traffic", "1000000000", "Quay"), "1000000000 is not from 20 to 2000"),
    (("traffic", "150", "Quay", "--minutes", "nan"), "nan is not in the next 366 days"),
    (("traffic", "150", "Quay", "--minutes", "-5"), "-5 is not in the next 366 days"),
    (("traffic", "100", "Quay"), "say which with --id"),
    (("traffic", "150", "Kay"), "There is no street 'Kay'"),
    (("traffic", "150", "--polygon", "nowhere.geojson"), "it would change nothing"),
    (("close",), "would close the whole place"),
    (("open", "C9"), "There is no closure 'C9'"),
    (("list", "--server", "http://127.0.0.1:1"), "no address of a CAD listener"),
)


@pytest.mark.slow
async def test_a_wrong_report_is_answered_with_what_it_means_and_changes_nothing(tmp_path: Path) -> None:
    """One sentence each, never a traceback; the epoch, the journal and what is in force stay as they were."""
    (tmp_path / "access.toml").write_text(f'dispatcher = "{token("cad")}"\n')
    (tmp_path / "nowhere.geojson").write_text(NOWHERE)
    async with serve_river(tmp_path / "journal") as running, connect(running.url, token("cad")) as client:
        await close(client, Stretch(streets=("Track",)))
        before = running.service.world.road_book.epoch, client.mirror.roads
        with shown(tmp_path, Address(running.url, "http://127.0.0.1:1", (), os.getpid())):
            for arguments, meant in WRONG:
                named = [str(tmp_path / each) if each.endswith(".geojson") else each for each in arguments]
                status, said = await roads_command(*named, "--data", str(tmp_path))
                assert status in (1, 2), arguments
                assert meant in " ".join(said.split()), arguments
                assert "Traceback" not in said
        assert (running.service.world.road_book.epoch, client.mirror.roads) == before
