"""What is too dear to count at every scrape, kept up to date turn by turn: units by status, late ones, who is tracked.

Rule: after each folded turn the census says what a count over the whole fleet would say.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.crew_facts import RollCalled
from engine.model.fact import Fact
from engine.model.facts import PlaceAdopted
from engine.model.lifecycle import Status
from engine.model.response_facts import DelayCause
from engine.model.turn import Turn
from engine.state.fleet import STANDING_NOT_IN_SERVICE, STANDING_UNDERSTAFFED
from engine.state.progress import UNDER_WAY
from engine.state.records import UnitRecord
from engine.state.world import World


class Mark(Struct, frozen=True, gc=False):
    """One unit, as it is counted."""

    status: Status
    late: DelayCause | None
    """Under way, and expected later than was told."""
    owes_answer: bool
    """A roll-call waits for it."""


class Census:
    """Counts the units of the place in force. Follows one World, after it has folded each turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_status: dict[Status, int] = {}
        self.late: dict[DelayCause, int] = {}
        self.owing_answers = 0
        """Units that were asked by a roll-call and have not answered."""
        self._marks: dict[str, Mark] = {}
        self._tracked: npt.NDArray[np.bool_] = np.empty(0, np.bool_)
        """By row: a unit of the place in force that reports positions."""
        self._recount()

    def follow(self, turn: Turn) -> None:
        """Take over what the turn changed."""
        for fact in turn.facts:
            if isinstance(fact, PlaceAdopted):
                self._recount()
                return
            for unit in _named(fact):
                if unit in self._marks:
                    self._move(unit)

    def positions(self, now_ms: int) -> tuple[int, int]:
        """Return how many tracked units are in service, and how many of those have no position worth deciding on."""
        fleet = self._world.fleet
        counted = self._tracked & (fleet.standing != STANDING_NOT_IN_SERVICE)
        stale = counted & (fleet.assumed == 0) & (fleet.fix_ms < now_ms - self._stale_after_ms)
        return int(np.count_nonzero(counted)), int(np.count_nonzero(stale))

    def understaffed(self) -> int:
        """Return how many units in service are not sent because too few people are on board."""
        return int(np.count_nonzero(self._world.fleet.standing == STANDING_UNDERSTAFFED))

    @property
    def _stale_after_ms(self) -> int:
        return self._world.settled.limits.stale_after_ms

    def _move(self, unit: str) -> None:
        record = self._world.unit(unit)
        assert record is not None, f"{unit} is in the census and not in the World"
        before, after = self._marks[unit], self._mark(record)
        if after != before:
            self._marks[unit] = after
            self._count(before, -1)
            self._count(after, 1)

    def _mark(self, unit: UnitRecord) -> Mark:
        assignment = self._world.assignment(unit)
        if assignment is None:
            return Mark(unit.duty, None, owes_answer=unit.roll_due_ms > 0)
        late = assignment.late if assignment.status in UNDER_WAY else None
        return Mark(assignment.status, late, owes_answer=unit.roll_due_ms > 0)

    def _count(self, mark: Mark, by: int) -> None:
        self.by_status[mark.status] += by
        self.owing_answers += by * mark.owes_answer
        if mark.late is not None:
            self.late[mark.late] += by

    def _recount(self) -> None:
        world = self._world
        tracked = {unit.id: unit.tracked for unit in world.settled.units}
        self._tracked = np.array([tracked.get(name, False) for name in world.fleet.ids], np.bool_)
        self._marks = {unit.id: self._mark(unit) for unit in world.units if unit.id in tracked}
        self.by_status, self.late = dict.fromkeys(Status, 0), dict.fromkeys(DelayCause, 0)
        self.owing_answers = 0
        for mark in self._marks.values():
            self._count(mark, 1)


def _named(fact: Fact) -> Iterator[str]:
    """Give the units that the fact may have changed."""
    if isinstance(fact, RollCalled):
        yield from fact.units
    unit = getattr(fact, "unit", None)
    if unit is not None:
        yield unit
