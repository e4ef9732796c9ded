"""Claims about a crash while an incident is erased: at whatever step it comes, the next start leaves nothing anywhere."""

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from engine.core.engine import Engine
from engine.journal import Journal
from engine.journal.codec import record_of
from engine.journal.disk import Disk
from engine.journal.keys import Keyring
from engine.journal.owed import Owed
from engine.journal.recovery import recover_world, take_snapshot
from engine.live.forgetting import Forgetting
from engine.model.forgetting import ForgetIncident
from engine.model.inputs import AdoptPlace, AnyInput, CancelIncident, ReportIncident
from engine.model.turn import Turn
from tests.builders import NOW, SMALL_JOURNAL, small_place

WORDS = b"PLANT"
STEPS = ("open", "pwrite", "fsync", "rename", "unlink", "fsync_dir")
"""What erasing does to the disk."""
OUTSIDE = ("alerts", "exchanges")
FORGET = ForgetIncident(id="f", by="desk", incident="I1", reason="asked for")


def journal_turns(folder: Path, engine: Engine, *given: AnyInput) -> list[Turn]:
    """Decide and journal these; return the turns once they are durable."""
    durable, made, last = Event(), [], engine.world.seq + len(given)

    def on_durable(seq: int) -> None:
        if seq >= last:
            durable.set()

    with Journal.open(folder, on_durable=on_durable, on_failure=print, settings=SMALL_JOURNAL) as log:
        for each in given:
            made.append(engine.step(each, max(NOW, engine.world.now) + 1_000))
            log.submit(record_of(made[-1], Keyring(folder)))
        assert durable.wait(120)
    return made


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a folder in which the forgetting of I1 is durable, and nothing is erased yet; and that turn."""
    folder = tmp_path_factory.mktemp("before")
    Keyring(folder).prepare(1)
    engine = Engine()
    report = ReportIncident(id="r", by="desk", type="theft", x_m=0, y_m=0, address="PLANT Lane 12")
    cancel = CancelIncident(id="c", by="desk", incident="I1", reason="none")
    journal_turns(folder, engine, AdoptPlace(small_place()), report, cancel)
    take_snapshot(folder)
    (turn,) = journal_turns(folder, engine, FORGET)
    for name in OUTSIDE:
        (folder / name).write_bytes(WORDS)
    assert [path.name for path in folder.rglob("*") if path.is_file() and WORDS in path.read_bytes()] != list(OUTSIDE)
    return folder, turn


class Died(BaseException):
    """The process, at this step."""


class Steps:
    """Counts the steps of erasing, and dies before one of them."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        for name in STEPS:
            patched.setattr(Disk, name, self._stepping(getattr(Disk, name)))

    def take(self) -> None:
        if self.left == 0:
            raise Died
        if self.left is not None:
            self.left -= 1

    def _stepping(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any) -> Any:
            self.take()
            return act(*given)

        return step


def start(folder: Path, steps: Steps) -> Forgetting:
    """Recover as a server does, to where doors are not yet open."""
    world = recover_world(folder).world
    service = SimpleNamespace(world=world, keys=Keyring(folder), on_forget=[])

    def erase(name: str, incident: str) -> None:
        assert incident == "I1"
        steps.take()
        (folder / name).write_bytes(b"")

    service.on_forget += [lambda incident, name=name: erase(name, incident) for name in OUTSIDE]
    return Forgetting(service)  # type: ignore[arg-type]  # all that it needs of one


async def erase_live(folder: Path, turn: Turn, steps: Steps) -> None:
    """Erase what a durable turn says, as a running server does."""
    forgetting, done = start(folder, steps), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(forgetting.run, folder)
        forgetting.begin(turn, lambda *_: done.set(), None)
        with trio.fail_after(120):
            await done.wait()
        nursery.cancel_scope.cancel()


async def erase_at_start(folder: Path, turn: Turn, steps: Steps) -> None:
    """Erase what is owed, as a server does that starts."""
    del turn
    forgetting = start(folder, steps)
    await trio.to_thread.run_sync(forgetting.catch_up, folder)
    await forgetting.catch_up_elsewhere(folder)


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and WORDS in path.read_bytes()]


async def dies_before(folder: Path, turn: Turn, erase: Any, steps: Steps, step: int) -> bool:
    """Let it die before that step; tell whether it came so far."""
    steps.left = step
    died = False
    try:
        await erase(folder, turn, steps)
    except* Died:
        died = True
    finally:
        steps.left = None
    return died


@pytest.mark.parametrize("erase", [erase_live, erase_at_start])
async def test_a_crash_at_any_step_is_made_up_for_by_the_next_start(
    before: Any, tmp_path: Path, monkeypatch: Any, erase: Any
) -> None:
    origin, turn = before
    steps = Steps(monkeypatch)
    for step in range(100):
        folder = tmp_path / str(step)
        shutil.copytree(origin, folder)
        died = await dies_before(folder, turn, erase, steps, step)
        if died:
            await erase_at_start(folder, turn, steps)
        assert left_in(folder) == [], f"it died before step {step}"
        assert Keyring(folder).is_destroyed(1)
        assert Owed(folder).names() == []
        if not died:
            assert step > len(OUTSIDE) + 5, "there was nothing to die of"
            return
    pytest.fail("it has no end")


async def test_a_start_that_dies_as_well_is_made_up_for_by_the_one_after_it(
    before: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    origin, turn = before
    steps = Steps(monkeypatch)
    for step in range(0, 100, 4):
        folder = tmp_path / str(step)
        shutil.copytree(origin, folder)
        died = await dies_before(folder, turn, erase_live, steps, step)
        for again in range(step % 5, 100, 3) if died else ():
            if not await dies_before(folder, turn, erase_at_start, steps, again):
                break
        assert left_in(folder) == []
        assert Owed(folder).names() == []
        if not died:
            return
    pytest.fail("it has no end")


async def test_what_is_settled_is_not_done_again_and_a_stray_note_erases_nobody(
    before: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    folder = tmp_path / "settled"
    shutil.copytree(before[0], folder)
    steps = Steps(monkeypatch)
    await erase_at_start(folder, before[1], steps)
    Owed(folder).note(["I2"])
    (folder / OUTSIDE[0]).write_bytes(WORDS)
    await erase_at_start(folder, before[1], steps)
    assert left_in(folder) == [OUTSIDE[0]]
