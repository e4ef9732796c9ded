"""What is too dear to count at every scrape, kept up to date turn by turn: units by status, and who is tracked.

Rule: after each folded turn the census says what a count over the whole fleet would say.
"""

import numpy as np
import numpy.typing as npt

from engine.model.facts import PlaceAdopted
from engine.model.lifecycle import Status
from engine.model.turn import Turn
from engine.state.fleet import STANDING_NOT_IN_SERVICE
from engine.state.world import World


class Census:
    """Counts the units of the place in force. Follows one World, after it has folded each turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_status: dict[Status, int] = {}
        self._status: dict[str, Status] = {}
        self._tracked: npt.NDArray[np.bool_] = np.empty(0, np.bool_)
        """By row: a unit of the place in force that reports positions."""
        self._recount()

    def follow(self, turn: Turn) -> None:
        """Take over what the turn changed."""
        for fact in turn.facts:
            if isinstance(fact, PlaceAdopted):
                self._recount()
                return
            unit = getattr(fact, "unit", None)
            if unit in self._status:
                self._move(unit)

    def positions(self, now_ms: int) -> tuple[int, int]:
        """Return how many tracked units are in service, and how many of those have no position worth deciding on."""
        fleet = self._world.fleet
        counted = self._tracked & (fleet.standing != STANDING_NOT_IN_SERVICE)
        stale = counted & (fleet.assumed == 0) & (fleet.fix_ms < now_ms - self._stale_after_ms)
        return int(np.count_nonzero(counted)), int(np.count_nonzero(stale))

    @property
    def _stale_after_ms(self) -> int:
        return self._world.settled.limits.stale_after_ms

    def _move(self, unit: str) -> None:
        record = self._world.unit(unit)
        assert record is not None, f"{unit} is in the census and not in the World"
        before, after = self._status[unit], self._world.status(record)
        if after is not before:
            self._status[unit] = after
            self.by_status[before] -= 1
            self.by_status[after] += 1

    def _recount(self) -> None:
        world = self._world
        tracked = {unit.id: unit.tracked for unit in world.settled.units}
        self._tracked = np.array([tracked.get(name, False) for name in world.fleet.ids], np.bool_)
        self._status = {unit.id: world.status(unit) for unit in world.units if unit.id in tracked}
        self.by_status = dict.fromkeys(Status, 0)
        for status in self._status.values():
            self.by_status[status] += 1
