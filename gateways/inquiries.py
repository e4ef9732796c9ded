"""Questions to the journal while the engine runs: answered by a process of their own, so that no decision waits.

Rule: one at a time, few waiting, each with a deadline. What is answered is what `turnout why` prints.
"""

import sys
from pathlib import Path
from typing import Final

import trio

ANSWER_WITHIN_S: Final = 60.0
WAITING_MAX: Final = 8


class NoAnswer(Exception):
    """The question has no answer; the message says why and what to do."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.field, self.reason = code, field, reason


class Inquiries:
    """Asks about the journal in one data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def why(self, incident: str, unit: str | None, at: int | None) -> bytes:
        """Return the account of an incident as one JSON object. Raises NoAnswer."""
        if self._one_at_a_time.statistics().tasks_waiting >= WAITING_MAX:
            raise NoAnswer("busy", "", "Many ask why at this moment. Ask again in a minute.")
        command = [sys.executable, "-m", "gateways.cli", "why", incident, "--data", str(self._data), "--json"]
        command += [] if unit is None else ["--unit", unit]
        command += [] if at is None else ["--at", str(at)]
        with trio.move_on_after(ANSWER_WITHIN_S):
            async with self._one_at_a_time:
                done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
            if done.returncode == 0:
                return done.stdout.strip()
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise NoAnswer("unknown_incident", "incident", said[-1] if said else f"Nothing is known of {incident}.")
        raise NoAnswer("too_long", "", "The journal is long and could not be read in time: use `turnout why`.")
