"""The why of a decision: who was looked at, in what order they would arrive, and what kept the others out.

A pure function of the World, as it was before anything was carried out, and of the answer: so any unit can be asked
about days later, from the journal.
"""

import numpy as np

from engine.kernels.eligible import CAPABILITY, ELIGIBLE, STATUS, tally
from engine.model.plans import Order, Slot
from engine.model.why import Count, Reason, SlotWhy, Why
from engine.policy.dispatch.judging import Bench, Rows, Verdicts, shortlist
from engine.policy.dispatch.order import order_of
from engine.policy.dispatch.solution import Proposal, Solution
from engine.policy.dispatch.telling import REASONS, Judged, Scene, Terms, tell
from engine.state.fleet import STANDING_NOT_IN_SERVICE
from engine.state.records import Incident
from engine.state.world import World

MANY = 256
"""Units in a circle after which rare kinds are no longer looked for beyond it."""


def explain(world: World, incident: Incident, solution: Solution, terms: Terms, row: int | None = None) -> Why:
    """Say what the proposal for the incident rests on; with a row, what speaks for or against that unit.

    terms: what counts for the policy that has made it.
    """
    bench = Bench(world, list(solution.barred))
    proposal = solution.proposals.get(incident.id) or Proposal((), (), incident.option)
    scenes = [
        _scene(world, bench, incident, slot, wanted, solution, terms)
        for slot, wanted in _slots(world, incident, proposal)
    ]
    slots = _tell_all(bench, incident, scenes) if row is None else _tell_one(bench, incident, scenes, row)
    return Why(
        terms.policy,
        bench.travel.basis(incident),
        incident.plan,
        slots,
        order_of(world, incident)[0] if terms.prices else Order.CLOSEST,
        proposal.option,
        solution.ways.get(incident.id, ()),
        solution.proof,
    )


def _slots(world: World, incident: Incident, proposal: Proposal) -> list[tuple[Slot, int]]:
    """Return the slots that something is sought for, and how often: what is open, and what changes."""
    changes: dict[str, int] = {}
    for choice in proposal.choices:
        changes[choice.slot] = changes.get(choice.slot, 0) + 1
    for shortage in proposal.short:
        changes[shortage.slot] = changes.get(shortage.slot, 0) + shortage.missing
    slots = world.plans[incident.plan].wanted(proposal.option, incident.alarm)
    wanted = [(slot, max(slot.count - incident.filled.get(slot.id, 0), changes.get(slot.id, 0))) for slot in slots]
    return [(slot, count) for slot, count in wanted if count > 0]


def _scene(
    world: World, bench: Bench, incident: Incident, slot: Slot, wanted: int, solution: Solution, terms: Terms
) -> Scene:
    proposal = solution.proposals.get(incident.id)
    choices = proposal.choices if proposal else ()
    chosen = {choice.unit: choice for choice in choices if choice.slot == slot.id}
    return Scene(world, bench, incident, slot, wanted, solution, chosen, terms)


def _tell_all(bench: Bench, incident: Incident, scenes: list[Scene]) -> tuple[SlotWhy, ...]:
    """Judge everyone round the incident again, this time to tell about it."""
    if not scenes:
        return ()
    judged: list[Verdicts] = []

    def judge(rows: Rows) -> None:
        nonlocal judged
        travel_ms = bench.times_ms(rows, incident)
        judged = [bench.judge(scene.slot, rows, travel_ms) for scene in scenes]

    def covers(rows: Rows, within_ms: int) -> bool:
        judge(rows)
        return all(_tells_enough(scene, seen, within_ms) for scene, seen in zip(scenes, judged, strict=True))

    rows = bench.sweep(incident, covers)
    if not judged or len(judged[0].rows) < len(rows):
        judge(rows)
    return tuple(_slot_why(scene, seen, _named(scene, seen)) for scene, seen in zip(scenes, judged, strict=True))


def _tell_one(bench: Bench, incident: Incident, scenes: list[Scene], row: int) -> tuple[SlotWhy, ...]:
    """Judge the whole fleet and tell about one unit of it."""
    rows = np.arange(len(bench.fleet), dtype=np.int32)
    travel_ms = bench.times_ms(rows, incident)
    explained = []
    for scene in scenes:
        verdicts = bench.judge(scene.slot, rows, travel_ms)
        explained.append(_slot_why(scene, verdicts, [_judged(verdicts, row)]))
    return tuple(explained)


def _slot_why(scene: Scene, verdicts: Verdicts, named: list[Judged]) -> SlotWhy:
    prices = scene.solution.place_ms.get(scene.incident.id, {})
    return SlotWhy(
        slot=scene.slot.id,
        wanted=scene.wanted,
        needs=scene.world.settled.names(scene.slot.choices[0].needs),
        considered=tuple(tell(scene, named)),
        tally=_tally(scene, verdicts),
        place_ms=prices.get(scene.slot.id, -1),
    )


def _tells_enough(scene: Scene, verdicts: Verdicts, within_ms: int) -> bool:
    """Tell whether the circle holds all who come before those that were chosen, and enough of the others.

    Who comes later than `within_ms` may have somebody outside the circle before it, so its rank would be a guess. Of a
    rare kind there may be fewer than wanted in the whole city: then a circle of many units is enough.
    """
    sure = verdicts.rows[(verdicts.reason == ELIGIBLE) & (verdicts.cost_ms < within_ms)]
    fleet = scene.world.fleet
    if any(
        not choice.source and choice.clear_ms < 0 and fleet.rows[unit] not in sure
        for unit, choice in scene.chosen.items()
    ):
        return False
    return len(sure) >= scene.world.settled.limits.nearest_explained or len(verdicts.rows) >= MANY


def _named(scene: Scene, verdicts: Verdicts) -> list[Judged]:
    """Return whom the why names: the soonest that fit, all that were chosen, and the nearest that were out."""
    limit = scene.world.settled.limits.nearest_explained
    best = shortlist(verdicts, limit).tolist()
    fitting = [_at(verdicts, place, rank) for rank, place in enumerate(best, start=1)]
    fitting += _chosen_beyond(scene, verdicts, [each.row for each in fitting])
    known = {each.row for each in fitting}
    return fitting + [each for each in _sooner_but_out(scene, verdicts, limit) if each.row not in known]


def _at(verdicts: Verdicts, place: int, rank: int) -> Judged:
    return Judged(
        int(verdicts.rows[place]),
        int(verdicts.reason[place]),
        rank,
        int(verdicts.eta_ms[place]),
        int(verdicts.cost_ms[place]),
    )


def _judged(verdicts: Verdicts, row: int) -> Judged:
    place = int(np.searchsorted(verdicts.rows, row))
    if place == len(verdicts.rows) or verdicts.rows[place] != row:
        return Judged(row, STATUS)
    return _at(verdicts, place, _rank(verdicts, place) if verdicts.reason[place] == ELIGIBLE else 0)


def _chosen_beyond(scene: Scene, verdicts: Verdicts, listed: list[int]) -> list[Judged]:
    """Return those that the joint answer chose although they are not free, or not among the soonest."""
    rows = [scene.world.fleet.rows[unit] for unit in scene.chosen]
    found = [_judged(verdicts, row) for row in rows if row not in listed]
    return sorted(found, key=lambda each: (each.rank, each.row))


def _rank(verdicts: Verdicts, place: int) -> int:
    """Return how many units that fit come before this one, plus one."""
    cost_ms, row = verdicts.cost_ms[place], verdicts.rows[place]
    before = (verdicts.cost_ms < cost_ms) | ((verdicts.cost_ms == cost_ms) & (verdicts.rows < row))
    return int(np.count_nonzero(before & (verdicts.reason == ELIGIBLE))) + 1


def _sooner_but_out(scene: Scene, verdicts: Verdicts, limit: int) -> list[Judged]:
    """List the nearest units that were out; those that could have done the job come before those that could not."""
    fleet, incident = scene.bench.fleet, scene.incident
    out = np.flatnonzero(verdicts.reason != ELIGIBLE)
    rows = verdicts.rows[out]
    away = (fleet.x_m[rows] - incident.x_m).astype(np.int64) ** 2
    away += (fleet.y_m[rows] - incident.y_m).astype(np.int64) ** 2
    away += (verdicts.reason[out] == CAPABILITY).astype(np.int64) << 62
    if len(away) > limit:
        near = np.flatnonzero(away <= np.partition(away, limit - 1)[limit - 1])
        out, rows, away = out[near], rows[near], away[near]
    order = np.lexsort((rows, away))[:limit]
    return [_at(verdicts, place, 0) for place in out[order].tolist()]


def _tally(scene: Scene, verdicts: Verdicts) -> tuple[Count, ...]:
    counts = tally(verdicts.reason).tolist()
    standing = scene.bench.standing[verdicts.rows]
    not_in_service = int(np.count_nonzero((verdicts.reason == STATUS) & (standing == STANDING_NOT_IN_SERVICE)))
    by_reason = {REASONS[code]: count for code, count in enumerate(counts) if code in REASONS}
    by_reason[Reason.STATUS] -= not_in_service
    by_reason[Reason.NOT_IN_SERVICE] = not_in_service
    by_reason[Reason.FITS] = counts[ELIGIBLE]
    by_reason[Reason.BEYOND] = len(scene.bench.fleet) - len(verdicts.rows)
    return tuple(Count(reason, by_reason[reason]) for reason in Reason if by_reason.get(reason))
