"""The why of a decision: who was looked at, in what order they would arrive, and what kept the others out."""

import numpy as np

from engine.kernels.eligible import (
    CAPABILITY,
    CREW_BUSY,
    ELIGIBLE,
    NO_POSITION,
    SHIFT,
    STALE,
    STATUS,
    UNREACHABLE,
    tally,
)
from engine.model.plans import Slot
from engine.model.why import Considered, Count, Reason, SlotWhy
from engine.policy.dispatch.judging import Bench, Rows, Verdicts, shortlist
from engine.policy.dispatch.solution import Solution
from engine.policy.honesty import clear_ms, spreads_ms
from engine.policy.travel import travel_model
from engine.state.fleet import STANDING_NOT_IN_SERVICE
from engine.state.records import Incident
from engine.state.world import World

_REASONS: dict[int, Reason] = {
    CAPABILITY: Reason.CAPABILITY,
    STATUS: Reason.STATUS,
    SHIFT: Reason.SHIFT,
    NO_POSITION: Reason.NO_POSITION,
    STALE: Reason.STALE_POSITION,
    CREW_BUSY: Reason.CREW_BUSY,
    UNREACHABLE: Reason.UNREACHABLE,
}


MANY = 256
"""Units in a circle after which rare kinds are no longer looked for beyond it."""


def explain_slots(
    world: World, bench: Bench, incident: Incident, slots: list[tuple[Slot, int]], solution: Solution
) -> tuple[SlotWhy, ...]:
    """Judge everyone round the incident again, this time to tell about it."""
    wanted = world.settled.limits.nearest_explained
    picked = _picked(incident, solution)
    chosen = {slot.id: [world.fleet.rows[unit] for unit in picked if picked[unit] == slot.id] for slot, _ in slots}
    judged: list[Verdicts] = []

    def judge(rows: Rows) -> None:
        nonlocal judged
        travel_ms = bench.times_ms(rows, incident)
        judged = [bench.judge(slot, rows, travel_ms) for slot, _ in slots]

    def covers(rows: Rows, within_ms: int) -> bool:
        judge(rows)
        return all(
            _tells_enough(verdicts, within_ms, chosen[slot.id], wanted)
            for (slot, _), verdicts in zip(slots, judged, strict=True)
        )

    rows = bench.sweep(incident, covers)
    if not judged or len(judged[0].rows) < len(rows):
        judge(rows)
    return tuple(
        _explain(world, incident, slot, missing, verdicts, picked, solution)
        for (slot, missing), verdicts in zip(slots, judged, strict=True)
    )


def explain_unit(
    world: World, bench: Bench, incident: Incident, slots: list[tuple[Slot, int]], solution: Solution, row: int
) -> tuple[SlotWhy, ...]:
    """Judge the whole fleet and tell about one unit of it."""
    rows = np.arange(len(world.fleet), dtype=np.int32)
    travel_ms = bench.times_ms(rows, incident)
    picked = _picked(incident, solution)
    explained = []
    for slot, missing in slots:
        verdicts = bench.judge(slot, rows, travel_ms)
        if verdicts.reason[row] == ELIGIBLE:
            reason = _fitting_reason(world, verdicts, row, slot, picked, solution)
            rank, eta_ms = _rank(verdicts, row), int(verdicts.eta_ms[row])
        else:
            reason, rank, eta_ms = _reason(world, row, int(verdicts.reason[row])), 0, -1
        told = _considered(world, incident, rows[row : row + 1], [reason], [rank], [eta_ms])
        needs = world.settled.names(slot.choices[0].needs)
        explained.append(SlotWhy(slot.id, missing, needs, tuple(told), _tally(world, verdicts)))
    return tuple(explained)


def _picked(incident: Incident, solution: Solution) -> dict[str, str]:
    proposal = solution.proposals.get(incident.id)
    return {choice.unit: choice.slot for choice in proposal.choices} if proposal else {}


def _fitting_reason(
    world: World, verdicts: Verdicts, place: int, slot: Slot, picked: dict[str, str], solution: Solution
) -> Reason:
    row = int(verdicts.rows[place])
    if picked.get(world.fleet.ids[row]) == slot.id:
        return Reason.CHOSEN
    if row in solution.taken:
        return Reason.ELSEWHERE
    return Reason.SECOND_CHOICE if verdicts.cost_ms[place] > verdicts.eta_ms[place] else Reason.FARTHER


def _tells_enough(verdicts: Verdicts, within_ms: int, chosen: list[int], wanted: int) -> bool:
    """Tell whether the circle holds all who come before those that were chosen, and enough of the others.

    Who comes later than `within_ms` may have somebody outside the circle before it, so its rank would be a guess. Of a
    rare kind there may be fewer than wanted in the whole city: then a circle of many units is enough.
    """
    sure = verdicts.rows[(verdicts.reason == ELIGIBLE) & (verdicts.cost_ms < within_ms)]
    if any(row not in sure for row in chosen):
        return False
    return len(sure) >= wanted or len(verdicts.rows) >= MANY


def _explain(
    world: World,
    incident: Incident,
    slot: Slot,
    missing: int,
    verdicts: Verdicts,
    picked: dict[str, str],
    solution: Solution,
) -> SlotWhy:
    limit = world.settled.limits.nearest_explained
    best = shortlist(verdicts, limit).tolist()
    ranked = [*enumerate(best, start=1), *_chosen_beyond(world, slot, verdicts, picked, best)]
    places = [place for _, place in ranked]
    rows = verdicts.rows[places]
    listed = _considered(
        world,
        incident,
        rows,
        [_fitting_reason(world, verdicts, place, slot, picked, solution) for place in places],
        [rank for rank, _ in ranked],
        verdicts.eta_ms[places].tolist(),
    )
    listed += _sooner_but_out(world, incident, verdicts, limit)
    return SlotWhy(
        slot=slot.id,
        wanted=missing,
        needs=world.settled.names(slot.choices[0].needs),
        considered=tuple(listed),
        tally=_tally(world, verdicts),
    )


def _chosen_beyond(
    world: World, slot: Slot, verdicts: Verdicts, picked: dict[str, str], listed: list[int]
) -> list[tuple[int, int]]:
    """Return (rank, place) of units that the joint answer chose although they are not among the soonest."""
    rows = [world.fleet.rows[unit] for unit, name in picked.items() if name == slot.id]
    places = np.searchsorted(verdicts.rows, np.array(rows, np.int32)).tolist()
    return sorted((_rank(verdicts, place), place) for place in places if place not in listed)


def _rank(verdicts: Verdicts, place: int) -> int:
    """Return how many units that fit come before this one, plus one."""
    cost_ms, row = verdicts.cost_ms[place], verdicts.rows[place]
    before = (verdicts.cost_ms < cost_ms) | ((verdicts.cost_ms == cost_ms) & (verdicts.rows < row))
    return int(np.count_nonzero(before & (verdicts.reason == ELIGIBLE))) + 1


def _sooner_but_out(world: World, incident: Incident, verdicts: Verdicts, limit: int) -> list[Considered]:
    """List the nearest units that were out; those that could have done the job come before those that could not."""
    fleet = world.fleet
    out = np.flatnonzero(verdicts.reason != ELIGIBLE)
    rows = verdicts.rows[out]
    away = (fleet.x_m[rows] - incident.x_m).astype(np.int64) ** 2
    away += (fleet.y_m[rows] - incident.y_m).astype(np.int64) ** 2
    away += (verdicts.reason[out] == CAPABILITY).astype(np.int64) << 62
    if len(away) > limit:
        near = np.flatnonzero(away <= np.partition(away, limit - 1)[limit - 1])
        out, rows, away = out[near], rows[near], away[near]
    order = np.lexsort((rows, away))[:limit]
    rows = rows[order]
    codes = verdicts.reason[out[order]].tolist()
    reasons = [_reason(world, row, code) for row, code in zip(rows.tolist(), codes, strict=True)]
    return _considered(world, incident, rows, reasons, [0] * len(rows), [-1] * len(rows))


def _reason(world: World, row: int, code: int) -> Reason:
    if code == STATUS and world.fleet.standing[row] == STANDING_NOT_IN_SERVICE:
        return Reason.NOT_IN_SERVICE
    return _REASONS[code]


def _considered(
    world: World, incident: Incident, rows: Rows, reasons: list[Reason], ranks: list[int], etas_ms: list[int]
) -> list[Considered]:
    """Describe these rows; columns are read whole, as item by item would cost more than the decision."""
    fleet = world.fleet
    east_m = fleet.x_m[rows].astype(np.int64) - incident.x_m
    north_m = fleet.y_m[rows].astype(np.int64) - incident.y_m
    distance_m = np.sqrt(east_m * east_m + north_m * north_m).astype(np.int64)
    unknown = (fleet.assumed[rows] == 1) | (fleet.fix_ms[rows] < 0)
    age_ms = np.where(unknown, -1, np.maximum(0, world.now - fleet.fix_ms[rows]))
    names = [fleet.ids[row] for row in rows.tolist()]
    spreads = _spreads_ms(world, incident, rows, etas_ms)
    clear = [
        clear_ms(world, row) if why is Reason.STATUS else -1 for row, why in zip(rows.tolist(), reasons, strict=True)
    ]
    columns = (names, reasons, ranks, etas_ms, distance_m.tolist(), age_ms.tolist(), spreads, clear)
    return [Considered(*column) for column in zip(*columns, strict=True)]


def _spreads_ms(world: World, incident: Incident, rows: Rows, etas_ms: list[int]) -> list[int]:
    """Return the spread of each ETA; -1 where there is none."""
    etas = np.array(etas_ms, np.int64)
    straight = travel_model(world).is_straight(incident)
    found = spreads_ms(world, rows, np.maximum(0, etas - world.fleet.turnout_ms[rows]), straight=straight)
    told: list[int] = np.where(etas >= 0, found, -1).tolist()
    return told


def _tally(world: World, verdicts: Verdicts) -> tuple[Count, ...]:
    counts = tally(verdicts.reason).tolist()
    not_in_service = int(
        np.count_nonzero((verdicts.reason == STATUS) & (world.fleet.standing[verdicts.rows] == STANDING_NOT_IN_SERVICE))
    )
    by_reason = {_REASONS[code]: count for code, count in enumerate(counts) if code in _REASONS}
    by_reason[Reason.STATUS] -= not_in_service
    by_reason[Reason.NOT_IN_SERVICE] = not_in_service
    by_reason[Reason.FITS] = counts[ELIGIBLE]
    by_reason[Reason.BEYOND] = len(world.fleet) - len(verdicts.rows)
    return tuple(Count(reason, by_reason[reason]) for reason in Reason if by_reason.get(reason))
