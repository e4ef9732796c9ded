"""Sums over recorded facts about the whole response: neighbours, diversions, acceptances, roll-calls, alarm levels."""

from collections import Counter

from msgspec import Struct

from engine.model.alert_facts import AlarmKind, AlarmRaised
from engine.model.crew_facts import AidCommitted, AidDeclined, AidRequested, RollAnswered, RollCalled
from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    EmergencyDeclared,
    IncidentMerged,
    UnitDispatched,
    UnitDiverted,
    UnitReserved,
    UnitsRecommended,
)
from engine.model.lifecycle import RUNGS, Status
from engine.model.response_facts import (
    AlarmStruck,
    IncidentHeld,
    IncidentStacked,
    RecommendationStale,
    UnitsBypassed,
    UnitSuperseded,
)
from engine.model.response_inputs import AcceptRecommendation
from engine.model.surroundings import CautionRecorded, DestinationChosen
from engine.model.turn import Turn
from gateways.demo.tallies import TICK_MS

ARRIVED = frozenset(RUNGS[RUNGS.index(Status.ON_SCENE) :])
AWAY = frozenset({Status.TRANSPORTING, Status.AT_HOSPITAL})
"""Who has left the scene owes no answer."""
COUNTED: dict[type, str] = {
    UnitDiverted: "diverted",
    UnitSuperseded: "superseded",
    AlarmStruck: "alarms_struck",
    UnitsBypassed: "overridden",
    RecommendationStale: "stale",
    IncidentMerged: "merged",
    IncidentHeld: "held",
    IncidentStacked: "stacked",
    CautionRecorded: "cautions",
    DestinationChosen: "destinations",
    RollAnswered: "roll_answers",
}


class Neighbours:
    """Every request to a neighbour, and what became of it."""

    def __init__(self) -> None:
        self.asked = 0
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        """Answers to what nobody had asked for, and units that went without an answer."""
        self._open: dict[str, int] = {}
        """By unit: when the request expires."""

    def take(self, fact: AnyFact) -> None:
        """Add a fact."""
        if isinstance(fact, AidRequested):
            self.asked += 1
            self._open[fact.unit] = fact.expires_ms
        elif isinstance(fact, AidCommitted | AidDeclined):
            if self._open.pop(fact.unit, None) is None:
                self.wrong.append(f"{fact.unit} for {fact.incident}")
            self.ends["committed" if isinstance(fact, AidCommitted) else "declined"] += 1
        elif isinstance(fact, AssignmentEnded) and self._open.pop(fact.unit, None) is not None:
            self.ends["taken_back"] += 1
        elif isinstance(fact, UnitDispatched) and fact.unit in self._open:
            self.wrong.append(f"{fact.unit} for {fact.incident}")

    def overdue(self, now: int, quiet_until_ms: int) -> list[str]:
        """Return the units about which nobody has answered, and no request has been given up in time."""
        return [unit for unit, by_ms in self._open.items() if now > max(by_ms, quiet_until_ms) + TICK_MS]

    @property
    def open(self) -> int:
        """Requests without an answer so far."""
        return len(self._open)


class Turned:
    """Crews that were turned round or relieved, and those that should not have been."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._status: dict[str, Status] = {}
        self._diverted: set[str] = set()
        """Units on an incident that they were diverted to."""

    def take(self, fact: AnyFact, seq: int) -> None:
        """Add a fact of turn `seq`."""
        if isinstance(fact, UnitDiverted | UnitSuperseded):
            again = isinstance(fact, UnitDiverted) and fact.unit in self._diverted
            if again or self._status.get(fact.unit) in ARRIVED:
                self.wrong.append(f"{fact.unit} at turn {seq}")
        elif isinstance(fact, UnitDispatched):
            self._status[fact.unit] = Status.DISPATCHED
            if fact.diverted:
                self._diverted.add(fact.unit)
        elif isinstance(fact, UnitReserved):
            self._status[fact.unit] = Status.RESERVED
        elif isinstance(fact, AssignmentAdvanced):
            self._status[fact.unit] = fact.status
        elif isinstance(fact, AssignmentEnded):
            self._status.pop(fact.unit, None)
            self._diverted.discard(fact.unit)


class Acceptances:
    """What was recommended, and what a person's word set in motion."""

    def __init__(self) -> None:
        self.accepted = 0
        self.wrong: list[str] = []
        """Turns in which an acceptance sent somebody else, or a stale one anybody."""
        self._recommended: dict[str, frozenset[str]] = {}

    def take(self, turn: Turn) -> None:
        """Add a turn. What a person accepts was recommended before it."""
        given = turn.input
        if isinstance(given, AcceptRecommendation):
            sent = {
                fact.unit
                for fact in turn.facts
                if isinstance(fact, UnitDispatched | AidRequested)
                and (fact.by, fact.incident) == (given.by, given.incident)
            }
            stale = any(isinstance(fact, RecommendationStale) for fact in turn.facts)
            self.accepted += bool(sent)
            allowed = frozenset() if stale else self._recommended.get(given.incident, frozenset())
            if not sent <= allowed:
                self.wrong.append(f"turn {turn.seq}")
        for fact in turn.facts:
            if isinstance(fact, UnitsRecommended):
                self._recommended[fact.incident] = frozenset(choice.unit for choice in fact.choices)


class Rolls:
    """Every unit that was asked whether its people are well."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0
        self.alarms = 0
        self._open: dict[str, int] = {}
        """By unit: when an answer is due."""

    def take(self, fact: AnyFact) -> None:
        """Add a fact."""
        if isinstance(fact, RollCalled):
            self.asked += len(fact.units)
            self._open |= dict.fromkeys(fact.units, fact.answer_by_ms)
        elif isinstance(fact, RollAnswered):
            self.answered += self._open.pop(fact.unit, None) is not None
        elif isinstance(fact, AssignmentEnded | EmergencyDeclared) or (
            isinstance(fact, AssignmentAdvanced) and fact.status in AWAY
        ):
            self._open.pop(fact.unit, None)
        elif isinstance(fact, AlarmRaised) and fact.about is AlarmKind.ROLL_UNANSWERED and fact.unit is not None:
            self.alarms += self._open.pop(fact.unit, None) is not None

    def forgotten(self, now: int, quiet_until_ms: int) -> list[str]:
        """Return the units that have not answered although it is time, and about which nobody was alarmed."""
        return [unit for unit, by_ms in self._open.items() if now > max(by_ms, quiet_until_ms) + TICK_MS]


class Response(Struct):
    """All of it."""

    neighbours: Neighbours
    turned: Turned
    acceptances: Acceptances
    rolls: Rolls
    seen: Counter[str]

    def take(self, turn: Turn) -> None:
        """Add a turn."""
        self.acceptances.take(turn)
        for fact in turn.facts:
            self.neighbours.take(fact)
            self.turned.take(fact, turn.seq)
            self.rolls.take(fact)
            name = COUNTED.get(type(fact))
            if name is not None:
                self.seen[name] += 1

    def counts(self) -> dict[str, int]:
        """Return how many there were of each."""
        return {
            "accepted": self.acceptances.accepted,
            **{name: self.seen[name] for name in COUNTED.values()},
            "neighbours_asked": self.neighbours.asked,
            "neighbours_committed": self.neighbours.ends["committed"],
            "neighbours_declined": self.neighbours.ends["declined"],
            "roll_asked": self.rolls.asked,
            "roll_alarms": self.rolls.alarms,
        }


def nothing_yet() -> Response:
    """Return the sums before the first turn."""
    return Response(Neighbours(), Turned(), Acceptances(), Rolls(), Counter())
