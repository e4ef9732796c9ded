"""Beside a CAD: a server in shadow mode, whose journal says what it would have done."""

from pathlib import Path

import msgspec
from click.testing import CliRunner

from engine.model.inputs import CloseIncident, DispatchUnits, ReportIncident, ReportStatus
from engine.model.lifecycle import Status
from gateways.cli import main
from gateways.reports import read_shadow
from tests.builders import Running, serve_place


async def serve_one(running: Running, number: int, unit: str) -> None:
    """Report a fire alarm, let the CAD send this unit, and see it through."""
    ask = running.service.ask
    await ask(ReportIncident(id=f"r{number}", by="cad", type="alarm", x_m=0, y_m=100))
    (incident,) = running.service.world.open
    await ask(DispatchUnits(id=f"d{number}", by="cad", incident=incident, units=(unit,), reason=""))
    for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.AVAILABLE):
        await ask(ReportStatus(id=f"{status}{number}", by=unit, unit=unit, status=status))
    await ask(CloseIncident(id=f"c{number}", by="cad", incident=incident, disposition="done"))


async def test_the_journal_of_a_shadow_server(tmp_path: Path) -> None:
    """The CAD sends our choice once and a farther engine once; the report beside the engine has both, and both looks."""
    async with serve_place(tmp_path / "journal") as running:
        await serve_one(running, 1, "E2")
        await serve_one(running, 2, "E3")
        found = read_shadow(tmp_path / "journal")
    assert found.total.agreements == {"same_units": 1, "same_first": 0, "different": 1}
    assert found.total.first is not None
    assert found.total.first.sum_min > 1
    assert found.etas is not None
    assert (found.etas.arrivals, found.left_out) == (2, {})
    told = CliRunner().invoke(main, ["report", "shadow", str(tmp_path), "--json"])
    assert msgspec.json.decode(told.stdout, type=type(found)) == found
    seen = CliRunner().invoke(main, ["report", "shadow", str(tmp_path)], env={"COLUMNS": "180"})
    assert seen.exit_code == 0, seen.output
    assert all(part in seen.stdout for part in ("50.0%", "priority 3", "alarm", "2 arrivals", "flatter"))


def test_without_a_journal_it_says_so(tmp_path: Path) -> None:
    """A sentence and status 1."""
    refused = CliRunner().invoke(main, ["report", "shadow", str(tmp_path)])
    assert refused.exit_code == 1
    assert "there is no journal here" in refused.output
