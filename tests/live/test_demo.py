"""`turnout demo` from outside: the whole of it, with a kill in the middle, and an audit that is hard to please."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.journal.recovery import turns
from engine.model.inputs import ReportIncident
from engine.model.response_inputs import AcceptRecommendation
from gateways.demo.audit import Audit, audit
from gateways.demo.ledger import Asked, Ledger

pytestmark = pytest.mark.slow


def demo(*options: str) -> list[str]:
    return [sys.executable, "-m", "gateways.cli", "demo", "--units", "24", "--pace", "20", "--json", *options]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """One demo of a small city: its busiest bridge is closed, and while it is its engine is killed."""
    data = tmp_path_factory.mktemp("demo")
    command = demo("--pace", "60", "--seconds", "12", "--close-at", "3", "--crash-at", "5", "--data", str(data))
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), data


def test_a_killed_engine_comes_back_and_nothing_is_lost(played: tuple[dict[str, Any], Path]) -> None:
    """Exit status 0 means that every claim of the audit holds, with calls, crews, pages and both feeds at work."""
    summary, _ = played
    assert summary["holds"]
    assert [outage["status"] for outage in summary["outages"]] == [-signal.SIGKILL]
    assert summary["outages"][0]["to_s"] is not None
    ledger = summary["ledger"]
    assert ledger["calls"] >= 6
    assert summary["answered"]["calls"] == ledger["calls"]
    assert ledger["pages_shown"] > 0
    assert ledger["fixes_json_lines"] > 0
    assert ledger["fixes_osmand"] > 0
    assert ledger["unanswered"] == 0


def test_a_bridge_is_closed_and_decisions_follow(played: tuple[dict[str, Any], Path]) -> None:
    """The next epoch knows of it, people at both ends call and are sent for, and no crew drives through."""
    summary, _ = played
    closing, decided, ledger = summary["audit"]["closing"], summary["audit"]["decided"], summary["ledger"]
    assert closing["street"].endswith("Bridge")
    assert closing["arcs"] >= 2
    assert closing["closure"]
    assert closing["epoch"] >= 2
    assert closing["in_force_ms"] is not None
    assert closing["closed_s"] < closing["opened_s"]
    assert decided["open_recommendations"] + decided["recommendations"] + decided["dispatches"] > 0
    assert ledger["drives"] > 0
    assert ledger["drives_through_closed"] == 0


def test_an_exercise_is_played_and_nobody_real_is_told(tmp_path: Path) -> None:
    """Duty officers are on the ladder's first rung; all that they would have been sent is on record."""
    command = demo("--pace", "60", "--seconds", "8", "--exercise", "--data", str(tmp_path))
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    (finding,) = [each for each in json.loads(result.stdout)["audit"]["findings"] if "exercise" in each["claim"]]
    assert finding["holds"]
    lines = [json.loads(line) for line in (tmp_path / "exercise.jsonl").read_text().splitlines()]
    assert {line["endpoint"] for line in lines} == {"officers"}
    assert all(line["message"]["text"].startswith("EXERCISE") for line in lines)
    again = [sys.executable, "-m", "gateways.cli", "run", str(tmp_path / "place"), "--data", str(tmp_path)]
    refused = subprocess.run(again, capture_output=True, text=True, timeout=600, check=False)
    assert refused.returncode != 0
    assert "is an exercise's" in refused.stderr


def test_arrivals_are_held_against_what_was_foretold(played: tuple[dict[str, Any], Path]) -> None:
    """Over streets, by people who drive otherwise than the map says."""
    punctuality = played[0]["audit"]["punctuality"]
    assert punctuality["basis"] == "over streets"
    assert punctuality["arrivals"] > 0
    assert punctuality["error_median_s"] < punctuality["eta_median_s"]


def test_the_whole_response_is_played(played: tuple[dict[str, Any], Path]) -> None:
    """Advice is accepted, the gravest call is there, and people say what they want to say beside it."""
    summary, data = played
    response, ledger = summary["audit"]["response"], summary["ledger"]
    assert response["accepted"] + response["overridden"] + response["held"] + response["stacked"] > 0
    assert ledger.get("refused_stale_recommendation", 0) == response["stale"]
    assert response["neighbours_committed"] + response["neighbours_declined"] <= response["neighbours_asked"]
    given = [turn.input for turn in turns(data / "journal")]
    assert any(isinstance(each, AcceptRecommendation) for each in given)
    assert "structure_fire" in {each.type for each in given if isinstance(each, ReportIncident)}
    claims = {finding["claim"] for finding in summary["audit"]["findings"]}
    assert {"nobody was diverted twice, or off a scene", "an acceptance sends whom it named"} <= claims


def test_crews_are_moved_about_and_accounted_for(played: tuple[dict[str, Any], Path]) -> None:
    """Proposals are made and answered, by a person; each order comes to an end or is under way. Over a kill as well."""
    moves = played[0]["audit"]["moves"]
    assert moves["proposed"] > 0
    assert moves["accepted"] + moves["refused"] > 0
    assert moves["carried_out"] == 0
    ended = sum(count for name, count in moves.items() if name.startswith("ended_"))
    assert moves["ordered"] == moves["accepted"] + moves["unasked"] == ended + moves["under_way"]
    claims = {finding["claim"] for finding in played[0]["audit"]["findings"]}
    assert {"every proposed move was answered, or withdrawn", "every ordered move ended, or is under way"} <= claims


def found(data: Path, ledger: Ledger) -> Audit:
    return audit(data / "journal", ledger, since_ms=1 << 60)


def broken(result: Audit) -> list[str]:
    return [finding.claim for finding in result.findings if not finding.holds]


def test_the_audit_finds_nothing_where_nothing_is_claimed(played: tuple[dict[str, Any], Path]) -> None:
    """An empty book disagrees with no journal."""
    assert broken(found(played[1], Ledger())) == []


def test_the_audit_sees_an_acknowledged_call_that_the_journal_has_not(played: tuple[dict[str, Any], Path]) -> None:
    """A lost call shows as a call and as a command."""
    lost = Asked("ReportIncident", "dispatcher", seq=7, incident="I9999")
    result = found(played[1], Ledger(commands={"lost": lost}, calls_made=1))
    assert broken(result) == ["every acknowledged call is in the journal", "every acknowledged command is there once"]


def test_the_audit_sees_an_unanswered_call(played: tuple[dict[str, Any], Path]) -> None:
    """A caller who never heard back is not passed over in silence."""
    waiting = Asked("ReportIncident", "dispatcher")
    result = found(played[1], Ledger(commands={"waiting": waiting}, calls_made=1))
    assert broken(result) == ["every acknowledged call is in the journal"]


def test_the_audit_sees_a_page_that_nobody_sent(played: tuple[dict[str, Any], Path]) -> None:
    """A pager that shows what the engine never asked for is a fault."""
    ledger = Ledger()
    ledger.pages["A9999"] += 1
    assert broken(found(played[1], ledger)) == ["every page delivered was shown on a pager"]


def test_the_audit_sees_a_receipt_that_was_forgotten(played: tuple[dict[str, Any], Path]) -> None:
    """A crew whose word was taken is known to have read its page."""
    assert broken(found(played[1], Ledger(receipts={"A9999"}))) == ["every page delivered was shown on a pager"]


def test_the_audit_sees_a_drive_through_a_closed_street(played: tuple[dict[str, Any], Path]) -> None:
    """The city's own book says so."""
    assert broken(found(played[1], Ledger(drives_through_closed=1))) == ["nobody drove through a closed street"]


def test_two_demos_do_not_share_a_folder(played: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    """The second is refused before it can move the first one's doors; Ctrl-C ends the first with its summary."""
    del played
    first = subprocess.Popen(demo("--data", str(tmp_path)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "journal").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second = subprocess.run(demo("--data", str(tmp_path)), capture_output=True, text=True, timeout=600, check=False)
        assert second.returncode == 2
        assert "Another demo plays in" in second.stderr
        wait_for_calls(first)
        first.send_signal(signal.SIGINT)
        out, _ = first.communicate(timeout=600)
        assert first.returncode == 0
        assert json.loads(out)["holds"]
    finally:
        first.kill()
        first.communicate()


def test_the_engine_does_not_outlive_its_demo(played: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    """A demo that is killed without a word leaves no engine behind."""
    del played
    process = subprocess.Popen(
        demo("--data", str(tmp_path)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    engine = wait_for_engine(process)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{engine}").exists():
        assert time.monotonic() < deadline, "the engine is still there"
        time.sleep(0.1)
    assert not alive(engine)


def wait_for_engine(process: "subprocess.Popen[str]") -> int:
    """Read the hints until the engine's number is known."""
    assert process.stderr is not None
    for line in process.stderr:
        if "kill -9" in line:
            return int(line.split("kill -9")[1].split()[0])
    raise AssertionError("the demo ended before its engine was there")


def wait_for_calls(process: "subprocess.Popen[str]") -> None:
    """Read until the first line of progress."""
    assert process.stderr is not None
    for line in process.stderr:
        if "calls" in line:
            return
    raise AssertionError("the demo ended before anybody had called")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
