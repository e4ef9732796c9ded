"""The task that learns beside the engine: it follows the released turns and tells the engine what they teach.

It lives in the service's loop in small bites; streets are asked in a thread. Whatever goes wrong in here is counted
and costs what was learned since the last save, never a dispatch.
"""

from collections.abc import Callable
from functools import partial

import msgspec
import trio

from engine.learning.drives import Drive
from engine.learning.speeds import Expected, Predictor
from engine.learning.streets import StreetPredictor, unlearned
from engine.learning.watcher import LearnerState, Watcher
from engine.live.release import Follower, Lagged
from engine.live.service import Service
from engine.model.facts import CommandRefused
from engine.model.paper import decode_as, encode
from engine.state.image import restore, save
from engine.state.world import World

FOLLOW_TURNS_MAX = 16_384
TURNS_AT_A_STRETCH = 32
DRIVES_AT_ONCE = 64
SAVE_EVERY_S = 900.0
"""A full memory takes 16 ms to write down, and nothing else runs meanwhile."""
REST_AFTER_FAULT_S = 60.0


class Learning:
    """One per service. `load` and `keep` read and write its memory; `keep` runs in a thread and may raise OSError."""

    def __init__(
        self,
        service: Service,
        *,
        load: Callable[[], bytes | None] = lambda: None,
        keep: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self.service = service
        self.faults = 0
        self.last_fault = ""
        self.told = 0
        """Inputs that the engine took."""
        self.state = LearnerState()
        self._predictor: StreetPredictor | None = None
        self._load = load
        self._keep = keep
        self._saved_s = trio.current_time()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Learn until cancelled; started once it follows. A fault costs a rest, and a start from the World as it is."""
        await self._remember()
        try:
            follower, world = await self._join()
            task_status.started()
            while True:
                await self._learn(follower, world)
                follower, world = await self._join()
        finally:
            self._write()

    async def _join(self) -> tuple[Follower, World]:
        """Follow the released turns from here on, with a World of our own; building it must not hold up the loop."""
        follower = self.service.release.follow("learning", FOLLOW_TURNS_MAX)
        image = save(self.service.world)
        return follower, await trio.to_thread.run_sync(partial(restore, image, indexed=False))

    async def _learn(self, follower: Follower, world: World) -> None:
        try:
            await self._follow(follower, world)
        except Lagged:
            self._count_fault("fell behind the released turns")
        except Exception as error:  # noqa: BLE001  learning is a help: no fault of it may stop a dispatcher
            self._count_fault(repr(error))
            await trio.sleep(REST_AFTER_FAULT_S)
        finally:
            self.service.release.leave(follower)

    async def _follow(self, follower: Follower, world: World) -> None:
        # The World runs ahead of what is released: turns that are in it already are passed over.
        watcher = Watcher(world, self.state)
        while True:
            for number, turn in enumerate(await follower.batch(), 1):
                if turn.seq > world.seq:
                    world.fold(turn)
                    watcher.feed(turn, world)
                if number % TURNS_AT_A_STRETCH == 0:
                    await trio.lowlevel.checkpoint()
            await self._predict(watcher, world)
            if watcher.is_due(world.now):
                await self._tell(watcher, world)
            if trio.current_time() - self._saved_s >= SAVE_EVERY_S:
                await self._save()

    async def _predict(self, watcher: Watcher, world: World) -> None:
        drives = watcher.take_drives(DRIVES_AT_ONCE)
        predictor = self._find_predictor() if drives else None
        if predictor is not None:
            expected = await trio.to_thread.run_sync(_predict_all, predictor, drives)
            watcher.learn_drives(world, zip(drives, expected, strict=True))

    def _find_predictor(self) -> Predictor | None:
        """Return who knows the streets as the engine knows them now; None where the place has none."""
        world = self.service.world
        if world.roads is None:
            return None
        conditions = unlearned(world.road_book, world.settled.travel)
        known = self._predictor
        if known is None or known.roads is not world.roads or known.conditions != conditions:
            self._predictor = StreetPredictor(world.roads, conditions)
        return self._predictor

    async def _tell(self, watcher: Watcher, world: World) -> None:
        # Nobody else touches the watcher or its World, and this task waits: the sums may be drawn in a thread.
        roads = self.service.world.roads
        classes = () if roads is None else roads.graph.classes
        for given in await trio.to_thread.run_sync(watcher.tell, world, classes):
            turn = await self.service.tell(given)
            refusals = [fact.reason for fact in turn.facts if isinstance(fact, CommandRefused)]
            self.told += not refusals
            for reason in refusals:
                self._count_fault(f"the engine did not take what was learned: {reason}")
        await self._save()

    # ── memory ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _remember(self) -> None:
        try:
            data = await trio.to_thread.run_sync(self._load)
            self.state = LearnerState() if data is None else decode_as(LearnerState, data)
        except (OSError, msgspec.DecodeError) as error:
            self._count_fault(f"what was learned could not be read and is learned anew: {error}")

    async def _save(self) -> None:
        self._saved_s = trio.current_time()
        await trio.to_thread.run_sync(self._write)

    def _write(self) -> None:
        try:
            self._keep(encode(self.state))
        except OSError as error:
            self._count_fault(f"what was learned could not be kept: {error}")

    def _count_fault(self, detail: str) -> None:
        self.faults += 1
        self.last_fault = detail


def _predict_all(predictor: Predictor, drives: list[Drive]) -> list[Expected | None]:
    return [predictor.predicted(drive.from_xy, drive.heading, drive.to_xy, lights=drive.lights) for drive in drives]
