"""Whether somebody whom we tell, or follow, is left alone: by whose word, since when and why. Kept over restarts.

Rule: never silently. Who is parked stands in the metrics and in the log, and stays so until a person says otherwise.
"""

import math
import time
from pathlib import Path
from typing import Final

import msgspec
import trio
from msgspec import Struct

from engine.journal.disk import Disk
from gateways.log import logger
from gateways.outward.position import FOLDER, PositionDamaged

OURSELVES: Final = "turnout"
"""Who parks somebody that has refused everything for as long as the configuration says."""
_log = logger("feeds")


class Parked(Struct, frozen=True):
    """The word that somebody is left alone by."""

    by: str
    reason: str
    at_ms: int
    """Milliseconds since the epoch, by the wall clock."""


class Parking:
    """The place of one name."""

    def __init__(self, data: Path, name: str) -> None:
        """Take over what was kept. Raises PositionDamaged, OSError."""
        self._name = name
        self._path = data / FOLDER / f"{name}.parked.msgpack"
        self._word = trio.Event()
        self._refused_since_s: float | None = None
        try:
            self.parked: Parked | None = msgspec.msgpack.decode(self._path.read_bytes(), type=Parked)
        except FileNotFoundError:
            self.parked = None
        except msgspec.MsgspecError as error:
            raise PositionDamaged(
                f"{self._path} cannot be read ({error}). Remove it: then it is not parked."
            ) from error

    async def park(self, by: str, reason: str) -> None:
        """Leave it alone from now on. Raises OSError, and then nothing has changed."""
        parked = Parked(by, reason, round(time.time() * 1_000))
        await trio.to_thread.run_sync(self._keep, parked)
        self.parked = parked
        _log.error(
            "parked: nothing is sent there until somebody has it resumed", exchange=self._name, by=by, reason=reason
        )
        self.tell()

    async def resume(self) -> None:
        """Go on. Raises OSError, and then nothing has changed."""
        await trio.to_thread.run_sync(Disk().unlink, self._path)
        self.parked = None
        self._refused_since_s = None
        self.tell()

    async def refused(self, after_s: float | None, reason: str) -> None:
        """Take that it has refused, for good as it seems; park it where that has lasted for `after_s`. None: never.

        Where that cannot be written down, it is not parked: it is asked again, and parked the next time.
        """
        now_s = trio.current_time()
        if self._refused_since_s is None:
            self._refused_since_s = now_s
        if after_s is not None and self.parked is None and now_s - self._refused_since_s >= after_s:
            try:
                await self.park(OURSELVES, f"has refused for {now_s - self._refused_since_s:.0f} s; last: {reason}")
            except OSError as error:
                _log.error("it cannot be written down that somebody is parked", exchange=self._name, detail=str(error))

    def accepted(self) -> None:
        """Take that it has not refused."""
        self._refused_since_s = None

    def tell(self) -> None:
        """Wake whoever waits here: something was said about this name."""
        self._word.set()
        self._word = trio.Event()

    async def rest(self, seconds: float) -> None:
        """Wait for so long, or until something is said; while it is parked, only for that."""
        with trio.move_on_after(math.inf if self.parked is not None else seconds):
            await self._word.wait()

    def _keep(self, parked: Parked) -> None:
        self._path.parent.mkdir(exist_ok=True)
        Disk().replace(self._path, msgspec.msgpack.encode(parked))
