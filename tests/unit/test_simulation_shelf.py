"""Kept runs in a folder: listed by what their heads say, and made into a page with the policy that lets it work."""

import os
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from gateways.cli import main
from gateways.simulation import Run, RunRefused, save
from gateways.simulation.shelf import page_of, runs_in
from tests.unit.simulation_kit import city

RUN = Run("riverside", "city", 5, 2, 1)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for number, name in enumerate(("old.run", "new.run")):
        save(tmp_path / name, RUN, city(reps=2, days=2))
        os.utime(tmp_path / name, (1_000 + number, 1_000 + number))
    (tmp_path / "broken.run").write_bytes(b"no archive")
    os.utime(tmp_path / "broken.run", (2_000, 2_000))
    (tmp_path / "notes.txt").write_text("not a run")
    return tmp_path


def test_runs_are_listed_the_latest_first_and_what_is_wrong_is_said(shelf: Path) -> None:
    """Without the folder in what is told of a fault."""
    broken, *others = runs_in(shelf)
    assert (broken.file, broken.place) == ("broken.run", "")
    assert broken.fault.startswith("broken.run: is damaged")
    assert [each.file for each in others] == ["new.run", "old.run"]
    first = others[0]
    assert (first.kept_ms, first.place, first.days, first.reps) == (1_001_000, "riverside", 5, 2)
    assert first.policies == ("static", "dmexclp", "priced", "restless")
    told = CliRunner().invoke(main, ["sim", "runs", str(shelf)])
    assert [each["file"] for each in msgspec.json.decode(told.stdout)] == ["broken.run", "new.run", "old.run"]


def test_a_page_comes_with_the_policy_under_which_its_script_runs(shelf: Path) -> None:
    """Its own script by its digest, and no other; the same in its head."""
    found = page_of(shelf / "new.run")
    script = re.findall(r"<script>(.*)</script>", found.page, re.DOTALL)[-1]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in found.policy
    assert found.policy in found.page
    told = CliRunner().invoke(main, ["sim", "page", str(shelf / "new.run")])
    assert msgspec.json.decode(told.stdout) == msgspec.to_builtins(found)


def test_what_is_no_run_has_no_page(shelf: Path) -> None:
    """A sentence instead, also on the command line."""
    with pytest.raises(RunRefused, match="is damaged"):
        page_of(shelf / "broken.run")
    told = CliRunner().invoke(main, ["sim", "page", str(shelf / "broken.run")])
    assert told.exit_code == 1
    assert "is damaged" in told.output
