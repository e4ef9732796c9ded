"""Who might be chosen in one decision: free units, units under way, and units that will soon be free.

A **seat** is a unit's place in this list. Busy units are looked at one by one, and only those that could be worth
their price at all (see `Problem`): until then a busy seat is barred.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.kernels.match import Pool
from engine.model.plans import Alternative, Mode, Slot
from engine.policy.dispatch.busy import look_at
from engine.policy.dispatch.judging import Bench, Rows
from engine.policy.dispatch.layout import Layout, classes_of, layout_of
from engine.state.records import UnitRecord
from engine.state.world import World

Choices = tuple[Alternative, ...]
_FREE, _BUSY, _KEEPS = 1, 2, 3


class Candidates:
    """n units in order of row, with what comes before they drive."""

    def __init__(
        self, world: World, bench: Bench, asked: Iterable[Choices], *, take: bool, keepers: Iterable[int] = ()
    ) -> None:
        """Take in who fits any of what is `asked`, and the `keepers`."""
        fleet = world.fleet
        self.world = world
        self._bench = bench
        self.layout: Layout = layout_of(world)
        self._classes = classes_of(fleet)
        needs = tuple(dict.fromkeys(each for choices in asked for each in choices))
        marks = np.zeros(len(fleet), np.uint8)
        marks[bench.ready] = _FREE
        if take:
            marks[bench.busy] = _BUSY
        able = [any(mask & each.needs == each.needs for each in needs) for mask in self._classes.masks]
        marks[~np.array(able, np.bool_)[self._classes.number]] = 0
        for row in keepers:
            marks[row] = marks[row] or _KEEPS
        self._marked = marks > 0
        self.rows: Rows = np.flatnonzero(self._marked).astype(np.int32)
        marks = marks[self.rows]
        self.free = marks == _FREE
        self.barred = np.zeros(len(self.rows), np.bool_)
        """Left out because its neighbour's quota is used up."""
        self.delay_ms = fleet.turnout_ms[self.rows]
        self.class_of = self._classes.number[self.rows]
        self.source_priority = np.zeros(len(self.rows), np.int8)
        """Of what a divertible unit is under way to; 0 for all others."""
        self.soon = np.zeros(len(self.rows), np.bool_)
        self.unseen = marks == _BUSY
        self.clear_ms: dict[int, int] = {}
        """By seat that is soon free: in how long, without the spread."""
        self.minded: list[int] = []
        """Rows of busy units that a person minds: their plan does not let the engine take them by itself."""
        self.seen_count = 0
        self._fits: dict[tuple[Alternative, ...], list[tuple[int, int]]] = {}
        self._penalties: dict[tuple[Alternative, ...], npt.NDArray[np.int64]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def pool(self) -> Pool:
        """The seats as the kernel reads them; `delay_ms` is the same array."""
        seat_of = np.cumsum(self._marked, dtype=np.int32) - 1
        ordered = self._classes.order[self._marked[self._classes.order]]
        counts = np.bincount(self.class_of, minlength=len(self._classes.masks))
        start = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=start[1:])
        return Pool(self.rows, self.layout.crew[self.rows], self.delay_ms, start, seat_of[ordered].astype(np.int32))

    def seat(self, row: int) -> int:
        """Return the seat of a row that is a candidate."""
        return int(np.searchsorted(self.rows, row))

    def unit(self, seat: int) -> UnitRecord:
        """Return who sits there."""
        return self.world.units[int(self.rows[seat])]

    def fits(self, slot: Slot) -> list[tuple[int, int]]:
        """Return (class, least penalty in ms) of the classes that fit the slot, in order."""
        known = self._fits.get(slot.choices)
        if known is None:
            known = [
                (number, min(penalties))
                for number, mask in enumerate(self._classes.masks)
                if (penalties := [each.penalty_ms for each in slot.choices if mask & each.needs == each.needs])
            ]
            self._fits[slot.choices] = known
        return known

    def penalties_ms(self, slot: Slot) -> npt.NDArray[np.int64]:
        """Return by seat the penalty of the slot's choice that it fits, int64[n]; -1 for one that fits none."""
        known = self._penalties.get(slot.choices)
        if known is None:
            by_class = np.full(len(self._classes.masks), -1, np.int64)
            for number, penalty_ms in self.fits(slot):
                by_class[number] = penalty_ms
            known = self._penalties[slot.choices] = by_class[self.class_of]
        return known

    def look_at(self, seats: Iterable[int]) -> bool:
        """Find out what these busy units could be had for; tell whether any could."""
        found = False
        for seat in seats:
            self.unseen[seat] = False
            row = int(self.rows[seat])
            if not self._bench.is_on(row):
                continue
            unit = self.world.units[row]
            use = look_at(self.world, unit)
            source = self.world.open[unit.incident or ""]
            if self.world.plans[source.plan].mode is not Mode.AUTO:
                self.minded.append(row)
            if use.any_use:
                found = True
                self.delay_ms[seat] = use.delay_ms
                self.source_priority[seat] = use.source_priority
            if use.clear_ms >= 0:
                self.soon[seat] = True
                self.clear_ms[seat] = use.clear_ms
        self.seen_count += found
        return found
