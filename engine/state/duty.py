"""A crew's hours: when its duty and its breaks began and ended, and which of its jobs count."""

from engine.model.hours import jobs_count_from_ms
from engine.model.lifecycle import FREE, Status
from engine.model.place import Shift
from engine.state.records import UnitRecord
from engine.state.world import World


def shift_of(world: World, row: int) -> Shift | None:
    """Return the hours of the unit's crew; None: it is always on."""
    number = int(world.fleet.shift[row])
    return None if number < 0 else world.settled.shifts[number]


def changes(unit: UnitRecord, duty: Status, at_ms: int) -> None:
    """Let the crew's own word begin its duty, or end a break. A break that an incident has ended was none."""
    if unit.duty is Status.ON_BREAK and duty is not Status.ON_BREAK:
        unit.break_ms = at_ms
    if unit.duty not in FREE and duty in FREE:
        unit.duty_since_ms, unit.jobs, unit.moves = at_ms, 0, 0


def came_home(world: World, unit: UnitRecord, at_ms: int) -> None:
    """Count a job; those of the shift before, or of the day before, no longer count."""
    since_ms = jobs_count_from_ms(world.settled, shift_of(world, unit.row), world.now)
    unit.jobs = 1 + (unit.jobs if unit.cleared_ms >= since_ms else 0)
    unit.cleared_ms = at_ms
