"""The engine in real time: one writer task that never awaits inside a turn, and nothing out before it is durable.

    lanes ──► writer: engine.step ──► journal thread: write, sync ──► released: answers, followers

Many turns may be on their way to the disk at once (group commit); they are released in their order.
"""

import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from functools import partial
from pathlib import Path

import trio
from msgspec import Struct, field

from engine.core.engine import Engine
from engine.journal import Journal, JournalFull, Settings
from engine.journal.codec import record_of
from engine.journal.keys import Keyring
from engine.journal.library import StreetLibrary, library_of
from engine.journal.recovery import recover_world
from engine.journal.shelf import Shelf
from engine.kernels.warm import warm
from engine.live.clock import Clock
from engine.live.epochs import EpochMaker, StreetsFailed
from engine.live.forgetting import Forgetting
from engine.live.lanes import Done, Lane, Lanes, Waiting
from engine.live.positions import PositionLane
from engine.live.previews import Previews
from engine.live.release import Release
from engine.live.watchdog import Watchdog
from engine.model.facts import CommandRefused
from engine.model.forgetting import ForgetIncident
from engine.model.input import Command
from engine.model.inputs import AdoptPlace, AnyCommand, AnyInput, ReportPositions, Resume, Tick
from engine.model.paper import encode, is_digest_of
from engine.model.place import Place
from engine.model.turn import Answer, Refusal, Turn
from engine.state.world import World
from engine.streets.graph import Graph

POSITIONS_EVERY_S = 0.05
"""Positions are taken this often, all at once."""
STRETCH_S = 0.01
"""The writer decides for so long before everybody else on the loop has a turn: sockets are read, screens are told."""
UNDURABLE_MAX = 4096
"""Turns on their way to the disk; beyond it the writer waits for the disk."""
KEYS_AHEAD = 1_000
KEYS_EVERY_S = 10.0

SWITCH_INTERVAL_S = 0.000_05
"""How long one thread may keep the interpreter while another wants it."""


class Stage(StrEnum):
    """How far the service has come."""

    RECOVERING = "recovering"
    WARMING = "warming"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


class PlaceRejected(Exception):
    """The place does not fit the journal. The message says what to do."""


class Undurable(Struct, gc=False):
    """A turn on its way to the disk."""

    turn: Turn
    done: Done | None
    answer: Answer | None
    decided_s: float


class Measures(Struct):
    """Plain numbers of the hot path; metrics read them when they are scraped."""

    turns: int = 0
    durable_s: deque[float] = field(default_factory=partial(deque, maxlen=4096))
    """Latest times from decided to durable, in seconds."""
    last_durable_monotonic_s: float = 0.0


class Service:
    """Owns the engine, the journal and the clock. Made by `serve`; used from its trio loop only.

    Whoever opens doors runs `watchdog` from then on: adopting a large place may hold up the loop for seconds, and
    until the doors are open nobody waits for it.
    """

    def __init__(self, engine: Engine, clock: Clock, watchdog: Watchdog) -> None:
        self.engine = engine
        self.clock = clock
        self.watchdog = watchdog
        self.lanes = Lanes()
        self.positions = PositionLane()
        self.release = Release()
        self.measures = Measures()
        self.stage = Stage.RECOVERING
        self.notes: tuple[str, ...] = ()
        self.on_decide: Callable[[str, float], None] | None = None
        """Told the kind of input and the seconds its step took."""
        self.on_answer: Callable[[float], None] | None = None
        """Told the seconds from a command's arrival to its durable answer."""
        self.keys: Keyring | None = None
        """People's data are sealed under these; None: they are not."""
        self.on_forget: list[Callable[[str], object]] = []
        """Called in a thread with the id of an incident whose people are to be erased from what lies elsewhere."""
        self.forgetting = Forgetting(self)
        self._journal: Journal | None = None
        self._undurable: deque[Undurable] = deque()
        self._work = trio.Event()
        self._moved_on = trio.Event()
        self._failed: Exception | None = None
        self.epochs = EpochMaker(engine.world, self.tell)
        self.previews = Previews(engine, lambda: self.lanes.are_empty)

    # ── what gateways call ──────────────────────────────────────────────────────────────────────────────────

    @property
    def world(self) -> World:
        """The World as decided: ahead of what is durable. Gateways show followers' worlds, not this."""
        return self.engine.world

    @property
    def journal(self) -> Journal:
        """The journal; asserts that it is open."""
        assert self._journal is not None, "the journal is not open"
        return self._journal

    async def ask(self, command: AnyCommand) -> Answer:
        """Give a command to the engine and return its answer once that is durable.

        The same command asked again gets the same answer; the same id with other contents is refused.
        """
        answers: list[Answer] = []
        arrived = trio.Event()

        def done(turn: Turn | None, answer: Answer | None) -> None:
            del turn
            assert answer is not None
            answers.append(answer)
            arrived.set()

        entered_s = time.perf_counter()
        await self.enter(command, done)
        await arrived.wait()
        if self.on_answer is not None:
            self.on_answer(time.perf_counter() - entered_s)
        return answers[0]

    async def tell(self, given: AnyInput) -> Turn:
        """Give an input that is not a command to the engine and return its turn once that is durable."""
        turns: list[Turn] = []
        arrived = trio.Event()

        def done(turn: Turn | None, answer: Answer | None) -> None:
            del answer
            assert turn is not None
            turns.append(turn)
            arrived.set()

        await self.enter(given, done)
        await arrived.wait()
        return turns[0]

    async def enter(self, given: AnyInput, done: Done) -> None:
        """Put an input into its lane, once there is room; `done` is told when its turn is durable."""
        await self.lanes.put(Waiting(given, done))
        self._work.set()

    @property
    def undurable(self) -> int:
        """Turns on their way to the disk."""
        return len(self._undurable)

    # ── the writer ──────────────────────────────────────────────────────────────────────────────────────────

    async def _write(self) -> None:
        since_s = trio.current_time()
        while True:
            if self._failed is not None:
                raise self._failed
            if len(self._undurable) >= UNDURABLE_MAX:
                await self._wait_for_disk()
                continue
            waiting = self.lanes.take()
            if waiting is None:
                self._work = trio.Event()
                await self._work.wait()
                since_s = trio.current_time()
                continue
            self._turn(waiting)
            if trio.current_time() - since_s >= STRETCH_S:
                await trio.lowlevel.checkpoint()
                since_s = trio.current_time()

    def _turn(self, waiting: Waiting) -> None:
        """Decide one input and send its turn to the disk. Nothing in here awaits."""
        given = waiting.given
        if isinstance(given, Command):
            known = self.world.answer(given)
            if known is not None:
                self._repeat(given, known, waiting.done)
                return
        self._decide(given, waiting.done)

    def _repeat(self, command: Command, known: Answer, done: Done) -> None:
        """Answer a command that was decided before; not before that is durable."""
        if known.digest and not is_digest_of(known.digest, command):
            reason = f"The id {command.id!r} was used before for another command. Every command needs an id of its own."
            known = Answer(known.seq, None, Refusal("id_reused", "id", reason))
        if self._undurable and self._undurable[-1].turn.seq >= known.seq:
            last = self._undurable[-1]
            last.done = _chain(last.done, last.answer, done, known)
        else:
            done(None, known)

    def _decide(self, given: AnyInput, done: Done | None) -> Turn:
        started_s = time.perf_counter()
        turn = self.engine.step(given, self.clock.now())
        answer = self.world.answer(given) if isinstance(given, Command) else None
        decided_s = time.perf_counter()
        self.measures.turns += 1
        if self.on_decide is not None:
            self.on_decide(type(given).__name__, decided_s - started_s)
        self._undurable.append(Undurable(turn, done, answer, decided_s))
        self.journal.submit(record_of(turn, self.keys))
        self._moved_on.set()
        self.epochs.look()
        return turn

    async def _wait_for_disk(self) -> None:
        self._work = trio.Event()
        await self._work.wait()

    def _released(self, seq: int) -> None:
        """Everything through `seq` is durable: answer, and hand on. Called on the loop by the journal's thread."""
        now_s = time.perf_counter()
        self.measures.last_durable_monotonic_s = time.monotonic()
        while self._undurable and self._undurable[0].turn.seq <= seq:
            entry = self._undurable.popleft()
            self.measures.durable_s.append(now_s - entry.decided_s)
            if isinstance(entry.turn.input, ForgetIncident):
                # Who asked for it is told once it is done.
                self.forgetting.begin(entry.turn, entry.done, entry.answer)
            elif entry.done is not None:
                entry.done(entry.turn, entry.answer)
            self.release.offer(entry.turn)
        self._work.set()

    def _fail(self, error: Exception) -> None:
        self._failed = error
        self.stage = Stage.FAILED
        self._work.set()

    # ── time and positions ──────────────────────────────────────────────────────────────────────────────────

    async def _take_positions(self) -> None:
        while True:
            await trio.sleep(POSITIONS_EVERY_S)
            if len(self.positions) and len(self._undurable) < UNDURABLE_MAX and self._failed is None:
                self._decide(ReportPositions(self.positions.take()), None)

    async def _keep_time(self) -> None:
        while True:
            self._moved_on = trio.Event()
            due_ms = self.world.deadlines.next_ms
            with trio.move_on_after(3600 if due_ms is None else self.clock.seconds_until(due_ms)):
                await self._moved_on.wait()
                continue
            if due_ms is not None and due_ms <= self.clock.now():
                await self.tell(Tick())

    # ── start and stop ──────────────────────────────────────────────────────────────────────────────────────

    async def _start(self, place: Place) -> None:
        self.stage = Stage.WARMING
        await trio.to_thread.run_sync(warm)
        if self.world.place is None or encode(self.world.place) != encode(place):
            await self._first_turn(AdoptPlace(place))
        book = self.world.road_book
        if self.world.roads is not None:
            await self.epochs.prepare(book.epoch, book.current)
        await self._first_turn(Resume())
        if self.world.roads is not None:
            # What lapsed while nobody looked, and the hour that began meanwhile, count from the first decision on.
            await self.tell(Tick())
            await self.epochs.catch_up()
        self.stage = Stage.READY

    async def _keep_epochs(self) -> None:
        try:
            await self.epochs.run()
        except StreetsFailed as error:
            self._fail(error)

    async def _keep_keys(self) -> None:
        """Have keys ready for the incidents of the next while, so that no call waits for one to be made."""
        while True:
            assert self.keys is not None, "keys are kept where a journal is"
            with suppress(OSError):  # the one who needs a key makes it, and cannot go on without
                await trio.to_thread.run_sync(self.keys.prepare, self.world.incident_number + KEYS_AHEAD)
            await trio.sleep(KEYS_EVERY_S)

    async def _first_turn(self, given: AnyInput) -> None:
        turn = await self.tell(given)
        for fact in turn.facts:
            if isinstance(fact, CommandRefused):
                raise PlaceRejected(fact.reason)


def _chain(first: Done | None, first_answer: Answer | None, then: Done, then_answer: Answer) -> Done:
    """Return one callback for a turn that also answers a repeated command."""

    def done(turn: Turn | None, answer: Answer | None) -> None:
        del answer
        if first is not None:
            first(turn, first_answer)
        then(None, then_answer)

    return done


def _fetch_streets(library: StreetLibrary, place: Place, streets: Graph | None) -> tuple[str, ...]:
    """Make the place's streets ready, from its folder or from beside the journal; return notes."""
    if not place.streets:
        return ()
    if streets is None:
        library(place)
        return ()
    if streets.digest != place.streets:
        raise PlaceRejected(f"The place rests on the streets {place.streets[:12]}; given were {streets.digest[:12]}.")
    return library.add(streets)


@asynccontextmanager
async def serve(
    place: Place,
    directory: Path,
    *,
    clock: Clock | None = None,
    settings: Settings | None = None,
    watchdog: Watchdog | None = None,
    streets: Graph | None = None,
) -> AsyncIterator[Service]:
    """Recover from the journal in `directory`, warm the kernels, adopt the place, and run until the block is left.

    `streets` are those that the place names, if it names some; without them, the ones kept beside the journal.
    Raises JournalDamaged, JournalLocked, StreetsMissing, StreetsDamaged, PlaceRejected, OSError before anything is
    served; StreetsFailed, and what the journal raises, while serving.
    """
    # The journal's thread needs the interpreter for a moment after each sync: it must not wait the usual 5 ms for it.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    token = trio.lowlevel.current_trio_token()
    clock = clock or Clock()
    watchdog = watchdog or Watchdog()
    failures: list[Exception] = []

    def on_durable(seq: int) -> None:
        token.run_sync_soon(service._released, seq)  # noqa: SLF001  the service's own thread

    def on_failure(error: Exception) -> None:
        failures.append(error)
        token.run_sync_soon(service._fail, error)  # noqa: SLF001  the service's own thread

    journal = Journal.open(directory, on_durable=on_durable, on_failure=on_failure, settings=settings)
    with journal:
        library = library_of(Shelf(directory))
        notes = await trio.to_thread.run_sync(_fetch_streets, library, place, streets)
        found = recover_world(directory, streets=library.ready)
        service = Service(Engine(found.world), clock, watchdog)
        service._journal = journal  # noqa: SLF001  the maker completes its object
        service.keys = Keyring(directory)
        await trio.to_thread.run_sync(service.forgetting.catch_up, directory)
        service.notes = (*journal.recovered.notes, *found.notes, *notes)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service._write)  # noqa: SLF001
            await service._start(place)  # noqa: SLF001
            nursery.start_soon(service._take_positions)  # noqa: SLF001
            nursery.start_soon(service._keep_time)  # noqa: SLF001
            nursery.start_soon(service._keep_epochs)  # noqa: SLF001
            nursery.start_soon(service.forgetting.run, directory)
            nursery.start_soon(service._keep_keys)  # noqa: SLF001
            try:
                yield service
            finally:
                service.stage = Stage.STOPPING
                nursery.cancel_scope.cancel()


__all__ = ["JournalFull", "Lane", "PlaceRejected", "Service", "Stage", "StreetsFailed", "serve"]
