"""How long work takes by type of incident: how much longer or shorter than the shipped times of its group.

Rules, each with its reason:
- Only work that a crew finished counts: one that was released or diverted says nothing about the work.
- A type's work is a scale on its group's distribution, drawn to 1 by pseudo-counts; it counts within 1:5 and 5:1, as
  a crew that forgot to press "clear" looks like a long fire.
- Each stage counts from its own rung: on scene, transporting, at hospital.
"""

import math

from msgspec import Struct, field
from msgspec.structs import replace

from engine.learning.evidence import DAY_MS, WHOLE, Evidence, keep_per_day, scaled
from engine.learning.ladders import Ladder
from engine.model.clearing import STAGES, ClearTable, Pace, ServiceTimes, Stage, group_of
from engine.model.demand import CareTimes
from engine.model.lifecycle import Outcome, Status
from engine.model.place import IncidentType, Place
from engine.model.priors import SERVICE_TIMES

SERVICE_MS_MIN = 60_000
USUAL_RIDE_MS = SERVICE_TIMES.transport.rest_ms(0) - SERVICE_TIMES.hospital.rest_ms(0)
"""To hospital."""
BOUND = round(WHOLE * math.log(5))
PRIOR_COUNT = 20.0
HALF_LIFE_WEEKS = 12
KEEP = keep_per_day(HALF_LIFE_WEEKS)


class ServiceBook(Struct):
    """All that was learned about service times: kept over a restart."""

    types: dict[str, dict[Stage, Evidence]] = field(default_factory=dict)
    observations: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """What became of finished work, by outcome."""


class ServiceLearner:
    """Takes ladders that have ended, gives the times of a place's work."""

    def __init__(self, book: ServiceBook | None = None) -> None:
        self.book = ServiceBook() if book is None else book

    def learn(self, incident_type: IncidentType, priority: int, ladder: Ladder) -> bool:
        """Take work that is over. Returns whether it counted."""
        begun = _stages(ladder) if ladder.outcome is Outcome.CLEARED else {}
        outcome = "learned" if begun else "not_finished"
        self.book.counts[outcome] = self.book.counts.get(outcome, 0) + 1
        group = group_of(incident_type)
        for stage, took_ms in begun.items():
            log_mean = SERVICE_TIMES.table(stage, group, priority).log_mean
            value = round(WHOLE * math.log(took_ms)) - log_mean
            evidence = self.book.types.setdefault(incident_type.id, {}).setdefault(stage, Evidence())
            evidence.add(max(-BOUND, min(BOUND, value)), WHOLE, ladder.ended_ms // DAY_MS, KEEP)
        self.book.observations += bool(begun)
        return bool(begun)

    def times(self, place: Place) -> ServiceTimes:
        """Return what the work of each of the place's types takes."""
        paces = {kind.id: Pace(group_of(kind), self._permille(kind.id)) for kind in place.types}
        return replace(SERVICE_TIMES, paces=paces)

    def spread(self, incident_type: str, stage: Stage, prior: float = 800.0) -> int:
        """Return the standard deviation of the logarithm of one piece of work, in thousandths."""
        evidence = self.book.types.get(incident_type, {}).get(stage, Evidence())
        return round(evidence.spread(prior, PRIOR_COUNT))

    def _permille(self, incident_type: str) -> tuple[int, int, int]:
        known = self.book.types.get(incident_type, {})
        scene, transport, hospital = (
            scaled(1000, known[stage].mean(0.0, PRIOR_COUNT)) if stage in known else 1000 for stage in STAGES
        )
        return scene, transport, hospital


def expected(place: Place, care: CareTimes) -> dict[str, Pace]:
    """Return by incident type what work takes by a description of a place's days, for who has not seen any of them."""
    to_clear_ms = USUAL_RIDE_MS + care.handover_ms
    scene_ms = care.on_scene_ms + round(care.transport_share * to_clear_ms)
    return {
        kind.id: Pace(
            group_of(kind),
            (
                _part(scene_ms, SERVICE_TIMES.table(Stage.SCENE, group_of(kind), kind.priority)),
                _part(to_clear_ms, SERVICE_TIMES.transport),
                _part(care.handover_ms, SERVICE_TIMES.hospital),
            ),
        )
        for kind in place.types
    }


def _part(time_ms: int, usual: ClearTable) -> int:
    return max(1, time_ms * 1000 // usual.rest_ms(0))


def _stages(ladder: Ladder) -> dict[Stage, int]:
    """Return what each stage took that the crew reported: from its rung to clear."""
    stamps = ladder.stamps
    begun = {
        Stage.SCENE: stamps.get(Status.ON_SCENE, stamps.get(Status.AT_PATIENT)),
        Stage.TRANSPORT: stamps.get(Status.TRANSPORTING),
        Stage.HOSPITAL: stamps.get(Status.AT_HOSPITAL),
    }
    took = {stage: ladder.ended_ms - at_ms for stage, at_ms in begun.items() if at_ms is not None}
    return {stage: took_ms for stage, took_ms in took.items() if took_ms >= SERVICE_MS_MIN}
