"""Ready means proven: what makes it false, what only warns, and that the heart beats on a quiet night."""

import time
from pathlib import Path

import pytest
import trio

import gateways.metrics.metrics
from engine.journal import Journal
from engine.journal.space import Space
from engine.live.service import Stage
from engine.model.inputs import Tick
from gateways.metrics.health import BOARD_LAG_MAX, QUIET_MAX_S
from tests.unit.metrics_kit import serve_metrics


async def test_ready_once_work_has_been_done(tmp_path: Path) -> None:
    """After the start, whose turns are durable, it is ready and has nothing to complain about."""
    async with serve_metrics(tmp_path) as measured:
        found = measured.metrics.readiness()
        assert measured.value("turnout_ready") == 1
    assert found.ready
    assert (found.reasons, found.warnings) == ((), ())
    assert found.last_durable_age_s is not None
    assert found.journal is not None


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.READY])
async def test_not_ready_in_any_other_stage(tmp_path: Path, stage: Stage) -> None:
    """Before the doors open, while it stops and after the journal failed, it says no and why."""
    async with serve_metrics(tmp_path) as measured:
        measured.service.stage = stage
        found = measured.metrics.readiness()
        assert measured.value("turnout_ready") == 0
        assert measured.value("turnout_stage", stage=stage.value) == 1
        measured.service.stage = Stage.READY
    assert not found.ready
    assert len(found.reasons) == 1
    assert stage.value in found.reasons[0] or stage is Stage.FAILED


async def test_not_ready_without_recent_work(tmp_path: Path) -> None:
    """The stage alone proves nothing: without a durable turn, or without a recent one, it is not ready."""
    async with serve_metrics(tmp_path) as measured:
        measured.service.measures.last_durable_monotonic_s = 0.0
        never = measured.metrics.readiness()
        measured.service.measures.last_durable_monotonic_s = time.monotonic() - QUIET_MAX_S - 1
        long_ago = measured.metrics.readiness()
        await measured.service.tell(Tick())
        again = measured.metrics.readiness()
    assert (never.ready, never.last_durable_age_s) == (False, None)
    assert not long_ago.ready
    assert "Look at the disk" in long_ago.reasons[0]
    assert again.ready


async def test_not_ready_while_the_board_shows_the_past(tmp_path: Path) -> None:
    """Screens that are thousands of turns behind are worse than none."""
    async with serve_metrics(tmp_path) as measured:
        measured.board.world.seq -= BOARD_LAG_MAX + 1
        found = measured.metrics.readiness()
        measured.board.world.seq += BOARD_LAG_MAX + 1
    assert not found.ready
    assert found.board_lag_turns == BOARD_LAG_MAX + 1


@pytest.mark.parametrize(
    ("space", "says"),
    [
        (Space(4, 100, 5, ballast_held=True), "5 %"),
        (Space(9, 100, 10, ballast_held=True), "10 %"),
        (Space(50, 100, 0, ballast_held=False), "reserve is spent"),
        (None, "does not tell"),
    ],
)
async def test_a_disk_that_fills_is_a_warning_and_turns_no_call_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: Space | None, says: str
) -> None:
    """Room is told and complained about, also when the disk does not answer; calls are still taken."""

    def answer(_: Journal) -> Space:
        if space is None:
            raise OSError(5, "Input/output error")
        return space

    async with serve_metrics(tmp_path) as measured:
        monkeypatch.setattr(Journal, "space", answer)
        found = measured.metrics.readiness()
        exposed = "turnout_journal_free_bytes" in measured.families()
    assert found.ready
    assert len(found.warnings) == 1
    assert says in found.warnings[0]
    assert exposed is (space is not None)


async def test_enough_room_is_not_worth_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first level of the journal's own alarm is for the dashboard."""
    async with serve_metrics(tmp_path) as measured:
        monkeypatch.setattr(Journal, "space", lambda _: Space(15, 100, 20, ballast_held=True))
        assert measured.metrics.readiness().warnings == ()


async def test_the_heart_beats_only_where_it_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without work empty turns become durable by themselves; where work is done, none is added."""
    monkeypatch.setattr(gateways.metrics.metrics, "HEARTBEAT_S", 0.02)
    async with serve_metrics(tmp_path) as measured:
        follower = measured.service.release.follow("test", 1_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(measured.metrics.run)
            beats = [*await follower.batch(), *await follower.batch()]
            monkeypatch.setattr(gateways.metrics.metrics, "HEARTBEAT_S", 600)
            nursery.cancel_scope.cancel()
    assert len(beats) >= 2
    assert all(turn.input == Tick() for turn in beats)
    async with serve_metrics(tmp_path / "busy") as measured:
        monkeypatch.setattr(gateways.metrics.metrics, "HEARTBEAT_S", 0.02)
        measured.service.measures.last_durable_monotonic_s = time.monotonic() + 3_600  # work is done all the time
        before = measured.service.measures.turns
        with trio.move_on_after(0.2):
            await measured.metrics.run()
        assert measured.service.measures.turns == before
