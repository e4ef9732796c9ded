"""How crews find their way: the fastest one over the streets that they know to be open, as a leg to drive.

Rule: crews know what the CAD's screen says of the roads, and nothing of the engine's travel times: they drive as this
city's drivers do (`habits.py`). Searches run in a thread, one at a time, so that they never hold up the city.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import trio
from msgspec.structs import replace

from engine.model.place import Place
from engine.model.roads import Closure, Conditions, Stretch
from engine.streets.roads import Roads
from engine.streets.snapping import NOWHERE, Spot, Spots
from engine.streets.weighing import Mode
from gateways.demo.barriers import Barriers
from gateways.demo.driving import NORMAL_PERCENT, OFF_ROAD, Leg, Point, straight
from gateways.demo.habits import habits
from gateways.demo.ledger import Ledger
from gateways.demo.ways import Drive, along

Found = TypeVar("Found")


class Navigator:
    """Finds legs. Without `roads` they are straight."""

    def __init__(self, place: Place, roads: Roads | None, ledger: Ledger, seed: int) -> None:
        self.roads = roads
        self.conditions = Conditions()
        """What the crews know of the roads."""
        self.barriers = Barriers(roads.graph) if roads is not None else None
        self._place = place
        self._ledger = ledger
        self._habits = habits(roads.graph, seed) if roads is not None else np.empty(0)
        self._changed = trio.Event()
        self._one_at_a_time = trio.CapacityLimiter(1)

    def hear(self, conditions: Conditions, now: int) -> None:
        """Take over what is known of the roads now."""
        if self.barriers is None or conditions == self.conditions:
            return
        self.conditions = conditions
        self._ledger.closures_heard += self.barriers.take(conditions.closures, now)
        self._changed.set()
        self._changed = trio.Event()

    async def changed(self, known: Conditions) -> None:
        """Wait until something else is known of the roads."""
        while self.conditions is known:
            await self._changed.wait()

    def blocked(self, leg: Leg, now: int) -> bool:
        """Tell whether the rest of the leg leads through a closed street."""
        return self.barriers is not None and self.barriers.ahead(leg, now)

    def drove(self, leg: Leg, now: int) -> None:
        """Note that this leg was driven up to now."""
        if self.barriers is not None:
            self._ledger.drives_through_closed += self.barriers.crossed(leg, now)

    async def leg(self, here: Leg, target: Point, now: int, *, lights: bool, slower: float) -> Leg | None:
        """Return the leg from where `here` is now; None where closures leave no way.

        `slower` multiplies its time: no two crews drive alike.
        """
        under_way = here.section(now) is not None
        self._ledger.drives_rerouted += under_way
        self._ledger.drives += not under_way
        if self.roads is None:
            return self._straight(here, target, now, lights=lights, slower=slower)
        return await self._aside(lambda roads: self._search(roads, here, target, now, lights=lights, slower=slower))

    async def nearest(self, here: Leg, targets: Sequence[Point], now: int) -> Point:
        """Return the target that is reached first without lights and sirens."""
        if self.roads is None:
            return min(targets, key=lambda target: math.dist(target, here.at(now)))
        return await self._aside(lambda roads: self._soonest(roads, here, targets, now))

    async def ways(self, sources: Sequence[Point], target: Point) -> list[tuple[int, ...]]:
        """Return the arcs of the fastest way to the target from each source from which there is one."""
        if self.roads is None:
            return []
        return await self._aside(lambda roads: self._ways(roads, sources, target))

    async def with_and_without(
        self, heres: Sequence[Leg], target: Point, closed: Stretch, now: int, *, lights: bool
    ) -> tuple[list[int], list[int]]:
        """Return the times in ms from each place to the target as things are, and if that stretch were closed as well.

        -1 where there is no way. As the map has it, and only where there are streets.
        """
        mode = Mode.LIGHTS if lights else Mode.NORMAL
        return await self._aside(lambda roads: self._compared(roads, heres, target, closed, now, mode))

    async def _aside(self, search: Callable[[Roads], Found]) -> Found:
        assert self.roads is not None
        roads = self.roads
        return await trio.to_thread.run_sync(lambda: search(roads), limiter=self._one_at_a_time)

    # ── in the thread ───────────────────────────────────────────────────────────────────────────────────────

    def _search(self, roads: Roads, here: Leg, target: Point, now: int, *, lights: bool, slower: float) -> Leg | None:
        mode, conditions = Mode.LIGHTS if lights else Mode.NORMAL, self.conditions
        ends = _spot_of(roads, here, now), roads.spot(*target)
        found = roads.way(conditions, *ends, mode)
        if found is None:
            if conditions.closures and NOWHERE not in (ends[0].arc, ends[1].arc):
                return None
            return self._straight(here, target, now, lights=lights, slower=slower)
        arc_ms = roads.oracle(conditions).metric(mode).weights.arc_ms[found.arcs]
        drive = Drive(roads.graph, found, (here.at(now), target), ends, arc_ms)
        return drive.leg(now, self._habits[found.arcs] * slower)

    def _straight(self, here: Leg, target: Point, now: int, *, lights: bool, slower: float) -> Leg:
        usual = 1.0 if lights else NORMAL_PERCENT / 100
        return straight(self._place.travel, here.at(now), target, now, slower=usual * slower)

    def _soonest(self, roads: Roads, here: Leg, targets: Sequence[Point], now: int) -> Point:
        oracle = roads.oracle(self.conditions)
        start, only = Spots.of(_spot_of(roads, here, now)), np.zeros(1, np.int32)

        def rank(target: Point) -> tuple[bool, float]:
            took_ms = int(oracle.times_ms(start, only, roads.spot(*target), Mode.NORMAL)[0])
            return took_ms < 0, took_ms if took_ms >= 0 else math.dist(target, here.at(now))

        return min(targets, key=rank)

    def _ways(self, roads: Roads, sources: Sequence[Point], target: Point) -> list[tuple[int, ...]]:
        end = roads.spot(*target)
        found = (roads.way(self.conditions, roads.spot(*source), end, Mode.LIGHTS) for source in sources)
        return [tuple(way.arcs.tolist()) for way in found if way is not None]

    def _compared(
        self, roads: Roads, heres: Sequence[Leg], target: Point, closed: Stretch, now: int, mode: Mode
    ) -> tuple[list[int], list[int]]:
        known = self.conditions
        closures = (*known.closures, Closure("to be closed", closed))
        spots = Spots.of(*(_spot_of(roads, here, now) for here in heres))
        rows, end = np.arange(len(heres), dtype=np.int32), roads.spot(*target)
        as_is, then = (
            roads.oracle(conditions).times_ms(spots, rows, end, mode).tolist()
            for conditions in (known, replace(known, closures=closures))
        )
        return as_is, then


def _spot_of(roads: Roads, here: Leg, now: int) -> Spot:
    """Return where the unit is on the streets. One that drives knows its street, and has to turn to go back."""
    point, arc = here.at(now), here.arc(now)
    if arc == OFF_ROAD:
        return roads.spot(*point)
    return Spot(arc, along(roads.graph, arc, point), 0, here.speed_mps(now) == 0)
