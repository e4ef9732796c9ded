"""Judging units for the slots of an incident: candidate rows in, times and reasons out. Columns only."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.circle import within_circle
from engine.kernels.eligible import cheapest, judge, ready
from engine.model.hours import local_minute_of_week, on_duty
from engine.model.place import Place
from engine.model.plans import Slot
from engine.policy.dispatch.layout import layout_of
from engine.policy.dispatch.neighbours import kept_back
from engine.policy.travel import TravelModel, travel_model
from engine.state.fleet import STANDING_ASSIGNED, STANDING_CREW_BUSY, STANDING_FREE, STANDING_NOT_IN_SERVICE
from engine.state.records import Incident
from engine.state.world import World

Rows = npt.NDArray[np.int32]

EVERYONE_MAX = 2_000
"""Up to this many rows are judged one and all: cheaper than asking where they are."""
TREE_FROM = 50_000
"""From so many units on the R-tree is asked for circles; one pass over all positions is faster up to there."""
FIRST_SWEEP = 16
"""Units that the first sweep would hold if they stood evenly over the place."""


HANDS_MAX = 64
"""Different capability masks that are told apart; a place has a few dozen at most."""


class Verdicts(Struct, frozen=True):
    """The judgement of n rows for one slot: `cost_ms` is the ETA plus the penalty of a second-choice unit."""

    rows: Rows
    eta_ms: npt.NDArray[np.int32]
    cost_ms: npt.NDArray[np.int32]
    reason: npt.NDArray[np.uint8]


class Bench:
    """The fleet as one decision sees it: who is on shift now, who is barred."""

    def __init__(self, world: World, barred: list[int]) -> None:
        place = world.settled
        self.fleet = world.fleet
        self.travel: TravelModel = travel_model(world)
        minute = local_minute_of_week(place, world.now)
        self.shift_on = np.array([on_duty(shift, minute) for shift in place.shifts] or [True], np.uint8)
        lent = kept_back(world, layout_of(world)) if place.agencies else []
        self.standing = world.fleet.standing.copy() if barred or lent else world.fleet.standing
        # Their crew would be out with a sibling chosen in the same decision.
        if barred or lent:
            self.standing[barred] = STANDING_CREW_BUSY
            self.standing[[row for row in lent if self.standing[row] == STANDING_FREE]] = STANDING_NOT_IN_SERVICE
        self._place = place

    @cached_property
    def first_radius_m(self) -> int:
        """Of the first circle that is looked at."""
        return _first_radius_m(self._place, len(self.fleet))

    @cached_property
    def _ready(self) -> tuple[Rows, list[int]]:
        fleet = self.fleet
        rows = np.empty(len(fleet), np.int32)
        hands = np.empty(HANDS_MAX, np.uint64)
        columns = (fleet.capability, self.standing, fleet.shift, self.shift_on)
        count, different = ready(*columns, rows, hands)
        return rows[:count], hands[:different].tolist()

    @cached_property
    def busy(self) -> npt.NDArray[np.int64]:
        """Rows of units that are assigned to an incident."""
        return np.flatnonzero(self.fleet.standing == STANDING_ASSIGNED)

    def is_on(self, row: int) -> bool:
        """Tell whether the unit is on shift."""
        return bool(self.fleet.shift[row] < 0 or self.shift_on[self.fleet.shift[row]])

    @cached_property
    def _everyone(self) -> Rows:
        return np.arange(len(self.fleet), dtype=np.int32)

    @property
    def ready(self) -> Rows:
        """Rows that could be sent now, whatever they can do."""
        return self._ready[0]

    def can_fill(self, slot: Slot) -> bool:
        """Tell whether any unit that is ready has what the slot asks for: a city without one need not be searched."""
        hands = self._ready[1]
        if len(hands) == HANDS_MAX:
            return True
        return any(mask & choice.needs == choice.needs for mask in hands for choice in slot.choices)

    def judge(self, slot: Slot, rows: Rows, travel_ms: npt.NDArray[np.int32]) -> Verdicts:
        """Judge the rows for the slot."""
        fleet = self.fleet
        needs = np.array([choice.needs for choice in slot.choices], np.uint64)
        penalty_ms = np.array([choice.penalty_ms for choice in slot.choices], np.int32)
        eta_ms = np.empty(len(rows), np.int32)
        cost_ms = np.empty(len(rows), np.int32)
        reason = np.empty(len(rows), np.uint8)
        judge(
            rows,
            fleet.capability,
            self.standing,
            fleet.shift,
            self.shift_on,
            needs,
            penalty_ms,
            travel_ms,
            fleet.turnout_ms,
            eta_ms,
            cost_ms,
            reason,
        )
        return Verdicts(rows, eta_ms, cost_ms, reason)

    def times_ms(self, rows: Rows, incident: Incident) -> npt.NDArray[np.int32]:
        """Return the travel times of the rows to the incident."""
        return self.travel.times_ms(self.fleet, rows, incident)

    def sweep(self, incident: Incident, enough: Callable[[Rows, int], bool]) -> Rows:
        """Widen a circle round the incident until `enough(rows, within_ms)` says so, or it holds everyone.

        `within_ms` is a time that no unit outside the circle can beat, so "enough" can be judged exactly. The circle
        is exact as well: what the R-tree gives beyond it depends on when its boxes were drawn, and that is different
        after a restart.
        """
        count = len(self.fleet)
        if count <= EVERYONE_MAX:
            return self._everyone
        radius_m = self.first_radius_m
        while True:
            rows = self._within(incident, radius_m)
            if 4 * len(rows) > count:
                return self._everyone
            if enough(rows, self.travel.within_ms(radius_m, incident)):
                return rows
            radius_m *= 2

    def _within(self, incident: Incident, radius_m: int) -> Rows:
        fleet, at = self.fleet, (incident.x_m, incident.y_m)
        rows = fleet.index.near(*at, radius_m) if len(fleet) >= TREE_FROM else self._everyone
        within = np.empty(len(rows), np.int32)
        return within[: within_circle(rows, fleet.x_m, fleet.y_m, *at, radius_m, within)]


def _first_radius_m(place: Place, units: int) -> int:
    x_min, y_min, x_max, y_max = place.bounds
    area_m2 = max(1, (x_max - x_min) * (y_max - y_min))
    return max(250, int((area_m2 * FIRST_SWEEP / max(1, units)) ** 0.5 / 2))


def shortlist(verdicts: Verdicts, count: int) -> npt.NDArray[np.int64]:
    """Return places in the verdicts of the `count` cheapest rows that fit, by (cost, row)."""
    return cheapest(verdicts.rows, verdicts.cost_ms, verdicts.reason, count)
