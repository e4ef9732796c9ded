"""What people made of the recommendations: the evidence of where the rules are wrong.

An order is a person's turn that sends or reserves units. Against the recommendation that stood before it:

- accepted: everybody who went was recommended, and nobody was passed over;
- edited: somebody recommended went, and others in the place of the rest;
- overridden: others went than were recommended;
- added: units beyond the recommendation, in nobody's place;
- unasked: nothing had been recommended.

A recommendation that was accepted too late (stale) and one that the plan would have carried out by itself and did not
(withheld) are counted beside them. Turns in, figures out; the facts alone say it, nothing is decided again.
"""

from array import array
from collections import deque
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from engine.model.crew_facts import AidDeclined, AidRequested
from engine.model.facts import (
    AssignmentEnded,
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    UnitDispatched,
    UnitReserved,
    UnitsRecommended,
)
from engine.model.inputs import DispatchUnits, DivertUnit, ReserveUnits
from engine.model.response_facts import AutoWithheld, RecommendationStale, UnitsBypassed
from engine.model.response_inputs import AcceptRecommendation, SupersedeUnit
from engine.model.turn import Turn

ORDERS = (DispatchUnits, ReserveUnits, DivertUnit, SupersedeUnit, AcceptRecommendation)
Sending: TypeAlias = UnitDispatched | UnitReserved | AidRequested
REASONS_MAX = 1_000
"""Different reasons that are told apart; further ones count as `other`."""
LATEST_MAX = 100
"""Overruled recommendations that are kept one by one, the latest."""
NOWHERE = "(no area)"


class Verdict(StrEnum):
    """What a person made of a recommendation."""

    ACCEPTED = "accepted"
    EDITED = "edited"
    OVERRIDDEN = "overridden"
    ADDED = "added"
    UNASKED = "unasked"
    STALE = "stale"
    WITHHELD = "withheld"
    BY_ITSELF = "by_itself"
    """Not a person: the plan dispatches by itself. Counted in decisions with at least one unit sent."""


class Standing(Struct):
    """An open incident as far as this is concerned."""

    plan: str
    area: str
    slots: dict[str, str] = field(default_factory=dict)
    """By recommended unit: the slot that it was to fill."""
    advised: bool = False
    """Somebody has been recommended."""
    ordered: dict[str, None] = field(default_factory=dict)
    """Units reserved, or asked of a neighbour: their dispatch is no further order."""


class Group(Struct):
    """Counts of one plan, slot or area."""

    verdicts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


class Passed(Struct):
    """A unit that was passed over."""

    times: int = 0
    later_ms: "array[int]" = field(default_factory=lambda: array("q"))
    """How much later those arrive who went instead; less than 0: earlier."""


class Overruled(Struct, frozen=True):
    """One recommendation that somebody passed over."""

    at_ms: int
    incident: str
    plan: str
    bypassed: tuple[str, ...]
    sent: tuple[str, ...]
    later_ms: int
    """How much later the last of those sent arrives; less than 0: earlier."""
    reason: str
    by: str


class Overrides:
    """Follows turns. Memory: the open incidents, what is counted by plan, slot, area, unit and reason, the latest ones."""

    def __init__(self, *, span: tuple[int | None, int | None] = (None, None)) -> None:
        self.total = Group()
        self.plans: dict[str, Group] = {}
        self.areas: dict[str, Group] = {}
        self.slots: dict[tuple[str, str], Group] = {}
        """By plan and slot; here each unit counts, not each order."""
        self.units: dict[str, Passed] = {}
        self.later_ms: array[int] = array("q")
        self.latest: deque[Overruled] = deque(maxlen=LATEST_MAX)
        self._open: dict[str, Standing] = {}
        self._span = span

    def feed(self, turn: Turn) -> None:
        """Take the next turn."""
        for fact in turn.facts:
            if isinstance(fact, IncidentReported):  # its units may go out in this very turn
                self._open[fact.incident] = Standing(fact.plan, fact.area or NOWHERE)
        from_ms, to_ms = self._span
        if (from_ms is None or turn.now >= from_ms) and (to_ms is None or turn.now < to_ms):
            self._judge(turn)
        for fact in turn.facts:
            self._follow(fact)

    # ── what stands ─────────────────────────────────────────────────────────────────────────────────────────

    def _follow(self, fact: object) -> None:
        match fact:
            case IncidentAmended() if fact.incident in self._open:
                standing = self._open[fact.incident]
                standing.plan, standing.area = fact.plan, fact.area or NOWHERE
            case UnitsRecommended():
                standing = self._open.setdefault(fact.incident, Standing(fact.why.plan, NOWHERE))
                standing.slots = {choice.unit: choice.slot for choice in fact.choices if choice.clear_ms < 0}
                standing.advised = standing.advised or bool(standing.slots)
            case UnitReserved() | AidRequested() if fact.incident in self._open:
                self._open[fact.incident].ordered[fact.unit] = None
                self._open[fact.incident].slots.pop(fact.unit, None)
            case UnitDispatched() if fact.incident in self._open:
                self._open[fact.incident].slots.pop(fact.unit, None)
            case AssignmentEnded() | AidDeclined() if fact.incident in self._open:
                self._open[fact.incident].ordered.pop(fact.unit, None)
            case IncidentClosed() | IncidentCancelled() | IncidentMerged():
                self._open.pop(fact.incident, None)

    # ── what was made of it ─────────────────────────────────────────────────────────────────────────────────

    def _judge(self, turn: Turn) -> None:
        bypassed = {fact.incident: fact for fact in turn.facts if isinstance(fact, UnitsBypassed)}
        ordered = isinstance(turn.input, ORDERS)
        for fact in turn.facts:
            if isinstance(fact, RecommendationStale):
                self._count(self._standing(fact.incident), Verdict.STALE, "")
            elif isinstance(fact, AutoWithheld):
                self._count(self._standing(fact.incident), Verdict.WITHHELD, fact.reason)
        by = turn.input.by if ordered else ""  # type: ignore[union-attr]  # all orders are commands
        for incident, sent in _sent(turn).items():
            standing = self._standing(incident)
            fresh = [fact for fact in sent if fact.unit not in standing.ordered]
            mine = [fact for fact in fresh if ordered and fact.by == by]
            bypass = bypassed.get(incident) if mine else None
            if bypass is not None:
                self.latest.append(_overruled(turn.now, standing, bypass))
            if mine:
                self._order(standing, mine, bypass)
            if len(mine) < len(fresh):
                self._count(standing, Verdict.BY_ITSELF, "")

    def _order(self, standing: Standing, sent: list[Sending], bypass: UnitsBypassed | None) -> None:
        followed = [fact.unit for fact in sent if fact.unit in standing.slots]
        if bypass is not None:
            self._pass_over(standing, bypass)
            verdict, reason = (Verdict.EDITED if followed else Verdict.OVERRIDDEN), bypass.reason
        else:
            verdict = Verdict.ACCEPTED if len(followed) == len(sent) else Verdict.ADDED
            verdict = verdict if standing.advised else Verdict.UNASKED
            reason = next((told for fact in sent if (told := getattr(fact, "deviation", ""))), "")
        self._count(standing, verdict, reason)
        for unit in followed:
            self._count_slot(standing, unit, Verdict.ACCEPTED, "")

    def _pass_over(self, standing: Standing, bypass: UnitsBypassed) -> None:
        self.later_ms.append(bypass.later_ms)
        for unit in bypass.bypassed:
            passed = self.units.setdefault(unit, Passed())
            passed.times += 1
            passed.later_ms.append(bypass.later_ms)
            self._count_slot(standing, unit, Verdict.OVERRIDDEN, bypass.reason)

    def _count(self, standing: Standing, verdict: Verdict, reason: str) -> None:
        groups = (
            self.total,
            self.plans.setdefault(standing.plan, Group()),
            self.areas.setdefault(standing.area, Group()),
        )
        for group in groups:
            _tally(group, verdict, reason)

    def _count_slot(self, standing: Standing, unit: str, verdict: Verdict, reason: str) -> None:
        slot = standing.slots.get(unit)
        if slot is not None:
            _tally(self.slots.setdefault((standing.plan, slot), Group()), verdict, reason)

    def _standing(self, incident: str) -> Standing:
        return self._open.get(incident) or Standing("(not known)", NOWHERE)


def _overruled(at_ms: int, standing: Standing, bypass: UnitsBypassed) -> Overruled:
    return Overruled(
        at_ms=at_ms,
        incident=bypass.incident,
        plan=standing.plan,
        bypassed=bypass.bypassed,
        sent=bypass.sent,
        later_ms=bypass.later_ms,
        reason=bypass.reason,
        by=bypass.by,
    )


def _sent(turn: Turn) -> dict[str, list[Sending]]:
    """Return who was sent, reserved or asked for in the turn, by incident."""
    sent: dict[str, list[Sending]] = {}
    for fact in turn.facts:
        if isinstance(fact, (UnitDispatched, UnitReserved, AidRequested)):
            sent.setdefault(fact.incident, []).append(fact)
    return sent


def _tally(group: Group, verdict: Verdict, reason: str) -> None:
    group.verdicts[verdict.value] = group.verdicts.get(verdict.value, 0) + 1
    told = " ".join(reason.split()).lower()
    if told:
        if told not in group.reasons and len(group.reasons) >= REASONS_MAX:
            told = "other"
        group.reasons[told] = group.reasons.get(told, 0) + 1
