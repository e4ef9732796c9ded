"""Matching against two oracles: scipy on dense matrices for the cost, every matching in turn for the ties."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.kernels.assign import UNSERVED, Assignment, assign, certify

FORBIDDEN = 2**44
Arrays = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]


class Problem:
    """Slots with their candidates {unit: cost}, as lists in the form the kernel takes."""

    def __init__(self, lists: list[dict[int, int]], unserved: list[int], unit_count: int) -> None:
        self.lists = lists
        self.unserved = unserved
        self.unit_count = unit_count

    def arrays(self, longest: int | None = None) -> Arrays:
        rows = [sorted((cost, unit) for unit, cost in row.items())[:longest] for row in self.lists]
        flat = [pair for row in rows for pair in row]
        offsets = np.cumsum([0, *(len(row) for row in rows)])
        units = np.array([unit for _, unit in flat], np.int32)
        costs = np.array([cost for cost, _ in flat], np.int64)
        return offsets.astype(np.int64), units, costs, np.array(self.unserved, np.int64)

    def solve(self, longest: int | None = None) -> Assignment:
        return assign(*self.arrays(longest), self.unit_count)

    def cost(self, choice: list[int]) -> int:
        return sum(
            self.unserved[slot] if unit == UNSERVED else self.lists[slot][unit] for slot, unit in enumerate(choice)
        )

    def least_cost(self) -> int:
        """By scipy, on the dense matrix of units and one private column for each slot."""
        slots = len(self.lists)
        matrix = np.full((slots, self.unit_count + slots), FORBIDDEN, np.float64)
        for slot, row in enumerate(self.lists):
            matrix[slot, self.unit_count + slot] = self.unserved[slot]
            for unit, cost in row.items():
                matrix[slot, unit] = cost
        return int(matrix[linear_sum_assignment(matrix)].sum())

    def first_of_least_cost(self) -> list[int]:
        """By trying every matching: the least by (cost, unit numbers slot by slot, unserved last)."""
        options = [[*row, UNSERVED] for row in self.lists]
        matchings = (
            list(choice)
            for choice in itertools.product(*options)
            if len(used := [unit for unit in choice if unit >= 0]) == len(set(used))
        )
        return min(matchings, key=lambda c: (self.cost(c), [u if u >= 0 else self.unit_count for u in c]))


def random_problem(chance: random.Random) -> Problem:
    """Draw sizes, density and spread of costs at random, with empty lists, ties and cheap refusals among them."""
    slots, unit_count = chance.randint(0, 12), chance.randint(1, 15)
    density = chance.choice([0.1, 0.4, 1.0])
    spread = chance.choice([0, 1, 3, 50, 10**6, 2**40])
    lists = [
        {unit: chance.randint(0, spread) for unit in range(unit_count) if chance.random() < density}
        for _ in range(slots)
    ]
    dear = chance.choice([0, spread // 2, spread, 3 * spread + 1])
    return Problem(lists, [chance.randint(dear // 2, dear) for _ in range(slots)], unit_count)


def problems(highest_cost: int, most_slots: int = 5, most_units: int = 5) -> st.SearchStrategy[Problem]:
    cost = st.integers(-highest_cost, highest_cost)
    row = st.dictionaries(st.integers(0, most_units - 1), cost, max_size=most_units)
    slots = st.lists(st.tuples(row, cost), max_size=most_slots)
    return slots.map(lambda pairs: Problem([r for r, _ in pairs], [u for _, u in pairs], most_units))


@pytest.mark.parametrize("seed", range(10))
def test_cost_is_that_of_scipy_and_the_prices_prove_it(seed: int) -> None:
    """Five hundred random problems a seed: a least-cost matching, certified, and the same when asked again."""
    chance = random.Random(seed)
    for _ in range(500):
        problem = random_problem(chance)
        result = problem.solve()
        assert problem.cost(result.choice.tolist()) == problem.least_cost()
        assert certify(*problem.arrays(), *result)
        again = problem.solve()
        assert np.array_equal(again.choice, result.choice)
        assert np.array_equal(again.slot_price, result.slot_price)
        assert np.array_equal(again.unit_price, result.unit_price)


@settings(max_examples=300)
@given(problems(highest_cost=2))
def test_ties_go_to_the_lowest_numbers_slot_by_slot(problem: Problem) -> None:
    """Among all cheapest matchings the first in the order of unit numbers, also with costs below zero."""
    result = problem.solve()
    assert result.choice.tolist() == problem.first_of_least_cost()
    assert certify(*problem.arrays(), *result)


@pytest.mark.parametrize("seed", range(4))
def test_ties_in_crowded_problems(seed: int) -> None:
    """The same for problems drawn so that nearly every unit is wanted twice at nearly the same cost."""
    chance = random.Random(seed)
    for _ in range(150):
        lists = [{unit: chance.randint(0, 2) for unit in range(5) if chance.random() < 0.6} for _ in range(4)]
        problem = Problem(lists, [chance.randint(1, 3) for _ in lists], 5)
        assert problem.solve().choice.tolist() == problem.first_of_least_cost()


def test_a_lower_number_may_need_another_slot_to_step_in() -> None:
    """Unit 2 is wanted by both slots: the first may have unit 0 only if the second leaves unit 1 for unit 2."""
    problem = Problem([{2: 0, 0: 1}, {2: 0, 1: 1}], [9, 9], 3)
    assert problem.solve().choice.tolist() == [0, 2]


@settings(max_examples=300)
@given(problems(highest_cost=1, most_slots=4, most_units=8))
def test_as_many_candidates_as_slots_are_enough(problem: Problem) -> None:
    """Lists cut to the S cheapest by (cost, unit) give the same choice as whole lists."""
    short = problem.solve(longest=len(problem.lists))
    assert short.choice.tolist() == problem.solve().choice.tolist()
    assert certify(*problem.arrays(), *short)


@settings(max_examples=200)
@given(problems(highest_cost=4), st.data())
def test_a_certificate_does_not_fit_anything_else(problem: Problem, data: st.DataObject) -> None:
    """Prices stop proving when one is moved, or when a choice is changed to one that costs more."""
    result = problem.solve()
    if not problem.lists:
        return
    slot = data.draw(st.integers(0, len(problem.lists) - 1))
    nudge = data.draw(st.sampled_from([-1, 1]))
    prices = result.slot_price.copy()
    prices[slot] += nudge
    assert not certify(*problem.arrays(), result.choice, prices, result.unit_price)
    choice = result.choice.copy()
    choice[slot] = data.draw(st.sampled_from([UNSERVED, *range(problem.unit_count)]))
    used = [unit for unit in choice.tolist() if unit >= 0]
    valid = len(used) == len(set(used)) and (choice[slot] < 0 or int(choice[slot]) in problem.lists[slot])
    cheapest = valid and problem.cost(choice.tolist()) == problem.least_cost()
    assert certify(*problem.arrays(), choice, result.slot_price, result.unit_price) == cheapest


def test_no_slots_and_no_candidates() -> None:
    """Nothing to do is done; a slot without candidates is unserved at its price."""
    assert Problem([], [], 3).solve().choice.tolist() == []
    result = Problem([{}, {}], [5, 0], 3).solve()
    assert result.choice.tolist() == [UNSERVED, UNSERVED]
    assert result.slot_price.tolist() == [5, 0]


def test_one_unit_goes_where_its_absence_is_dearest() -> None:
    """Two slots want the only unit: it serves the one that would pay more without it."""
    assert Problem([{0: 10}, {0: 10}], [100, 200], 1).solve().choice.tolist() == [UNSERVED, 0]


def test_the_largest_costs_allowed_do_not_overflow() -> None:
    """Costs of 2**40 of either sign, all slots in one chain of displacement."""
    slots = 200
    lists = [{slot: 2**40, slot + 1: -(2**40)} for slot in range(slots - 1)] + [{slots - 1: 2**40}]
    problem = Problem(lists, [2**40] * slots, slots)
    result = problem.solve()
    assert problem.cost(result.choice.tolist()) == problem.least_cost()
    assert certify(*problem.arrays(), *result)


@pytest.mark.parametrize("unit", [-1, 4])
def test_a_unit_outside_the_fleet_is_refused(unit: int) -> None:
    """A wrong list is an error with a name, not a write past the end of an array."""
    with pytest.raises(ValueError, match="units: a candidate is outside"):
        Problem([{unit: 1}], [5], 4).solve()


def test_lists_that_do_not_fit_together_are_refused() -> None:
    """Offsets, candidates and slots must agree in number."""
    offsets, units, costs, unserved = Problem([{0: 1}], [5], 1).arrays()
    with pytest.raises(ValueError, match="offsets"):
        assign(offsets, units[:0], costs[:0], unserved, 1)
    with pytest.raises(ValueError, match="offsets"):
        assign(offsets, units, costs, np.zeros(2, np.int64), 1)
