"""Erasing beside the engine: once a forgetting is durable, its key is destroyed and snapshots are rewritten, in a thread.

Rule: who asked is told when it is done, not before; and what a crash cut off is done at the next start, before anything
is served. The fact comes first, so that no erasing is without its record.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from engine.journal.keys import Keyring, number_of
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
        self._waiting: deque[tuple[Turn, Done | None, Answer | None]] = deque()
        self._news = trio.Event()
        self.on_fault: Callable[[list[str], str], None] | None = None
        """Told the incidents that could not be erased yet, and why; it is tried again."""
        self._late: list[str] = []
        """What was caught up with at the start, and may still lie elsewhere."""

    def begin(self, turn: Turn, done: Done | None, answer: Answer | None) -> None:
        """Erase what this durable turn says; then tell. A refused one is told at once."""
        if not any(isinstance(fact, IncidentForgotten) for fact in turn.facts):
            if done is not None:
                done(turn, answer)
            return
        self._waiting.append((turn, done, answer))
        self._news.set()

    async def run(self, directory: Path) -> None:
        """Erase, until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            while self._waiting:
                turn, done, answer = self._waiting[0]
                names = [fact.incident for fact in turn.facts if isinstance(fact, IncidentForgotten)]
                try:
                    await trio.to_thread.run_sync(self._erase, directory, names)
                except OSError as error:
                    # It is journaled and will be done, at the next start if not before; dispatch goes on.
                    if self.on_fault is not None:
                        self.on_fault(names, str(error))
                    await trio.sleep(AGAIN_AFTER_S)
                    continue
                self._waiting.popleft()
                if done is not None:
                    done(turn, answer)

    def catch_up(self, directory: Path) -> None:
        """Erase what was forgotten before the last stop, and may not have been erased. Raises OSError."""
        keys = self._keys
        keys.prepare(self._service.world.incident_number)
        late = [name for name in self._service.world.forgotten if not keys.is_destroyed(number_of(name))]
        if late:
            self._erase(directory, late)
            self._late = late

    def catch_up_elsewhere(self) -> None:
        """Erase the same from what lies elsewhere, once everybody who keeps something is there. Blocks; raises OSError."""
        self._erase_elsewhere(self._late)
        self._late = []

    @property
    def _keys(self) -> Keyring:
        assert self._service.keys is not None, "people's data are sealed where a journal is"
        return self._service.keys

    def _erase(self, directory: Path, names: list[str]) -> None:
        """Erase, the key last: until it is destroyed, the next start knows that there is something to be done."""
        failed: OSError | None = None
        try:
            self._erase_elsewhere(names)
        except OSError as error:
            failed = error  # what is sealed goes all the same
        for name in names:
            self._keys.destroy(number_of(name))
        scrub_snapshots(directory)
        if failed is not None:
            raise failed

    def _erase_elsewhere(self, names: list[str]) -> None:
        for name in names:
            for erase in self._service.on_forget:
                erase(name)
