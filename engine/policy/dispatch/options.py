"""Which of a plan's ways to answer: the changed incident is solved exactly for each way, all others as they are.

Ways are compared by what stays open, by rank, and only then by cost: a place left empty is worse than any penalty. The
way that an incident is in stays, once something was recommended, unless another one saves more than `supersede_ms`.
Incidents with a choice are looked at one after the other, in the order of the queue, until nothing changes; two rounds
are the most.
"""

from collections import Counter

from msgspec import Struct

from engine.model.plans import Option, holds
from engine.model.why import WayWhy
from engine.policy.dispatch.kinds import Rank, kinds_of, rank_of, weight_of
from engine.policy.dispatch.problem import BEYOND, Answer, Problem
from engine.state.records import Incident

ROUNDS = 2
_LAST: Rank = (1 << 62, 0, 0)


class Value(Struct, frozen=True):
    """How good an answer is."""

    open: tuple[Rank, ...]
    """The incident of each place left open, and at the end one that ranks behind all."""
    filled: int
    """Places that the incident gets, where it does not get all."""
    cost: int
    """Weighted ms beyond what units under way cost that go on, penalties of the ways included."""

    @property
    def key(self) -> tuple[list[Rank], int, int]:
        """Less is better. Of two answers the one is worse that leaves a more urgent place open, or one more."""
        return [(-priority, -reported, -number) for priority, reported, number in self.open], -self.filled, self.cost


class Chosen(Struct, frozen=True):
    """The ways taken, the answer to them, and what was weighed."""

    answer: Answer
    ways: dict[str, str]
    weighed: dict[str, tuple[WayWhy, ...]]


def choose(problem: Problem) -> Chosen:
    """Choose a way for each incident that has a choice, and answer."""
    plans = problem.world.plans
    choices = {each.id: open_ways(problem, each) for each in problem.incidents if plans[each.plan].options}
    several = [incident for incident in problem.incidents if len(choices.get(incident.id, ())) > 1]
    ways = {each.id: _first(each, choices[each.id]) for each in problem.incidents if each.id in choices}
    answer = problem.answer(ways)
    weighed: dict[str, tuple[WayWhy, ...]] = {}
    for _ in range(ROUNDS if len(several) > 1 else 1):
        before = dict(ways)
        for incident in several:
            answer, weighed[incident.id] = _choose(problem, incident, choices[incident.id], ways, answer)
        if ways == before:
            break
    return Chosen(answer, ways, weighed)


def open_ways(problem: Problem, incident: Incident) -> list[Option]:
    """Return the ways that have room for all places that are filled; the present one if there is none."""
    plan = problem.world.plans[incident.plan]
    ways = [way for way in plan.ways() if holds(plan.wanted(way.id, incident.alarm), incident.filled)]
    return ways or [way for way in plan.ways() if way.id == incident.option] or [plan.ways()[0]]


def _first(incident: Incident, ways: list[Option]) -> str:
    option = incident.option
    return option if any(way.id == option for way in ways) else ways[0].id


def _choose(
    problem: Problem, incident: Incident, ways: list[Option], taken: dict[str, str], answer: Answer
) -> tuple[Answer, tuple[WayWhy, ...]]:
    """Weigh the ways of one incident; write the best into `taken`."""
    current = taken[incident.id]
    best, best_way = _value(problem, incident, ways, taken, answer), current
    told = {current: WayWhy(current, _open(incident, answer), best.cost)}
    for way in ways:
        if way.id == current:
            continue
        others = {**taken, incident.id: way.id}
        if _hopeless(problem, incident, ways, others, answer, best):
            told[way.id] = WayWhy(way.id)
            continue
        found = problem.answer(others)
        value = _value(problem, incident, ways, others, found)
        told[way.id] = WayWhy(way.id, _open(incident, found), value.cost)
        if value.key < best.key:
            answer, best, best_way = found, value, way.id
    taken[incident.id] = best_way
    return answer, tuple(told[way.id] for way in ways)


def _value(problem: Problem, incident: Incident, ways: list[Option], taken: dict[str, str], answer: Answer) -> Value:
    cost = _extra(problem, incident, ways, taken[incident.id])
    left: Counter[Rank] = Counter()
    filled = 0
    for number, kind in enumerate(answer.kinds):
        stays = problem.stays_cost(kind) if kind.keeper else 0
        for place in answer.places(number):
            found = int(answer.matching.seat[place]) >= 0
            filled += found and kind.incident is incident and not kind.keeper
            if found or answer.alone[number]:
                cost += int(answer.matching.cost[place]) - stays
            else:
                left[rank_of(kind.incident)] += 1
                cost -= stays
    open_ = (*sorted(left.elements()), _LAST)
    return Value(open_, filled if left[rank_of(incident)] else 0, cost)


def _open(incident: Incident, answer: Answer) -> int:
    return sum(
        int(answer.matching.seat[place]) < 0
        for number, kind in enumerate(answer.kinds)
        if kind.incident is incident
        for place in answer.places(number)
    )


def _extra(problem: Problem, incident: Incident, ways: list[Option], way: str) -> int:
    """Return the penalty of a way and, once the incident was told another one, that of changing it."""
    penalty_ms = next(each.penalty_ms for each in ways if each.id == way)
    told = bool(incident.decided_seq or incident.recommended or incident.assigned)
    if told and way != incident.option and any(each.id == incident.option for each in ways):
        penalty_ms += problem.rules.supersede_ms
    return penalty_ms * problem.rules.weights[incident.priority - 1] * 100


def _hopeless(
    problem: Problem, incident: Incident, ways: list[Option], taken: dict[str, str], answer: Answer, best: Value
) -> bool:
    """Tell from the prices of the answer at hand that this way, though filled, would cost no less.

    The prices of other places and of crews go with any places of this incident (weak duality): each new place costs
    at least its cheapest unit beyond that unit's price.
    """
    if len(best.open) > 1 or not answer.kinds:
        return False
    old = {number for number, kind in enumerate(answer.kinds) if kind.incident is incident and not kind.keeper}
    bound = answer.matching.bound + _extra(problem, incident, ways, taken[incident.id])
    for number, kind in enumerate(answer.kinds):
        bound -= sum(int(answer.matching.place_price[place]) for place in answer.places(number) if number in old)
        bound -= problem.stays_cost(kind) if kind.keeper else 0
    for kind in kinds_of(problem.world, [incident], taken, ()):
        costs = problem.costs(kind, problem.column(kind)) - answer.matching.crew_price
        least = int(costs.min(initial=BEYOND))
        unseen = problem.hopefuls(kind, least)
        if len(unseen):
            travel_ms = int(problem.times_ms(incident)[unseen].min())
            least = (travel_ms + problem.least_extra_ms(kind)) * weight_of(problem.rules, kind)
        bound += kind.count * min(least, BEYOND >> 8)
    return bound >= best.cost
