"""Sums over recorded facts, made again from nothing: what the audit adds up, one subject a class."""

from collections import Counter, defaultdict

from msgspec import Struct

from engine.model.alert_facts import (
    AlertAcknowledged,
    AlertAttemptFailed,
    AlertDelivered,
    AlertEscalated,
    AlertHandedOver,
    AlertRequested,
    AlertWithdrawn,
    CopyMarked,
    CopyState,
)
from engine.model.crew_facts import AidRequested
from engine.model.facts import (
    AnyFact,
    AssignmentEnded,
    AssignmentMoved,
    CommandRefused,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    UnitDispatched,
    UnitReserved,
)
from engine.model.input import Command
from engine.model.response_facts import IncidentReopened, IncidentSplit, RecommendationStale
from engine.model.turn import Turn
from gateways.demo.drill import OFFICERS

PAGERS = "pagers"
"""The endpoint whose deliveries can be counted on the other side."""

STALE = "stale_recommendation"
"""An acceptance that came too late: a fact of its own, as the new best comes with it."""
TICK_MS = 10_000
"""A deadline is looked at soon after it, not at its very millisecond; at a fast pace "soon" is seconds."""


class Incidents:
    """Reported, ended, open."""

    def __init__(self) -> None:
        self.reported: set[str] = set()
        self.open: set[str] = set()
        self._ended: dict[str, str] = {}
        """By incident: how."""

    def take(self, fact: AnyFact) -> None:
        """Add a fact."""
        if isinstance(fact, IncidentReported):
            self.reported.add(fact.incident)
            self.open.add(fact.incident)
        elif isinstance(fact, IncidentClosed | IncidentCancelled | IncidentMerged):
            self.open.discard(fact.incident)
            self._ended[fact.incident] = type(fact).__name__
        elif isinstance(fact, IncidentReopened | IncidentSplit):
            self.open.add(fact.incident)
            self._ended.pop(fact.incident, None)

    def counts(self) -> dict[str, int]:
        """Return how many there were of each."""
        ends = Counter(self._ended.values())
        return {
            "reported": len(self.reported),
            "closed": ends["IncidentClosed"],
            "cancelled": ends["IncidentCancelled"],
            "merged": ends["IncidentMerged"],
            "open": len(self.open),
        }


class Assignments:
    """Who is where; and every time when somebody was in two places."""

    def __init__(self) -> None:
        self.made = 0
        self.doubled: list[str] = []
        self._on: dict[str, str] = {}

    def take(self, fact: AnyFact, seq: int) -> None:
        """Add a fact of turn `seq`."""
        if isinstance(fact, AidRequested | UnitReserved | UnitDispatched):
            # A neighbour's unit is asked for when it is free, or was kept for the same incident.
            kept_before = not isinstance(fact, UnitReserved) and self._on.get(fact.unit) == fact.incident
            if fact.unit in self._on and not kept_before:
                self.doubled.append(f"{fact.unit} at turn {seq}")
            self._on[fact.unit] = fact.incident
            self.made += not kept_before
        elif isinstance(fact, AssignmentMoved):
            if self._on.get(fact.unit) != fact.incident:
                self.doubled.append(f"{fact.unit} at turn {seq}")
            self._on[fact.unit] = fact.into
        elif isinstance(fact, AssignmentEnded) and self._on.pop(fact.unit, None) != fact.incident:
            self.doubled.append(f"{fact.unit} at turn {seq}")


class Kept(Struct, frozen=True):
    """A command as the journal has it."""

    seq: int
    code: str | None
    """Of its refusal."""


class Commands:
    """Every command, by its sender and id, as often as it stands in the journal."""

    def __init__(self) -> None:
        self.seen: defaultdict[tuple[str, str], list[Kept]] = defaultdict(list)

    def take(self, command: Command, turn: Turn) -> None:
        """Add a turn."""
        self.seen[command.by, command.id].append(Kept(turn.seq, _refusal(turn)))


def _refusal(turn: Turn) -> str | None:
    """Return the code under which its sender was told that nothing was done."""
    for fact in turn.facts:
        if isinstance(fact, CommandRefused):
            return fact.code
        if isinstance(fact, RecommendationStale):
            return STALE
    return None


class Alerts:
    """Owed, and what became of each."""

    def __init__(self) -> None:
        self.owed: dict[str, int] = {}
        """When each was asked for first."""
        self.paged: dict[str, int] = {}
        """When each was delivered to a pager, as the engine has it."""
        self.twice: list[str] = []
        """Those that came to an end more than once."""
        self.copies: Counter[str] = Counter()
        """Copies for the duty officers of an exercise, by state."""
        self._end: dict[str, str] = {}
        self._endpoint: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def take(self, fact: AnyFact, now: int) -> None:
        """Add a fact of a turn at that time."""
        if isinstance(fact, AlertRequested):
            self.owed.setdefault(fact.alert, now)
            self._endpoint[fact.alert] = fact.endpoint
            self._counts["retried"] += fact.attempt > 1
        elif isinstance(fact, AlertDelivered) and self._endpoint[fact.alert] == PAGERS:
            self.paged[fact.alert] = now
        elif isinstance(fact, CopyMarked):
            # Of a rung with several endpoints the copy says which of them has it.
            if fact.endpoint == OFFICERS:
                self.copies[fact.state] += 1
            elif fact.endpoint == PAGERS and fact.state is CopyState.SENT:
                self.paged.setdefault(fact.alert, now)
        elif isinstance(fact, AlertAttemptFailed | AlertEscalated):
            self._counts["failed" if isinstance(fact, AlertAttemptFailed) else "escalated"] += 1
        elif isinstance(fact, AlertAcknowledged | AlertHandedOver | AlertWithdrawn):
            if fact.alert in self._end:
                self.twice.append(fact.alert)
            self._end[fact.alert] = type(fact).__name__

    def known(self, alert: str) -> bool:
        """Tell whether it ended because its recipient knew."""
        return self._end.get(alert) == "AlertAcknowledged"

    def overdue(self, now: int, deadline_ms: int, quiet_until_ms: int) -> list[str]:
        """Return those that are open for longer than they may be. After an outage deadlines wait a little."""
        return [
            name
            for name, since_ms in self.owed.items()
            if name not in self._end and now > max(since_ms + deadline_ms, quiet_until_ms) + TICK_MS
        ]

    def counts(self) -> dict[str, int]:
        """Return how many there were of each."""
        ends = Counter(self._end.values())
        return {
            "owed": len(self.owed),
            "acknowledged": ends["AlertAcknowledged"],
            "handed_over": ends["AlertHandedOver"],
            "withdrawn": ends["AlertWithdrawn"],
            "open": len(self.owed) - len(self._end),
            "paged": len(self.paged),
            "failed_attempts": self._counts["failed"],
            "retried": self._counts["retried"],
            "escalated": self._counts["escalated"],
        }
