"""`turnout sim` on the command line: its help teaches, its JSON is what was promised, and what is wrong is said at once."""

import json
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateways.cli import main

RIVERSIDE = Path(__file__).parents[2] / "config" / "riverside"
SHORT = ("--days", "1", "--reps", "1", "--cores", "1", "--warm-up", "0")
AT_ONCE_S = 20
"""Of processor time. Generous: refusals come before the first day begins."""


def sim(*words: str | Path) -> Result:
    """Give the command."""
    return CliRunner().invoke(main, ["sim", *map(str, words)])


def refused(*words: str | Path) -> str:
    """Give a command that must be refused soon, in a sentence, with exit code 1; return the sentence."""
    began_s = time.process_time()
    told = sim(*words)
    assert told.exit_code == 1, told.output
    assert isinstance(told.exception, SystemExit), told.exception
    assert time.process_time() - began_s < AT_ONCE_S
    assert told.output.startswith("Error: ")
    return told.output


def spoilt(folder: Path, name: str, text: str | None) -> Path:
    """Return a copy of Riverside with another text in one file, or without the file."""
    place = folder / "riverside"
    shutil.copytree(RIVERSIDE, place)
    if text is None:
        (place / name).unlink()
    else:
        (place / name).write_text(text, encoding="utf-8")
    return place


def test_help_teaches() -> None:
    """Lines to copy, every command, every option with what it is for."""
    overview, options = sim("--help").output, sim("run", "--help").output
    for line in ("turnout sim config/riverside --days 30", "turnout sim compare", "--preset jemss --divert"):
        assert line in overview
    for option in ("--policy", "--days", "--reps", "--seed", "--warm-up", "--preset", "--divert", "--units", "--json"):
        assert option in options


def test_json_is_one_object_as_promised() -> None:
    """Policies with their names, calls, shares between 0 and 1, half-widths, means in seconds, moves a call."""
    told = sim(RIVERSIDE, *SHORT, "--json", "--policy", "home", "--policy", "nearest")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [each["name"] for each in found["policies"]] == ["joint/home", "nearest/home"]
    assert len({each["calls"] for each in found["policies"]}) == 1
    for each in found["policies"]:
        assert set(each) >= {"name", "calls", "late_share", "half_width", "mean_response_s", "moves_per_call"}
        assert set(each["late_share"]) >= {"high", "low"}
        assert all(0 <= share <= 1 for share in each["late_share"].values())
        assert all(60 < mean < 3_600 for mean in each["mean_response_s"].values())
        assert each["moves_per_call"] == 0


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("nowhere", "there is no 'nowhere'"),
        ("telepathy/home", "there is no dispatch policy 'telepathy'"),
        ("dmexclp:q=99999", "dmexclp.q: 99999 is not between"),
        ("dmexclp:zz=1", "'zz=1' is no setting of dmexclp"),
        ("priced:price=abc", "'abc' is no whole number"),
    ],
)
def test_a_policy_that_there_is_not_is_refused(policy: str, says: str) -> None:
    """By name; a setting by its range."""
    assert says in " ".join(refused(RIVERSIDE, *SHORT, "--policy", policy).split())


def test_a_policy_that_is_named_twice_is_refused() -> None:
    """Their figures could not be told apart."""
    assert "named twice" in refused(RIVERSIDE, *SHORT, "--policy", "home", "--policy", "joint/home")


def test_a_bound_where_days_have_none_is_refused() -> None:
    """With the preset that has one, before anything is simulated."""
    assert "take the preset `jemss`" in " ".join(refused(RIVERSIDE, *SHORT, "--bound").split())


def test_more_units_than_room_are_refused(tmp_path: Path) -> None:
    """Where every station says how many it holds."""
    head, *rows = (line.split(",") for line in (RIVERSIDE / "stations.csv").read_text(encoding="utf-8").splitlines())
    place = head.index("capacity")
    full = [head, *([*row[:place], "9", *row[place + 1 :]] for row in rows)]
    folder = spoilt(tmp_path, "stations.csv", "\n".join(",".join(row) for row in full) + "\n")
    assert "have room for" in refused(folder, *SHORT, "--units", "400")


def test_no_demand_is_refused(tmp_path: Path) -> None:
    """Nobody knows who would call."""
    folder = spoilt(tmp_path, "demand.toml", None)
    (folder / "demand.csv").unlink()
    assert "has no demand.toml and demand.csv" in refused(folder, *SHORT)


def test_an_empty_place_is_refused(tmp_path: Path) -> None:
    """And what a place is, is said."""
    assert "place.toml: is not there" in refused(tmp_path, *SHORT)


def test_runs_of_different_calls_are_not_compared(tmp_path: Path) -> None:
    """A difference between them would be that of the calls."""
    for seed in ("1", "2"):
        kept = sim(RIVERSIDE, *SHORT, "--seed", seed, "--keep", tmp_path / f"{seed}.run", "--json")
        assert kept.exit_code == 0, kept.output
    assert "their seeds or replications differ" in refused("compare", tmp_path / "1.run", tmp_path / "2.run")
    whole = (tmp_path / "1.run").read_bytes()
    (tmp_path / "half.run").write_bytes(whole[: len(whole) // 2])
    assert "is damaged" in refused("compare", tmp_path / "half.run")
    (tmp_path / "flip.run").write_bytes(whole[:900] + bytes([whole[900] ^ 255]) + whole[901:])
    assert "is damaged" in refused("compare", tmp_path / "flip.run")


def test_a_file_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """Text, or nothing at all."""
    (tmp_path / "text.run").write_text("not a run", encoding="utf-8")
    assert "is damaged, or no run" in refused("compare", tmp_path / "text.run")
    assert "there is no such file" in refused("compare", tmp_path / "none.run")
