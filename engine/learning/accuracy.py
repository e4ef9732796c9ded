"""How good the told ETAs were: predicted against actual, from the turns alone.

One sample for each assignment whose crew reported its arrival: what was told at dispatch against dispatch to on
scene. Every assignment without one is counted under the reason why. An error is actual minus told: positive means
later than told.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from engine.learning.hours import block_of_day
from engine.learning.ladders import Ladder, Ladders
from engine.learning.turnouts import TURNOUT_MS_MAX, TURNOUT_MS_MIN
from engine.model.lifecycle import Status
from engine.model.roads import BLOCK_HOURS
from engine.model.turn import Turn
from engine.state.world import World

CLOSE_MS = 60_000
ENOUGH = 20
"""With fewer samples a row says little, and it says so."""


class Sample(Struct, frozen=True, gc=False):
    """One thing that was told and then came out."""

    priority: int
    block: int
    unit_kind: str
    told_ms: int
    took_ms: int

    @property
    def error_ms(self) -> int:
        """Positive: later than told."""
        return self.took_ms - self.told_ms


class Row(Struct, frozen=True):
    """A summary of samples."""

    by: str
    """all, priority, hours or unit kind."""
    value: str
    samples: int
    bias_ms: int
    """Mean error."""
    p50_ms: int
    """Median absolute error."""
    p90_ms: int
    within_60_s: float
    """Share of samples that are no more than a minute off."""
    enough: bool


class Sections(Struct):
    """Samples by what was told."""

    arrival: list[Sample]
    """Dispatch to on scene."""
    turnout: list[Sample]
    """Dispatch to wheels rolling, of crews sent from quarters."""
    travel: list[Sample]
    """Wheels rolling to on scene."""


class Accuracy:
    """Follows turns and collects samples."""

    def __init__(self) -> None:
        self.sections = Sections([], [], [])
        self.excluded: dict[str, int] = {}
        """Assignments without a sample of their arrival, by reason."""
        self._ladders = Ladders()
        self._priority: dict[str, int] = {}

    def feed(self, turn: Turn, world: World) -> None:
        """Take a turn that has just been folded into the World."""
        for ladder, rung in self._ladders.feed(turn, world.fleet):
            if rung is Status.DISPATCHED:
                self._priority[ladder.unit] = world.incidents[ladder.incident].priority
            elif rung is Status.EN_ROUTE:
                self._turned_out(ladder, world)
            elif rung is Status.ON_SCENE:
                self._arrived(ladder, world)
            elif rung is None and ladder.arrived_ms is None:
                self._exclude(f"{ladder.outcome}, and never said to be on scene")

    def finish(self) -> None:
        """Count the units that are still on their way."""
        for ladder in self._ladders.out.values():
            if ladder.arrived_ms is None:
                self._exclude("still on its way when the journal ends")

    def _arrived(self, ladder: Ladder, world: World) -> None:
        took_ms = ladder.arrived_ms
        assert took_ms is not None
        if ladder.moved:
            self._exclude("its incident was merged into another on the way")
        elif ladder.eta_ms < 0:
            self._exclude("no way was known, so no ETA was told")
        elif took_ms < 0:
            self._exclude("on scene before it was dispatched, by the reporter's clock")
        else:
            self.sections.arrival.append(self._sample(ladder, world, ladder.eta_ms, took_ms))
            turned_out_ms = ladder.turned_out_ms
            if ladder.turnout_ms is not None and turned_out_ms is not None and 0 <= turned_out_ms <= took_ms:
                travel_ms = ladder.eta_ms - ladder.turnout_ms
                self.sections.travel.append(self._sample(ladder, world, travel_ms, took_ms - turned_out_ms))

    def _turned_out(self, ladder: Ladder, world: World) -> None:
        took_ms = ladder.turned_out_ms
        assert took_ms is not None
        if ladder.in_quarters and ladder.turnout_ms is not None and TURNOUT_MS_MIN <= took_ms <= TURNOUT_MS_MAX:
            self.sections.turnout.append(self._sample(ladder, world, ladder.turnout_ms, took_ms))

    def _sample(self, ladder: Ladder, world: World, told_ms: int, took_ms: int) -> Sample:
        kind = world.fleet.units[world.fleet.rows[ladder.unit]].kind
        block = block_of_day(world.settled, ladder.sent_ms)
        return Sample(self._priority[ladder.unit], block, kind, told_ms, took_ms)

    def _exclude(self, reason: str) -> None:
        self.excluded[reason] = self.excluded.get(reason, 0) + 1


def rows_of(samples: Sequence[Sample]) -> list[Row]:
    """Return a row of all samples, then rows by priority, hours of the local day and kind of unit; none of none."""
    if not samples:
        return []
    rows = [_row("all", "", samples)]
    rows += _rows_by("priority", samples, lambda sample: str(sample.priority))
    rows += _rows_by("hours", samples, lambda sample: hours_of(sample.block))
    rows += _rows_by("unit kind", samples, lambda sample: sample.unit_kind)
    return rows


def hours_of(block: int) -> str:
    """Return a part of the day in words."""
    return f"{block * BLOCK_HOURS:02d}-{(block + 1) * BLOCK_HOURS:02d} h"


def _rows_by(by: str, samples: Sequence[Sample], value_of: Callable[[Sample], str]) -> Iterator[Row]:
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(value_of(sample), []).append(sample)
    for value in sorted(groups):
        yield _row(by, value, groups[value])


def _row(by: str, value: str, samples: Sequence[Sample]) -> Row:
    count = len(samples)
    errors = [sample.error_ms for sample in samples]
    off = sorted(abs(error) for error in errors)
    return Row(
        by=by,
        value=value,
        samples=count,
        bias_ms=round(sum(errors) / count),
        p50_ms=_nearest_rank(off, 50),
        p90_ms=_nearest_rank(off, 90),
        within_60_s=round(sum(error <= CLOSE_MS for error in off) / count, 4),
        enough=count >= ENOUGH,
    )


def _nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """Return the least value that at least so many percent do not exceed."""
    return ordered[(len(ordered) * percent + 99) // 100 - 1]
