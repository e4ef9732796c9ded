"""A thread that sleeps, and notices when the trio loop does not come round.

250 ms without a beat: all stacks go to standard error, so the culprit has a name. Two seconds: the process ends
itself, because a stopped dispatcher that looks alive is worse than one that restarts from its journal.
"""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable

import trio

BEAT_S = 0.05
BLOCKED_S = 0.25
HOPELESS_S = 2.0


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
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
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

    def _watch(self) -> None:
        told = False
        while not self._stop.wait(BEAT_S):
            silent_s = time.monotonic() - self._beat
            if silent_s > self._hopeless_s:
                self._say(f"the loop has been blocked for {silent_s:.1f} s: the process ends itself and must restart")
                self._on_hopeless()
                return
            if silent_s > BLOCKED_S and not told:
                self.blocked += 1
                self._say(f"the loop has been blocked for {silent_s * 1000:.0f} ms; every stack follows")
                told = True
            elif silent_s < BLOCKED_S:
                told = False

    @staticmethod
    def _say(sentence: str) -> None:
        print(f"turnout watchdog: {sentence}", file=sys.stderr, flush=True)  # noqa: T201  the logger may be what blocks
        if hasattr(sys.stderr, "fileno"):
            faulthandler.dump_traceback(file=sys.stderr)
