"""What a peer said last of each incident, kept on the disk: what it changes later is an amendment, and nothing else is.

Rule: a loss of it harms nothing. Commands bear ids made of what they say, so what is given twice happens once. Of an
incident whose people are forgotten it knows what it is called here, and nothing that was said.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
import trio
from msgspec import Struct

from gateways.log import logger

KEPT_MAX: Final = 10_000
EVERY_S: Final = 0.5
_log = logger("eido")


class Said(Struct, frozen=True):
    """What was said last of one incident, and what it is called here."""

    incident: str
    kind: str
    priority: int | None
    lat: float | None
    lon: float | None
    address: str


class Memory:
    """Of one peer. One task runs it."""

    def __init__(self, folder: Path, peer: str, forgotten: Iterable[str] = ()) -> None:
        """Take over what was kept; of the incidents that are `forgotten` no words. Raises OSError."""
        self._path = folder / f"eido-{peer}.json"
        self._beside = self._path.with_suffix(".new")
        self._beside.unlink(missing_ok=True)  # what a crash has left
        self._writing = Lock()
        self._made = self._written = 0
        """Numbers of the last copy that was made for the disk, and of the one that is there."""
        self._said = self._load()
        self._fresh = True
        self._forgotten = set(forgotten)
        for tracking, said in list(self._said.items()):
            self.put(tracking, said)

    def get(self, tracking: str) -> Said | None:
        """Return what was said last of an incident."""
        return self._said.get(tracking)

    def put(self, tracking: str, said: Said) -> None:
        """Remember it."""
        if said.incident in self._forgotten:
            said = Said(said.incident, "", None, None, None, "")
        if self._said.pop(tracking, None) != said:
            self._fresh = False
        self._said[tracking] = said
        while len(self._said) > KEPT_MAX:
            del self._said[next(iter(self._said))]

    def is_forgotten(self, incident: str | None) -> bool:
        """Tell whether the people of an incident of ours have been forgotten."""
        return incident in self._forgotten

    def forget(self, incident: str) -> list[str]:
        """Drop what was said of an incident of ours; return its tracking identifiers. To be saved by whoever asks."""
        self._forgotten.add(incident)
        names = [tracking for tracking, said in self._said.items() if said.incident == incident]
        for tracking in names:
            self.put(tracking, self._said[tracking])
        return names

    async def run(self) -> None:
        """Write what is new now and then, until cancelled; then once more."""
        try:
            while True:
                await trio.sleep(EVERY_S)
                if not self._fresh:
                    await trio.to_thread.run_sync(self._write, self.saver())
        finally:
            if not self._fresh:
                self._write(self.saver())

    def saver(self) -> Callable[[], None]:
        """Copy it as it is now; return what writes that down, and blocks. Which raises OSError."""
        data, self._fresh = msgspec.json.encode(self._said), True
        self._made += 1
        number = self._made

        def save() -> None:
            with self._writing:
                if number < self._written:
                    return  # a newer one is there
                self._beside.touch(0o600)
                self._beside.write_bytes(data)
                self._beside.replace(self._path)
                self._written = number

        return save

    def _write(self, save: Callable[[], None]) -> None:
        try:
            save()
        except OSError as error:
            self._fresh = False
            _log.warning("what a neighbour said could not be kept; is the disk full?", detail=str(error))

    def _load(self) -> dict[str, Said]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Said])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("what a neighbour said before could not be read; it is asked anew", detail=str(error))
            return {}
