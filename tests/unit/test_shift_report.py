"""`turnout report shift`: one reading of the journal says what the single reports say, wherever the reading begins."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from engine.journal import Settings, Snapshot
from engine.journal.codec import record_of
from engine.journal.snapshots import write_snapshot
from engine.model.facts import NoteAdded
from engine.model.moves import Cover, PlanProposed
from engine.state.image import save
from engine.state.world import World
from gateways.cli import main
from gateways.journals import segments
from tests.property.journal_kit import appender
from tests.unit.clocks_kit import Tale
from tests.unit.engine_place import MORNING
from tests.unit.test_clocks_report import told

TINY = Settings(segment_bytes=1 << 14, track_step_bytes=1 << 14, ballast_bytes=1 << 14)


def written(folder: Path, tale: Tale) -> Path:
    writer = appender(folder / "journal", TINY)
    for turn in tale.turns:
        writer.append([record_of(turn)])
    writer.sync()
    writer.close()
    return folder


def asked(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["report", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = msgspec.json.decode(result.stdout)
    return found


def at(second: int) -> str:
    return datetime.fromtimestamp(MORNING / 1000 + second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    tale = told()
    tale.at(2_300, PlanProposed(1, "p", (Cover("als", 640_000, 640_000),)))
    return written(tmp_path, tale)


def test_it_says_what_the_single_reports_say(data: Path) -> None:
    """Clocks and overrides of the same span; the sum over priorities is the whole."""
    span = ("--from", at(0), "--to", at(4_000))
    shift = asked("shift", data, *span)
    assert shift["shift"]["rows"] == asked("clocks", data, *span)["rows"]
    assert shift["overrides"] == asked("overrides", data, *span)
    for place, row in enumerate(shift["shift"]["rows"]):
        parts = [rows[place] for rows in shift["shift"]["priorities"].values()]
        assert row["readings"] == sum(part["readings"] for part in parts)
        assert sum(row["left_out"].values()) == sum(sum(part["left_out"].values()) for part in parts)
    assert {row["measure"]: row["readings"] for row in shift["shift"]["priorities"]["1"]}["c1"] == 1
    assert [each["by"] for each in shift["overruled"]] == ["desk"]
    assert shift["overruled"][0]["reason"] == "closer by bridge"
    assert shift["cover"]["layers"] == {"als": [64.0]}


def test_the_last_part_is_told_beside_the_whole(data: Path) -> None:
    """Incidents that were reported in it, and no others."""
    shift = asked("shift", data, "--from", at(0), "--to", at(2_400), "--recent", 5)
    assert shift["recent"]["from_ms"] == MORNING + 2_100_000
    assert list(shift["recent"]["priorities"]) == ["2"]
    assert list(shift["shift"]["priorities"]) == ["1", "2"]


def test_a_long_journal_is_read_from_where_the_stretch_begins(tmp_path: Path) -> None:
    """Not from its first turn; the figures are those of the whole, the units those of the snapshot."""
    tale = Tale()
    for number in range(600):
        tale.at(number, NoteAdded("I0", "a remark that fills a file " * 4, "desk"))
    tale.report(700, "I1", priority=1)
    tale.runs("I1", "A1", 730, 800, 1_000, 1_500)
    tale.close(1_600, "I1")
    data = written(tmp_path, tale)
    assert len(segments(data / "journal")) > 3
    span = ("--from", at(650), "--to", at(2_000))
    world = World()
    world.fold(tale.turns[0])
    write_snapshot(data / "journal", Snapshot(1, b"\0" * 32, save(world)))
    found = asked("shift", data, *span)
    assert found["first_seq"] == segments(data / "journal")[-1] > 1
    assert found["shift"]["rows"] == asked("clocks", data, *span)["rows"]
    work = {line["name"]: line for line in found["work"]["crews"]}
    assert (work["A1"]["busy_ms"], work["A1"]["calls"]) == (770_000, 1)


def test_as_tables(data: Path) -> None:
    """The last twelve hours where nothing is said: clocks, work, overrides."""
    result = CliRunner().invoke(main, ["report", "shift", str(data)], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    for words in ("Work of crews", "busy: 0% at least", "passed over", "nhs-arp"):
        assert words in result.stdout


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A folder without a journal."""
    result = CliRunner().invoke(main, ["report", "shift", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no journal here" in result.output
