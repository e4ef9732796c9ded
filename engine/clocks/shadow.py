"""What a shadow plan would have sent, held against what the CAD sent: the evidence before anybody trusts an engine.

Claim of fairness: both choices are judged by one model in one World. The engine writes down what it would do in the very
turn in which people order, before the order is carried out; what it says later, knowing their choice, is not looked at.

Our ETAs decide who is sooner, and our choice is the one with the best ETA, so what it "saves" is flattered by every error
of these ETAs. How far they can be trusted is told beside it: their error for the units that really went.
Turns in, figures out; the facts alone say it, nothing is decided again.
"""

from array import array
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from engine.model.crew_facts import AidRequested
from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    AssignmentMoved,
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    UnitDispatched,
    UnitReserved,
    UnitsRecommended,
)
from engine.model.lifecycle import Status
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.model.why import Reason

Sending: TypeAlias = UnitReserved | UnitDispatched | AidRequested
Over: TypeAlias = IncidentClosed | IncidentCancelled | IncidentMerged


class Agreement(StrEnum):
    """How far both chose alike."""

    SAME_UNITS = "same_units"
    SAME_FIRST = "same_first"
    """The unit that arrives first is the same, others are not."""
    DIFFERENT = "different"


class Theirs(Struct):
    """A unit that the CAD sent."""

    unit: str
    at_ms: int
    """When it was first decided on."""
    eta_ms: int
    sent_ms: int = -1
    """When it was dispatched; -1: only reserved or asked for as yet."""
    sent_eta_ms: int = -1
    done: bool = False
    """Its arrival has been compared, or never will be."""


class Watched(Struct):
    """An open incident."""

    type: str
    priority: int
    told_ms: int = -1
    """When we first knew what to do; -1: not yet."""
    ours: UnitsRecommended | None = None
    """What stood when they first decided; None: no shadow plan."""
    theirs: dict[str, Theirs] = field(default_factory=dict)

    @property
    def decided_ms(self) -> int:
        """When they first decided."""
        return next(iter(self.theirs.values())).at_ms


class Tally(Struct):
    """Incidents that were compared."""

    agreements: dict[str, int] = field(default_factory=dict)
    first_ms: "array[int]" = field(default_factory=lambda: array("q"))
    """By how much ours would be there first sooner; less than 0: theirs is sooner."""
    complete_ms: "array[int]" = field(default_factory=lambda: array("q"))
    """The same for the last of as many units, where they sent as many."""


class Shadow:
    """Follows turns. Memory: the open incidents, and a few numbers for each that was compared."""

    def __init__(self, *, span: tuple[int | None, int | None] = (None, None)) -> None:
        self.total = Tally()
        self.priorities: dict[int, Tally] = {}
        self.types: dict[str, Tally] = {}
        self.better: dict[str, int] = {}
        """Why we did not choose their first unit although we expected it sooner than ours."""
        self.decided_ms: array[int] = array("q")
        """From our first word to theirs."""
        self.errors_ms: array[int] = array("q")
        """Of our ETAs for their units: actual less told."""
        self.unmeasured: dict[str, int] = {}
        """Their units without a comparable arrival, by reason."""
        self.left_out: dict[str, int] = {}
        """Incidents of shadow plans that were not compared, by reason."""
        self._open: dict[str, Watched] = {}
        self._span = span

    def feed(self, turn: Turn) -> None:
        """Take the next turn; facts count in their order, so what we said before their order stands."""
        for fact in turn.facts:
            self._follow(fact, turn.now)

    def finish(self) -> None:
        """Judge what was decided on and is not over, and count the rest."""
        for watched in self._open.values():
            self._end(watched, "nobody had been sent when the journal ends")
        self._open.clear()

    def _follow(self, fact: object, now: int) -> None:
        match fact:
            case IncidentReported():
                self._open[fact.incident] = Watched(fact.type, fact.priority)
            case IncidentAmended() if fact.incident in self._open:
                watched = self._open[fact.incident]
                if not watched.theirs:
                    watched.type, watched.priority = fact.type, fact.priority
            case UnitsRecommended() if fact.incident in self._open:
                self._advise(self._open[fact.incident], fact, now)
            case UnitReserved() | UnitDispatched() | AidRequested() if fact.incident in self._open:
                _decide(self._open[fact.incident], fact, now)
            case AssignmentAdvanced() if fact.status is Status.ON_SCENE and fact.incident in self._open:
                self._arrive(self._open[fact.incident], fact)
            case AssignmentEnded() if fact.incident in self._open:
                self._lose(self._open[fact.incident], fact.unit, f"{fact.outcome}, and never said to be on scene")
            case AssignmentMoved() if fact.incident in self._open:
                self._lose(self._open[fact.incident], fact.unit, "its incident was merged into another on the way")
            case IncidentClosed() | IncidentCancelled() | IncidentMerged() if fact.incident in self._open:
                self._end(self._open.pop(fact.incident), f"{_over(fact)} before anybody was sent")

    def _advise(self, watched: Watched, fact: UnitsRecommended, now: int) -> None:
        if watched.theirs:
            return
        watched.ours = fact if fact.mode is Mode.SHADOW else None
        if watched.told_ms < 0 and fact.choices:
            watched.told_ms = now

    # ── how good our ETAs are ───────────────────────────────────────────────────────────────────────────────

    def _arrive(self, watched: Watched, fact: AssignmentAdvanced) -> None:
        sent = watched.theirs.get(fact.unit)
        if sent is None:
            return
        if sent.sent_eta_ms < 0:
            self._lose(watched, fact.unit, "no way was known")
        elif fact.at_ms < sent.sent_ms:
            self._lose(watched, fact.unit, "on scene before it was dispatched, by the reporter's clock")
        elif self._counts(watched) and not sent.done:
            sent.done = True
            self.errors_ms.append(fact.at_ms - sent.sent_ms - sent.sent_eta_ms)

    def _lose(self, watched: Watched, unit: str, reason: str) -> None:
        """Count a unit of theirs whose arrival says nothing of our ETA; once, and not if it has been compared."""
        sent = watched.theirs.get(unit)
        if sent is not None and self._counts(watched) and not sent.done:
            sent.done = True
            _add(self.unmeasured, reason)

    # ── ours against theirs ─────────────────────────────────────────────────────────────────────────────────

    def _end(self, watched: Watched, nobody: str) -> None:
        """Compare the two, or say why that cannot be."""
        ours = watched.ours
        if ours is None or not self._counts(watched):
            return
        for unit in watched.theirs:
            self._lose(watched, unit, "still on its way when the journal ends")
        reason = nobody if not watched.theirs else _incomparable(ours, watched)
        if reason:
            _add(self.left_out, reason)
            return
        self._compare(watched, ours)

    def _compare(self, watched: Watched, ours: UnitsRecommended) -> None:
        our_first = min(ours.choices, key=lambda choice: (choice.eta_ms, choice.unit))
        their_first = _first(watched)
        theirs = list(watched.theirs.values())[: len(ours.choices)]
        alike = {choice.unit for choice in ours.choices} == {sent.unit for sent in theirs}
        agreement = Agreement.SAME_FIRST if our_first.unit == their_first.unit else Agreement.DIFFERENT
        first_ms = their_first.eta_ms - our_first.eta_ms
        for tally in (
            self.total,
            self.priorities.setdefault(watched.priority, Tally()),
            self.types.setdefault(watched.type, Tally()),
        ):
            _add(tally.agreements, (Agreement.SAME_UNITS if alike else agreement).value)
            tally.first_ms.append(first_ms)
            if len(theirs) == len(ours.choices) and all(sent.eta_ms >= 0 for sent in theirs):
                last_ms = max(sent.at_ms - watched.decided_ms + sent.eta_ms for sent in theirs)
                tally.complete_ms.append(last_ms - max(choice.eta_ms for choice in ours.choices))
        self.decided_ms.append(watched.decided_ms - watched.told_ms)
        if first_ms < 0:
            _add(self.better, _why_not(ours, their_first.unit))

    def _counts(self, watched: Watched) -> bool:
        """Tell whether it has a shadow plan and is of the span: by their decision, or our first word without one."""
        if watched.ours is None:
            return False
        at_ms = watched.decided_ms if watched.theirs else watched.told_ms
        from_ms, to_ms = self._span
        return (from_ms is None or at_ms >= from_ms) and (to_ms is None or at_ms < to_ms)


def _decide(watched: Watched, fact: Sending, now: int) -> None:
    """Take down whom they chose; a unit that had been reserved is told now."""
    eta_ms = -1 if isinstance(fact, AidRequested) else fact.eta_ms
    sent = watched.theirs.setdefault(fact.unit, Theirs(fact.unit, now, eta_ms))
    if isinstance(fact, UnitDispatched):
        sent.eta_ms = fact.eta_ms if sent.eta_ms < 0 else sent.eta_ms
        sent.sent_ms, sent.sent_eta_ms = now, fact.eta_ms


def _incomparable(ours: UnitsRecommended, watched: Watched) -> str:
    """Return why the two cannot be compared; "" if they can."""
    if not ours.choices:
        return "we had nobody to send"
    if _first(watched).eta_ms < 0:
        return "no way was known for the unit that they sent"
    return ""


def _first(watched: Watched) -> Theirs:
    """Return whom they expected first of those whom they decided on first."""
    at_once = [sent for sent in watched.theirs.values() if sent.at_ms == watched.decided_ms]
    return min(at_once, key=lambda sent: (sent.eta_ms < 0, sent.eta_ms, sent.unit))


def _why_not(ours: UnitsRecommended, unit: str) -> str:
    """Return what our own why says about a unit that we did not want first."""
    told = [each.reason for slot in ours.why.slots for each in slot.considered if each.unit == unit]
    if any(reason is Reason.CHOSEN for reason in told):
        return "chosen_later"
    return told[0].value if told else "not_told"


def _over(fact: Over) -> str:
    match fact:
        case IncidentClosed():
            return "closed"
        case IncidentCancelled():
            return "cancelled"
        case IncidentMerged():
            return "merged"


def _add(counts: dict[str, int], what: str) -> None:
    counts[what] = counts.get(what, 0) + 1
