"""Nearest capable units, for all waiting slots together (linear assignment, Jonker and Volgenant 1987).

A slot's cost for a unit is its ETA plus the penalty of a second choice, weighted by the incident's priority.
Leaving a slot open costs more than any ETA, and more for a slot that ranks earlier: so as many slots as possible
are filled, the first in the queue first, and among all such answers the weighted time is least. Ties go to the
unit with the lower row.

Units of one crew are not two units: where an answer takes both, the later one is barred and the whole is solved
again.
"""

from functools import cache
from itertools import groupby

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.assign import assign
from engine.model.facts import Choice, Shortage
from engine.model.plans import Slot
from engine.model.why import Why
from engine.policy.dispatch.judging import EVERYONE_MAX, Bench, Rows, Verdicts, shortlist
from engine.policy.dispatch.solution import Estimate, Proposal, Reviewed, Solution
from engine.policy.dispatch.why import explain_slots, explain_unit
from engine.policy.honesty import spreads_ms
from engine.policy.travel import travel_model
from engine.state.records import Incident
from engine.state.world import World

COST_MS_MAX = 1 << 24
"""Times above four and a half hours count as that."""
OPEN_SLOT = 1 << 29
"""Above any weighted time: what one rank in the queue is worth."""


class Wanted(Struct, frozen=True):
    """One kind of slot of one incident, with how many are open."""

    incident: Incident
    slot: Slot
    count: int


class NearestCapable(Struct, frozen=True, tag="nearest_capable"):
    """Send whoever fits and arrives first."""

    weights: tuple[int, int, int, int, int] = (16, 8, 4, 2, 1)
    """By priority: what a second is worth."""

    def solve(
        self, world: World, incidents: list[Incident], reviewed: tuple[Reviewed, ...] = (), *, take: bool = True
    ) -> Solution:
        """Match what these incidents lack to the units that are free; the first ones rank first."""
        del reviewed, take
        wanted = [
            Wanted(incident, slot, missing) for incident in incidents for slot, missing in _open_slots(world, incident)
        ]
        barred: list[int] = []
        while True:
            bench = Bench(world, barred)
            fillable = [want for want in wanted if bench.can_fill(want.slot)]
            chosen = self._match(world, bench, fillable)
            clashes = _crew_clashes(world, chosen)
            if not clashes:
                return _solution(world, bench, wanted, dict(zip(map(_key, fillable), chosen, strict=True)), barred)
            barred += clashes

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Say what the proposal for the incident rests on; with a row, what speaks for or against that unit."""
        bench = Bench(world, list(solution.barred))
        wanted = _open_slots(world, incident)
        if row is None:
            slots = explain_slots(world, bench, incident, wanted, solution)
        else:
            slots = explain_unit(world, bench, incident, wanted, solution, row)
        return Why("nearest capable", bench.travel.basis(incident), incident.plan, slots)

    def estimate(self, world: World, row: int, incident: Incident) -> Estimate:
        """Return when one unit would be there and by which way, whether it would be chosen or not."""
        travel = travel_model(world)
        rows = np.array([row], np.int32)
        travel_ms = travel.times_ms(world.fleet, rows, incident).astype(np.int64)
        if travel_ms[0] < 0:
            return Estimate(-1, -1, None)
        eta_ms = int(travel_ms[0]) + int(world.fleet.turnout_ms[row])
        spread_ms = int(spreads_ms(world, rows, travel_ms, straight=travel.is_straight(incident))[0])
        return Estimate(eta_ms, spread_ms, travel.route(world.fleet, row, incident))

    def _match(self, world: World, bench: Bench, wanted: list[Wanted]) -> list[list[tuple[int, int]]]:
        """Return for each wanted kind of slot the chosen (row, eta_ms), soonest first."""
        total = sum(want.count for want in wanted)
        if total == 0:
            return []
        lists = _candidates(bench, wanted, total)
        offsets, units, costs = [0], [], []
        for want, verdicts in zip(wanted, lists, strict=True):
            weight = self.weights[want.incident.priority - 1]
            weighted = verdicts.cost_ms.astype(np.int64) * weight
            for _ in range(want.count):
                offsets.append(offsets[-1] + len(weighted))
                units.append(verdicts.rows)
                costs.append(weighted)
        unserved = (total - np.arange(total, dtype=np.int64)) * OPEN_SLOT
        choice = assign(
            np.array(offsets, np.int64),
            np.concatenate(units),
            np.concatenate(costs),
            unserved,
            len(world.fleet),
        ).choice
        return _by_kind(wanted, lists, choice)


def _open_slots(world: World, incident: Incident) -> list[tuple[Slot, int]]:
    lacks = world.lacking(incident)
    return [(slot, lacks[slot.id]) for slot in world.plans[incident.plan].slots if slot.id in lacks]


def _candidates(bench: Bench, wanted: list[Wanted], total: int) -> list[Verdicts]:
    """Return for each kind of slot its `total` cheapest units: more than that no best answer can need."""
    lists: list[Verdicts] = []
    for _, group in groupby(wanted, key=lambda want: want.incident.number):
        wants = list(group)
        lists += _around(bench, wants[0].incident, [want.slot for want in wants], total)
    return lists


def _around(bench: Bench, incident: Incident, slots: list[Slot], total: int) -> list[Verdicts]:
    found: list[Verdicts] = []
    last_ms = 0

    def look_at(rows: Rows) -> None:
        nonlocal found
        travel_ms = bench.times_ms(rows, incident)
        found = [_cut(bench.judge(slot, rows, travel_ms), total) for slot in slots]

    def enough(rows: Rows, within_ms: int) -> bool:
        nonlocal last_ms
        if within_ms <= last_ms:
            # Not beyond doubt yet even for those who were found in a smaller circle.
            return False
        look_at(rows)
        full = all(len(verdicts.rows) == total for verdicts in found)
        last_ms = max(int(verdicts.cost_ms[-1]) for verdicts in found) if full else 0
        return full and last_ms < within_ms

    if len(bench.ready) <= EVERYONE_MAX or len(bench.sweep(incident, enough)) == len(bench.fleet):
        # Few are ready, or the sweep gave up on circles: look at those who are ready, and nobody else.
        look_at(bench.ready)
    return found


def _cut(verdicts: Verdicts, count: int) -> Verdicts:
    cost_ms = np.minimum(verdicts.cost_ms, COST_MS_MAX)
    best = shortlist(Verdicts(verdicts.rows, verdicts.eta_ms, cost_ms, verdicts.reason), count)
    return Verdicts(verdicts.rows[best], verdicts.eta_ms[best], cost_ms[best], verdicts.reason[best])


def _by_kind(wanted: list[Wanted], lists: list[Verdicts], choice: npt.NDArray[np.int32]) -> list[list[tuple[int, int]]]:
    chosen = []
    at = 0
    for want, verdicts in zip(wanted, lists, strict=True):
        rows = choice[at : at + want.count]
        at += want.count
        pairs = [(int(row), int(verdicts.eta_ms[verdicts.rows == row][0])) for row in rows if row >= 0]
        # Like slots are one kind: whoever arrives first is named first.
        chosen.append(sorted(pairs, key=lambda pair: (pair[1], pair[0])))
    return chosen


def _crew_clashes(world: World, chosen: list[list[tuple[int, int]]]) -> list[int]:
    """Return rows that share a crew with a unit chosen before them."""
    rows = {row for pairs in chosen for row, _ in pairs}
    clashes: list[int] = []
    for pairs in chosen:
        for row, _ in pairs:
            if row not in clashes:
                clashes += [other for other in world.fleet.siblings[row] if other in rows and other not in clashes]
    return clashes


def _key(want: Wanted) -> tuple[str, str]:
    return want.incident.id, want.slot.id


def _solution(
    world: World,
    bench: Bench,
    wanted: list[Wanted],
    chosen: dict[tuple[str, str], list[tuple[int, int]]],
    barred: list[int],
) -> Solution:
    choices: dict[str, list[Choice]] = {want.incident.id: [] for want in wanted}
    short: dict[str, list[Shortage]] = {want.incident.id: [] for want in wanted}
    taken: dict[int, str] = {}
    names = cache(world.settled.names)
    picked = [(want, *pair) for want in wanted for pair in chosen.get(_key(want), [])]
    for (want, row, eta_ms), spread_ms in zip(picked, _spreads_ms(world, bench, picked), strict=True):
        choices[want.incident.id].append(Choice(want.slot.id, world.fleet.ids[row], eta_ms, spread_ms))
        taken[row] = want.incident.id
    for want in wanted:
        missing = want.count - len(chosen.get(_key(want), []))
        if missing:
            short[want.incident.id].append(Shortage(want.slot.id, missing, names(want.slot.choices[0].needs)))
    proposals = {name: Proposal(tuple(choices[name]), tuple(short[name])) for name in choices}
    return Solution(proposals, taken, tuple(barred))


def _spreads_ms(world: World, bench: Bench, picked: list[tuple[Wanted, int, int]]) -> list[int]:
    """Return the spread of each chosen unit's ETA."""
    rows = np.array([row for _, row, _ in picked], np.int32)
    etas_ms = np.array([eta_ms for _, _, eta_ms in picked], np.int64)
    straight = np.array([bench.travel.is_straight(want.incident) for want, _, _ in picked], np.bool_)
    told: list[int] = spreads_ms(world, rows, etas_ms - world.fleet.turnout_ms[rows], straight=straight).tolist()
    return told
