"""A thread that sleeps, and notices when the trio loop does not come round.

250 ms without a beat: all stacks go to standard error, so the culprit has a name. Two seconds in which the loop could have
run and did not come round: the process ends itself, because a stopped dispatcher that looks alive is worse than one that
restarts from its journal. One that nobody lets run is not stopped: a restart needs the same processor that it lacks, and
takes longer than most such stalls. So time does not count in which this thread itself could not run (the machine, or
another thread that held the interpreter), nor such in which the loop's thread waited for a processor.
"""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import trio

BEAT_S = 0.05
BLOCKED_S = 0.25
HOPELESS_S = 2.0
TICK_MOST_S = 2 * BEAT_S
"""A look that comes later than this was held up itself, and says no more about the loop than one that comes in time."""


class Silence:
    """How long the loop has been silent, and for how much of it that is its own doing. All times in seconds."""

    def __init__(self, now_s: float, beat_s: float, starved_s: float) -> None:
        self._looked_s, self._beat_s, self._starved_s = now_s, beat_s, starved_s
        self.lasts_s = 0.0
        self.own_s = 0.0

    def look(self, now_s: float, beat_s: float, starved_s: float) -> None:
        """Take note that the last beat was then, and that the loop's thread has waited so long for a processor in all."""
        took_s, waited_s = now_s - self._looked_s, starved_s - self._starved_s
        if beat_s != self._beat_s:
            self.own_s, took_s = 0.0, now_s - beat_s
        self.own_s += max(0.0, min(took_s, TICK_MOST_S) - waited_s)
        self.lasts_s = now_s - beat_s
        self._looked_s, self._beat_s, self._starved_s = now_s, beat_s, starved_s


class Watchdog:
    """Watches one trio loop. `blocked` counts how often it was late; `longest_s` says by how much at most."""

    def __init__(self, on_hopeless: Callable[[], None] = os.abort, *, hopeless_s: float = HOPELESS_S) -> None:
        self._on_hopeless = on_hopeless
        self._hopeless_s = hopeless_s
        self._beat = time.monotonic()
        self._stop = threading.Event()
        self.blocked = 0
        self.longest_s = 0.0

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = threading.get_native_id()
        thread = threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True)
        self._beat = time.monotonic()
        thread.start()
        try:
            while True:
                await trio.sleep(BEAT_S)
                now = time.monotonic()
                self.longest_s = max(self.longest_s, now - self._beat - BEAT_S)
                self._beat = now
        finally:
            self._stop.set()

    def _watch(self, loop: int) -> None:
        told = False
        silence = Silence(time.monotonic(), self._beat, waited_for_processor_s(loop))
        while not self._stop.wait(BEAT_S):
            silence.look(time.monotonic(), self._beat, waited_for_processor_s(loop))
            if silence.own_s > self._hopeless_s:
                self._say(
                    f"the loop has been blocked for {silence.own_s:.1f} s: the process ends itself and must restart"
                )
                self._on_hopeless()
                return
            if silence.lasts_s > BLOCKED_S and not told:
                own = f"{silence.own_s * 1000:.0f} ms of it by its own doing"
                self._say(f"the loop has been blocked for {silence.lasts_s * 1000:.0f} ms, {own}; every stack follows")
                self.blocked += 1
                told = True
            elif silence.lasts_s < BLOCKED_S:
                told = False

    @staticmethod
    def _say(sentence: str) -> None:
        print(f"turnout watchdog: {sentence}", file=sys.stderr, flush=True)  # noqa: T201  the logger may be what blocks
        if hasattr(sys.stderr, "fileno"):
            faulthandler.dump_traceback(file=sys.stderr)


def waited_for_processor_s(thread: int) -> float:
    """Return how long this thread of ours has been ready and had no processor, in all; 0 where no system tells (Linux does)."""
    try:
        return int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
