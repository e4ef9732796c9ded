"""How few high-priority calls can be late at all, even for who knows every call beforehand. Proven, call by call.

Claim. Let a unit be sent to a call, once it is known, from a post (or the road, where the problem has `road_ms`), or from
the hospital or scene where it comes free after the call was known. Then no policy has fewer late than `late_bound` says.

Proof. Write l(j) for the least travel time to call j from all such places. Call j is on time if its unit arrives at A(j)
with known(j) + l(j) <= A(j) <= due(j).
1. Some of them have no place from which that can be: they are late whatever is done (`unreachable`).
2. Let one unit serve i, then j, both on time. It is free no sooner than known(i) + l(i) + work(i), and has to leave for j
   no later than due(j) - l(j). So [due(j) - l(j), known(j) + l(j) + work(j)) of the calls that one unit serves in time do not
   overlap, and at no moment may more than m of them contain it for all calls in time. The most intervals that m machines
   can take are found by going through them by their start and giving up, wherever m + 1 overlap, the one that ends last
   (Faigle and Nawijn 1995, "Note on scheduling intervals on-line"; Carlisle and Lloyd 1995). The others are `crowded`.
Calls of low priority and those that are late also need units: to leave them out can only make the bound lower.
"""

from bisect import insort

import numpy as np
from msgspec import Struct

from engine.sim.offline import AT_SCENE, FAR_MS, Flags, OfflineProblem, Wide, check, far


class Bound(Struct, frozen=True):
    """No policy has fewer late."""

    high: int
    """Calls that count."""
    late_high: int
    share: float
    """Of the high; 0 where there is none."""
    unreachable: int
    """Of the late: nobody could have been there in time from anywhere."""
    crowded: int
    """Of the late: more at once than there are units."""
    how: str


def late_bound(problem: OfflineProblem, patience_ms: int | None = None) -> Bound:
    """Return the fewest high-priority calls that can be late. Raises ValueError.

    `patience_ms`: every call is reached within so long of being known, which the proof then uses for where units come free;
    take the longest wait of all policies that are compared. None: a caller may wait for ever.
    """
    check(problem)
    high = problem.high.astype(np.bool_)
    can = high & _reachable(problem, patience_ms)
    least_ms = _least_ms(problem)
    starts = (problem.due_ms - least_ms)[can]
    ends = (problem.known_ms + least_ms + problem.work_ms)[can]
    crowded = _too_many(starts, ends, problem.units)
    count, unreachable = int(high.sum()), int((high & ~can).sum())
    late = unreachable + crowded
    where = "posts" if problem.road_ms is None else "posts and the road"
    waits = "any wait" if patience_ms is None else f"waits up to {patience_ms / 60_000:g} min"
    how = f"all calls known; units are sent from {where}, and from where they come free; {waits}"
    return Bound(count, late, late / count if count else 0.0, unreachable, crowded, how)


def _least_ms(problem: OfflineProblem) -> Wide:
    """Return the least travel time to each call from a place where a unit may be that is sent there, int64[n]."""
    if np.any(problem.end == AT_SCENE):
        return np.zeros(len(problem.came_ms), np.int64)  # it may have come free next door
    least: Wide = np.minimum(problem.near_ms, far(problem.hospital_ms).min(axis=0, initial=FAR_MS))
    budget: Wide = problem.due_ms - problem.known_ms
    return np.minimum(least, budget, out=least)  # nobody in time drives for longer


def _reachable(problem: OfflineProblem, patience_ms: int | None) -> Flags:
    """Tell for each call whether there is any place from which a unit may come in time, bool[n]."""
    budget_ms = problem.due_ms - problem.known_ms
    can: Flags = problem.near_ms <= budget_ms
    order = np.argsort(problem.known_ms, kind="stable")
    known = problem.known_ms[order]
    posts = far(problem.post_ms)
    hospitals = far(problem.hospital_ms)
    longest_ms = int(problem.work_ms.max(initial=0)) + (patience_ms or 0)
    for call in np.flatnonzero(problem.high & ~can & (budget_ms >= 0)).tolist():
        last = np.searchsorted(known, problem.due_ms[call], side="right")
        first = 0 if patience_ms is None else np.searchsorted(known, problem.known_ms[call] - longest_ms)
        before = order[first:last]
        way_ms = _from_there_ms(problem, before, call, posts, hospitals)
        soonest_ms = problem.known_ms[before] + problem.work_ms[before] + way_ms
        fits = (soonest_ms <= problem.due_ms[call]) & (way_ms <= budget_ms[call]) & (before != call)
        if patience_ms is not None:
            fits &= problem.known_ms[before] + patience_ms + problem.work_ms[before] >= problem.known_ms[call]
        can[call] = bool(fits.any())
    return can


def _from_there_ms(problem: OfflineProblem, before: Wide, call: int, posts: Wide, hospitals: Wide) -> Wide:
    """Return the least time to the call from where each of these ends, int64[k].

    From a hospital it is known. From a scene: what a post is farther from the call than from the scene, as the way from
    the post by the scene to the call is no shorter than the shortest.
    """
    to_call = posts[:, call][:, None]
    there = posts[:, before]
    detour = np.where((to_call < FAR_MS) & (there < FAR_MS), to_call - there, 0)
    way_ms: Wide = detour.max(axis=0, initial=0)
    end = problem.end[before]
    at_hospital = end != AT_SCENE
    way_ms[at_hospital] = hospitals[end[at_hospital], call]
    return way_ms


def _too_many(starts: Wide, ends: Wide, units: int) -> int:
    """Return how many intervals have to be given up so that no moment lies in more than `units` of them."""
    running: list[int] = []
    given_up = 0
    for place in np.lexsort((ends, starts)).tolist():
        start, end = int(starts[place]), int(ends[place])
        if end <= start:
            continue
        while running and running[0] <= start:
            del running[0]
        insort(running, end)
        if len(running) > units:
            running.pop()
            given_up += 1
    return given_up
