"""One joint problem that grows until nothing outside it could change its answer.

It begins with the open places and the free units. An answer's prices say which busy units could be worth theirs: a
unit outside costs nothing to take, so it helps only where it would undercut the price of a place. Those are looked at
and let in. Where the answer takes a unit from a less urgent incident, that place comes in as well. Both only ever grow,
so this ends, and the last answer is the best over all units and all places that it touches (column and row
generation). A place that is not in is held by its unit, at the same cost in every answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.match import BARRED, Kinds, Matching, match
from engine.model.lifecycle import DIVERTIBLE
from engine.model.plans import Mode, Order
from engine.policy.dispatch.busy import can_keep, held_slot, set_out_ms
from engine.policy.dispatch.candidates import Candidates, Choices
from engine.policy.dispatch.judging import Bench
from engine.policy.dispatch.kinds import (
    COST_MS_MAX,
    Held,
    Kind,
    Wide,
    kinds_of,
    stays_ms,
    target_of,
    weight_of,
    with_lateness,
)
from engine.policy.dispatch.neighbours import surplus
from engine.policy.dispatch.order import ORDER_MS_MAX, blend_prices_ms, order_of, ranks, station_prices_ms
from engine.policy.dispatch.prices import SOFT_MS_MAX, TURNED_DOWN_MS, Column, Prices, unwilling
from engine.policy.dispatch.solution import Reviewed
from engine.policy.dispatch.stakes import open_costs, rank_cost_of, ranked
from engine.policy.honesty import unseen
from engine.state.records import Incident
from engine.state.world import World

Narrowing = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""Rows that are barred, that a person minds, and whose crews have declined."""
BEYOND: int = 1 << 62
"""The cost of a seat that cannot be had."""


class Answer(Struct, frozen=True):
    """The best answer, place by place in the order of its kinds."""

    kinds: list[Kind]
    matching: Matching
    ends: list[int]
    """By kind: where its places end."""
    alone: list[bool]
    """By kind: left open it ranks with nobody, see `stakes.py`."""
    rank_cost: int
    """What one rank is worth."""

    def places(self, number: int) -> range:
        """Return the places of a kind."""
        return range(self.ends[number] - self.kinds[number].count, self.ends[number])


_NO_ROWS, _NO_COSTS = np.zeros(0, np.int32), np.zeros(0, np.int64)
NOTHING = Answer([], Matching(_NO_ROWS, _NO_ROWS, _NO_COSTS, _NO_COSTS, _NO_COSTS, 0), [], [], 0)
"""The answer where nobody asks for anything."""


NOBODY: Mapping[int, int] = {}


class May(NamedTuple):
    """What may be done with busy units."""

    divert: bool = False
    wait: bool = False


ONLY_FREE = May()


class Outgrown(Exception):
    """The answer would rob a place that others could take than were looked at: begin again with them."""

    def __init__(self, choices: Choices) -> None:
        super().__init__("a place is robbed that asks for other units")
        self.choices = choices


class Problem:
    """What is known while one decision is made."""

    def __init__(
        self,
        world: World,
        incidents: Sequence[Incident],
        reviewed: Sequence[Reviewed] = (),
        may: May = ONLY_FREE,
        *,
        spoken_for: Mapping[int, int] = NOBODY,
        also: frozenset[Choices] = frozenset(),
    ) -> None:
        """Look at whoever fits what is asked, or what may come to be asked `also`."""
        self.world = world
        self.incidents = incidents
        self.rules = world.settled.matching
        self.may = may
        self.spoken_for = spoken_for
        self.bench = Bench(world, [])
        self.held: dict[str, Held] = {}
        """By unit."""
        for second in reviewed:
            self._review(second)
        rows = [world.fleet.rows[unit] for unit in self.held]
        self._asked_for = {*also, *self._choices()}
        self.seats = Candidates(world, self.bench, self._asked_for, take=any(may), keepers=rows)
        self.prices = Prices(world, self.seats)
        self._times: dict[str, Column] = {}
        self._narrowed: dict[Narrowing, tuple[Column, Column]] = {}
        for each in self.held.values():
            self._expect(each)

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────────────

    def _choices(self) -> Iterator[Choices]:
        """Give what is asked for, in whatever way the incidents may be answered."""
        for incident in self.incidents:
            plan = self.world.plans[incident.plan]
            for way in plan.ways():
                for slot in plan.wanted(way.id, incident.alarm):
                    yield slot.choices
        for held in self.held.values():
            place = held_slot(self.world, held.incident, held.assignment)
            if place is not None:
                yield place.choices

    def _review(self, each: Reviewed) -> None:
        assignment = each.incident.assigned.get(each.unit)
        if assignment is None or assignment.status not in DIVERTIBLE:
            return
        if held_slot(self.world, each.incident, assignment) is None:
            return
        if can_keep(self.world, each.incident, assignment):
            self.held[each.unit] = Held(each.incident, assignment, reviewed=True)

    def _expect(self, held: Held) -> None:
        """Where no time can be found for a unit under way, what was told of it stands."""
        assignment = held.assignment
        row = self.world.fleet.rows[assignment.unit]
        seat = self.seats.seat(row)
        self.seats.delay_ms[seat] = set_out_ms(self.world, row, assignment)
        times_ms = self.times_ms(held.incident)
        if times_ms[seat] < 0 or unseen(self.world, np.array([row], np.int32))[0]:
            told_ms = assignment.arrive_ms or assignment.sent_ms + max(0, assignment.eta_ms)
            times_ms[seat] = max(0, told_ms - self.world.now)
            self.seats.delay_ms[seat] = 0
        # What its crew has said of a delay counts more than the way that is left.
        said_ms = assignment.said_ms - self.world.now - int(self.seats.delay_ms[seat])
        times_ms[seat] = max(int(times_ms[seat]), said_ms)

    def times_ms(self, incident: Incident) -> Column:
        """Return every seat's travel time to the incident."""
        known = self._times.get(incident.id)
        if known is None:
            known = self._times[incident.id] = self.bench.times_ms(self.seats.rows, incident)
        return known

    def unit_id(self, seat: int) -> str:
        """Return the unit's name."""
        return self.world.fleet.ids[int(self.seats.rows[seat])]

    # ── what a seat costs ───────────────────────────────────────────────────────────────────────────────────

    def whole_ms(self, kind: Kind) -> Wide:
        """Return each seat's time to the place with what counts beyond the target, int64[n]."""
        eta_ms = self.seats.delay_ms + np.minimum(self.times_ms(kind.incident), COST_MS_MAX).astype(np.int64)
        return with_lateness(eta_ms, target_of(self.world, kind), self.rules.late_percent)

    def column(self, kind: Kind) -> Column:
        """Return each seat's price for the place, int32[n]; BARRED: never."""
        column = self._prices(kind)
        order, stations = order_of(self.world, kind.incident)
        if order is Order.CLOSEST and not kind.keeper:
            return column
        price = column.astype(np.int64)
        if order is not Order.CLOSEST:
            price += self.order_ms(kind, order, stations)
        if kind.keeper:
            self._keep(kind, price)
        return np.minimum(price, BARRED).astype(np.int32)

    def _prices(self, kind: Kind) -> Column:
        shadow = self.world.plans[kind.incident.plan].mode is Mode.SHADOW
        # Whoever relieves a unit under way is free: a chain of changes is no relief.
        divert = self.may.divert and not kind.reviewed
        wait = self.may.wait and not (kind.reviewed or shadow)
        column = self.prices.column(kind.incident.priority, divert=divert, wait=wait)
        barred = list(self.world.declined(kind.incident))
        barred += [row for row, priority in self.spoken_for.items() if priority <= kind.incident.priority]
        if kind.reviewed:
            # Nobody turns round for a unit that its neighbour may refuse.
            barred += self.seats.layout.asked
        # Nobody waits for a person's word on a diversion where the engine could send somebody by itself.
        minded = self.seats.minded if self.world.plans[kind.incident.plan].mode is Mode.AUTO else []
        key = tuple(barred), tuple(minded), unwilling(self.world, kind.incident)
        return self._narrow(key, column) if any(key) else column

    def _narrow(self, key: Narrowing, column: Column) -> Column:
        """Return the column with rows barred, and others dearer; the same array for the same question."""
        known = self._narrowed.get(key)
        if known is None or known[0] is not column:
            barred, minded, declined = (np.isin(self.seats.rows, rows) for rows in key)
            dearer_ms = minded * self.rules.consent_ms + declined * TURNED_DOWN_MS
            narrow = np.where(column != BARRED, column + dearer_ms, column)
            narrow = np.where(barred, np.int32(BARRED), narrow).astype(np.int32)
            known = self._narrowed[key] = (column, narrow)
        return known[1]

    def order_ms(self, kind: Kind, order: Order, stations: tuple[str, ...]) -> Wide:
        """Return what the order of stations makes each seat cost, int64[n]."""
        seats, column = self.seats, self._prices(kind)
        penalty_ms, travel_ms = seats.penalties_ms(kind.slot), self.times_ms(kind.incident)
        fits = (penalty_ms >= 0) & (travel_ms >= 0) & (column != BARRED)
        rank = ranks(self.world.settled, stations, self.world.fleet.post[seats.rows], seats.free)
        if order is Order.BLENDED:
            blend_ms = self.world.plans[kind.incident.plan].blend_ms
            return blend_prices_ms(rank, seats.delay_ms + travel_ms, fits, seats.free, kind.count, blend_ms)
        return station_prices_ms(rank, self.whole_ms(kind) + column + penalty_ms, fits)

    def _keep(self, kind: Kind, price: Wide) -> None:
        """Let the keeper stay at its time, and let others have the place only as they may."""
        seat = self.seats.seat(self.world.fleet.rows[kind.keeper])
        whole_ms, penalty_ms = self.whole_ms(kind), self.seats.penalties_ms(kind.slot)
        stays = int(whole_ms[seat])
        if kind.reviewed:
            stays = self._reviewed_ms(kind, seat)
        else:
            # While its keeper could stay nobody is better: who would be is a matter of reviewing, with its hysteresis.
            lack_ms = np.maximum(0, stays + 1 - whole_ms - np.maximum(0, penalty_ms) - price)
            price += np.where(price < BARRED, lack_ms, 0)
        price[seat] = stays - whole_ms[seat] - penalty_ms[seat]

    def _reviewed_ms(self, kind: Kind, seat: int) -> int:
        eta_ms = int(self.seats.delay_ms[seat]) + min(int(self.times_ms(kind.incident)[seat]), COST_MS_MAX)
        sooner_ms = np.array(eta_ms - stays_ms(self.rules, eta_ms), np.int64)
        return int(with_lateness(sooner_ms, target_of(self.world, kind), self.rules.late_percent))

    def costs(self, kind: Kind, column: Column) -> Wide:
        """Return what the place costs with each seat, int64[n], weighted; BEYOND: never."""
        penalty_ms = self.seats.penalties_ms(kind.slot)
        ms = self.whole_ms(kind) + column + penalty_ms
        never = (penalty_ms < 0) | (self.times_ms(kind.incident) < 0) | (column == BARRED)
        found: Wide = np.where(never, BEYOND, ms * weight_of(self.rules, kind))
        return found

    def stays_cost(self, kind: Kind) -> int:
        """Return what it costs that the keeper of the place goes on."""
        seat = self.seats.seat(self.world.fleet.rows[kind.keeper])
        stays_ms = self._reviewed_ms(kind, seat) if kind.reviewed else int(self.whole_ms(kind)[seat])
        return stays_ms * weight_of(self.rules, kind)

    # ── the answer ──────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, ways: dict[str, str]) -> Answer:
        """Return the best answer where incidents are answered in these ways; the others in the way they are in."""
        while True:
            kinds = kinds_of(self.world, self.incidents, ways, self.held.values())
            if not kinds:
                return NOTHING
            found = self._match(kinds)
            if not (self._over_quota(found) | self._robs(found) | self._finds(found)):
                return found

    def _match(self, kinds: list[Kind]) -> Answer:
        incidents = {kind.incident.id: number for number, kind in reversed(list(enumerate(kinds)))}
        of_incident = {name: number for number, name in enumerate(incidents)}
        times_ms = [self.times_ms(kinds[number].incident) for number in incidents.values()]
        columns: dict[int, int] = {}
        prices_ms: list[Column] = []
        which = []
        for kind in kinds:
            column = self.column(kind)
            # Incidents of one priority share a column; the list keeps each alive, so that its identity is its own.
            if id(column) not in columns:
                columns[id(column)] = len(prices_ms)
                prices_ms.append(column)
            which.append(columns[id(column)])
        alone = [self._alone(kind, prices_ms[number]) for kind, number in zip(kinds, which, strict=True)]
        ordered = any(order_of(self.world, kind.incident)[0] is Order.STATION for kind in kinds)
        dearest_ms = ORDER_MS_MAX if ordered else 4 * SOFT_MS_MAX
        rank_cost = rank_cost_of(self.rules, kinds, ranked(kinds, alone), dearest_ms)
        which_times = [of_incident[kind.incident.id] for kind in kinds]
        asked = self._asked(kinds, which_times, which, open_costs(kinds, alone, rank_cost))
        times = np.minimum(np.stack(times_ms), np.int32(COST_MS_MAX))
        matching = match(times, np.stack(prices_ms), self.seats.pool, asked)
        ends = np.cumsum([kind.count for kind in kinds]).tolist()
        return Answer(kinds, matching, ends, [cost is not None for cost in alone], rank_cost)

    def _asked(
        self, kinds: list[Kind], times: list[int], prices: list[int], open_: tuple[list[int], list[int]]
    ) -> Kinds:
        fits = [self.seats.fits(kind.slot) for kind in kinds]
        listed = [each for found in fits for each in found]
        unserved, step = open_
        return Kinds(
            times=np.array(times, np.int32),
            prices=np.array(prices, np.int32),
            wanted=np.array([kind.count for kind in kinds], np.int32),
            weight=np.array([weight_of(self.rules, kind) for kind in kinds], np.int64),
            target_ms=np.array([target_of(self.world, kind) for kind in kinds], np.int64),
            late_percent=np.full(len(kinds), self.rules.late_percent, np.int64),
            unserved=np.array(unserved, np.int64),
            step=np.array(step, np.int64),
            first=np.cumsum([0, *(len(found) for found in fits)], dtype=np.int64),
            fit=np.array([number for number, _ in listed], np.int32),
            penalty_ms=np.array([penalty_ms for _, penalty_ms in listed], np.int32),
        )

    def _alone(self, kind: Kind, column: Column) -> int | None:
        """Return what it costs to rob the place if no free unit could take it; None if one could."""
        if not kind.keeper:
            return None
        able = self.seats.free & (column != BARRED) & (self.times_ms(kind.incident) >= 0)
        if (able & (self.seats.penalties_ms(kind.slot) >= 0)).any():
            return None
        seat = self.seats.seat(self.world.fleet.rows[kind.keeper])
        # Nobody leaves a place open who could still go on to it.
        return max(self.rules.open_ms, int(self.whole_ms(kind)[seat]) + 1) * weight_of(self.rules, kind)

    # ── how it grows ────────────────────────────────────────────────────────────────────────────────────────

    def _over_quota(self, answer: Answer) -> bool:
        chosen = [int(seat) for seat in answer.matching.seat if seat >= 0 and self.seats.free[seat]]
        barred = surplus(self.world, self.seats.layout, self.seats.rows[chosen].tolist())
        for row in barred:
            self.seats.barred[self.seats.seat(row)] = True
        return bool(barred)

    def _robs(self, answer: Answer) -> bool:
        """Take in the places of units that the answer takes away."""
        before = len(self.held)
        for number, kind in enumerate(answer.kinds):
            for place in answer.places(number):
                seat = int(answer.matching.seat[place])
                if seat >= 0 and self.seats.source_priority[seat] > 0:
                    self._rob(seat, kind)
        return len(self.held) > before

    def _rob(self, seat: int, kind: Kind) -> None:
        unit = self.seats.unit(seat)
        if unit.id == kind.keeper or unit.id in self.held or unit.incident is None:
            return
        source = self.world.open[unit.incident]
        assignment = source.assigned[unit.id]
        slot = held_slot(self.world, source, assignment)
        if slot is not None:
            if slot.choices not in self._asked_for:
                raise Outgrown(slot.choices)
            self.held[unit.id] = held = Held(source, assignment, reviewed=False)
            self._expect(held)

    def _finds(self, answer: Answer) -> bool:
        """Look at the busy units that would undercut the price of a place."""
        seats: set[int] = set()
        if self.seats.unseen.any():
            for number, kind in enumerate(answer.kinds):
                if not kind.reviewed:
                    price = int(answer.matching.place_price[answer.places(number)].max())
                    seats.update(self.hopefuls(kind, price).tolist())
        return self.seats.look_at(sorted(seats))

    def hopefuls(self, kind: Kind, price: int) -> npt.NDArray[np.int64]:
        """Return the busy seats not looked at that might cost the place less than this, by the least they could."""
        most_ms = price // weight_of(self.rules, kind) - self.least_extra_ms(kind)
        travel_ms = self.times_ms(kind.incident)
        near = np.flatnonzero(self.seats.unseen & (travel_ms <= most_ms) & (travel_ms >= 0))
        return near[self.seats.penalties_ms(kind.slot)[near] >= 0]

    def least_extra_ms(self, kind: Kind) -> int:
        """Return the least that a busy unit costs beside its travel."""
        waits = self.may.wait and kind.incident.priority >= self.rules.wait_from_priority
        least = [self.rules.divert_ms] if self.may.divert else []
        return min([*least, self.rules.wait_ms] if waits else least, default=COST_MS_MAX)
