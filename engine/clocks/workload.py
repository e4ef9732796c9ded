"""How much work each crew had: turns in, figures out. Busy is from the dispatch until the unit is free again.

A unit that was out before the first turn counts as busy from that turn on, as soon as a fact says so. Ways are taken from
its positions, in steps of at least `STEP_M`, so that a parked vehicle whose position trembles drives nowhere.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from engine.model.facts import (
    AssignmentAdvanced,
    AssignmentEnded,
    DutyChanged,
    PlaceAdopted,
    PositionsMoved,
    UnitDispatched,
)
from engine.model.fixes import Fixes
from engine.model.lifecycle import UNTOLD, Outcome, Status
from engine.model.moves import MoveOrdered
from engine.model.turn import Turn

STEP_M: Final = 25
AWAY: Final = frozenset({Status.OUT_OF_SERVICE, Status.OFF_DUTY})


class UnitWork(Struct):
    """What one unit did within the span."""

    busy_ms: int = 0
    away: list[tuple[int, int]] = field(default_factory=list)
    """Out of service, or off duty by its own word: from when until when, [ms, ms), within its hours of duty or not."""
    calls: int = 0
    """Dispatches."""
    moves: int = 0
    """Orders to drive to another post that disturbed an idle crew."""


class Workload:
    """Follows turns. Memory: a few numbers a unit, and two each time that it was away.

    `span` is [from_ms, to_ms). `rows` names the units as batches of positions number them, where the turns do not begin
    with the first.
    """

    def __init__(self, span: tuple[int, int], rows: Sequence[str] = ()) -> None:
        self.span = span
        self.units: dict[str, UnitWork] = {}
        self._rows = {unit: row for row, unit in enumerate(rows)}
        self._began_ms: int | None = None
        self._busy: dict[str, int] = {}
        """By unit that is out: since when."""
        self._away: dict[str, int] = {}
        self._x_m: npt.NDArray[np.float64] = np.full(len(rows), np.nan)
        self._y_m: npt.NDArray[np.float64] = np.full(len(rows), np.nan)
        self._driven_m: npt.NDArray[np.float64] = np.zeros(len(rows))
        self._follow: dict[type, Callable[[Any, int], None]] = {
            PlaceAdopted: self._adopt,
            PositionsMoved: self._drive,
            UnitDispatched: self._send,
            AssignmentAdvanced: self._advance,
            AssignmentEnded: self._end,
            DutyChanged: self._change,
            MoveOrdered: self._move,
        }

    def feed(self, turn: Turn) -> None:
        """Take the next turn."""
        if self._began_ms is None:
            self._began_ms = turn.now
        for fact in turn.facts:
            follow = self._follow.get(type(fact))
            if follow is not None:
                follow(fact, turn.now)

    def as_it_stands(self, to_ms: int) -> "Workload":
        """Return a copy of a span that ends then, finished; this one goes on following. No turn after it may have been fed."""
        standing = deepcopy(self)
        standing.span = (self.span[0], min(to_ms, self.span[1]))
        standing.finish()
        return standing

    def finish(self) -> None:
        """Count what is still under way, until the end of the span."""
        for unit in list(self._busy):
            self._free(unit, self.span[1])
        for unit in list(self._away):
            self._back(unit, self.span[1])

    @property
    def seen(self) -> tuple[int, int]:
        """Return the part of the span of which something is known: not before the first turn."""
        return max(self.span[0], self._began_ms or self.span[0]), self.span[1]

    def driven_m(self, unit: str) -> int | None:
        """Return how far the unit drove, in metres; None if it has reported no position."""
        row = self._rows.get(unit)
        return None if row is None or np.isnan(self._x_m[row]) else round(float(self._driven_m[row]))

    # ── facts ───────────────────────────────────────────────────────────────────────────────────────────────

    def _adopt(self, fact: PlaceAdopted, _: int) -> None:
        """Number new units as the fleet does: after those that were there, in order of id."""
        for unit in sorted(unit.id for unit in fact.place.units if unit.id not in self._rows):
            self._rows[unit] = len(self._rows)
        more = len(self._rows) - len(self._x_m)
        self._x_m, self._y_m = (np.append(column, np.full(more, np.nan)) for column in (self._x_m, self._y_m))
        self._driven_m = np.append(self._driven_m, np.zeros(more))

    def _drive(self, fact: PositionsMoved, now: int) -> None:
        fixes: Fixes = fact.fixes
        rows = fixes.unit
        with np.errstate(invalid="ignore"):
            far = np.hypot(fixes.x_m - self._x_m[rows], fixes.y_m - self._y_m[rows])
            moved = far >= STEP_M
        if self._holds(now):
            self._driven_m[rows[moved]] += far[moved]
        fresh = moved | np.isnan(far)
        self._x_m[rows[fresh]], self._y_m[rows[fresh]] = fixes.x_m[fresh], fixes.y_m[fresh]

    def _send(self, fact: UnitDispatched, now: int) -> None:
        self._busy.setdefault(fact.unit, now)
        self._of(fact.unit).calls += self._holds(now)

    def _advance(self, fact: AssignmentAdvanced, _: int) -> None:
        if fact.unit not in self._busy and fact.status not in UNTOLD:
            self._busy[fact.unit] = self._began_ms or 0  # it was sent before the first turn

    def _end(self, fact: AssignmentEnded, now: int) -> None:
        if fact.unit not in self._busy and fact.outcome is Outcome.CLEARED:
            self._busy[fact.unit] = self._began_ms or 0
        self._free(fact.unit, min(fact.at_ms, now))
        self._be(fact.unit, fact.duty, now)

    def _change(self, fact: DutyChanged, now: int) -> None:
        self._be(fact.unit, fact.duty, min(fact.at_ms, now))

    def _move(self, fact: MoveOrdered, now: int) -> None:
        self._of(fact.unit).moves += fact.idle and self._holds(now)

    # ── sums ────────────────────────────────────────────────────────────────────────────────────────────────

    def _be(self, unit: str, duty: Status, at_ms: int) -> None:
        if duty in AWAY:
            self._away.setdefault(unit, at_ms)
        else:
            self._back(unit, at_ms)

    def _free(self, unit: str, at_ms: int) -> None:
        since_ms = self._busy.pop(unit, None)
        if since_ms is not None:
            from_ms, to_ms = self._within(since_ms, at_ms)
            self._of(unit).busy_ms += max(0, to_ms - from_ms)

    def _back(self, unit: str, at_ms: int) -> None:
        since_ms = self._away.pop(unit, None)
        if since_ms is not None:
            from_ms, to_ms = self._within(since_ms, at_ms)
            if from_ms < to_ms:
                self._of(unit).away.append((from_ms, to_ms))

    def _within(self, since_ms: int, until_ms: int) -> tuple[int, int]:
        """Return the part of the time that lies in the span; where there is none, it ends before it begins."""
        return max(since_ms, self.span[0]), min(until_ms, self.span[1])

    def _holds(self, now: int) -> bool:
        return self.span[0] <= now < self.span[1]

    def _of(self, unit: str) -> UnitWork:
        return self.units.setdefault(unit, UnitWork())
