"""`turnout report` on a real journal: tables for people, JSON for machines, and sentences where it cannot be made."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from engine.journal.codec import record_of
from engine.model.inputs import DispatchUnits
from engine.model.response_facts import UnitsBypassed
from gateways.cli import main
from tests.builders import SMALL_JOURNAL
from tests.property.journal_kit import appender
from tests.unit.clocks_kit import Tale, sent

OWN = """
[[profile]]
name = "ours"
title = "Our contract"
[[profile.measure]]
name = "first"
start = "reported"
stop = "first_on_scene"
limit = [{ within_s = 480 }]
"""


def told() -> Tale:
    """Two incidents: one served in five minutes, one cancelled; and a recommendation that was passed over."""
    tale = Tale()
    tale.report(0, "I1", priority=1)
    tale.runs("I1", "A1", 30, 100, 300, 2_000)
    tale.report(2_050, "I2", priority=1)
    tale.cancel(2_060, "I2")
    tale.close(2_100, "I1")
    tale.report(2_200, "I3", "rescue")
    tale.recommend(2_200, "I3", "E1")
    passed = UnitsBypassed("I3", 1, ("E1",), ("E2",), 12_000, "closer by bridge", "desk")
    order = DispatchUnits(id="c", by="desk", incident="I3", units=("E2",), reason="closer by bridge")
    tale.at(2_210, passed, sent("E2", "I3", "engine", by="desk", deviation="closer by bridge"), given=order)
    return tale


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder that holds the journal of what was told."""
    writer = appender(tmp_path / "journal", SMALL_JOURNAL)
    writer.append([record_of(turn) for turn in told().turns])
    writer.sync()
    writer.close()
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)], env={"COLUMNS": "160"})


def rows_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return {f"{row['profile']}/{row['measure']}": row for row in msgspec.json.decode(result.stdout)["rows"]}


def test_clocks_as_json(data: Path) -> None:
    """The same figures as a follower's; without a name of a report the clocks are meant."""
    rows = rows_of(run(data, "--json"))
    assert rows == rows_of(run("clocks", data / "journal", "--json"))
    row = rows["nhs-arp/c1"]
    assert (row["readings"], row["mean_ms"], row["met"]) == (1, 300_000, True)
    assert row["left_out"] == {"cancelled before the clock stopped": 1}
    expected = {f"{row.profile}/{row.measure}": msgspec.to_builtins(row) for row in told().clocks().rows()}
    assert rows == msgspec.json.decode(msgspec.json.encode(expected))


def test_clocks_as_tables(data: Path) -> None:
    """Each measure with its share, its interval, its target, and what was left out and why."""
    result = run(data, "--profile", "nhs-arp")
    assert result.exit_code == 0, result.output
    assert "nfpa" not in result.stdout
    line = next(line for line in result.stdout.splitlines() if "c1" in line and "900 s" in line)
    assert all(part in line for part in ("100.0%", "90 %", "met", "5:00 of 7:00"))
    assert "c1: left out: 1 cancelled before the clock stopped" in result.stdout
    assert "nearest rank" in result.stdout


def test_own_profiles_lie_beside_the_journal_or_are_named(data: Path, tmp_path: Path) -> None:
    """And count like the standard ones."""
    assert "Known are: nfpa-1225" in run(data, "--profile", "ours").output
    (data / "clocks.toml").write_text(OWN)
    assert rows_of(run(data, "--profile", "ours", "--json"))["ours/first"]["readings"] == 1
    other = tmp_path / "other.toml"
    other.write_text(OWN.replace("480", "200"))
    assert rows_of(run(data, "--clocks", other, "--json"))["ours/first"]["met"] is False
    other.write_text(OWN.replace("480", "-1"))
    refused = run(data, "--clocks", other, "--json")
    assert refused.exit_code == 1
    assert "at least 1 s" in refused.output


def test_a_span_is_of_clocks_that_start_in_it(data: Path) -> None:
    """Times are UTC; the town's morning begins at eight."""
    assert rows_of(run(data, "--from", "2026-03-02T08:30", "--json"))["nhs-arp/c1"]["readings"] == 0
    assert rows_of(run(data, "--to", "2026-03-02T08:30", "--json"))["nhs-arp/c1"]["left_out"] == {}


def test_overrides_in_words_and_as_json(data: Path) -> None:
    """Who was passed over, why, and what it cost."""
    result = run("overrides", data)
    assert result.exit_code == 0, result.output
    assert (
        'In plan rescue people passed over what was recommended in 1 of 1 orders; most often because: "closer by'
        in (" ".join(result.stdout.split()))
    )
    assert "E1: passed over 1 times, others 12 s later" in result.stdout
    report = msgspec.json.decode(run("overrides", data, "--json").stdout)
    assert report["total"]["verdicts"] == {"overridden": 1, "by_itself": 1}
    assert report["units"] == [{"unit": "E1", "times": 1, "later_ms": 12_000}]


def test_without_a_journal_it_says_so(tmp_path: Path) -> None:
    """And help teaches both reports."""
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "there is no journal here" in result.output
    assert "overrides" in run("--help").stdout
    assert "--profile" in run("clocks", "--help").stdout
