"""The whole matching against three oracles: scipy for the cost, HiGHS where crews have several units, and every answer
in turn for the ties."""

import itertools
import random

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_matrix

from engine.kernels import match as matching_kernel
from engine.kernels.match import BARRED, Kinds, Matching, Pool, certify_matching, match

FORBIDDEN = 2**40
OPEN = -1


class Case:
    """A random problem in plain numbers, and the arrays that the kernel takes."""

    def __init__(self, chance: random.Random, *, most_units: int, most_kinds: int, spread: int) -> None:
        self.units = chance.randint(1, most_units)
        self.classes = chance.randint(1, 4)
        self.rows = sorted(chance.sample(range(3 * most_units), self.units))
        self.crews = self._crews(chance)
        self.class_of = [chance.randrange(self.classes) for _ in self.rows]
        self.delay = [chance.choice([0, 0, chance.randint(0, spread)]) for _ in self.rows]
        looks, self.kinds = chance.randint(1, 3), chance.randint(0, most_kinds)
        self.times = [[chance.choice([-1, *[chance.randint(0, spread)] * 6]) for _ in self.rows] for _ in range(looks)]
        self.prices = [[self._price(chance, spread) for _ in self.rows] for _ in range(looks)]
        pick = range(self.kinds)
        self.look = sorted(chance.randrange(looks) for _ in pick)
        self.price = [chance.randrange(looks) for _ in pick]
        self.wanted = [chance.choice([0, 1, 1, 1, 2, 3]) for _ in pick]
        self.weight = [chance.choice([1, 2, 16, 1600]) for _ in pick]
        self.target = [chance.choice([0, -spread, spread, chance.randint(0, 2 * spread)]) for _ in pick]
        self.percent = [chance.choice([0, 50, 100, 333]) for _ in pick]
        dear = chance.choice([spread + 1, 4 * spread, 10_000 * spread + 1])
        self.unserved = [chance.randint(0, dear) for _ in pick]
        self.step = [chance.choice([0, 1, chance.randint(0, dear)]) for _ in pick]
        self.fit = [self._fit(chance, spread) for _ in pick]

    def _crews(self, chance: random.Random) -> list[int]:
        """Units that stand alone, share a crew with another, or with one that is not in the pool."""
        crews: dict[int, int] = {}
        shared = chance.choice([0.0, 0.3, 0.8])
        for row in self.rows:
            crews[row] = chance.choice(list(crews.values())) if crews and chance.random() < shared else row
        outside = self.rows[0] - 1
        if outside >= 0 and chance.random() < 0.3:
            first = crews[self.rows[-1]]
            crews = {row: outside if crew == first else crew for row, crew in crews.items()}
        return [crews[row] for row in self.rows]

    def _price(self, chance: random.Random, spread: int) -> int:
        return chance.choice([0, 0, 0, BARRED, chance.randint(-spread, spread)])

    def _fit(self, chance: random.Random, spread: int) -> list[tuple[int, int]]:
        """Classes with penalties; one may be named twice, none may be named at all."""
        named = chance.choices(range(self.classes), k=chance.randint(0, self.classes + 1))
        return [(number, chance.choice([0, 0, chance.randint(0, spread)])) for number in named]

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Pool, Kinds]:
        def i32(values: list[int]) -> NDArray[np.int32]:
            return np.array(values, np.int32)

        def i64(values: list[int]) -> NDArray[np.int64]:
            return np.array(values, np.int64)

        member = sorted(range(self.units), key=lambda seat: (self.class_of[seat], seat))
        start = [sum(c < number for c in self.class_of) for number in range(self.classes + 1)]
        pool = Pool(i32(self.rows), i32(self.crews), i32(self.delay), i64(start), i32(member))
        flat = [pair for pairs in self.fit for pair in pairs]
        first = [0, *itertools.accumulate(len(pairs) for pairs in self.fit)]
        kinds = Kinds(
            i32(self.look),
            i32(self.price),
            i32(self.wanted),
            i64(self.weight),
            i64(self.target),
            i64(self.percent),
            i64(self.unserved),
            i64(self.step),
            i64(first),
            i32([number for number, _ in flat]),
            i32([penalty for _, penalty in flat]),
        )
        return (
            i32([]).reshape(0, self.units) if not self.times else np.array(self.times, np.int32),
            np.array(self.prices, np.int32),
            pool,
            kinds,
        )

    def eta(self, kind: int, seat: int) -> int:
        return self.times[self.look[kind]][seat] + self.delay[seat]

    def cost(self, kind: int, seat: int) -> int | None:
        """What the docstring of `match` says, in plain numbers; None: cannot go."""
        travel, price = self.times[self.look[kind]][seat], self.prices[self.price[kind]][seat]
        penalties = [penalty for number, penalty in self.fit[kind] if number == self.class_of[seat]]
        if travel < 0 or price == BARRED or not penalties:
            return None
        late = self.percent[kind] * max(0, self.eta(kind, seat) - self.target[kind]) // 100
        return self.weight[kind] * (self.eta(kind, seat) + late + price + min(penalties))

    def places(self) -> list[tuple[int, int]]:
        """Kind of each place, and what it costs to leave it open."""
        return [
            (kind, self.unserved[kind] + after * self.step[kind])
            for kind, wanted in enumerate(self.wanted)
            for after in reversed(range(wanted))
        ]

    def offers(self) -> list[dict[int, tuple[int, int]]]:
        """By place: of each crew its cheapest unit, as (cost, seat)."""
        found = []
        for kind, _ in self.places():
            by_crew: dict[int, tuple[int, int]] = {}
            for seat in range(self.units):
                cost = self.cost(kind, seat)
                if cost is not None:
                    crew = self.crews[seat]
                    by_crew[crew] = min(by_crew.get(crew, (cost, seat)), (cost, seat))
            found.append(by_crew)
        return found

    def least_cost(self) -> int:
        """By scipy: crews and one private column for each place."""
        offers, places = self.offers(), self.places()
        crews = sorted(set(self.crews))
        matrix = np.full((len(places), len(crews) + len(places)), FORBIDDEN, np.float64)
        for place, (_, unserved) in enumerate(places):
            matrix[place, len(crews) + place] = unserved
            for crew, (cost, _) in offers[place].items():
                matrix[place, crews.index(crew)] = cost
        return int(matrix[linear_sum_assignment(matrix)].sum())

    def least_cost_of_units(self) -> int:
        """By HiGHS, which knows nothing of a cheapest unit: one variable a place and unit, one constraint a crew."""
        places = self.places()
        pairs = [
            (place, seat, cost)
            for place, (kind, _) in enumerate(places)
            for seat in range(self.units)
            if (cost := self.cost(kind, seat)) is not None
        ]
        crews = sorted(set(self.crews))
        rows = [place for place, _, _ in pairs] + list(range(len(places)))
        rows += [len(places) + crews.index(self.crews[seat]) for _, seat, _ in pairs]
        columns = [*range(len(pairs) + len(places)), *range(len(pairs))]
        matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(places) + len(crews), len(pairs) + len(places)))
        least = np.concatenate([np.ones(len(places)), np.zeros(len(crews))])
        costs = np.array([cost for _, _, cost in pairs] + [unserved for _, unserved in places], np.float64)
        answer = milp(costs, constraints=LinearConstraint(matrix, least, 1), integrality=1, bounds=Bounds(0, 1))
        return int(sum(cost for cost, share in zip(costs, answer.x, strict=True) if share > 0.5))

    def first_of_least_cost(self) -> list[int]:
        """By trying every answer: the least by (cost, seats place by place, open last)."""
        offers, places = self.offers(), self.places()
        best: tuple[int, list[int]] | None = None
        for crews in itertools.product(*[[*offer, OPEN] for offer in offers]):
            used = [crew for crew in crews if crew != OPEN]
            if len(used) != len(set(used)):
                continue
            cost = sum(places[p][1] if crew == OPEN else offers[p][crew][0] for p, crew in enumerate(crews))
            seats = [self.units if crew == OPEN else offers[p][crew][1] for p, crew in enumerate(crews)]
            best = (cost, seats) if best is None else min(best, (cost, seats))
        assert best is not None
        return [OPEN if seat == self.units else seat for seat in best[1]]

    def in_order(self, seats: list[int]) -> list[int]:
        """The places of each kind by (eta, row), open ones last."""
        ordered, first = [], 0
        for kind, wanted in enumerate(self.wanted):
            mine = seats[first : first + wanted]
            ordered += sorted(mine, key=lambda seat: (seat < 0, self.eta(kind, seat) if seat >= 0 else 0, seat))
            first += wanted
        return ordered

    def check(self, answer: Matching) -> int:
        """Hold each number of the answer against the problem; return the cost."""
        places = self.places()
        assert answer.seat.tolist() == self.in_order(answer.seat.tolist())
        for place, (kind, unserved) in enumerate(places):
            seat = int(answer.seat[place])
            cost = unserved if seat < 0 else self.cost(kind, seat)
            assert int(answer.cost[place]) == cost
            assert int(answer.eta_ms[place]) == (-1 if seat < 0 else self.eta(kind, seat))
        chosen = [self.crews[seat] for seat in answer.seat.tolist() if seat >= 0]
        assert len(chosen) == len(set(chosen))
        by_crew = {self.crews[seat]: int(price) for seat, price in enumerate(answer.crew_price)}
        assert all(by_crew[self.crews[seat]] == int(price) <= 0 for seat, price in enumerate(answer.crew_price))
        assert all(by_crew[crew] == 0 for crew in by_crew if crew not in chosen)
        total = int(answer.cost.sum())
        assert answer.bound == total == int(answer.place_price.sum()) + sum(by_crew.values())
        assert certify_matching(*self.arrays(), answer)
        return total


def solve_again(case: Case, answer: Matching) -> None:
    """The same bytes when asked again."""
    for one, other in zip(match(*case.arrays()), answer, strict=True):
        assert np.array_equal(one, other)


def hold_against_scipy(seed: int, cases: int) -> None:
    chance = random.Random(seed)
    for _ in range(cases):
        case = Case(chance, most_units=25, most_kinds=8, spread=chance.choice([1, 5, 100, 10**6]))
        answer = match(*case.arrays())
        assert case.check(answer) == case.least_cost()
        solve_again(case, answer)


@pytest.fixture(params=[(1, 2), (7, 4)], ids=["cut lists", "as in the field"])
def lists(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """First lists of one unit more than are wanted, which nearly always must grow; and those of every day."""
    monkeypatch.setattr(matching_kernel, "SPARE", request.param[0])
    monkeypatch.setattr(matching_kernel, "GROWTH", request.param[1])


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize("seed", range(4))
def test_no_answer_costs_less(seed: int) -> None:
    """Penalties, barred and negative prices, unreachable units, shared crews, kinds that want several: as scipy says."""
    hold_against_scipy(seed, 300)


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize("seed", range(2))
def test_no_choice_of_units_costs_less(seed: int) -> None:
    """HiGHS, choosing among units with at most one of each crew, finds nothing cheaper either."""
    chance = random.Random(seed)
    for _ in range(60):
        case = Case(chance, most_units=12, most_kinds=5, spread=100)
        assert case.check(match(*case.arrays())) == (case.least_cost_of_units() if sum(case.wanted) else 0)


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize("seed", range(4))
def test_ties_go_to_the_lowest_rows_place_by_place(seed: int) -> None:
    """Where nearly all costs are alike: the first of all cheapest answers, which only trying each of them can tell."""
    chance = random.Random(seed)
    tried = 0
    while tried < 150:
        case = Case(chance, most_units=6, most_kinds=4, spread=chance.choice([1, 2]))
        if sum(case.wanted) > 5:
            continue
        tried += 1
        answer = match(*case.arrays())
        case.check(answer)
        assert answer.seat.tolist() == case.in_order(case.first_of_least_cost())


@pytest.mark.slow
@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize("seed", range(10, 20))
def test_no_answer_costs_less_at_length(seed: int) -> None:
    """Ten thousand cases for each way to cut the lists."""
    hold_against_scipy(seed, 1_000)


def city(chance: np.random.Generator, incidents: int, units: int, radius_m: int) -> Case:
    """Incidents within a radius, in a city of units; all of a class, wanted by twos."""
    case = Case(random.Random(0), most_units=1, most_kinds=0, spread=1)
    x_m, y_m = chance.integers(0, 20_000, (2, units))
    at_x, at_y = chance.integers(10_000 - radius_m, 10_000 + radius_m, (2, incidents))
    case.units, case.classes, case.kinds = units, 1, incidents
    case.rows = case.crews = list(range(units))
    case.class_of, case.delay = [0] * units, [0] * units
    case.times = (np.hypot(at_x[:, None] - x_m, at_y[:, None] - y_m) * 100).astype(np.int32).tolist()
    case.prices, case.price = [[0] * units], [0] * incidents
    case.look, case.wanted = list(range(incidents)), [2] * incidents
    case.weight, case.target, case.percent = (
        [1 + i % 16 for i in range(incidents)],
        [10**5] * incidents,
        [100] * incidents,
    )
    case.unserved, case.step = [10**9] * incidents, [1] * incidents
    case.fit = [[(0, 0)]] * incidents
    return case


@pytest.mark.parametrize("radius_m", [500, 10_000])
def test_many_units_and_crowded_places(radius_m: int) -> None:
    """A thousand units and more than one block; all want the same ones, or each its own."""
    case = city(np.random.default_rng(radius_m), 20, 1_000, radius_m)
    assert case.check(match(*case.arrays())) == case.least_cost()


def test_a_proof_does_not_fit_anything_else() -> None:
    """Moved prices, a crew sent twice and a dearer unit are all found out; so is a cheaper unit that was not listed."""
    case = city(np.random.default_rng(1), 5, 200, 5_000)
    arrays = case.arrays()
    answer = match(*arrays)
    nudge = np.array([1, *[0] * 9])
    assert not certify_matching(*arrays, answer._replace(place_price=answer.place_price + nudge))
    assert not certify_matching(*arrays, answer._replace(place_price=answer.place_price - nudge))
    twice = answer.seat.copy()
    twice[1] = twice[0]
    assert not certify_matching(*arrays, answer._replace(seat=twice))
    dearer = answer.seat.copy()
    dearer[0] = next(seat for seat in range(200) if seat not in answer.seat)
    assert not certify_matching(*arrays, answer._replace(seat=dearer))
    closer = arrays[0].copy()
    closer[:, next(seat for seat in range(199, 0, -1) if seat not in answer.seat)] = 0
    assert not certify_matching(closer, *arrays[1:], answer)


def test_siblings_are_one_choice() -> None:
    """Two units of one crew and one other: the second place goes to the other, though both siblings are closer."""
    case = city(np.random.default_rng(2), 1, 3, 5_000)
    case.times, case.crews = [[10, 20, 90]], [0, 0, 2]
    assert match(*case.arrays()).seat.tolist() == [0, 2]


def test_nobody_there_and_nothing_wanted() -> None:
    """Without units every place is open at its price; without kinds there is nothing to answer."""
    case = city(np.random.default_rng(5), 2, 3, 5_000)
    times, prices, pool, kinds = case.arrays()
    nobody = Pool(*(column[:0] for column in pool[:3]), pool.start * 0, pool.member[:0])
    answer = match(times[:, :0], prices[:, :0], nobody, kinds)
    assert answer.seat.tolist() == [OPEN] * 4
    assert answer.bound == 4 * 10**9 + 2
    assert certify_matching(times[:, :0], prices[:, :0], nobody, kinds, answer)
    nothing = Kinds(*(column[:0] for column in kinds[:8]), kinds.first[:1], *kinds[9:])
    assert match(times, prices, pool, nothing).bound == 0


def test_numbers_that_do_not_fit_are_refused() -> None:
    """Each fault has its own sentence, and nothing is read past the end of an array."""
    case = city(np.random.default_rng(3), 2, 5, 5_000)
    times, prices, pool, kinds = case.arrays()
    with pytest.raises(ValueError, match="same length"):
        match(times[:, 1:], prices, pool, kinds)
    with pytest.raises(ValueError, match="columns"):
        match(times, prices, pool, kinds._replace(wanted=kinds.wanted[1:]))
    with pytest.raises(ValueError, match="a member is not a seat"):
        match(times, prices, pool._replace(member=pool.member - 1), kinds)
    with pytest.raises(ValueError, match="names a row or a class"):
        match(times, prices, pool, kinds._replace(fit=kinds.fit + 1))
    with pytest.raises(ValueError, match="names a row or a class"):
        match(times[:1], prices, pool, kinds)
    with pytest.raises(ValueError, match="beyond what fits"):
        match(times, prices, pool, kinds._replace(weight=kinds.weight + 2**20))


def test_the_largest_numbers_allowed_do_not_overflow() -> None:
    """Times, prices, weights and open places at the edge of the headroom: still what plain numbers say."""
    case = city(np.random.default_rng(4), 40, 60, 5_000)
    chance = random.Random(4)
    case.times = [[chance.choice([0, 2**24]) for _ in range(60)] for _ in range(40)]
    case.delay = [chance.choice([0, 2**24]) for _ in range(60)]
    case.prices = [[chance.choice([-(2**28), 0, 2**30 + 2**27]) for _ in range(60)]]
    case.fit, case.percent = [[(0, 2**28)]] * 40, [1_000] * 40
    case.weight, case.target = [2**16] * 40, [-(2**24)] * 40
    case.unserved, case.step = [2**50 - 2**40] * 40, [2**40] * 40
    case.check(match(*case.arrays()))
    case.wanted = [1] * 40
    case.times, case.delay, case.prices = [[2**24] * 60] * 40, [2**24] * 60, [[2**30 + 2**27] * 60]
    assert (match(*case.arrays()).seat >= 0).all()
    case.check(match(*case.arrays()))
