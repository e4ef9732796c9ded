"""Sums over recorded facts about travel: what was promised and what came of it, and which epoch decisions rested on."""

from statistics import fmean, median

from msgspec import Struct

from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    PlaceAdopted,
    UnitDispatched,
    UnitsRecommended,
)
from engine.model.lifecycle import Status
from engine.model.road_facts import EpochPublished
from gateways.demo.ledger import percentile

STREETS = "streets"
"""How a decision says that its times are those of the streets."""


class Punctuality(Struct, frozen=True):
    """How well arrivals were foretold when units were sent. Seconds of the city; None where nobody arrived."""

    basis: str
    arrivals: int
    eta_median_s: float | None = None
    error_median_s: float | None = None
    """Without its sign."""
    error_p90_s: float | None = None
    bias_s: float | None = None
    """Mean of actual minus foretold: above 0, crews come later than was said."""


class Arrivals:
    """Every dispatch and the arrival that came of it."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str], tuple[int, int]] = {}
        """By unit and incident: when, and the eta then."""
        self._arrived: list[tuple[int, int]] = []
        """Foretold, actual."""

    def take(self, fact: AnyFact, now: int) -> None:
        """Add a fact of a turn at that time."""
        if isinstance(fact, UnitDispatched):
            self._sent[fact.unit, fact.incident] = (now, fact.eta_ms)
        elif isinstance(fact, AssignmentAdvanced) and fact.status is Status.ON_SCENE:
            sent_ms, eta_ms = self._sent.pop((fact.unit, fact.incident), (0, -1))
            if eta_ms >= 0:
                self._arrived.append((eta_ms, fact.at_ms - sent_ms))
        elif isinstance(fact, AssignmentEnded):
            self._sent.pop((fact.unit, fact.incident), None)
        elif isinstance(fact, AssignmentMoved) and (fact.unit, fact.incident) in self._sent:
            self._sent[fact.unit, fact.into] = self._sent.pop((fact.unit, fact.incident))

    def punctuality(self, basis: str) -> Punctuality:
        """Return the figures."""
        errors = [(actual - foretold) / 1000 for foretold, actual in self._arrived]
        if not errors:
            return Punctuality(basis, 0)
        sizes = [abs(error) for error in errors]
        return Punctuality(
            basis=basis,
            arrivals=len(errors),
            eta_median_s=round(median(foretold for foretold, _ in self._arrived) / 1000, 1),
            error_median_s=round(median(sizes), 1),
            error_p90_s=round(percentile(sizes, 90), 1),
            bias_s=round(fmean(errors), 1),
        )


class OnEpoch(Struct):
    """What was decided while one epoch was in force."""

    open_recommendations: int = 0
    """Recommendations nobody had acted on when it came into force: all of them were worked out again in that turn."""
    changed: int = 0
    """Those of them that named other units than before."""
    recommendations: int = 0
    dispatches: int = 0


class Epochs:
    """Which epoch decisions rested on, and whether they say so."""

    def __init__(self) -> None:
        self.current = 0
        self.named = 0
        """Recommendations that rest on streets."""
        self.unnamed: list[str] = []
        """Those of them that name another epoch than the one in force."""
        self._on = {0: OnEpoch()}
        self._open: set[str] = set()
        """Incidents with a recommendation that nobody has acted on."""
        self._changed_in = -1

    def take(self, fact: AnyFact, seq: int) -> None:
        """Add a fact of turn `seq`."""
        if isinstance(fact, EpochPublished):
            self._begin(fact.epoch)
            self._changed_in = seq
        elif isinstance(fact, PlaceAdopted) and fact.place.streets:
            self._begin(self.current + 1)
        elif isinstance(fact, UnitsRecommended):
            self._recommended(fact, seq)
        elif isinstance(fact, UnitDispatched):
            self._on[self.current].dispatches += 1
            self._open.discard(fact.incident)
        elif isinstance(fact, IncidentClosed | IncidentCancelled | IncidentMerged):
            self._open.discard(fact.incident)

    def _begin(self, epoch: int) -> None:
        self.current = epoch
        self._on[epoch] = OnEpoch(open_recommendations=len(self._open))

    def _recommended(self, fact: UnitsRecommended, seq: int) -> None:
        on = self._on[self.current]
        on.recommendations += 1
        on.changed += seq == self._changed_in and fact.incident in self._open
        if fact.choices:
            self._open.add(fact.incident)
        if fact.why.travel.startswith(STREETS):
            self.named += 1
            if not fact.why.travel.endswith(f"epoch {self.current}"):
                self.unnamed.append(f"{fact.incident} at turn {seq}")

    def on(self, epoch: int) -> OnEpoch:
        """Return what was decided on an epoch."""
        return self._on.get(epoch, OnEpoch())
