"""Reading a clock: how long, or why it cannot be said. Nothing is dropped without a reason that is counted.

Rules:

- A clock that starts with the report and stops before (a scheduled incident served early, an incident joined to a
  later one) reads 0: nobody waited. Any other that would run backwards is left out as out of order.
- An incident that ended without the stop is left out: cancelled before it, merged, nobody sent, or the rung was never
  reported. So is an assignment that ended before it: released, diverted, superseded, cancelled, failed. An incomplete
  ladder is never filled in by a guess.
- What an incident is (type, priority, plan, area) is what was known of it when it ended.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from engine.clocks.cases import Case, Sent
from engine.clocks.full import full_response_ms
from engine.clocks.lexicon import Lexicon
from engine.clocks.profiles import OF_A_UNIT, RUNG, Event, Measure
from engine.model.lifecycle import Outcome, Phase, Status

CANCELLED = "cancelled before the clock stopped"
MERGED = "merged into another incident, whose clock counts"
OPEN = "not over yet"
NOBODY = "closed, and nobody was sent"
OUT_OF_ORDER = "stopped before it started, by the reporters' clocks"


class Reading(Struct, frozen=True, gc=False):
    """What one clock shows: a time, or the reason why there is none."""

    ms: int = -1
    left_out: str = ""


class Reader:
    """Reads the clocks of cases by these measures."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.measures = measures
        self.lexicon = Lexicon(measures)

    def of_incident(self, case: Case, index: int) -> Reading:
        """Read the one clock that the incident has by this measure."""
        measure = self.measures[index]
        if case.ending is Phase.MERGED:
            return Reading(left_out=MERGED)
        if measure.of_a_unit:
            sent = self._first(case, index)
            start, stop = (None, None) if sent is None else self._of(case, sent, index)
        else:
            start, stop = self._moment(case, index, measure.start), self._moment(case, index, measure.stop)
        if start is None or stop is None:
            return Reading(left_out=_why_not(case, measure.start if stop is not None else measure.stop))
        return _between(measure, start, stop)

    def of_units(self, case: Case, index: int) -> Iterator[Reading]:
        """Read the clock of each assignment that has not been read before."""
        measure = self.measures[index]
        for sent in case.sent:
            if sent.read or not self.lexicon.counts(sent, index):
                continue
            start, stop = self._of(case, sent, index)
            if start is not None and stop is not None:
                yield _between(measure, start, stop)
            elif sent.outcome is None:
                yield Reading(left_out=OPEN)
            else:
                missing = measure.start if stop is not None else measure.stop
                finished = sent.outcome is Outcome.CLEARED
                yield Reading(left_out=never(missing) if finished else f"{sent.outcome} before the clock stopped")

    def _first(self, case: Case, index: int) -> Sent | None:
        """Return the unit that reached the stop first; ties by its id."""
        stop = self.measures[index].stop
        reached = [
            (at_ms, sent.unit, place)
            for place, sent in enumerate(case.sent)
            if self.lexicon.counts(sent, index) and (at_ms := stamp(sent, stop)) is not None
        ]
        return case.sent[min(reached)[2]] if reached else None

    def _of(self, case: Case, sent: Sent, index: int) -> tuple[int | None, int | None]:
        start, stop = self.measures[index].start, self.measures[index].stop
        started_ms = stamp(sent, start) if start in OF_A_UNIT else self._moment(case, index, start)
        return started_ms, stamp(sent, stop)

    def _moment(self, case: Case, index: int, event: Event) -> int | None:
        match event:
            case Event.REPORTED:
                return case.start_ms
            case Event.RECOMMENDED:
                return case.recommended_ms
            case Event.BEST_FITTING:
                return self._best_fitting_ms(case, self.measures[index])
            case Event.FULL_RESPONSE:
                plan = self.lexicon.plan(case)
                arrivals = [(ms, self.lexicon.mask(sent)) for sent, ms in _arrived(case)]
                return None if plan is None else full_response_ms(plan, arrivals)
            case _:
                rung = _FIRST[event]
                stamps = [sent.stamps.get(rung) for sent in case.sent if self.lexicon.counts(sent, index)]
                return min((ms for ms in stamps if ms is not None), default=None)

    def _best_fitting_ms(self, case: Case, measure: Measure) -> int | None:
        wanted = [slot.choices[0].needs for slot in self.lexicon.best_slots(case, measure)]
        fitting = [
            ms for sent, ms in _arrived(case) if any(self.lexicon.mask(sent) & needs == needs for needs in wanted)
        ]
        return min(fitting, default=None)


_FIRST = {
    Event.FIRST_DISPATCHED: Status.DISPATCHED,
    Event.FIRST_EN_ROUTE: Status.EN_ROUTE,
    Event.FIRST_ON_SCENE: Status.ON_SCENE,
}


def stamp(sent: Sent, event: Event) -> int | None:
    """Return when the unit came to this moment; None if it never did, or never said so."""
    if event is Event.CLEAR:
        return sent.ended_ms if sent.outcome is Outcome.CLEARED else None
    return sent.stamps.get(RUNG[event])


def never(event: Event) -> str:
    """Say that a moment is missing."""
    return f"{event.value.replace('_', ' ')} was never reported"


def _arrived(case: Case) -> Iterator[tuple[Sent, int]]:
    for sent in case.sent:
        at_ms = sent.stamps.get(Status.ON_SCENE)
        if at_ms is not None:
            yield sent, at_ms


def _between(measure: Measure, start_ms: int, stop_ms: int) -> Reading:
    if stop_ms < start_ms and measure.start is not Event.REPORTED:
        return Reading(left_out=OUT_OF_ORDER)
    return Reading(max(0, stop_ms - start_ms))


def _why_not(case: Case, missing: Event) -> str:
    if case.ending is None:
        return OPEN
    if case.ending is Phase.CANCELLED:
        return CANCELLED
    return never(missing) if case.sent else NOBODY
