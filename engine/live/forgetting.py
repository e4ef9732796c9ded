"""Erasing beside the engine: once a forgetting is durable, its key is destroyed and snapshots are rewritten, in a thread.

Rule: who asked is told when it is done, not before; and what a crash cut off, at whatever step, is done at the next start,
before anything is served. The fact comes first, so that no erasing is without its record; then it is noted that this is
owed, and struck out when nothing is left anywhere.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from engine.journal.keys import Keyring, number_of
from engine.journal.owed import Owed
from engine.journal.recovery import scrub_snapshots
from engine.live.lanes import Done
from engine.model.forgetting import IncidentForgotten
from engine.model.turn import Answer, Turn

if TYPE_CHECKING:
    from engine.live.service import Service


AGAIN_AFTER_S = 10.0


class Forgetting:
    """What is still to be erased. One per service."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._waiting: deque[tuple[list[str], Callable[[], None] | None]] = deque()
        """Incidents, and what is to be called when they are erased."""
        self._news = trio.Event()
        self.on_fault: Callable[[list[str], str], None] | None = None
        """Told the incidents that could not be erased yet, and why; it is tried again."""
        self._late: list[str] = []
        """What a crash cut off, and may still lie elsewhere."""

    def begin(self, turn: Turn, done: Done | None, answer: Answer | None) -> None:
        """Erase what this durable turn says; then tell. A refused one is told at once."""
        tell = None if done is None else partial(done, turn, answer)
        names = [fact.incident for fact in turn.facts if isinstance(fact, IncidentForgotten)]
        if names:
            self._wait(names, tell)
        elif tell is not None:
            tell()

    async def run(self, directory: Path) -> None:
        """Erase, until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            while self._waiting:
                names, tell = self._waiting[0]
                if not await self._try(partial(self._erase, directory), names):
                    self._waiting.rotate(-1)  # what waits behind it may well be done
                    await trio.sleep(AGAIN_AFTER_S)
                    continue
                self._waiting.popleft()
                if tell is not None:
                    tell()

    def catch_up(self, directory: Path) -> None:
        """Erase here what was forgotten before the last stop, and may not have been erased. Raises OSError."""
        keys, forgotten = self._keys, self._service.world.forgotten
        keys.prepare(self._service.world.incident_number)
        owed = set(Owed(directory).names())
        self._late = [name for name in forgotten if name in owed or not keys.is_destroyed(number_of(name))]
        if self._late:
            self._erase_here(directory, self._late)

    async def catch_up_elsewhere(self, directory: Path) -> None:
        """Erase the same from what lies elsewhere, once everybody who keeps something is there; if it fails, again later."""
        names, self._late = self._late, []
        if names and not await self._try(partial(self._erase_elsewhere, directory), names):
            self._wait(names, None)

    @property
    def _keys(self) -> Keyring:
        assert self._service.keys is not None, "people's data are sealed where a journal is"
        return self._service.keys

    def _wait(self, names: list[str], tell: Callable[[], None] | None) -> None:
        self._waiting.append((names, tell))
        self._news.set()

    async def _try(self, erase: Callable[[list[str]], None], names: list[str]) -> bool:
        """Tell whether it could be done. It is journaled and will be, at the next start if not before: dispatch goes on."""
        try:
            await trio.to_thread.run_sync(erase, names)
        except OSError as error:
            if self.on_fault is not None:
                self.on_fault(names, str(error))
            return False
        return True

    def _erase(self, directory: Path, names: list[str]) -> None:
        self._erase_here(directory, names)
        self._erase_elsewhere(directory, names)

    def _erase_here(self, directory: Path, names: list[str]) -> None:
        """Erase from the journal and its snapshots. It is noted first: the next start does again what is noted."""
        Owed(directory).note(names)
        for name in names:
            self._keys.destroy(number_of(name))
        scrub_snapshots(directory)

    def _erase_elsewhere(self, directory: Path, names: list[str]) -> None:
        """Erase from what lies elsewhere, and strike out what was noted."""
        for name in names:
            for erase in self._service.on_forget:
                erase(name)
        Owed(directory).settle(names)
