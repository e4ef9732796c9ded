"""Who waits, who is held, and since when, kept up to date turn by turn: the board is too long to walk at each scrape.

Rule: after each folded turn it says what a walk over the whole board would say.
"""

from typing import Final

from engine.model.facts import EmergencyResolved, PlaceAdopted
from engine.model.place import PRIORITIES
from engine.model.turn import Turn
from engine.state.world import World

NAMING: Final = ("incident", "into", "other", "source", "target")
"""Fields of a fact that name an incident."""


class Waiting:
    """The waiting incidents of one World, by priority. Follows it after it has folded each turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._priority: dict[str, int] = {}
        self._since_ms: dict[int, dict[str, int]] = {}
        self._unassigned_since_ms: dict[str, int] = {}
        """Of priority 1 and without any unit."""
        self._held: set[str] = set()
        self._recount()

    def follow(self, turn: Turn) -> None:
        """Take over what the turn changed."""
        for fact in turn.facts:
            if isinstance(fact, PlaceAdopted):
                self._recount()
                return
            if isinstance(fact, EmergencyResolved):
                # The unit counts for its incident again, which the fact does not name.
                unit = self._world.units[self._world.fleet.rows[fact.unit]]
                self._file(unit.incident or "")
            for field in NAMING:
                name = getattr(fact, field, None)
                if name is not None:
                    self._file(name)

    def counts(self) -> dict[int, int]:
        """Return by priority how many wait."""
        return {priority: len(since) for priority, since in self._since_ms.items()}

    def oldest_ms(self) -> dict[int, int | None]:
        """Return by priority since when the oldest has lacked something; None where none waits."""
        return {priority: min(since.values(), default=None) for priority, since in self._since_ms.items()}

    def oldest_unassigned_ms(self) -> int | None:
        """Return since when the oldest priority 1 incident without any unit has waited; None if there is none."""
        return min(self._unassigned_since_ms.values(), default=None)

    def held(self) -> int:
        """Return how many open incidents are held until a time."""
        return len(self._held)

    def _recount(self) -> None:
        self._priority.clear()
        self._since_ms = {priority: {} for priority in PRIORITIES}
        self._unassigned_since_ms.clear()
        self._held.clear()
        for name in self._world.open:
            self._file(name)

    def _file(self, name: str) -> None:
        before = self._priority.pop(name, None)
        if before is not None:
            del self._since_ms[before][name]
            self._unassigned_since_ms.pop(name, None)
        self._keep_held(name)
        incident = self._world.waiting.get(name)
        if incident is None:
            return
        self._priority[name] = incident.priority
        self._since_ms[incident.priority][name] = incident.waiting_since_ms
        if incident.priority == 1 and not incident.assigned:
            self._unassigned_since_ms[name] = incident.waiting_since_ms

    def _keep_held(self, name: str) -> None:
        incident = self._world.open.get(name)
        if incident is not None and incident.held:
            self._held.add(name)
        else:
            self._held.discard(name)
