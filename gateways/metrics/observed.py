"""What is measured while it happens, because it cannot be read afterwards: durations, units by status, who waits.

What people accept and what neighbours leave unanswered is told by the turns and kept nowhere, so it is counted here.
"""

from collections import Counter
from typing import Final

from engine.core.recorder import ENGINE
from engine.live.service import Service
from engine.model.alert_facts import AlertAcknowledged, AlertHandedOver, AlertRequested, AlertWithdrawn, Purpose
from engine.model.crew_facts import AidDeclined
from engine.model.facts import AnyFact, CommandRefused
from engine.model.moves import MoveEnded, MoveHeldBack, MoveOutcome, MoveRefused
from engine.model.response_facts import RecommendationStale
from engine.model.response_inputs import AcceptRecommendation
from engine.model.turn import Turn
from engine.state.world import World
from gateways.metrics.census import Census
from gateways.metrics.histogram import Histogram
from gateways.metrics.waiting import Waiting

CLASSES: Final = {
    "ReportIncident": "call",
    "DeclareEmergency": "call",
    "AmendIncident": "call",
    "ReportStatus": "status",
    "ReportAttempt": "status",
    "ReportReceipt": "status",
    "ReportPositions": "positions",
    "Tick": "driver",
    "AdoptPlace": "driver",
    "Resume": "driver",
    "PublishEpoch": "driver",
    "LearnSpeeds": "driver",
    "LearnTurnouts": "driver",
    "LearnService": "driver",
    "ProposeMoves": "driver",
}
"""What a kind of input counts as; every other one is an order."""
ORDER: Final = "order"

LATENCIES_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
CUSTOMISATIONS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
ACKNOWLEDGEMENTS_S: Final = (1, 2, 5, 10, 15, 30, 60, 90, 120, 300)
PLANS_S: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
HELD_BACK: Final = (
    "at_once", "budget", "cool_down", "donor_minimum", "no_room", "refused", "shift_ends", "too_far", "too_little",
)  # fmt: skip
"""Rules that keep a planned move from its crew; others are counted when they are met."""
HARVEST_EVERY: Final = 1024
"""Turns after which latencies are taken over from the service, which keeps the latest 4,096."""


def _accepted(turn: Turn) -> bool:
    """Tell whether a person accepted a recommendation in this turn, and it was carried out."""
    failed = (CommandRefused, RecommendationStale)
    return isinstance(turn.input, AcceptRecommendation) and not any(isinstance(fact, failed) for fact in turn.facts)


class ObservedMoves:
    """What became of moves: kept nowhere once they are over."""

    def __init__(self) -> None:
        self.plans = Histogram(*PLANS_S)
        self.ended = Counter({outcome.value: 0 for outcome in MoveOutcome})
        self.held_back = Counter(dict.fromkeys(HELD_BACK, 0))
        self.refused = 0

    def take(self, fact: AnyFact) -> None:
        """Add a fact."""
        if isinstance(fact, MoveEnded):
            self.ended[fact.outcome.value] += 1
        elif isinstance(fact, MoveHeldBack):
            self.held_back[fact.code] += 1
        elif isinstance(fact, MoveRefused):
            self.refused += 1


class Observed:
    """Durations, the census and the queue. Attached to the hooks of service and board."""

    def __init__(self, service: Service, world: World) -> None:
        self.decisions = {name: Histogram(*LATENCIES_S) for name in (*dict.fromkeys(CLASSES.values()), ORDER)}
        self.answers = Histogram(*LATENCIES_S)
        self.commits = Histogram(*LATENCIES_S)
        self.acknowledgements = Histogram(*ACKNOWLEDGEMENTS_S)
        self.customisations = Histogram(*CUSTOMISATIONS_S)
        self.census = Census(world)
        self.waiting = Waiting(world)
        self.moves = ObservedMoves()
        self.accepted = 0
        """Recommendations that a person accepted and that still held."""
        self.aid_expired = 0
        """Requests to neighbours that were given up because nobody answered."""
        self._by_kind = {kind: self.decisions[name] for kind, name in CLASSES.items()}
        self._order = self.decisions[ORDER]
        self._service = service
        self._harvested = self._released
        self._followed = 0
        self._asked_ms = {
            alert.id: alert.created_ms for alert in world.alerts.values() if alert.purpose is Purpose.DISPATCH
        }
        """When each open alert of a dispatch was first asked for; a release is over with its delivery."""

    def decision(self, kind: str, seconds: float) -> None:
        """Take the time of one step."""
        self._by_kind.get(kind, self._order).observe(seconds)

    def follow(self, turn: Turn) -> None:
        """Take over a released turn that the board's World has folded."""
        self.census.follow(turn)
        self.waiting.follow(turn)
        for fact in turn.facts:
            if isinstance(fact, AlertRequested):
                if fact.purpose is Purpose.DISPATCH:
                    self._asked_ms.setdefault(fact.alert, turn.now)
            elif isinstance(fact, AlertAcknowledged):
                asked_ms = self._asked_ms.pop(fact.alert, None)
                if asked_ms is not None:
                    self.acknowledgements.observe((turn.now - asked_ms) / 1000)
            elif isinstance(fact, (AlertHandedOver, AlertWithdrawn)):
                self._asked_ms.pop(fact.alert, None)
            elif isinstance(fact, AidDeclined):
                self.aid_expired += fact.by == ENGINE
            else:
                self.moves.take(fact)
        self.accepted += _accepted(turn)
        self._followed += 1
        if self._followed % HARVEST_EVERY == 0:
            self.harvest()

    def harvest(self) -> None:
        """Take over the times from decided to durable that have come since the last harvest."""
        fresh, self._harvested = self._released - self._harvested, self._released
        latest = self._service.measures.durable_s
        for place in range(max(0, len(latest) - fresh), len(latest)):
            self.commits.observe(latest[place])

    @property
    def _released(self) -> int:
        return self._service.measures.turns - self._service.undurable
