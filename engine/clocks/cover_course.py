"""How well demand was covered through the hours: what the planner said of it, the least of each minute.

Memory: `STEPS_MAX` minutes, the oldest leave first. A minute in which no planner spoke has no figure.
"""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from engine.model.moves import MILLION, PlanProposed
from engine.model.turn import Turn

STEP_MS: Final = 60_000
STEPS_MAX: Final = 1_440


class Course(Struct, frozen=True):
    """Coverage by time."""

    at_ms: list[int]
    """Beginnings of the minutes that something is known of, rising."""
    layers: dict[str, list[float | None]]
    """By class of demand: percent covered, the least of each minute; None: nothing was said of this class."""


class CoverCourse:
    """Follows turns."""

    def __init__(self) -> None:
        self._steps: OrderedDict[int, dict[str, int]] = OrderedDict()

    def feed(self, turn: Turn) -> None:
        """Take the next turn."""
        for fact in turn.facts:
            if isinstance(fact, PlanProposed) and fact.cover:
                self._take(fact, turn.now // STEP_MS)

    def course(self, from_ms: int, earlier: Course | None = None) -> Course:
        """Return the course from then on; `earlier`, as somebody else followed it, stands before what is known here."""
        steps: dict[int, dict[str, float]] = {}
        first = next(iter(self._steps), None)
        earlier = earlier or Course([], {})
        for place, at_ms in enumerate(earlier.at_ms):
            if first is None or at_ms < first * STEP_MS:
                known = {name: values[place] for name, values in earlier.layers.items()}
                steps[at_ms] = {name: value for name, value in known.items() if value is not None}
        for step, cover in self._steps.items():
            steps[step * STEP_MS] = {name: part * 100 / MILLION for name, part in cover.items()}
        wanted = {at_ms: cover for at_ms, cover in steps.items() if at_ms + STEP_MS > from_ms}
        names = dict.fromkeys(name for cover in wanted.values() for name in cover)
        layers = {name: [cover.get(name) for cover in wanted.values()] for name in names}
        return Course(list(wanted), layers)

    def _take(self, fact: PlanProposed, step: int) -> None:
        known = self._steps.setdefault(step, {})
        for cover in fact.cover:
            known[cover.layer] = min(cover.now, known.get(cover.layer, MILLION))
        while len(self._steps) > STEPS_MAX:
            self._steps.popitem(last=False)
