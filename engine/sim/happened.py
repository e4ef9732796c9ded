"""What really became of recorded calls, in the same columns as what becomes of simulated ones: so they are read alike."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from engine.clocks.cases import Case, Sent
from engine.clocks.full import full_response_ms
from engine.clocks.lexicon import Lexicon
from engine.model.lifecycle import Outcome as Ending
from engine.model.lifecycle import Status
from engine.model.plans import Mode
from engine.sim.callers import CallList
from engine.sim.outcome import NEVER, Calls, CoverSamples, Outcome, Units

Wide = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
AS_RECORDED = "as recorded"
TIMES = ("came_ms", "known_ms", "sent_ms", "reached_ms", "complete_ms", "cleared_ms")
LOST = (Ending.DIVERTED, Ending.SUPERSEDED, Ending.FAILED)
"""How an incident loses a unit without being done with it."""


class Happened(Struct, frozen=True):
    """What really became of n calls. Times are ms since the epoch; NEVER: not recorded."""

    sent_ms: Wide
    reached_ms: Wide
    complete_ms: Wide
    cleared_ms: Wide
    target_ms: Ints
    unit: Ints
    """Row of `Recorded.units`."""
    waited: npt.NDArray[np.uint8]
    bumped: npt.NDArray[np.int16]


def arrivals_of(case: Case) -> list[tuple[int, str, Sent]]:
    """Return who arrived and when, the first one first; ties by id."""
    there = [(sent.stamps[Status.ON_SCENE], sent.unit, sent) for sent in case.sent if Status.ON_SCENE in sent.stamps]
    return sorted(there, key=lambda each: each[:2])


def happened_of(cases: Sequence[Case], lexicon: Lexicon, rows: dict[str, int]) -> Happened:
    """Return the columns of these cases; `rows` says which row each unit has."""
    told = np.array([_told(case, lexicon, rows) for case in cases], np.int64).reshape(len(cases), 8)
    return Happened(
        sent_ms=told[:, 0].copy(),
        reached_ms=told[:, 1].copy(),
        complete_ms=told[:, 2].copy(),
        cleared_ms=told[:, 3].copy(),
        target_ms=told[:, 4].astype(np.int32),
        unit=told[:, 5].astype(np.int32),
        waited=told[:, 6].astype(np.uint8),
        bumped=told[:, 7].astype(np.int16),
    )


def _told(case: Case, lexicon: Lexicon, rows: dict[str, int]) -> tuple[int, ...]:
    plan = lexicon.plan(case)
    assert plan is not None, "incidents without a plan are left out"
    arrivals, start_ms = arrivals_of(case), case.start_ms
    whole_ms = full_response_ms(plan, [(at_ms, lexicon.mask(sent)) for at_ms, _, sent in arrivals])
    first = arrivals[0][2] if arrivals else None
    cleared = [sent.ended_ms for sent in case.sent if sent.outcome is Ending.CLEARED]
    ready_ms = [sent.stamps[Status.DISPATCHED] for sent in case.sent]
    # A person takes a while to accept: somebody could be sent from the recommendation on.
    if plan.mode is not Mode.AUTO and case.recommended_ms is not None:
        ready_ms.append(case.recommended_ms)
    return (
        NEVER if first is None else first.stamps[Status.DISPATCHED],
        NEVER if first is None else max(start_ms, arrivals[0][0]),
        NEVER if whole_ms is None else max(start_ms, whole_ms),
        max(cleared) if cleared and case.ending is not None else NEVER,
        min((slot.target_ms for slot in plan.slots), default=0),
        NEVER if first is None else rows[first.unit],
        int(min(ready_ms, default=case.own_ms + 1) > case.own_ms),
        sum(sent.outcome in LOST for sent in case.sent),
    )


def outcome_of(calls: CallList, happened: Happened, units: Units, begin_ms: int, days: int, seed: int) -> Outcome:
    """Return what happened as an outcome, times counted from `begin_ms`. Nobody recorded how well the place was covered."""

    def since(column: Wide) -> Wide:
        return np.where(column == NEVER, NEVER, column - begin_ms)

    nothing = np.zeros(0, np.int32)
    return Outcome(
        policy=AS_RECORDED,
        seed=seed,
        rep=0,
        days=days,
        calls=Calls(
            came_ms=calls.came_ms - begin_ms,
            known_ms=calls.came_ms - begin_ms,
            sent_ms=since(happened.sent_ms),
            reached_ms=since(happened.reached_ms),
            complete_ms=since(happened.complete_ms),
            cleared_ms=since(happened.cleared_ms),
            target_ms=happened.target_ms,
            priority=calls.priority,
            x_m=calls.x_m,
            y_m=calls.y_m,
            unit=happened.unit,
            waited=happened.waited,
            bumped=happened.bumped,
        ),
        units=units,
        cover=CoverSamples(np.zeros(0, np.int64), nothing, nothing),
        turns=0,
        state_hash="",
    )


def judged(outcome: Outcome, chosen: npt.NDArray[np.bool_], target_ms: Ints, later_ms: int = 0) -> Outcome:
    """Return the outcome with the chosen calls alone, judged by these targets, and all its times so much later.

    Chosen and targets are by call, in their order. Simulated time may begin in the middle of a day; hours of the day are
    told from midnight.
    """
    calls = replace(outcome.calls, target_ms=target_ms)
    columns = {name: getattr(calls, name)[chosen] for name in Calls.__struct_fields__}
    for name in TIMES:
        columns[name] = np.where(columns[name] == NEVER, NEVER, columns[name] + later_ms)
    cover = replace(outcome.cover, at_ms=outcome.cover.at_ms + later_ms)
    return replace(outcome, calls=Calls(**columns), cover=cover)
