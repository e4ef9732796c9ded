"""What goes on in the stations: meals, and who is on board.

Rule: a crew at its meal is still there to be sent; it goes back to its plate, or to its duty, when that is over.
"""

from collections.abc import Iterator
from random import Random

import trio

from engine.model.lifecycle import Status
from engine.model.place import Place, Unit
from gateways.cad.client import new_id
from gateways.demo.chance import around, exponential, stream
from gateways.demo.citytime import CityTime
from gateways.demo.line import Line
from gateways.vocabulary.crew_messages import Staffing
from gateways.vocabulary.incident_messages import UnitStatus

HOUR_MS = 3_600_000
MEAL_EVERY_MS = 6 * HOUR_MS
"""Of one crew."""
SHORT_EVERY_MS = 16 * HOUR_MS
"""Of one unit: somebody goes home, or to a course."""
BACK_AFTER_MS = HOUR_MS


class Quarters:
    """All stations of our own: what neighbours do at home is nobody's business here."""

    def __init__(self, place: Place, line: Line, time: CityTime, seed: int) -> None:
        self._own = [unit for unit in place.units if unit.agency is None]
        self._meal_ms = place.work.break_ms
        self._line = line
        self._time = time
        self._meals: Random = stream(seed, "meals")
        self._people: Random = stream(seed, "people on board")

    async def run(self) -> None:
        """Go on until cancelled."""
        if not self._own:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve_meals, nursery)
            nursery.start_soon(self._count_people, nursery)

    async def _serve_meals(self, nursery: trio.Nursery) -> None:
        while True:
            await self._time.sleep(exponential(self._meals, MEAL_EVERY_MS / len(self._own)))
            if idle := list(self._idle()):
                nursery.start_soon(self._eat, self._meals.choice(idle))

    async def _count_people(self, nursery: trio.Nursery) -> None:
        while True:
            await self._time.sleep(exponential(self._people, SHORT_EVERY_MS / len(self._own)))
            if spare := [unit for unit in self._idle() if unit.staff > max(1, unit.staff_min)]:
                nursery.start_soon(self._be_short, self._people.choice(spare))

    def _idle(self) -> Iterator[Unit]:
        return (unit for unit in self._own if self._status(unit) is Status.AVAILABLE)

    def _status(self, unit: Unit) -> Status | None:
        seen = self._line.client.mirror.units.get(unit.id)
        return None if seen is None else seen.status

    async def _eat(self, unit: Unit) -> None:
        await self._report(unit, Status.ON_BREAK)
        await self._time.sleep(around(self._meals, self._meal_ms, 0.2))
        if self._status(unit) is Status.ON_BREAK:
            await self._report(unit, Status.AVAILABLE)

    async def _be_short(self, unit: Unit) -> None:
        for staff, after_ms in ((unit.staff - 1, BACK_AFTER_MS), (unit.staff, 0)):
            await self._line.ask(Staffing(id=new_id(), unit=unit.id, staff=staff))
            await self._time.sleep(after_ms)

    async def _report(self, unit: Unit, status: Status) -> None:
        await self._line.ask(UnitStatus(id=new_id(), unit=unit.id, status=status, at_ms=self._time.now()))
