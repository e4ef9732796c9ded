"""A past hour, read from the journal by a process of its own: one at a time, few waiting, bounded, with a deadline.

    a page ──hour──► Reels.play ──► `turnout journal past` (reads, folds, packs) ──frames──► the page

Rule: the engine's process only hands on what comes. A frame is its kind, its length, and so many bytes; a word is JSON
for whoever waits, a block is gzipped lines of the reel (`gateways/past/`). Nothing here looks into a block.
"""

import os
import struct
import sys
from collections.abc import Awaitable, Callable
from enum import IntEnum
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Final

import trio
from msgspec import Struct

from gateways.workers import NOT_STARTED, Workers

WITHIN_S: Final = 300.0
"""For one hour, with the wait for whoever asked before."""
WAITING_MAX: Final = 4
FRAME_BYTES_MAX: Final = 8 << 20
REEL_BYTES_MAX: Final = 64 << 20
"""All frames of an hour together."""
SAID_BYTES_MAX: Final = 65_536
NICE: Final = 15
HEAD: Final = struct.Struct(">BI")


class Kind(IntEnum):
    """What a frame holds."""

    WORD = 1
    BLOCK = 2
    LAST_WORD = 3
    """Nothing comes after it: the hour is told to its end, or was refused."""


KINDS: Final = frozenset(Kind)


class Hour(Struct, frozen=True):
    """What is to be read. Times in ms since the epoch."""

    from_ms: int
    to_ms: int
    at_ms: int
    """The moment that was asked for: before the journal's beginning, it is refused."""
    role: str
    """Whose eyes it is for: redacted as at the live edge."""
    gone: tuple[str, ...] = ()
    """Incidents that are being forgotten at this moment, whatever the disk still holds."""


class NoReel(Exception):
    """The hour cannot be shown; the message says why and what to do."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


Tell = Callable[[Kind, bytes], Awaitable[None]]
"""Takes a frame. Never raises but Cancelled."""


def framed(kind: Kind, payload: bytes) -> bytes:
    """Return the frame."""
    return HEAD.pack(kind, len(payload)) + payload


class Reels:
    """Reads hours of one journal. One per process."""

    def __init__(self, journal: Path, workers: Workers | None = None) -> None:
        self._journal = journal
        self._workers = workers or Workers()
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def play(self, hour: Hour, tell: Tell) -> None:
        """Hand the frames of an hour on as they come, to the last word. Raises NoReel."""
        if self._one_at_a_time.statistics().tasks_waiting >= WAITING_MAX:
            raise NoReel("busy", "Many look at the past at this moment. Ask again in a minute.")
        with trio.move_on_after(WITHIN_S):
            async with self._one_at_a_time:
                fault = await self._start(hour, tell)
            if fault:
                raise NoReel("fault", fault)
            return
        raise NoReel(
            "too_long",
            f"The journal is long, and that hour was not reached within {WITHIN_S:g} s. "
            "Ask again: it goes on from where it has come to.",
        )

    async def _start(self, hour: Hour, tell: Tell) -> str:
        """Read it; return what went wrong, "" if nothing did. Raises NoReel where no process can be started."""
        failed: BaseException | None = None
        fault = ""
        try:
            fault = await self._read(hour, tell)
        except* OSError as group:
            failed = group.exceptions[0]
        if failed is not None:
            raise NoReel(NOT_STARTED, self._workers.not_started(failed, "past")) from failed
        return fault

    async def _read(self, hour: Hour, tell: Tell) -> str:
        """Run the process; return what went wrong, "" if nothing did."""
        command = [sys.executable, "-m", "gateways.cli", "journal", "past", f"--from={hour.from_ms}"]
        command += [f"--to={hour.to_ms}", f"--at={hour.at_ms}", f"--role={hour.role}"]
        command += [*(f"--gone={name}" for name in hour.gone), "--", str(self._journal)]
        said = bytearray()
        async with trio.open_nursery() as nursery:
            start = partial(
                trio.run_process, command, stdout=PIPE, stderr=PIPE, check=False, preexec_fn=partial(os.nice, NICE)
            )
            process: trio.Process = await nursery.start(start)
            self._workers.started()
            assert process.stdout is not None
            assert process.stderr is not None
            nursery.start_soon(_listen, process.stderr, said)
            whole = await _hand_on(process.stdout, tell)
            if not whole:
                process.terminate()
        if whole:
            return ""
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "The journal could not be read to the end of that hour. Ask again."


async def _hand_on(stream: trio.abc.ReceiveStream, tell: Tell) -> bool:
    """Take the stream apart and hand the frames on; tell whether it came to its last word within its bounds."""
    held, total = bytearray(), 0
    async for chunk in stream:
        held += chunk
        while len(held) >= HEAD.size:
            kind, length = HEAD.unpack_from(held)
            if length > FRAME_BYTES_MAX or kind not in KINDS:
                return False
            if len(held) < HEAD.size + length:
                break
            payload = bytes(held[HEAD.size : HEAD.size + length])
            del held[: HEAD.size + length]
            total += length
            if total > REEL_BYTES_MAX:
                return False
            await tell(Kind(kind), payload)
            if kind == Kind.LAST_WORD:
                return True
    return False


async def _listen(stream: trio.abc.ReceiveStream, said: bytearray) -> None:
    """Keep the end of what is said, so that a long complaint fills nothing."""
    async for chunk in stream:
        said += chunk
        del said[:-SAID_BYTES_MAX]
