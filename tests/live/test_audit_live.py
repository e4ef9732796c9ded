"""What was typed is in the record: by whom, when, about what; and it is forgotten with its incident."""

import json
from pathlib import Path

from click.testing import CliRunner

from engine.journal.keys import Keyring, number_of
from gateways.commands.journal import journal
from tests.builders import serve_place
from tests.live.cad_kit import FIRE, wire


def audit(folder: Path, *options: str) -> list[dict[str, object]]:
    """Run `turnout journal audit` as a person does."""
    done = CliRunner().invoke(journal, ["audit", str(folder), "--json", *options])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.output.splitlines()]


def planted(folder: Path) -> list[Path]:
    """Return the files of the journal in which the planted word can be read."""
    return [path for path in folder.rglob("*.seg") if b"PLANT" in path.read_bytes()]


async def test_what_was_typed_is_told_and_forgotten(tmp_path: Path) -> None:
    """An order, a refused one, a status that names no incident; after forgetting, no byte of the lines is left."""
    async with serve_place(tmp_path) as running, wire(running) as client:
        call = {**FIRE, "incident_type": "theft", "line": "N theft 41.5,-90.5 ; PLANT says"}
        assert (await client.say(**{"kind": call.pop("type"), **call}))["incident"] == "I1"
        sent = {"incident": "I1", "units": ["P1"], "reason": "PLANT"}
        assert (await client.say("dispatch", **sent, line="D I1 P1 PLANT"))["type"] == "answer"
        await client.say("unit_status", unit="P1", status="en_route", line="P1 3 PLANT")
        await client.say("dispatch", incident="I1", units=["M9"], line="D I1 M9 PLANT")
        await client.say("cancel_incident", incident="I1", reason="PLANT", line="C I1 PLANT")
    told = audit(tmp_path, "--typed")
    assert [each["line"] for each in told] == [
        "N theft 41.5,-90.5 ; PLANT says",
        "D I1 P1 PLANT",
        "P1 3 PLANT",
        "D I1 M9 PLANT",
        "C I1 PLANT",
    ]
    assert all(each["by"] == "cad" and each["at_ms"] for each in told)
    assert [bool(each["refused"]) for each in told] == [False, False, False, True, False]
    assert len(audit(tmp_path, "--incident", "I1")) >= 4
    assert not audit(tmp_path, "--by", "nobody")
    words = CliRunner().invoke(journal, ["tail", str(tmp_path), "--no-follow", "--lines", "40"]).output
    assert "'D I1 P1 PLANT'  by=cad" in words
    assert not planted(tmp_path)
    Keyring(tmp_path).destroy(number_of("I1"))
    assert {each["line"] for each in audit(tmp_path, "--typed")} == {"[erased]"}
    assert "PLANT" not in CliRunner().invoke(journal, ["audit", str(tmp_path)]).output
