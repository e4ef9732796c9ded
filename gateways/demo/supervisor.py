"""Keeps the engine's process running: starts it, waits for its doors, and starts it again whenever it dies.

Rule: the engine is killed by nobody but the one who wants to see it survive. Same place, same data, same ports and
same pace each time, so that its clients find it where it was.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE

import msgspec
import trio
from msgspec import Struct

FIRST_START_WITHIN_S = 300.0
"""The first start on a machine compiles the kernels."""
STOP_WITHIN_S = 20.0
RESTART_AFTER_S = 0.2
STILLBORN_MAX = 3
"""Deaths in a row before the doors were open: then it will not live, and its log says why."""
LOG_TAIL = 12


class Tokens(Struct, frozen=True):
    """The part of the engine's access that matters to its guests."""

    tokens: dict[str, str]
    """By role."""


class Feed(Struct, frozen=True):
    """A door of telematics, or the broker that it listens to."""

    protocol: str
    address: str


class Doors(Struct, frozen=True):
    """What the engine announces when it is ready (`gateways.app.Doors`, without importing the whole engine)."""

    cad: str
    web: str
    lines: tuple[str, ...]
    access: Tokens
    notes: tuple[str, ...]
    feeds: tuple[Feed, ...] = ()


class EngineWillNotStart(Exception):
    """The engine died before its doors were open, again and again. The message quotes its log."""


class Outage(Struct):
    """A time without the engine, in seconds since the demo began."""

    from_s: float
    to_s: float | None
    status: int
    """How the process ended: minus the number of the signal, or its exit status."""


class Supervisor:
    """One engine. `pid` is None while there is none; `doors` are those of the latest start."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._command = [sys.executable, "-m", "gateways.cli", *arguments]
        self._log = log
        self._began_s = trio.current_time()
        self._process: trio.Process | None = None
        self._stopping = False
        self.doors: Doors | None = None
        self.up = False
        self.up_since_s = 0.0
        self.outages: list[Outage] = []

    @property
    def pid(self) -> int | None:
        """The engine's process number."""
        return self._process.pid if self._process is not None else None

    def up_for_s(self) -> float:
        """Return the seconds since the doors of this start were opened."""
        return trio.current_time() - self.up_since_s

    def elapsed_s(self) -> float:
        """Return the seconds since the demo began."""
        return trio.current_time() - self._began_s

    async def run(self, task_status: trio.TaskStatus[Doors] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep it running until `stop`. Raises EngineWillNotStart."""
        first = True
        while not self._stopping:
            doors = await self._start()
            if doors is None:
                return
            self._opened(doors)
            if first:
                task_status.started(doors)
                first = False
            await self._watch()

    async def _start(self) -> Doors | None:
        """Start it until its doors are open; None if `stop` came first."""
        for _ in range(STILLBORN_MAX):
            with self._log.open("ab") as log:
                # In a session of its own: Ctrl-C is for the demo, which then stops the engine in order.
                process = await trio.lowlevel.open_process(
                    self._command, stdin=PIPE, stdout=PIPE, stderr=log, start_new_session=True
                )
            self._process = process
            with trio.move_on_after(FIRST_START_WITHIN_S):
                doors = await _read_doors(process)
                if doors is not None:
                    return doors
            process.kill()
            await process.wait()
            self._process = None
            if self._stopping:
                return None
            await trio.sleep(RESTART_AFTER_S)
        raise EngineWillNotStart(f"The engine did not open its doors. Its log ({self._log}) ends with:\n{self._tail()}")

    def _opened(self, doors: Doors) -> None:
        self.doors = doors
        self.up = True
        self.up_since_s = trio.current_time()
        if self.outages and self.outages[-1].to_s is None:
            self.outages[-1].to_s = self.elapsed_s()

    async def _watch(self) -> None:
        """Wait for it to end, and write down that it did."""
        process = self._process
        assert process is not None
        status = await process.wait()
        assert process.stdout is not None
        await process.stdout.aclose()
        self.up = False
        self._process = None
        if not self._stopping:
            self.outages.append(Outage(self.elapsed_s(), None, status))
            await trio.sleep(RESTART_AFTER_S)

    def kill(self) -> None:
        """Kill it as the power cut would: no goodbye, nothing flushed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    async def stop(self) -> bool:
        """Let it close in order; kill it if it does not. Tell whether it went by itself, without a fault.

        An engine whose doors are not open has nothing to close, so it is killed at once.
        """
        self._stopping = True
        process = self._process
        if process is None:
            return True
        if not self.up:
            process.kill()
            await process.wait()
            return True
        process.terminate()
        with trio.move_on_after(STOP_WITHIN_S):
            return await process.wait() == 0
        process.kill()
        await process.wait()
        return False

    def _tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL:])


async def _read_doors(process: trio.Process) -> Doors | None:
    """Read what the engine announces once it is ready; None if it ended before."""
    assert process.stdout is not None
    line = b""
    while b"\n" not in line:
        received = await process.stdout.receive_some(65_536)
        if not received:
            return None
        line += received
    return msgspec.json.decode(line.partition(b"\n")[0], type=Doors)
