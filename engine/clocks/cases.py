"""The life of each incident, put together from turns alone: so the same live, in a replay and from a journal.

The rules, one by one:

- A clock starts with the incident's own report. A diversion neither stops nor resets the clock of the robbed
  incident, and the new one starts at its own report, long before the diversion.
- A scheduled incident starts when it is due, or when a person ended its wait before.
- A hold does not stop the clock: the caller waits all the same. That it was held is kept as an exception.
- A merged incident has no clock of its own any more: the other one starts at the earlier report of the two, and its
  units count there with all their times. A split gives it back its own start; its units stay where they went.
- A reopened incident goes on with its times: a cancellation taken back has cost the caller the time between.
- The time of a rung is the crew's own stamp, not the moment at which it came in, and the first one counts. The engine
  has refused stamps before the dispatch and more than 5 s ahead, and has cut those ahead to its own time.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from engine.model.crew_facts import StaffingChanged
from engine.model.fact import Fact
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    PlaceAdopted,
    UnitDispatched,
    UnitDiverted,
    UnitsRecommended,
)
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.place import Place
from engine.model.response_facts import (
    HoldEnded,
    IncidentHeld,
    IncidentReopened,
    IncidentSplit,
    IncidentStacked,
)
from engine.model.turn import Turn


class Strain(StrEnum):
    """What befell an incident: an exception that a reader of its times should know."""

    HELD = "held"
    STACKED = "stacked"
    ROBBED = "robbed of a unit"
    MERGED = "joined by another report"
    REOPENED = "reopened"


class Sent(Struct):
    """A unit that was sent to the incident."""

    unit: str
    slot: str | None
    brings: int
    """Capability mask that its crew added to the vehicle's."""
    stamps: dict[Status, int]
    """When each rung was first reached, by the reporter's clock."""
    outcome: Outcome | None = None
    ended_ms: int = 0
    read: bool = False
    """Its own clocks have been read."""


class Case(Struct):
    """An incident with all its times."""

    id: str
    type: str
    priority: int
    plan: str
    area: str | None
    own_ms: int
    """Where its own clock starts."""
    due_ms: int | None
    sent: list[Sent] = field(default_factory=list)
    joined: dict[str, int] = field(default_factory=dict)
    """Starts of the incidents that were merged into it."""
    recommended_ms: int | None = None
    strains: dict[Strain, None] = field(default_factory=dict)
    """In the order in which they came."""
    ending: Phase | None = None
    counted: dict[int, None] = field(default_factory=dict)
    """Measures that it has given a reading for."""
    left_out: dict[int, str] = field(default_factory=dict)
    """Measures that it has given none for, and why: taken back if it is reopened."""

    @property
    def start_ms(self) -> int:
        """Where its clock starts."""
        return min((self.own_ms, *self.joined.values()))

    def out(self, unit: str) -> Sent | None:
        """Return the unit's assignment that is not over."""
        return next((sent for sent in self.sent if sent.unit == unit and sent.outcome is None), None)


Follow = Callable[["Cases", Any], Case | None]
FOLLOW: dict[type[Fact], Follow] = {}
"""What each kind of fact does; all others, positions above all, cost one look here."""


def follows(kind: type[Fact]) -> Callable[[Follow], Follow]:
    """Register the function below for that kind of fact."""

    def register(function: Follow) -> Follow:
        FOLLOW[kind] = function
        return function

    return register


class Cases:
    """Follows turns. Holds the open incidents, and of the ended ones as many as the engine can still reopen."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        self.open: dict[str, Case] = {}
        self.over: OrderedDict[str, Case] = OrderedDict()
        self.unseen = 0
        """Ended incidents whose report came before the first turn that was followed: nothing is known of them."""
        self.brings: dict[str, int] = {}
        """By unit: what its crew adds to the vehicle's capabilities."""
        self.now = 0

    def feed(self, turn: Turn) -> Iterator[Case]:
        """Give each case that has ended (it says how) or has been resumed (it says that it has no ending)."""
        self.now = turn.now
        for fact in turn.facts:
            follow = FOLLOW.get(type(fact))
            if follow is not None:
                changed = follow(self, fact)
                if changed is not None:
                    yield changed


# ── incidents ─────────────────────────────────────────────────────────────────────────────────────────────────


@follows(PlaceAdopted)
def _adopt(cases: Cases, fact: PlaceAdopted) -> None:
    cases.place = fact.place


@follows(IncidentReported)
def _report(cases: Cases, fact: IncidentReported) -> None:
    start_ms = cases.now if fact.due_ms is None else max(cases.now, fact.due_ms)
    case = Case(fact.incident, fact.type, fact.priority, fact.plan, fact.area, start_ms, fact.due_ms)
    cases.open[fact.incident] = case


@follows(IncidentAmended)
def _amend(cases: Cases, fact: IncidentAmended) -> None:
    case = cases.open.get(fact.incident)
    if case is not None:
        case.type, case.priority, case.plan, case.area = fact.type, fact.priority, fact.plan, fact.area


@follows(UnitsRecommended)
def _recommend(cases: Cases, fact: UnitsRecommended) -> None:
    case = cases.open.get(fact.incident)
    if case is not None and case.recommended_ms is None and fact.choices:
        case.recommended_ms = cases.now


@follows(IncidentHeld)
def _hold(cases: Cases, fact: IncidentHeld) -> None:
    case = cases.open.get(fact.incident)
    if case is not None and fact.until_ms != case.due_ms:
        case.strains[Strain.HELD] = None


@follows(HoldEnded)
def _end_hold(cases: Cases, fact: HoldEnded) -> None:
    case = cases.open.get(fact.incident)
    if case is not None:
        case.own_ms = min(case.own_ms, cases.now)


@follows(IncidentStacked)
def _stack(cases: Cases, fact: IncidentStacked) -> None:
    _strain(cases, fact.incident, Strain.STACKED)


@follows(UnitDiverted)
def _rob(cases: Cases, fact: UnitDiverted) -> None:
    _strain(cases, fact.source, Strain.ROBBED)


def _strain(cases: Cases, incident: str, strain: Strain) -> None:
    case = cases.open.get(incident)
    if case is not None:
        case.strains[strain] = None


@follows(IncidentClosed)
def _close(cases: Cases, fact: IncidentClosed) -> Case | None:
    return _end(cases, fact.incident, Phase.CLOSED)


@follows(IncidentCancelled)
def _cancel(cases: Cases, fact: IncidentCancelled) -> Case | None:
    return _end(cases, fact.incident, Phase.CANCELLED)


@follows(IncidentMerged)
def _merge(cases: Cases, fact: IncidentMerged) -> Case | None:
    case, into = cases.open.get(fact.incident), cases.open.get(fact.into)
    if case is not None and into is not None:
        into.joined[case.id] = case.start_ms
        into.strains[Strain.MERGED] = None
    return _end(cases, fact.incident, Phase.MERGED)


def _end(cases: Cases, incident: str, ending: Phase) -> Case | None:
    case = cases.open.pop(incident, None)
    if case is None:
        cases.unseen += 1
        return None
    case.ending = ending
    cases.over[incident] = case
    while cases.place is not None and len(cases.over) > cases.place.limits.closed_kept:
        cases.over.popitem(last=False)
    return case


@follows(IncidentReopened)
def _reopen(cases: Cases, fact: IncidentReopened) -> Case | None:
    return _resume(cases, fact.incident)


@follows(IncidentSplit)
def _split(cases: Cases, fact: IncidentSplit) -> Case | None:
    source = cases.open.get(fact.source) or cases.over.get(fact.source)
    if source is not None:
        source.joined.pop(fact.incident, None)
    return _resume(cases, fact.incident)


def _resume(cases: Cases, incident: str) -> Case | None:
    case = cases.over.pop(incident, None)
    if case is not None:
        case.ending = None
        case.strains[Strain.REOPENED] = None
        cases.open[incident] = case
    return case


# ── units ─────────────────────────────────────────────────────────────────────────────────────────────────────


@follows(StaffingChanged)
def _staff(cases: Cases, fact: StaffingChanged) -> None:
    cases.brings[fact.unit] = fact.brings


@follows(UnitDispatched)
def _send(cases: Cases, fact: UnitDispatched) -> None:
    case = cases.open.get(fact.incident)
    if case is not None and case.out(fact.unit) is None:
        brings = cases.brings.get(fact.unit, 0)
        case.sent.append(Sent(fact.unit, fact.slot, brings, {Status.DISPATCHED: cases.now}))


@follows(AssignmentAdvanced)
def _advance(cases: Cases, fact: AssignmentAdvanced) -> None:
    sent = _out(cases, fact.incident, fact.unit)
    if sent is not None:
        # The first time counts: a crew that presses "on scene" again has not arrived later.
        sent.stamps.setdefault(fact.status, fact.at_ms)


@follows(AssignmentEnded)
def _end_assignment(cases: Cases, fact: AssignmentEnded) -> None:
    sent = _out(cases, fact.incident, fact.unit)
    if sent is not None:
        sent.outcome, sent.ended_ms = fact.outcome, fact.at_ms


@follows(AssignmentMoved)
def _move(cases: Cases, fact: AssignmentMoved) -> None:
    case, into = cases.open.get(fact.incident), cases.open.get(fact.into)
    sent = None if case is None else case.out(fact.unit)
    if case is not None and sent is not None:
        # Structs compare by their fields: this very one is meant.
        case.sent = [other for other in case.sent if other is not sent]
        if into is not None:
            sent.slot = fact.slot
            into.sent.append(sent)


def _out(cases: Cases, incident: str, unit: str) -> Sent | None:
    case = cases.open.get(incident)
    return None if case is None else case.out(unit)
