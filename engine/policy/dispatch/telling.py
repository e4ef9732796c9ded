"""What is told of one unit that was considered for a slot: the parts of its time, its prices, and why it was not chosen."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.kernels.eligible import (
    CAPABILITY,
    CREW_BUSY,
    ELIGIBLE,
    SHIFT,
    STATUS,
    UNDERSTAFFED,
    UNREACHABLE,
)
from engine.kernels.match import BARRED
from engine.model.facts import Choice
from engine.model.place import PRIORITIES
from engine.model.plans import Mode, Order, Slot
from engine.model.why import Considered, Reason
from engine.policy.dispatch.busy import Busy, look_at
from engine.policy.dispatch.judging import Bench, Rows
from engine.policy.dispatch.kinds import Kind
from engine.policy.dispatch.layout import layout_of
from engine.policy.dispatch.order import order_of
from engine.policy.dispatch.prices import TURNED_DOWN_MS, UNSEEN, soft_parts, unwilling
from engine.policy.dispatch.problem import Problem
from engine.policy.dispatch.solution import Soft, Solution
from engine.policy.honesty import clear_ms, spreads_ms
from engine.state.fleet import STANDING_NOT_IN_SERVICE
from engine.state.records import Incident
from engine.state.world import World

REASONS: dict[int, Reason] = {
    CAPABILITY: Reason.CAPABILITY,
    STATUS: Reason.STATUS,
    SHIFT: Reason.SHIFT,
    CREW_BUSY: Reason.CREW_BUSY,
    UNREACHABLE: Reason.UNREACHABLE,
    UNDERSTAFFED: Reason.UNDERSTAFFED,
}
Prices = tuple[tuple[str, int], ...]


class Terms(Struct, frozen=True):
    """What counts for the policy that is told about."""

    policy: str
    prices: bool = True
    """Beside time there are prices, and an order of stations."""
    waits: bool = True
    """Units that will soon be free may be waited for."""
    divert_from: tuple[int, ...] = PRIORITIES
    divert_to: tuple[int, ...] = PRIORITIES
    """Priorities between which units are diverted, always to what is more urgent."""


class Scene(Struct, frozen=True):
    """What a slot's reasons are told from: the World before anything was carried out, and the answer."""

    world: World
    bench: Bench
    incident: Incident
    slot: Slot
    wanted: int
    solution: Solution
    chosen: dict[str, Choice]
    """By unit: who goes to this slot."""
    terms: Terms

    @property
    def last_ms(self) -> int:
        """The ETA of the last of those who go; -1 if nobody does."""
        return max((choice.eta_ms for choice in self.chosen.values()), default=-1)


class Judged(Struct, frozen=True):
    """One row with the verdict of the columns on it."""

    row: int
    code: int
    rank: int = 0
    eta_ms: int = -1
    cost_ms: int = -1


def tell(scene: Scene, judged: Sequence[Judged]) -> list[Considered]:
    """Describe these units, in their order."""
    rows = np.array([each.row for each in judged], np.int32)
    basics = _basics(scene, rows)
    prices = _soft_prices(scene, rows)
    travel_ms = scene.bench.times_ms(rows, scene.incident).tolist()
    order = _order_prices(scene, rows)
    price = ("declined", TURNED_DOWN_MS if scene.terms.prices else 0)
    refused = dict.fromkeys(unwilling(scene.world, scene.incident), (price,))
    told = []
    for each, basic, soft, travel in zip(judged, basics, prices, travel_ms, strict=True):
        if each.code == ELIGIBLE:
            asked = soft + order.get(each.row, ()) + refused.get(each.row, ())
            told.append(_fitting(scene, each, basic, asked, travel))
        else:
            told.append(_out(scene, each, basic, soft, travel))
    return with_margins(scene, _with_spreads(scene, rows, told))


def _basics(scene: Scene, rows: Rows) -> list[Considered]:
    """Describe where the units are; columns are read whole, as item by item would cost more than the decision."""
    fleet, world = scene.bench.fleet, scene.world
    east_m = fleet.x_m[rows].astype(np.int64) - scene.incident.x_m
    north_m = fleet.y_m[rows].astype(np.int64) - scene.incident.y_m
    distance_m = np.sqrt(east_m * east_m + north_m * north_m).astype(np.int64).tolist()
    unknown = (fleet.assumed[rows] == 1) | (fleet.fix_ms[rows] < 0)
    age_ms = np.where(unknown, -1, np.maximum(0, world.now - fleet.fix_ms[rows])).tolist()
    names = [fleet.ids[row] for row in rows.tolist()]
    return [
        Considered(name, Reason.FITS, distance_m=metres, fix_age_ms=age)
        for name, metres, age in zip(names, distance_m, age_ms, strict=True)
    ]


def _soft_prices(scene: Scene, rows: Rows) -> list[Prices]:
    world, priority = scene.world, scene.incident.priority
    known = scene.solution.soft.get(priority)
    if not scene.terms.prices:
        known = Soft(np.unique(rows), _at_table(scene, np.unique(rows)))
    elif known is None:
        # Nobody was looked at for an incident of this priority.
        ordered = np.unique(rows)
        known = Soft(ordered, soft_parts(world, layout_of(world), scene.bench.ready, ordered, priority))
    return known.of(rows)


def _at_table(scene: Scene, rows: Rows) -> tuple[tuple[str, Rows], ...]:
    """Return who is not fetched from its break for so little: that is no price, and holds where there are none."""
    world, priority = scene.world, scene.incident.priority
    if priority <= world.settled.work.break_to_priority:
        return ()
    return (("crew", np.where(world.fleet.on_break[rows] != 0, np.int32(BARRED), np.int32(0))),)


def _order_prices(scene: Scene, rows: Rows) -> dict[int, Prices]:
    """Return by free row, of these, what the order of stations makes it cost."""
    order, stations = order_of(scene.world, scene.incident)
    if order is Order.CLOSEST or not (scene.wanted and scene.terms.prices):
        return {}
    problem = Problem(scene.world, [scene.incident])
    kind = Kind(scene.incident, scene.slot, 0, scene.wanted)
    price, seats = problem.order_ms(kind, order, stations), problem.seats
    free = rows[np.isin(rows, seats.rows)].tolist()
    priced = [(row, int(price[seats.seat(row)])) for row in free]
    return {row: (("order", ms),) for row, ms in priced if ms}


def _fitting(scene: Scene, each: Judged, basic: Considered, prices: Prices, travel_ms: int) -> Considered:
    if each.cost_ms > each.eta_ms:
        prices += (("penalty", each.cost_ms - each.eta_ms),)
    choice = scene.chosen.get(basic.unit)
    return replace(
        basic,
        reason=_fitting_reason(scene, each, basic, prices),
        rank=each.rank,
        eta_ms=each.eta_ms,
        turnout_ms=each.eta_ms - travel_ms,
        travel_ms=travel_ms,
        prices=prices,
        replaces=choice.replaces if choice else "",
    )


def _fitting_reason(scene: Scene, each: Judged, basic: Considered, prices: Prices) -> Reason:
    if basic.unit in scene.chosen:
        return Reason.CHOSEN
    if each.row in scene.solution.taken or each.row in scene.solution.spoken_for:
        return Reason.ELSEWHERE
    if each.row in (*scene.world.declined(scene.incident), *unwilling(scene.world, scene.incident)):
        return Reason.DECLINED
    if any(ms == BARRED for _, ms in prices):
        return _crew_reason(scene.world, each.row)
    if each.eta_ms <= scene.last_ms and any(name == UNSEEN for name, _ in prices):
        return Reason.STALE_POSITION if basic.fix_age_ms >= 0 else Reason.NO_POSITION
    if each.eta_ms <= scene.last_ms and any(name != "penalty" for name, _ in prices):
        return Reason.DEARER
    return Reason.SECOND_CHOICE if each.cost_ms > each.eta_ms else Reason.FARTHER


def _crew_reason(world: World, row: int) -> Reason:
    unit, record = world.fleet.units[row], world.units[row]
    few = record.staff is not None and record.staff < unit.staff_min
    return Reason.UNDERSTAFFED if few else Reason.ON_BREAK


def _out(scene: Scene, each: Judged, basic: Considered, prices: Prices, travel_ms: int) -> Considered:
    """Describe a unit that is not free: what kept it out, or what it could be had for."""
    record = scene.world.units[each.row]
    if each.code == STATUS and record.incident is not None:
        return _busy(scene, each, basic, prices, travel_ms)
    return replace(basic, reason=_reason(scene, each))


def _reason(scene: Scene, each: Judged) -> Reason:
    if each.code != STATUS or scene.bench.standing[each.row] != STANDING_NOT_IN_SERVICE:
        return REASONS[each.code]
    unit, record = scene.world.fleet.units[each.row], scene.world.units[each.row]
    if record.staff is not None and record.staff < unit.staff_min:
        return Reason.UNDERSTAFFED
    lent = scene.bench.standing[each.row] != scene.world.fleet.standing[each.row]
    return Reason.NEIGHBOUR_QUOTA if lent else Reason.NOT_IN_SERVICE


def _busy(scene: Scene, each: Judged, basic: Considered, prices: Prices, travel_ms: int) -> Considered:
    use = look_at(scene.world, scene.world.units[each.row])
    told = replace(basic, clear_ms=clear_ms(scene.world, each.row))
    what, reason = _use_for(scene, each.row, use)
    choice = scene.chosen.get(basic.unit)
    if not (what or choice) or travel_ms < 0:
        return replace(told, reason=reason)
    eta_ms = use.delay_ms + travel_ms
    if choice is None:
        reason = _busy_reason(scene, each.row, what, eta_ms)
    return replace(
        told,
        reason=Reason.CHOSEN if choice else reason,
        eta_ms=eta_ms,
        turnout_ms=use.delay_ms,
        travel_ms=travel_ms,
        prices=(*_busy_prices(scene, each.row, what), *prices),
        source=choice.source if choice else "",
        replaces=choice.replaces if choice else "",
    )


def _busy_prices(scene: Scene, row: int, what: str) -> Prices:
    """Return what it costs to divert the unit, or to wait for it, and that a person has to agree to a diversion."""
    if not scene.terms.prices:
        return ()
    rules = scene.world.settled.matching
    price = (what, rules.divert_ms if what == "divert" else rules.wait_ms)
    minded = what == "divert" and _minded(scene, row)
    return (price, ("consent", rules.consent_ms)) if minded else (price,)


def _minded(scene: Scene, row: int) -> bool:
    """Tell whether a person would have to agree to a diversion for an incident that the engine may serve itself."""
    world = scene.world
    source = world.open[world.units[row].incident or ""]
    return world.plans[scene.incident.plan].mode is Mode.AUTO and world.plans[source.plan].mode is not Mode.AUTO


def _use_for(scene: Scene, row: int, use: Busy) -> tuple[str, Reason]:
    """Return what the unit could do for this incident, and why it may not where it can do nothing."""
    world, incident = scene.world, scene.incident
    if world.plans[incident.plan].mode is Mode.SHADOW:
        return "", Reason.STATUS
    if use.source_priority > incident.priority:
        return "divert" if _may_divert(scene, row, use) else "", Reason.STATUS
    if scene.terms.waits and use.clear_ms >= 0 and incident.priority >= world.settled.matching.wait_from_priority:
        return "wait", Reason.STATUS
    return "", use.reason


def _may_divert(scene: Scene, row: int, use: Busy) -> bool:
    """Tell whether the policy would turn round such a unit. One that knows no prices does not ask for consent either."""
    terms = scene.terms
    allowed = use.source_priority in terms.divert_from and scene.incident.priority in terms.divert_to
    return allowed and (terms.prices or not _minded(scene, row))


def _busy_reason(scene: Scene, row: int, what: str, eta_ms: int) -> Reason:
    if row in scene.solution.taken:
        return Reason.ELSEWHERE
    if what == "wait":
        return Reason.SOON_FREE
    return Reason.DEARER if scene.terms.prices and eta_ms <= scene.last_ms else Reason.FARTHER


def _with_spreads(scene: Scene, rows: Rows, told: list[Considered]) -> list[Considered]:
    straight = scene.bench.travel.is_straight(scene.incident)
    travel_ms = np.array([max(0, each.travel_ms) for each in told], np.int64)
    found = spreads_ms(scene.world, rows, travel_ms, straight=straight).tolist()
    return [
        replace(each, spread_ms=spread_ms) if each.eta_ms >= 0 else each
        for each, spread_ms in zip(told, found, strict=True)
    ]


def with_margins(scene: Scene, told: list[Considered]) -> list[Considered]:
    """Add to each chosen unit by how much the next best that is named here would be worse."""
    others = [_total_ms(each) for each in told if each.rank and each.reason not in (Reason.CHOSEN, Reason.ELSEWHERE)]
    best = min(others, default=BARRED)
    return [
        replace(
            each,
            margin_ms=best - _total_ms(each) if best < BARRED else None,
            saves_ms=scene.solution.saves_ms.get(each.unit, -1),
        )
        if each.reason is Reason.CHOSEN
        else each
        for each in told
    ]


def _total_ms(each: Considered) -> int:
    return each.eta_ms + sum(ms for _, ms in each.prices)
