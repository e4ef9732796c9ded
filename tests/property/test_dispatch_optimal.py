"""The first dispatch policy against oracles that share no code with it: plain search, scipy, and the whole fleet."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.optimize import linear_sum_assignment

from engine.core.engine import Engine
from engine.model.facts import IncidentReported
from engine.model.fixes import Fixes
from engine.model.inputs import AdoptPlace, ReportPositions, ReportStatus
from engine.model.lifecycle import Status
from engine.model.paper import encode
from engine.model.place import Crew, Place, Shift, Unit
from engine.model.plans import Alternative, Mode, Plan, Slot
from engine.model.rules import Limits
from engine.policy import NearestCapable, Solution
from engine.policy.dispatch import judging, nearest
from engine.state.image import restore, save
from engine.state.records import Incident
from engine.state.world import World
from tests.unit.engine_place import MORNING, PLANS, engine_place

STALE_MS = 600_000
WEIGHTS = (16, 8, 4, 2, 1)
Way = tuple[str, str, int]
"""(incident, slot, number): one place to fill."""


def town(dice: random.Random, units: int, plans: int, *, crews: bool = False) -> Place:
    """A place with units of chance, some on no shift now, some without a device, and plans of chance."""
    fleet = tuple(
        Unit(
            f"U{i:04}",
            "any",
            dice.randrange(16),
            dice.choice(("Central", "East", "North")),
            crew=f"C{dice.randrange(units)}" if crews and dice.random() < 0.5 else None,
            shift=dice.choice((None, None, None, "nights")),
            turnout_ms=dice.choice((0, 30_000, 60_000)),
            tracked=dice.random() < 0.8,
        )
        for i in range(units)
    )
    rows = tuple(
        Plan(
            f"plan{i}",
            (f"type{i}",),
            (1, 2, 3, 4, 5),
            Mode.ADVISE,
            tuple(_slot(dice, name) for name in ("first", "second")[: dice.randrange(1, 3)]),
        )
        for i in range(plans)
    )
    return engine_place(
        units=fleet,
        plans=(*rows, *PLANS),
        crews=tuple(Crew(f"C{i}") for i in range(units)),
        shifts=(Shift("nights", ((0, 300),)),),
        limits=Limits(stale_after_ms=STALE_MS, nearest_explained=4),
    )


def _slot(dice: random.Random, name: str) -> Slot:
    second = (Alternative(1 << dice.randrange(4), dice.choice((0, 60_000, 400_000))),) if dice.random() < 0.5 else ()
    return Slot(name, (Alternative(1 << dice.randrange(4)), *second), dice.randrange(1, 3))


def world_of(dice: random.Random, place: Place, incidents: int) -> tuple[World, list[Incident]]:
    """A World in which some units are out of service, some positions are stale, and these incidents wait."""
    engine = Engine()
    engine.step(AdoptPlace(place), MORNING - 2 * STALE_MS)
    world = engine.world
    where: list[list[int]] = [[dice.randrange(-9_000, 9_000) for _ in place.units] for _ in "xy"]
    for at_ms in (world.now, MORNING - 60_000, MORNING):
        # Within the slack of the R-tree's boxes: what stands in the tree and what is true drift apart.
        where = [[metres + dice.randrange(-120, 121) for metres in column] for column in where]
        seen = [row for row, unit in enumerate(place.units) if unit.tracked and dice.random() < 0.7]
        _see(engine, seen, [[column[row] for row in seen] for column in where], at_ms)
    for row, unit in enumerate(place.units):
        if dice.random() < 0.15:
            status = ReportStatus(id=f"c{row}", by="crew", unit=unit.id, status=Status.OUT_OF_SERVICE)
            engine.step(status, MORNING)
    for number in range(incidents):
        world.apply(
            IncidentReported(
                incident=f"I{number + 1}",
                type="medical",
                priority=dice.randrange(1, 6),
                x_m=dice.randrange(-9_000, 9_000),
                y_m=dice.randrange(-9_000, 9_000),
                plan=f"plan{dice.randrange(len(place.plans) - len(PLANS))}",
                area=None,
                address="",
                caller="",
                note="",
                external="",
                by="desk",
            )
        )
    return world, world.queue()


def _see(engine: Engine, rows: list[int], where: list[list[int]], at_ms: int) -> None:
    unknown = [-1] * len(rows)
    engine.step(ReportPositions(Fixes(rows, *where, [at_ms] * len(rows), unknown, unknown)), at_ms)


def eta_ms(world: World, row: int, incident: Incident) -> int | None:
    """The arrival of a unit that may be sent, by hand; None if it may not."""
    unit, record = world.fleet.units[row], world.units[row]
    fix_ms = int(world.fleet.fix_ms[row])
    located = (fix_ms >= MORNING - STALE_MS) if fix_ms >= 0 else not unit.tracked
    if record.duty is not Status.AVAILABLE or unit.shift is not None or not located:
        return None  # it is Monday morning, and the only shift is the night's
    x_m, y_m = int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
    distance_m = isqrt((x_m - incident.x_m) ** 2 + (y_m - incident.y_m) ** 2)
    station = next(station for station in world.settled.stations if station.id == unit.station)
    quarters = abs(x_m - station.x_m) <= 150 and abs(y_m - station.y_m) <= 150
    return distance_m * 130 * 10_000 // 11_000 + (unit.turnout_ms if quarters else 0)


def costs_of(world: World, queue: list[Incident]) -> tuple[list[Way], list[dict[int, int]]]:
    """Every place to fill, in the order of the queue, with what each unit that fits would cost there."""
    ways: list[Way] = []
    costs: list[dict[int, int]] = []
    for incident in queue:
        etas = {row: eta_ms(world, row, incident) for row in range(len(world.fleet))}
        for slot in world.plans[incident.plan].slots:
            prices: dict[int, int] = {}
            for row, eta in etas.items():
                has = world.fleet.units[row].capabilities
                penalties = [choice.penalty_ms for choice in slot.choices if has & choice.needs == choice.needs]
                if eta is not None and penalties:
                    prices[row] = (eta + min(penalties)) * WEIGHTS[incident.priority - 1]
            for number in range(slot.count):
                ways.append((incident.id, slot.id, number))
                costs.append(prices)
    return ways, costs


def best_by_search(costs: list[dict[int, int]]) -> tuple[tuple[bool, ...], int]:
    """Try everything: the earliest places served first, then the least cost."""
    best: tuple[tuple[bool, ...], int] | None = None

    def go(at: int, taken: set[int], served: tuple[bool, ...], cost: int) -> None:
        nonlocal best
        if at == len(costs):
            if best is None or (served, -cost) > (best[0], -best[1]):
                best = served, cost
            return
        for row, price in costs[at].items():
            if row not in taken:
                go(at + 1, taken | {row}, (*served, True), cost + price)
        go(at + 1, taken, (*served, False), cost)

    go(0, set(), (), 0)
    assert best is not None
    return best


def best_by_scipy(costs: list[dict[int, int]], units: int) -> tuple[int, int]:
    """Number served, and the cost, by a dense assignment in which leaving an earlier place open costs more."""
    slots = len(costs)
    table = np.full((slots, units + slots), 1e14)
    for i, prices in enumerate(costs):
        for row, price in prices.items():
            table[i, row] = price
        table[i, units + i] = (slots - i) * 2.0**32
    rows, columns = linear_sum_assignment(table)
    served = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if j < units]
    return len(served), sum(costs[i][j] for i, j in served)


def chosen_by(world: World, solution: Solution, ways: list[Way]) -> dict[Way, int]:
    """The row that the policy gave to each place."""
    given_: dict[Way, int] = {}
    for name, proposal in solution.proposals.items():
        for choice in proposal.choices:
            number = sum(way[:2] == (name, choice.slot) for way in given_)
            given_[name, choice.slot, number] = world.fleet.rows[choice.unit]
    assert set(given_) <= set(ways)
    assert len(set(given_.values())) == len(given_), "a unit was promised twice"
    return given_


def priced(world: World, solution: Solution, queue: list[Incident]) -> tuple[tuple[bool, ...], int]:
    ways, costs = costs_of(world, queue)
    given_ = chosen_by(world, solution, ways)
    return tuple(way in given_ for way in ways), sum(
        costs[i][given_[way]] for i, way in enumerate(ways) if way in given_
    )


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 6), st.integers(1, 3))
def test_no_better_answer_exists(seed: int, units: int, incidents: int) -> None:
    """Trying every answer finds none that serves an earlier place, or the same places in less weighted time."""
    dice = random.Random(seed)
    place = town(dice, units, 2)
    place = replace(
        place, plans=tuple(replace(p, slots=tuple(replace(s, count=1) for s in p.slots)) for p in place.plans)
    )
    world, queue = world_of(dice, place, incidents)
    solution = NearestCapable().solve(world, queue)
    _, costs = costs_of(world, queue)
    assert priced(world, solution, queue) == best_by_search(costs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 60), st.integers(1, 12))
def test_scipy_finds_the_same_cost(seed: int, units: int, incidents: int) -> None:
    """With up to 48 places and 60 units a dense solver serves as many, at the same weighted time."""
    dice = random.Random(seed)
    world, queue = world_of(dice, town(dice, units, 4), incidents)
    solution = NearestCapable().solve(world, queue)
    served, cost = priced(world, solution, queue)
    assert (sum(served), cost) == best_by_scipy(costs_of(world, queue)[1], units)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 25), st.integers(1, 5))
def test_shared_crews_go_out_once(seed: int, units: int, incidents: int) -> None:
    """With cross-staffed units the answer is feasible, and what is short is told to the last place."""
    dice = random.Random(seed)
    world, queue = world_of(dice, town(dice, units, 3, crews=True), incidents)
    solution = NearestCapable().solve(world, queue)
    ways, costs = costs_of(world, queue)
    given_ = chosen_by(world, solution, ways)
    crews = [world.fleet.units[row].crew for row in given_.values() if world.fleet.units[row].crew is not None]
    assert len(set(crews)) == len(crews)
    assert all(given_[way] in costs[i] for i, way in enumerate(ways) if way in given_)
    missing = sum(shortage.missing for proposal in solution.proposals.values() for shortage in proposal.short)
    assert missing == len(ways) - len(given_)
    busy = {row for chosen in given_.values() for row in world.fleet.siblings[chosen]}
    assert set(solution.barred) <= busy


@contextmanager
def few(most: int, tree_from: int = 0) -> Iterator[None]:
    """Search by circles in small fleets too; through the R-tree, or without it in those below `tree_from`."""
    before = judging.EVERYONE_MAX, judging.FIRST_SWEEP, judging.TREE_FROM
    judging.EVERYONE_MAX = nearest.EVERYONE_MAX = most
    judging.FIRST_SWEEP, judging.TREE_FROM = 8, tree_from
    try:
        yield
    finally:
        judging.EVERYONE_MAX = nearest.EVERYONE_MAX = before[0]
        judging.FIRST_SWEEP, judging.TREE_FROM = before[1:]


@settings(max_examples=60, deadline=None)
@example(927_291, 225, 2)
@given(st.integers(0, 10**9), st.integers(100, 500), st.integers(1, 4))
def test_the_tree_finds_whom_the_whole_fleet_would(seed: int, units: int, incidents: int) -> None:
    """Widening circles through the R-tree give the answer that judging everyone gives, to the last tie.

    A World restored from its image has other boxes in its tree; its answers and reasons are the same bytes.
    """
    dice = random.Random(seed)
    world, queue = world_of(dice, town(dice, units, 2), incidents)
    policy = NearestCapable()
    everyone = policy.solve(world, queue)
    again = restore(save(world))
    with few(16):
        swept = policy.solve(world, queue)
        assert encode(swept) == encode(everyone)
        assert encode(policy.solve(again, again.queue())) == encode(swept)
        with few(16, tree_from=10**6):
            assert encode(policy.solve(world, queue)) == encode(swept)
        for incident in queue:
            why = policy.explain(world, incident, swept)
            assert encode(policy.explain(again, again.open[incident.id], swept)) == encode(why)
            whole = _listed(policy, world, incident, everyone)
            for slot in why.slots:
                fits = [told for told in slot.considered if told.rank]
                assert fits == whole[slot.slot]


def _listed(policy: NearestCapable, world: World, incident: Incident, solution: Solution) -> dict[str, list[object]]:
    with few(10**6):
        why = policy.explain(world, incident, solution)
    return {slot.slot: [told for told in slot.considered if told.rank] for slot in why.slots}


def test_a_big_fleet_is_searched_the_same() -> None:
    """5,000 units: circles as the constants have them, the R-tree, the whole fleet and scipy agree."""
    dice = random.Random(5)
    place = town(dice, 5_000, 3)
    place = replace(place, units=tuple(replace(unit, shift=None) for unit in place.units))
    world, queue = world_of(dice, place, 6)
    policy = NearestCapable()
    assert len(judging.Bench(world, []).ready) > judging.EVERYONE_MAX
    solution = policy.solve(world, queue)
    for most in (judging.EVERYONE_MAX, 10**6):
        with few(most):
            assert encode(policy.solve(world, queue)) == encode(solution)
    served, cost = priced(world, solution, queue)
    assert (sum(served), cost) == best_by_scipy(costs_of(world, queue)[1], 5_000)
