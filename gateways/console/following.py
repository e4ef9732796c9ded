"""The process that reads a shift off the journal: started by the first look, asked again and again, ended when nobody looks.

Rule: it reads the journal once and then only what is new, so that a long shift does not cost more each minute.
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import trio

from gateways.inquiries import NoAnswer
from gateways.workers import NOT_STARTED, Workers

FIRST_WITHIN_S: Final = 600.0
"""The whole shift is read before the first answer. Nobody waits for it; dispatch does not feel it."""
WITHIN_S: Final = 60.0
UNUSED_S: Final = 600.0
NICE: Final = 15
HELPING: Final = 65_536
ANSWER_MAX: Final = 64 << 20


class ShiftProcess:
    """One at most. Asked by one task at a time."""

    def __init__(self, data: Path, recent_min: int, workers: Workers | None = None) -> None:
        self._data = data
        self._workers = workers or Workers()
        self._recent_min = recent_min
        self._process: trio.Process | None = None
        self._from_ms = 0
        self._used_s = 0.0
        self._asking = False

    async def ask(self, from_ms: int, to_ms: int) -> bytes:
        """Return the report on what has been since `from_ms` as one JSON object. Raises NoAnswer."""
        self._asking, answered = True, False
        try:
            content = await self._ask(from_ms, to_ms)
            answered = True
            return content
        finally:
            self._asking, self._used_s = False, trio.current_time()
            if not answered:  # whatever stands in its pipes would be taken for the next answer
                await self._end()

    def drop(self) -> None:
        """End it, so that it holds nothing any more of what was forgotten. From any thread."""
        process = self._process
        if process is not None:
            process.kill()

    async def run(self) -> None:
        """End the process when nobody has asked it for long, and when this is cancelled."""
        try:
            while True:
                await trio.sleep(UNUSED_S / 10)
                if not self._asking and trio.current_time() - self._used_s > UNUSED_S:
                    await self._end()
        finally:
            await self._end()

    async def _ask(self, from_ms: int, to_ms: int) -> bytes:
        if self._process is not None and (self._from_ms != from_ms or self._process.poll() is not None):
            await self._end()
        fresh = self._process is None
        process = self._process or await self._start(from_ms)
        with trio.move_on_after(FIRST_WITHIN_S if fresh else WITHIN_S):
            answer = await _line(process, to_ms)
            if answer is not None:
                return answer
            raise NoAnswer("unreadable", "", await _last_words(process))
        raise NoAnswer(
            "too_long", "", "The journal could not be read in time: use `turnout report shift` on its machine."
        )

    async def _start(self, from_ms: int) -> trio.Process:
        since, recent = f"{from_ms}", f"{self._recent_min}"
        command = [sys.executable, "-m", "gateways.cli", "report", "shift", "--follow", since, "--recent", recent]
        try:
            self._process = await trio.lowlevel.open_process(
                [*command, "--", str(self._data)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=partial(os.nice, NICE),
            )
        except OSError as error:
            raise NoAnswer(NOT_STARTED, "", self._workers.not_started(error, "shift")) from error
        self._workers.started()
        self._from_ms = from_ms
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with trio.CancelScope(shield=True):  # it is dead: this takes no time
            await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await trio.aclose_forcefully(stream)


async def _line(process: trio.Process, to_ms: int) -> bytes | None:
    """Ask, and return the line that it answers; None if it has ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        await process.stdin.send_all(b"%d\n" % to_ms)
    except trio.BrokenResourceError:
        return None
    told = bytearray()
    while len(told) < ANSWER_MAX:
        helping = await process.stdout.receive_some(HELPING)
        if not helping:
            return None
        told += helping
        if told.endswith(b"\n"):
            return bytes(told).strip()
    return None


async def _last_words(process: trio.Process) -> str:
    """Return the last sentence of a process that has ended, or answers too much."""
    assert process.stderr is not None
    with trio.move_on_after(WITHIN_S / 10):
        said = bytearray()
        while (helping := await process.stderr.receive_some(HELPING)) and len(said) < HELPING:
            said += helping
        lines = said.decode(errors="replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "The process that reads the journal has ended. It is started again."
