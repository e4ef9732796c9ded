"""What is asked: the open places of the incidents, and places that are held by units under way."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.model.plans import Slot
from engine.model.rules import MatchingRules
from engine.policy.dispatch.busy import held_slot
from engine.state.records import Assignment, Incident
from engine.state.world import World

COST_MS_MAX = 1 << 24
"""Times above four and a half hours count as that."""
Rank = tuple[int, int, int]
Wide = npt.NDArray[np.int64]


class Kind(Struct, frozen=True):
    """Like places: one slot of one incident, wanted so often."""

    incident: Incident
    slot: Slot
    at: int
    """Of the slot in its plan."""
    count: int
    keeper: str = ""
    """The unit under way that holds the place; "": the places are open."""
    reviewed: bool = False
    """A better unit may take the keeper's place. Otherwise it is open only if the keeper is diverted."""

    @property
    def rank(self) -> tuple[Rank, int, str]:
        """Its place in the queue."""
        return rank_of(self.incident), self.at, self.keeper


class Held(Struct, frozen=True):
    """A place that a unit under way holds."""

    incident: Incident
    assignment: Assignment
    reviewed: bool


def rank_of(incident: Incident) -> Rank:
    """Return the incident's place in the queue: most urgent first, then oldest, then by number."""
    return incident.priority, incident.reported_ms, incident.number


def kinds_of(world: World, incidents: Iterable[Incident], ways: dict[str, str], held: Iterable[Held]) -> list[Kind]:
    """Return all that is asked where incidents are answered in these ways, in order of urgency."""
    kinds = []
    for incident in incidents:
        slots = world.plans[incident.plan].wanted(ways.get(incident.id, incident.option), incident.alarm)
        for at, slot in enumerate(slots):
            missing = slot.count - incident.filled.get(slot.id, 0)
            if missing > 0:
                kinds.append(Kind(incident, slot, at, missing))
    for each in held:
        place = held_slot(world, each.incident, each.assignment)
        assert place is not None
        at = [slot.id for slot in world.slots(each.incident)].index(place.id)
        kinds.append(Kind(each.incident, place, at, 1, each.assignment.unit, each.reviewed))
    return sorted(kinds, key=lambda kind: kind.rank)


def weight_of(rules: MatchingRules, kind: Kind) -> int:
    """Return what a ms counts there: hundredths of the rules' weights."""
    return rules.weights[kind.incident.priority - 1] * kind.slot.weight_percent


def target_of(world: World, kind: Kind) -> int:
    """Return how much is left of the slot's target; it counts from the call."""
    return max(0, kind.slot.target_ms - (world.now - kind.incident.reported_ms))


def with_lateness(time_ms: npt.NDArray[np.integer], target_ms: int, late_percent: int) -> Wide:
    """Return times to which what lies beyond the target is added once more, by the rule's percentage."""
    whole: Wide = time_ms.astype(np.int64) + np.maximum(0, time_ms - target_ms) * late_percent // 100
    return whole


def stays_ms(rules: MatchingRules, to_go_ms: int) -> int:
    """Return by how much a unit must be sooner to take the place of one that has so far to go."""
    return max(rules.supersede_ms, to_go_ms * rules.supersede_percent // 100)
