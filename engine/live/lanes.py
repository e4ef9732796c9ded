"""Lanes into the engine: what may wait, behind what, and how much of it.

A storm of positions or status reports cannot hold up a call, and a storm of calls cannot hold up a crew that calls
for help: the writer always takes from the first lane that has something. Only positions are conflated
(`positions.py`); everything else waits its turn or holds its sender back.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum

import trio
from msgspec import Struct

from engine.model.inputs import (
    AnyInput,
    DeclareEmergency,
    LearnService,
    LearnSpeeds,
    LearnTurnouts,
    ReportAttempt,
    ReportCopy,
    ReportIncident,
    ReportReceipt,
    ReportStatus,
    Tick,
)
from engine.model.moves import ProposeMoves
from engine.model.turn import Answer, Turn

Done = Callable[[Turn | None, Answer | None], None]
"""Told when the turn is durable, or the earlier answer to the same command."""


class Lane(IntEnum):
    """In the order in which the writer takes from them."""

    EMERGENCY = 0
    """Crews that call for help, and nothing else."""
    CALLS = 1
    """Calls of priority 1, or of a type whose own priority may be 1."""
    ORDERS = 2
    STATUSES = 3


UNHURRIED = (
    ReportStatus,
    ReportAttempt,
    ReportReceipt,
    ReportCopy,
    Tick,
    LearnSpeeds,
    LearnTurnouts,
    LearnService,
    ProposeMoves,
)
"""Nobody waits for their answer."""
CAPACITY = {Lane.EMERGENCY: 4096, Lane.CALLS: 4096, Lane.ORDERS: 4096, Lane.STATUSES: 4096}
"""Inputs that wait in a lane; beyond it, senders wait with them."""


class Waiting(Struct, gc=False):
    """An input in a lane."""

    given: AnyInput
    done: Done


def lane_of(given: AnyInput) -> Lane:
    """Return the lane of an input."""
    if isinstance(given, DeclareEmergency):
        return Lane.EMERGENCY
    if isinstance(given, ReportIncident) and given.priority in (None, 1):
        return Lane.CALLS
    if isinstance(given, UNHURRIED):
        return Lane.STATUSES
    return Lane.ORDERS


class Lanes:
    """Three bounded queues, taken from in order of urgency."""

    def __init__(self) -> None:
        self._queues: tuple[deque[Waiting], ...] = tuple(deque() for _ in Lane)
        self._room = trio.lowlevel.ParkingLot()
        self.taken = [0] * len(Lane)
        """Inputs that have gone through, by lane."""

    async def put(self, waiting: Waiting) -> None:
        """Add an input, once its lane has room."""
        lane = lane_of(waiting.given)
        queue = self._queues[lane]
        while len(queue) >= CAPACITY[lane]:
            await self._room.park()
        queue.append(waiting)

    def take(self) -> Waiting | None:
        """Return the next input of the most urgent lane that has any."""
        for lane, queue in enumerate(self._queues):
            if queue:
                self.taken[lane] += 1
                if len(queue) == CAPACITY[Lane(lane)]:
                    self._room.unpark_all()
                return queue.popleft()
        return None

    @property
    def are_empty(self) -> bool:
        """Tell whether nothing waits in any lane."""
        return not any(self._queues)

    def depth(self, lane: Lane) -> int:
        """Return how many inputs wait in the lane."""
        return len(self._queues[lane])
