"""Who plans moves beside the simulated engine: asked after what changes things, heard after the time that thinking takes."""

from typing import TYPE_CHECKING

from engine.model.turn import Turn
from engine.policy.redeploy import Planning
from engine.sim.calendar import Entry

if TYPE_CHECKING:
    from engine.sim.city import City


class Planner:
    """One plan at a time: what changes while it is made is part of the next one."""

    def __init__(self, city: "City", planning: Planning) -> None:
        self._city = city
        self._planning = planning
        self._due: Entry | None = None

    def saw(self, turn: Turn) -> None:
        """Think again soon, if there is something new."""
        if self._planning.saw(turn) and self._due is None:
            self._due = self._city.calendar.at(self._city.now + self._city.nature.planner_ms, self._think)

    def _think(self, _: object) -> None:
        self._due = None
        self._city.feed.before_deciding()
        plan = self._planning.think(self._city.world)
        if plan is not None:
            self._city.step(plan)
