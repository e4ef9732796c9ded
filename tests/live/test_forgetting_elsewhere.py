"""Claims about what is erased beside the journal: a failure there neither keeps the key nor is forgotten, nor does a crash."""

from pathlib import Path
from threading import Event
from typing import Any

import trio

from engine.core.engine import Engine
from engine.journal import Journal
from engine.journal.codec import record_of
from engine.journal.keys import Keyring
from engine.journal.owed import Owed
from engine.journal.recovery import recover_world
from engine.live import forgetting
from engine.model.forgetting import ForgetIncident
from engine.model.inputs import CancelIncident, ReportIncident
from tests.builders import NOW, SMALL_JOURNAL, serve_place

FORGET = ForgetIncident(id="f", by="desk", incident="I1", reason="asked for")


async def give(service: Any, *commands: Any) -> None:
    for command in commands:
        assert (await service.ask(command)).refusal is None


ENDED = (
    ReportIncident(id="r", by="desk", type="theft", x_m=0, y_m=0, address="12 Mill Lane"),
    CancelIncident(id="c", by="desk", incident="I1", reason="none"),
)


async def test_a_log_that_cannot_be_written_is_tried_again_and_the_key_is_gone(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(forgetting, "AGAIN_AFTER_S", 0.01)
    tried: list[bool] = []
    faults: list[tuple[list[str], str]] = []

    def fail_once(incident: str) -> None:
        assert incident == "I1"
        tried.append(Keyring(tmp_path).is_destroyed(1))
        if len(tried) == 1:
            raise OSError("a log is read-only")

    async with serve_place(tmp_path) as running:
        running.service.on_forget.append(fail_once)
        running.service.forgetting.on_fault = lambda names, detail: faults.append((names, detail))
        with trio.fail_after(120):
            await give(running.service, *ENDED, FORGET)
    assert tried == [True, True]
    assert Owed(tmp_path).names() == []
    assert faults == [(["I1"], "a log is read-only")]


async def test_what_a_crash_cut_off_is_caught_up_with_once_everybody_is_there(tmp_path: Path) -> None:
    async with serve_place(tmp_path) as running:
        await give(running.service, *ENDED)
    durable, keys = Event(), Keyring(tmp_path)
    with Journal.open(tmp_path, on_durable=lambda _: durable.set(), on_failure=print, settings=SMALL_JOURNAL) as log:
        world = recover_world(tmp_path).world
        log.submit(record_of(Engine(world).step(FORGET, max(NOW, world.now) + 1_000), keys))
        assert durable.wait(30)
    assert not keys.is_destroyed(1)
    for expected in (["I1"], []):
        told: list[str] = []
        async with serve_place(tmp_path) as running:
            running.service.on_forget.append(told.append)
            await running.service.forgetting.catch_up_elsewhere(tmp_path)
        assert told == expected
        assert Keyring(tmp_path).is_destroyed(1)


async def test_what_cannot_be_caught_up_with_at_the_start_is_tried_again_and_owed_until_it_is_done(
    tmp_path: Path, monkeypatch: Any
) -> None:
    async with serve_place(tmp_path) as running:
        await give(running.service, *ENDED, FORGET)
    monkeypatch.setattr(forgetting, "AGAIN_AFTER_S", 0.01)
    Owed(tmp_path).note(["I1"])
    done, faults = trio.Event(), [OSError("a log is read-only"), OSError("still")]

    def fail_twice(_: str) -> None:
        if faults:
            assert Owed(tmp_path).names() == ["I1"]
            raise faults.pop()
        trio.from_thread.run_sync(done.set)

    async with serve_place(tmp_path) as running:
        running.service.on_forget.append(fail_twice)
        await running.service.forgetting.catch_up_elsewhere(tmp_path)
        assert len(faults) == 1, "the start waits for the first attempt"
        with trio.fail_after(120):
            await done.wait()
    async with serve_place(tmp_path) as running:
        running.service.on_forget.append(lambda _: faults.append(OSError("again")))
        await running.service.forgetting.catch_up_elsewhere(tmp_path)
    assert (faults, Owed(tmp_path).names()) == ([], [])
