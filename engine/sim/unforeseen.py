"""How few high-priority calls can be late for who does not know where the next call will be. Proven, on average.

After Maxwell, Ni, Tong, Henderson, Topaloglu and Hunter 2014, "A bound on the performance of an optimal ambulance
redeployment policy" (Operations Research 62), with the fleet's work counted instead of a coupled queue.

Claim. Let high calls come evenly over the span and let each one's place be independent of all that happened before (a
Poisson process is so). Let every call be served by the end. Then no policy without foresight, whatever it dispatches,
diverts or moves, has a smaller expected share late than `unforeseen_bound`, if free units may be anywhere in `places`.

Proof. Look at the moment when call j is known, with b the longest time from known to due. A unit that stays at work for
another r ms has b - r left to drive, so it reaches what lies within b - r of where it will be; one with r >= b reaches
nothing. Put r into `CLASSES` classes, rounded in the unit's favour, and give each unit, for nothing, any place in `places`.
Numbers K and places do not depend on j, so it is in time with probability at most V(K), the most demand that so many
places of each class reach: a maximal covering location problem. For every u >= 0 its Lagrangian (Galvao and ReVelle 1996)
    L(u, K) = sum_g max(0, w_g - u_g) + sum_c (the K_c largest sums of u over what one place reaches in class c)
is at least V(K), and concave in K: so E V(K) <= E L(u, K) <= L(u, E K) (Jensen). High calls see time averages, and a call
with w ms of work has between r1 and r2 of it to go during min(w, r2) - min(w, r1): so E K is known from the list alone.
Any u proves its own bound; the search only makes it a good one.

The demand is that of the list itself. The best places for a sample reach more of it than of the truth, so the bound
errs on its safe side by that; the figure is an expectation, and a list of few calls may differ from it by chance.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.sim.offline import Ints, OfflineProblem, check, far

Floats = npt.NDArray[np.float64]
CLASSES = 4
"""Of units that will be free before the call is due, by how soon."""
STEPS = 400
"""Of the search for u: far more than the last digit that is told needs."""
PATIENCE = 10
"""Steps without a better bound after which they become half as long."""


class Span(Struct, frozen=True):
    """Calls came in evenly from `from_ms` to `to_ms`; the last unit was free again at `done_ms`."""

    from_ms: int
    to_ms: int
    done_ms: int


class UnforeseenBound(Struct, frozen=True):
    """The least expected share late of any policy that does not foresee."""

    share: float
    busy: float
    """Units that on average are at work for too long to be there in time."""
    reached: float
    """At most this share of demand is within reach of the others, wherever they stand."""
    how: str


def unforeseen_bound(problem: OfflineProblem, span: Span, places_ms: Ints | None = None) -> UnforeseenBound:
    """Return the bound for units that may be anywhere in `places`. Raises ValueError.

    places_ms: (Q, n) from each place where a free unit may be to the call; None: the posts. For a bound on policies that
    also send units from the road, streets, hospitals and scenes belong to the places. If every point where a unit may be is
    at most d ms from one of a sample of places, the times from the sample less d prove the bound for all points.
    """
    check(problem)
    if not span.from_ms < span.to_ms <= span.done_ms:
        raise ValueError("The span must be longer than nothing, and the work be done after the last call.")
    if not problem.high.any():
        raise ValueError("No call is of high priority: there is nothing to bound.")
    budget_ms = (problem.due_ms - problem.known_ms)[problem.high]
    longest_ms = max(0, int(budget_ms.max()))
    places = far((problem.post_ms if places_ms is None else places_ms)[:, problem.high])
    units = _units(problem, span, longest_ms)
    left_ms = (budget_ms - longest_ms * number // CLASSES for number in range(CLASSES))
    reaches, weight = _demand(np.vstack([places <= each for each in left_ms]))
    reached = most_reached(reaches.reshape(CLASSES, len(places), -1), weight, units)
    how = f"the next call not known; free units stand at the best of {len(places)} places; expectation"
    return UnforeseenBound(max(0.0, 1.0 - reached), problem.units - float(units.sum()), reached, how)


def most_reached(reaches: npt.NDArray[np.bool_], weight: Floats, units: Floats) -> float:
    """Return an upper bound on the weight that so many places of each class reach: L(u, units), the least that was found.

    reaches: (C, Q, G) which place reaches which demand; weight: (G,); units: (C,), >= 0, also broken, as L is concave.
    """
    whole = reaches.astype(np.float64)
    least = _greedy(reaches, weight, units)
    price: Floats = weight / 2
    best, step, since = float(weight.sum()), 1.0, 0
    for _ in range(STEPS):
        value, taken = _lagrangian(whole, weight, price, units)
        since = 0 if value < best - 1e-9 else since + 1
        best = min(best, value)
        # A subgradient: how often the demand is reached, less once where its own weight is counted.
        slope = np.tensordot(taken, whole, 2) - (price < weight)
        length = float(slope @ slope)
        if length == 0.0 or best <= least:
            break
        if since >= PATIENCE:
            step, since = step / 2, 0
        price = np.clip(price - step * (value - least) / length * slope, 0.0, weight)
    return best


def _lagrangian(whole: Floats, weight: Floats, price: Floats, units: Floats) -> tuple[float, Floats]:
    """Return L(u, units), and how much it takes of each place of each class, (C, Q)."""
    worth = whole @ price
    taken = np.zeros(worth.shape)
    for number, each in enumerate(worth):
        taken[number, np.argsort(-each, kind="stable")] = np.clip(units[number] - np.arange(len(each)), 0.0, 1.0)
    return float(np.maximum(0.0, weight - price).sum() + (worth * taken).sum()), taken


def _greedy(reaches: npt.NDArray[np.bool_], weight: Floats, units: Floats) -> float:
    """Return what is reached by whole units that choose one after another: the search aims between this and its best."""
    left = weight.copy()
    for number, count in enumerate(np.floor(units).astype(np.int64).tolist()):
        for _ in range(min(count, reaches.shape[1])):
            left[reaches[number, int((reaches[number] @ left).argmax())]] = 0.0
    return float(weight.sum() - left.sum())


def _units(problem: OfflineProblem, span: Span, longest_ms: int) -> Floats:
    """Return how many units there are on average in each class: the first is free, or free as good as at once.

    Work may have been done after the span, at most by all units all the time: as if it had been the work that keeps
    units away for longest, and they had been free instead.
    """
    done = [np.minimum(problem.work_ms, longest_ms * number // CLASSES).sum() for number in range(1, CLASSES + 1)]
    spent_ms = np.diff(np.array([0, *done, problem.work_ms.sum()], np.int64))
    spare_ms = problem.units * (span.done_ms - span.to_ms)
    for number in range(CLASSES, 0, -1):
        moved = min(spare_ms, int(spent_ms[number]))
        spent_ms[number] -= moved
        spare_ms -= moved
    busy: Floats = spent_ms.astype(np.float64) / (span.to_ms - span.from_ms)
    units: Floats = busy[:CLASSES].copy()
    units[0] = max(0.0, problem.units - busy[1:].sum())
    return units


def _demand(reached: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Put calls together that the same places reach: (Q, G) and the weight of each group, one in all."""
    packed, group = np.unique(np.packbits(reached, axis=0), axis=1, return_inverse=True)
    weight = np.bincount(group.ravel(), minlength=packed.shape[1]) / reached.shape[1]
    return np.unpackbits(packed, axis=0, count=len(reached)).astype(np.bool_), weight
