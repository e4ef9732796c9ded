"""An oracle for the dispatch policy that shares no code with it: every way tried, in exact numbers."""

from functools import cache
from math import isqrt
from typing import NamedTuple

import numpy as np

from engine.kernels.match import BARRED
from engine.model.facts import (
    Choice,
)
from engine.model.lifecycle import DIVERTIBLE, Status
from engine.model.plans import Slot
from engine.policy import Reviewed, Solution, workload
from engine.policy.honesty import clear_ms
from engine.state.records import Assignment, Incident
from engine.state.world import World
from tests.property.dispatch_kit import STALE_MS
from tests.unit.engine_place import MORNING

OPEN = 10**18
"""What one rank is worth to the oracle: more than all else together."""


class Spot(NamedTuple):
    """One place to fill."""

    incident: str
    slot: str
    key: tuple[int, int, int]
    keeper: int
    """Row of the unit under way that holds it, -1: it is open."""
    open_cost: int
    """0: it ranks, the first in the list highest."""
    costs: dict[int, int]
    """By row: what it costs there."""


class Best(NamedTuple):
    """The best that there is."""

    value: int
    rows: tuple[int, ...]
    """By place; -1: left open."""


def eta_ms(world: World, row: int, incident: Incident) -> int | None:
    """The drive of a unit, by hand; None if it is off shift."""
    unit = world.fleet.units[row]
    if unit.shift is not None:
        return None  # it is Monday morning, and the only shift is the night's
    x_m, y_m = int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
    return isqrt((x_m - incident.x_m) ** 2 + (y_m - incident.y_m) ** 2) * 130 * 10_000 // 11_000


def located(world: World, row: int) -> bool:
    """Whether it is known well enough where the unit is."""
    fix_ms = int(world.fleet.fix_ms[row])
    return (fix_ms >= MORNING - STALE_MS) if fix_ms >= 0 else not world.fleet.units[row].tracked


def turnout_ms(world: World, row: int) -> int:
    """The turnout of a unit in quarters."""
    unit = world.fleet.units[row]
    station = next(station for station in world.settled.stations if station.id == unit.station)
    x_m, y_m = int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
    return unit.turnout_ms if abs(x_m - station.x_m) <= 150 and abs(y_m - station.y_m) <= 150 else 0


class Oracle:
    """What every unit would cost everywhere, and the best of all that could be done."""

    def __init__(self, world: World, queue: list[Incident], reviewed: tuple[Reviewed, ...] = (), *, take: bool = True):
        self.world, self.queue, self.take = world, queue, take
        self.rules = world.settled.matching
        self.reviewed = {each.unit for each in reviewed}

    def full(self, time_ms: int, incident: Incident, slot: Slot) -> int:
        target_ms = max(0, slot.target_ms - (MORNING - incident.reported_ms))
        return time_ms + max(0, time_ms - target_ms) * self.rules.late_percent // 100

    def weight(self, incident: Incident, slot: Slot) -> int:
        return self.rules.weights[incident.priority - 1] * slot.weight_percent

    def penalty_ms(self, row: int, slot: Slot) -> int | None:
        has = self.world.fleet.units[row].capabilities
        return min((each.penalty_ms for each in slot.choices if has & each.needs == each.needs), default=None)

    def assignment(self, row: int) -> tuple[Incident, Assignment] | None:
        record = self.world.units[row]
        if record.incident is None:
            return None
        incident = self.world.open[record.incident]
        return incident, incident.assigned[record.id]

    def held(self, row: int) -> Slot | None:
        """The slot whose place the unit holds."""
        found = self.assignment(row)
        if found is None:
            return None
        incident, assignment = found
        slot = next((slot for slot in self.world.slots(incident) if slot.id == assignment.slot), None)
        return slot if slot is not None and incident.filled.get(slot.id, 0) <= slot.count else None

    def way(self, row: int, incident: Incident, *, free_only: bool) -> tuple[int, int] | None:
        """(time, price) of the unit for an incident that it is not on; None if it may not go."""
        record, drive_ms = self.world.units[row], eta_ms(self.world, row, incident)
        others = [self.world.units[other] for other in self.world.fleet.siblings[row]]
        if drive_ms is None or any(other.incident for other in others):
            return None
        price = int(workload.prices_ms(self.world, np.array([row], np.int32), incident.priority)[0])
        found = self.assignment(row)
        if price == BARRED:
            return None
        price += 0 if located(self.world, row) else self.rules.unseen_ms
        if found is None:
            return (drive_ms + turnout_ms(self.world, row), price) if record.duty is Status.AVAILABLE else None
        if free_only or not self.take:
            return None
        source, assignment = found
        if assignment.status in DIVERTIBLE:
            if assignment.diverted or source.priority <= incident.priority:
                return None
            rolls = assignment.status in (Status.EN_ROUTE, Status.STAGING)
            return drive_ms + (0 if rolls else turnout_ms(self.world, row)), price + self.rules.divert_ms
        clear = clear_ms(self.world, row)
        wait_ms = clear + clear * 65 // 100
        if wait_ms > self.rules.free_within_ms or incident.priority < self.rules.wait_from_priority:
            return None
        return drive_ms + wait_ms, price + self.rules.wait_ms

    def to_go_ms(self, row: int) -> int:
        """How far a unit under way still has to go."""
        found = self.assignment(row)
        assert found is not None
        incident, assignment = found
        drive_ms = eta_ms(self.world, row, incident)
        if not located(self.world, row):
            return max(0, assignment.arrive_ms - MORNING)
        if drive_ms is None:
            x_m, y_m = int(self.world.fleet.x_m[row]), int(self.world.fleet.y_m[row])
            drive_ms = isqrt((x_m - incident.x_m) ** 2 + (y_m - incident.y_m) ** 2) * 130 * 10_000 // 11_000
        return drive_ms + (0 if assignment.status in (Status.EN_ROUTE, Status.STAGING) else turnout_ms(self.world, row))

    def keepers(self) -> list[int]:
        """Rows of units that hold a place which could become open."""
        rows = []
        for row in range(len(self.world.fleet)):
            found, slot = self.assignment(row), self.held(row)
            if not self.take or found is None or slot is None or self.penalty_ms(row, slot) is None:
                continue
            incident, assignment = found
            known = eta_ms(self.world, row, incident) is not None and not assignment.diverted
            if assignment.status in DIVERTIBLE and (known or self.world.fleet.ids[row] in self.reviewed):
                rows.append(row)
        return rows

    def places(self, ways: dict[str, str]) -> list[Spot]:
        """All places to fill, in the order of the queue."""
        places = []
        for incident in self.queue:
            for at, slot in enumerate(
                self.world.plans[incident.plan].wanted(ways.get(incident.id, ""), incident.alarm)
            ):
                costs = self.costs(incident, slot, free_only=False)
                place = Spot(incident.id, slot.id, _key(incident), -1, 0, costs)
                places += [((*_key(incident), at, ""), place)] * (slot.count - incident.filled.get(slot.id, 0))
        places += [self.kept_place(row) for row in self.keepers()]
        return [place for _, place in sorted(places, key=lambda pair: pair[0])]

    def costs(self, incident: Incident, slot: Slot, *, free_only: bool) -> dict[int, int]:
        costs = {}
        for row in range(len(self.world.fleet)):
            way, penalty_ms = self.way(row, incident, free_only=free_only), self.penalty_ms(row, slot)
            if way is not None and penalty_ms is not None:
                ms = self.full(way[0], incident, slot) + way[1] + penalty_ms
                costs[row] = ms * self.weight(incident, slot)
        return costs

    def kept_place(self, row: int) -> tuple[tuple[int, int, int, int, str], Spot]:
        found, slot = self.assignment(row), self.held(row)
        assert found is not None
        assert slot is not None
        incident, _ = found
        reviewed = self.world.fleet.ids[row] in self.reviewed
        weight, to_go_ms = self.weight(incident, slot), self.to_go_ms(row)
        stays = self.full(to_go_ms, incident, slot) * weight
        costs = self.costs(incident, slot, free_only=reviewed)
        free = [other for other in costs if self.assignment(other) is None]
        if reviewed:
            costs[row] = (
                self.full(
                    to_go_ms - max(self.rules.supersede_ms, to_go_ms * self.rules.supersede_percent // 100),
                    incident,
                    slot,
                )
                * weight
            )
        else:
            # Nobody is better than who is on the way, as long as there is no second look.
            costs = {other: max(cost, stays + weight) for other, cost in costs.items()}
            costs[row] = stays
        alone = 0 if free else max(self.rules.open_ms * weight, stays + weight)
        at = [other.id for other in self.world.slots(incident)].index(slot.id)
        key = (*_key(incident), at, self.world.fleet.ids[row])
        return key, Spot(incident.id, slot.id, _key(incident), row, alone, costs)

    def best(self, places: list[Spot]) -> Best:
        """Try everything, remembering what is best for each set of crews that are left."""
        ranked = sum(not place.open_cost for place in places)
        left, open_costs = ranked, []
        for place in places:
            open_costs.append(place.open_cost or OPEN * 4**left)
            left -= not place.open_cost
        crew = [1 << min((row, *self.world.fleet.siblings[row])) for row in range(len(self.world.fleet))]

        @cache
        def go(at: int, taken: int) -> tuple[int, tuple[int, ...]]:
            if at == len(places):
                return 0, ()
            value, rows = go(at + 1, taken)
            found = value + open_costs[at], (-1, *rows)
            for row, cost in places[at].costs.items():
                if not taken & crew[row]:
                    value, rows = go(at + 1, taken | crew[row])
                    # Where it makes no difference a place is rather filled than left open.
                    if value + cost < found[0] or (value + cost == found[0] and found[1][0] < 0):
                        found = value + cost, (row, *rows)
            return found

        return Best(*go(0, 0))


def _key(incident: Incident) -> tuple[int, int, int]:
    return incident.priority, incident.reported_ms, incident.number


def choices_of(solution: Solution) -> list[tuple[str, Choice]]:
    """Every unit that would go, and where."""
    told = (*solution.proposals.items(), *solution.backfills.items())
    return [(name, choice) for name, proposal in told for choice in proposal.choices]


def as_answered(world: World, places: list[Spot], solution: Solution) -> list[Spot]:
    """The same places, where each unit may only do what the answer has it do."""
    moves = {world.fleet.rows[choice.unit]: (name, choice.slot) for name, choice in choices_of(solution)}
    allowed = []
    for place in places:
        costs = {
            row: cost
            for row, cost in place.costs.items()
            if (moves.get(row) == (place.incident, place.slot) if row in moves else row == place.keeper)
        }
        allowed.append(place._replace(costs=costs))
    return allowed


def check_answer(oracle: Oracle, places: list[Spot], solution: Solution) -> None:
    """The answer is one of the best, it is told in full, and its proof is one."""
    world = oracle.world
    best, answered = oracle.best(places), oracle.best(as_answered(world, places, solution))
    assert answered.value == best.value
    rows = [world.fleet.rows[choice.unit] for _, choice in choices_of(solution)]
    assert len(set(rows)) == len(rows), "a unit was promised twice"
    moved = [row for place, row in zip(places, answered.rows, strict=True) if row not in (-1, place.keeper)]
    assert sorted(moved) == sorted(rows), "every unit that is named fills a place"
    asked = {incident.id for incident in oracle.queue} | {place.incident for place in places if place.keeper >= 0}
    missing = sum(row < 0 for row in answered.rows)
    told = (*solution.proposals.values(), *solution.backfills.values())
    assert sum(shortage.missing for proposal in told for shortage in proposal.short) == missing
    assert set(solution.proposals) <= asked
    assert solution.proof.cost == solution.proof.bound
