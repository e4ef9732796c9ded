"""What is asked of crews, as soft prices: overtime, missed breaks, no rest, too many jobs, too few people.

Prices are ms of the arrival of the incident's unit, not weighted; less urgent incidents pay them, urgent ones do not.
Nobody waits with a cardiac arrest for the end of a meal, and no meal ends for a scratched knee.

Rotation counts a crew's own jobs, not those that it had more than others: what all have had cancels out.

The vector forecasts a late finish as is usual for the priority: the kinds of work that pay at all hardly differ in
time. What people are told of one unit rests on its own ETA and on the incident's type (`finish_forecast`).
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.kernels.crew_prices import Crews, Tariff, crew_prices
from engine.kernels.match import BARRED
from engine.model.clearing import Group, Stage, clear_in_ms
from engine.model.hours import jobs_count_from_ms, shift_began_ms, shift_left_ms
from engine.model.lifecycle import Status
from engine.model.place import PRIORITIES, Shift
from engine.model.priors import SERVICE_TIMES
from engine.state.duty import shift_of
from engine.state.records import Incident
from engine.state.world import World

Rows = npt.NDArray[np.int32]
Prices = npt.NDArray[np.int32]

USUAL_ETA_MS = 480_000
"""Call to arrival, as most standards of response want it at the latest."""
USUAL_WORK_MS = tuple(
    USUAL_ETA_MS + sum(SERVICE_TIMES.table(Stage.SCENE, group, priority).rest_ms(0) for group in Group) // len(Group)
    for priority in PRIORITIES
)
"""By priority: from the call to clear, the mean of all kinds of work."""


class Forecast(Struct, frozen=True, gc=False):
    """When a crew that is sent now will probably be done."""

    finish_ms: int
    """In ms since the epoch."""
    shift_ends_ms: int | None
    """None: it is always on."""
    overtime_ms: int
    """How far the one lies behind the other."""


def prices_ms(world: World, rows: Rows, priority: int) -> Prices:
    """Return what each row's crew costs an incident of this priority, in ms, int32[n]; BARRED for never."""
    work, fleet = world.settled.work, world.fleet
    prices = np.zeros(len(rows), np.int32)
    if priority >= work.paid_from_priority:
        crew_prices(rows, _crews(world, priority), _tariff(world), world.now, prices)
    if priority > work.break_to_priority:
        prices[fleet.on_break[rows] != 0] = BARRED
    return prices


def parts_ms(world: World, row: int, priority: int) -> tuple[tuple[str, int], ...]:
    """Return the parts of one unit's price by name, those that are 0 left out; together at most a day they are its price.

    One that is barred has a single part, BARRED.
    """
    work, fleet, now = world.settled.work, world.fleet, world.now
    on_break = bool(fleet.on_break[row])
    if on_break and priority > work.break_to_priority:
        return (("on_break", BARRED),)
    if priority < work.paid_from_priority:
        return ()
    shift = shift_of(world, row)
    fresh_ms = max(int(fleet.fresh_ms[row]), _began_ms(world, shift))
    cleared_ms = int(fleet.cleared_ms[row])
    hungry = not on_break and 0 < fresh_ms <= now - work.break_after_ms
    tired = cleared_ms > 0 and now - cleared_ms < work.rest_ms
    counts = cleared_ms >= jobs_count_from_ms(world.settled, shift, now)
    parts = (
        ("overtime", _overtime_price_ms(world, shift, priority)),
        ("break_due", work.break_due_ms * hungry),
        ("on_break", work.on_break_ms * on_break),
        ("rest", work.rest_price_ms * tired),
        ("rotation", work.rotation_ms * int(fleet.jobs[row]) * counts),
        ("understaffed", work.understaffed_ms * int(fleet.staff_short[row])),
    )
    return tuple(part for part in parts if part[1])


def finish_forecast(world: World, row: int, incident: Incident, eta_ms: int) -> Forecast:
    """Return when the unit would be done with this incident, and how far beyond its hours of duty."""
    kind = world.types[incident.type]
    work_ms = clear_in_ms(world.road_book.service_times, kind, incident.priority, Status.DISPATCHED, 0, eta_ms)
    left_ms = shift_left_ms(world.settled, shift_of(world, row), world.now)
    if left_ms is None:
        return Forecast(world.now + work_ms, None, 0)
    return Forecast(world.now + work_ms, world.now + left_ms, max(0, work_ms - left_ms))


def _overtime_price_ms(world: World, shift: Shift | None, priority: int) -> int:
    left_ms = shift_left_ms(world.settled, shift, world.now)
    late_ms = 0 if left_ms is None else max(0, USUAL_WORK_MS[priority - 1] - left_ms)
    return late_ms * world.settled.work.overtime_percent // 100


def _began_ms(world: World, shift: Shift | None) -> int:
    """Return when the present hours of duty began; 0 for a crew that is always on: its breaks count from its word."""
    return shift_began_ms(world.settled, shift, world.now) or 0


def _crews(world: World, priority: int) -> Crews:
    fleet, place = world.fleet, world.settled
    shifts = (*place.shifts, None)
    return Crews(
        fleet.shift,
        fleet.on_break,
        fleet.staff_short,
        fleet.fresh_ms,
        fleet.cleared_ms,
        fleet.jobs,
        np.array([_overtime_price_ms(world, shift, priority) for shift in shifts], np.int64),
        np.array([_began_ms(world, shift) for shift in shifts], np.int64),
        np.array([jobs_count_from_ms(place, shift, world.now) for shift in shifts], np.int64),
    )


def _tariff(world: World) -> Tariff:
    work = world.settled.work
    return Tariff(
        work.break_after_ms,
        work.break_due_ms,
        work.on_break_ms,
        work.rest_ms,
        work.rest_price_ms,
        work.rotation_ms,
        work.understaffed_ms,
    )
