"""Previews: what would be recommended for a call that is still being typed. Beside the writer, never before it.

Rule: whoever asks waits, not the engine: until nothing is to be decided, and until previews have taken no more than
their share of the loop. What cannot be had in time is refused; somebody who types asks again anyway.
"""

import time
from collections.abc import Callable
from typing import Final

import trio

from engine.core.engine import Engine
from engine.core.previewing import Preview, preview
from engine.model.inputs import ReportIncident

WITHIN_S: Final = 1.0
LOOKS_EVERY_S: Final = 0.005
WAITING_MAX: Final = 32
REST: Final = 19
"""After each preview none begins for so many times as long as it took: together they take 5 percent of the loop."""


class Busy(Exception):
    """There was no time for it; the message says what to do."""


class Previews:
    """Judges calls that have not been reported. Used from the trio loop only."""

    def __init__(self, engine: Engine, at_rest: Callable[[], bool]) -> None:
        """`at_rest` tells whether the engine has nothing to decide at this moment."""
        self._engine = engine
        self._at_rest = at_rest
        self._one_at_a_time = trio.Lock()
        self._not_before_s = 0.0
        self.told = 0
        self.busy = 0
        """Refused for want of time."""

    async def tell(self, given: ReportIncident) -> Preview:
        """Return what would become of the report. Raises Refused as the report would be, and Busy."""
        if self._one_at_a_time.statistics().tasks_waiting < WAITING_MAX:
            with trio.move_on_after(WITHIN_S):
                async with self._one_at_a_time:
                    await trio.sleep_until(self._not_before_s)
                    while not self._at_rest():  # noqa: ASYNC110  the lanes are plain counters
                        await trio.sleep(LOOKS_EVERY_S)
                    return self._judge(given)
        self.busy += 1
        raise Busy("The engine is busy with calls that have come in; nothing is told of one that has not. Enter it.")

    def _judge(self, given: ReportIncident) -> Preview:
        """Judge between two turns: nothing in here awaits."""
        begun_s = time.perf_counter()
        try:
            return preview(self._engine.world, self._engine.dispatch, given)
        finally:
            self.told += 1
            self._not_before_s = trio.current_time() + REST * (time.perf_counter() - begun_s)
