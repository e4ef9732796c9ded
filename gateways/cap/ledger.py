"""Which alerts have been taken, and what they do here: kept in the data folder, so that a restart forgets nothing.

Rule: written before anything is done and after. An alert is known by sender, identifier and time sent; what ended one
that has not come yet is remembered too, so a feed that repeats itself, or is out of order, changes nothing.
"""

from enum import StrEnum
from pathlib import Path

import msgspec
import trio
from msgspec import Struct
from msgspec.structs import replace

from engine.journal.disk import Disk
from engine.model.paper import decode_as, encode
from engine.model.roads import Weather
from gateways.cap.alert import Reference
from gateways.cap.effects import Effects

FILE = "cap.msgpack"
VERSION = 1


class Stand(StrEnum):
    """How far an alert has come."""

    WAITING = "waiting"
    """Its onset is ahead."""
    DUE = "due"
    """Being done: done again after a crash."""
    IN_FORCE = "in_force"
    ENDING = "ending"
    """Updated or cancelled, and what it did is being taken back: done again after a crash."""
    ENDED = "ended"
    """Updated, cancelled, over, or about nothing here."""


class Entry(Struct, frozen=True):
    """One alert."""

    stand: Stand
    effects: Effects
    until_ms: int
    """It is forgotten some time after this."""
    seen: bool = True
    """False: another one has ended it before it came."""


class _File(Struct, frozen=True):
    version: int
    entries: list[tuple[Reference, Entry]]
    weather: Weather | None
    """The one that alerts have last set."""


class LedgerDamaged(Exception):
    """The file is not what was written. The message says what to do."""


class Ledger:
    """All of them, oldest first."""

    def __init__(self, folder: Path, most: int) -> None:
        """Read what was kept. Raises LedgerDamaged, OSError."""
        self._path = folder / FILE
        self._most = most
        self.entries: dict[Reference, Entry] = {}
        self.weather: Weather | None = None
        if self._path.exists():
            try:
                file: _File = decode_as(_File, self._path.read_bytes())
            except msgspec.MsgspecError as error:
                raise LedgerDamaged(
                    f"{self._path} cannot be read ({error}). Move it away to start without it; alerts that are "
                    "repeated by their sender are then taken once more."
                ) from error
            self.entries, self.weather = dict(file.entries), file.weather

    def put(self, reference: Reference, entry: Entry) -> None:
        """Write the alert down, or where it stands now; the oldest ended ones beyond the limit are forgotten."""
        self.entries[reference] = entry
        if len(self.entries) > self._most:
            over = [name for name, each in self.entries.items() if each.stand is Stand.ENDED]
            for name in over[: len(self.entries) - self._most]:
                del self.entries[name]

    def end(self, reference: Reference, until_ms: int) -> None:
        """Write down that another one has ended it, also of one that has not come yet; what it did is to be taken back."""
        before = self.entries.get(reference)
        if before is None:
            self.put(reference, Entry(Stand.ENDED, Effects(from_ms=0, until_ms=until_ms), until_ms, seen=False))
        elif before.stand in (Stand.IN_FORCE, Stand.DUE):
            self.put(reference, replace(before, stand=Stand.ENDING))
        elif before.stand is Stand.WAITING:
            self.close(reference)

    def close(self, reference: Reference) -> None:
        """Write down that nothing of what it did stands any more."""
        entry = self.entries[reference]
        nothing = Effects(from_ms=0, until_ms=entry.until_ms)
        self.put(reference, replace(entry, stand=Stand.ENDED, effects=nothing))

    async def save(self) -> None:
        """Put all of it on the disk. Raises OSError."""
        data = encode(_File(VERSION, list(self.entries.items()), self.weather))
        await trio.to_thread.run_sync(Disk().replace, self._path, data)
