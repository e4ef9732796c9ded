"""From the places of an answer to what each incident would get."""

from functools import cache

import numpy as np
from msgspec import Struct

from engine.model.facts import Choice, Shortage
from engine.model.why import Proof
from engine.policy.dispatch.busy import CLEAR_SPREAD_PERCENT
from engine.policy.dispatch.kinds import Kind, weight_of
from engine.policy.dispatch.options import Chosen
from engine.policy.dispatch.problem import Answer, Problem
from engine.policy.dispatch.solution import Proposal, Solution
from engine.policy.honesty import spreads_ms


class Pick(Struct, frozen=True):
    """A unit that would go, and where."""

    kind: Kind
    seat: int
    travel_ms: int
    replaces: str = ""


def solution_of(problem: Problem, chosen: Chosen) -> Solution:
    """Return what all incidents of the problem would get."""
    answer = chosen.answer
    picks = _picks(problem, answer)
    taken = {int(problem.seats.rows[pick.seat]): pick.kind.incident.id for pick in picks}
    matching = answer.matching
    cost = int(matching.cost.sum())
    proposals, backfills = _proposals(problem, chosen, picks)
    return Solution(
        proposals,
        taken,
        _left_out(problem, taken),
        Proof(cost, int(matching.bound), len(matching.seat), len(problem.seats) - int(problem.seats.unseen.sum())),
        _place_ms(problem, answer),
        _saves_ms(problem, answer, picks),
        backfills,
        dict(problem.spoken_for),
        problem.prices.soft,
        chosen.weighed,
    )


def _picks(problem: Problem, answer: Answer) -> list[Pick]:
    """Return who would go, place by place; a keeper that stays is not among them."""
    picks = []
    rows = problem.world.fleet.rows
    moved = {problem.unit_id(seat) for seat in answer.matching.seat.tolist() if seat >= 0}
    for number, kind in enumerate(answer.kinds):
        for place in answer.places(number):
            seat = int(answer.matching.seat[place])
            if seat < 0 or (kind.keeper and seat == problem.seats.seat(rows[kind.keeper])):
                continue
            # A keeper that is chosen elsewhere was diverted: its place is open, nobody has to be replaced.
            replaces = "" if kind.keeper in moved else kind.keeper
            picks.append(Pick(kind, seat, int(problem.times_ms(kind.incident)[seat]), replaces))
    return picks


def _proposals(problem: Problem, chosen: Chosen, picks: list[Pick]) -> tuple[dict[str, Proposal], dict[str, Proposal]]:
    """Return what incidents would get, and what those asked about would get besides in the place of whom they lose."""
    picked = list(zip(picks, _spreads_ms(problem, picks), strict=True))
    incidents = {incident.id: incident for incident in problem.incidents}
    incidents |= {held.incident.id: held.incident for held in problem.held.values() if held.reviewed}
    options = {name: chosen.ways.get(name, incident.option) for name, incident in incidents.items()}
    own = [(pick, spread_ms) for pick, spread_ms in picked if not _backfills(pick)]
    proposals = _told(problem, own, _shortages(problem, chosen.answer, held=False), options)
    others = [(pick, spread_ms) for pick, spread_ms in picked if _backfills(pick)]
    short = _shortages(problem, chosen.answer, held=True)
    robbed = [*(pick.kind.incident.id for pick, _ in others), *short]
    options = {name: problem.world.open[name].option for name in robbed}
    backfills = _told(problem, others, short, options)
    proposals |= {name: proposal for name, proposal in backfills.items() if name not in incidents}
    return proposals, {name: proposal for name, proposal in backfills.items() if name in incidents}


def _backfills(pick: Pick) -> bool:
    """Tell whether it would go only because the keeper of the place was diverted."""
    return bool(pick.kind.keeper) and not pick.replaces


def _told(
    problem: Problem, picked: list[tuple[Pick, int]], short: dict[str, list[Shortage]], options: dict[str, str]
) -> dict[str, Proposal]:
    choices: dict[str, list[Choice]] = {name: [] for name in options}
    for pick, spread_ms in picked:
        choices[pick.kind.incident.id].append(_choice(problem, pick, spread_ms))
    return {
        name: Proposal(tuple(choices[name]), tuple(short.get(name, ())), option) for name, option in options.items()
    }


def _choice(problem: Problem, pick: Pick, spread_ms: int) -> Choice:
    unit, seats = problem.seats.unit(pick.seat), problem.seats
    return Choice(
        pick.kind.slot.id,
        unit.id,
        int(seats.delay_ms[pick.seat]) + pick.travel_ms,
        spread_ms,
        source=(unit.incident or "") if seats.source_priority[pick.seat] > 0 else "",
        replaces=pick.replaces,
        clear_ms=seats.clear_ms.get(pick.seat, -1),
    )


def _spreads_ms(problem: Problem, picks: list[Pick]) -> list[int]:
    """Return the spread of each chosen unit's ETA; how long a busy one will take to clear is its largest part."""
    rows = problem.seats.rows[[pick.seat for pick in picks]]
    travel_ms = np.array([pick.travel_ms for pick in picks], np.int64)
    straight = np.array([problem.bench.travel.is_straight(pick.kind.incident) for pick in picks], np.bool_)
    spread_ms = spreads_ms(problem.world, rows, travel_ms, straight=straight)
    clear_ms = np.array([problem.seats.clear_ms.get(pick.seat, 0) for pick in picks], np.int64)
    clear_ms = clear_ms * CLEAR_SPREAD_PERCENT // 100
    told: list[int] = np.sqrt(spread_ms * spread_ms + clear_ms * clear_ms).astype(np.int64).tolist()
    return told


def _shortages(problem: Problem, answer: Answer, *, held: bool) -> dict[str, list[Shortage]]:
    """Return by incident what stays open: of places that are open now, or of places held by units that are taken."""
    names = cache(problem.world.settled.names)
    missing: dict[tuple[str, str], int] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for number, kind in enumerate(answer.kinds):
        left = sum(int(answer.matching.seat[place]) < 0 for place in answer.places(number))
        if left and bool(kind.keeper) is held:
            key = kind.incident.id, kind.slot.id
            missing[key] = missing.get(key, 0) + left
            needs[kind.slot.id] = names(kind.slot.choices[0].needs)
    short: dict[str, list[Shortage]] = {}
    for (incident, slot), left in missing.items():
        short.setdefault(incident, []).append(Shortage(slot, left, needs[slot]))
    return short


def _left_out(problem: Problem, taken: dict[int, str]) -> tuple[int, ...]:
    """Return free rows whose crew would be out with a unit that was chosen."""
    siblings = sorted({row for chosen in taken for row in problem.world.fleet.siblings[chosen]} - set(taken))
    places = np.searchsorted(problem.seats.rows, np.array(siblings, np.int32)).tolist()
    return tuple(
        row
        for row, seat in zip(siblings, places, strict=True)
        if seat < len(problem.seats) and problem.seats.rows[seat] == row and problem.seats.free[seat]
    )


def _place_ms(problem: Problem, answer: Answer) -> dict[str, dict[str, int]]:
    """Return by incident and slot the price of a place, where it stands for time and not for another place left open."""
    prices: dict[str, dict[str, int]] = {}
    for number, kind in enumerate(answer.kinds):
        price = int(answer.matching.place_price[answer.places(number)].max()) if kind.count else 0
        if not kind.keeper and price < answer.rank_cost // 2:
            prices.setdefault(kind.incident.id, {})[kind.slot.id] = price // weight_of(problem.rules, kind)
    return prices


def _saves_ms(problem: Problem, answer: Answer, picks: list[Pick]) -> dict[str, int]:
    """Return by chosen unit what the answer would cost more without it, in ms of its incident."""
    saves = {}
    for pick in picks:
        price = -int(answer.matching.crew_price[pick.seat])
        if price < answer.rank_cost // 2:
            saves[problem.unit_id(pick.seat)] = price // weight_of(problem.rules, pick.kind)
    return saves
