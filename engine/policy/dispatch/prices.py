"""What choosing a unit costs beside its time, in ms of the arrival of that incident's unit.

Soft prices: the cover that goes with it, what is asked of its crew, that a neighbour lent it, that nobody knows where
it is. Prices of busy units:
that of a diversion, that of waiting for a unit that is not free.
"""

import numpy as np
import numpy.typing as npt

from engine.kernels.match import BARRED
from engine.policy import coverage, workload
from engine.policy.dispatch.candidates import Candidates
from engine.policy.dispatch.layout import Layout
from engine.policy.dispatch.solution import Soft
from engine.policy.honesty import unseen
from engine.policy.travel import Rows
from engine.state.records import Incident
from engine.state.world import World

UNSEEN = "unseen"
"""Name of the price of a unit of which nobody knows where it is."""
SOFT_MS_MAX = 1 << 24
"""Soft prices above four and a half hours count as that."""
TURNED_DOWN_MS = 3_600_000
"""The price of an unwilling unit: above all that anybody else costs, and below that of an open place."""
Column = npt.NDArray[np.int32]


def unwilling(world: World, incident: Incident) -> tuple[int, ...]:
    """Return the rows of units whose crews did not go, or were there and are clear: sent only where there is nobody else."""
    rows = world.fleet.rows
    return tuple(rows[unit] for unit in (*incident.turned_down, *incident.been) if unit in rows)


class Prices:
    """Price columns of one decision, by priority."""

    def __init__(self, world: World, candidates: Candidates) -> None:
        self._world = world
        self._candidates = candidates
        self._soft_sum: dict[int, Column] = {}
        self.soft: dict[int, Soft] = {}
        """By priority: what the soft prices consist of."""
        self._columns: dict[tuple[int, bool, bool], Column] = {}
        self._as_of = 0, 0

    def column(self, priority: int, *, divert: bool, wait: bool) -> Column:
        """Return the price of each seat for an incident of this priority, int32[n]; BARRED: never.

        Which units under way may be diverted to it, and which may be waited for, changes as more are looked at.
        """
        as_of = self._candidates.seen_count, int(self._candidates.barred.sum())
        if as_of != self._as_of:
            self._columns.clear()
            self._as_of = as_of
        key = priority, divert, wait
        known = self._columns.get(key)
        if known is None:
            known = self._columns[key] = self._column(priority, divert=divert, wait=wait)
        return known

    def _column(self, priority: int, *, divert: bool, wait: bool) -> Column:
        seats, rules = self._candidates, self._world.settled.matching
        soft_ms = self._soft_ms(priority)
        price = np.where(seats.free & ~seats.barred, soft_ms, BARRED)
        if divert and seats.seen_count:
            near = np.flatnonzero(seats.source_priority > priority)
            price[near] = _sum_ms(soft_ms[near], rules.divert_ms)
        if wait and seats.seen_count and priority >= rules.wait_from_priority:
            near = np.flatnonzero(seats.soon)
            price[near] = _sum_ms(soft_ms[near], rules.wait_ms)
        return price

    def _soft_ms(self, priority: int) -> Column:
        known = self._soft_sum.get(priority)
        if known is None:
            seats = self._candidates
            free = seats.rows[seats.free]
            known = np.zeros(len(seats), np.int32)
            parts = soft_parts(self._world, seats.layout, free, seats.rows, priority)
            for _, part_ms in parts:
                known = np.where(known == BARRED, BARRED, _sum_ms(part_ms, known))
            self.soft[priority] = Soft(seats.rows, parts)
            self._soft_sum[priority] = known
        return known


def _sum_ms(part_ms: Column, more_ms: Column | int) -> Column:
    """Add to prices, of which BARRED stays BARRED and others end at their bound."""
    found: Column = np.where(part_ms == BARRED, BARRED, np.minimum(part_ms, SOFT_MS_MAX) + more_ms).astype(np.int32)
    return found


def soft_parts(world: World, layout: Layout, free: Rows, rows: Rows, priority: int) -> tuple[tuple[str, Column], ...]:
    """Return by name what the prices of these rows consist of, int32[n] each; BARRED: never.

    `free`: all units that are free.
    """
    place = world.settled
    parts = [("crew", workload.prices_ms(world, rows, priority))]
    if place.coverage.points and place.matching.coverage_ms[priority - 1]:
        parts.append(("coverage", coverage.prices_ms(world, free, rows, priority)))
    lost = unseen(world, rows)
    if lost.any():
        parts.append((UNSEEN, np.where(lost, np.int32(place.matching.unseen_ms), np.int32(0))))
    if place.agencies:
        lent_ms = np.array([*(agency.penalty_ms for agency in place.agencies), 0], np.int32)
        parts.append(("neighbour", lent_ms[layout.agency[rows]]))
    return tuple((name, part_ms) for name, part_ms in parts if part_ms.any())
