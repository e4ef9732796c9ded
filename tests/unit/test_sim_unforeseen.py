"""The bound for who does not foresee: its covering part against trying all places, the whole against a cheat."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from engine.sim.offline import OfflineProblem
from engine.sim.unforeseen import Span, most_reached, unforeseen_bound

DAY_MS = 86_400_000


def covering(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which of nine places reach which of thirty demands, and the weights."""
    chance = np.random.default_rng(seed)
    weight = chance.random(30)
    return chance.random((1, 9, 30)) < 0.25, weight / weight.sum()


def relaxed(reaches: np.ndarray, weight: np.ndarray, units: float) -> float:
    """Return the covering problem's linear optimum, by HiGHS: no Lagrangian bound is below it."""
    places, demands = reaches.shape
    cost = np.concatenate((np.zeros(places), -weight))
    rows = np.hstack((-reaches.T.astype(float), np.eye(demands)))
    count = np.concatenate((np.ones(places), np.zeros(demands)))
    limits = np.concatenate((np.zeros(demands), [units]))
    return -float(linprog(cost, np.vstack((rows, count)), limits, bounds=(0, 1)).fun)


@pytest.mark.parametrize("seed", range(8))
def test_no_choice_of_places_reaches_more(seed: int) -> None:
    """For every number of units; and hardly more is claimed than the linear optimum."""
    reaches, weight = covering(seed)
    for units in range(8):
        best = max(
            float(weight[reaches[0, list(chosen)].any(axis=0)].sum()) if chosen else 0.0
            for chosen in combinations(range(9), units)
        )
        told = most_reached(reaches, weight, np.array([float(units)]))
        assert best <= told + 1e-9
        assert relaxed(reaches[0], weight, units) - 1e-9 <= told <= relaxed(reaches[0], weight, units) + 0.01


def test_half_a_unit_counts_half() -> None:
    """Between whole numbers the bound lies above the chord: it is concave, as the proof needs."""
    reaches, weight = covering(1)
    two, three = (most_reached(reaches, weight, np.array([float(units)])) for units in (2, 3))
    assert most_reached(reaches, weight, np.array([2.5])) >= (two + three) / 2 - 0.005


def problem(seed: int, units: int, days: int = 40) -> tuple[OfflineProblem, np.ndarray]:
    """Return a Poisson list in a town of six spots, three posts, and the spot of each call."""
    chance = np.random.default_rng(seed)
    came = np.sort(chance.integers(0, days * DAY_MS, chance.poisson(100 * days)))
    count = len(came)
    times = np.array([[2, 4, 9, 20, 20, 30], [20, 9, 3, 5, 9, 30], [20, 20, 9, 9, 2, 30]], np.int32) * 60_000
    spot = chance.choice(6, count, p=[0.3, 0.1, 0.2, 0.1, 0.2, 0.1])
    made = OfflineProblem(
        units=units,
        came_ms=came,
        known_ms=came.copy(),
        target_ms=np.full(count, 480_000, np.int32),
        high=chance.random(count) < 0.5,
        work_ms=chance.exponential(1_200_000, count).astype(np.int64),
        end=np.zeros(count, np.int32),
        post_ms=times[:, spot],
        hospital_ms=times[:1, spot],
        home_ms=times[:, spot],
    )
    return made, spot


@pytest.mark.parametrize("units", [2, 3, 5])
def test_not_even_a_cheat_without_foresight_does_better(units: int) -> None:
    """Its free units are always at the best posts, its work begins as the call comes in, and its busy ones fly."""
    share, bound = [], []
    for seed in range(6):
        made, spot = problem(seed, units)
        clear, late = [], 0
        for call in np.arange(len(spot)).tolist():
            now = int(made.came_ms[call])
            clear = [at for at in clear if at > now]
            free = max(0, units - len(clear))
            # The two best posts of three, in the order of what they reach: spots 0 and 1, then 2 and 3, then 4.
            reached = {0: (), 1: (0, 1), 2: (0, 1, 2, 3)}.get(free, (0, 1, 2, 3, 4))
            late += bool(made.high[call]) and spot[call] not in reached
            clear.append(max(now, sorted(clear)[-units] if free == 0 else now) + int(made.work_ms[call]))
        share.append(late / made.high.sum())
        bound.append(unforeseen_bound(made, Span(0, 40 * DAY_MS, 40 * DAY_MS + 7_200_000)).share)
    assert np.mean(bound) <= np.mean(share)
    assert np.mean(bound) >= 0.09, "a tenth of all calls is within reach of no post"


def test_work_makes_it_worse_and_more_places_better() -> None:
    """As it must be; and work after the end is taken off."""
    made, _ = problem(1, 3)
    span = Span(0, 40 * DAY_MS, 40 * DAY_MS)
    here = unforeseen_bound(made, span)
    fewer, _ = problem(1, 2)
    assert unforeseen_bound(fewer, span).share > here.share
    anywhere = np.zeros((1, len(made.came_ms)), np.int32)
    assert unforeseen_bound(made, span, anywhere).share < here.share
    later = unforeseen_bound(made, Span(0, 40 * DAY_MS, 50 * DAY_MS))
    assert (later.busy < here.busy, later.share <= here.share) == (True, True)


def test_what_cannot_be_bounded_is_refused() -> None:
    """An empty span, and no call that counts."""
    made, _ = problem(1, 3)
    with pytest.raises(ValueError, match="longer than nothing"):
        unforeseen_bound(made, Span(5, 5, 9))
    made.high[:] = False
    with pytest.raises(ValueError, match="nothing to bound"):
        unforeseen_bound(made, Span(0, 5, 9))
