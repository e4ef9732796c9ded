"""Retention as the server's own task: due once a day from its hour on, done by the engine's command, failing aloud."""

from pathlib import Path
from typing import Any

import trio

from engine.core.engine import Engine
from engine.journal import Journal
from engine.journal.codec import record_of
from engine.journal.keys import Keyring
from engine.live.clock import Clock
from engine.model.hours import day_began_ms
from engine.model.inputs import AdoptPlace, CancelIncident, ReportIncident
from gateways import retention as module
from gateways.config import Retention
from gateways.retention import RetentionTask
from tests.builders import NOW, SMALL_JOURNAL, serve_place, small_place

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Still(Clock):
    """Shows what it is told to."""

    def __init__(self, at_ms: int) -> None:
        super().__init__()
        self.at_ms = at_ms

    def now(self) -> int:
        return self.at_ms


def old_journal(journal: Path) -> None:
    """Two incidents that ended at NOW, which is long ago."""
    engine, keys = Engine(), Keyring(journal)
    with Journal.open(journal, on_durable=lambda _: None, on_failure=print, settings=SMALL_JOURNAL) as log:

        def give(given: Any) -> None:
            log.submit(record_of(engine.step(given, NOW), keys))

        give(AdoptPlace(small_place()))
        for number in (1, 2):
            give(ReportIncident(id=f"r{number}", by="a", type="theft", x_m=0, y_m=0, address="PLANT"))
            give(CancelIncident(id=f"c{number}", by="a", incident=f"I{number}", reason="none"))


async def test_what_is_too_old_is_forgotten_by_the_server_itself(tmp_path: Path) -> None:
    """What is on hold stays; the day is done, also after a restart."""
    old_journal(tmp_path / "journal")
    kept = Retention(incidents_days=1, hold=("I2",), at_hour=0)
    async with serve_place(tmp_path / "journal") as running:
        task = RetentionTask(running.service, tmp_path, kept)
        day_ms = task.due_day_ms()
        assert day_ms is not None
        with trio.fail_after(120):
            assert await task.keep(day_ms)
        assert task.due_day_ms() is None
        assert task.statistics() == {"incidents_forgotten": 1, "runs": 1}
        assert task.levels() == {"failing": 0, "kept_through_s": day_ms // 1_000}
        assert RetentionTask(running.service, tmp_path, kept).due_day_ms() is None
    assert Keyring(tmp_path / "journal").is_destroyed(1)
    assert not Keyring(tmp_path / "journal").is_destroyed(2)


async def test_it_is_due_once_a_day_from_its_local_hour_on(tmp_path: Path) -> None:
    """Not before; on the next day again; where no hour is given, never."""
    clock = Still(NOW)
    async with serve_place(tmp_path / "journal", clock=clock) as running:
        midnight_ms = day_began_ms(running.service.world.settled, NOW + DAY_MS)
        task = RetentionTask(running.service, tmp_path, Retention(at_hour=3))
        clock.at_ms = midnight_ms + 3 * HOUR_MS - 1
        assert task.due_day_ms() is None
        clock.at_ms += 1
        assert task.due_day_ms() == midnight_ms
        task._kept_ms = midnight_ms
        clock.at_ms = midnight_ms + 23 * HOUR_MS
        assert task.due_day_ms() is None
        clock.at_ms = midnight_ms + DAY_MS + 4 * HOUR_MS
        assert task.due_day_ms() == midnight_ms + DAY_MS
        assert RetentionTask(running.service, tmp_path, Retention()).due_day_ms() is None


async def test_a_run_that_fails_says_so_and_is_tried_again(tmp_path: Path, monkeypatch: Any) -> None:
    """By its deadline, and by a journal that cannot be read; the next one that succeeds ends it."""
    monkeypatch.setattr(module, "AGAIN_AFTER_S", 0.01)
    async with serve_place(tmp_path / "journal") as running:
        hasty = RetentionTask(running.service, tmp_path, Retention(at_hour=0, within_s=0.001))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hasty.run)
            with trio.fail_after(120):
                while hasty.statistics().get("failed", 0) < 2:  # noqa: ASYNC110  a plain counter
                    await trio.sleep(0.01)
            assert hasty.levels()["failing"] == 1
            nursery.cancel_scope.cancel()
        lost = RetentionTask(running.service, tmp_path / "absent", Retention(at_hour=0))
        assert not await lost.keep(0)
        assert lost.levels()["failing"] == 1
        lost._data = tmp_path
        with trio.fail_after(120):
            assert await lost.keep(0)
        assert lost.levels()["failing"] == 0
