"""What is said of coverage, of moves and of the planner that thinks about them."""

from pathlib import Path

import pytest

from engine.model.inputs import ReportStatus
from engine.model.lifecycle import Status
from engine.model.moves import AcceptMove, MoveRules, MoveWhy, ProposedMove, RejectMove
from tests.unit.metrics_kit import Measured, serve_metrics

WHY = MoveWhy("test", 612_000, 655_500, 43_500, 6_000, -1, "S3 has no medic", "M1 is idle")
NORTH, SOUTH = ProposedMove("M1", "S3", 300_000, WHY), ProposedMove("M3", "S1", 300_000, WHY)


async def say(measured: Measured, status: Status) -> None:
    await measured.service.tell(ReportStatus(id=f"s{status}", by="M1", unit="M1", status=status))
    await measured.settled()


async def test_coverage_is_told_by_class(tmp_path: Path) -> None:
    """As shares; before the first plan nothing is claimed."""
    async with serve_metrics(tmp_path) as measured:
        with pytest.raises(KeyError):
            measured.value("turnout_coverage_ratio", layer="als", when="now")
        await measured.plan()
        assert measured.value("turnout_coverage_ratio", layer="als", when="now") == 0.612
        assert measured.value("turnout_coverage_ratio", layer="als", when="then") == 0.6555


async def test_a_move_is_counted_to_its_end(tmp_path: Path) -> None:
    """Proposed, ordered, arrived: each once; who is held back and why is told by the rule's code."""
    rules = MoveRules(at_once=1)
    async with serve_metrics(tmp_path, moves=rules) as measured:
        await measured.plan(NORTH, SOUTH)
        assert measured.value("turnout_moves_open", state="proposed") == 2
        first, second = measured.service.world.moves
        await measured.service.ask(AcceptMove(id="a", by="desk", move=first))
        await measured.service.ask(RejectMove(id="r", by="desk", move=second, reason="it is needed there"))
        await measured.plan(SOUTH)
        assert measured.value("turnout_moves_open", state="proposed") == 0
        assert measured.value("turnout_moves_open", state="ordered") == 1
        assert measured.value("turnout_moves_held_back_total", code="refused") == 1
        assert measured.value("turnout_moves_held_back_total", code="at_once") == 0
        for status in (Status.RETURNING, Status.AVAILABLE):
            await say(measured, status)
        assert measured.value("turnout_moves_open", state="ordered") == 0
        assert measured.value("turnout_moves_ended_total", outcome="arrived") == 1
        assert measured.value("turnout_moves_proposed_total") == 2
        assert measured.value("turnout_moves_ordered_total") == 1
        assert measured.value("turnout_moves_refused_total") == 1


async def test_the_planner_is_measured(tmp_path: Path) -> None:
    """How long plans take, how long ago the last one was, and failures by cause, those that never happened as well."""
    async with serve_metrics(tmp_path) as measured:
        planner = measured.planner
        assert planner.on_plan is not None
        planner.on_plan(0.004)
        planner.measures.failures["late"] += 2
        planner.measures.last_plan_monotonic_s -= 400
        assert measured.value("turnout_plan_seconds_count") == 1
        assert measured.value("turnout_plan_seconds_bucket", le="0.005") == 1
        assert measured.value("turnout_plan_seconds_bucket", le="0.0025") == 0
        assert measured.value("turnout_planner_failures_total", cause="late") == 2
        assert measured.value("turnout_planner_failures_total", cause="fault") == 0
        assert 400 <= measured.value("turnout_planner_age_seconds") < 460
