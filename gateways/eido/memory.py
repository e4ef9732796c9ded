"""What a peer said last of each incident, kept on the disk: what it changes later is an amendment, and nothing else is.

Rule: a loss of it harms nothing. Commands bear ids made of what they say, so what is given twice happens once.
"""

from collections.abc import Callable
from pathlib import Path
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

    def __init__(self, folder: Path, peer: str) -> None:
        self._path = folder / f"eido-{peer}.json"
        self._said = self._load()
        self._fresh = True

    def get(self, tracking: str) -> Said | None:
        """Return what was said last of an incident."""
        return self._said.get(tracking)

    def put(self, tracking: str, said: Said) -> None:
        """Remember it."""
        if self._said.pop(tracking, None) != said:
            self._fresh = False
        self._said[tracking] = said
        while len(self._said) > KEPT_MAX:
            del self._said[next(iter(self._said))]

    async def run(self) -> None:
        """Write what is new now and then, until cancelled; then once more."""
        try:
            while True:
                await trio.sleep(EVERY_S)
                if not self._fresh:
                    await trio.to_thread.run_sync(self._saver())
        finally:
            if not self._fresh:
                self._saver()()

    def _saver(self) -> Callable[[], None]:
        data, self._fresh = msgspec.json.encode(self._said), True

        def save() -> None:
            beside = self._path.with_suffix(".new")
            try:
                beside.touch(0o600)
                beside.write_bytes(data)
                beside.replace(self._path)
            except OSError as error:
                self._fresh = False
                _log.warning("what a neighbour said could not be kept; is the disk full?", detail=str(error))

        return save

    def _load(self) -> dict[str, Said]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Said])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("what a neighbour said before could not be read; it is asked anew", detail=str(error))
            return {}
