"""`turnout export neris|nemsis`: a short history of the real engine, told back as the standards name it."""

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from engine.core.engine import Engine
from engine.journal.codec import record_of
from engine.model.inputs import (
    AddNote,
    AdoptPlace,
    CancelIncident,
    CloseIncident,
    DispatchUnits,
    ReportIncident,
    ReportStatus,
)
from engine.model.lifecycle import Status
from engine.state.world import World
from gateways.cli import main
from tests.builders import NOW, SMALL_JOURNAL, small_place
from tests.property.journal_kit import appender


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with the journal of a served medical call, and of one that was called off."""
    engine = Engine(World())
    turns = [engine.step(AdoptPlace(small_place()), NOW)]

    def at(second: int, kind: Any, **fields: Any) -> None:
        turns.append(engine.step(kind(id=str(len(turns)), by="cad", **fields), NOW + second * 1_000))

    at(0, ReportIncident, type="sick", x_m=0, y_m=3_000, priority=4, code="26-A-1", caller="Ann", external="CAD-7")
    at(5, AddNote, incident="I1", text="=2+2 door is blue")
    at(40, DispatchUnits, incident="I1", units=("B1",), reason="only one")
    at(100, ReportStatus, unit="B1", status=Status.EN_ROUTE)
    at(400, ReportStatus, unit="B1", status=Status.ON_SCENE, at_ms=NOW + 395_250)
    at(460, ReportStatus, unit="B1", status=Status.AT_PATIENT)
    at(900, ReportStatus, unit="B1", status=Status.TRANSPORTING)
    at(1_500, ReportStatus, unit="B1", status=Status.AT_HOSPITAL)
    at(2_400, ReportStatus, unit="B1", status=Status.AVAILABLE)
    at(2_500, CloseIncident, incident="I1", disposition="transported")
    at(3_000, ReportIncident, type="theft", x_m=0, y_m=0)
    at(3_010, DispatchUnits, incident="I2", units=("P1",), reason="near")
    at(3_050, ReportStatus, unit="P1", status=Status.EN_ROUTE)
    at(3_090, CancelIncident, incident="I2", reason="found it")
    writer = appender(tmp_path / "journal", SMALL_JOURNAL)
    writer.append([record_of(turn) for turn in turns])
    writer.sync()
    writer.close()
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def read(*arguments: object) -> Any:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return msgspec.json.decode(result.stdout)


def test_the_ladder_bears_the_names_of_neris(data: Path) -> None:
    found = read("neris", data)
    served, cancelled = found["incidents"]
    dispatch = served["core_mod_dispatch"]
    assert dispatch["dispatch_time_call_create"] == "2026-02-02T02:40:00.000Z"
    assert dispatch["dispatch_time_alarm_processing"] == 40.0
    assert dispatch["dispatch_determinate_code"] == "26-A-1"
    assert dispatch["dispatch_comments"] == []
    assert dispatch["time_incident_clear"] == "2026-02-02T03:21:40.000Z"
    (unit,) = served["mod_unit_response"]
    assert unit["unit_response_mode"] == "NON_EMERGENT"
    assert unit["time_turnout"] == 60.0
    assert unit["time_travel"] == 295.25
    assert unit["time_on_scene"] == "2026-02-02T02:46:35.250Z"
    assert unit["time_hospital_clear"] == unit["time_unit_clear"] == "2026-02-02T03:20:00.000Z"
    assert unit["time_canceled_enroute"] is None
    assert unit["unit_dispatch_point"] == pytest.approx([-90.5, 41.5], abs=1e-3)
    (turned,) = cancelled["mod_unit_response"]
    assert turned["time_canceled_enroute"] == "2026-02-02T03:31:30.000Z"
    assert turned["time_on_scene"] is None


def test_comments_leave_only_when_asked_for(data: Path) -> None:
    (served,) = read("neris", data, "--incident", "I1", "--comments", "--automatic", "sick")["incidents"]
    assert [each["comment"] for each in served["core_mod_dispatch"]["dispatch_comments"]] == ["=2+2 door is blue"]
    assert served["core_mod_dispatch"]["dispatch_automatic_alarm"]
    assert "Ann" not in run("neris", data, "--comments").stdout


def test_a_span_leaves_out_what_was_reported_outside(data: Path) -> None:
    assert [each["incident"] for each in read("neris", data, "--from", "2026-02-02T03:00")["incidents"]] == ["I2"]
    assert [each["incident"] for each in read("neris", data, "--to", "2026-02-02T03:00")["incidents"]] == ["I1"]


def test_csv_holds_a_line_for_each_unit(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "ladder.csv"
    assert run("neris", data, "--csv", "--out", out).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [(row["incident"], row["unit_id_reported"], row["time_travel"]) for row in rows] == [
        ("I1", "B1", "295.25"),
        ("I2", "P1", ""),
    ]


def test_nemsis_names_the_same_moments(data: Path) -> None:
    units = read("nemsis", data)["units"]
    assert [unit["eResponse.13"] for unit in units] == ["B1", "P1"]
    assert units[0]["eTimes.07"] == "2026-02-02T02:47:40.000Z"
    assert units[1]["eTimes.14"] == "2026-02-02T03:31:30.000Z"
    assert "eTimes.13" in run("nemsis", data, "--csv").stdout.splitlines()[0]


def test_what_is_not_there_is_said(data: Path, tmp_path: Path) -> None:
    assert "no incident 'I9'" in run("neris", data, "--incident", "I9").stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no journal" in run("neris", empty).stderr
