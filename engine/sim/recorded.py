"""Recorded days as calls to simulate again, and as what really became of them: both from a journal's turns alone.

The rules, one by one:

- A call came when its incident's clock starts (`clocks/cases.py`): a scheduled one when it was due. What it was (type,
  priority, position) is what was known of it when it ended. Call-taking lies before the report: it counts as nothing.
- A merged incident is no call of its own, and one that ended without anybody being sent took nobody's time: both are
  left out, and counted. One that was cancelled on the way did take a unit: in a simulation somebody drives there and is
  clear at once.
- The work is that of the first unit on scene, from its arrival until it left for hospital or was clear. There was a
  patient to bring in if any unit said so; the handover is that unit's. What is missing is left open (`given.py` draws it).
- Judged are the calls whose first arrival was recorded: of the others nobody knows how late they were reached.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from engine.clocks.cases import Case, Cases, Sent, Strain
from engine.clocks.lexicon import Lexicon
from engine.core.incidents import area_of
from engine.model.covering import Case as Covering
from engine.model.covering import plan_covering
from engine.model.facts import (
    AssignmentEnded,
    DutyChanged,
    IncidentAmended,
    IncidentReported,
    PlaceAdopted,
    UnitsRecommended,
)
from engine.model.hours import local_minute_of_week
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.moves import MoveOrdered, PlanProposed
from engine.model.place import PRIORITIES, Place
from engine.model.road_facts import RoadClosed, TrafficReported, WeatherReported
from engine.model.turn import Turn
from engine.sim.callers import CallList
from engine.sim.given import PERHAPS, UNKNOWN
from engine.sim.happened import Happened, arrivals_of, happened_of
from engine.sim.outcome import Units
from engine.sim.recorded_units import RecordedUnits

MERGED = "were merged into another incident"
NOBODY = "ended without anybody being sent"
UNFIT = "no longer fit the place as it was adopted last"
UNSEEN = "were reported before the first turn that is kept"
LATER = "were not due before the journal ended"
ROADS = "changes of roads, traffic or weather"
OPEN = "incidents still open when the journal ended"
HELD = "incidents held back for a while"
AWAY = "spells of units out of service, or off duty without a shift that says so"
TURNED_BACK = "incidents called off before anybody was there"


class NothingRecorded(ValueError):
    """There is nothing in the journal that could be simulated again; the sentence says why."""


class Recorded(Struct, frozen=True):
    """The days of a journal."""

    place: Place
    """As it was adopted last."""
    calls: CallList
    """With UNKNOWN and PERHAPS where nobody knows, as `given.py` takes them."""
    happened: Happened
    units: Units
    from_ms: int
    to_ms: int
    """Times of the first and the last turn."""
    dispatch: dict[str, int]
    """Policies that recommended, by how often."""
    moves: str
    """The policy whose plans moved idle units; "": nobody's did."""
    left_out: dict[str, int]
    """Incidents that are no calls, by reason."""
    oddities: dict[str, int]
    """What a simulation cannot do again, and how often it happened."""


def read_recorded(turns: Iterable[Turn], place: Place | None = None, units: Sequence[str] = ()) -> Recorded:
    """Read a journal's turns; `place` and the fleet's `units` are those before the first of them, if it is not the first.

    Raises NothingRecorded for turns without a place, or without a call.
    """
    following = _Following(place, units)
    for turn in turns:
        following.feed(turn)
    if following.cases.place is None:
        raise NothingRecorded("No place was ever adopted in this journal, so nobody knows where its units are.")
    return following.recorded(following.cases.place)


def unfit(place: Place, calls: CallList, row: int) -> str:
    """Return why the engine would refuse such a call in the place; "" if it would not."""
    kind, priority = calls.type[calls.kind[row]], int(calls.priority[row])
    return _unfit(place, kind, priority, int(calls.x_m[row]), int(calls.y_m[row]), int(calls.came_ms[row]))


def _unfit(place: Place, kind: str, priority: int, x_m: int, y_m: int, at_ms: int) -> str:
    west, south, east, north = place.bounds
    if not (west <= x_m <= east and south <= y_m <= north):
        return f"it lies outside the bounds of {place.name}"
    if all(each.id != kind for each in place.types):
        return f"{place.name} has no incident type {kind!r}"
    if priority not in PRIORITIES:
        return f"priority {priority} is not one of 1 (most urgent) to 5"
    covering = Covering(kind, priority, "", area_of(place, x_m, y_m), local_minute_of_week(place, at_ms))
    return "" if plan_covering(place, covering) is not None else f"no plan of {place.name} answers it at that hour"


class _Following:
    """Takes turns, one after the other."""

    def __init__(self, place: Place | None, units: Sequence[str]) -> None:
        self.cases = Cases(place)
        self.units = RecordedUnits(units)
        self.lexicon = Lexicon(())
        self.over: dict[str, Case] = {}
        self.where: dict[str, tuple[int, int]] = {}
        self.dispatch: Counter[str] = Counter()
        self.oddities: Counter[str] = Counter()
        self.span: list[int] = []
        self._plan = self._moved_by = ""
        self._away: dict[str, tuple[Status, ...]] = {}
        """By unit: the duties that a simulation does not know of."""
        if place is not None:
            self._take(place)

    def feed(self, turn: Turn) -> None:
        for case in self.cases.feed(turn):
            if case.ending is None:
                self.over.pop(case.id, None)
            else:
                self.over[case.id] = case
        self.units.feed(turn)
        self.span = [*self.span[:1], turn.now]
        for fact in turn.facts:
            if isinstance(fact, (IncidentReported, IncidentAmended)):
                self.where[fact.incident] = fact.x_m, fact.y_m
            elif isinstance(fact, UnitsRecommended):
                self.dispatch[fact.why.policy] += 1
            elif isinstance(fact, PlaceAdopted):
                self._take(fact.place)
            elif isinstance(fact, PlanProposed):
                self._plan = fact.policy
            elif isinstance(fact, MoveOrdered) and fact.idle:
                self._moved_by = self._plan
            elif isinstance(fact, (DutyChanged, AssignmentEnded)):
                self.oddities[AWAY] += fact.duty in self._away.get(fact.unit, ())
            elif isinstance(fact, (RoadClosed, TrafficReported, WeatherReported)):
                self.oddities[ROADS] += 1

    def _take(self, place: Place) -> None:
        self.lexicon.take(place)
        of_crew = {crew.id: crew.shift for crew in place.crews}
        for unit in place.units:
            has_hours = unit.shift or (unit.crew and of_crew[unit.crew])
            self._away[unit.id] = (Status.OUT_OF_SERVICE,) if has_hours else (Status.OUT_OF_SERVICE, Status.OFF_DUTY)

    def recorded(self, place: Place) -> Recorded:
        left_out: Counter[str] = Counter()
        found = []
        for case in sorted(
            [*self.over.values(), *self.cases.open.values()], key=lambda each: (each.start_ms, _number(each))
        ):
            reason = self._no_call(place, case)
            if reason:
                left_out[reason] += 1
            else:
                found.append(case)
                self._note(case)
        if self.cases.unseen:
            left_out[UNSEEN] = self.cases.unseen
        if not found:
            told = "; ".join(f"{number} {reason}" for reason, number in left_out.items()) or "nobody called"
            raise NothingRecorded(f"There is no call in this journal to simulate again: {told}.")
        return Recorded(
            place=place,
            calls=self._calls(found),
            happened=happened_of(found, self.lexicon, self.units.rows),
            units=self.units.columns(
                [*self.over.values(), *self.cases.open.values()], place, self.span[0], self.span[-1]
            ),
            from_ms=self.span[0],
            to_ms=self.span[-1],
            dispatch=dict(self.dispatch),
            moves=self._moved_by,
            left_out=dict(left_out),
            oddities={what: number for what, number in self.oddities.items() if number},
        )

    def _no_call(self, place: Place, case: Case) -> str:
        if case.ending is Phase.MERGED:
            return MERGED
        if case.ending is not None and not case.sent:
            return NOBODY
        if case.start_ms > self.span[-1]:
            return LATER
        at = self.where.get(case.id)
        if at is None or self.lexicon.plan(case) is None:
            return UNFIT
        return UNFIT if _unfit(place, case.type, case.priority, *at, case.start_ms) else ""

    def _note(self, case: Case) -> None:
        self.oddities[OPEN] += case.ending is None
        self.oddities[HELD] += Strain.HELD in case.strains
        self.oddities[TURNED_BACK] += _turned_back(case)

    def _calls(self, cases: Sequence[Case]) -> CallList:
        kinds = {kind: row for row, kind in enumerate(dict.fromkeys(case.type for case in cases))}
        where = np.array([self.where[case.id] for case in cases], np.int32)
        care = np.array([_care(case) for case in cases], np.int64)
        return CallList(
            came_ms=np.array([case.start_ms for case in cases], np.int64),
            taking_ms=np.zeros(len(cases), np.int32),
            type=tuple(kinds),
            kind=np.array([kinds[case.type] for case in cases], np.int16),
            priority=np.array([case.priority for case in cases], np.int8),
            x_m=where[:, 0].copy(),
            y_m=where[:, 1].copy(),
            work_ms=care[:, 0].astype(np.int32),
            transport=care[:, 1].astype(np.uint8),
            handover_ms=care[:, 2].astype(np.int32),
        )


def _care(case: Case) -> tuple[int, int, int]:
    """Return work, transport and handover, as far as they are known."""
    if _turned_back(case):
        return 0, 0, UNKNOWN
    carried = next((sent for sent in case.sent if _left_ms(sent) is not None), None)
    if carried is not None:
        return _work_ms(case), 1, _handover_ms(carried)
    return _work_ms(case), 0 if case.ending is not None else PERHAPS, UNKNOWN


def _turned_back(case: Case) -> bool:
    """Tell whether all who were sent were called off before they arrived."""
    stopped = (Outcome.RELEASED, Outcome.CANCELLED)
    return (
        case.ending is not None
        and not arrivals_of(case)
        and any(sent.outcome in stopped for sent in case.sent)
        and not any(sent.outcome is Outcome.CLEARED for sent in case.sent)
    )


def _work_ms(case: Case) -> int:
    for at_ms, _, sent in arrivals_of(case):
        left_ms = _left_ms(sent)
        until_ms = left_ms if left_ms is not None else sent.ended_ms if sent.outcome is not None else None
        if until_ms is not None and until_ms >= at_ms:
            return until_ms - at_ms
    return UNKNOWN


def _left_ms(sent: Sent) -> int | None:
    """Return when it left the scene with a patient."""
    stamps = sent.stamps
    return stamps.get(Status.TRANSPORTING, stamps.get(Status.AT_HOSPITAL))


def _handover_ms(sent: Sent) -> int:
    at_ms = sent.stamps.get(Status.AT_HOSPITAL)
    known = at_ms is not None and sent.outcome is Outcome.CLEARED and sent.ended_ms >= at_ms
    return sent.ended_ms - at_ms if known and at_ms is not None else UNKNOWN


def _number(case: Case) -> int:
    return int(case.id[1:])
