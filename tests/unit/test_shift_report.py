"""`turnout report shift`: one reading of the journal says what the single reports say, wherever the reading begins."""

from collections.abc import Iterator, Sequence
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
from engine.model.turn import Turn
from engine.state.image import save
from engine.state.world import World
from gateways.cli import main
from gateways.clock_files import FILE
from gateways.journals import segments
from gateways.shift_reports import follow_shift
from tests.property.journal_kit import appender
from tests.unit.clocks_kit import Tale
from tests.unit.engine_place import MORNING
from tests.unit.test_clocks_report import OWN, told

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


def test_the_agencys_own_clocks_stand_beside_the_standards(data: Path) -> None:
    """From `clocks.toml` in the data folder, by name and title."""
    (data / FILE).write_text(OWN)
    shift = asked("shift", data, "--from", at(0), "--to", at(4_000))
    assert {each["name"]: each["title"] for each in shift["profiles"]}["ours"] == "Our contract"
    (row,) = (row for row in shift["shift"]["rows"] if row["profile"] == "ours")
    assert (row["measure"], row["readings"], row["p50_ms"]) == ("first", 1, 300_000)


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


def test_a_shift_that_goes_on_is_read_on_and_told_as_if_it_were_read_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line asks anew; what was open at the first look is told as it stood, and told right at the second."""
    tale = told()
    tale.at(4_000, PlanProposed(1, "p", (Cover("als", 640_000, 640_000),)))
    (tmp_path / "one").mkdir()
    (tmp_path / "grown").mkdir()
    whole = written(tmp_path / "one", tale)
    cut = next(place for place, turn in enumerate(tale.turns) if turn.now >= MORNING + 200_000)
    writer = appender(tmp_path / "grown" / "journal", TINY)

    def write(turns: Sequence[Turn]) -> None:
        for turn in turns:
            writer.append([record_of(turn)])
        writer.sync()

    def looks() -> Iterator[str]:
        write(tale.turns[:cut])
        yield f"{MORNING + 200_000}\n"
        write(tale.turns[cut:])
        yield f"{MORNING + 5_000_000}\n"

    assert follow_shift(tmp_path / "grown" / "journal", MORNING, 3_600_000, looks()) == 1  # nothing is there yet
    write(tale.turns[:1])
    capsys.readouterr()
    tale.turns = tale.turns[1:]
    cut -= 1
    assert follow_shift(tmp_path / "grown", MORNING, 3_600_000, looks()) == 0
    writer.close()
    first, last = (msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines())
    assert (first["open"], {line["name"]: line["busy_ms"] for line in first["work"]["crews"]}["A1"]) == (1, 170_000)
    once = asked("shift", whole, "--from", at(0), "--to", at(5_000), "--recent", 60)
    for part in ("shift", "work", "cover", "overrides", "overruled", "to_ms", "open"):
        assert last[part] == once[part], part
    # The recent part begins in steps of ten minutes, so it is that long or a little longer.
    begins_s = (last["recent"]["from_ms"] - MORNING) // 1000
    assert begins_s == 1_200
    exact = asked("shift", whole, "--from", at(0), "--to", at(5_000), "--recent", 63)
    assert any(row["readings"] for row in exact["recent"]["rows"])
    assert [row["readings"] for row in last["recent"]["rows"]] == [row["readings"] for row in exact["recent"]["rows"]]


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
