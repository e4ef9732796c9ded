"""Questions to the journal while the engine runs: answered by a process of their own, so that no decision waits.

Rule: one at a time, few waiting, each with a deadline. What is answered is what the command line prints.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import trio

from gateways.workers import NOT_STARTED, Workers

ANSWER_WITHIN_S: Final = 60.0
WAITING_MAX: Final = 8


class NoAnswer(Exception):
    """The question has no answer; the message says why and what to do."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.field, self.reason = code, field, reason


class Inquiries:
    """Asks about the journal in one data folder. `nice`: so much the answering process stands back for others."""

    def __init__(self, data: Path, *, nice: int = 0, workers: Workers | None = None) -> None:
        self._data = data
        self._workers = workers or Workers()
        self._nice = nice
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def why(self, incident: str, unit: str | None, at: int | None, *, personal: bool = True) -> bytes:
        """Return the account of an incident as one JSON object; people's data left out unless `personal`. Raises NoAnswer."""
        options = [] if unit is None else [f"--unit={unit}"]
        options += [] if at is None else ["--at", str(at)]
        options += [] if personal else ["--redacted"]
        command = ["why", "--data", str(self._data), "--json", "--asked", *options, "--", incident]
        return await self.ask(command, "unknown_incident", "incident", f"Nothing is known of {incident}.")

    async def report(self, name: str, from_ms: int | None, to_ms: int | None, profile: str | None) -> bytes:
        """Return a report on the journal as one JSON object. Raises NoAnswer."""
        options = [] if from_ms is None else ["--from", _moment(from_ms)]
        options += [] if to_ms is None else ["--to", _moment(to_ms)]
        options += [] if profile is None else ["--profile", profile]
        command = ["report", name, *options, "--json", "--", str(self._data)]
        return await self.ask(command, "unknown_profile", "profile", "There is no such report.")

    async def ask(self, arguments: list[str], code: str, field: str, otherwise: str) -> bytes:
        """Run the command line; return what it prints. Raises NoAnswer with its last sentence, under that code."""
        if self._one_at_a_time.statistics().tasks_waiting >= WAITING_MAX:
            raise NoAnswer("busy", "", "Many ask at this moment. Ask again in a minute.")
        command = [sys.executable, "-m", "gateways.cli", *arguments]
        if any("\0" in each for each in arguments):  # no name has one, and no program can be asked with it
            raise NoAnswer(code, field, otherwise)
        with trio.move_on_after(ANSWER_WITHIN_S):
            async with self._one_at_a_time:
                done = await self._run(command)
            if done.returncode == 0:
                return done.stdout.strip()
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise NoAnswer(code, field, said[-1] if said else otherwise)
        raise NoAnswer(
            "too_long", "", "The journal is long and could not be read in time: use `turnout` on its machine."
        )

    async def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        """Run it to its end. Raises NoAnswer where it cannot be started."""
        stand_back = partial(os.nice, self._nice) if self._nice else None
        try:
            done = await trio.run_process(
                command, capture_stdout=True, capture_stderr=True, check=False, preexec_fn=stand_back
            )
        except OSError as error:
            raise NoAnswer(NOT_STARTED, "", self._workers.not_started(error, command[3])) from error
        self._workers.started()
        return done


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
