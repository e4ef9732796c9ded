"""Who plans moves beside the simulated engine: asked after what changes things, heard after the time that thinking takes."""

from typing import TYPE_CHECKING

from engine.model.turn import Turn
from engine.policy.redeploy import BUSY_EVERY_MS, Expected, Planning
from engine.sim.calendar import Entry

if TYPE_CHECKING:
    from engine.sim.city import City

HOUR_MS = 3_600_000


class Planner:
    """One plan at a time: what changes while it is made is part of the next one."""

    def __init__(self, city: "City", planning: Planning, expected: Expected | None) -> None:
        self._city = city
        self._planning, self._expected = planning, expected
        self._due: Entry | None = None
        if expected is not None:
            city.calendar.at(city.now, self._expect)
            city.calendar.at(city.now + BUSY_EVERY_MS, self._sample)

    def saw(self, turn: Turn) -> None:
        """Think again soon, if there is something new."""
        if self._expected is not None:
            self._expected.saw(turn)
        if self._planning.saw(turn) and self._due is None:
            self._due = self._city.calendar.at(self._city.now + self._city.nature.planner_ms, self._think)

    def _think(self, _: object) -> None:
        self._due = None
        self._city.feed.before_deciding()
        plan = self._planning.think(self._city.world)
        if plan is not None:
            self._city.step(plan)

    def _expect(self, _: object) -> None:
        """Once an hour: reckon with what the next one will probably bring."""
        assert self._expected is not None
        city = self._city
        self._planning.surveyor.expect(self._expected.expect(city.now))
        city.calendar.at(city.now + HOUR_MS, self._expect)

    def _sample(self, _: object) -> None:
        assert self._expected is not None
        city = self._city
        self._expected.sample(city.world, city.now, kinds=None)
        city.calendar.at(city.now + BUSY_EVERY_MS, self._sample)
