"""What became of each call: written down as it happens, read once at the end."""

import numpy as np

from engine.model.place import Place
from engine.sim.callers import CallList
from engine.sim.outcome import NEVER, Calls


class Cases:
    """One row a call of the list, in its order."""

    def __init__(self, calls: CallList) -> None:
        self.calls = calls
        count = len(calls)
        self.known_ms = [NEVER] * count
        self.sent_ms = [NEVER] * count
        self.reached_ms = [NEVER] * count
        self.complete_ms = [NEVER] * count
        self.cleared_ms = [NEVER] * count
        self.target_ms = [NEVER] * count
        self.unit = [NEVER] * count
        self.waited = [0] * count
        self.bumped = [0] * count
        self._seen = 0
        self.of: dict[str, int] = {}
        """By incident that is open."""

    def known(self, call: int, incident: str, now: int, target_ms: int) -> None:
        """The engine has it on the board."""
        self.of[incident] = call
        self.known_ms[call], self.target_ms[call] = now, target_ms

    def reached(self, call: int, row: int, sent_ms: int, now: int) -> None:
        """A unit is there; the first one counts."""
        if self.reached_ms[call] == NEVER:
            self.reached_ms[call], self.unit[call], self.sent_ms[call] = now, row, sent_ms

    def open_before(self, until_ms: int) -> bool:
        """Tell whether a call that came before that time has not been answered in full."""
        while self._seen < len(self.calls) and self.calls.came_ms[self._seen] < until_ms:
            if self.complete_ms[self._seen] == NEVER:
                return True
            self._seen += 1
        return False

    def measured(self, from_ms: int, until_ms: int) -> Calls:
        """Return the calls that came in the measured days, times counted from their begin."""
        calls = self.calls
        these = np.flatnonzero((calls.came_ms >= from_ms) & (calls.came_ms < until_ms))

        def times(column: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
            found = np.array(column, np.int64)[these]
            return np.where(found == NEVER, NEVER, found - from_ms)

        return Calls(
            came_ms=calls.came_ms[these] - from_ms,
            known_ms=times(self.known_ms),
            sent_ms=times(self.sent_ms),
            reached_ms=times(self.reached_ms),
            complete_ms=times(self.complete_ms),
            cleared_ms=times(self.cleared_ms),
            target_ms=np.array(self.target_ms, np.int32)[these],
            priority=calls.priority[these],
            x_m=calls.x_m[these],
            y_m=calls.y_m[these],
            unit=np.array(self.unit, np.int32)[these],
            waited=np.array(self.waited, np.uint8)[these],
            bumped=np.array(self.bumped, np.int16)[these],
        )


def target_of(place: Place, plan: str) -> int:
    """Return from call to arrival of the first unit, as the plan wants it."""
    return min(slot.target_ms for each in place.plans if each.id == plan for slot in each.slots)
