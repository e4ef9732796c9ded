"""Place by place, whoever is there first: how `Nearest` searches.

Incidents are looked at in the order of the queue. Who loses a unit is less urgent than who gets it, so its place always
comes later in the same search, and none has to be looked at twice.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.soonest import NOBODY, soonest
from engine.model.facts import Choice, Shortage
from engine.model.lifecycle import DIVERTIBLE
from engine.model.place import PRIORITIES
from engine.model.plans import Alternative, Mode, Slot, holds
from engine.policy.dispatch.busy import held_slot, look_at
from engine.policy.dispatch.judging import Bench
from engine.policy.dispatch.kinds import Rank, rank_of
from engine.policy.dispatch.layout import layout_of
from engine.policy.dispatch.prices import unwilling
from engine.policy.dispatch.solution import Proposal, Reviewed, Solution
from engine.policy.dispatch.telling import Terms
from engine.policy.honesty import spreads_ms
from engine.state.records import Incident
from engine.state.world import World

Flags = npt.NDArray[np.uint8]
Times = npt.NDArray[np.int32]
CHOICES_KEPT = 1_024
LEAST_URGENT = PRIORITIES[-1] + 1
"""Less urgent than anything: whom a unit is spoken for that nobody speaks for."""


class Pick(Struct, frozen=True):
    """A unit that goes."""

    slot: Slot
    row: int
    before_ms: int
    travel_ms: int
    source: str = ""
    """The incident that loses it."""
    replaces: str = ""
    """The unit under way whose place it takes."""


class Filled(Struct, frozen=True):
    """What an incident would get in one way to answer."""

    option: str
    picks: list[Pick]
    open: list[tuple[Slot, int]]
    """Slots and how many of their places nobody fills."""

    @property
    def short(self) -> int:
        """How many places stay open."""
        return sum(missing for _, missing in self.open)


class Free:
    """Who may still go: goes down with each unit that is chosen."""

    def __init__(self, may: Flags, left: list[int]) -> None:
        self.may = may
        """By row, uint8[N]."""
        self.left = left
        """By neighbour: how many more of its units."""
        self.gone: set[int] = set()

    def copy(self) -> "Free":
        """Return another one, to try something with."""
        other = Free(self.may.copy(), list(self.left))
        other.gone = set(self.gone)
        return other

    def take(self, world: World, row: int) -> None:
        """The unit goes: neither it nor its crew is there for anything else, nor its neighbour beyond the quota."""
        self.gone.add(row)
        self.may[[row, *world.fleet.siblings[row]]] = 0
        agency = int(world.fleet.agency[row])
        if agency >= 0:
            self.left[agency] -= 1
            if self.left[agency] <= 0:
                self.may[list(layout_of(world).neighbours[agency])] = 0


class Search:
    """One decision."""

    def __init__(self, world: World, terms: Terms, spoken_for: Mapping[int, int]) -> None:
        self.world = world
        self.terms = terms
        self.spoken_for = spoken_for
        self.bench = Bench(world, [])
        ready = np.zeros(len(world.fleet), np.uint8)
        ready[self.bench.ready] = 1
        self.free = Free(ready, [world.quota_left(agency) for agency in world.settled.agencies])
        self._resting = bool(np.count_nonzero(world.fleet.on_break))
        self._times: dict[str, Times] = {}
        self._everyone = layout_of(world).everyone
        self._own: dict[str, list[Filled]] = {}
        self._robbed: dict[str, list[Filled]] = {}

    def serve(self, incidents: Iterable[Incident]) -> None:
        """Serve these incidents, and those that lose a unit to one of them."""
        self._own, self._robbed = self._serve(incidents)

    def answer(
        self, incidents: Sequence[Incident], reviewed: Sequence[Reviewed], relief: Mapping[str, list[Pick]]
    ) -> Solution:
        """Return what these incidents get, and by incident who takes over from a unit under way."""
        own = dict(self._own)
        for name, picks in relief.items():
            own.setdefault(name, []).append(Filled(self.world.open[name].option, picks, []))
        robbed = self._robbed
        asked = {incident.id: incident for incident in incidents}
        asked |= {each.incident.id: each.incident for each in reviewed}
        told = {name: self._proposal(asked[name], own.get(name, [])) for name in asked}
        refilled = {name: self._proposal(self.world.open[name], filled) for name, filled in robbed.items()}
        taken = {pick.row: name for found in (own, robbed) for name, each in found.items() for pick in _picks(each)}
        return Solution(
            proposals=told | {name: proposal for name, proposal in refilled.items() if name not in asked},
            taken=taken,
            barred=self._left_out(taken),
            backfills={name: proposal for name, proposal in refilled.items() if name in asked},
            spoken_for=dict(self.spoken_for),
        )

    def _serve(self, incidents: Iterable[Incident]) -> tuple[dict[str, list[Filled]], dict[str, list[Filled]]]:
        """Return by incident what fills its own open places, and what the places of units that it loses."""
        own: dict[str, list[Filled]] = {}
        robbed: dict[str, list[Filled]] = {}
        number = count()
        queue: list[tuple[Rank, int, Incident, str]] = [(rank_of(each), next(number), each, "") for each in incidents]
        heapq.heapify(queue)
        while queue:
            _, _, incident, lost = heapq.heappop(queue)
            filled = self._refill(incident, lost) if lost else self._fill_best(incident)
            (robbed if lost else own).setdefault(incident.id, []).append(filled)
            for pick in filled.picks:
                self.free.take(self.world, pick.row)
                if pick.source:
                    source = self.world.open[pick.source]
                    heapq.heappush(queue, (rank_of(source), next(number), source, self.world.fleet.ids[pick.row]))
        return own, robbed

    # ── the places of one incident ──────────────────────────────────────────────────────────────────────────

    def _fill_best(self, incident: Incident) -> Filled:
        """Answer in the first way that leaves nothing open: that which was told, then the plan's in their order."""
        plan, best = self.world.plans[incident.plan], None
        ways = list(plan.ways_from(incident.option, incident.alarm))
        for option, slots in [way for way in ways if holds(way[1], incident.filled)] or ways[:1]:
            missing = [(slot, slot.count - incident.filled.get(slot.id, 0)) for slot in slots]
            filled = self._fill(incident, option, missing)
            if not filled.short:
                return filled
            best = filled if best is None or filled.short < best.short else best
        assert best is not None, "every plan has a way to answer"
        return best

    def _refill(self, incident: Incident, lost: str) -> Filled:
        """Fill the place of a unit that goes elsewhere, if it is missed there."""
        slot = held_slot(self.world, incident, incident.assigned[lost])
        return self._fill(incident, incident.option, [(slot, 1)] if slot is not None else [])

    def _fill(self, incident: Incident, option: str, missing: Iterable[tuple[Slot, int]]) -> Filled:
        wanted = [(slot, places) for slot, places in missing if places > 0]
        alone = sum(places for _, places in wanted) == 1
        free = self.free if alone else self.free.copy()
        picks: list[Pick] = []
        left: list[tuple[Slot, int]] = []
        for slot, places in wanted:
            for filled in range(places):
                pick = self._pick(incident, slot, free)
                if pick is None:
                    left.append((slot, places - filled))
                    break
                picks.append(pick)
                if not alone:
                    free.take(self.world, pick.row)
        return Filled(option, picks, left)

    def free_pick(self, incident: Incident, slot: Slot) -> Pick | None:
        """Return which of those that are still free is there first."""
        fleet, travel_ms = self.world.fleet, self._travel_ms(incident)
        may = self._allowed(incident, self.free.may, unwilling(self.world, incident))
        row, _ = soonest(may, fleet.turnout_ms, travel_ms, fleet.capability, *_columns(slot.choices))
        return None if row == NOBODY else Pick(slot, row, int(fleet.turnout_ms[row]), int(travel_ms[row]))

    def _pick(self, incident: Incident, slot: Slot, free: Free) -> Pick | None:
        """Return who is there first; a crew that did not go, or was done there, is sent only where there is nobody else."""
        declined = unwilling(self.world, incident)
        pick = self._first(incident, slot, free, but=declined)
        return self._first(incident, slot, free, but=()) if pick is None and declined else pick

    def _first(self, incident: Incident, slot: Slot, free: Free, but: tuple[int, ...]) -> Pick | None:
        if incident.priority not in self.terms.divert_to and not np.count_nonzero(free.may):
            return None  # in an overloaded city most incidents are asked about when the last unit has just gone
        fleet, travel_ms = self.world.fleet, self._travel_ms(incident)
        may = self._allowed(incident, free.may, but)
        row, cost_ms = soonest(may, fleet.turnout_ms, travel_ms, fleet.capability, *_columns(slot.choices))
        best = None if row == NOBODY else (cost_ms, row, int(fleet.turnout_ms[row]), "")
        if incident.priority in self.terms.divert_to:
            best = self._divert(incident, slot, free, best)
        return None if best is None else Pick(slot, best[1], best[2], int(travel_ms[best[1]]), best[3])

    def _divert(
        self, incident: Incident, slot: Slot, free: Free, best: tuple[int, int, int, str] | None
    ) -> tuple[int, int, int, str] | None:
        """Return (ms, row, ms before it drives, source) of a unit under way that is there before the best free one."""
        world, travel_ms = self.world, self._travel_ms(incident)
        busy = self.bench.busy
        near = (travel_ms[busy] >= 0) & (travel_ms[busy] <= best[0]) if best else travel_ms[busy] >= 0
        for row in busy[near].tolist():
            penalty_ms = _penalty_ms(slot, int(world.fleet.capability[row]))
            if penalty_ms < 0 or row in free.gone or not self._may_rob(incident, row):
                continue
            use = look_at(world, world.units[row])
            if use.source_priority > incident.priority and use.source_priority in self.terms.divert_from:
                found = (use.delay_ms + int(travel_ms[row]) + penalty_ms, row, use.delay_ms)
                if best is None or found < best[:3]:
                    best = (*found, world.units[row].incident or "")
        return best

    def _may_rob(self, incident: Incident, row: int) -> bool:
        """Tell whether a busy unit may be looked at: nobody waits for a person's word where the engine decides itself."""
        world, unit = self.world, self.world.units[row]
        source = world.open.get(unit.incident or "")
        if source is None or source is incident or source.assigned[unit.id].status not in DIVERTIBLE:
            return False
        minded = world.plans[source.plan].mode is not Mode.AUTO and world.plans[incident.plan].mode is Mode.AUTO
        spoken_for = self.spoken_for.get(row, LEAST_URGENT) <= incident.priority
        said_no = row in (*world.declined(incident), *unwilling(world, incident))
        return self.bench.is_on(row) and not (minded or spoken_for or said_no)

    def _allowed(self, incident: Incident, may: Flags, also: tuple[int, ...] = ()) -> Flags:
        """Return who may go to this incident: not who was asked in vain, is meant for another, or is at table."""
        barred = [*self.world.declined(incident), *also]
        barred += [row for row, priority in self.spoken_for.items() if priority <= incident.priority]
        resting = self._resting and incident.priority > self.world.settled.work.break_to_priority
        if not (barred or resting):
            return may
        allowed = may.copy()
        allowed[barred] = 0
        if resting:
            allowed[self.world.fleet.on_break != 0] = 0
        return allowed

    def _travel_ms(self, incident: Incident) -> Times:
        known = self._times.get(incident.id)
        if known is None:
            known = self._times[incident.id] = self.bench.times_ms(self._everyone, incident)
        return known

    # ── what is told ────────────────────────────────────────────────────────────────────────────────────────

    def _proposal(self, incident: Incident, filled: list[Filled]) -> Proposal:
        picks = _picks(filled)
        spread_ms = self._spreads_ms(incident, picks) if picks else []
        choices = [
            Choice(
                slot=pick.slot.id,
                unit=self.world.fleet.ids[pick.row],
                eta_ms=pick.before_ms + pick.travel_ms,
                spread_ms=spread,
                source=pick.source,
                replaces=pick.replaces,
            )
            for pick, spread in zip(picks, spread_ms, strict=True)
        ]
        missing: dict[Slot, int] = {}
        for slot, places in (each for way in filled for each in way.open):
            missing[slot] = missing.get(slot, 0) + places
        names = self.world.settled.names
        short = tuple(Shortage(slot.id, places, names(slot.choices[0].needs)) for slot, places in missing.items())
        return Proposal(tuple(choices), short, filled[0].option if filled else incident.option)

    def _spreads_ms(self, incident: Incident, picks: list[Pick]) -> list[int]:
        rows = np.array([pick.row for pick in picks], np.int32)
        travel_ms = np.array([pick.travel_ms for pick in picks], np.int64)
        straight = self.bench.travel.is_straight(incident)
        found: list[int] = spreads_ms(self.world, rows, travel_ms, straight=straight).tolist()
        return found

    def _left_out(self, taken: dict[int, str]) -> tuple[int, ...]:
        """Return free rows whose crew would be out with a unit that was chosen."""
        siblings = {row for chosen in taken for row in self.world.fleet.siblings[chosen]} - set(taken)
        ready = set(self.bench.ready.tolist()) if siblings else set()
        return tuple(sorted(siblings & ready))


def _picks(filled: Iterable[Filled]) -> list[Pick]:
    return [pick for way in filled for pick in way.picks]


@lru_cache(maxsize=CHOICES_KEPT)
def _columns(choices: tuple[Alternative, ...]) -> tuple[npt.NDArray[np.uint64], Times]:
    """Return a slot's choices as the kernel reads them."""
    needs = np.array([choice.needs for choice in choices], np.uint64)
    return needs, np.array([choice.penalty_ms for choice in choices], np.int32)


def _penalty_ms(slot: Slot, capabilities: int) -> int:
    """Return the least penalty of the slot's choices that such a unit fits; -1 if it fits none."""
    fitting = [each.penalty_ms for each in slot.choices if capabilities & each.needs == each.needs]
    return min(fitting, default=-1)
