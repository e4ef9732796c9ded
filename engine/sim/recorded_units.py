"""What units did on recorded days: hours, jobs, moves and ways, counted from facts alone."""

from collections.abc import Iterable

import numpy as np

from engine.clocks.cases import Case
from engine.model.crew_facts import DispatchDeclined
from engine.model.facts import AssignmentEnded, DutyChanged, PlaceAdopted, PositionsMoved, UnitDispatched
from engine.model.fixes import Fixes
from engine.model.hours import shift_left_ms
from engine.model.lifecycle import Outcome, Status
from engine.model.moves import MoveEnded, MoveOrdered, MoveRefused
from engine.model.place import Place, Shift
from engine.model.turn import Turn
from engine.sim.outcome import Units

STEP_M = 60
"""A vehicle has driven once it is so far from where it was last counted: positions of one that stands still wander."""
LOOK_MS = 900_000
"""Shifts begin at quarters of an hour."""


class RecordedUnits:
    """One row a unit, as the World numbers them: those known before, then new ones in order of their ids."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.rows = {unit: row for row, unit in enumerate(ids)}
        count = len(self.rows)
        self._counts = {name: [0] * count for name in ("idle_moves", "moves", "refused_moves", "declined", "off_ms")}
        self._off_since: dict[str, int] = {}
        self._moving = np.zeros(count, np.bool_)
        self._at_m = np.full((2, count), np.nan)
        self._driven_m, self._moved_m = np.zeros(count), np.zeros(count)

    def feed(self, turn: Turn) -> None:
        """Take the next turn."""
        for fact in turn.facts:
            if isinstance(fact, PositionsMoved):
                self._drive(fact.fixes)
            elif isinstance(fact, PlaceAdopted):
                self._enlist(sorted(unit.id for unit in fact.place.units if unit.id not in self.rows))
            elif isinstance(fact, UnitDispatched):
                self._moving[self.rows[fact.unit]] = False
            elif isinstance(fact, DispatchDeclined):
                self._counts["declined"][self.rows[fact.unit]] += 1
            elif isinstance(fact, (DutyChanged, AssignmentEnded)):
                self._change(fact.unit, fact.duty, fact.at_ms)
            elif isinstance(fact, (MoveOrdered, MoveEnded, MoveRefused)):
                self._move(fact)

    def columns(self, cases: Iterable[Case], place: Place, from_ms: int, to_ms: int) -> Units:
        """Return what they did from then to then; of the cases all, also those that were merged or not answered."""
        for unit, since_ms in self._off_since.items():
            self._counts["off_ms"][self.rows[unit]] += max(0, to_ms - since_ms)
        self._off_since.clear()
        busy, responding, jobs = (np.zeros(len(self.rows), np.int64) for _ in range(3))
        for case in cases:
            for sent in case.sent:
                row, sent_ms = self.rows[sent.unit], sent.stamps[Status.DISPATCHED]
                busy[row] += max(0, (to_ms if sent.outcome is None else sent.ended_ms) - sent_ms)
                responding[row] += max(0, sent.stamps.get(Status.ON_SCENE, sent_ms) - sent_ms)
                jobs[row] += sent.outcome is Outcome.CLEARED
        return Units(
            ids=tuple(self.rows),
            on_duty_ms=self._on_duty_ms(place, from_ms, to_ms),
            busy_ms=busy,
            responding_ms=responding,
            jobs=jobs.astype(np.int32),
            idle_moves=np.array(self._counts["idle_moves"], np.int32),
            moves=np.array(self._counts["moves"], np.int32),
            refused_moves=np.array(self._counts["refused_moves"], np.int32),
            declined=np.array(self._counts["declined"], np.int32),
            driven_m=np.rint(self._driven_m).astype(np.int64),
            moved_m=np.rint(self._moved_m).astype(np.int64),
        )

    def _enlist(self, fresh: list[str]) -> None:
        for unit in fresh:
            self.rows[unit] = len(self.rows)
        for counts in self._counts.values():
            counts.extend([0] * len(fresh))
        self._moving = np.append(self._moving, np.zeros(len(fresh), np.bool_))
        self._at_m = np.append(self._at_m, np.full((2, len(fresh)), np.nan), axis=1)
        self._driven_m, self._moved_m = (
            np.append(column, np.zeros(len(fresh))) for column in (self._driven_m, self._moved_m)
        )

    def _drive(self, fixes: Fixes) -> None:
        known = fixes.unit < len(self.rows)
        rows, to_m = fixes.unit[known], np.stack([fixes.x_m, fixes.y_m]).astype(np.float64)[:, known]
        apart_m = np.hypot(*(to_m - self._at_m[:, rows]))
        far = apart_m >= STEP_M
        self._driven_m[rows[far]] += apart_m[far]
        self._moved_m[rows[far]] += np.where(self._moving[rows[far]], apart_m[far], 0.0)
        seen = far | np.isnan(apart_m)
        self._at_m[:, rows[seen]] = to_m[:, seen]

    def _change(self, unit: str, duty: Status, at_ms: int) -> None:
        since_ms = self._off_since.pop(unit, None)
        if since_ms is not None:
            self._counts["off_ms"][self.rows[unit]] += max(0, at_ms - since_ms)
        if duty is Status.OFF_DUTY:
            self._off_since[unit] = at_ms

    def _move(self, fact: MoveOrdered | MoveEnded | MoveRefused) -> None:
        row = self.rows[fact.unit]
        if isinstance(fact, MoveOrdered):
            self._moving[row] = fact.idle
            self._counts["moves"][row] += 1
            self._counts["idle_moves"][row] += fact.idle
            return
        # A crew that refuses on the way is told of twice: its move has ended, and it is not to be asked again.
        if isinstance(fact, MoveRefused):
            self._counts["refused_moves"][row] += 1
        else:
            self._moving[row] = False

    def _on_duty_ms(self, place: Place, from_ms: int, to_ms: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Count the hours of each unit's shift, and of one that has none all, less those that it said it was off duty."""
        shifts = {shift.id: shift for shift in place.shifts}
        of_crew = {crew.id: crew.shift for crew in place.crews}
        names = {unit.id: unit.shift or (of_crew[unit.crew] if unit.crew else None) for unit in place.units}
        on_ms = []
        for unit, row in self.rows.items():
            name = names.get(unit)
            shift_ms = _shift_ms(place, shifts[name] if name else None, from_ms, to_ms)
            on_ms.append(min(shift_ms, max(0, to_ms - from_ms - self._counts["off_ms"][row])))
        return np.array(on_ms, np.int64)


def _shift_ms(place: Place, shift: Shift | None, from_ms: int, to_ms: int) -> int:
    at_ms, total_ms = from_ms, 0
    while at_ms < to_ms:
        left_ms = shift_left_ms(place, shift, at_ms)
        if left_ms is None:
            return total_ms + to_ms - at_ms
        if left_ms == 0:
            at_ms = at_ms // LOOK_MS * LOOK_MS + LOOK_MS
            continue
        total_ms += min(left_ms, to_ms - at_ms)
        at_ms += left_ms
    return total_ms
