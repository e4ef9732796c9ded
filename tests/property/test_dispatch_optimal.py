"""The dispatch policy against oracles that share no code with it: every way tried, scipy, and the whole fleet."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.optimize import linear_sum_assignment

from engine.model.paper import encode
from engine.model.plans import Order
from engine.policy import JointMatch, Solution
from engine.policy.dispatch import judging
from engine.state.image import restore, save
from engine.state.records import Incident
from engine.state.world import World
from tests.property.dispatch_kit import some_reviewed, town, world_of
from tests.property.dispatch_oracle import Oracle, Spot, as_answered, check_answer, choices_of

POLICY = JointMatch()
SEEDS = st.integers(0, 10**9)


def check_world(seed: int) -> None:
    """One World of chance, in which units are free, under way, at work, shared or out, is answered as well as can be."""
    dice = random.Random(seed)
    place = town(dice, dice.randrange(1, 8), 3, crews=dice.random() < 0.5)
    world, queue = world_of(dice, place, dice.randrange(4), busy=dice.choice((0, 0.5)))
    reviewed = some_reviewed(dice, world)
    solution = POLICY.solve(world, queue, reviewed)
    oracle = Oracle(world, queue, reviewed)
    check_answer(oracle, oracle.places({}), solution)
    _nobody_is_wronged(world, solution)


def _nobody_is_wronged(world: World, solution: Solution) -> None:
    """Who arrived stays, who was diverted stays, and nobody loses a unit to anything that is not more urgent."""
    for name, choice in choices_of(solution):
        assert not (choice.source and choice.replaces)
        if choice.source:
            source = world.open[choice.source]
            assert world.divertible(source.assigned[choice.unit])
            assert world.open[name].priority < source.priority
            told = choice.source in solution.proposals or choice.source in solution.backfills
            assert told or source.assigned[choice.unit].slot is None or _spare(world, source, choice.unit)


def _spare(world: World, source: Incident, unit: str) -> bool:
    """More places of the slot are filled than the plan asks for: nobody is missed."""
    slot = source.assigned[unit].slot
    asked = sum(each.count for each in world.slots(source) if each.id == slot)
    return source.filled.get(slot or "", 0) > asked


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_no_better_answer_exists(seed: int) -> None:
    """With crews, substitutions, diversions with the places they rob, reviews and waits: trying all finds none better."""
    check_world(seed)


@pytest.mark.slow
def test_no_better_answer_exists_in_ten_thousand_worlds() -> None:
    """The same, over and over."""
    for seed in range(10_000):
        check_world(seed)


def check_ways(seed: int) -> None:
    """One incident with several ways to answer, among others that have one each."""
    dice = random.Random(seed)
    place = town(dice, dice.randrange(1, 8), 3, crews=dice.random() < 0.5, options=1)
    world, queue = world_of(dice, place, dice.randrange(1, 4), busy=dice.choice((0, 0.5)))
    several = [incident for incident in queue if incident.plan == "plan0"]
    queue = [incident for incident in queue if incident not in several[1:]]
    solution = POLICY.solve(world, queue)
    oracle = Oracle(world, queue)
    ways = {incident.id: proposal.option for incident in queue if (proposal := solution.proposals[incident.id])}
    check_answer(oracle, oracle.places(ways), solution)
    for incident in several[:1]:
        values = {way.id: _worth(oracle, incident, way.id) for way in world.plans["plan0"].ways()}
        assert values[ways[incident.id]] == min(values.values())


def _worth(oracle: Oracle, incident: Incident, way: str) -> tuple[list[tuple[int, ...]], int, int]:
    """What stays open by rank, how much of the incident is filled if not all of it is, and the cost with the penalty."""
    places = oracle.places({incident.id: way})
    rows = oracle.best(places).rows
    pairs = list(zip(places, rows, strict=True))
    left = sorted(place.key for place, row in pairs if row < 0 and not place.open_cost)
    mine = [row >= 0 for place, row in pairs if place.incident == incident.id and place.keeper < 0]
    cost = sum(place.costs[row] if row >= 0 else place.open_cost for place, row in pairs if row >= 0 or place.open_cost)
    penalty_ms = next(each.penalty_ms for each in oracle.world.plans[incident.plan].ways() if each.id == way)
    cost += penalty_ms * oracle.rules.weights[incident.priority - 1] * 100
    worse_first = [tuple(-number for number in key) for key in left]
    return [*worse_first, (-(10**15),)], 0 if all(mine) else -sum(mine), cost


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_the_best_way_to_answer_is_chosen(seed: int) -> None:
    """Solving every way by trying all finds none that fills an earlier place, or the same ones at less cost."""
    check_ways(seed)


@pytest.mark.slow
def test_the_best_way_to_answer_is_chosen_in_three_thousand_worlds() -> None:
    """The same, over and over."""
    for seed in range(3_000):
        check_ways(seed)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.sampled_from((Order.STATION, Order.BLENDED)))
def test_the_order_of_stations_rules(seed: int, order: Order) -> None:
    """Station order: nobody of an earlier station, or sooner of the same one, was left. Blended: or who saves enough."""
    dice = random.Random(seed)
    place = town(dice, dice.randrange(1, 8), 1, order=order)
    world, (incident,) = world_of(dice, place, 1)
    solution = POLICY.solve(world, [incident])
    oracle = Oracle(world, [incident])
    due = place.areas[0].stations
    slot, *others = world.slots(incident)
    if others:
        return  # two kinds of places that share units are weighed together: see the whole oracle
    units = oracle.costs(incident, slot, free_only=True)
    eta_ms = {row: oracle.way(row, incident, free_only=True) or (0, 0) for row in units}
    stations = {row: world.fleet.units[row].station for row in units}
    rank = {row: due.index(stations[row]) if stations[row] in due else len(due) for row in units}
    if order is Order.STATION:
        best = sorted(units, key=lambda row: (rank[row], units[row], row))
    else:
        first = sorted(units, key=lambda row: (rank[row], eta_ms[row][0], row))[: slot.count]
        blend = world.plans[incident.plan].blend_ms * oracle.weight(incident, slot)
        best = sorted(units, key=lambda row: (units[row] + (0 if row in first else blend), row))
    chosen = {world.fleet.rows[choice.unit] for choice in solution.proposals[incident.id].choices}
    assert chosen == set(best[: slot.count])
    for row in range(len(world.fleet)):
        assert POLICY.explain(world, incident, solution, row).order is order


def best_by_scipy(places: list[Spot], units: int) -> tuple[int, int]:
    """Number served, and the cost, by a dense assignment in which leaving an earlier place open costs more."""
    slots = len(places)
    table = np.full((slots, units + slots), 1e16)
    for i, place in enumerate(places):
        for row, cost in place.costs.items():
            table[i, row] = cost
        table[i, units + i] = (slots - i) * 2.0**40
    rows, columns = linear_sum_assignment(table)
    served = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if j < units]
    return len(served), sum(places[i].costs[j] for i, j in served)


def priced(world: World, solution: Solution, places: list[Spot]) -> tuple[int, int]:
    """The same of an answer. Units of one slot are told together, so which of its places each has does not matter."""
    served = [place for place in as_answered(world, places, solution) if place.costs]
    taken = {row: cost for place in served for row, cost in place.costs.items()}
    return len(taken), sum(taken.values())


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 60), st.integers(1, 12))
def test_scipy_finds_the_same_cost(seed: int, units: int, incidents: int) -> None:
    """With up to 48 places and 60 units a dense solver serves as many, at the same weighted time."""
    dice = random.Random(seed)
    world, queue = world_of(dice, town(dice, units, 4), incidents)
    places = Oracle(world, queue).places({})
    assert priced(world, POLICY.solve(world, queue), places) == best_by_scipy(places, units)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 25), st.integers(1, 5))
def test_shared_crews_go_out_once(seed: int, units: int, incidents: int) -> None:
    """With cross-staffed units the answer is feasible, and whose crew goes elsewhere is said to be left out."""
    dice = random.Random(seed)
    world, queue = world_of(dice, town(dice, units, 3, crews=True), incidents)
    solution = POLICY.solve(world, queue)
    crews = [world.fleet.units[row].crew for row in solution.taken if world.fleet.units[row].crew is not None]
    assert len(set(crews)) == len(crews)
    assert set(solution.barred) <= {sibling for row in solution.taken for sibling in world.fleet.siblings[row]}


@contextmanager
def few(most: int, tree_from: int = 0) -> Iterator[None]:
    """Search by circles in small fleets too; through the R-tree, or without it in those below `tree_from`."""
    before = judging.EVERYONE_MAX, judging.FIRST_SWEEP, judging.TREE_FROM
    judging.EVERYONE_MAX, judging.FIRST_SWEEP, judging.TREE_FROM = most, 8, tree_from
    try:
        yield
    finally:
        judging.EVERYONE_MAX, judging.FIRST_SWEEP, judging.TREE_FROM = before


@settings(max_examples=40, deadline=None)
@example(927_291, 225, 2)
@given(SEEDS, st.integers(100, 500), st.integers(1, 4))
def test_the_tree_finds_whom_the_whole_fleet_would(seed: int, units: int, incidents: int) -> None:
    """Widening circles through the R-tree give the reasons that judging everyone gives, to the last tie.

    A World restored from its image has other boxes in its tree; its answers and reasons are the same bytes.
    """
    dice = random.Random(seed)
    world, queue = world_of(dice, town(dice, units, 2), incidents, busy=0.2)
    everyone = POLICY.solve(world, queue)
    again = restore(save(world))
    with few(16):
        swept = POLICY.solve(world, queue)
        assert _on_paper(swept) == _on_paper(everyone)
        assert _on_paper(POLICY.solve(again, [again.open[incident.id] for incident in queue])) == _on_paper(swept)
        for incident in queue:
            why = POLICY.explain(world, incident, swept)
            with few(16, tree_from=10**6):
                assert encode(POLICY.explain(world, incident, swept)) == encode(why)
            assert encode(POLICY.explain(again, again.open[incident.id], swept)) == encode(why)
            whole = _listed(world, incident, everyone)
            for slot in why.slots:
                assert [told for told in slot.considered if told.rank] == whole[slot.slot]


def _on_paper(solution: Solution) -> bytes:
    """The answer without the columns that it was found by."""
    return encode(replace(solution, soft={}))


def _listed(world: World, incident: Incident, solution: Solution) -> dict[str, list[object]]:
    with few(10**6):
        why = POLICY.explain(world, incident, solution)
    return {slot.slot: [told for told in slot.considered if told.rank] for slot in why.slots}


def test_a_big_fleet_is_searched_the_same() -> None:
    """5,000 units: the whole fleet and scipy agree."""
    dice = random.Random(5)
    place = town(dice, 5_000, 3)
    place = replace(place, units=tuple(replace(unit, shift=None) for unit in place.units))
    world, queue = world_of(dice, place, 6)
    places = Oracle(world, queue).places({})
    assert priced(world, POLICY.solve(world, queue), places) == best_by_scipy(places, 5_000)
