"""The books of who did and who read what: a line each, polls once, struck out with the incident, gone in time."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from gateways.auth import Principal, Role
from gateways.commands.upkeep import audit
from gateways.daybook import DayBook
from gateways.upkeep import books as module
from gateways.upkeep.books import READS, Books, BooksConfig, erase_reads, lines_of, note_command

DESK = Principal("desk", Role.SUPERVISOR)


def kept(folder: Path) -> list[tuple[str, list[str]]]:
    return [(line["by"], line["incidents"]) for line in lines_of(folder, READS)]


def test_a_poll_is_written_down_once_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same shown to the same again says nothing new; to somebody else, or later, it does."""
    now = [1_770_000_000_000]
    monkeypatch.setattr(module, "_now_ms", lambda: now[0])
    books = Books(tmp_path, BooksConfig())
    for who in (DESK, DESK, Principal("cad", Role.DISPATCHER)):
        books.read(who, "api.incident", ["I1"])
    now[0] += module.AGAIN_AFTER_MS
    books.read(DESK, "api.incident", ["I1"])
    books.forget("I9")
    assert kept(tmp_path) == [("desk", ["I1"]), ("cad", ["I1"]), ("desk", ["I1"])]
    assert books.statistics() == {"reads": 3}


def test_what_is_remembered_of_polls_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one longest ago gives way, and is written down again."""
    monkeypatch.setattr(module, "RECENT_MAX", 2)
    books = Books(tmp_path, BooksConfig())
    for name in ("I1", "I2", "I3", "I1"):
        books.read(DESK, "api.incident", [name])
    assert books.statistics() == {"reads": 4}
    assert len(books._recent) == 2


def test_a_forgotten_incident_is_struck_out_and_the_reading_stays(tmp_path: Path) -> None:
    """I1 goes, I12 is another; a line that was torn goes whole; the file stays as long as it was."""
    books = Books(tmp_path, BooksConfig())
    books.read(DESK, "api.incidents", ["I1", "I12"])
    books.read(DESK, "api.incident", ["I12"])
    books.forget("I0")
    (path,) = tmp_path.glob("reads-*.log")
    with path.open("ab") as file:
        file.write(b'{"at":"2026","incidents":["I1"\n')
    size = path.stat().st_size
    assert erase_reads(tmp_path, "I1") == 2
    assert kept(tmp_path) == [("desk", ["", "I12"]), ("desk", ["I12"])]
    assert path.stat().st_size == size
    assert erase_reads(tmp_path, "I1") == 0
    assert b'"I1"' not in path.read_bytes()


def test_a_reading_of_many_takes_several_lines(tmp_path: Path) -> None:
    """None is left out."""
    books = Books(tmp_path, BooksConfig())
    names = [f"I{number}" for number in range(module.INCIDENTS_MAX * 2 + 1)]
    books.read(DESK, "geojson.incidents", names)
    books.forget("X")
    assert [name for _, named in kept(tmp_path) for name in named] == names


def test_old_days_are_removed_and_only_the_owner_reads(tmp_path: Path) -> None:
    """A file a day; after so many days it is gone."""
    day_ms = 86_400_000
    book = DayBook(tmp_path, READS, 1 << 20, days=2)
    for day in range(4):
        book.write(1_772_452_800_000 + day * day_ms, "tested")
        book.flush()
    assert [path.name[6:16] for path in sorted(tmp_path.iterdir())] == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_a_command_is_on_record_in_a_data_folder_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A journal that was copied somewhere has no book; one that cannot be written to is said."""
    (tmp_path / "copy").mkdir()
    note_command(tmp_path / "copy", "turnout why", ["I1"])
    assert list((tmp_path / "copy").iterdir()) == []
    (tmp_path / "data" / "journal").mkdir(parents=True)
    note_command(tmp_path / "data" / "journal", "turnout why", ["I1"])
    (line,) = lines_of(tmp_path / "data", READS)
    assert (line["what"], line["incidents"]) == ("turnout why", ["I1"])
    assert line["by"].endswith("@localhost")
    (path,) = (tmp_path / "data").glob("reads-*.log")
    path.unlink()
    path.mkdir()  # a file that cannot be opened, whoever runs the test
    note_command(tmp_path / "data", "turnout why", ["I1"])
    assert "could not be written down" in capsys.readouterr().err


@pytest.mark.parametrize("days", [-1.0, 1e9])
def test_days_that_no_calendar_has_are_refused(tmp_path: Path, days: float) -> None:
    """On the command line and in the configuration alike, with the field's name."""
    told = CliRunner().invoke(audit, ["reads", "--data", str(tmp_path), "--days", str(days)])
    assert (told.exit_code, "--days" in told.output) == (2, True)
    with pytest.raises(msgspec.ValidationError, match="reads_days"):
        msgspec.convert({"reads_days": days}, BooksConfig)
