"""Retention, kept by the server itself: once a day, from a local hour on, what is older than the configuration says is erased.

Rule: what is due is found by a process of its own, so that no decision waits for a reader; what is erased is erased by the
engine's ordinary command, one incident after the other, and journaled. A run has a deadline; one that fails says so in the
log and in the metrics, and is tried again until it succeeds.
"""

import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import trio

from engine.journal import JournalError
from engine.journal.disk import Disk
from engine.journal.waymarks import expire_positions
from engine.live.service import Service
from engine.model.forgetting import ForgetIncident
from engine.model.hours import day_began_ms, local_minute_of_week
from gateways.config import Retention
from gateways.due import Due
from gateways.log import logger

FILE: Final = "retention-kept.json"
LOOK_EVERY_S: Final = 30.0
AGAIN_AFTER_S: Final = 900.0
BY: Final = "turnout retention"
REASON: Final = "kept as long as it was to be"
_DAY_MINUTES: Final = 24 * 60
_log = logger("retention")


class RunFailed(Exception):
    """A run came to nothing, or to a part. The message says why."""


class RetentionTask:
    """One per process; at rest unless `[retention] at_hour` is given."""

    def __init__(self, service: Service, data: Path, retention: Retention) -> None:
        self.counts: Counter[str] = Counter()
        self._service = service
        self._data = data
        self._retention = retention
        self._failing = False
        self._kept_ms = _load(data / FILE)
        """The local midnight of the day that was done last."""

    async def run(self) -> None:
        """Look, and do it where it is due, until cancelled; without an hour, not at all."""
        while self._retention.at_hour is not None:
            day_ms = self.due_day_ms()
            if day_ms is None:
                await trio.sleep(LOOK_EVERY_S)
            elif not await self.keep(day_ms):
                await trio.sleep(AGAIN_AFTER_S)

    def due_day_ms(self) -> int | None:
        """Return the local midnight of today if today is due and not done; None else."""
        place, now_ms = self._service.world.settled, self._service.clock.now()
        hour = local_minute_of_week(place, now_ms) % _DAY_MINUTES // 60
        day_ms = day_began_ms(place, now_ms)
        wanted = self._retention.at_hour
        return day_ms if wanted is not None and hour >= wanted and day_ms > self._kept_ms else None

    async def keep(self, day_ms: int) -> bool:
        """Erase what is due; tell whether all of it was. Never raises but Cancelled."""
        try:
            with trio.fail_after(self._retention.within_s):
                await self._erase(day_ms)
                await trio.to_thread.run_sync(
                    Disk().replace, self._data / FILE, msgspec.json.encode({"day_ms": day_ms})
                )
        except trio.TooSlowError:
            self._failed(f"it was not done within {self._retention.within_s:g} s")
        except (RunFailed, JournalError, OSError, msgspec.MsgspecError) as error:
            self._failed(str(error))
        else:
            self.counts["runs"] += 1
            self._failing, self._kept_ms = False, day_ms
        return not self._failing

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)

    def levels(self) -> dict[str, int]:
        """Return how it stands now, where it is the server's task; the day that was done last in seconds since the epoch."""
        if self._retention.at_hour is None:
            return {}
        return {"failing": int(self._failing), "kept_through_s": self._kept_ms // 1_000}

    def _failed(self, why: str) -> None:
        self.counts["failed"] += 1
        self._failing = True
        _log.error("what is older than it may be was not erased; it is tried again", detail=why, after_s=AGAIN_AFTER_S)

    async def _erase(self, day_ms: int) -> None:
        due = await self._what_is_due()
        if due.positions_before:
            await trio.to_thread.run_sync(expire_positions, self._data / "journal", due.positions_before)
            self.counts["tracks_expired"] += due.tracks
        refused: list[str] = []
        for incident in due.incidents:
            # Another id for each try: what was refused is decided anew.
            name = f"retention/{day_ms}/{self.counts['failed']}/{incident}"
            given = ForgetIncident(id=name, by=BY, incident=incident, reason=REASON)
            answer = await self._service.ask(given)
            if answer.refusal is None:
                self.counts["incidents_forgotten"] += 1
            else:
                refused.append(f"{incident}: {answer.refusal.reason}")
        if refused:
            raise RunFailed(f"{len(refused)} of {len(due.incidents)} incidents were not forgotten; {refused[0]}")

    async def _what_is_due(self) -> Due:
        command = [sys.executable, "-m", "gateways.due", str(self._data / "journal")]
        done = await trio.run_process(
            command,
            stdin=msgspec.json.encode(self._retention),
            check=False,
            capture_stdout=True,
            capture_stderr=True,
            preexec_fn=partial(os.nice, 15),
        )
        if done.returncode != 0:
            raise RunFailed(f"the journal could not be read: {done.stderr.decode(errors='replace')[-300:]}")
        return msgspec.json.decode(done.stdout, type=Due)


def _load(path: Path) -> int:
    """Return the day that was done last; what cannot be read has not been done."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int]).get("day_ms", 0)
    except (OSError, msgspec.MsgspecError):
        return 0
