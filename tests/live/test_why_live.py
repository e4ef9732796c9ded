"""Why? Asked over the wire while the engine runs, and on the command line over the journal of a demo."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.journal.recovery import turns
from engine.model.facts import UnitDispatched, UnitsRecommended
from engine.model.response_facts import IncidentUnstacked, UnitsBypassed
from tests.builders import serve_place
from tests.live.cad_kit import FIRE, Wire, let_ask_why, wire


def why(data: Path, *words: str) -> dict[str, Any]:
    """Return what `turnout why … --json` prints."""
    command = [sys.executable, "-m", "gateways.cli", "why", *words, "--data", str(data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    account: dict[str, Any] = json.loads(done.stdout)
    return account


def considered(account: dict[str, Any], unit: str) -> list[dict[str, Any]]:
    """Return every judgement of that unit in the account."""
    slots = [slot for told in account["told"] if told["why"] for slot in told["why"]["slots"]]
    return [each for slot in slots for each in slot["considered"] if each["unit"] == unit]


async def asked(client: Wire, **fields: object) -> dict[str, Any]:
    told = await client.say("ask_why", **fields)
    assert told["type"] == "why_told", told
    account: dict[str, Any] = told["account"]
    return account


async def test_why_is_told_over_the_wire_while_the_engine_runs(tmp_path: Path) -> None:
    """Who was chosen, with the parts of its time; the same as the command line prints; deltas go on meanwhile."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        let_ask_why(running, tmp_path)
        reported = await client.ask({**FIRE, "id": "c1"}, "c1")
        account = await asked(client, incident="I1")
        assert account["incident"] == reported["incident"] == "I1"
        decision = next(told for told in account["told"] if told["why"])
        assert decision["seq"] == reported["seq"]
        chosen = {choice["unit"] for choice in decision["decision"]["choices"]}
        assert chosen == set(running.service.world.incidents["I1"].assigned)
        for unit in chosen:
            (judged,) = [each for each in considered(account, unit) if each["reason"] == "chosen"]
            assert judged["turnout_ms"] + judged["travel_ms"] == judged["eta_ms"] > 0
        assert account == why(tmp_path, "I1")


async def test_a_unit_that_no_decision_named_is_judged_at_that_very_moment(tmp_path: Path) -> None:
    """It is asked about by name, for all decisions or for the one that stood after a turn."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        let_ask_why(running, tmp_path)
        first = await client.ask({**FIRE, "id": "c1", "incident_type": "sick", "priority": 3}, "c1")
        await client.say("unit_status", unit="B1", status="out_of_service")
        await client.say("recommend", incident="I1")
        then = await asked(client, incident="I1", unit="B1", at=first["seq"])
        (before,) = considered(then, "B1")
        now = await asked(client, incident="I1", unit="B1", at=running.service.world.seq)
        (after,) = considered(now, "B1")
        assert (before["reason"], after["reason"]) == ("chosen", "not_in_service")
        (police,) = considered(await asked(client, incident="I1", unit="P2", at=first["seq"]), "P2")
        assert police["reason"] == "capability"
        stranger = await asked(client, incident="I1", unit="X9", at=first["seq"])
        assert considered(stranger, "X9") == []
        assert "'X9'" in stranger["told"][0]["words"]


async def test_what_has_no_answer_is_refused_with_the_reason(tmp_path: Path) -> None:
    """An incident that never was, and a turn before there was any decision."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        let_ask_why(running, tmp_path)
        await client.ask({**FIRE, "id": "c1"}, "c1")
        for fields in ({"incident": "I99"}, {"incident": "I1", "at": 1}):
            told = await client.say("ask_why", **fields)
            assert (told["type"], told["code"], told["field"]) == ("refused", "unknown_incident", "incident")
            assert str(fields["incident"]) in told["reason"]


# ── a whole demo ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short demo."""
    data = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "gateways.cli", "demo", "--units", "48", "--pace", "60", "--seconds", "12"]
    result = subprocess.run(
        [*command, "--json", "--data", str(data)], capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stderr
    return data


def sent(data: Path) -> list[tuple[int, UnitDispatched]]:
    return [
        (turn.seq, fact) for turn in turns(data / "journal") for fact in turn.facts if isinstance(fact, UnitDispatched)
    ]


def named(data: Path) -> dict[str, set[str]]:
    """Return by incident the units that some decision chose."""
    found: dict[str, set[str]] = {}
    for turn in turns(data / "journal"):
        for fact in turn.facts:
            if isinstance(fact, UnitsRecommended):
                found.setdefault(fact.incident, set()).update(choice.unit for choice in fact.choices)
    return found


def gone_on(data: Path) -> set[tuple[str, str]]:
    """Return the units that went to what was stacked on them."""
    facts = (fact for turn in turns(data / "journal") for fact in turn.facts)
    return {(fact.unit, fact.incident) for fact in facts if isinstance(fact, IncidentUnstacked)}


@pytest.mark.slow
def test_every_assignment_of_a_demo_is_explained(played: Path) -> None:
    """Asked for each unit that was sent: it was chosen, with the parts of its time.

    Or a person says why it went, or it was the busy unit that the incident was stacked on.
    """
    recommended, stacked, explained = named(played), gone_on(played), 0
    for seq, fact in sent(played):
        account = why(played, fact.incident, "--unit", fact.unit)
        story = [told["words"] for told in account["told"]]
        assert any(told["seq"] == seq for told in account["told"]), (fact, story)
        judged = considered(account, fact.unit)
        assert judged, fact
        if fact.unit not in recommended.get(fact.incident, ()):
            assert fact.deviation or (fact.unit, fact.incident) in stacked, fact
            continue
        chosen = [each for each in judged if each["reason"] == "chosen"]
        assert chosen, (fact, judged)
        for each in chosen:
            assert each["eta_ms"] > 0
            assert each["travel_ms"] >= 0
            assert each["turnout_ms"] + each["travel_ms"] == each["eta_ms"]
        explained += 1
    assert explained >= 6


@pytest.mark.slow
def test_the_decision_behind_an_assignment_is_found_by_its_turn(played: Path) -> None:
    """`--at` the dispatch: the one decision that stood then, with its proof."""
    seq, fact = next((seq, fact) for seq, fact in sent(played) if not fact.deviation)
    (told,) = why(played, fact.incident, "--at", str(seq))["told"]
    assert told["seq"] <= seq
    assert fact.unit in {choice["unit"] for choice in told["decision"]["choices"]}
    assert told["why"]["proof"]["cost"] == told["why"]["proof"]["bound"] >= 0


@pytest.mark.slow
def test_the_reports_on_a_demo_are_made(played: Path) -> None:
    """Clocks, and where people decided otherwise."""
    for words in (["report", str(played)], ["report", "overrides", str(played)]):
        command = [sys.executable, "-m", "gateways.cli", *words, "--json"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)
    bypassed = [fact for turn in turns(played / "journal") for fact in turn.facts if isinstance(fact, UnitsBypassed)]
    assert all(fact.reason for fact in bypassed)
