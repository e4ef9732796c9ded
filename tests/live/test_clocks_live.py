"""A running server counts response clocks while it works, and its journal says the same."""

from pathlib import Path

import pytest

from engine.clocks import STANDARDS
from engine.model.facts import UnitDispatched
from engine.model.inputs import CloseIncident, ReportStatus
from engine.model.lifecycle import Status
from gateways.reports import read_clocks
from tests.unit.metrics_kit import Measured, serve_metrics

C1 = {"profile": "nhs-arp", "measure": "c1"}


async def serve_one(measured: Measured) -> None:
    """Report a cardiac arrest, and let the crew that was sent go, arrive and finish."""
    sent: list[UnitDispatched] = []
    measured.board.on_turn.append(
        lambda turn: sent.extend(fact for fact in turn.facts if isinstance(fact, UnitDispatched))
    )
    incident = await measured.report(1)
    unit = sent[0].unit
    for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.AVAILABLE):
        await measured.service.ask(ReportStatus(id=status, by=unit, unit=unit, status=status))
    await measured.service.ask(CloseIncident(id="close", by="desk", incident=incident, disposition="done"))
    await measured.settled()


async def test_the_server_counts_what_its_journal_says(tmp_path: Path) -> None:
    """One reading within the limit, no series of a share before there is one; the report beside the engine agrees."""
    async with serve_metrics(tmp_path) as measured:
        assert measured.value("turnout_clock_readings_total", **C1) == 0
        with pytest.raises(KeyError):
            measured.value("turnout_clock_within_limit_ratio", **C1, limit_seconds="900")
        await serve_one(measured)
        limit = {**C1, "limit_seconds": "900"}
        assert measured.value("turnout_clock_readings_total", **C1) == 1
        assert measured.value("turnout_clock_within_limit_total", **limit) == 1
        assert measured.value("turnout_clock_within_limit_ratio", **limit) == 1
        assert measured.value("turnout_clock_target_ratio", **limit) == 0.9
        assert measured.value("turnout_clock_left_out", **C1) == 0
        row = next(row for row in read_clocks(tmp_path / "journal", STANDARDS).rows if row.measure == "c1")
        assert row.mean_ms is not None
        assert measured.value("turnout_clock_seconds_total", **C1) == row.mean_ms / 1000
        assert row.readings == 1
