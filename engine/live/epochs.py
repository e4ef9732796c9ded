"""Travel times worked out beside the engine: a thread customises the streets, then an input says that it is done.

Rule: one set of conditions at a time; the writer never waits, and decides on the last published epoch meanwhile. A
customisation that fails stops the service: going on would mean travel times that nobody can vouch for.
"""

import time
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final

import trio

from engine.model.inputs import PublishEpoch
from engine.model.roads import Conditions
from engine.model.turn import Turn
from engine.state.world import World
from engine.streets.roads import Roads
from engine.streets.weighing import Mode

PREPARED_MAX: Final = 256
"""Open incidents whose vectors are made before an epoch is published, those that wait first."""

Points = list[tuple[int, int, Mode]]


class StreetsFailed(Exception):
    """Travel times could not be worked out. The message says what that means."""

    def __init__(self, epoch: int, error: Exception) -> None:
        super().__init__(
            f"The travel times of epoch {epoch} could not be worked out ({type(error).__name__}: {error}). "
            "The engine stops, because it could only go on with times that no longer hold; everything accepted is in "
            "the journal. If it happens again after a restart, start the place with straight-line travel."
        )


class EpochMaker:
    """Watches the World of a service for conditions that need an epoch."""

    def __init__(self, world: World, tell: Callable[[PublishEpoch], Awaitable[Turn]]) -> None:
        self.on_epoch: Callable[[float], None] | None = None
        """Told the seconds that each customisation took."""
        self._world = world
        self._tell = tell
        self._news = trio.Event()

    def look(self) -> None:
        """Called after each turn: begin, if there is something to make."""
        if self._world.road_book.making is not None:
            self._news.set()

    async def run(self) -> None:
        """Make what is wanted, until cancelled. Raises StreetsFailed."""
        while True:
            self._news = trio.Event()
            await self.catch_up()
            await self._news.wait()

    async def catch_up(self) -> None:
        """Publish epochs until nothing is in the works. Raises StreetsFailed."""
        while (making := self._world.road_book.making) is not None:
            await self.prepare(*making)
            await self._tell(PublishEpoch(making[0]))

    async def prepare(self, epoch: int, conditions: Conditions) -> None:
        """Customise the place's streets for these conditions, in a thread. Raises StreetsFailed."""
        roads = self._world.roads
        assert roads is not None, "conditions are in the works for a place without streets"
        points = points_of(self._world)
        try:
            seconds = await trio.to_thread.run_sync(_customise, roads, conditions, points)
        except Exception as error:
            raise StreetsFailed(epoch, error) from error
        if self.on_epoch is not None:
            self.on_epoch(seconds)


def _customise(roads: Roads, conditions: Conditions, points: Points) -> float:
    """Make the oracle, both modes, and its vectors; return the seconds it took."""
    started_s = time.perf_counter()
    roads.prepare(conditions, points)
    return time.perf_counter() - started_s


def points_of(world: World) -> Points:
    """Return where travel times to will be asked for, and how units drive there."""
    under_lights = world.settled.travel.under_lights
    incidents = list(islice(world.waiting.values(), PREPARED_MAX))
    for incident in reversed(world.open.values()):
        if len(incidents) >= PREPARED_MAX:
            break
        if incident.id not in world.waiting:
            incidents.append(incident)
    return [
        (incident.x_m, incident.y_m, Mode.LIGHTS if under_lights(incident.priority) else Mode.NORMAL)
        for incident in incidents
    ]
